// backups.h — copies of the state by the schedule of tidewire.lua, the oldest of which go.
//
// What was missed while the process was away is made up for: the newest copy's age says when the next one is due.
#pragma once

#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "base/clock.h"
#include "base/log.h"
#include "base/result.h"
#include "base/value.h"
#include "sched/cron.h"
#include "store/store.h"

namespace tidewire::app {

/// Names (store::backup_name) of the copies in a folder, newest first.
std::vector<std::string> backups_in(const std::string& folder);

class Backups {
 public:
  struct Ports {
    Timers& timers;
    const Clock& clock;
    store::Store& store;
    Logger& log;
    std::function<Result<std::string>()> folder;
  };
  explicit Backups(Ports ports) : ports_(std::move(ports)), alive_(std::make_shared<bool>(true)) {}
  ~Backups() { *alive_ = false; }

  /// From now on by this schedule, `keep` copies of it staying; an empty text: none any more. kInvalid where it is no schedule.
  Result<void> plan(const std::string& every, std::int64_t keep);
  /// {last = time of the newest copy, error = why the last try failed}; empty where none are wanted.
  Value status() const;

 private:
  void wait();
  void make();
  void failed(const Error& error);
  void prune(const std::string& folder);

  Ports ports_;
  std::optional<sched::Schedule> every_;
  std::int64_t keep_ = 14;
  std::optional<Instant> last_;
  std::string trouble_;
  std::unique_ptr<Timer> timer_;
  std::shared_ptr<bool> alive_;  // owners: this and the copy under way
};

}  // namespace tidewire::app
