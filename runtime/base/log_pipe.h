// log_pipe.h — lines for a reader that may stop reading: a pipe, a terminal, a socket.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <string>

#include "base/clock.h"

namespace tidewire {

/// A line goes out at once while the reader takes it, so that it is out before whatever comes next, a crash included. From
/// where he stops, lines wait for a thread of their own up to kMostWaiting bytes; further ones are let go and counted.
class LogPipe {
 public:
  static constexpr std::size_t kMostWaiting = 1u << 20;
  static constexpr Duration kLastWords = std::chrono::seconds(1);

  /// Writes to the same as `file`, by a descriptor of its own. `gap(count)` makes the line that says how many were let go; it is asked
  /// under a lock, on any thread, and not after the destructor.
  LogPipe(int file, std::function<std::string(std::uint64_t)> gap);
  ~LogPipe();  // gives what waits kLastWords to go out
  LogPipe(const LogPipe&) = delete;
  LogPipe& operator=(const LogPipe&) = delete;

  /// `line` has its line end. Never blocks.
  void put(std::string line);

 private:
  struct State;
  std::shared_ptr<State> state_;  // a thread that hangs in write(2) keeps it
};

}  // namespace tidewire
