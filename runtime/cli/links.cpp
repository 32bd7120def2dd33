// tidewire links: which records are the same thing.
#include "base/text.h"
#include "cli/command.h"
#include "cli/listing.h"

namespace tidewire::cli {
namespace {

std::vector<Cell> link_cells(const Value& one, Instant now) {
  const std::string state = one.string_or("state");
  std::vector<std::string> ignored;
  if (const Value* fields = one.find("ignored")) {
    for (const Value& field : fields->as_array()) ignored.push_back(field.as_string());
  }
  return {std::to_string(one.int_or("id", 0)), one.string_or("mapping"), one.string_or("left_key", "–"), one.string_or("right_key", "–"), Cell(state, state == "live" ? Style::kGood : Style::kWarn), join(ignored, ", "),
          Cell(moment(one.string_or("updated_at"), now), Style::kDim)};
}

int links(Context& context) {
  const Arguments& arguments = context.arguments;
  const std::string mapping = arguments.word_or(0, "--mapping"), key = arguments.get("--key");
  Target target("/api/v1/links");
  target.add("mapping", mapping).add("state", arguments.get("--state")).add("key", key).add("older", arguments.get("--older")).add("error", arguments.has("--error") ? "1" : "");
  return print_list(context, target, 50, "links", Table({{"link", true}, {"mapping"}, {"left", false, true}, {"right", false, true}, {"state"}, {"ignored"}, {"touched"}}), link_cells, "no such link",
                    [&](Session& session) { return known_key(session, mapping, key); });
}

}  // namespace

const Command& links_command() {
  static const Command command{"links",
                               "[MAPPING] [--state S] [--key K] [--older T] [--error]",
                               "lists which records are the same thing, newest first",
                               "`unlink`, `relink`, `merge`, `ignore`, `heed` and `reset-base` mend them.",
                               {{{"--mapping", "M", "of one mapping"},
                                 {"--state", "S", "live, tombstone (deleted), frozen (left its scope) or ignored"},
                                 {"--key", "K", "of one record, by either side's key; needs MAPPING"},
                                 {"--older", "T", "not touched for so long (30d) or since then"},
                                 {"--error", "", "with an open conflict, or a key that stands, or is tried again, because of an error"},
                                 {"--limit", "N", "at most so many; default 50"},
                                 {"--after", "MARK", "the page after one shown before"}},
                                0, 1},
                               links};
  return command;
}

}  // namespace tidewire::cli
