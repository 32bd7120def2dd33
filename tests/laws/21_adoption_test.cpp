// Law 21: adoption: both sides are filled already.
#include <catch2/catch.hpp>

#include "support/people.h"

using namespace tidewire;
using namespace tidewire::test;
using sync::Side;
using std::chrono::minutes;

TEST_CASE("law 21: adoption reports exact, differing, one-sided and ambiguous, and writes nothing", "[laws][21]") {
  World world;
  world.left.insert(person("same@example.org"));
  world.right.insert(person("same@example.org"));
  world.left.insert(person("other@example.org", "1"));
  world.right.insert(person("other@example.org", "2"));
  world.left.insert(person("left@example.org"));
  world.right.insert(person("right@example.org"));
  world.left.insert(person("twice@example.org"));
  world.right.insert(person("twice@example.org"));
  world.right.insert(person("twice@example.org"));

  const store::Job job = run_job(world, "adopt");

  CHECK(found_in(job, "exact") == 1);
  CHECK(found_in(job, "differing") == 1);
  CHECK(found_in(job, "left_only") == 1);
  CHECK(found_in(job, "right_only") == 1);
  CHECK(found_in(job, "ambiguous") == 3);  // one on the left, two on the right
  CHECK(world.writes() == 0);
  CHECK(world.counts().links == 0);
}

TEST_CASE("law 21: a mapping that is held writes nothing, also after a restart, until it is accepted", "[laws][21]") {
  World world;
  world.engine->hold("people", "adoption", [](Result<void> done) { CHECK(done.ok()); });
  world.timers.run_posted();
  const std::string key = world.left.insert(person("ada@example.org"));
  world.hook(Side::kLeft, key);
  world.settle();
  CHECK(world.writes() == 0);
  restart(world);
  world.settle();
  CHECK(world.writes() == 0);

  world.engine->hold("people", std::nullopt, [](Result<void> done) { CHECK(done.ok()); });
  world.settle();

  CHECK(world.right.rows.size() == 1);
}

TEST_CASE("law 21: equal pairs link and write nothing", "[laws][21]") {
  World world;
  for (int i = 0; i < 3; ++i) {
    world.left.insert(person("p" + std::to_string(i) + "@example.org"));
    world.right.insert(person("p" + std::to_string(i) + "@example.org"));
  }
  run_job(world, "initial_load");

  CHECK(world.counts().links == 3);
  CHECK(world.writes() == 0);
}

TEST_CASE("law 21: differing pairs go through the strategies, with an absent base", "[laws][21]") {
  World world;
  const std::string left = world.left.insert(person("ada@example.org", "older"));
  world.timers.advance(minutes(5));
  const std::string right = world.right.insert(person("ada@example.org", "newer"));
  world.left.edit(left, "note", Value("mine"));  // waits for a person
  run_job(world, "initial_load");

  CHECK(world.right.get(right, "note") == Value("n"));
  REQUIRE(world.conflicts().size() == 1);
  CHECK(world.conflicts().front().field == "note");
  CHECK_FALSE(world.conflicts().front().base_left);
  CHECK(world.left.get(left, "phone") == world.right.get(right, "phone"));
}

TEST_CASE("law 21: lost state is adoption: nothing is deleted and nothing overwritten blindly", "[laws][21]") {
  Pair it;
  const std::string gone = it.world.left.insert(person("only@left.org"));
  it.edit_both("note", "mine", "yours");  // edited while no state knew of it
  REQUIRE(it.world.database->exec("DELETE FROM links; DELETE FROM operations; DELETE FROM dirty_keys; DELETE FROM cursors; DELETE FROM counters").ok());
  restart(it.world);
  run_job(it.world, "initial_load");

  CHECK(it.world.left.rows.size() == 2);
  CHECK(it.world.right.rows.size() == 2);
  CHECK(it.shown(Side::kLeft, "note") == "mine");
  CHECK(it.shown(Side::kRight, "note") == "yours");
  CHECK(it.world.conflicts().size() == 1);
  CHECK(it.world.counts().links == 2);
  CHECK(it.known(Side::kLeft, gone).link);
}
