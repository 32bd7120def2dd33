// conflicting.h — an open conflict in words, for those who list and those who decide.
#pragma once

#include <string>

#include "base/value.h"

namespace tidewire::cli {

/// The value on a side ("left", "right"), shortened; a dash where it has none.
std::string side_text(const Value& conflict, const char* side);
/// "HR-0001 <> 42", or the one key of a record that is not linked.
std::string record_of(const Value& conflict);
/// "city", or "city, price" where the other is decided together with it.
std::string decided_fields(const Value& conflict);

}  // namespace tidewire::cli
