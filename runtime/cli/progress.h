// progress.h — how far a job is: one line that moves on a terminal, a line now and then elsewhere.
#pragma once

#include <string>

#include "base/clock.h"
#include "base/value.h"
#include "cli/terminal.h"

namespace tidewire::cli {

/// "████████░░░░": `done` of `total` in `columns`.
std::string bar(std::int64_t done, std::int64_t total, std::size_t columns);
/// One part of a job as a sentence: "5 377 looked at, 5 370 applied, 7 echoes".
std::string part_summary(const Value& part);

class Progress {
 public:
  Progress(Terminal& out, Ticks began) : out_(out), began_(began), told_(began) {}

  /// The job as GET /api/v1/jobs/ID shows it; to be called a few times a second.
  void update(const Value& job, Ticks now);
  /// Parts not told yet, once the job is over.
  void finish(const Value& job);

 private:
  void tell_ended(const Value& job, bool all);
  std::string moving_line(const Value& part, Ticks now);
  double rate(std::int64_t done, Ticks now);

  Terminal& out_;
  Ticks began_, told_;
  std::size_t ended_ = 0;       // parts told
  std::string current_;         // mapping
  std::int64_t first_done_ = 0;
  Ticks first_at_{};
};

}  // namespace tidewire::cli
