#include "admin/homes.h"

namespace tidewire::admin {

Homes::Homes(Control& control) {
  for (const std::string& name : control.engine().mappings()) loaded_.insert(name);
  const Value mappings = control.mappings();
  for (const auto& [name, one] : mappings.is_object() ? mappings.as_object() : Object{}) loaded_.insert(name);
  for (std::string& file : control.mapping_files()) files_.insert(std::move(file));
}

bool Homes::gone(const std::string& mapping, const store::Summary::Mapping& known) const { return !loaded_.contains(mapping) && !files_.contains(known.home.value_or(mapping)); }

}  // namespace tidewire::admin
