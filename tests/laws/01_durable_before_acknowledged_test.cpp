// Law 1: durable before acknowledged.
#include <catch2/catch.hpp>

#include "support/people.h"

using namespace tidewire;
using namespace tidewire::test;
using sync::Side;

namespace {

store::Change change_of(const std::string& key, const std::string& delivery = {}) {
  store::Change change;
  change.connection = "erp";
  change.collection = "Person";
  change.key = key;
  change.delivery_id = delivery;
  return change;
}

std::int64_t put(World& world, store::Change change) {
  std::int64_t stored = -1;
  world.store.put({std::move(change)}, [&](Result<std::int64_t> answer) { stored = answer.ok() ? *answer : -1; });
  world.timers.run_posted();
  return stored;
}

std::int64_t received(World& world, const std::string& where = "1") {
  const auto rows = world.database->query("SELECT count(*) AS n FROM received WHERE " + where, {});
  REQUIRE(rows.ok());
  return rows->front().at("n").as_int();
}

std::vector<store::DirtyKey> waiting(World& world) { return standing_of(world, store::KeyState::kWaiting); }

}  // namespace

TEST_CASE("law 1: intake commits one row per connection, collection, key and event, and loads no mapping", "[laws][1]") {
  World world;
  world.engine.reset();

  CHECK(put(world, change_of("L1")) == 1);
  CHECK(put(world, change_of("L2")) == 1);

  CHECK(received(world) == 2);
  CHECK(received(world, "connection = 'erp' AND collection = 'Person' AND key = 'L1' AND event = 'upsert'") == 1);
  CHECK(waiting(world).empty());
}

TEST_CASE("law 1: what cannot be committed is not acknowledged", "[laws][1]") {
  World world;
  REQUIRE(world.database->exec("CREATE TRIGGER full BEFORE INSERT ON received BEGIN SELECT RAISE(ABORT, 'no room'); END").ok());

  CHECK(put(world, change_of("L1")) == -1);
  CHECK(received(world) == 0);
}

TEST_CASE("law 1: the fan-out is one transaction: it marks every mapping or none", "[laws][1]") {
  World world;
  sync::Plan second = World::default_plan();
  second.name = "second";
  world.engine->put(std::make_shared<TableMapper>(second), {&world.left, &world.right});
  REQUIRE(world.database->exec("CREATE TRIGGER half BEFORE INSERT ON dirty_keys WHEN new.mapping = 'second' BEGIN SELECT RAISE(ABORT, 'no'); END").ok());
  world.hook(Side::kLeft, "L1");
  world.settle();
  CHECK(waiting(world).empty());
  CHECK(received(world) == 1);

  REQUIRE(world.database->exec("DROP TRIGGER half").ok());
  world.left.insert(person("ada@example.org"), "L1");
  world.settle(std::chrono::minutes(1));
  CHECK(world.right.rows.size() >= 1);
}

TEST_CASE("law 1: dirty keys are unique on mapping, side and key, with first and last sequence and the reason", "[laws][1]") {
  World world;
  world.engine->pause("people", true);
  for (int i = 0; i < 3; ++i) world.hook(Side::kLeft, "L1");
  world.settle();

  REQUIRE(waiting(world).size() == 1);
  const store::DirtyKey row = waiting(world).front();
  CHECK(row.changes == 3);
  CHECK(row.last_seq - row.first_seq == 2);
  CHECK(row.reason == "webhook");
  CHECK(world.counts().counters["coalesced"] == 2);
}

TEST_CASE("law 1: duplicates coalesce into waiting rows only, never into finished ones", "[laws][1]") {
  Pair it;
  it.edit(Side::kLeft, "phone", "2");
  it.tell();
  it.edit(Side::kLeft, "phone", "3");
  it.tell();

  CHECK(it.both_show("phone", "3"));
}

TEST_CASE("law 1: a delivery id is remembered for 24 hours", "[laws][1]") {
  World world;
  CHECK(put(world, change_of("L1", "d-1")) == 1);
  world.timers.advance(std::chrono::hours(23));
  CHECK(put(world, change_of("L1", "d-1")) == 0);
  world.timers.advance(std::chrono::hours(2));
  CHECK(put(world, change_of("L1", "d-1")) == 1);
}
