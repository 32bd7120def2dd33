// Law 6: by content against the base, per field; never by time, never by a time window, never by author.
#include <catch2/catch.hpp>

#include "support/people.h"

using namespace tidewire;
using namespace tidewire::test;
using sync::Side;

TEST_CASE("law 6: an echo after 0.05, 0.7, 5 and 60 s writes nothing", "[laws][6]") {
  for (const Duration after : {std::chrono::milliseconds(50), std::chrono::milliseconds(700), std::chrono::milliseconds(5000), std::chrono::milliseconds(60000)}) {
    Pair it;
    it.edit(Side::kLeft, "phone", "2");
    it.world.hook(Side::kLeft, it.left);
    it.world.settle(after);
    REQUIRE(it.shown(Side::kRight, "phone") == "2");
    const int writes = it.new_writes();
    it.world.hook(Side::kRight, it.right);
    it.world.settle();

    CHECK(it.new_writes() == writes);
    CHECK(it.both_show("phone", "2"));
  }
}

TEST_CASE("law 6: a true edit on the target 100 ms after a write to it is kept and travels back", "[laws][6]") {
  Pair it;
  it.edit(Side::kLeft, "phone", "2");
  it.world.hook(Side::kLeft, it.left);
  it.world.settle(std::chrono::milliseconds(100));
  it.edit(Side::kRight, "phone", "3");
  it.world.hook(Side::kRight, it.right);
  it.world.settle();

  CHECK(it.both_show("phone", "3"));
}

TEST_CASE("law 6: a record whose stamp moved but whose content did not is no change", "[laws][6]") {
  Pair it;
  it.edit(Side::kLeft, "phone", "1");  // saved again as it was
  it.tell();

  CHECK(it.new_writes() == 0);
  CHECK(it.world.ears.operations.empty());
}

TEST_CASE("law 6: an edit with a stamp long past is an edit", "[laws][6]") {
  Pair it;
  it.edit(Side::kLeft, "phone", "2");
  it.world.left.rows.at(it.left).modified = parse_instant("2001-01-01T00:00:00Z").value();
  it.tell();
  it.world.settle(std::chrono::minutes(5));  // once it is known that not its whole system was set back

  CHECK(it.both_show("phone", "2"));
}

TEST_CASE("law 6: immune to clock skew: the wall set back by an hour changes nothing", "[laws][6]") {
  Pair it;
  it.world.clock.set(it.world.clock.now() - std::chrono::hours(1));
  it.edit(Side::kRight, "phone", "2");
  it.tell();

  CHECK(it.both_show("phone", "2"));
}

TEST_CASE("law 6: duplicates are no-ops: N passes over equal data write nothing", "[laws][6]") {
  Pair it;
  for (int i = 0; i < 5; ++i) it.tell();

  CHECK(it.new_writes() == 0);
  CHECK(it.world.ears.operations.empty());
  CHECK(it.world.ears.echoes >= 5);
}

TEST_CASE("law 6: case-only and blank-only edits travel, a cleared field travels as null", "[laws][6]") {
  Pair it;
  for (const Value& edited : {Value("Ada"), Value("ada"), Value("ada "), Value()}) {
    it.world.left.edit(it.left, "phone", edited);
    it.tell();

    CHECK(it.world.right.get(it.right, "phone") == edited);
  }
}
