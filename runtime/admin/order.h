// order.h — mappings with the ones that others refer to first, so that a load finds parents linked.
#pragma once

#include <string>
#include <vector>

#include "sync/engine.h"

namespace tidewire::admin {

/// All loaded mappings. Mappings that refer to each other in a circle stand by name: their records wait for each other.
std::vector<std::string> parents_first(const sync::Engine& engine);

}  // namespace tidewire::admin
