// Law 27: only changed fields are written.
#include <catch2/catch.hpp>

#include "support/people.h"

using namespace tidewire;
using namespace tidewire::test;
using sync::Side;

TEST_CASE("law 27: only changed fields are written", "[laws][27]") {
  Pair it;
  it.edit(Side::kLeft, "phone", "2");
  it.tell();

  REQUIRE(it.requests(Side::kRight, "update").size() == 1);
  CHECK(it.requests(Side::kRight, "update").front().values == Value(Object{{"phone", "2"}}));
}

// A pair that would write a field described read-only does not load: tests/lua/mapping_test.lua, `check`.

TEST_CASE("law 27: creates leave together and a row that fails fails alone", "[laws][27]") {
  World world;
  world.right.write_faults = {MemorySide::Fault::kNone, MemorySide::Fault::kRefuse};
  std::vector<store::DirtyMark> marks;
  for (int i = 0; i < 5; ++i) marks.push_back({Side::kLeft, world.left.insert(person("p" + std::to_string(i) + "@example.org"))});
  world.store.mark("people", std::move(marks), [](Result<void>) {});
  world.timers.run_posted();
  world.engine->wake("people");
  world.settle(std::chrono::milliseconds(1));
  CHECK(world.right.create_calls == 1);
  CHECK(world.right.rows.size() == 4);
  CHECK(world.counts().backing_off == 1);

  world.settle(std::chrono::minutes(2));
  CHECK(world.right.rows.size() == 5);
}

TEST_CASE("law 27: of a bulk create, a row that existed is reconciled singly and never merged over", "[laws][27]") {
  World world;
  const std::string there = world.right.insert(person("p1@example.org", "theirs"));
  std::vector<store::DirtyMark> marks;
  for (int i = 0; i < 3; ++i) marks.push_back({Side::kLeft, world.left.insert(person("p" + std::to_string(i) + "@example.org", "ours"))});
  world.right.find_misses = 3;  // it appears between the search and the create
  world.right.write_faults = {MemorySide::Fault::kNone, MemorySide::Fault::kExists, MemorySide::Fault::kNone};
  world.store.mark("people", std::move(marks), [](Result<void>) {});
  world.timers.run_posted();
  world.engine->wake("people");
  world.settle(std::chrono::minutes(2));

  CHECK(world.right.rows.size() == 3);
  CHECK(world.right.creates == 2);
  CHECK(world.counts().links == 3);
  CHECK(known_of(world, Side::kRight, there).link);
}

TEST_CASE("law 27: bulk updates carry a guard per row", "[laws][27]") {
  World world;
  world.right.able.bulk_update = 100;
  restart(world);
  std::vector<std::string> keys;
  for (int i = 0; i < 4; ++i) keys.push_back(world.left.insert(person("p" + std::to_string(i) + "@example.org")));
  for (const std::string& key : keys) world.hook(Side::kLeft, key);
  world.settle();
  std::vector<store::DirtyMark> marks;
  for (const std::string& key : keys) {
    world.left.edit(key, "phone", Value("2"));
    marks.push_back({Side::kLeft, key});
  }
  const std::string edited = *known_of(world, Side::kLeft, keys[2]).link->key.right;
  world.right.edit(edited, "email", Value("theirs@example.org"));
  world.right.requests.clear();
  world.store.mark("people", std::move(marks), [](Result<void>) {});
  world.timers.run_posted();
  world.engine->wake("people");
  world.settle();

  CHECK(world.right.update_calls >= 1);
  for (const auto& request : world.right.requests) {
    if (request.verb == "update") CHECK(request.guard);
  }
  CHECK(world.right.stale == 1);
  for (const auto& [key, row] : world.right.rows) CHECK(row.fields.string_or("phone") == "2");
  CHECK(world.left.get(keys[2], "email") == Value("theirs@example.org"));
}

TEST_CASE("law 27: a constant inside a column leaves the rest of the column as it is", "[laws][27]") {
  sync::Plan plan = World::default_plan();
  sync::Field source = World::field("source");
  source.kind = sync::Field::Kind::kConstant;
  source.paths = {{}, {"meta.source"}};
  source.constant = Value("erp");
  sync::Field price = World::field("price");
  price.paths = {{"price"}, {"meta.price"}};
  plan.fields.push_back(source);
  plan.fields.push_back(price);
  World world(std::move(plan));
  Value fields = person("ada@example.org");
  fields["meta"] = Value(Object{{"color", Value("red")}, {"price", Value(5)}});
  const std::string right = world.right.insert(fields);
  fields = person("ada@example.org", "2");
  fields["price"] = Value(5);
  const std::string left = world.left.insert(fields);
  world.hook(Side::kLeft, left);
  world.settle(std::chrono::minutes(5));

  CHECK(world.right.get(right, "meta") == Value(Object{{"color", Value("red")}, {"price", Value(5)}, {"source", Value("erp")}}));
  CHECK(world.left.get(left, "price") == Value(5));
}

TEST_CASE("law 27: a part is not written into a column that holds a text: the text would be lost", "[laws][27]") {
  sync::Plan plan = World::default_plan();
  sync::Field price = World::field("price");
  price.paths = {{"price"}, {"meta.price"}};
  plan.fields.push_back(price);
  World world(std::move(plan));
  Value fields = person("ada@example.org");
  fields["meta"] = Value("{\"color\": \"red\"}");
  const std::string right = world.right.insert(fields);
  fields = person("ada@example.org", "2");
  fields["price"] = Value(5);
  world.hook(Side::kLeft, world.left.insert(fields));
  world.settle(std::chrono::minutes(5));

  CHECK(world.right.get(right, "meta") == Value("{\"color\": \"red\"}"));
  CHECK(world.counts().dead == 1);
}

namespace {

/// The right system takes "" for nothing, and no person is to be without a phone there.
sync::Plan with_required_phone() {
  sync::Plan plan = World::default_plan();
  plan.fields[1].required = true;
  plan.fields[1].type.right = sync::Type::from(Value(Object{{"kind", "text"}, {"empty", "null"}}));
  return plan;
}

}  // namespace

TEST_CASE("law 27: no record is made that would lack a required field", "[laws][27]") {
  for (const auto null : {sync::Field::Null::kClear, sync::Field::Null::kKeep}) {
    sync::Plan plan = with_required_phone();
    plan.fields[1].null = null;
    World world(std::move(plan));
    Value nobody = person("alan@example.org");
    nobody["phone"] = Value();
    const std::string empty = world.left.insert(person("ada@example.org", "")), absent = world.left.insert(nobody);
    world.hook(Side::kLeft, empty);
    world.hook(Side::kLeft, absent);
    world.settle();

    const auto standing = standing_of(world, store::KeyState::kDead);
    CHECK(world.right.creates == 0);
    REQUIRE(standing.size() == 2);
    CHECK(standing.front().error->string_or("message").find("'phone' is required") != std::string::npos);
    world.left.edit(empty, "phone", Value("2"));
    world.hook(Side::kLeft, empty);
    world.settle();
    CHECK(world.right.creates == 1);
  }
}

TEST_CASE("law 27: a required field that was emptied is not emptied on the other side, and the record waits for a person", "[laws][27]") {
  Pair it(with_required_phone());
  it.edit(Side::kLeft, "phone", "");
  it.edit(Side::kLeft, "email", "ada@new.org");
  it.tell();

  CHECK(it.new_writes() == 0);
  CHECK(it.shown(Side::kRight, "phone") == "1");
  CHECK(it.world.counts().dead > 0);
  it.edit(Side::kLeft, "phone", "2");
  it.tell();
  CHECK(it.both_show("phone", "2"));
  CHECK(it.both_show("email", "ada@new.org"));
  CHECK(it.world.counts().dead == 0);
}

TEST_CASE("law 27: a required field that stands empty on both sides holds up no other one", "[laws][27]") {
  sync::Plan plan = with_required_phone();
  plan.fields[1].type.left = plan.fields[1].type.right;
  World world(std::move(plan));
  const std::string left = world.left.insert(person("ada@example.org", ""));
  const std::string right = world.right.insert(person("ada@example.org", ""));
  world.left.edit(left, "tags", Value("new"));
  world.hook(Side::kLeft, left);
  world.settle();

  CHECK(world.counts().dead == 0);
  CHECK(world.counts().links == 1);
  CHECK(world.right.get(right, "phone") == Value(""));
}
