// restore.h — a backup becomes the state again, while nobody works with it.
#pragma once

#include <string>

#include "base/clock.h"
#include "base/result.h"

namespace tidewire::store {

/// Of kv: when a copy became this state last, in microseconds. What its links had agreed on after it was made is not in it.
inline constexpr const char* kStateDrawer = "state";
inline constexpr const char* kRestoredAt = "restored_at";

struct Restored {
  std::string set_aside;  // where the former state is now; "" where there was none
  std::int64_t operations = 0, links = 0;
};

/// Checks the copy whole, then puts it in the place of `state`, whose former file is set aside beside it, never deleted. Whoever
/// calls this holds the lock of the folder. kInvalid where the copy is no state of ours or of a newer program, kCorrupt where it is
/// damaged: nothing is touched then. A clean stop that the copy tells of does not count.
Result<Restored> restore(const std::string& copy, const std::string& state, Instant now);

}  // namespace tidewire::store
