#include "app/interrupts.h"

#include <csignal>
#include <cstdlib>

namespace tidewire::app {

Interrupts::Interrupts(loop::Loop& loop, std::function<void()> end, std::function<void()> reload) : signals_(loop), end_(std::move(end)) {
  for (const int signal : {SIGTERM, SIGINT}) signals_.on(signal, [this, signal] { asked(signal); });
  signals_.on(SIGHUP, std::move(reload));
}

void Interrupts::asked(int signal) {
  if (ending_) std::_Exit(128 + signal);
  ending_ = true;
  end_();
}

}  // namespace tidewire::app
