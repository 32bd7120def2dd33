// fake_clock.h — time that moves only when a test says so, and the timers that hang on it.
#pragma once

#include <algorithm>
#include <cstddef>
#include <deque>
#include <map>
#include <mutex>
#include <utility>

#include "base/clock.h"

namespace tidewire::test {

class FakeClock final : public Clock {
 public:
  explicit FakeClock(Instant start = parse_instant("2024-05-01T10:00:00Z").value()) : now_(start) {}

  Instant now() const override { return now_; }
  Ticks ticks() const override { return ticks_; }

  /// Time passes: both clocks move. Fires nothing; ManualTimers::advance does.
  void pass(Duration duration);
  /// Somebody sets the machine's clock: the wall moves, ticks do not.
  void set(Instant now) { now_ = now; }

 private:
  Instant now_;
  Ticks ticks_{std::chrono::hours(1000)};
};

/// Timers and Poster over a FakeClock: nothing runs but from advance() and run_posted().
class ManualTimers final : public Timers, public Poster {
 public:
  explicit ManualTimers(FakeClock& clock) : clock_(clock) {}

  std::unique_ptr<Timer> after(Duration delay, std::function<void()> fire) override;

  void post(std::function<void()> work) override;

  /// Lets `duration` pass, firing each timer at its own time, in order (those of one instant in the order made), and
  /// running posted work in between as a loop would. advance({}) fires what is due.
  void advance(Duration duration);

  /// Runs what was posted, also what that posts in turn. Says how many there were.
  std::size_t run_posted();

  void drop_posted() { posted_.clear(); }
  /// Runs the oldest of what was posted; false where nothing was.
  bool run_one();

  std::size_t waiting() const { return waiting_.size(); }
  /// How long until the next timer; zero when it is due, nullopt when there is none.
  std::optional<Duration> until_next() const;

 private:
  using Key = std::pair<Ticks, std::uint64_t>;
  static constexpr std::size_t kTooMany = 1'000'000;

  struct Pending final : Timer {
    Pending(ManualTimers& owner_in, Key key_in) : owner(owner_in), key(key_in) {}
    ~Pending() override { owner.waiting_.erase(key); }
    ManualTimers& owner;
    Key key;
  };

  void fire_first();

  std::function<void()> next_posted();

  FakeClock& clock_;
  std::map<Key, std::function<void()>> waiting_;
  std::uint64_t made_ = 0;
  std::size_t standing_still_ = 0;
  std::mutex mutex_;
  std::deque<std::function<void()>> posted_;
};

}  // namespace tidewire::test
