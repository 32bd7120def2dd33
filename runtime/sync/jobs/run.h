// run.h — an open job as Jobs has it in memory; for jobs*.cpp alone.
#pragma once

#include "sync/jobs/jobs.h"

namespace tidewire::sync {

/// About one record alone.
bool of_one_key(const store::Job& job);
/// A whole load, resync or sweep.
bool goes_over_all(const store::Job& job);
/// It marks keys as backfill, which is worked off, or dropped, as its own: one such job of a mapping is open and begun at a time.
bool leaves_backfill(const store::Job& job);

struct Jobs::Run {
  store::Job job;
  store::Job stored;           // as the state has it: what was not stored is done again
  std::unique_ptr<Task> task;
  enum class Phase { kStep, kAhead, kWorkOff } phase = Phase::kStep;
  bool fresh = false;          // asked for in this process
  bool has_begun = false;      // in this process
  bool under_way = false;      // a step, a save or a look at the backlog is
  bool undecided = false;      // staged, and nothing is left to do but for a person
  bool look_again = false;     // what the look under way finds may be older than a decision
  std::string wish;            // pause | cancel: when what is under way has ended
  std::vector<Done<void>> asked;
  int turn = 0;                // which of its beginnings: what an earlier one asked for is answered to nobody
  int attempts = 0;
  bool away = false;           // its system has been for so long that nobody waits for it here
  Duration pause{};            // the last one between two looks
  Instant gone_over{};         // when it had marked all that it found
  std::unique_ptr<Timer> timer;
  bool is(const char* state) const { return job.state == state; }
  /// Nothing of it is under way any more, and it is where the state has it.
  void put_aside(const char* state) {
    ++turn;
    timer.reset();
    task.reset();
    under_way = undecided = away = false;
    job = stored;
    job.state = state;
  }
  /// Else it has marked nothing and holds nothing.
  bool begun() const { return has_begun || job.summary.find("before") != nullptr; }
};

}  // namespace tidewire::sync
