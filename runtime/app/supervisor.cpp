#include "app/supervisor.h"

namespace tidewire::app {

void Supervisor::ready(const std::string& status) {
  notify_.tell("READY=1\nSTATUS=" + status);
  if (notify_.watchdog()) feed();
}

void Supervisor::feed() {
  notify_.tell("WATCHDOG=1");
  timer_ = loop_.after(*notify_.watchdog() / 3, [this] { feed(); });
}

}  // namespace tidewire::app
