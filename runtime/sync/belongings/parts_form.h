// parts_form.h — how a part and its record name each other.
#pragma once

#include <string>

#include "sync/merge/canonical.h"
#include "sync/belongings/with_parts.h"

namespace tidewire::sync::parts {

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
