// circles.h — mappings seen together: values that travel in a circle over several systems, and fields that two mappings write.
#pragma once

#include <map>
#include <string>
#include <vector>

#include "base/value.h"

namespace tidewire::app {

/// One sentence per circle of three or more mappings around which a field travels. `compiled`: by name.
std::vector<std::string> circles(const std::map<std::string, const Value*>& compiled);
/// True where no record can belong to both ends: a field of their scopes has no value in common.
bool told_apart(const Value& a, const Value& b);
/// One sentence per pair of mappings that write one field of one collection and are not told apart by claims or scope.
std::vector<std::string> written_twice(const std::map<std::string, const Value*>& compiled);

}  // namespace tidewire::app
