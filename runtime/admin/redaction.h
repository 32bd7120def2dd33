// redaction.h — what leaves without secrets: a remote may quote in an error, or in an answer, what it was sent.
//
// Texts only, in the tree. In the JSON as text a secret of digits would spoil the number it is found in. Left as they are:
// numbers, names of members, and members that name something, which marked would name something else.
#pragma once

#include <optional>
#include <string>
#include <utility>

#include "admin/ports.h"
#include "admin/roles.h"
#include "base/value.h"
#include "sync/redaction.h"

namespace tidewire::admin {

/// `source`: the script too, for who may write it; marked it would be saved with the mark.
Value without_secrets(const Control& control, Value value, bool source = false);
/// The same of a body that is JSON; what is none is marked as a text.
std::string without_secrets(const Control& control, std::string body, bool source);
/// Values as they are told to who asks, what the mapping hides as hashes (sync/redaction.h). Of one that is not loaded (null) that is all of
/// them, except to who is on the machine itself: the state file is theirs to read, and a command without a daemon loads no mapping.
template <typename Row>
Row as_told(const sync::Plan* plan, Row row, const Caller& asks) {
  return plan == nullptr && asks.way == Caller::Way::kLocal ? row : sync::as_told(plan, std::move(row));
}
/// kInvalid for a body that holds a mark: it came out of an answer, and would be stored as if it were the value.
Result<void> refuse_marks(const Control& control, const std::string& body);

}  // namespace tidewire::admin
