// A run of one mapping for programs: n8n, Zapier, ActivePieces.
#include "admin/api/api.h"
#include "admin/paging.h"

namespace tidewire::admin {
namespace {

void trigger(Api& api, const Call& call) {
  const std::string mapping = call.params["mapping"];
  const bool may = call.caller.role >= Role::kOperator || (call.caller.role == Role::kTrigger && call.caller.mapping == mapping);
  if (!may) return (*call.reply)(problem(403, make_error(Code::kDenied, "this token may not run mapping '" + mapping + "'", "tidewire token add NAME --role trigger --mapping " + mapping)));
  if (api.control().engine().plan(mapping) == nullptr) return (*call.reply)(problem(not_loaded(api.control(), mapping)));
  api.triggers().pull(mapping, call.caller.author, [reply = call.reply](Result<Value> pulled) {
    (*reply)(pulled.ok() ? answer(*pulled, 202) : problem(pulled.error()));
  });
}

}  // namespace

std::span<const Route> trigger_routes() {
  static const Route routes[] = {
      {.method = "POST", .path = "/trigger/{mapping}", .role = Role::kTrigger, .id = "trigger", .summary = "Runs the mapping soon; any number of triggers in a short time is one run. The body is the sender's own, of any kind, and is not read. Needs a token of role trigger for it, or an operator's", .handler = trigger, .answer = "Triggered",
       .status = 202, .any_host = true},
  };
  return routes;
}

}  // namespace tidewire::admin
