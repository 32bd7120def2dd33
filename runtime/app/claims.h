// claims.h — several mappings on one collection, each with records of its own: no record may belong to two.
#pragma once

#include <map>
#include <string>
#include <vector>

#include "base/value.h"

namespace tidewire::app {

/// One sentence per pair of mappings whose `claims` on one collection overlap or are not comparable. `compiled`: by name.
std::vector<std::string> overlapping_claims(const std::map<std::string, const Value*>& compiled);

}  // namespace tidewire::app
