// scheduler.h — named jobs that come back: polls, sweeps, clean-up.
//
// Schedules are of the wall clock, timers are not, and the wall may be set. So the one timer never sleeps longer than
// 60 s: a clock set forward is noticed within that, a clock set back by more makes the next times be worked out again.
#pragma once

#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <string>

#include "base/clock.h"
#include "sched/cron.h"

namespace tidewire::sched {

class Scheduler {
 public:
  /// Must call `finished` once when its work is over, now or later; after remove() or the Scheduler's end that is
  /// allowed and does nothing.
  using Work = std::function<void(std::function<void()> finished)>;

  Scheduler(Timers& timers, const Clock& clock, Random& random);
  ~Scheduler();
  Scheduler(const Scheduler&) = delete;
  Scheduler& operator=(const Scheduler&) = delete;

  /// Runs `work` at the schedule's times, each put off by a random part of `jitter`. A job of this name is replaced; its
  /// run under way is left alone, and the new one may start beside it.
  void add(std::string name, Schedule schedule, Duration jitter, Work work);
  /// Starts no more runs of it; one under way goes on. False when there is none of this name.
  bool remove(std::string_view name);
  /// Due at once, without moving the schedule: started on the next turn, or right after the run under way. False when
  /// there is none of this name.
  bool run_now(std::string_view name);

  /// When it runs next by its schedule, jitter included; nullopt when there is none of this name.
  std::optional<Instant> next(std::string_view name) const;

 private:
  struct Job;
  using Jobs = std::map<std::string, std::shared_ptr<Job>, std::less<>>;

  void plan(Job& job, Instant after);
  void arm();
  void wake();
  void notice_clock_jump();
  void start_due();
  void start(const std::shared_ptr<Job>& job);
  void finish(Job& job);

  Timers& timers_;
  const Clock& clock_;
  Random& random_;
  // Shared by this map and, only while it is called, by the run's `finished`, which holds it weakly.
  Jobs jobs_;
  Instant seen_now_;
  Ticks seen_ticks_;
  std::unique_ptr<Timer> timer_;
};

}  // namespace tidewire::sched
