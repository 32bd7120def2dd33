// postgres_values.h — PostgreSQL's text forms <-> Value, digit by digit.
//
// int -> int, numeric and float -> exact decimal (NaN and infinities stay text), bool, json and jsonb -> their value, arrays
// -> lists, timestamptz -> UTC ISO ("2026-01-01T21:34:05.1Z") whatever the session's zone, timestamp with a 'T'. All else,
// bytea ("\x00ff") among it, is its text.
#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "base/result.h"
#include "base/value.h"

namespace tidewire::sql {

/// A column's text as a value, by the number of its type.
Value postgres_value(unsigned type, std::string_view text);

/// A parameter as text; nullopt is NULL. kInvalid for a text with a zero byte, which PostgreSQL cannot store.
Result<std::optional<std::string>> postgres_parameter(const Value& value);

}  // namespace tidewire::sql
