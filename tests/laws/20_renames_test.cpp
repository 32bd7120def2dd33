// Law 20: incarnations: a rename moves the link, a name used again is another record.
#include <algorithm>
#include <catch2/catch.hpp>

#include "store/statement.h"
#include "support/people.h"
#include "support/through.h"

using namespace tidewire;
using namespace tidewire::test;
using sync::Side;
using std::chrono::minutes;

namespace {

struct Old : Pair {
  explicit Old(sync::Plan plan = World::default_plan()) : Pair(std::move(plan)) { later(); }
  /// As kill -9 right after the commit that gives the link its new name.
  void die_once_moved(sync::Plan plan = World::default_plan()) {
    while (store::number(*world.database, "SELECT count(*) FROM links WHERE left_key = 'L-new'", 0).value() == 0) REQUIRE(world.timers.run_one());
    restart(world, std::move(plan));
  }
};

/// Finds a record whatever the case of the letters that it is asked by, as a database does whose collation ignores that; no incarnations.
struct WithoutCase final : Through {
  explicit WithoutCase(MemorySide& side) : Through(side), side_(side) { able_.incarnation = false; }
  void read(std::vector<std::string> keys, sync::Done<std::vector<sync::Record>> done) override {
    for (std::string& key : keys) {
      for (const auto& [name, row] : side_.rows) key = lower_ascii(name) == lower_ascii(key) ? name : key;
    }
    std::sort(keys.begin(), keys.end());
    keys.erase(std::unique(keys.begin(), keys.end()), keys.end());
    Through::read(std::move(keys), [done = std::move(done)](Result<std::vector<sync::Record>> found) {
      for (sync::Record& record : *found) record.incarnation.clear();
      done(std::move(found));
    });
  }

 private:
  MemorySide& side_;
};

struct Spelled : Old {
  WithoutCase folded{world.left};
  Spelled() {
    REQUIRE(world.database->exec("UPDATE links SET left_incarnation = NULL").ok());
    restart(world, World::default_plan(), {&folded, nullptr});
    later();
    world.left.rename(left, "l1");
    forget_what_was();
  }
  void check_moved() {
    CHECK(world.right.deletes == 0);
    CHECK(world.right.creates == 1);
    CHECK(world.right.rows.size() == 1);
    const auto link = known(Side::kRight, right).link;
    REQUIRE(link);
    CHECK(link->key.left == "l1");
    CHECK(world.counts().links == 1);
    CHECK(world.conflicts().empty());
  }
};

}  // namespace

TEST_CASE("law 20: a key of which only the case of letters changed is a rename, where its system finds it by both", "[laws][20]") {
  Spelled it;
  SECTION("a sweep misses the one and finds the other") {
    run_job(it.world, "sweep");
    it.world.settle(minutes(10));
    it.check_moved();
  }
  SECTION("its own side tells of the new one first") {
    it.world.left.edit("l1", "phone", Value("2"));
    it.world.hook(Side::kLeft, "l1");
    it.world.settle(minutes(1));
    it.check_moved();
    CHECK(it.shown(Side::kRight, "phone") == "2");
  }
  SECTION("it tells that the old one was deleted") {
    it.world.hook(Side::kLeft, it.left, "delete");
    it.world.settle(minutes(1));
    it.check_moved();
  }
  SECTION("the other side is edited") {
    it.edit(Side::kRight, "phone", "3");
    it.world.hook(Side::kRight, it.right);
    it.world.settle(minutes(1));
    it.check_moved();
    CHECK(it.world.left.get("l1", "phone") == Value("3"));
  }
  SECTION("a name in other letters that has no link is the one that it is linked by") {
    it.world.left.rename("l1", it.left);
    it.world.hook(Side::kLeft, "l1");
    it.world.settle(minutes(1));
    CHECK(it.world.right.rows.size() == 1);
    CHECK(it.link().key.right == it.right);
    CHECK(standing_of(it.world).empty());
  }
}

TEST_CASE("law 20: two records whose names differ by the case of letters alone are two, where their system tells them apart", "[laws][20]") {
  Old it;
  it.world.left.insert(person("bob@example.org"), "l1");
  it.world.hook(Side::kLeft, "l1");
  it.world.settle();
  REQUIRE(it.world.right.rows.size() == 2);
  it.later();
  it.erase(Side::kLeft);
  it.world.hook(Side::kLeft, "l1");
  it.world.settle(minutes(1));

  CHECK(it.world.right.rows.size() == 1);
  CHECK_FALSE(it.world.right.rows.contains(it.right));
  CHECK(it.world.left.rows.contains("l1"));
}

TEST_CASE("law 20: what waits under the name before goes on under the new one, where a revert finds the rename", "[laws][20][revert]") {
  Old it;
  const Value options(Object{{"since", format_instant(it.world.clock.now())}, {"apply", true}});
  it.edit(Side::kLeft, "phone", "2");
  it.tell();
  it.later();
  it.refuse(Side::kRight, minutes(30));
  it.edit(Side::kLeft, "note", "m");
  it.world.hook(Side::kLeft, it.left);
  it.world.settle();
  REQUIRE(it.known(Side::kLeft, it.left).dirty.size() == 1);
  it.world.right.denied.reset();
  it.world.left.rename(it.left, "L-new");  // nobody tells of it
  run_job(it.world, "revert", options);
  it.world.settle(minutes(1));

  CHECK(it.shown(Side::kRight, "phone") == "1");
  CHECK(it.known(Side::kRight, it.right).link->key.left == "L-new");
  CHECK(it.shown(Side::kRight, "note") == "m");
  CHECK(it.known(Side::kLeft, it.left).dirty.empty());
}

TEST_CASE("law 20: an unknown key with a known incarnation is a rename: the key of the link moves", "[laws][20]") {
  Pair it;
  it.world.left.rename(it.left, "L-new");
  it.world.left.edit("L-new", "phone", Value("2"));
  it.world.hook(Side::kLeft, "L-new");
  it.world.settle();

  CHECK(it.world.right.rows.size() == 1);
  CHECK(it.shown(Side::kRight, "phone") == "2");
  CHECK(it.world.counts().links == 1);
  CHECK(it.known(Side::kRight, it.right).link->key.left == "L-new");
  CHECK(it.world.ears.operations.back().kind == "rename");
}

TEST_CASE("law 20: what a person told to ignore is so under its new name too", "[laws][20]") {
  Pair it;
  it.world.engine->mend({sync::Mending::Act::kIgnore, "people", {Side::kLeft, it.left}, {}, {}, "ann"}, [](Result<store::Operation> done) { CHECK(done.ok()); });
  it.world.settle();
  it.world.left.rename(it.left, "L-new");
  it.world.left.edit("L-new", "phone", Value("2"));
  it.world.hook(Side::kLeft, "L-new");
  it.world.settle();

  CHECK(it.shown(Side::kRight, "phone") == "1");
  const auto link = it.known(Side::kLeft, "L-new").link;
  REQUIRE(link);
  CHECK(link->state == store::LinkState::kIgnored);
  CHECK(link->key.right == it.right);
}

TEST_CASE("law 20: an edit of the other side reaches what was renamed without a word, and waits for no sweep", "[laws][20]") {
  for (const auto& rest : {std::chrono::seconds(0), std::chrono::seconds(300)}) {  // seen just now, and long ago
    Pair it;
    it.later(rest);
    it.world.left.rename(it.left, "L-new");  // nobody tells of it
    const int lists = it.world.left.lists;
    it.edit(Side::kRight, "phone", "2");
    it.world.hook(Side::kRight, it.right);
    it.world.settle();

    CHECK(it.world.left.get("L-new", "phone") == Value("2"));
    CHECK(it.known(Side::kRight, it.right).link->key.left == "L-new");
    CHECK(it.world.left.lists == lists);
    CHECK(it.world.counts().backing_off == 0);
    CHECK(operations_of(it.world).front().kind == "rename");
  }
}

TEST_CASE("law 20: a pair of which one was renamed, and ignored under its new name while it could not be read, waits for a person", "[laws][20][mend]") {
  Old it;
  const auto mend = [&](sync::Mending::Act act) {
    it.world.engine->mend({act, "people", {Side::kLeft, "L-new"}, {}, {}, "ann"}, [](Result<store::Operation> done) { CHECK(done.ok()); });
    it.world.settle();
  };
  it.world.left.rename(it.left, "L-new");
  it.world.left.read_faults = {MemorySide::Fault::kRefuse};
  mend(sync::Mending::Act::kIgnore);
  it.edit(Side::kRight, "phone", "2");
  it.world.hook(Side::kRight, it.right);
  it.world.settle(minutes(2));

  CHECK(it.world.left.get("L-new", "phone") == Value("1"));
  REQUIRE(it.world.conflicts().size() == 1);
  CHECK(it.world.conflicts().front().kind == "two_links");
  const std::size_t retries = it.world.ears.retries.size();
  it.world.settle(minutes(10));
  CHECK(it.world.ears.retries.size() == retries);
  mend(sync::Mending::Act::kHeed);
  it.world.settle(minutes(1));
  CHECK(it.world.left.get("L-new", "phone") == Value("2"));
  CHECK(it.known(Side::kRight, it.right).link->key.left == "L-new");
  CHECK(it.world.conflicts().empty());
  CHECK(standing_of(it.world).empty());
}

TEST_CASE("law 20: a frozen link whose record was renamed stays frozen", "[laws][20][23]") {
  sync::Plan plan = World::default_plan();
  plan.end.right.scope["status"] = Value(Object{{"op", "!="}, {"value", "out"}});
  Pair it(plan);
  it.later();
  it.edit(Side::kRight, "status", "out");
  it.world.hook(Side::kRight, it.right);
  it.world.settle(minutes(2));
  REQUIRE(it.link().state == store::LinkState::kFrozen);
  it.world.left.rename(it.left, "L-new");
  it.world.left.edit("L-new", "phone", Value("2"));
  it.world.hook(Side::kLeft, "L-new");
  it.world.settle(minutes(2));

  CHECK(it.shown(Side::kRight, "phone") == "1");
  CHECK(it.known(Side::kLeft, "L-new").link->state == store::LinkState::kFrozen);
}

TEST_CASE("law 20: so it is where an event says that it was deleted", "[laws][20]") {
  Old it;
  it.world.left.rename(it.left, "L-new");
  it.world.hook(Side::kLeft, it.left, "delete");
  it.world.settle();
  REQUIRE(it.world.right.rows.size() == 1);
  it.edit(Side::kRight, "phone", "3");
  it.world.hook(Side::kRight, it.right);
  it.world.settle();

  CHECK(it.world.left.get("L-new", "phone") == Value("3"));
}

TEST_CASE("law 20: not found under another name, the old record is deleted and a new generation begins", "[laws][20]") {
  Old it;
  it.side(Side::kLeft).erase(it.left);
  it.world.left.insert(person("bob@example.org"), it.left);
  it.world.hook(Side::kLeft, it.left);
  it.world.settle(minutes(3));

  REQUIRE(it.world.right.rows.size() == 1);
  CHECK(it.world.right.rows.begin()->second.fields.string_or("email") == "bob@example.org");
  CHECK(it.world.right.rows.begin()->first != it.right);
  CHECK(it.link().generation == 2);
}

TEST_CASE("law 20: entered again under its old name, it meets what was edited meanwhile", "[laws][20][15]") {
  for (const Side told : {Side::kLeft, Side::kRight}) {
    Old it;
    it.world.left.erase(it.left);
    it.world.left.insert(person("ada@example.org", "2"), it.left);
    it.later(std::chrono::seconds(10));
    it.edit(Side::kRight, "phone", "edited");
    it.world.hook(told, it.key(told));
    it.world.settle(minutes(3));

    CHECK(it.world.left.rows.size() == 1);
    CHECK(it.world.right.rows.size() == 1);
    CHECK(it.both_show("phone", "edited"));
    CHECK(standing_of(it.world).empty());
    CHECK(it.world.counts().links == 1);

    it.edit(Side::kLeft, "phone", "3");
    it.world.hook(Side::kLeft, it.left);
    it.world.settle(minutes(3));
    CHECK(it.shown(Side::kRight, "phone") == "3");
  }
}

TEST_CASE("law 20: a name freed by our own delete and used again is another record", "[laws][20]") {
  Old it;
  it.erase(Side::kRight);
  it.world.settle();
  REQUIRE(it.world.left.rows.empty());
  it.world.left.insert(person("grace@example.org"), it.left);
  it.world.hook(Side::kLeft, it.left);
  it.world.settle();

  REQUIRE(it.world.right.rows.size() == 1);
  CHECK(it.world.right.get(it.world.only_right(), "email") == Value("grace@example.org"));
}

TEST_CASE("law 20: a renamed source moves its open intent: its create is not made a second time", "[laws][20]") {
  World world;
  const std::string key = world.left.insert(person("ada@example.org"));
  world.right.write_faults = {MemorySide::Fault::kLoseAnswer};
  world.hook(Side::kLeft, key);
  world.settle();
  REQUIRE(world.right.rows.size() == 1);
  const std::string made = world.only_right();
  world.left.rename(key, "L-new");
  world.hook(Side::kLeft, "L-new");
  world.hook(Side::kLeft, key, "delete");
  world.settle(minutes(10));

  REQUIRE(world.right.rows.size() == 1);
  CHECK(world.right.creates == 1);
  CHECK(world.right.deletes == 0);
  CHECK(known_of(world, Side::kRight, made).link->key.left == "L-new");
  CHECK(known_of(world, Side::kRight, made).intents.empty());
}

TEST_CASE("law 20: a reused key does not inherit an open intent", "[laws][20]") {
  World world;
  const std::string key = world.left.insert(person("ada@example.org"));
  world.right.write_faults = {MemorySide::Fault::kLoseAnswer};
  world.hook(Side::kLeft, key);
  world.settle();
  REQUIRE(world.right.rows.size() == 1);
  const std::string made = world.only_right();
  world.left.erase(key);
  world.left.insert(person("bob@example.org"), key);
  world.hook(Side::kLeft, key);
  world.settle(minutes(10));

  const auto link = known_of(world, Side::kLeft, key).link;
  REQUIRE(link);
  CHECK(link->key.right != made);
  CHECK(world.right.get(*link->key.right, "email") == Value("bob@example.org"));
}

TEST_CASE("law 20: a record found by match whose incarnation is linked is a rename", "[laws][20]") {
  Pair it;
  it.world.right.rename(it.right, "R-new");  // nobody tells of it
  const std::string twin = it.world.left.insert(person("ada@example.org"));
  it.world.left.erase(it.left);
  it.world.hook(Side::kLeft, twin);
  it.world.settle(minutes(10));

  // R-new is the record of the first link, whose left half is gone; it is not the twin's by match alone.
  CHECK(it.world.right.rows.size() <= 1);
  const auto link = it.known(Side::kRight, "R-new").link;
  if (link) CHECK(link->incarnation.right.has_value());
}

TEST_CASE("law 20: what is found by match and linked under its former name keeps its link", "[laws][20]") {
  Pair it;
  it.world.right.rename(it.right, "R-new");  // nobody tells of it
  it.world.right.edit("R-new", "email", Value("new@example.org"));
  const std::string stranger = it.world.left.insert(person("new@example.org"));
  it.world.hook(Side::kLeft, stranger);
  it.world.settle(minutes(10));

  REQUIRE(it.known(Side::kLeft, it.left).link);
  CHECK(it.known(Side::kLeft, it.left).link->key.right == "R-new");
  CHECK(it.world.left.get(it.left, "email") == Value("new@example.org"));
  CHECK_FALSE(it.known(Side::kLeft, stranger).link);
  REQUIRE(it.world.conflicts().size() == 1);
  CHECK(it.world.conflicts().front().kind == "ambiguous");
}

TEST_CASE("law 20: a new name that another link still holds is taken once that has ended, and nothing is written before", "[laws][20]") {
  Old it;
  const std::string bob = it.world.left.insert(person("bob@example.org"));
  it.world.hook(Side::kLeft, bob);
  it.world.settle(minutes(3));
  const std::string name = *it.known(Side::kLeft, bob).link->key.right;
  it.world.right.erase(name);
  it.world.right.rename(it.right, name);  // nobody tells of either
  it.edit(Side::kLeft, "phone", "77");
  it.world.hook(Side::kLeft, it.left);
  it.world.settle(minutes(10));

  REQUIRE(it.known(Side::kLeft, it.left).link);
  CHECK(it.known(Side::kLeft, it.left).link->key.right == name);
  CHECK(it.world.right.get(name, "phone") == Value("77"));
  CHECK(it.world.right.get(name, "email") == Value("ada@example.org"));
}

TEST_CASE("law 20: a changed natural key moves nothing: the link holds", "[laws][20]") {
  Pair it;
  it.edit(Side::kLeft, "email", "ada@another.org");
  it.tell();

  CHECK(it.both_show("email", "ada@another.org"));
  CHECK(it.world.right.rows.size() == 1);
  CHECK(it.world.right.creates == 1);
}

TEST_CASE("law 20: a known key that is missing is first searched by its own incarnation", "[laws][20]") {
  Old it;
  it.world.left.rename(it.left, "L-new");
  it.world.hook(Side::kLeft, it.left);
  it.world.settle(minutes(3));

  CHECK(it.known(Side::kRight, it.right).link->key.left == "L-new");
  CHECK(it.world.right.rows.size() == 1);
}

TEST_CASE("law 20: a known key with another incarnation: the old record under another name moves its link", "[laws][20]") {
  Old it;
  it.world.left.rename(it.left, "L-new");
  it.world.left.insert(person("bob@example.org"), it.left);  // the name is used again at once
  it.world.hook(Side::kLeft, it.left);
  it.world.settle(minutes(3));

  CHECK(it.known(Side::kRight, it.right).link->key.left == "L-new");
  REQUIRE(it.world.right.rows.size() == 2);
  CHECK(it.world.right.get(it.right, "email") == Value("ada@example.org"));
}

TEST_CASE("law 20: both names used again, what stands under the one is no edit against the delete of the other", "[laws][20]") {
  Old it;
  it.world.left.erase(it.left);
  it.world.left.insert(person("bob@example.org"), it.left);
  it.world.right.erase(it.right);
  it.world.right.insert(person("eve@example.org"), it.right);
  it.world.hook(Side::kLeft, it.left);
  it.world.hook(Side::kRight, it.right);
  it.world.settle(minutes(5));

  CHECK(it.world.left.rows.size() == 2);
  CHECK(it.world.right.rows.size() == 2);
  for (const store::Operation& one : it.world.ears.operations) CHECK(one.kind != "restore");
}

TEST_CASE("law 20: a rename that nothing else came with is on record", "[laws][20]") {
  Old it;
  it.world.left.rename(it.left, "L-new");
  it.world.hook(Side::kLeft, "L-new");
  it.world.settle(minutes(3));

  CHECK(it.known(Side::kLeft, "L-new").link->id == it.known(Side::kRight, it.right).link->id);
  CHECK(operations_of(it.world).front().kind == "rename");
  CHECK(it.new_writes() == 0);
}

TEST_CASE("law 20: a rename goes on with what was announced under the former name", "[laws][20][26]") {
  Old it;
  it.world.right.write_faults = {MemorySide::Fault::kLoseAnswer};
  it.world.right.read_faults = {MemorySide::Fault::kNone, MemorySide::Fault::kRefuse};
  it.edit(Side::kLeft, "tags", "a");
  it.edit(Side::kRight, "tags", "b");  // a computed value: the right gets it, and nobody knows
  it.tell(std::chrono::milliseconds(1));
  REQUIRE(it.shown(Side::kRight, "tags") == "a+b");
  REQUIRE(it.known(Side::kLeft, it.left).intents.size() >= 1);
  it.world.left.rename(it.left, "L-new");
  it.world.hook(Side::kLeft, "L-new");
  it.world.settle(minutes(10));

  CHECK(it.world.left.get("L-new", "tags") == Value("a+b"));
  CHECK(it.shown(Side::kRight, "tags") == "a+b");
  CHECK(it.known(Side::kLeft, "L-new").intents.empty());
}

TEST_CASE("law 20: a record that gets another name between the read and its delete is deleted under that one", "[laws][20][15]") {
  Old it;
  it.world.left.erase(it.left);
  it.world.right.after_read = [&] { it.world.right.rename(it.right, "R-new"); };
  it.world.hook(Side::kLeft, it.left, "delete");
  it.world.settle(minutes(5));
  it.world.hook(Side::kRight, "R-new");
  it.world.settle(minutes(5));

  CHECK(it.world.right.rows.empty());
  CHECK(it.world.left.rows.empty());
}

TEST_CASE("law 20: what was told of a renamed record, or given up, is answered though the process dies once its link has moved", "[laws][20][26]") {
  const bool told = GENERATE(true, false);  // of the new name
  CAPTURE(told);
  sync::Plan plan = World::default_plan();
  plan.max_attempts = 1;
  Old it(plan);
  it.edit(Side::kLeft, "phone", "2");
  it.world.right.write_faults = {MemorySide::Fault::kLoseAnswer};
  it.world.right.read_faults = {MemorySide::Fault::kRefuse};
  it.world.hook(Side::kLeft, it.left);
  it.world.settle();
  REQUIRE(standing_of(it.world, store::KeyState::kDead).size() == 1);
  it.world.left.rename(it.left, "L-new");
  it.world.left.edit("L-new", "note", Value("m"));
  it.world.hook(Side::kLeft, told ? "L-new" : it.left);
  it.die_once_moved(plan);
  it.world.settle(minutes(10));

  CHECK(it.shown(Side::kRight, "note") == "m");
  CHECK(it.known(Side::kLeft, "L-new").link->base.at("phone").right == Value("2"));
  CHECK(standing_of(it.world).empty());
}
