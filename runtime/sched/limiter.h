// limiter.h — a token bucket per connection, so that a remote's quota is kept before it has to say so.
#pragma once

#include <string_view>

#include "base/clock.h"

namespace tidewire::sched {

struct Rate {
  double per_second = 1;
  /// How many may go at once after a rest. A remote counts in windows, and burst + rate * window must not exceed its
  /// number by much: so a quarter of a second's worth, at least one.
  double burst = 1;
};

/// "20/s", "600/m", "10000/h". kInvalid otherwise, or for zero.
Result<Rate> parse_rate(std::string_view text);

class TokenBucket {
 public:
  TokenBucket(double rate_per_second, double burst, const Clock& clock);
  TokenBucket(Rate rate, const Clock& clock) : TokenBucket(rate.per_second, rate.burst, clock) {}

  /// Takes `n` tokens and says true, or takes none. More than the burst is given when the bucket is full, on credit, so
  /// that a big batch gets through and then pays for it.
  [[nodiscard]] bool try_take(double n = 1);
  /// Until try_take(n) would succeed; zero when it would at once. Rounded up: waiting this long is enough.
  Duration wait(double n = 1) const;
  /// Gives nothing for `duration`, at most a day: a 429 with Retry-After counts for the whole connection.
  void pause(Duration duration);

 private:
  double tokens() const;

  double rate_;
  double burst_;
  const Clock& clock_;
  double held_;      // at since_
  Ticks since_;
  Ticks paused_until_;
};

}  // namespace tidewire::sched
