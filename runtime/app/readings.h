// readings.h — of a file that is read anew before a reading of it has ended: the newest one counts, and who waits for an older one waits
// for it.
#pragma once

#include <cstdint>
#include <functional>
#include <utility>
#include <vector>

namespace tidewire::app {

class Readings {
 public:
  using Then = std::function<void()>;

  /// A new one, which overtakes those before.
  std::uint64_t begin() { return ++newest_; }
  bool is_newest(std::uint64_t reading) const { return reading == newest_; }
  /// `then` is called once the newest reading has ended, which may be before older ones do.
  void end(std::uint64_t reading, Then then) {
    waiting_.push_back(std::move(then));
    if (is_newest(reading)) ended_ = reading;
    if (ended_ != newest_) return;
    for (const Then& one : std::exchange(waiting_, {})) one();
  }

 private:
  std::uint64_t newest_ = 0, ended_ = 0;
  std::vector<Then> waiting_;
};

}  // namespace tidewire::app
