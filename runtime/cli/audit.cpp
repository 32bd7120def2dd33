// tidewire audit: what people did.
#include "base/json.h"
#include "cli/command.h"
#include "cli/listing.h"

namespace tidewire::cli {
namespace {

std::vector<Cell> audit_cells(const Value& one, Instant now) {
  const Value* detail = one.find("detail");
  const bool more = detail != nullptr && detail->is_object() && !detail->as_object().empty();
  return {Cell(moment(one.string_or("at"), now), Style::kDim), plain(one.string_or("author")), one.string_or("action"), plain(one.string_or("subject")), Cell(more ? plain(json::dump(*detail)) : "", Style::kDim)};
}

int audit(Context& context) {
  const Arguments& arguments = context.arguments;
  Target target("/api/v1/audit");
  target.add("author", arguments.get("--author")).add("action", arguments.get("--action")).add("subject", arguments.get("--subject"));
  int status = 0;
  if (!add_moments(context, target, {"--since"}, status)) return status;
  return print_list(context, target, 20, "audit", Table({{"when"}, {"who"}, {"did"}, {"to", false, true}, {"more"}}), audit_cells, "nobody changed anything like that");
}

}  // namespace

const Command& audit_command() {
  static const Command command{"audit",
                               "[--author A] [--action X] [--subject S] [--since T] [--limit N]",
                               "lists what people did, newest first",
                               "",
                               {{{"--author", "A", "by this person or token"},
                                 {"--action", "X", "such as resolve, retry, sync, apply_source, create_connection, user_save"},
                                 {"--subject", "S", "to this mapping, connection, key or user; a part of it is enough"},
                                 {"--since", "T", "since this time, or for so long: 2h"},
                                 {"--limit", "N", "at most so many; default 20"},
                                 {"--after", "MARK", "the page after one shown before"}},
                                0, 0},
                               audit};
  return command;
}

}  // namespace tidewire::cli
