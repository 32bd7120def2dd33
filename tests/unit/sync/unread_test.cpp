// Whichever read of the state fails, and whenever: what was to be done is done all the same.
#include <catch2/catch.hpp>

#include "support/people.h"

using namespace tidewire;
using namespace tidewire::test;
using sync::Side;

namespace {

constexpr int kReads = 40;  // more than there are in what is tried here

}  // namespace

TEST_CASE("unread: a change arrives, also one whose first write was refused", "[sync][unread]") {
  for (int read = 0; read < kReads; ++read) {
    INFO("the read after " << read << " others fails");
    Pair it;
    it.edit(Side::kLeft, "phone", "2");
    it.world.right.write_faults = {MemorySide::Fault::kRefuse};
    it.world.executor.fail_read_after(read);
    it.world.hook(Side::kLeft, it.left);
    it.world.settle(std::chrono::hours(3));
    it.world.executor.fail_read_after(-1);

    CHECK(it.both_show("phone", "2"));
    CHECK(it.world.counts().waiting + it.world.counts().backing_off + it.world.counts().dead == 0);
  }
}

TEST_CASE("unread: after a start the echo of a create in doubt is not created back", "[sync][unread]") {
  for (int read = 0; read < kReads; ++read) {
    INFO("the read after " << read << " others fails");
    World world;
    world.left.insert(person("ada@example.org"));
    world.right.write_faults = {MemorySide::Fault::kLoseAnswer};
    world.hook(Side::kLeft, world.left.rows.begin()->first);
    world.settle(std::chrono::milliseconds(10));
    REQUIRE(world.right.rows.size() == 1);
    world.left.edit(world.left.rows.begin()->first, "email", Value("augusta@example.org"));  // no match tells whose it is
    world.hook(Side::kRight, world.right.rows.begin()->first);
    world.executor.fail_read_after(read);
    restart(world, World::default_plan());
    world.settle(std::chrono::hours(3));
    world.executor.fail_read_after(-1);

    CHECK(world.left.rows.size() == 1);
    CHECK(world.right.rows.size() == 1);
    CHECK(world.counts().links == 1);
  }
}

TEST_CASE("unread: who waits until all is settled waits until it is known", "[sync][unread]") {
  Pair it;
  it.world.right.broken = std::chrono::seconds(10);
  it.edit(Side::kLeft, "phone", "2");
  it.world.hook(Side::kLeft, it.left);
  it.world.settle();
  bool settled = false;
  it.world.executor.fail_read_after(0);
  it.world.engine->settled(false, [&] { settled = true; });
  it.world.settle();
  CHECK_FALSE(settled);

  it.world.right.broken.reset();
  it.world.settle(std::chrono::minutes(1));
  CHECK(settled);
  CHECK(it.both_show("phone", "2"));
}
