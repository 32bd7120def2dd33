// poll.h — readiness of a descriptor that somebody else owns (libcurl's, libpq's sockets).
#pragma once

#include <functional>
#include <memory>

#include "loop/loop.h"

namespace tidewire::loop {

class Poll {
 public:
  using Ready = std::function<void(bool readable, bool writable)>;

  /// The descriptor stays the caller's and must be open until this is destroyed.
  Poll(Loop& loop, int fd);
  ~Poll();
  Poll(const Poll&) = delete;
  Poll& operator=(const Poll&) = delete;

  /// `ready` is called as long as the interest stands and is true (level-triggered). An error on the descriptor is
  /// reported once, as all that was asked for, and ends the interest. Neither = watch nothing for a while.
  void set(bool readable, bool writable, Ready ready);
  /// With the callback given before.
  void set(bool readable, bool writable);

 private:
  struct Node;
  Node* node_;
};

}  // namespace tidewire::loop
