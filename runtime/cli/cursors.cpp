// tidewire cursors: where the polls continue.
#include "base/json.h"
#include "cli/command.h"
#include "cli/exit_code.h"
#include "cli/query.h"
#include "cli/table.h"

namespace tidewire::cli {
namespace {

int cursors(Context& context) {
  int status = kOk;
  const auto session = context.open(Session::Need::kState, status);
  if (!session) return status;
  const auto found = session->get(Target("/api/v1/cursors").add("mapping", context.arguments.word(0)).text());
  if (!found.ok()) return context.failed(found.error());
  if (context.json()) {
    context.print_json(*found);
    return kOk;
  }
  const Instant now = SystemClock().now();
  Table table({{"mapping"}, {"side"}, {"since"}, {"continues after", false, true}});
  for (const Value& one : found->find("cursors")->as_array()) {
    table.add({one.string_or("mapping"), one.string_or("side"), Cell(moment(one.string_or("updated_at"), now), Style::kDim), json::dump(*one.find("value"))});
  }
  context.print_page(table, *found, "no poll has a place to continue from");
  return kOk;
}

}  // namespace

const Command& cursors_command() {
  static const Command command{"cursors", "[MAPPING]", "shows where the polls continue", "`tidewire reset MAPPING` lets them begin anew.", {{}, 0, 1}, cursors};
  return command;
}

}  // namespace tidewire::cli
