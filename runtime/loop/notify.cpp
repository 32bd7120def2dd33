#include "loop/notify.h"

#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include <cstddef>
#include <cstdlib>
#include <cstring>

namespace tidewire::loop {
namespace {

std::string taken(const char* name) {
  const char* text = getenv(name);
  std::string value = text == nullptr ? "" : text;
  unsetenv(name);
  return value;
}

}  // namespace

Notify::Notify() : address_(taken("NOTIFY_SOCKET")) {
  const std::string micros = taken("WATCHDOG_USEC"), pid = taken("WATCHDOG_PID");
  const bool named = !address_.empty() && (address_[0] == '/' || address_[0] == '@') && address_.size() < sizeof(sockaddr_un::sun_path);
  if (!named) return;
  socket_ = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
  const long long every = std::atoll(micros.c_str());
  if (every > 0 && (pid.empty() || pid == std::to_string(getpid()))) watchdog_ = std::chrono::microseconds(every);
}

Notify::~Notify() {
  if (socket_ >= 0) close(socket_);
}

void Notify::tell(const std::string& lines) {
  if (socket_ < 0) return;
  sockaddr_un to{};
  to.sun_family = AF_UNIX;
  std::memcpy(to.sun_path, address_.data(), address_.size());
  if (to.sun_path[0] == '@') to.sun_path[0] = '\0';  // the abstract namespace
  const auto size = static_cast<socklen_t>(offsetof(sockaddr_un, sun_path) + address_.size());
  (void)!sendto(socket_, lines.data(), lines.size(), MSG_NOSIGNAL, reinterpret_cast<const sockaddr*>(&to), size);
}

}  // namespace tidewire::loop
