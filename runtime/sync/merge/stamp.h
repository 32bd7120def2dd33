// stamp.h — fields that are written into the records themselves: the other side's key, a checksum, constants.
//
// They are never compared, so a change of one is nobody's edit; what was written last stands in the link's notes, and a
// stamp is due where something else should stand there now. A create is found again by the key it was stamped with (law 25).
#pragma once

#include "store/types.h"
#include "sync/merge/decide.h"
#include "sync/ports.h"

namespace tidewire::sync {

/// What the stamps of a side should say, by field; what is not known yet (the key of a record to be created) is left out.
/// kInvalid where a key does not fit the field's type.
Result<Value> stamps_of(const Plan& plan, Side side, const store::Link& link);
/// True where what was written there last is something else, or cannot be said.
bool stamps_due(const Plan& plan, Side side, const store::Link& link);
/// True where a record shows every stamp that a write carried.
bool shows_stamps(const Plan& plan, Side side, const Value& sent, const Record& record);
/// Remembers what a write carried.
void note_stamps(const Plan& plan, Side side, const Value& sent, store::Link& link);
/// The field of a side that holds the key of its counterpart; nullptr where there is none.
const Stamp* marker(const Plan& plan, Side side);
/// A link as it is once these decisions are written.
store::Link after(const Decisions& decisions, store::Link link);

}  // namespace tidewire::sync
