// supervisor.h — keeps the service manager told: ready, reloading, stopping, and alive as long as the loop turns.
#pragma once

#include <memory>
#include <string>

#include "base/clock.h"
#include "loop/loop.h"
#include "loop/notify.h"

namespace tidewire::app {

class Supervisor {
 public:
  explicit Supervisor(loop::Loop& loop) : loop_(loop) {}

  /// `status` is what `systemctl status` shows. From now on the watchdog is fed from the loop: a loop that hangs is noticed.
  void ready(const std::string& status);
  void stopping() { notify_.tell("STOPPING=1"); }

 private:
  void feed();

  loop::Loop& loop_;
  loop::Notify notify_;
  std::unique_ptr<Timer> timer_;
};

}  // namespace tidewire::app
