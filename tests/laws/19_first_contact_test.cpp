// Law 19: identity is by link; first contact by an ordered list.
#include <catch2/catch.hpp>

#include "support/people.h"

using namespace tidewire;
using namespace tidewire::test;
using sync::Side;
using std::chrono::minutes;

namespace {

/// First by e-mail, then by phone.
sync::Plan two_ways() {
  sync::Plan plan = World::default_plan();
  plan.matches = {{{{"email", "email", false}}}, {{{"phone", "phone", false}}}};
  return plan;
}

}  // namespace

TEST_CASE("law 19: a record that matches is adopted, merged by the strategies, and none is created", "[laws][19]") {
  World world;
  world.right.insert(Value(Object{{"email", "ada@example.org"}, {"phone", Value()}, {"note", "n"}, {"tags", "t"}}));
  world.hook(Side::kLeft, world.left.insert(person("ada@example.org", "77")));
  world.settle();

  REQUIRE(world.right.rows.size() == 1);
  CHECK(world.right.creates == 0);
  CHECK(world.right.get(world.only_right(), "phone") == Value("77"));
  CHECK(world.counts().links == 1);
}

TEST_CASE("law 19: the ways are tried in order, and the first that finds decides", "[laws][19]") {
  World world(two_ways());
  const std::string by_phone = world.right.insert(person("another@example.org", "77"));
  const std::string by_email = world.right.insert(person("ada@example.org", "1"));
  const std::string key = world.left.insert(person("ada@example.org", "77"));
  world.hook(Side::kLeft, key);
  world.settle();

  CHECK(known_of(world, Side::kLeft, key).link->key.right == by_email);
  CHECK_FALSE(known_of(world, Side::kRight, by_phone).link);
}

TEST_CASE("law 19: a value that is empty matches nobody", "[laws][19]") {
  World world;
  Value nobody = person("");
  nobody["email"] = Value();
  world.right.insert(nobody);
  world.hook(Side::kLeft, world.left.insert(nobody));
  world.settle();

  CHECK(world.right.rows.size() == 2);
}

TEST_CASE("law 19: several matches on the other side wait for a person", "[laws][19]") {
  World world;
  world.right.insert(person("ada@example.org"));
  world.right.insert(person("ada@example.org"));
  world.hook(Side::kLeft, world.left.insert(person("ada@example.org")));
  world.settle();

  CHECK(world.counts().conflict == 1);
  CHECK(world.right.rows.size() == 2);
  REQUIRE(world.conflicts().size() == 1);
  CHECK(world.conflicts().front().kind == "ambiguous");
}

TEST_CASE("law 19: several on the own side wait for a person", "[laws][19]") {
  World world;
  world.right.insert(person("ada@example.org"));
  const std::string first = world.left.insert(person("ada@example.org"));
  world.left.insert(person("ada@example.org"));
  world.hook(Side::kLeft, first);
  world.settle();

  CHECK(world.counts().conflict == 1);
  CHECK(world.counts().links == 0);
}

TEST_CASE("law 19: made unique, a match goes on by itself", "[laws][19]") {
  for (const bool gone : {true, false}) {
    for (const bool all_told : {true, false}) {
      INFO((gone ? "the surplus one is deleted" : "the surplus one is changed") << (all_told ? ", all were told of" : ""));
      World world;
      const std::string right = world.right.insert(person("ada@example.org"));
      const std::string surplus = world.right.insert(person("ada@example.org"));
      const std::string left = world.left.insert(person("ada@example.org"));
      world.hook(Side::kLeft, left);
      if (all_told) world.hook(Side::kRight, right);
      if (all_told) world.hook(Side::kRight, surplus);
      world.settle();
      REQUIRE(world.conflicts().size() == (all_told ? 3U : 1U));

      if (gone) world.right.erase(surplus);
      else world.right.edit(surplus, "email", Value("bob@example.org"));
      world.hook(Side::kRight, surplus, gone ? "delete" : "upsert");
      world.settle(minutes(3));

      CHECK(world.conflicts().empty());
      CHECK(world.counts().conflict == 0);
      REQUIRE(known_of(world, Side::kLeft, left).link);
      CHECK(known_of(world, Side::kLeft, left).link->key.right == right);
    }
  }
}

TEST_CASE("law 19: a match that several of the own side claimed goes on once all but one are gone", "[laws][19]") {
  World world;
  const std::string right = world.right.insert(person("ada@example.org"));
  const std::string left = world.left.insert(person("ada@example.org"));
  const std::string surplus = world.left.insert(person("ada@example.org"));
  world.hook(Side::kLeft, left);
  world.settle();
  REQUIRE(world.conflicts().size() == 1);
  CHECK(world.conflicts().front().shown.left == Value(surplus));

  world.left.erase(surplus);
  world.hook(Side::kLeft, surplus, "delete");
  world.settle(minutes(3));

  CHECK(world.conflicts().empty());
  REQUIRE(known_of(world, Side::kLeft, left).link);
  CHECK(known_of(world, Side::kLeft, left).link->key.right == right);
}

TEST_CASE("law 19: what nobody tells of, a retry finds", "[laws][19]") {
  for (const bool named : {true, false}) {
    World world;
    world.right.insert(person("ada@example.org"));
    const std::string surplus = world.right.insert(person("ada@example.org"));
    const std::string left = world.left.insert(person("ada@example.org"));
    world.hook(Side::kLeft, left);
    world.settle();
    REQUIRE(world.counts().conflict == 1);
    world.right.erase(surplus);
    std::int64_t retried = 0;
    world.store.retry("people", named ? std::optional(std::pair(Side::kLeft, left)) : std::nullopt, [&](Result<std::int64_t> count) { retried = count.ok() ? *count : -1; });
    world.timers.run_posted();
    world.engine->wake("people");
    world.settle(minutes(1));

    CHECK(retried == 1);
    CHECK(world.conflicts().empty());
    CHECK(world.counts().links == 1);
  }
}

TEST_CASE("law 19: a match that is linked already waits for a person", "[laws][19]") {
  Pair it;
  const std::string twin = it.world.left.insert(person("ada@example.org"));
  it.world.left.erase(it.left);  // so that it is unique on its own side, while the link stands
  it.world.hook(Side::kLeft, twin);
  it.world.settle();

  CHECK(it.world.right.rows.size() == 1);
  CHECK(it.known(Side::kRight, it.right).link->key.left == it.left);
}

TEST_CASE("law 19: the same person entered on both sides at once becomes one link", "[laws][19]") {
  World world;
  const std::string left = world.left.insert(person("ada@example.org"));
  const std::string right = world.right.insert(person("ada@example.org"));
  world.hook(Side::kLeft, left);
  world.hook(Side::kRight, right);
  world.settle(minutes(3));

  CHECK(world.left.rows.size() == 1);
  CHECK(world.right.rows.size() == 1);
  CHECK(world.counts().links == 1);
}

TEST_CASE("law 19: the same person entered on the other side while our create is on its way becomes one link", "[laws][19]") {
  World world;
  const std::string left = world.left.insert(person("ada@example.org"));
  world.right.after_find = [&] {
    const std::string right = world.right.insert(person("ada@example.org", "2"));
    world.right.write_faults = {MemorySide::Fault::kExists};  // its column is unique
    world.timers.post([&world, right] { world.hook(Side::kRight, right); });
  };
  world.hook(Side::kLeft, left);
  world.settle(minutes(3));

  CHECK(world.left.rows.size() == 1);
  CHECK(world.right.rows.size() == 1);
  CHECK(world.counts().links == 1);
  CHECK(world.left.get(left, "phone") == world.right.get(world.only_right(), "phone"));
}

TEST_CASE("law 19: two records of one match value meet one after the other: the second waits, and creates nothing", "[laws][19]") {
  World world;
  const std::string one = world.left.insert(person("ada@example.org")), two = world.left.insert(person("ada@example.org"));
  world.store.mark("people", {{Side::kLeft, one}, {Side::kLeft, two}}, [](Result<void>) {});
  world.timers.run_posted();
  world.engine->wake("people");
  world.settle(minutes(10));

  CHECK(world.right.creates <= 1);
  CHECK(world.counts().links == 1);
  CHECK(world.counts().conflict == 1);
}

TEST_CASE("law 19: the same match value in other words is the same first contact", "[laws][19]") {
  sync::Plan plan = World::default_plan();
  plan.matches = {{{{"email", "email", true}}}};  // without case
  World world(plan);
  const std::string one = world.left.insert(person("Ada@Example.org")), two = world.left.insert(person("ada@example.ORG"));
  world.store.mark("people", {{Side::kLeft, one}, {Side::kLeft, two}}, [](Result<void>) {});
  world.timers.run_posted();
  world.engine->wake("people");
  world.settle(minutes(10));

  CHECK(world.right.creates == 1);
}

TEST_CASE("law 19: of live links each key has one, by index", "[laws][19]") {
  Pair it;
  const auto rows = it.world.database->query("SELECT name FROM sqlite_master WHERE type = 'index' AND sql LIKE 'CREATE UNIQUE%' AND tbl_name IN ('links', 'intents') ORDER BY name", {});
  std::string names;
  for (const Object& row : *rows) names += row.at("name").as_string() + " ";

  CHECK(names == "intents_match intents_source links_left links_right ");
}

TEST_CASE("law 19: the found key is owned and read again before it is linked", "[laws][19]") {
  World world;
  const std::string right = world.right.insert(person("ada@example.org", "found"));
  const std::string left = world.left.insert(person("ada@example.org", "found"));
  world.right.after_find = [&] {
    world.clock.pass(std::chrono::seconds(1));
    world.right.edit(right, "phone", Value("since"));
  };
  world.hook(Side::kLeft, left);
  world.settle(minutes(3));

  CHECK(world.left.get(left, "phone") == Value("since"));
  CHECK(world.right.get(right, "phone") == Value("since"));
}

TEST_CASE("law 19: a lookup that fails creates no second record", "[laws][19]") {
  World world;
  world.right.insert(person("ada@example.org"));
  world.right.find_faults = {MemorySide::Fault::kRefuse};
  world.hook(Side::kLeft, world.left.insert(person("ada@example.org")));
  world.settle(minutes(5));

  CHECK(world.right.rows.size() == 1);
  CHECK(world.counts().links == 1);
}

TEST_CASE("law 19: once the match is unique, or the record gone, nobody is asked any more", "[laws][19]") {
  for (const bool gone : {false, true}) {
    World world;
    world.right.insert(person("ada@example.org"));
    const std::string second = world.right.insert(person("ada@example.org"));
    const std::string left = world.left.insert(person("ada@example.org"));
    world.hook(Side::kLeft, left);
    world.settle();
    REQUIRE(world.conflicts().size() == 1);
    if (gone) world.left.erase(left);
    else world.right.erase(second);
    world.hook(Side::kLeft, left, gone ? "delete" : "upsert");
    world.settle();

    CHECK(world.conflicts().empty());
    CHECK(world.counts().conflict == 0);
  }
}

TEST_CASE("law 19: a clash at first contact closes itself where the sides come to agree", "[laws][19]") {
  World world;
  Value theirs = person("ada@example.org");
  theirs["note"] = Value("another");
  const std::string right = world.right.insert(theirs);
  world.hook(Side::kLeft, world.left.insert(person("ada@example.org")));
  world.settle();
  REQUIRE(world.conflicts().size() == 1);
  world.right.edit(right, "note", Value("n"));
  world.hook(Side::kRight, right);
  world.settle();

  CHECK(world.conflicts().empty());
}

TEST_CASE("law 19: what a person told to ignore is no match", "[laws][19]") {
  World world;
  const std::string ignored = world.right.insert(person("ada@example.org", "7"));
  world.engine->mend({sync::Mending::Act::kIgnore, "people", {Side::kRight, ignored}, {}, {}, "ann"}, [](Result<store::Operation> done) { CHECK(done.ok()); });
  world.settle();
  std::string meant;
  SECTION("alone, a record of its own is made") {}
  SECTION("beside another that matches, that is the one") { meant = world.right.insert(person("ada@example.org", "1")); }
  const std::string left = world.left.insert(person("ada@example.org"));
  world.hook(Side::kLeft, left);
  world.settle(std::chrono::minutes(2));

  CHECK(world.right.rows.size() == 2);
  CHECK(world.right.get(ignored, "phone") == Value("7"));
  const auto link = known_of(world, Side::kLeft, left).link;
  REQUIRE(link);
  CHECK(link->key.right != ignored);
  if (!meant.empty()) CHECK(link->key.right == meant);
  CHECK(world.conflicts().empty());
}
