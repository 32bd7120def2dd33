#include <catch2/catch.hpp>

#include "support/sync_world.h"
#include "sync/merge/stamp.h"

using namespace tidewire;
using sync::Side;
using sync::Stamp;
using test::World;

namespace {

Stamp stamp(const std::string& field, Stamp::What what, Value value = {}) {
  Stamp out;
  out.field = field;
  out.what = what;
  out.value = std::move(value);
  return out;
}

sync::Plan stamped() {
  sync::Plan plan = World::default_plan();
  plan.end.left.stamps = {stamp("app_id", Stamp::What::kRightKey), stamp("synced", Stamp::What::kConstant, Value(true))};
  plan.end.right.stamps = {stamp("erp_id", Stamp::What::kLeftKey), stamp("sum", Stamp::What::kChecksum)};
  plan.matches.clear();
  return plan;
}

Value person(const std::string& email) { return Value(Object{{"email", Value(email)}, {"phone", Value("1")}, {"note", Value("n")}, {"tags", Value("t")}}); }

struct Stamped {
  World world{stamped()};
  std::string left, right;
  Stamped() {
    left = world.left.insert(person("ada@example.org"));
    world.hook(Side::kLeft, left);
    world.settle();
    right = world.only_right();
  }
};

}  // namespace

TEST_CASE("stamp: a new record carries the key of its source, and the source gets the new key", "[sync]") {
  Stamped it;

  CHECK(it.world.right.get(it.right, "erp_id") == Value(it.left));
  CHECK(it.world.right.get(it.right, "sum").is_string());
  CHECK(it.world.left.get(it.left, "app_id") == Value(it.right));
  CHECK(it.world.left.get(it.left, "synced") == Value(true));
  CHECK(it.world.writes() == 2);
}

TEST_CASE("stamp: what stands in a stamp is nobody's edit", "[sync]") {
  Stamped it;
  const int before = it.world.writes();

  it.world.right.edit(it.right, "erp_id", Value("mended by hand"));
  it.world.hook(Side::kRight, it.right);
  it.world.hook(Side::kLeft, it.left);
  it.world.settle();

  CHECK(it.world.writes() == before);
  CHECK(it.world.right.get(it.right, "erp_id") == Value("mended by hand"));
}

TEST_CASE("stamp: the checksum goes with the write that changes it", "[sync]") {
  Stamped it;
  const Value before = it.world.right.get(it.right, "sum");
  const int writes = it.world.writes();

  it.world.left.edit(it.left, "phone", Value("2"));
  it.world.hook(Side::kLeft, it.left);
  it.world.settle();

  CHECK_FALSE(it.world.right.get(it.right, "sum") == before);
  CHECK(it.world.writes() == writes + 1);
  it.world.left.edit(it.left, "phone", Value("1"));
  it.world.hook(Side::kLeft, it.left);
  it.world.settle();
  CHECK(it.world.right.get(it.right, "sum") == before);
}

TEST_CASE("stamp: a rename of the source is stamped again", "[sync]") {
  Stamped it;

  it.world.left.rename(it.left, "L-new");
  it.world.hook(Side::kLeft, "L-new");
  it.world.settle();

  CHECK(it.world.right.get(it.right, "erp_id") == Value("L-new"));
  CHECK(it.world.right.rows.size() == 1);
}

TEST_CASE("stamp: a create whose answer was lost is found again by its stamp alone", "[sync]") {
  World world(stamped());
  const std::string left = world.left.insert(person("ada@example.org"));
  world.right.write_faults = {test::MemorySide::Fault::kLoseAnswer};

  world.hook(Side::kLeft, left);
  world.settle();
  world.settle(std::chrono::minutes(5));

  CHECK(world.right.creates == 1);
  REQUIRE(world.right.rows.size() == 1);
  CHECK(world.counts().links == 1);
  CHECK(world.left.get(left, "app_id") == Value(world.only_right()));
}

TEST_CASE("stamp: an edit of a record whose create was not answered is an edit, not a first contact", "[sync]") {
  World world(stamped());
  const std::string left = world.left.insert(person("ada@example.org"));
  world.right.write_faults = {test::MemorySide::Fault::kLoseAnswer};
  world.hook(Side::kLeft, left);
  world.timers.run_posted();
  world.settle(std::chrono::milliseconds(1));
  REQUIRE(world.right.rows.size() == 1);

  world.right.edit(world.only_right(), "phone", Value("edited there"));
  world.settle(std::chrono::minutes(5));

  CHECK(world.left.get(left, "phone") == Value("edited there"));
  CHECK(world.right.get(world.only_right(), "phone") == Value("edited there"));
  CHECK(world.conflicts().empty());
}

TEST_CASE("stamp: a lost state file finds the pairs again", "[sync]") {
  World world(stamped());
  Value here = person("ada@example.org"), there = person("ada@example.org");
  here["app_id"] = Value("R-old");
  world.left.insert(here, "L-old");
  world.right.insert(there, "R-old");

  world.hook(Side::kLeft, "L-old");
  world.settle();

  CHECK(world.right.creates == 0);
  CHECK(world.counts().links == 1);
  CHECK(world.right.get("R-old", "erp_id") == Value("L-old"));
}

TEST_CASE("stamp: a duplicate made by a person does not claim the first one's counterpart", "[sync]") {
  Stamped it;
  Value copy = it.world.left.rows.at(it.left).fields;
  copy["email"] = Value("copy@example.org");

  const std::string second = it.world.left.insert(copy);
  it.world.hook(Side::kLeft, second);
  it.world.settle();

  CHECK(it.world.right.rows.size() == 2);
  CHECK(it.world.counts().links == 2);
  CHECK_FALSE(it.world.left.get(second, "app_id") == Value(it.right));
}

TEST_CASE("stamp: a link made before stamps were asked for is stamped at its next pass", "[sync]") {
  World world;
  const std::string left = world.left.insert(person("ada@example.org"));
  world.hook(Side::kLeft, left);
  world.settle();
  world.engine->put(std::make_shared<test::TableMapper>(stamped(), "v2"), {&world.left, &world.right});

  world.hook(Side::kLeft, left);
  world.settle();

  CHECK(world.right.get(world.only_right(), "erp_id") == Value(left));
  CHECK(world.left.get(left, "app_id") == Value(world.only_right()));
}
