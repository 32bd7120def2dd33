// time.h — the simulated world's time: one queue of what happens next, in one thread, the same for the same seed.
//
// Two kinds of events share it. The engine's own (timers, posted work, answers on their way to it) die with it in a crash;
// the world's (people, requests that have left, webhooks) do not. Each event is one step, so a crash can fall between any
// two awaits.
#pragma once

#include <functional>
#include <map>
#include <memory>
#include <utility>

#include "base/clock.h"

namespace tidewire::simulate {

class VirtualTime final : public Clock, public Timers, public Poster {
 public:
  // The engine's view: the wall may be set by somebody, ticks never jump.
  Instant now() const override { return truth() + jumped_; }
  Ticks ticks() const override { return ticks_; }
  std::unique_ptr<Timer> after(Duration delay, std::function<void()> fire) override;
  void post(std::function<void()> work) override { add(Duration::zero(), true, std::move(work)); }

  /// The time that clocks should show.
  Instant truth() const;
  void jump(Duration by) { jumped_ += by; }

  /// Something that happens whether the engine lives or not.
  void outside(Duration delay, std::function<void()> happen) { add(delay, false, std::move(happen)); }
  /// Which life of the engine this is.
  int life() const { return life_; }
  /// Something on its way to the engine that asked in this life: lost when that one dies.
  void answer(int life, Duration delay, std::function<void()> arrive) {
    if (life == life_) add(delay, true, std::move(arrive));
  }

  enum class Step { kNone, kOutside, kEngine };
  /// Runs the next event not later than `until`; where there is none, time moves there.
  Step step(Ticks until);
  /// The engine died: nothing meant for it happens any more.
  void forget_engine();
  std::uint64_t steps() const { return steps_; }

 private:
  using Key = std::pair<Ticks, std::uint64_t>;
  struct Event {
    bool engine = false;
    std::function<void()> happen;
  };
  struct Pending;
  Key add(Duration delay, bool engine, std::function<void()> happen);

  std::map<Key, Event> events_;
  Ticks ticks_{std::chrono::hours(1000)};
  Duration jumped_{};
  std::uint64_t made_ = 0, steps_ = 0;
  int life_ = 1;
};

}  // namespace tidewire::simulate
