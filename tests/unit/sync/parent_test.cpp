#include <catch2/catch.hpp>

#include "support/people.h"

using namespace tidewire;
using sync::Side;
using test::World;
using std::chrono::hours;

namespace {

/// People who belong to teams of another mapping.
struct Teams {
  World world;
  test::MemorySide left{world.timers, world.clock, "T"}, right{world.timers, world.clock, "U"};
  std::string child;
  explicit Teams(bool optional = false) : world(with_team(optional)) {
    sync::Plan plan = World::default_plan();
    plan.name = "teams";
    plan.end.left.collection = "Team";
    plan.end.right.collection = "teams";
    plan.matches.clear();
    plan.fields = {World::field("title")};
    world.engine->put(std::make_shared<test::TableMapper>(plan), {&left, &right});
    Value fields = test::person("ada@example.org");
    fields["team"] = Value("T1");
    child = world.left.insert(std::move(fields));
    world.hook(Side::kLeft, child);
    world.settle();
  }
  static sync::Plan with_team(bool optional) {
    sync::Plan plan = World::default_plan();
    sync::Field team = World::field("team");
    team.paths = {{"team"}, {"team_id"}};
    team.kind = sync::Field::Kind::kReference;
    team.reference = "teams";
    team.optional_reference = optional;
    plan.fields.push_back(team);
    return plan;
  }
  ~Teams() {
    world.engine->remove("teams");
    world.settle();
  }
  std::string make_team() {
    const std::string key = left.insert(Value(Object{{"title", Value("Crew")}}), "T1");
    store::Change change;
    change.connection = "erp";
    change.collection = "Team";
    change.key = key;
    world.store.put({change}, [](Result<std::int64_t>) {});
    world.timers.run_posted();
    world.engine->received();
    world.settle();
    return key;
  }
  std::string said() {
    std::string text;
    world.store.standing("people", std::nullopt, {}, [&](Result<store::Paged<store::DirtyKey>> rows) {
      if (rows.ok() && !rows->rows.empty() && rows->rows.front().error) text = rows->rows.front().error->string_or("message");
    });
    world.timers.run_posted();
    return text;
  }
};

}  // namespace

TEST_CASE("parent: a record waits for its parent and goes on when that is linked", "[sync][parent]") {
  Teams it;
  CHECK(it.world.counts().waiting_for == 1);
  CHECK(it.world.right.rows.empty());

  it.make_team();

  REQUIRE(it.world.right.rows.size() == 1);
  CHECK(it.world.right.rows.begin()->second.fields.string_or("team_id") == it.right.rows.begin()->first);
}

TEST_CASE("parent: after a day the record is a dead letter that names the parent and how it stands", "[sync][parent]") {
  Teams it;
  it.world.settle(hours(23));
  CHECK(it.world.counts().waiting_for == 1);

  it.world.settle(hours(2));

  CHECK(it.world.counts().dead == 1);
  CHECK(it.said() == "its parent teams/left/T1 is not linked after 24 hours: nothing was heard of it: it is not there, or its mapping does not take it");
  CHECK(it.world.ears.operations.back().outcome == "dead");
}

TEST_CASE("parent: changes of the waiting record do not begin the day anew", "[sync][parent]") {
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

TEST_CASE("parent: another parent is waited for a day of its own", "[sync][parent]") {
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

TEST_CASE("parent: a parent that is a dead letter itself is said so, with its reason", "[sync][parent]") {
  Teams it;
  it.right.write_faults.assign(50, test::MemorySide::Fault::kRefuse);
  it.make_team();
  it.world.settle(hours(25));

  CHECK(it.world.counts().dead == 1);
  CHECK(it.said().find("it is a dead letter: ") != std::string::npos);
}

TEST_CASE("parent: one that comes late wakes the dead letter", "[sync][parent]") {
  Teams it;
  it.world.settle(hours(25));
  REQUIRE(it.world.counts().dead == 1);

  it.make_team();

  CHECK(it.world.counts().dead == 0);
  CHECK(it.world.right.rows.size() == 1);
}

TEST_CASE("parent: an optional reference is owed and never a dead letter", "[sync][parent]") {
  Teams it(true);
  CHECK(it.world.right.rows.size() == 1);

  it.world.settle(hours(60));

  CHECK(it.world.counts().dead == 0);
  CHECK(it.world.counts().waiting_for == 1);
}
