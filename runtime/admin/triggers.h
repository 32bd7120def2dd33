// triggers.h — runs of a mapping that programs ask for (n8n, Zapier, ActivePieces): a burst is one run.
//
// A run begins a moment after the first trigger; what comes before it has ended is answered by one more run after it. So
// however many come, a mapping is read at most twice, and the last trigger is always followed by a read that began after it.
// A trigger is on disk before it is answered, and stays there until its run is: a run that a crash took is made after it.
#pragma once

#include <map>
#include <memory>
#include <string>

#include "admin/jobs.h"
#include "admin/ports.h"

namespace tidewire::admin {

class Triggers {
 public:
  static constexpr Duration kGather = std::chrono::milliseconds(500);

  Triggers(Control& control, Jobs& jobs) : control_(control), jobs_(jobs) {}

  /// {mapping, state: "gathering" | "after_the_run", joined}, once it is on disk; the mapping is loaded. kUnavailable where
  /// the disk refuses.
  void pull(const std::string& mapping, const std::string& author, Done<Value> done);
  /// Runs what an earlier process had promised. Of a mapping that is not loaded the promise waits for the next start.
  void resume();
  /// How many runs were begun, for metrics and tests.
  std::int64_t runs() const { return runs_; }

 private:
  struct State {
    std::unique_ptr<Timer> timer;
    std::string job;             // of the run under way
    std::int64_t gathered = 0;   // triggers that the next run answers
    std::string author;          // of the first of them
  };
  State& gather(const std::string& mapping, const std::string& author);
  void begin(const std::string& mapping);
  void look(const std::string& mapping);

  Control& control_;
  Jobs& jobs_;
  std::map<std::string, State> states_;
  std::int64_t runs_ = 0;
  std::shared_ptr<bool> alive_ = std::make_shared<bool>(true);  // held weakly by callbacks under way
};

}  // namespace tidewire::admin
