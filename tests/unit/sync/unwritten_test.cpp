// Whichever write of the state fails at a start, and whenever: what was to be done then is done all the same.
#include <catch2/catch.hpp>

#include "support/people.h"

using namespace tidewire;
using namespace tidewire::test;
using sync::Side;

namespace {

constexpr int kWrites = 10;  // more than a start makes of itself

}  // namespace

TEST_CASE("unwritten: at start a mapping that may write by now does what it would have", "[sync][unwritten]") {
  for (int write = 0; write < kWrites; ++write) {
    INFO("the write after " << write << " others fails");
    Pair it;
    sync::Plan read_only = World::default_plan();
    read_only.read_only.right = true;
    it.world.engine->put(std::make_shared<TableMapper>(read_only), {&it.world.left, &it.world.right});
    it.edit(Side::kLeft, "phone", "2");
    it.tell();
    REQUIRE(it.world.counts().would_write == 1);

    it.world.executor.fail_write_after(write);
    restart(it.world);
    it.world.settle(std::chrono::minutes(2));
    it.world.executor.fail_write_after(-1);

    CHECK(it.both_show("phone", "2"));
    CHECK(it.world.counts().would_write == 0);
  }
}

TEST_CASE("unwritten: at start what a connection refused is tried, however long the pause that it was told", "[sync][unwritten]") {
  for (int write = 0; write < kWrites; ++write) {
    INFO("the write after " << write << " others fails");
    Pair it;
    it.refuse(Side::kRight, std::chrono::minutes(15));
    it.edit(Side::kLeft, "phone", "2");
    it.tell();
    it.world.right.denied.reset();
    REQUIRE(it.shown(Side::kRight, "phone") == "1");

    it.world.executor.fail_write_after(write);
    restart(it.world);
    it.world.settle(std::chrono::minutes(2));
    it.world.executor.fail_write_after(-1);

    CHECK(it.both_show("phone", "2"));
  }
}
