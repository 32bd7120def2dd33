// homes.h — whether a mapping that the state knows is of a file of the project yet.
//
// That it is not loaded says nothing of it: its file may be wrong, or a file that names several, and where no daemon runs none is read. So the
// state keeps of which file it was (store::kHomes).
#pragma once

#include <set>
#include <string>

#include "admin/ports.h"

namespace tidewire::admin {

class Homes {
 public:
  explicit Homes(Control& control);
  /// Its file was removed, renamed, or names it no more: what is kept of it nobody works off.
  bool gone(const std::string& mapping, const store::Summary::Mapping& known) const;

 private:
  std::set<std::string> loaded_, files_;
};

}  // namespace tidewire::admin
