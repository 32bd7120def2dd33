// Law 5: a cursor moves only past changes that are in the inbox.
#include <catch2/catch.hpp>

#include "support/people.h"

using namespace tidewire;
using namespace tidewire::test;
using sync::Side;

namespace {

sync::Plan polled() {
  sync::Plan plan = World::default_plan();
  plan.end.left.poll = plan.end.right.poll = "every 5m";
  return plan;
}

std::optional<Value> cursor_of(World& world, Side side) {
  std::optional<Value> out;
  world.store.cursor("people", side, [&](Result<std::optional<Value>> cursor) { out = *cursor; });
  world.timers.run_posted();
  return out;
}

void poll(World& world) {
  world.engine->poll_all([](const std::vector<Error>&) {});
  world.settle();
}

}  // namespace

TEST_CASE("law 5: the cursor and the changes before it are one transaction", "[laws][5]") {
  World world(polled());
  poll(world);
  world.left.insert(person("ada@example.org"));
  REQUIRE(world.database->exec("CREATE TRIGGER full BEFORE INSERT ON dirty_keys BEGIN SELECT RAISE(ABORT, 'no room'); END").ok());
  const auto before = cursor_of(world, Side::kLeft);
  poll(world);
  CHECK(cursor_of(world, Side::kLeft) == before);

  REQUIRE(world.database->exec("DROP TRIGGER full").ok());
  poll(world);
  CHECK(cursor_of(world, Side::kLeft) != before);
  CHECK(world.right.rows.size() == 1);
}

TEST_CASE("law 5: a page that tells that rows went, and not which, moves no cursor before a sweep is asked for", "[laws][5][16]") {
  World world(polled());
  poll(world);
  world.left.insert(person("ada@example.org"));
  REQUIRE(world.database->exec("CREATE TRIGGER full BEFORE INSERT ON jobs BEGIN SELECT RAISE(ABORT, 'no room'); END").ok());
  const auto before = cursor_of(world, Side::kLeft);
  world.left.emptied = true;
  poll(world);
  CHECK(cursor_of(world, Side::kLeft) == before);

  REQUIRE(world.database->exec("DROP TRIGGER full").ok());
  world.left.emptied = true;
  poll(world);
  CHECK(cursor_of(world, Side::kLeft) != before);
}

TEST_CASE("law 5: the cursor is read before an initial load begins, so what changes meanwhile is polled", "[laws][5]") {
  World world(polled());
  const std::string early = world.left.insert(person("early@example.org"));
  const std::string load = start_job(world, "initial_load");
  while (job_of(world, load).done < 1) world.settle(std::chrono::milliseconds(1));
  const std::string late = world.left.insert(person("late@example.org"), "A-before-all-others");  // its page is over
  world.left.edit(early, "phone", Value("99"));
  for (int i = 0; i < 50 && job_of(world, load).open(); ++i) world.settle();
  poll(world);

  CHECK(world.right.rows.size() == 2);
  const auto shown = [&](const std::string& email) {
    for (const auto& [key, row] : world.right.rows) {
      if (row.fields.string_or("email") == email) return row.fields.string_or("phone");
    }
    return std::string();
  };
  CHECK(shown("early@example.org") == "99");
  CHECK_FALSE(late.empty());
}

TEST_CASE("law 5: the first poll takes nothing: it begins where the system is now", "[laws][5]") {
  World world(polled());
  world.left.insert(person("ada@example.org"));
  poll(world);

  CHECK(world.right.rows.empty());
  CHECK(cursor_of(world, Side::kLeft));
}

TEST_CASE("law 5: polls that overlap find what is known already and write nothing", "[laws][5]") {
  Pair it(polled());
  poll(it.world);
  it.edit(Side::kLeft, "phone", "2");
  poll(it.world);
  REQUIRE(it.both_show("phone", "2"));
  it.world.store.set_cursor("people", Side::kLeft, Value(0), [](Result<void>) {});
  const int writes = it.new_writes();
  poll(it.world);

  CHECK(it.new_writes() == writes);
  CHECK(it.world.counts().waiting == 0);
}

TEST_CASE("law 5: a row written while a poll runs is found by the next", "[laws][5]") {
  World world(polled());
  poll(world);
  world.left.insert(person("ada@example.org"));
  world.left.after_changes = [&] { world.left.insert(person("meanwhile@example.org")); };
  poll(world);
  poll(world);

  CHECK(world.right.rows.size() == 2);
}

TEST_CASE("law 5: a poll that fails half-way leaves the cursor behind what it did not store", "[laws][5]") {
  World world(polled());
  poll(world);
  for (int i = 0; i < 6; ++i) world.left.insert(person("p" + std::to_string(i) + "@example.org"));
  world.left.change_page = 2;
  world.left.change_faults = {MemorySide::Fault::kNone, MemorySide::Fault::kRefuse};
  poll(world);
  CHECK(world.right.rows.size() == 2);

  poll(world);
  CHECK(world.right.rows.size() == 6);
}

TEST_CASE("law 5: only an empty page is the last of a list", "[laws][5]") {
  World world;
  for (int i = 0; i < 5; ++i) world.left.insert(person("p" + std::to_string(i) + "@example.org"));
  world.left.short_page = 2;  // the system gives fewer than it was asked for
  run_job(world, "initial_load");

  CHECK(world.right.rows.size() == 5);
}
