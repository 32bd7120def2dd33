// log_lines.h — the last lines of the log, for whoever begins to look: what went wrong was written before the page was opened.
//
// Kept in memory, so that it is there wherever the log goes (a file that was moved, a pipe, the journal). The lines come as they
// were written: the logger has taken the secrets out. Any thread may add and ask.
#pragma once

#include <cstddef>
#include <deque>
#include <mutex>
#include <string>
#include <string_view>
#include <vector>

namespace tidewire::admin {

class LogLines {
 public:
  static constexpr std::size_t kMost = 500;
  static constexpr std::size_t kMostBytes = 512 << 10;

  void add(std::string_view line) {
    const std::lock_guard lock(mutex_);
    lines_.emplace_back(line);
    bytes_ += line.size();
    while (lines_.size() > kMost || (bytes_ > kMostBytes && lines_.size() > 1)) {
      bytes_ -= lines_.front().size();
      lines_.pop_front();
    }
  }

  /// The newest `most`, oldest first.
  std::vector<std::string> last(std::size_t most) const {
    const std::lock_guard lock(mutex_);
    const std::size_t from = lines_.size() > most ? lines_.size() - most : 0;
    return {lines_.begin() + static_cast<std::ptrdiff_t>(from), lines_.end()};
  }

 private:
  mutable std::mutex mutex_;
  std::deque<std::string> lines_;
  std::size_t bytes_ = 0;
};

}  // namespace tidewire::admin
