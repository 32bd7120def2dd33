#include <catch2/catch.hpp>

#include "support/looking.h"
#include "sync/belongings/with_watched.h"

using namespace tidewire;
using namespace tidewire::test;
using sync::Side;

namespace {

/// People of whom nothing is told by webhooks; their boss is watched, polled with them.
struct Watching : Looking {
  sync::WithWatched people{world.left, {{"boss", "boss", &bosses}}};
  std::string ada;
  std::vector<Error> errors;

  Watching() : Looking(sync::Finder::Missing::kDead, std::chrono::hours(1), true) {
    sync::Plan plan = looking(sync::Finder::Missing::kDead, std::chrono::hours(1), true);
    plan.end.left.poll = "every 5m";
    put(plan);
    poll();
    ada = world.left.insert(employee("ada@example.org", "ACME"));
    poll();
  }
  ~Watching() {
    world.engine->remove("people");
    world.settle();
  }
  void put(const sync::Plan& plan) {
    world.engine->remove("people");
    world.settle();
    world.engine->put(std::make_shared<LookingMapper>(plan), {&people, &world.right}, {{"orgs", &orgs}, {"bosses", &bosses}});
    world.settle();
  }
  void poll() {
    errors.clear();
    world.engine->poll_all([this](std::vector<Error> failed) { errors = std::move(failed); });
    world.settle();
  }
  Value shown() { return world.right.get(world.only_right(), "shout"); }
};

}  // namespace

TEST_CASE("with watched: what a poll tells of the watched collection reaches those who name it", "[sync][lookups]") {
  Watching it;
  REQUIRE(it.shown() == Value("hey/Grace"));

  it.bosses.edit("B1", "title", Value("Ada"));
  it.poll();

  CHECK(it.shown() == Value("hey/Ada"));
  CHECK(it.errors.empty());
}

TEST_CASE("with watched: one that cannot be asked holds no poll back, is told, and is asked from where it was", "[sync][lookups]") {
  Watching it;
  it.bosses.edit("B1", "title", Value("Ada"));
  it.bosses.change_faults = {MemorySide::Fault::kRefuse};
  it.world.left.edit(it.ada, "phone", Value("2"));
  it.poll();

  CHECK(it.world.right.get(it.world.only_right(), "phone") == Value("2"));
  REQUIRE(it.errors.size() == 1);
  CHECK(it.errors.front().message.find("asking for changes of what is watched by the lookup 'boss'") == 0);

  it.poll();
  CHECK(it.shown() == Value("hey/Ada"));
  CHECK(it.errors.empty());
}

TEST_CASE("with watched: a cursor from before it was watched goes on, and what is watched is polled from then on", "[sync][lookups]") {
  Watching it;
  it.world.store.set_cursor("people", Side::kLeft, Value(static_cast<std::int64_t>(1)), [](Result<void> done) { CHECK(done.ok()); });
  it.world.settle();
  it.poll();
  it.bosses.edit("B1", "title", Value("Ada"));
  it.poll();

  CHECK(it.shown() == Value("hey/Ada"));
}
