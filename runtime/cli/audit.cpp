// tidewire audit: what people did.
#include "base/json.h"
#include "cli/command.h"
#include "cli/exit_code.h"
#include "cli/query.h"
#include "cli/table.h"

namespace tidewire::cli {
namespace {

int audit(Context& context) {
  const Arguments& arguments = context.arguments;
  const auto limit = arguments.number("--limit", 20);
  if (!limit.ok()) return context.failed(limit.error());
  int status = kOk;
  const auto session = context.open(Session::Need::kState, status);
  if (!session) return status;
  Target target("/api/v1/audit");
  target.add("author", arguments.get("--author")).add("action", arguments.get("--action")).add("subject", arguments.get("--subject")).add("since", arguments.get("--since")).add("limit", std::to_string(*limit)).add("after", arguments.get("--after"));
  const auto found = session->get(target.text());
  if (!found.ok()) return context.failed(found.error());
  if (context.json()) {
    context.print_json(*found);
    return kOk;
  }
  const Instant now = SystemClock().now();
  Table table({{"when"}, {"who"}, {"did"}, {"to", false, true}, {"more"}});
  for (const Value& one : found->find("audit")->as_array()) {
    const Value* detail = one.find("detail");
    const bool more = detail != nullptr && detail->is_object() && !detail->as_object().empty();
    table.add({Cell(moment(one.string_or("at"), now), Style::kDim), plain(one.string_or("author")), one.string_or("action"), plain(one.string_or("subject")), Cell(more ? plain(json::dump(*detail)) : "", Style::kDim)});
  }
  context.print_page(table, *found, "nobody changed anything like that");
  return kOk;
}

}  // namespace

const Command& audit_command() {
  static const Command command{"audit",
                               "[--author A] [--action X] [--subject S] [--since TIME] [--limit N]",
                               "lists what people did, newest first",
                               "",
                               {{{"--author", "A", "by this person or token"},
                                 {"--action", "X", "such as resolve, retry, sync, apply_source, create_connection, user_add"},
                                 {"--subject", "S", "to this mapping, connection, key or user; a part of it is enough"},
                                 {"--since", "TIME", "at or after this time"},
                                 {"--limit", "N", "at most so many; default 20"},
                                 {"--after", "MARK", "the page after one shown before"}},
                                0, 0},
                               audit};
  return command;
}

}  // namespace tidewire::cli
