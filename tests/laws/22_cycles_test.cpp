// Law 22, of records that name each other: a reference that cannot be written yet holds up neither the link of its record, which others
// wait for, nor what became of a create that may have left.
#include <catch2/catch.hpp>

#include "support/people.h"

using namespace tidewire;
using namespace tidewire::test;
using sync::Side;
using std::chrono::hours;
using std::chrono::minutes;

namespace {

/// Everybody may have a boss, of the same mapping; who has one needs it.
struct Bosses {
  World world;
  Bosses() : world(plan()) {}
  static sync::Plan plan() {
    sync::Plan plan = World::default_plan();
    sync::Field boss = World::field("boss");
    boss.kind = sync::Field::Kind::kReference;
    boss.reference = "people";
    plan.fields.push_back(boss);
    return plan;
  }
  static Value one(const std::string& name, const std::string& boss, const std::string& phone = "1") {
    Value fields = person(name + "@example.org", phone);
    if (!boss.empty()) fields["boss"] = Value(boss);
    return fields;
  }
  void tell(const std::string& key, const std::string& event = "upsert") { world.hook(Side::kLeft, key, event); }
  void hire(const std::string& name, const std::string& boss) {
    world.left.insert(one(name, boss), name);
    tell(name);
    world.settle();
  }
  void promote(const std::string& key, const std::string& boss) {
    world.left.edit(key, "boss", Value(boss));
    tell(key);
    world.settle();
  }
  std::string there(const std::string& name) const {
    for (const auto& [key, row] : world.right.rows) {
      if (row.fields.string_or("email") == name + "@example.org") return key;
    }
    return "";
  }
  bool level() {
    const auto counts = world.counts();
    return counts.waiting + counts.backing_off + counts.waiting_for + counts.dead + counts.open_conflicts == 0;
  }
};

}  // namespace

TEST_CASE("law 22: a renamed record that names a new one which names it back is linked under its new name at once", "[laws][22][20]") {
  const bool by_new_name = GENERATE(true, false);
  CAPTURE(by_new_name);
  Bosses it;
  it.hire("ada", "");
  const std::string ada = it.there("ada");
  it.world.settle(minutes(5));
  it.world.left.rename("ada", "ada-2");
  it.world.left.edit("ada-2", "boss", Value("bob"));
  it.world.left.edit("ada-2", "phone", Value("2"));
  it.world.left.insert(it.one("bob", "ada-2"), "bob");

  by_new_name ? it.tell("ada-2") : it.tell("ada", "delete");
  it.world.settle(std::chrono::seconds(1));
  const auto moved = known_of(it.world, Side::kLeft, "ada-2");
  REQUIRE(moved.link);
  CHECK(moved.link->key.right == ada);
  CHECK(it.world.right.get(ada, "phone") == Value("1"));  // the edit waits, as a whole
  REQUIRE(standing_of(it.world).size() == 1);
  CHECK(standing_of(it.world).front().key == "ada-2");
  CHECK(standing_of(it.world).front().state == store::KeyState::kWaitingFor);
  CHECK(operations_of(it.world).front().kind == "rename");

  it.tell("bob");
  it.world.settle(minutes(1));
  REQUIRE(it.world.right.rows.size() == 2);
  CHECK(it.world.right.get(ada, "boss") == Value(it.there("bob")));
  CHECK(it.world.right.get(it.there("bob"), "boss") == Value(ada));
  CHECK(it.world.right.get(ada, "phone") == Value("2"));
  CHECK(it.level());
}

TEST_CASE("law 22: nor does a renamed record that names itself wait for itself", "[laws][22][20]") {
  Bosses it;
  it.hire("ada", "");
  it.world.settle(minutes(5));
  it.world.left.rename("ada", "ada-2");
  it.promote("ada-2", "ada-2");

  CHECK(it.world.right.get(it.there("ada"), "boss") == Value(it.there("ada")));
  CHECK(it.level());
}

TEST_CASE("law 20: what waited or was given up under the name before is answered under the new one", "[laws][20][22]") {
  const bool given_up = GENERATE(false, true);
  CAPTURE(given_up);
  Bosses it;
  it.hire("ada", "");
  it.promote("ada", "bob");
  REQUIRE(it.world.counts().waiting_for == 1);
  if (given_up) it.world.settle(hours(25));
  it.world.left.rename("ada", "ada-2");
  it.world.left.edit("ada-2", "boss", Value());
  it.tell("ada-2");
  it.world.settle(minutes(1));

  CHECK(it.level());
  CHECK(it.world.counts().links == 1);
}

TEST_CASE("law 22: two that exist on both sides and name each other are linked, and each is told of the other", "[laws][22][19]") {
  const bool agree = GENERATE(true, false);
  CAPTURE(agree);
  Bosses it;
  it.world.left.insert(it.one("ada", "bob"), "ada");
  it.world.left.insert(it.one("bob", "ada"), "bob");
  const std::string ada = it.world.right.insert(it.one("ada", ""));
  const std::string bob = it.world.right.insert(it.one("bob", agree ? ada : ""));
  if (agree) it.world.right.edit(ada, "boss", Value(bob));

  it.tell("ada");
  it.tell("bob");
  it.world.settle(minutes(1));

  CHECK(it.world.right.get(ada, "boss") == Value(bob));
  CHECK(it.world.right.get(bob, "boss") == Value(ada));
  CHECK(it.world.right.rows.size() == 2);
  CHECK(it.world.counts().links == 2);
  CHECK(it.level());
}

TEST_CASE("law 22: one that exists on both sides and names a parent that never comes is linked, and its reference given up", "[laws][22]") {
  Bosses it;
  it.world.left.insert(it.one("ada", "nobody", "2"), "ada");
  const std::string ada = it.world.right.insert(it.one("ada", "", "2"));
  it.tell("ada");
  it.world.settle(hours(25));

  CHECK(it.world.counts().links == 1);
  CHECK(it.world.counts().dead == 1);
  CHECK(it.world.right.get(ada, "boss").is_null());
}

TEST_CASE("law 22: of two that name each other, one whose create is in doubt is looked for before it waits", "[laws][22][25][26]") {
  using Fault = MemorySide::Fault;
  const Fault fate = GENERATE(Fault::kLoseAnswer, Fault::kLate);
  CAPTURE(static_cast<int>(fate));
  Bosses it;
  it.world.right.write_faults = {fate};
  it.world.left.insert(it.one("ada", ""), "ada");
  it.tell("ada");
  it.world.settle(std::chrono::milliseconds(1));
  REQUIRE(it.world.counts().links == 0);
  it.world.left.edit("ada", "boss", Value("bob"));
  it.world.left.insert(it.one("bob", "ada"), "bob");
  it.tell("ada");
  it.tell("bob");
  it.world.settle(std::chrono::seconds(20));
  it.world.right.apply_late();
  it.world.settle(minutes(5));

  REQUIRE(it.world.right.rows.size() == 2);
  CHECK(it.world.right.creates == 2);
  CHECK(it.world.right.get(it.there("ada"), "boss") == Value(it.there("bob")));
  CHECK(it.world.right.get(it.there("bob"), "boss") == Value(it.there("ada")));
  CHECK(it.level());
}

TEST_CASE("law 22: what a lost create did not make is not made without its parent", "[laws][22][25]") {
  Bosses it;
  it.world.right.write_faults = {MemorySide::Fault::kLoseRequest};
  it.hire("ada", "");
  it.promote("ada", "bob");
  it.world.settle(minutes(5));
  CHECK(it.world.right.rows.empty());
  CHECK(it.world.counts().waiting_for == 1);

  it.hire("bob", "");
  it.world.settle(minutes(5));

  CHECK(it.world.right.creates == 2);
  CHECK(it.world.right.get(it.there("ada"), "boss") == Value(it.there("bob")));
  CHECK(it.level());
}

TEST_CASE("law 19: while a rule of match cannot be asked for its parent, no later rule is", "[laws][19][22]") {
  Bosses it;
  sync::Plan plan = Bosses::plan();
  plan.matches = {{{{"boss", "boss", false}, {"phone", "phone", false}}}, {{{"email", "email", false}}}};
  it.world.engine->put(std::make_shared<TableMapper>(plan, "v2"), {&it.world.left, &it.world.right});
  const std::string boss = it.world.right.insert(Bosses::one("bob", "", "7"));
  const std::string namesake = it.world.right.insert(Bosses::one("ann", "", "8"));
  const std::string meant = it.world.right.insert(Bosses::one("a.smith", boss, "1"));
  it.hire("ann", "bob");
  CHECK(it.world.right.rows.at(namesake).version == 2);
  it.hire("bob", "");
  it.world.left.edit("bob", "phone", Value("7"));
  it.tell("bob");
  it.world.settle(minutes(5));

  CHECK(known_of(it.world, Side::kRight, boss).link->key.left == "bob");
  REQUIRE(known_of(it.world, Side::kLeft, "ann").link);
  CHECK(known_of(it.world, Side::kLeft, "ann").link->key.right == meant);
}
