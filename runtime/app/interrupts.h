// interrupts.h — what a person or a supervisor says to the process: end, end now, read the files again.
#pragma once

#include <functional>

#include "loop/loop.h"
#include "loop/signals.h"

namespace tidewire::app {

class Interrupts {
 public:
  /// SIGTERM and SIGINT call `end`; the second one leaves at once with status 128 + signal, because whoever asks twice
  /// does not want to wait, and a crash at any instant is safe. SIGHUP calls `reload`.
  Interrupts(loop::Loop& loop, std::function<void()> end, std::function<void()> reload);

 private:
  void asked(int signal);

  loop::Signals signals_;
  std::function<void()> end_;
  bool ending_ = false;
};

}  // namespace tidewire::app
