// Law 29: one reconcile per link at a time, owning both its keys; links in parallel; ownership in memory.
#include <catch2/catch.hpp>

#include "support/people.h"

using namespace tidewire;
using namespace tidewire::test;
using sync::Side;

TEST_CASE("law 29: one pass per link at a time: both keys told at once are one after the other", "[laws][29]") {
  Pair it;
  it.edit_both("tags", "a", "b");  // joined: two passes at once would join twice
  it.world.store.mark("people", {{Side::kLeft, it.left}, {Side::kRight, it.right}}, [](Result<void>) {});
  it.world.timers.run_posted();
  it.world.engine->wake("people");
  it.world.settle();

  CHECK(it.both_show("tags", "a+b"));
  CHECK(it.new_writes() == 2);
}

TEST_CASE("law 29: a pass owns both keys while it writes: nobody else begins there", "[laws][29]") {
  Pair it;
  it.edit(Side::kLeft, "phone", "2");
  std::size_t reads = 0;
  it.world.right.before_write = [&] {
    reads = it.requests(Side::kRight, "read").size() + it.requests(Side::kLeft, "read").size();
    it.world.store.mark("people", {{Side::kRight, it.right}}, [](Result<void>) {});
    it.world.engine->wake("people");
  };
  it.world.hook(Side::kLeft, it.left);
  it.world.settle();

  CHECK(reads == 1);
  CHECK(it.both_show("phone", "2"));
  CHECK(it.world.counts().waiting == 0);
  CHECK(it.new_writes() == 1);
}

TEST_CASE("law 29: a change of a record that somebody looks at is worked off when he has looked", "[laws][29]") {
  Pair it;
  it.edit(Side::kLeft, "phone", "2");
  bool looked = false;
  it.world.engine->try_key("people", Side::kRight, it.right, [&](const sync::Report&) { looked = true; });
  // It owns the key from here on, and the worker finds it due.
  it.world.store.mark("people", {{Side::kLeft, it.left}, {Side::kRight, it.right}}, [](Result<void>) {});
  it.world.engine->wake("people");
  it.world.settle(std::chrono::milliseconds(1));

  CHECK(looked);
  it.later();
  CHECK(it.both_show("phone", "2"));
  CHECK(it.world.counts().waiting == 0);
}

TEST_CASE("law 29: links are worked in parallel: their reads leave together", "[laws][29]") {
  World world;
  std::vector<store::DirtyMark> marks;
  for (int i = 0; i < 20; ++i) marks.push_back({Side::kLeft, world.left.insert(person("p" + std::to_string(i) + "@example.org"))});
  const int reads = world.left.reads;
  world.store.mark("people", std::move(marks), [](Result<void>) {});
  world.timers.run_posted();
  world.engine->wake("people");
  world.settle();

  CHECK(world.right.rows.size() == 20);
  CHECK(world.left.reads - reads <= 4);  // calls, not keys
}

TEST_CASE("law 29: a claimed row of a killed process is taken up again at start", "[laws][29]") {
  Pair it;
  it.edit(Side::kLeft, "phone", "2");
  it.world.right.write_faults = {MemorySide::Fault::kSilent};
  it.world.hook(Side::kLeft, it.left);
  it.world.settle();
  REQUIRE(it.world.engine->status().at("people").under_way == 1);
  restart(it.world);
  it.world.settle(std::chrono::minutes(3));

  CHECK(it.both_show("phone", "2"));
  CHECK(it.world.counts().waiting == 0);
}

TEST_CASE("law 29: at start what a connection refused is tried, however long the pause that it was told", "[laws][29]") {
  Pair it;
  it.refuse(Side::kRight, std::chrono::minutes(15));
  it.edit(Side::kLeft, "phone", "2");
  it.world.hook(Side::kLeft, it.left);
  it.world.settle();
  REQUIRE(it.requests(Side::kRight, "update").size() == 1);
  it.world.right.denied.reset();
  it.world.settle(std::chrono::minutes(1));
  REQUIRE(it.shown(Side::kRight, "phone") == "1");
  restart(it.world);
  it.world.settle(std::chrono::seconds(1));

  CHECK(it.both_show("phone", "2"));
}

TEST_CASE("law 29: nothing of the ownership is in the state", "[laws][29]") {
  Pair it;
  const auto columns = it.world.database->query("SELECT name FROM pragma_table_info('dirty_keys')", {});
  for (const Object& column : *columns) {
    const std::string name = column.at("name").as_string();
    CHECK(name.find("lock") == std::string::npos);
    CHECK(name.find("owner") == std::string::npos);
    CHECK(name.find("lease") == std::string::npos);
  }
}

TEST_CASE("law 29: of a mapping that is swapped, what a pass that goes on owns is taken by no other, and its create is waited for no longer than it lasts", "[laws][29][25]") {
  World world;
  MemorySide other(world.timers, world.clock, "O");
  other.insert(person("first@example.org"));  // so that no two records of the two systems have one incarnation
  world.right.after_find = [&] { world.engine->put(std::make_shared<TableMapper>(World::default_plan()), {&world.left, &other}); };
  const std::string key = world.left.insert(person("ada@example.org"));
  world.hook(Side::kLeft, key);
  world.settle();
  CHECK(other.finds == 0);
  CHECK(world.right.rows.size() == 1);
  CHECK(known_of(world, Side::kLeft, key).intents.empty());

  world.hook(Side::kRight, other.insert(person("bob@example.org")));
  world.settle(std::chrono::seconds(2));

  CHECK(world.left.rows.size() == 2);
  world.engine->remove("people");
  world.settle();
}
