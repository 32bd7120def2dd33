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
  void pass(Duration duration) {
    now_ += duration;
    ticks_ += duration;
  }
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

  std::unique_ptr<Timer> after(Duration delay, std::function<void()> fire) override {
    const Key key{clock_.ticks() + std::max(delay, Duration::zero()), ++made_};
    waiting_[key] = std::move(fire);
    return std::make_unique<Pending>(*this, key);
  }

  void post(std::function<void()> work) override {
    const std::lock_guard lock(mutex_);
    posted_.push_back(std::move(work));
  }

  /// Lets `duration` pass, firing each timer at its own time, in order (those of one instant in the order made), and
  /// running posted work in between as a loop would. advance({}) fires what is due.
  void advance(Duration duration) {
    const Ticks end = clock_.ticks() + duration;
    run_posted();
    while (!waiting_.empty() && waiting_.begin()->first.first <= end) {
      fire_first();
      run_posted();
    }
    clock_.pass(std::chrono::duration_cast<Duration>(end - clock_.ticks()));
  }

  /// Runs what was posted, also what that posts in turn. Says how many there were.
  std::size_t run_posted() {
    std::size_t count = 0;
    while (auto work = next_posted()) {
      work();
      ++count;
      ASSERT(count < kTooMany, "posted work posts itself for ever");
    }
    return count;
  }

  void drop_posted() { posted_.clear(); }
  /// Runs the oldest of what was posted; false where nothing was.
  bool run_one() {
    const auto work = next_posted();
    if (work) work();
    return static_cast<bool>(work);
  }

  std::size_t waiting() const { return waiting_.size(); }
  /// How long until the next timer; zero when it is due, nullopt when there is none.
  std::optional<Duration> until_next() const {
    if (waiting_.empty()) return std::nullopt;
    return std::max(Duration::zero(), std::chrono::duration_cast<Duration>(waiting_.begin()->first.first - clock_.ticks()));
  }

 private:
  using Key = std::pair<Ticks, std::uint64_t>;
  static constexpr std::size_t kTooMany = 1'000'000;

  struct Pending final : Timer {
    Pending(ManualTimers& owner_in, Key key_in) : owner(owner_in), key(key_in) {}
    ~Pending() override { owner.waiting_.erase(key); }
    ManualTimers& owner;
    Key key;
  };

  void fire_first() {
    auto node = waiting_.extract(waiting_.begin());
    const Ticks due = node.key().first;
    standing_still_ = due > clock_.ticks() ? 0 : standing_still_ + 1;
    ASSERT(standing_still_ < kTooMany, "timers set timers without time passing");
    if (due > clock_.ticks()) clock_.pass(std::chrono::duration_cast<Duration>(due - clock_.ticks()));
    node.mapped()();
  }

  std::function<void()> next_posted() {
    const std::lock_guard lock(mutex_);
    if (posted_.empty()) return {};
    auto work = std::move(posted_.front());
    posted_.pop_front();
    return work;
  }

  FakeClock& clock_;
  std::map<Key, std::function<void()>> waiting_;
  std::uint64_t made_ = 0;
  std::size_t standing_still_ = 0;
  std::mutex mutex_;
  std::deque<std::function<void()>> posted_;
};

}  // namespace tidewire::test
