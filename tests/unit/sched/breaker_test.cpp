#include "sched/breaker.h"

#include <catch2/catch.hpp>

#include "support/fake_clock.h"

using namespace tidewire;
using namespace tidewire::sched;
using namespace std::chrono_literals;

namespace {

using BreakerState = CircuitBreaker::State;

struct BreakerRoom {
  test::FakeClock clock;
  CircuitBreaker breaker{{.failures = 3, .pause = 10s, .longest_pause = 35s, .denied_pause = 5min}, clock};

  void fail(Code code = Code::kUnavailable, std::string message = "no answer") {
    breaker.failed(breaker.admit().value(), make_error(code, std::move(message)));
  }
  void succeed() { breaker.succeeded(breaker.admit().value()); }
};

}  // namespace

TEST_CASE("breaker: failures in a row open it, with the reason", "[sched]") {
  BreakerRoom room;

  room.fail();
  room.fail(Code::kUnknown);
  CHECK(room.breaker.state() == BreakerState::kClosed);
  room.fail(Code::kUnavailable, "connection refused");

  CHECK(room.breaker.state() == BreakerState::kOpen);
  CHECK(room.breaker.reason() == "unavailable: connection refused");
  CHECK_FALSE(room.breaker.admit());
  CHECK(room.breaker.wait() == 10s);
}

TEST_CASE("breaker: a success in between starts the count again", "[sched]") {
  BreakerRoom room;

  room.fail();
  room.fail();
  room.succeed();
  room.fail();
  room.fail();

  CHECK(room.breaker.state() == BreakerState::kClosed);
}

TEST_CASE("breaker: answers that refuse one record are answers", "[sched]") {
  BreakerRoom room;
  for (int i = 0; i < 3; ++i) {
    for (const Code code : {Code::kInvalid, Code::kNotFound, Code::kThrottled, Code::kBlocked, Code::kStale}) room.fail(code);
  }
  CHECK(room.breaker.state() == BreakerState::kClosed);

  room.fail();
  room.fail();
  room.fail(Code::kCancelled);  // says nothing: neither counted nor forgiven
  room.fail(Code::kScript);
  room.fail();
  CHECK(room.breaker.state() == BreakerState::kOpen);
}

TEST_CASE("breaker: denied opens at once and for longer", "[sched]") {
  BreakerRoom room;

  room.fail(Code::kDenied, "401 invalid key");

  CHECK(room.breaker.state() == BreakerState::kOpen);
  CHECK(room.breaker.wait() == 5min);
  CHECK(room.breaker.reason() == "denied: 401 invalid key");
}

TEST_CASE("breaker: a denial is asked about again soon, and ever more seldom while it lasts", "[sched]") {
  test::FakeClock clock;
  CircuitBreaker breaker(clock);
  const auto denied = [&] { breaker.failed(breaker.admit().value(), make_error(Code::kDenied, "401")); };
  denied();
  for (const auto pause : {1min, 2min, 4min, 8min, 15min, 15min}) {
    CHECK(breaker.wait() == pause);
    clock.pass(pause);
    denied();
  }
  clock.pass(15min);
  breaker.succeeded(breaker.admit().value());
  denied();
  CHECK(breaker.wait() == 1min);
}

TEST_CASE("breaker: half-open lets one probe through, whose success closes it", "[sched]") {
  BreakerRoom room;
  for (int i = 0; i < 3; ++i) room.fail();
  room.clock.pass(10s);

  const auto probe = room.breaker.admit();

  REQUIRE(probe);
  CHECK(room.breaker.state() == BreakerState::kHalfOpen);
  CHECK_FALSE(room.breaker.admit());
  CHECK(room.breaker.wait() == 1s);
  room.breaker.succeeded(*probe);
  CHECK(room.breaker.state() == BreakerState::kClosed);
  CHECK(room.breaker.reason().empty());
  CHECK(room.breaker.wait() == 0s);
}

TEST_CASE("breaker: each probe that fails doubles the pause up to the longest", "[sched]") {
  BreakerRoom room;
  for (int i = 0; i < 3; ++i) room.fail();
  for (const auto pause : {10s, 20s, 35s, 35s}) {
    CHECK(room.breaker.wait() == pause);
    room.clock.pass(pause);
    room.fail();
  }

  room.clock.pass(35s);
  room.succeed();
  for (int i = 0; i < 3; ++i) room.fail();

  CHECK(room.breaker.wait() == 10s);
}

TEST_CASE("breaker: who asks in person has the probe at once, and one only", "[sched]") {
  BreakerRoom room;
  for (int i = 0; i < 3; ++i) room.fail();

  room.breaker.hurry();

  CHECK(room.breaker.wait() == 0s);
  const auto probe = room.breaker.admit();
  REQUIRE(probe);
  room.breaker.hurry();
  CHECK_FALSE(room.breaker.admit());
  room.breaker.failed(*probe, make_error(Code::kUnavailable, "no answer"));
  CHECK(room.breaker.wait() == 20s);
}

TEST_CASE("breaker: the time that a remote named holds for who asks in person, too", "[sched]") {
  BreakerRoom room;
  Error busy = make_error(Code::kUnavailable, "503");
  busy.retry_after = 4s;
  for (int i = 0; i < 3; ++i) room.breaker.failed(room.breaker.admit().value(), busy);
  REQUIRE(room.breaker.wait() == 10s);

  room.breaker.hurry();

  CHECK(room.breaker.wait() == 4s);
}

TEST_CASE("breaker: late outcomes from before it opened change nothing", "[sched]") {
  BreakerRoom room;
  const auto early = room.breaker.admit().value();
  const auto earlier = room.breaker.admit().value();
  for (int i = 0; i < 3; ++i) room.fail();

  room.breaker.succeeded(early);
  CHECK(room.breaker.state() == BreakerState::kOpen);
  room.clock.pass(10s);
  const auto probe = room.breaker.admit().value();
  room.breaker.failed(earlier, make_error(Code::kDenied, "late"));
  room.breaker.succeeded(early);

  CHECK(room.breaker.state() == BreakerState::kHalfOpen);
  room.breaker.succeeded(probe);
  CHECK(room.breaker.state() == BreakerState::kClosed);
}

TEST_CASE("breaker: an abandoned probe frees the place for another", "[sched]") {
  BreakerRoom room;
  for (int i = 0; i < 3; ++i) room.fail();
  room.clock.pass(10s);

  room.breaker.abandoned(room.breaker.admit().value());

  CHECK(room.breaker.admit());
}

TEST_CASE("breaker: Retry-After of the remote prolongs the pause", "[sched]") {
  BreakerRoom room;
  room.fail();
  room.fail();
  Error error = make_error(Code::kUnavailable, "503");
  error.retry_after = 2min;

  room.breaker.failed(room.breaker.admit().value(), error);

  CHECK(room.breaker.wait() == 2min);
}

TEST_CASE("breaker: a Retry-After of years is cut to the longest time that is obeyed", "[sched]") {
  BreakerRoom room;
  Error error = make_error(Code::kDenied, "come back much later");
  error.retry_after = std::chrono::hours(24 * 365 * 31);

  room.breaker.failed(room.breaker.admit().value(), error);

  CHECK(room.breaker.wait() == 24h);
}

TEST_CASE("breaker: a person's reset closes it", "[sched]") {
  BreakerRoom room;
  room.fail(Code::kDenied);

  room.breaker.reset();

  CHECK(room.breaker.admit());
  CHECK(room.breaker.state() == CircuitBreaker::State::kClosed);
}
