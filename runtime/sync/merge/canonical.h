// canonical.h — one spelling per value, so that equal things compare equal (SEMANTICS.md, Model).
//
// A system's own form ("2024-05-01 10:11:12" in Berlin, 1 for true, 12.50) becomes the canonical form of its type (UTC
// instant, true, 12.5) and back. Values are stored in the own form, compared and converted through the canonical one.
#pragma once

#include "base/result.h"
#include "base/value.h"
#include "sync/plan.h"

namespace tidewire::sync {

/// kInvalid where the value does not fit the type ("abc" for an int, an impossible date); the caller names the field.
Result<Value> canonical(const Value& value, const Type& type);
/// Canonical -> the spelling that the system takes.
Result<Value> spell(const Value& canonical, const Type& type);
/// Own form of `from` -> own form of `to`. kInvalid where no sensible conversion exists or the value is too long.
Result<Value> convert(const Value& value, const Type& from, const Type& to);
/// Equal by type; values that do not fit their type compare exactly.
bool same(const Value& a, const Value& b, const Type& type);
/// Of a reference to a file that its system does not have: what it named is lost, so there is nothing that a delete would lose.
bool is_gone_file(const Value& form, const Type& type);
/// A key that something names, spelled as keys of that type are read: "07" and "7.0" are 7, a UUID has small letters. What the type does
/// not say (letters of either case in a text) stays as it is named.
std::string key_as_read(const std::string& named, const Type& type);
/// True for what this type counts as nothing (null, and "" where the type says so).
bool empty(const Value& value, const Type& type);

// Forms: what a field is on one side (plan.h). A record without the path has null there.
Value form_of(const Field& field, Side side, const Value& record);
bool same_form(const Field& field, Side side, const Value& a, const Value& b);
bool empty_form(const Field& field, Side side, const Value& form);
/// kInvalid: the mapping calls the field required, and this side would get it empty.
Error required_and_empty(const Field& field, Side to);

}  // namespace tidewire::sync
