// backoff.h — how long to wait before trying again.
//
// Full jitter: after an outage the waiting keys must not come back in step. A remote that names its own time is obeyed.
#pragma once

#include <optional>

#include "base/clock.h"

namespace tidewire::sched {

struct Backoff {
  Duration base = std::chrono::seconds(1);
  Duration cap = std::chrono::minutes(15);
  int max = 8;  // attempts before a change is a dead letter; delay() does not look at it
};

/// A remote's own time is obeyed up to here: no quota lasts longer, and a wrong number must not stop a key for years.
constexpr Duration kLongestAsked = std::chrono::hours(24);

/// The wait after attempt number `attempt` (from 1) failed: uniform in [0, min(cap, base * 2^(attempt - 1))]. With
/// `retry_after` (cut to kLongestAsked) never less than that, and at most a tenth of it or one base (whichever is more) above.
Duration delay(const Backoff& backoff, int attempt, std::optional<Duration> retry_after, Random& random);

}  // namespace tidewire::sched
