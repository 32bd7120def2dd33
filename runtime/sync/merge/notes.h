// notes.h — what a link remembers of its fields beside their base: what is ignored, what form a side has made of a value, what was entered
// again, what a delete of ours took.
#pragma once

#include <string>
#include <string_view>

#include "sync/plan.h"

namespace tidewire::sync {

/// True where a person said that this difference is nobody's business (for ever, until it is heeded again).
bool is_ignored(const store::Link& link, const std::string& field);

/// Takes one note of the field off the link; whatever else is noted of it stays.
void drop_note(store::Link& link, const std::string& field, std::string_view what);
/// What a side made of the value that it was sent (law 28): {"sent", "stored" or "read", "side", "loses"}, beside what else is noted of it.
void note_form(store::Link& link, const std::string& field, Object form);
void drop_form(store::Link& link, const std::string& field);

/// True if somebody has entered again what both sides had agreed on, after a write of unknown outcome (law 26): the side shows neither what
/// that write had found nor what it meant. Of rows, if one of their cells was. Noted by note_entered, of rows as entered_cells has it.
inline constexpr const char* kEntered = "entered";  // the note of it
bool is_entered(const store::Link& link, const Field& field, Side side, const Value& form);
void note_entered(store::Link& link, const Field& field, Side side, Value form);
/// A note of the field that is of one side, {"l", "r"}; nullptr where it has none.
const Value* noted_on(const store::Link& link, const Field& field, const char* what, Side side);

/// The note of rows and parts that a delete of ours took before their record or with it, where the record lives on: what the side had of
/// the field (laws 15, 17).
inline constexpr const char* kWent = "went";

}  // namespace tidewire::sync
