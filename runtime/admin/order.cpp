#include "admin/order.h"

#include <set>

namespace tidewire::admin {
namespace {

void visit(const sync::Engine& engine, const std::string& name, std::set<std::string>& seen, std::vector<std::string>& order) {
  const sync::Plan* plan = engine.plan(name);
  if (plan == nullptr || !seen.insert(name).second) return;
  for (const sync::Field& field : plan->fields) {
    if (field.kind == sync::Field::Kind::kReference) visit(engine, field.reference, seen, order);
  }
  order.push_back(name);
}

}  // namespace

std::vector<std::string> parents_first(const sync::Engine& engine) {
  std::set<std::string> seen;
  std::vector<std::string> order;
  for (const std::string& name : engine.mappings()) visit(engine, name, seen, order);
  return order;
}

}  // namespace tidewire::admin
