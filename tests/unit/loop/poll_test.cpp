#include "loop/poll.h"

#include <csignal>

#include <catch2/catch.hpp>
#include <sys/socket.h>
#include <unistd.h>

#include "loop/signals.h"

using namespace tidewire;
using loop::Loop;
using loop::Poll;

namespace {

struct Pair {
  Pair() { ::socketpair(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK, 0, fds); }
  ~Pair() {
    ::close(fds[0]);
    ::close(fds[1]);
  }
  int fds[2] = {-1, -1};
};

}  // namespace

TEST_CASE("poll: says what is ready, as long as it is", "[loop]") {
  Loop loop;
  Pair pair;
  int calls = 0;
  Poll poll(loop, pair.fds[0]);

  poll.set(true, false, [&](bool readable, bool writable) {
    CHECK(readable);
    CHECK_FALSE(writable);
    if (++calls == 2) poll.set(false, false);
  });
  REQUIRE(::write(pair.fds[1], "x", 1) == 1);
  loop.run();

  CHECK(calls == 2);
}

TEST_CASE("poll: the callback may put another one in its place", "[loop]") {
  Loop loop;
  Pair pair;
  std::string order;
  Poll poll(loop, pair.fds[0]);

  poll.set(false, true, [&](bool, bool) {
    order += "a";
    poll.set(true, false, [&](bool, bool) {
      order += "b";
      poll.set(false, false);
    });
    REQUIRE(::write(pair.fds[1], "x", 1) == 1);
  });
  loop.run();

  CHECK(order == "ab");
}

TEST_CASE("poll: destroyed in its own callback it is not called again", "[loop]") {
  Loop loop;
  Pair pair;
  int calls = 0;
  auto poll = std::make_unique<Poll>(loop, pair.fds[0]);

  poll->set(false, true, [&](bool, bool) {
    ++calls;
    poll.reset();
  });
  loop.run();

  CHECK(calls == 1);
}

TEST_CASE("signals: a signal becomes a call each time, and waiting for it does not keep the loop", "[loop]") {
  Loop loop;
  loop::Signals signals(loop);
  int hups = 0;

  signals.on(SIGHUP, [&] {
    if (++hups == 2)
      loop.stop();
    else
      ::raise(SIGHUP);
  });
  loop.run();  // ends: nothing else is pending
  CHECK(hups == 0);
  const auto hold = loop.hold();
  ::raise(SIGHUP);
  loop.run();

  CHECK(hups == 2);
}
