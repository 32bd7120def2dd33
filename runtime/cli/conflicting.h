// conflicting.h — an open conflict in words, for those who list and those who decide.
#pragma once

#include <string>

#include "base/result.h"
#include "base/value.h"

namespace tidewire::cli {

class Session;

/// The value on a side ("left", "right"), shortened; a dash where it has none.
std::string side_text(const Value& conflict, const char* side);
/// "HR-0001 <> 42", or the one key of a record that is not linked.
std::string record_of(const Value& conflict);
/// "city", or "city, price" where the other is decided together with it.
std::string decided_fields(const Value& conflict);
/// What a person may do about it, in a command to copy: one field is decided, a record as a whole is linked or left alone.
std::string way_out(const Value& conflict);

/// Dirty keys of a mapping, or of one of its records ("" = all), in that state ("" = those that stand).
Result<Array> keys_in(Session& session, const std::string& mapping, const std::string& key, const char* state);
/// Why a key stands, with what would help.
std::string why_of(const Value& key);

}  // namespace tidewire::cli
