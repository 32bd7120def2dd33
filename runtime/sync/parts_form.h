// parts_form.h — a part as a value of its record: its fields, and which record of its own it is.
#pragma once

#include <string>

#include "base/json.h"
#include "sync/canonical.h"
#include "sync/with_parts.h"

namespace tidewire::sync::parts {

// Columns that no mapping names: the engine carries them over when it writes the part.
constexpr const char* kKey = "$key";
constexpr const char* kVersion = "$version";

inline std::string text_of(const Value* value) {
  if (value == nullptr || value->is_null()) return "";
  return value->is_string() ? value->as_string() : json::dump(*value);
}

/// A key as the field that holds it spells it.
inline Value key_value(const Part& part, const std::string& key) {
  const auto typed = convert(Value(key), Type::of("text"), part.key_type);
  return typed.ok() ? *typed : Value(key);
}

/// True where a row of the part is one that names records of our kind.
inline bool names(const Part& part, const Value& row) {
  for (const auto& [column, value] : part.also.as_object()) {
    const Value* there = row.find(column);
    if (there == nullptr || !(*there == value)) return false;
  }
  return row.is_object();
}

}  // namespace tidewire::sync::parts
