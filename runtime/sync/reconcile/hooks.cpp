#include "sync/reconcile/hooks.h"

#include "base/json.h"

namespace tidewire::sync {

bool tells(const store::Operation& operation, const std::string& event) {
  const bool done = operation.outcome == "applied" || operation.outcome == "merged";
  const bool conflict = operation.outcome == "conflict";
  const bool made = operation.record.bool_or("made", false);
  if (event == "dead") return operation.outcome == "dead";
  if (event == "conflict") return conflict;
  if (event == "created") return (done || conflict) && (operation.kind == "create" || made);
  if (!done || made) return false;
  if (event == "deleted") return operation.kind == "delete";
  if (event == "finished") return operation.kind == "note" && operation.job.has_value();
  const bool updated = operation.kind == "update" || operation.kind == "resolve" || operation.kind == "link" || operation.kind == "rename";
  return event == "updated" && updated;
}

std::vector<std::string> hooks_of(const Plan& plan, const store::Operation& operation) {
  std::vector<std::string> rows;
  for (const Hook& hook : plan.hooks) {
    if (tells(operation, hook.event)) rows.push_back(json::dump(Value(Object{{"event", Value(hook.event)}, {"kind", Value(hook.kind)}, {"to", Value(hook.to)}})));
  }
  return rows;
}

}  // namespace tidewire::sync
