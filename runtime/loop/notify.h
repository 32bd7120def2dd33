// notify.h — tells a service manager how the process is: datagrams to the socket that $NOTIFY_SOCKET names (systemd's protocol).
//
// A dozen lines instead of a library: the protocol is one datagram of lines "READY=1", "STATUS=...", "WATCHDOG=1".
#pragma once

#include <optional>
#include <string>

#include "base/clock.h"

namespace tidewire::loop {

class Notify {
 public:
  /// Reads and forgets $NOTIFY_SOCKET, so that no child speaks for us. Without it every tell() does nothing.
  Notify();
  ~Notify();
  Notify(const Notify&) = delete;
  Notify& operator=(const Notify&) = delete;

  /// Lines of NAME=value. Never waits; what cannot be told is lost, as the protocol has it.
  void tell(const std::string& lines);
  /// How often the manager wants to hear WATCHDOG=1 at the least; nullopt where it does not ask this process.
  std::optional<Duration> watchdog() const { return watchdog_; }

 private:
  int socket_ = -1;
  std::string address_;
  std::optional<Duration> watchdog_;
};

}  // namespace tidewire::loop
