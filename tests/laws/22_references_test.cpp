// Law 22: references are said in the other side's keys, and a child waits for its parent's link only.
#include <catch2/catch.hpp>

#include "support/teams.h"

using namespace tidewire;
using namespace tidewire::test;
using sync::Side;
using std::chrono::hours;

TEST_CASE("law 22: a record waits for its parent and goes on when that is linked", "[laws][22]") {
  Teams it;
  CHECK(it.world.counts().waiting_for == 1);
  CHECK(it.world.right.rows.empty());

  it.make_team();

  REQUIRE(it.world.right.rows.size() == 1);
  CHECK(it.world.right.rows.begin()->second.fields.string_or("team_id") == it.right.rows.begin()->first);
}

namespace {

struct Named {
  const char* kind;
  const char* key;
  Value as;
};

}  // namespace

TEST_CASE("law 22: a parent is the one whose key is named, however its number or its letters are spelled", "[laws][22]") {
  const Named named = GENERATE(Named{"int", "7", Value("07")}, Named{"int", "7", Value("7.00")}, Named{"int", "7", Value(7)}, Named{"decimal", "2.5", Value("2.50")},
                               Named{"uuid", "a0eebc99-9c0b-4ef8-bb6d-6bb9bd380a11", Value("A0EEBC99-9C0B-4EF8-BB6D-6BB9BD380A11")});
  const bool optional = GENERATE(false, true);
  CAPTURE(named.kind, named.key, optional);
  Teams it(optional, named.kind, named.as);
  REQUIRE(it.world.counts().waiting_for == 1);

  it.make_team(named.key);  // wakes who waits
  Value fields = person("bob@example.org");
  fields["team"] = named.as;
  const std::string bob = it.world.left.insert(std::move(fields));
  it.world.hook(Side::kLeft, bob);  // finds it there
  it.world.settle();

  REQUIRE(it.world.right.rows.size() == 2);
  for (const auto& [key, row] : it.world.right.rows) CHECK(row.fields.string_or("team_id") == it.right.rows.begin()->first);
  for (const std::string& key : {it.child, bob}) CHECK(it.world.left.get(key, "team") == named.as);
  CHECK(it.world.counts().waiting_for == 0);
}

TEST_CASE("law 22: what is nearly its key, or a text that is no number to its system, names another one", "[laws][22]") {
  const Named named = GENERATE(Named{"int", "7", Value("7.5")}, Named{"text", "7", Value("07")}, Named{"json", "abc", Value("ABC")});
  CAPTURE(named.kind, named.key);
  Teams it(false, named.kind, named.as);

  it.make_team(named.key);

  CHECK(it.world.counts().waiting_for == 1);
  CHECK(it.world.right.rows.empty());
}

TEST_CASE("law 22: a parent that a person has linked is waited for no longer", "[laws][22]") {
  Teams it;
  it.left.insert(Value(Object{{"title", Value("Crew")}}), "T1");
  const std::string team = it.right.insert(Value(Object{{"title", Value("Crew")}}));

  it.world.engine->mend({sync::Mending::Act::kRelink, "teams", {Side::kLeft, "T1"}, sync::SideKey{Side::kRight, team}, "", "ann"}, [](Result<store::Operation> done) { CHECK(done.ok()); });
  it.world.settle();

  REQUIRE(it.world.right.rows.size() == 1);
  CHECK(it.world.right.rows.begin()->second.fields.string_or("team_id") == team);
}

TEST_CASE("law 22: nor one that a person has merged with its counterpart", "[laws][22]") {
  using Act = sync::Mending::Act;
  Teams it;
  it.left.insert(Value(Object{{"title", Value("Crew")}}), "T1");
  const std::string team = it.right.insert(Value(Object{{"title", Value("Crew")}}));
  const auto mend = [&](Act act, sync::SideKey key, std::optional<sync::SideKey> with = {}) {
    it.world.engine->mend({act, "teams", std::move(key), std::move(with), "", "ann"}, [](Result<store::Operation> done) { CHECK(done.ok()); });
    it.world.settle();
  };
  mend(Act::kIgnore, {Side::kLeft, "T1"});
  mend(Act::kIgnore, {Side::kRight, team});
  REQUIRE(it.world.right.rows.empty());

  mend(Act::kMerge, {Side::kLeft, "T1"}, sync::SideKey{Side::kRight, team});

  REQUIRE(it.world.right.rows.size() == 1);
  CHECK(it.world.right.rows.begin()->second.fields.string_or("team_id") == team);
}

TEST_CASE("law 22: nor one that is linked and was renamed to what the record names, whichever name was told of", "[laws][22][20]") {
  const bool by_new_name = GENERATE(true, false);
  CAPTURE(by_new_name);
  Teams it;
  it.make_team("T0");
  REQUIRE(it.world.counts().waiting_for == 1);

  it.left.rename("T0", "T1");
  by_new_name ? it.tell_of_team("T1") : it.tell_of_team("T0", "delete");

  REQUIRE(it.world.right.rows.size() == 1);
  CHECK(it.world.right.rows.begin()->second.fields.string_or("team_id") == it.right.rows.begin()->first);
}

TEST_CASE("law 22: nor one that was renamed before it was linked: what names it is looked at again", "[laws][22][20]") {
  const bool given_up = GENERATE(false, true);
  CAPTURE(given_up);
  Teams it;
  it.left.insert(Value(Object{{"title", Value("Crew")}}), "T1");
  if (given_up) it.world.settle(std::chrono::hours(25));
  it.left.rename("T1", "T2");
  it.world.left.rows.at(it.child).fields["team"] = Value("T2");  // with the rename, and no version tells of it
  it.tell_of_team("T1", "delete");
  it.tell_of_team("T2");

  REQUIRE(it.right.rows.size() == 1);
  CHECK(it.world.right.get(it.world.only_right(), "team_id") == Value(it.right.rows.begin()->first));
  CHECK(it.world.counts().waiting_for == 0);
  CHECK(it.world.counts().dead == 0);
}

namespace {

store::Summary::Mapping counts_of(World& world, const std::string& mapping) {
  store::Summary::Mapping out;
  world.store.summary([&](Result<store::Summary> summary) { out = summary->mappings[mapping]; });
  world.timers.run_posted();
  return out;
}

Value member(const std::string& email, const std::string& team) {
  Value fields = person(email);
  fields["team"] = Value(team);
  return fields;
}

}  // namespace

TEST_CASE("law 22: a linked parent that was renamed without a word is found by those who name it so", "[laws][22][20]") {
  const bool optional = GENERATE(false, true);
  CAPTURE(optional);
  Teams it(optional);
  it.make_team();
  it.world.settle(std::chrono::minutes(5));
  const std::string ada = it.world.only_right(), team = it.right.rows.begin()->first;
  REQUIRE(it.world.right.get(ada, "team_id") == Value(team));
  it.left.rename("T1", "T2");
  it.world.left.rows.at(it.child).fields["team"] = Value("T2");  // with the rename, and no version tells of it
  const int lists = it.left.lists;

  it.world.left.edit(it.child, "phone", Value("2"));
  it.world.hook(Side::kLeft, it.child);
  it.world.hook(Side::kLeft, it.world.left.insert(member("bob@example.org", "T2")));
  it.world.settle();

  CHECK(it.world.right.get(ada, "phone") == Value("2"));
  REQUIRE(it.world.right.rows.size() == 2);
  for (const auto& [key, row] : it.world.right.rows) CHECK(row.fields.string_or("team_id") == team);
  CHECK(it.world.counts().waiting_for == 0);
  CHECK(counts_of(it.world, "teams").links == 1);
  CHECK(it.right.rows.size() == 1);
  CHECK(it.left.lists == lists);
}

TEST_CASE("law 22: so along a chain of renamed parents, of the mapping itself too", "[laws][22][20]") {
  sync::Plan plan = World::default_plan();
  sync::Field boss = World::field("boss");
  boss.kind = sync::Field::Kind::kReference;
  boss.reference = "people";
  plan.fields.push_back(boss);
  World world(plan);
  const auto hire = [&](const char* name, const char* of) {
    Value fields = person(std::string(name) + "@example.org");
    if (*of != 0) fields["boss"] = Value(of);
    world.left.insert(std::move(fields), name);
    world.hook(Side::kLeft, name);
    world.settle();
  };
  const auto on_the_right = [&](const char* name) {
    for (const auto& [key, row] : world.right.rows) {
      if (row.fields.string_or("email") == std::string(name) + "@example.org") return key;
    }
    return std::string();
  };
  hire("ada", "");
  hire("bob", "ada");
  REQUIRE(world.right.rows.size() == 2);
  world.settle(std::chrono::minutes(5));
  world.left.rename("ada", "ada-2");
  world.left.rename("bob", "bob-2");
  world.left.rows.at("bob-2").fields["boss"] = Value("ada-2");

  hire("carl", "bob-2");

  REQUIRE(world.right.rows.size() == 3);
  CHECK(world.right.get(on_the_right("carl"), "boss") == Value(on_the_right("bob")));
  CHECK(world.right.get(on_the_right("bob"), "boss") == Value(on_the_right("ada")));
  CHECK(known_of(world, Side::kLeft, "ada-2").link);
  CHECK(known_of(world, Side::kLeft, "bob-2").link);
  CHECK(world.counts().waiting_for == 0);
  CHECK(world.counts().links == 3);
}

TEST_CASE("law 22: a parent that is not there is looked at once for each that waits for it, and stands nowhere itself", "[laws][22]") {
  Teams it;
  CHECK(it.left.reads == 1);
  for (int i = 0; i < 3; ++i) {
    it.world.left.edit(it.child, "phone", Value(std::to_string(i)));
    it.world.hook(Side::kLeft, it.child);
    it.world.settle(std::chrono::minutes(10));
  }
  CHECK(it.left.reads == 1);
  const auto teams = counts_of(it.world, "teams");
  CHECK(teams.waiting + teams.backing_off + teams.dead == 0);

  it.world.hook(Side::kLeft, it.world.left.insert(member("bob@example.org", "T1")));
  it.world.settle(std::chrono::minutes(10));

  CHECK(it.left.reads == 2);
  CHECK(it.world.counts().waiting_for == 2);
}

TEST_CASE("law 22: nor where its system refuses to show it: who waits for it is the dead letter", "[laws][22]") {
  Teams it;
  it.left.denied = make_error(Code::kDenied, "not permitted");
  it.world.hook(Side::kLeft, it.world.left.insert(member("bob@example.org", "T9")));
  it.world.settle(hours(30));

  const auto teams = counts_of(it.world, "teams");
  CHECK(teams.waiting + teams.backing_off + teams.dead == 0);
  CHECK(it.world.counts().dead == 2);
}

TEST_CASE("law 22: a parent that is new is made by its own change, once", "[laws][22][25]") {
  Teams it;
  it.left.insert(Value(Object{{"title", Value("Crew")}}), "T9");  // its webhook is on its way
  it.world.hook(Side::kLeft, it.world.left.insert(member("bob@example.org", "T9")));
  it.world.settle();
  CHECK(it.right.rows.empty());
  CHECK(it.world.counts().waiting_for == 2);

  it.tell_of_team("T9");

  CHECK(it.right.creates == 1);
  CHECK(it.right.rows.size() == 1);
  CHECK(it.world.right.rows.size() == 1);
  CHECK(it.world.counts().waiting_for == 1);
}

TEST_CASE("law 22: after a day the record is a dead letter that names the parent and how it stands", "[laws][22]") {
  Teams it;
  it.world.settle(hours(23));
  CHECK(it.world.counts().waiting_for == 1);

  it.world.settle(hours(2));

  CHECK(it.world.counts().dead == 1);
  CHECK(it.said() == "its parent teams/left/T1 is not linked after 24 hours: nothing was heard of it: it is not there, or its mapping does not take it");
  CHECK(it.world.ears.operations.back().outcome == "dead");
}

TEST_CASE("law 22: changes of the waiting record do not begin the day anew", "[laws][22]") {
  Teams it;
  for (int i = 0; i < 4; ++i) {
    it.world.settle(hours(5));
    it.world.left.edit(it.child, "phone", Value(std::to_string(i)));
    it.world.hook(Side::kLeft, it.child);
    it.world.settle();
  }
  CHECK(it.world.counts().waiting_for == 1);

  it.world.settle(hours(5));

  CHECK(it.world.counts().dead == 1);
}

TEST_CASE("law 22: another parent is waited for a day of its own", "[laws][22]") {
  Teams it;
  it.world.settle(hours(20));
  it.world.left.edit(it.child, "team", Value("T2"));
  it.world.hook(Side::kLeft, it.child);

  it.world.settle(hours(20));
  CHECK(it.world.counts().waiting_for == 1);
  it.world.settle(hours(5));

  CHECK(it.world.counts().dead == 1);
  CHECK(it.said().find("teams/left/T2") != std::string::npos);
}

TEST_CASE("law 22: a parent that is a dead letter itself is said so, with its reason", "[laws][22]") {
  Teams it;
  it.right.write_faults.assign(50, MemorySide::Fault::kRefuse);
  it.make_team();
  it.world.settle(hours(25));

  CHECK(it.world.counts().dead == 1);
  CHECK(it.said().find("it is a dead letter: ") != std::string::npos);
}

TEST_CASE("law 22: one that comes late wakes the dead letter", "[laws][22]") {
  Teams it;
  it.world.settle(hours(25));
  REQUIRE(it.world.counts().dead == 1);

  it.make_team();

  CHECK(it.world.counts().dead == 0);
  CHECK(it.world.right.rows.size() == 1);
}

TEST_CASE("law 22: an optional reference is owed and never a dead letter", "[laws][22]") {
  Teams it(true);
  CHECK(it.world.right.rows.size() == 1);

  it.world.settle(hours(60));

  CHECK(it.world.counts().dead == 0);
  CHECK(it.world.counts().waiting_for == 1);
}

TEST_CASE("law 22: a parent that is linked already is waited for by nobody", "[laws][22]") {
  Teams it;
  it.make_team();
  Value fields = person("bob@example.org");
  fields["team"] = Value("T1");

  it.world.hook(Side::kLeft, it.world.left.insert(std::move(fields)));
  it.world.settle();

  REQUIRE(it.world.right.rows.size() == 2);
  for (const auto& [key, row] : it.world.right.rows) CHECK(row.fields.string_or("team_id") == it.right.rows.begin()->first);
}

TEST_CASE("law 22: it is waited for the link only, not for what waits in the parent", "[laws][22]") {
  Teams it;
  it.make_team();
  const std::string team = it.right.rows.begin()->first;
  it.left.edit("T1", "title", Value("Hands"));
  it.right.write_faults.assign(50, MemorySide::Fault::kRefuse);
  store::Change change;
  change.connection = "erp";
  change.collection = "Team";
  change.key = "T1";
  it.world.store.put({change}, [](Result<std::int64_t>) {});
  it.world.timers.run_posted();
  it.world.engine->received();
  Value fields = person("bob@example.org");
  fields["team"] = Value("T1");

  it.world.hook(Side::kLeft, it.world.left.insert(std::move(fields)));
  it.world.settle();

  CHECK(it.world.right.rows.size() == 2);
  CHECK(it.right.get(team, "title") == Value("Crew"));
}

TEST_CASE("law 22: a record that names itself, or whose own mapping holds the parent, works", "[laws][22]") {
  sync::Plan plan = World::default_plan();
  sync::Field boss = World::field("boss");
  boss.kind = sync::Field::Kind::kReference;
  boss.reference = "people";
  boss.optional_reference = true;
  plan.fields.push_back(boss);
  World world(plan);
  Value ada = person("ada@example.org"), bob = person("bob@example.org");
  ada["boss"] = bob["boss"] = Value("L-ada");
  world.left.insert(ada, "L-ada");
  const std::string second = world.left.insert(bob, "L-bob");

  world.hook(Side::kLeft, second);
  world.hook(Side::kLeft, "L-ada");
  world.settle(std::chrono::minutes(1));

  REQUIRE(world.right.rows.size() == 2);
  std::string of_ada;
  for (const auto& [key, row] : world.right.rows) of_ada = row.fields.string_or("email") == "ada@example.org" ? key : of_ada;
  for (const auto& [key, row] : world.right.rows) CHECK(row.fields.string_or("boss") == of_ada);
  CHECK(world.counts().waiting_for == 0);
}

TEST_CASE("law 22: a value that a rule makes of both sides is said to each in its own keys", "[laws][22]") {
  Teams it;
  for (const char* team : {"T1", "T2", "T3"}) it.make_team(team);
  sync::Plan plan = Teams::with_team(false);
  sync::Field crews = World::field("crews", 5);
  crews.kind = sync::Field::Kind::kReference;
  crews.reference = "teams";
  crews.list = true;
  plan.fields.push_back(crews);
  it.world.engine->put(std::make_shared<TableMapper>(plan, "v2"), {&it.world.left, &it.world.right});
  const std::string right = it.world.only_right();
  const auto keys = [](std::initializer_list<const char*> names) {
    Array out;
    for (const char* name : names) out.push_back(Value(name));
    return Value(std::move(out));
  };
  it.world.left.edit(it.child, "crews", keys({"T1"}));
  it.world.hook(Side::kLeft, it.child);
  it.world.settle();
  REQUIRE(it.world.right.get(right, "crews") == keys({"U1"}));

  it.world.left.edit(it.child, "crews", keys({"T1", "T2"}));
  it.world.right.edit(right, "crews", keys({"U1", "U3"}));
  it.world.hook(Side::kLeft, it.child);
  it.world.settle();

  CHECK(it.world.left.get(it.child, "crews") == keys({"T1", "T2", "T3"}));
  CHECK(it.world.right.get(right, "crews") == keys({"U1", "U2", "U3"}));
}

namespace {

/// Linked to T1, then moved to T2 by the left and to U3 by the right; T4 is linked too, and named by neither.
struct Moved : Teams {
  std::string right_key;
  explicit Moved(bool optional = false, const char* strategy = "manual") : Teams(optional) {
    for (const char* team : {"T1", "T2", "T3", "T4"}) make_team(team);
    sync::Plan plan = Teams::with_team(optional);
    plan.judge = sync::JudgeAt{"http://judge.example/decide", std::chrono::seconds(10), "manual"};
    plan.fields.back().strategy = strategy;
    plan.fields.back().strategy_function.reset();
    world.engine->put(std::make_shared<TableMapper>(plan, "v2"), {&world.left, &world.right});
    world.settle(std::chrono::minutes(1));
    right_key = world.only_right();
  }
  void move() {
    world.left.edit(child, "team", Value("T2"));
    world.right.edit(right_key, "team_id", Value("U3"));
    world.hook(Side::kLeft, child);
    world.settle();
  }
  void decide(const char* team) {
    REQUIRE(world.conflicts().size() == 1);
    const store::Conflict open = world.conflicts().front();
    world.store.resolve({open.id, "value", "ann", {Value(team), std::nullopt}, open.shown_at}, [](Result<void> done) { CHECK(done.ok()); });
    world.timers.run_posted();
    world.engine->wake("people");
    world.settle();
  }
  bool both_name(const char* left_team, const char* right_team) { return world.left.get(child, "team") == Value(left_team) && world.right.get(right_key, "team_id") == Value(right_team); }
};

}  // namespace

TEST_CASE("law 22: a parent that a person names, and neither record, is said in the other side's keys", "[laws][22][13]") {
  for (const bool optional : {false, true}) {
    INFO(optional);
    Moved it(optional);
    it.move();

    it.decide("T4");

    CHECK(it.both_name("T4", "U4"));
    CHECK(it.world.conflicts().empty());
    CHECK(it.world.counts().waiting_for == 0);
  }
}

TEST_CASE("law 22: a parent that a person names before it is linked is waited for, and asks nothing of the systems", "[laws][22][13]") {
  Moved it;
  it.move();
  it.decide("T5");
  CHECK(it.world.counts().waiting_for > 0);
  const int reads = it.world.left.reads + it.world.right.reads;

  it.world.settle(std::chrono::minutes(10));
  CHECK(it.world.left.reads + it.world.right.reads == reads);
  it.make_team("T5");

  CHECK(it.both_name("T5", "U5"));
  CHECK(it.world.conflicts().empty());
}

TEST_CASE("law 22: so is one that a judge names", "[laws][22][10]") {
  Moved it(false, "webhook");
  it.world.judge.answer = Value(Object{{"value", Value("T4")}});

  it.move();

  CHECK(it.world.judge.asked.size() == 1);
  CHECK(it.both_name("T4", "U4"));
  CHECK(it.world.conflicts().empty());
}

TEST_CASE("law 22: that its parent was not there says nothing of the record itself", "[laws][22][16]") {
  Teams it;
  const auto hidden = it.world.left.rows.extract(it.child);  // a replica that is behind
  it.make_team();
  it.world.settle(std::chrono::seconds(10));
  it.world.left.rows[it.child] = hidden.mapped();
  it.world.settle(std::chrono::minutes(5));

  CHECK(it.world.right.rows.size() == 1);
}
