// tidewire ops and op: what was decided, and why.
#include "base/text.h"
#include "cli/command.h"
#include "cli/exchanges.h"
#include "cli/exit_code.h"
#include "cli/listing.h"
#include "cli/story.h"

namespace tidewire::cli {
namespace {

Result<void> known_job(Session& session, const std::string& id) {
  if (id.empty()) return {};
  const auto found = session.get("/api/v1/jobs/" + segment(id));
  return found.ok() ? Result<void>() : Result<void>(found.error());
}

int list_operations(Context& context) {
  const Arguments& arguments = context.arguments;
  const std::string mapping = arguments.word_or(0, "--mapping"), key = arguments.word_or(1, "--key");
  Target target("/api/v1/operations");
  target.add("failed", arguments.has("--failed") ? "1" : "").add("mapping", mapping).add("key", key);
  for (const char* name : {"outcome", "kind", "side", "text", "author", "job"}) target.add(name, arguments.get(std::string("--") + name));
  int status = kOk;
  if (!add_moments(context, target, {"--since", "--until"}, status)) return status;
  const bool any = target.text().find('?') == std::string::npos;
  return print_list(context, target, 20, "operations", operations_table(), operation_cells, any ? "nothing has been decided yet" : (arguments.has("--failed") ? "nothing failed" : "no operation is like that"), [&](Session& session) {
    const auto known = known_key(session, mapping, key);
    return known.ok() ? known_job(session, arguments.get("--job")) : known;
  });
}

/// "read left 12 ms, decide 0.2 ms, write right 31 ms (stale)"; "" where the record keeps no steps.
std::string durations_of(const Value& operation) {
  const Value* steps = operation.at_path("record.steps");
  if (steps == nullptr || !steps->is_array()) return "";
  std::vector<std::string> parts;
  for (const Value& one : steps->as_array()) {
    const std::string side = one.string_or("side"), error = one.string_or("error");
    parts.push_back(one.string_or("step") + (side.empty() ? "" : " " + side) + " " + format_duration(std::chrono::microseconds(one.int_or("took_us", 0))) + (error.empty() ? "" : " (" + error + ")"));
  }
  return join(parts, ", ");
}

/// Of a row of a load, what its record has agreed on, or who tells it where no mapping is loaded; "" of any other operation.
std::string agreed_text(const Value& operation, const Look& look) {
  const Value* agreed = operation.find("agreed");
  const std::string key = operation.string_or("left_key", operation.string_or("right_key"));
  if (operation.at_path("record.load") == nullptr) return "";
  if (agreed == nullptr || !agreed->is_object()) return "  A load keeps no values of its rows: `tidewire record " + plain(operation.string_or("mapping")) + " " + plain(shell_word(key)) + "` reads them";
  Table table({{"  field"}, {"left"}, {"right"}});
  for (const auto& [name, values] : agreed->as_object()) {
    const auto value = [&values = values](const char* side) { return values.find(side) == nullptr ? std::string("–") : shown(*values.find(side), 48); };
    table.add({Cell("  " + name), Cell(value("left")), Cell(value("right"))});
  }
  std::string rows = table.text(look);
  if (!rows.empty()) rows.pop_back();
  return "  A load keeps no values of its rows. What both sides agreed on last:\n" + rows;
}

int show_operation(Context& context) {
  int status = kOk;
  const auto session = context.open(Session::Need::kState, status);
  if (!session) return status;
  const auto found = session->get("/api/v1/operations/" + segment(context.arguments.word(0)));
  if (!found.ok()) return context.failed(found.error());
  if (context.json()) {
    context.print_json(*found);
    return kOk;
  }
  Terminal& out = context.out;
  const std::string outcome = found->string_or("outcome");
  out.line(out.paint(plain(found->string_or("mapping")), Style::kBold) + "  " + plain(keys_of(*found)) + "  " + found->string_or("kind") + ", " + out.paint(outcome, style_of_outcome(outcome)));
  std::string about = moment(found->string_or("at"), SystemClock().now());
  if (const std::string script = found->string_or("script"); !script.empty()) about += "  script " + script.substr(0, 12);
  if (const std::string author = found->string_or("author"); !author.empty()) about += "  by " + plain(author);
  if (const std::int64_t changes = found->int_or("changes", 0); changes > 1) about += "  answers " + std::to_string(changes) + " changes";
  out.line(out.paint(about, Style::kDim));
  if (const Value* taken = found->at_path("record.taken"); taken != nullptr && taken->is_array()) {
    for (const Value& one : taken->as_array()) out.line(out.paint("  seen: " + one.string_or("side") + " " + plain(one.string_or("key")) + " by " + one.string_or("reason"), Style::kDim));
  }
  if (const std::string took = durations_of(*found); !took.empty()) out.line(out.paint("  took: " + took, Style::kDim));
  std::string text = story(*found, out.look());
  if (!text.empty()) text.pop_back();
  if (!text.empty()) out.line(text);
  if (const std::string agreed = agreed_text(*found, out.look()); !agreed.empty()) out.line(agreed);
  std::string said = told_exchanges(*found, out.look());
  if (!said.empty()) said.pop_back();
  if (!said.empty()) out.line("\n" + out.paint("what was said to the systems", Style::kBold) + "\n" + said);
  return kOk;
}

}  // namespace

const Command& operations_command() {
  static const Command command{"ops",
                               "[MAPPING [KEY]] [--failed] [--outcome O] [--since T] [--text WORDS] [--limit N]",
                               "lists what was decided, newest first",
                               "KEY is either side's: `tidewire ops people ada@example.org --since 2h`. Each filter narrows what the others leave.",
                               {{{"--failed", "", "conflicts and dead letters only"},
                                 {"--outcome", "O", "applied, merged, conflict, held, dead, skipped or would_write (read-only)"},
                                 {"--mapping", "M", "of one mapping"},
                                 {"--key", "K", "of one record, by either side's key; needs --mapping"},
                                 {"--kind", "K", "create, update, delete, link, rename, restore, conflict, resolve, hold, dead, revert, unlink, relink, merge, ignore, heed, reset_base or note"},
                                 {"--side", "left|right", "that answer a change of this side"},
                                 {"--text", "WORDS", "with these words in keys or values"},
                                 {"--author", "A", "decided by this person or token"},
                                 {"--job", "ID", "of this job"},
                                 {"--since", "T", "since this time, or for so long: 2h"},
                                 {"--until", "T", "before this time, or so long ago"},
                                 {"--limit", "N", "at most so many; default 20"},
                                 {"--after", "MARK", "the page after one shown before"}},
                                0, 2},
                               list_operations};
  return command;
}

const Command& operation_command() {
  static const Command command{"op", "ID", "tells one operation: inputs, decision and writes, field by field, and the requests and answers",
                               "Of a key that is to be tried again ID is its last attempt: `tidewire conflicts --again` and `tidewire record` name it.", {{}, 1, 1}, show_operation};
  return command;
}

}  // namespace tidewire::cli
