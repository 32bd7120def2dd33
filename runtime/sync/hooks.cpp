#include "sync/hooks.h"

#include "base/json.h"

namespace tidewire::sync {

std::string event_of(const store::Operation& operation) {
  if (operation.outcome == "dead" || operation.outcome == "conflict") return operation.outcome;
  if (operation.outcome != "applied" && operation.outcome != "merged") return "";
  if (operation.kind == "create" || (operation.kind == "link" && operation.record.bool_or("made", false)))
    return "created";
  if (operation.kind == "delete") return "deleted";
  if (operation.kind == "note" && operation.job) return "finished";
  const bool updated = operation.kind == "update" || operation.kind == "resolve" || operation.kind == "link" || operation.kind == "rename";
  return updated ? "updated" : "";
}

std::vector<std::string> hooks_of(const Plan& plan, const store::Operation& operation) {
  std::vector<std::string> rows;
  const std::string event = event_of(operation);
  for (const Hook& hook : plan.hooks) {
    if (hook.event == event) rows.push_back(json::dump(Value(Object{{"event", Value(event)}, {"kind", Value(hook.kind)}, {"to", Value(hook.to)}})));
  }
  return rows;
}

}  // namespace tidewire::sync
