// redaction.h — values that a mapping redacts, as they are told: by their hashes, so that equal ones can still be seen to be so.
#pragma once

#include <set>
#include <string>

#include "base/value.h"
#include "sync/plan.h"

namespace tidewire::sync {

/// "sha256:" and 16 digits; null stays null.
Value hashed(const Value& value);
/// A value of the field on this side, with what the mapping hides of it as a hash: all of it, or cells of its rows.
Value as_told(const Field& field, Side side, const Value& form);
/// A link, with what its base holds of such fields told so; likewise a conflict. What no plan tells of (null: its mapping is not
/// loaded; or the field is not in it any more) may be such a value, and is told as a hash.
store::Link as_told(const Plan* plan, store::Link link);
store::Conflict as_told(const Plan* plan, store::Conflict conflict);
/// The columns, of either side and of what is looked up by them, that hold what the mapping hides; of a path its last part.
std::set<std::string> hidden_columns(const Plan& plan);

}  // namespace tidewire::sync
