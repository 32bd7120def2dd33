// clock.h — time, timers and chance, handed in: nothing else in the engine is nondeterministic.
//
// Production implementations: SystemClock and SystemRandom here, loop::Loop for timers. The simulator has its own.
#pragma once

#include <chrono>
#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <string_view>

#include "base/result.h"

namespace tidewire {

using Duration = std::chrono::microseconds;
/// UTC, microseconds: what records carry. May jump when the machine's clock is set.
using Instant = std::chrono::sys_time<std::chrono::microseconds>;
/// For measuring and waiting: never jumps.
using Ticks = std::chrono::steady_clock::time_point;

class Clock {
 public:
  virtual ~Clock() = default;
  virtual Instant now() const = 0;
  virtual Ticks ticks() const = 0;
};

class SystemClock final : public Clock {
 public:
  Instant now() const override;
  Ticks ticks() const override;
};

/// One pending call. Destroying or cancelling it means the call never happens.
class Timer {
 public:
  virtual ~Timer() = default;
};

class Timers {
 public:
  virtual ~Timers() = default;
  /// Calls `fire` once after `delay` (0 = next turn), unless the Timer is destroyed first. Never before this returns.
  /// `fire` may destroy its own Timer.
  [[nodiscard]] virtual std::unique_ptr<Timer> after(Duration delay, std::function<void()> fire) = 0;
};

/// Runs work on the loop's thread, in order, never before the call returns. `post` may be called from any thread.
class Poster {
 public:
  virtual ~Poster() = default;
  virtual void post(std::function<void()> work) = 0;
};

class Random {
 public:
  virtual ~Random() = default;
  virtual std::uint64_t next() = 0;
  /// Uniform in [0, 1).
  double unit() { return static_cast<double>(next() >> 11) * 0x1.0p-53; }
};

class SystemRandom final : public Random {
 public:
  std::uint64_t next() override;
};

/// "2024-05-01T10:11:12.000013Z"; the fraction is trimmed of trailing zeros and left out when 0.
std::string format_instant(Instant at);
/// Reads ISO 8601 with 'T' or blank, optional fraction (7th digit and more rounded), and 'Z' or an offset
/// ("+02", "+02:00", "+0200"). kInvalid without offset or for a date that does not exist.
Result<Instant> parse_instant(std::string_view text);

/// "5m", "30s", "1h30m", "250ms", "2d" -> Duration. kInvalid otherwise, naming the text.
Result<Duration> parse_duration(std::string_view text);
std::string format_duration(Duration duration);  // "1h 30m", "250 ms", "12.4 s": for people

}  // namespace tidewire
