// versions.h — what this binary is made of: the first thing asked for in a bug report.
#pragma once

#include <string>
#include <utility>
#include <vector>

namespace tidewire::app {

std::string version();
/// Libraries as linked or loaded now, by name.
std::vector<std::pair<std::string, std::string>> library_versions();

}  // namespace tidewire::app
