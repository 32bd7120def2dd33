#include "loop/notify.h"

#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include <cstdlib>

#include <catch2/catch.hpp>

#include "support/temp_dir.h"

using namespace std::chrono_literals;
using tidewire::loop::Notify;

namespace {

/// A service manager's end.
struct Manager {
  tidewire::test::TempDir folder;
  std::string path = folder.path() / "notify";
  int socket = ::socket(AF_UNIX, SOCK_DGRAM | SOCK_NONBLOCK, 0);

  Manager() {
    sockaddr_un address{};
    address.sun_family = AF_UNIX;
    path.copy(address.sun_path, sizeof address.sun_path - 1);
    REQUIRE(bind(socket, reinterpret_cast<const sockaddr*>(&address), sizeof address) == 0);
    setenv("NOTIFY_SOCKET", path.c_str(), 1);
  }
  ~Manager() { close(socket); }
  std::string heard() {
    char bytes[200];
    const ssize_t size = recv(socket, bytes, sizeof bytes, 0);
    return size < 0 ? "" : std::string(bytes, static_cast<std::size_t>(size));
  }
};

}  // namespace

TEST_CASE("notify: lines go to the socket of the environment, which is then forgotten", "[loop]") {
  Manager manager;
  Notify notify;

  notify.tell("READY=1\nSTATUS=at work");

  CHECK(manager.heard() == "READY=1\nSTATUS=at work");
  CHECK(getenv("NOTIFY_SOCKET") == nullptr);
  CHECK_FALSE(notify.watchdog());
}

TEST_CASE("notify: the watchdog is this process's or nobody's", "[loop]") {
  {
    Manager manager;
    setenv("WATCHDOG_USEC", "30000000", 1);
    CHECK(Notify().watchdog() == std::optional<tidewire::Duration>(30s));
  }
  {
    Manager manager;
    setenv("WATCHDOG_USEC", "30000000", 1);
    setenv("WATCHDOG_PID", "1", 1);
    CHECK_FALSE(Notify().watchdog());
  }
}

TEST_CASE("notify: without a manager, or with one that is gone, nothing happens", "[loop]") {
  Notify().tell("READY=1");
  {
    Manager manager;
    Notify notify;
    unlink(manager.path.c_str());
    notify.tell("READY=1");
    CHECK(manager.heard().empty());
  }
  setenv("NOTIFY_SOCKET", "not a path", 1);
  Notify().tell("READY=1");
  CHECK(getenv("NOTIFY_SOCKET") == nullptr);
}
