#include "admin/lockout.h"

#include <catch2/catch.hpp>

#include "support/fake_clock.h"

using namespace tidewire;
using namespace tidewire::admin;

TEST_CASE("lockout: a few misses cost nothing, then each costs twice the one before", "[admin]") {
  test::FakeClock clock;
  Lockout lockout(clock);

  for (int i = 0; i < Lockout::kFree; ++i) lockout.tried("ada");
  CHECK(lockout.wait("ada") == Duration::zero());

  lockout.tried("ada");
  CHECK(lockout.wait("ada") == Lockout::kFirst);
  clock.pass(Lockout::kFirst);
  CHECK(lockout.wait("ada") == Duration::zero());
  lockout.tried("ada");
  CHECK(lockout.wait("ada") == 2 * Lockout::kFirst);
  CHECK(lockout.wait("grace") == Duration::zero());
}

TEST_CASE("lockout: the delay has an end, and the right password forgives", "[admin]") {
  test::FakeClock clock;
  Lockout lockout(clock);

  for (int i = 0; i < 100; ++i) lockout.tried("ada");
  CHECK(lockout.wait("ada") == Lockout::kLongest);
  lockout.succeeded("ada");

  CHECK(lockout.wait("ada") == Duration::zero());
}

TEST_CASE("lockout: tries under way count, and one that was right is taken back", "[admin]") {
  test::FakeClock clock;
  Lockout lockout(clock);
  for (int i = 0; i < Lockout::kFree + 1; ++i) lockout.tried("from 192.0.2.7");
  CHECK(lockout.wait("from 192.0.2.7") == Lockout::kFirst);
  lockout.forgiven("from 192.0.2.7");
  CHECK(lockout.wait("from 192.0.2.7") == Duration::zero());
  lockout.forgiven("from 192.0.2.8");
  lockout.tried("from 192.0.2.7");
  CHECK(lockout.wait("from 192.0.2.7") == Lockout::kFirst);
}

TEST_CASE("lockout: a flood of made-up names is not kept", "[admin]") {
  test::FakeClock clock;
  Lockout lockout(clock);
  for (int i = 0; i < Lockout::kFree + 1; ++i) lockout.tried("victim");
  clock.pass(std::chrono::seconds(1));

  for (std::size_t i = 0; i < Lockout::kMostKept - 2; ++i) lockout.tried("name " + std::to_string(i));
  clock.pass(std::chrono::seconds(1));
  for (int i = 0; i < Lockout::kFree + 1; ++i) lockout.tried("late");

  CHECK(lockout.wait("late") == Lockout::kFirst);
}
