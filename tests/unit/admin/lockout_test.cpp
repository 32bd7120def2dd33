#include "admin/lockout.h"

#include <catch2/catch.hpp>

#include "support/fake_clock.h"

using namespace tidewire;
using namespace tidewire::admin;

TEST_CASE("lockout: a few misses cost nothing, then each costs twice the one before", "[admin]") {
  test::FakeClock clock;
  Lockout lockout(clock);

  for (int i = 0; i < Lockout::kFree; ++i) lockout.failed("ada");
  CHECK(lockout.wait("ada") == Duration::zero());

  lockout.failed("ada");
  CHECK(lockout.wait("ada") == Lockout::kFirst);
  clock.pass(Lockout::kFirst);
  CHECK(lockout.wait("ada") == Duration::zero());
  lockout.failed("ada");
  CHECK(lockout.wait("ada") == 2 * Lockout::kFirst);
  CHECK(lockout.wait("grace") == Duration::zero());
}

TEST_CASE("lockout: the delay has an end, and the right password forgives", "[admin]") {
  test::FakeClock clock;
  Lockout lockout(clock);

  for (int i = 0; i < 100; ++i) lockout.failed("ada");
  CHECK(lockout.wait("ada") == Lockout::kLongest);
  lockout.succeeded("ada");

  CHECK(lockout.wait("ada") == Duration::zero());
}

TEST_CASE("lockout: a flood of made-up names is not kept", "[admin]") {
  test::FakeClock clock;
  Lockout lockout(clock);
  for (int i = 0; i < Lockout::kFree + 1; ++i) lockout.failed("victim");
  clock.pass(std::chrono::seconds(1));

  for (std::size_t i = 0; i < Lockout::kMostKept - 2; ++i) lockout.failed("name " + std::to_string(i));
  clock.pass(std::chrono::seconds(1));
  for (int i = 0; i < Lockout::kFree + 1; ++i) lockout.failed("late");

  CHECK(lockout.wait("late") == Lockout::kFirst);
}
