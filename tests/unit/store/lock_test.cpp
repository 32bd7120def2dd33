#include "store/lock.h"

#include <thread>

#include <catch2/catch.hpp>
#include <sys/wait.h>
#include <unistd.h>

#include "support/temp_dir.h"

using namespace tidewire;
using namespace tidewire::store;

TEST_CASE("lock: the second taker is told who holds it, and gets it afterwards", "[store][lock]") {
  test::TempDir folder;
  const std::string dir = folder.file("state");
  auto first = Lock::take(dir);
  REQUIRE(first.ok());

  const auto second = Lock::take(dir);
  REQUIRE_FALSE(second.ok());
  CHECK(second.error().code == Code::kUnavailable);
  CHECK(second.error().message.find("process " + std::to_string(::getpid())) != std::string::npos);

  first->reset();
  CHECK(Lock::take(dir).ok());
}

TEST_CASE("lock: the death of its holder frees it", "[store][lock]") {
  test::TempDir folder;
  const std::string dir = folder.file("state");
  const pid_t child = ::fork();
  if (child == 0) {
    const auto held = Lock::take(dir);
    ::_exit(held.ok() ? 7 : 1);  // without unlocking
  }
  int status = 0;
  REQUIRE(::waitpid(child, &status, 0) == child);
  REQUIRE(WEXITSTATUS(status) == 7);

  CHECK(Lock::take(dir).ok());
}

TEST_CASE("lock: one that is held for a moment is waited for", "[store][lock]") {
  test::TempDir folder;
  const std::string dir = folder.file("state");
  auto first = Lock::take(dir);
  REQUIRE(first.ok());
  std::thread holder([&] {
    std::this_thread::sleep_for(std::chrono::milliseconds(100));
    first->reset();
  });

  CHECK(Lock::take(dir, std::chrono::seconds(60)).ok());
  holder.join();
}

TEST_CASE("lock: network file systems are known by their magic", "[store][lock]") {
  CHECK(network_file_system(0x6969) == "NFS");
  CHECK(network_file_system(0xFF534D42) == "CIFS");
  CHECK(network_file_system(0xFFFFFFFFFF534D42) == "CIFS");
  CHECK(network_file_system(0xEF53).empty());  // ext4
}

TEST_CASE("lock: a folder that cannot be made is unavailable", "[store][lock]") {
  test::TempDir folder;
  const auto refused = Lock::take(folder.file("missing/state"));
  REQUIRE_FALSE(refused.ok());
  CHECK(refused.error().code == Code::kUnavailable);
}
