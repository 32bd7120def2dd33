// Law 21: adoption: both sides are filled already.
#include <catch2/catch.hpp>

#include "base/json.h"
#include "support/teams.h"

using namespace tidewire;
using namespace tidewire::test;
using sync::Side;
using std::chrono::minutes;

namespace {

/// Categories, each below another one; two of one name are the same thing where they are below the same one.
struct Tree {
  World world;

  explicit Tree(bool optional = false) : world(plan(optional)) {}
  static sync::Plan plan(bool optional) {
    sync::Plan plan = World::default_plan();
    sync::Field parent = World::field("parent");
    parent.paths = {{"parent"}, {"parent_id"}};
    parent.kind = sync::Field::Kind::kReference;
    parent.reference = "people";
    parent.optional_reference = optional;
    sync::Field name = World::field("email");
    plan.fields = {name, World::field("phone"), parent};
    plan.matches = {{{{"email", "email", false}, {"parent", "parent_id", false}}}};
    return plan;
  }
  void put(Side side, const std::string& key, const std::string& name, const std::string& parent, const std::string& phone = "1") {
    Value fields(Object{{"email", Value(name)}, {"phone", Value(phone)}});
    fields[side == Side::kLeft ? "parent" : "parent_id"] = parent.empty() ? Value() : Value(parent);
    (side == Side::kLeft ? world.left : world.right).insert(std::move(fields), key);
  }
  /// The same tree on both sides, under keys that list children before their parents.
  void fill() {
    put(Side::kLeft, "L9", "all", "");
    put(Side::kRight, "R9", "all", "");
    put(Side::kLeft, "L5", "goods", "L9");
    put(Side::kRight, "R5", "goods", "R9");
    put(Side::kLeft, "L1", "other", "L5");
    put(Side::kRight, "R1", "other", "R5");
    put(Side::kLeft, "L2", "other", "L9");
    put(Side::kRight, "R2", "other", "R9", "2");
  }
};

}  // namespace

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

TEST_CASE("law 21: adoption tells field by field what the rules would make of how many records", "[laws][21]") {
  World world;
  for (const char* email : {"a@example.org", "b@example.org", "c@example.org"}) {
    world.left.insert(person(email, "1"));
    world.right.insert(person(email, email[0] == 'c' ? "1" : "2"));
  }
  world.left.insert(person("left@example.org"));

  const store::Job job = run_job(world, "adopt");

  const Value* rules = job.summary.find("rules");
  REQUIRE(rules != nullptr);
  REQUIRE(rules->as_object().size() == 1);
  const Object& of_phone = rules->find("phone")->as_object();
  REQUIRE(of_phone.size() == 1);
  CHECK(of_phone.begin()->second == Value(2));
}

TEST_CASE("law 21: what a pair that was deleted has left is no record of one side", "[laws][21]") {
  const bool soft = GENERATE(true, false);
  CAPTURE(soft);
  sync::Plan plan = World::default_plan();
  plan.end.right.deletes = soft ? sync::DeletePolicy::kSoft : sync::DeletePolicy::kIgnore;
  plan.end.right.soft_field = "archived";
  plan.end.right.soft_value = Value(true);
  Pair it(plan);
  it.later();
  it.erase(Side::kLeft);
  it.world.settle();
  REQUIRE(it.world.right.rows.size() == 1);
  it.world.right.insert(person("right@example.org"));

  const char* kind = soft ? "soft_deleted" : "ignored_delete";
  const store::Job adopted = run_job(it.world, "adopt");
  CHECK(found_in(adopted, "right_only") == 1);
  CHECK(found_in(adopted, kind) == 1);
  const store::Job verified = run_job(it.world, "verify");
  CHECK(found_in(verified, "right_only") == 1);
  CHECK(found_in(verified, kind) == 1);
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

TEST_CASE("law 21: nor in the moment of a start in which nobody knows yet that it is held", "[laws][21]") {
  World world;
  world.engine->hold("people", "adoption", [](Result<void> done) { CHECK(done.ok()); });
  world.timers.run_posted();
  world.hook(Side::kLeft, world.left.insert(person("ada@example.org")));
  world.settle();
  begin_anew(world);
  world.engine->pause("people", false);  // as its file says
  world.settle();
  CHECK(world.writes() == 0);

  world.engine->start(false);
  world.settle();
  CHECK(world.writes() == 0);
}

TEST_CASE("law 21: an engine that is not started, as under a command that looks, writes nothing of what waits", "[laws][21]") {
  World world;
  world.engine->pause("people", true);
  world.hook(Side::kLeft, world.left.insert(person("ada@example.org")));
  world.settle();
  begin_anew(world);
  bool known = false;
  world.engine->know([&] { known = true; });
  world.engine->pause("people", false);
  world.engine->wake("people");
  world.settle(minutes(5));
  CHECK(known);
  CHECK(world.writes() == 0);
  CHECK(world.counts().waiting == 1);

  world.engine->start(false);
  world.settle();
  CHECK(world.right.rows.size() == 1);
}

TEST_CASE("law 21: what holds a mapping is known before it begins, and is said to who asks", "[laws][21]") {
  World world;
  world.engine->hold("people", "adoption", [](Result<void> done) { CHECK(done.ok()); });
  world.timers.run_posted();
  begin_anew(world);
  world.engine->know([] {});
  world.timers.run_posted();

  CHECK(world.engine->status().at("people").held.value_or("") == "adoption");
}

TEST_CASE("law 21: keys that back off are tried at once when a hold ends", "[laws][21]") {
  Pair it;
  it.refuse(Side::kRight, std::chrono::hours(1));
  it.edit(Side::kLeft, "phone", "2");
  it.tell();
  it.world.right.denied.reset();
  REQUIRE(it.world.counts().backing_off > 0);
  it.world.engine->hold("people", "adoption", [](Result<void>) {});
  it.world.settle();

  it.world.engine->hold("people", std::nullopt, [](Result<void>) {});
  it.world.settle();
  CHECK(it.both_show("phone", "2"));
}

namespace {

/// Of twelve pairs, the right ones all of one moment.
store::Job adopted_after_an_import(const sync::Plan& plan) {
  World world(plan);
  for (int i = 0; i < 12; ++i) {
    world.left.insert(person("p" + std::to_string(i) + "@example.org"));
    world.timers.advance(minutes(5));
  }
  for (int i = 0; i < 12; ++i) world.right.insert(person("p" + std::to_string(i) + "@example.org"));
  return run_job(world, "adopt");
}

}  // namespace

TEST_CASE("law 21: the report says nothing of times where both sides may not edit, or another rule decides", "[laws][21]") {
  sync::Plan plan = World::default_plan();
  plan.flow = sync::Flow::kToRight;
  CHECK(adopted_after_an_import(plan).summary.at_path("at_once") == nullptr);
  plan = World::default_plan();
  for (sync::Field& field : plan.fields) field.flow = sync::Flow::kToRight;
  CHECK(adopted_after_an_import(plan).summary.at_path("at_once") == nullptr);
}

TEST_CASE("law 21: the report says where all times of a side are of one moment, so that newest would decide by an import", "[laws][21]") {
  const store::Job job = adopted_after_an_import(World::default_plan());
  REQUIRE(job.summary.at_path("at_once.right") != nullptr);
  CHECK(job.summary.at_path("at_once.right")->int_or("records", 0) == 12);
  CHECK(job.summary.at_path("at_once.left") == nullptr);
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
  CHECK_FALSE(world.conflicts().front().base.left);
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

TEST_CASE("law 21: adoption tells of a tree what is the same, though nothing of it is linked yet", "[laws][21][22]") {
  Tree it;
  it.fill();
  it.put(Side::kLeft, "L0", "mine", "L1");
  it.put(Side::kRight, "R0", "yours", "R5");

  const store::Job job = run_job(it.world, "adopt");

  CHECK(found_in(job, "exact") == 3);
  CHECK(found_in(job, "differing") == 1);  // the phone of an "other"
  CHECK(found_in(job, "left_only") == 1);
  CHECK(found_in(job, "right_only") == 1);
  CHECK(found_in(job, "stopped") == 0);
  CHECK(found_in(job, "ambiguous") == 0);
  CHECK(it.world.writes() == 0);
  CHECK(it.world.counts().links == 0);
}

TEST_CASE("law 21: a record of a tree whose parent is nowhere is told as stopped", "[laws][21][22]") {
  Tree it;
  it.put(Side::kLeft, "L1", "lost", "L77");
  const store::Job job = run_job(it.world, "adopt");

  CHECK(found_in(job, "stopped") == 1);
  CHECK(found_in(job, "left_only") == 0);
}

TEST_CASE("law 21: both sides of a tree are linked from the top, and nothing is made twice", "[laws][21][22]") {
  for (const bool optional : {false, true}) {
    Tree it(optional);
    it.fill();
    run_job(it.world, "initial_load");
    it.world.settle(minutes(5));

    INFO("optional " << optional);
    CHECK(it.world.left.rows.size() == 4);
    CHECK(it.world.right.rows.size() == 4);
    CHECK(it.world.counts().links == 4);
    CHECK(it.world.counts().waiting_for == 0);
    CHECK(it.world.conflicts().empty());
    CHECK(known_of(it.world, Side::kLeft, "L1").link->key.right == "R1");
    CHECK(known_of(it.world, Side::kLeft, "L2").link->key.right == "R2");
  }
}

namespace {

/// People of both sides whose teams are not linked yet: ada is on both, bob on the left and eve on the right alone.
struct Strangers : Teams {
  Strangers() {
    const auto of_team = [](const char* email, const char* field, const char* team) {
      Value fields = person(email);
      fields[field] = Value(team);
      return fields;
    };
    world.right.insert(of_team("ada@example.org", "team_id", "U9"), "R1");
    world.left.insert(of_team("bob@example.org", "team", "T1"), "L8");
    world.right.insert(of_team("eve@example.org", "team_id", "U9"), "R8");
  }
  std::vector<store::Finding> told(const store::Job& job) { return findings_of(world, job.id); }
};

std::string parents_in(const store::Finding& finding) {
  const Value* after = finding.record.find("after");
  return after == nullptr ? "" : json::dump(*after);
}

}  // namespace

TEST_CASE("law 21: who names a parent of another mapping that is not linked yet is told once, with the parent", "[laws][21][22]") {
  Strangers it;

  const store::Job job = run_job(it.world, "adopt");

  CHECK(found_in(job, "exact") == 1);
  CHECK(found_in(job, "left_only") == 1);
  CHECK(found_in(job, "right_only") == 1);
  CHECK(found_in(job, "stopped") == 0);
  CHECK(found_in(job, "after_parents") == 3);
  REQUIRE(job.summary.at_path("rules.team") != nullptr);
  CHECK(json::dump(*job.summary.at_path("rules.team")) == R"({"owed: teams is not linked yet":1})");
  const auto told = it.told(job);
  REQUIRE(told.size() == 3);
  for (const store::Finding& one : told) {
    INFO(one.kind);
    if (one.kind == "exact") CHECK((one.key.left == it.child && one.key.right == "R1"));
    CHECK(parents_in(one).find(one.kind == "right_only" ? "teams/right/U9" : "teams/left/T1") != std::string::npos);
  }
  CHECK(it.world.writes() == 0);
}

TEST_CASE("law 21: a dry run tells what is done once the parents are linked", "[laws][21][22]") {
  Strangers it;

  const store::Job job = run_job(it.world, "dry_run");

  CHECK(found_in(job, "creates") == 2);
  CHECK(found_in(job, "links") == 1);
  CHECK(found_in(job, "stopped") == 0);
  CHECK(found_in(job, "after_parents") == 3);
  CHECK(it.world.writes() == 0);
  CHECK(it.world.counts().waiting_for == 1);  // the one that a webhook told of
}

TEST_CASE("law 21: an optional reference makes nobody wait, and a dry run says so", "[laws][21][22]") {
  World world(Teams::with_team(true));
  Value fields = person("ada@example.org");
  fields["team"] = Value("T1");
  world.left.insert(std::move(fields));

  const store::Job job = run_job(world, "dry_run");

  CHECK(found_in(job, "creates") == 1);
  CHECK(found_in(job, "after_parents") == 0);
}

TEST_CASE("law 21: whom only the parent tells from others is told as stopped until that is linked", "[laws][21][22]") {
  Strangers it;
  sync::Plan plan = Teams::with_team(false);
  plan.matches = {{{{"email", "email", false}, {"team", "team_id", false}}}};
  it.world.engine->put(std::make_shared<TableMapper>(plan, "v2"), {&it.world.left, &it.world.right});

  const store::Job job = run_job(it.world, "dry_run");

  CHECK(found_in(job, "creates") == 0);
  CHECK(found_in(job, "stopped") == 4);
}
