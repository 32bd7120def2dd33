// own_form.h — a side may store what it is sent in a form of its own (law 28), which is nobody's edit.
#pragma once

#include "sync/plan.h"

namespace tidewire::sync {

/// `shown` is what the side made of `sent`, by the note of the field: {"side", "sent", "stored" or "read"}. False without a note.
bool is_own_form(const Value* note, const Field& field, Side side, const Value& shown, const Value& sent);

}  // namespace tidewire::sync
