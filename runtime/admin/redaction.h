// redaction.h — what leaves without secrets: a remote may quote in an error, or in an answer, what it was sent.
//
// Texts only, in the tree. In the JSON as text a secret of digits would spoil the number it is found in. Left as they are:
// numbers, names of members, and members that name something, which marked would name something else.
#pragma once

#include <optional>
#include <string>

#include "admin/ports.h"
#include "base/value.h"

namespace tidewire::admin {

/// `source`: the script too, for who may write it; marked it would be saved with the mark.
Value without_secrets(const Control& control, Value value, bool source = false);
/// The same of a body that is JSON; what is none is marked as a text.
std::string without_secrets(const Control& control, std::string body, bool source);
/// kInvalid for a body that holds a mark: it came out of an answer, and would be stored as if it were the value.
Result<void> refuse_marks(const Control& control, const std::string& body);

}  // namespace tidewire::admin
