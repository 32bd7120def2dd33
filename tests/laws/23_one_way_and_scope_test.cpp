// Law 23: one-way and scope.
#include <catch2/catch.hpp>

#include "support/looking.h"
#include "support/people.h"

using namespace tidewire;
using sync::Side;
using test::Pair;
using test::World;
using Leave = sync::Plan::Leave;

namespace {

/// A pair whose left record has a status; "out" is outside the scope.
struct Scoped : Pair {
  explicit Scoped(Leave leave, sync::Plan plan = World::default_plan()) : Pair(with_scope(leave, std::move(plan))) {}
  static sync::Plan with_scope(Leave leave, sync::Plan plan) {
    plan.end.left.scope["status"] = Value(Object{{"op", "!="}, {"value", "out"}});
    plan.leave = leave;
    plan.end.right.soft_field = "archived";
    plan.end.right.soft_value = Value(true);
    return plan;
  }
  void set(const char* status) {
    world.timers.advance(std::chrono::minutes(5));
    world.left.edit(left, "status", Value(status));
    world.hook(Side::kLeft, left);
    world.settle(std::chrono::minutes(2));
  }
  void edit_left(const char* phone) {
    world.left.edit(left, "phone", Value(phone));
    world.hook(Side::kLeft, left);
    world.settle(std::chrono::minutes(2));
  }
  void edit_right(const char* phone) {
    world.right.edit(right, "phone", Value(phone));
    world.hook(Side::kRight, right);
    world.settle(std::chrono::minutes(2));
  }
};

}  // namespace

TEST_CASE("law 23: a frozen link lets nothing travel, and goes on where it was when the record is back", "[laws][23]") {
  Scoped it(Leave::kFreeze);
  it.set("out");
  it.edit_left("2");
  CHECK(it.world.right.get(it.right, "phone") == Value("1"));
  CHECK(it.known(Side::kLeft, it.left).link->state == store::LinkState::kFrozen);

  it.set("in");

  CHECK(it.world.right.get(it.right, "phone") == Value("2"));
  CHECK(it.world.right.rows.size() == 1);
}

TEST_CASE("law 23: an unlinked pair stays on both sides, makes no second record, and meets again", "[laws][23]") {
  Scoped it(Leave::kUnlink);
  it.set("out");
  CHECK_FALSE(it.known(Side::kLeft, it.left).link.has_value());
  it.edit_left("2");
  it.edit_right("3");
  CHECK(it.world.left.rows.size() == 1);
  CHECK(it.world.right.rows.size() == 1);
  CHECK(it.world.left.get(it.left, "phone") == Value("2"));
  CHECK(it.world.counts().links == 0);

  it.set("in");

  CHECK(it.world.left.rows.size() == 1);
  CHECK(it.world.right.rows.size() == 1);
  CHECK(it.world.counts().links == 1);
  CHECK(it.world.left.get(it.left, "phone") == it.world.right.get(it.right, "phone"));
}

TEST_CASE("law 23: where leaving deletes, the other record goes, and is made again when the one is back", "[laws][23]") {
  Scoped it(Leave::kDelete);
  it.set("out");
  CHECK(it.world.right.rows.empty());
  CHECK(it.world.left.rows.size() == 1);
  CHECK(it.world.ears.operations.back().kind == "delete");

  it.set("in");

  CHECK(it.world.right.rows.size() == 1);
  CHECK(it.world.counts().links == 1);
}

TEST_CASE("law 23: what was made outside the scope has not left it: its source stays, and goes once it was inside", "[laws][23]") {
  for (const Leave leave : {Leave::kDelete, Leave::kSoft, Leave::kUnlink}) {
    sync::Plan plan = Scoped::with_scope(leave, World::default_plan());
    plan.end.left.scope["status"] = Value(Object{{"op", "="}, {"value", "in"}});
    World world(plan);
    const std::string right = world.right.insert(test::person("ada@example.org"));
    world.hook(Side::kRight, right);
    world.settle(std::chrono::minutes(2));
    REQUIRE(world.left.rows.size() == 1);
    const std::string left = world.left.rows.begin()->first;
    world.hook(Side::kLeft, left);
    world.settle(std::chrono::minutes(2));

    REQUIRE(world.right.rows.size() == 1);
    CHECK(world.right.get(right, "archived") == Value());
    REQUIRE(test::known_of(world, Side::kRight, right).link);
    CHECK(test::known_of(world, Side::kRight, right).link->state == store::LinkState::kFrozen);

    for (const char* status : {"in", "out"}) {
      world.timers.advance(std::chrono::minutes(5));
      world.left.edit(left, "status", Value(status));
      world.hook(Side::kLeft, left);
      world.settle(std::chrono::minutes(2));
      if (status == std::string("in")) CHECK(test::known_of(world, Side::kRight, right).link->state == store::LinkState::kLive);
    }
    CHECK(world.right.rows.size() == (leave == Leave::kDelete ? 0U : 1U));
    CHECK(!test::known_of(world, Side::kLeft, left).link);
  }
}

TEST_CASE("law 23: leaving deletes although deletes of the mapping are ignored", "[laws][23]") {
  sync::Plan plan = World::default_plan();
  plan.end.right.deletes = sync::DeletePolicy::kIgnore;
  Scoped it(Leave::kDelete, plan);

  it.set("out");

  CHECK(it.world.right.rows.empty());
}

TEST_CASE("law 23: where leaving is soft, the other record is marked", "[laws][23]") {
  Scoped it(Leave::kSoft);

  it.set("out");

  REQUIRE(it.world.right.rows.size() == 1);
  CHECK(it.world.right.get(it.right, "archived") == Value(true));
}

TEST_CASE("law 23: a record that was edited meanwhile is not deleted; a person decides", "[laws][23]") {
  Scoped it(Leave::kDelete);
  it.world.right.edit(it.right, "phone", Value("mine"));

  it.set("out");

  CHECK(it.world.right.get(it.right, "phone") == Value("mine"));
  CHECK(it.world.counts().conflict == 1);
  REQUIRE(it.world.conflicts().size() == 1);
  const store::Conflict shown = it.world.conflicts().front();
  CHECK(shown.kind == "left_scope");
  CHECK(shown.field == "");
  CHECK(shown.link_key.right == it.right);
  REQUIRE(shown.error);
  CHECK(shown.error->string_or("message").find("left the scope of the mapping") != std::string::npos);
  it.world.hook(Side::kLeft, it.left);
  it.world.settle();
  CHECK(it.world.conflicts().front().id == shown.id);

  it.set("in");
  it.world.hook(Side::kRight, it.right);
  it.world.settle();

  CHECK(it.world.left.get(it.left, "phone") == Value("mine"));
  CHECK(it.world.counts().conflict == 0);
  CHECK(it.world.conflicts().empty());
}

TEST_CASE("law 23: what waits because its counterpart left the scope is over once it is deleted by hand", "[laws][23]") {
  Scoped it(Leave::kDelete);
  it.world.right.edit(it.right, "phone", Value("mine"));
  it.set("out");
  REQUIRE(it.world.conflicts().size() == 1);

  it.world.right.erase(it.right);
  it.world.hook(Side::kRight, it.right, "delete");
  it.world.settle(std::chrono::minutes(5));

  CHECK(it.world.conflicts().empty());
  CHECK(it.world.counts().conflict == 0);
}

TEST_CASE("law 23: a mapping that writes nothing there deletes nothing there", "[laws][23]") {
  sync::Plan plan = World::default_plan();
  plan.flow = sync::Flow::kToLeft;
  for (sync::Field& field : plan.fields) field.flow = sync::Flow::kToLeft;
  World world(Scoped::with_scope(Leave::kDelete, plan));
  const std::string right = world.right.insert(test::person("ada@example.org"));
  world.hook(Side::kRight, right);
  world.settle();
  const std::string left = world.left.rows.begin()->first;
  world.left.edit(left, "status", Value("out"));

  world.hook(Side::kLeft, left);
  world.settle(std::chrono::minutes(5));

  CHECK(world.right.rows.size() == 1);
}

TEST_CASE("law 23: a changed scope that many records leave is braked", "[laws][23]") {
  World world(Scoped::with_scope(Leave::kDelete, World::default_plan()));
  std::vector<std::string> keys;
  for (int i = 0; i < 30; ++i) {
    keys.push_back(world.left.insert(test::person("p" + std::to_string(i) + "@example.org")));
    world.hook(Side::kLeft, keys.back());
  }
  world.settle(std::chrono::minutes(5));
  for (const std::string& key : keys) {
    world.left.edit(key, "status", Value("out"));
    world.hook(Side::kLeft, key);
  }

  world.settle(std::chrono::minutes(5));

  CHECK(world.right.rows.size() == 20);
  CHECK(world.counts().held == 20);
}

namespace {

/// phone goes to the right only.
sync::Plan one_way(bool enforce = false) {
  sync::Plan plan = World::default_plan();
  plan.fields[1].flow = sync::Flow::kToRight;
  plan.enforce = enforce;
  return plan;
}

}  // namespace

TEST_CASE("law 23: an edit on the target is drift: counted, and left until the source changes that field", "[laws][23]") {
  Pair it(one_way());
  it.edit(Side::kRight, "phone", "drift");
  it.tell();
  CHECK(it.shown(Side::kLeft, "phone") == "1");
  CHECK(it.shown(Side::kRight, "phone") == "drift");
  CHECK(it.world.counts().counters["drift"] >= 1);

  it.edit(Side::kLeft, "email", "ada@new.org");
  it.tell();
  CHECK(it.shown(Side::kRight, "email") == "ada@new.org");
  CHECK(it.shown(Side::kRight, "phone") == "drift");
}

TEST_CASE("law 23: an edit on the target is one drift, however often it is told of or looked at, and no repair claims it", "[laws][23]") {
  Pair it(one_way());
  it.edit(Side::kRight, "phone", "drift");
  it.tell();
  CHECK(it.world.counts().counters["drift"] == 1);
  const std::int64_t received = it.world.counts().counters["received"];

  it.tell();
  test::run_job(it.world, "sweep");
  const store::Job job = test::run_job(it.world, "verify", Object{{"repair", true}});
  it.world.settle(std::chrono::minutes(1));

  CHECK(test::found_in(job, "drift") == 1);
  CHECK(test::found_in(job, "differing") == 0);
  CHECK(it.world.counts().counters["drift"] == 1);
  CHECK(it.world.counts().counters["received"] > received);
  CHECK(it.shown(Side::kRight, "phone") == "drift");

  it.edit(Side::kRight, "phone", "again");
  it.tell();
  CHECK(it.world.counts().counters["drift"] == 2);
}

TEST_CASE("law 23: an edit on the target is seen as drift by a sweep, too", "[laws][23]") {
  Pair it(one_way());
  it.edit(Side::kRight, "phone", "drift");

  test::run_job(it.world, "sweep");
  it.world.settle(std::chrono::minutes(1));

  CHECK(it.world.counts().counters["drift"] == 1);
}

TEST_CASE("law 23: superseded, what drifted is on record before it is overwritten", "[laws][23]") {
  Pair it(one_way());
  it.edit(Side::kRight, "phone", "drift");
  it.tell();
  std::vector<store::Operation> before;
  it.world.right.before_write = [&] { before = operations_of(it.world); };

  it.edit(Side::kLeft, "phone", "2");
  it.tell();

  CHECK(it.both_show("phone", "2"));
  const bool told = std::any_of(before.begin(), before.end(), [](const store::Operation& one) {
    const Value* field = one.record.at_path("fields.phone");
    return field != nullptr && field->string_or("right") == "drift";
  });
  CHECK(told);
}

TEST_CASE("law 23: so is what stood on the target when the record was made from it", "[laws][23][12]") {
  World world(one_way());
  const std::string right = world.right.insert(test::person("ada@example.org", "own"));
  world.hook(Side::kRight, right);
  world.settle(std::chrono::minutes(5));
  REQUIRE(world.left.rows.size() == 1);
  const std::string left = world.left.rows.begin()->first;
  std::vector<store::Operation> before;
  world.right.before_write = [&] { before = test::operations_of(world); };
  world.left.edit(left, "phone", Value("2"));
  world.hook(Side::kLeft, left);
  world.settle(std::chrono::minutes(5));

  CHECK(world.right.get(right, "phone") == Value("2"));
  const bool told = std::any_of(before.begin(), before.end(), [](const store::Operation& one) {
    const Value* field = one.record.at_path("fields.phone");
    return field != nullptr && field->string_or("right") == "own" && field->find("to_right") != nullptr;
  });
  CHECK(told);
}

TEST_CASE("law 23: enforced, what drifted is put back", "[laws][23]") {
  Pair it(one_way(true));
  it.edit(Side::kRight, "phone", "drift");
  it.tell();

  CHECK(it.both_show("phone", "1"));
  CHECK(it.decided("phone").string_or("right") == "drift");
}

TEST_CASE("law 23: a sweep goes by links: a record outside the scope is not missing", "[laws][23]") {
  Scoped it(Leave::kFreeze);
  it.set("out");
  it.world.left.hidden_from_list = it.left;  // as a filtered list shows it
  it.world.settle(std::chrono::minutes(5));

  test::run_job(it.world, "sweep");
  it.world.settle(std::chrono::minutes(5));

  CHECK(it.world.right.rows.size() == 1);
  CHECK(it.known(Side::kLeft, it.left).link->state == store::LinkState::kFrozen);
}

TEST_CASE("law 23: a value that was never said to a record that leaves is an edit: the other one is not deleted", "[laws][23]") {
  World world(Scoped::with_scope(Leave::kDelete, World::default_plan()));
  Value fields = test::person("ada@example.org");
  fields["phone"] = Value();
  const std::string left = world.left.insert(fields);
  const std::string right = world.right.insert(test::person("ada@example.org", "9"));
  world.right.edit(right, "note", Value());
  world.left.write_faults = {test::MemorySide::Fault::kLoseRequest};
  world.hook(Side::kLeft, left);
  world.settle(std::chrono::milliseconds(1));
  REQUIRE(world.right.get(right, "note") == Value("n"));  // half of the first contact is done
  world.left.edit(left, "status", Value("out"));
  world.hook(Side::kLeft, left);
  world.settle(std::chrono::minutes(5));
  CHECK(world.right.rows.size() == 1);
  CHECK(world.counts().conflict == 1);

  world.left.edit(left, "status", Value("in"));
  world.hook(Side::kLeft, left);
  world.settle(std::chrono::minutes(5));
  CHECK(world.left.get(left, "phone") == Value("9"));
  CHECK(world.counts().conflict == 0);
}

TEST_CASE("law 23: what a create may have made is frozen with a base only for what still reads as sent", "[laws][23][25]") {
  World world(Scoped::with_scope(Leave::kFreeze, World::default_plan()));
  world.right.write_faults = {test::MemorySide::Fault::kLoseRequest};
  const std::string left = world.left.insert(test::person("ada@example.org", "2"));
  world.hook(Side::kLeft, left);
  world.settle();
  REQUIRE(world.right.rows.empty());
  const std::string right = world.right.insert(test::person("ada@example.org", "9"));  // by somebody who knows nothing of it
  world.left.edit(left, "status", Value("out"));
  world.hook(Side::kLeft, left);
  world.settle(std::chrono::minutes(5));
  REQUIRE(test::known_of(world, Side::kLeft, left).link);

  world.left.edit(left, "status", Value("in"));
  world.hook(Side::kLeft, left);
  world.settle(std::chrono::minutes(5));
  CHECK(world.left.get(left, "phone") == world.right.get(right, "phone"));
  const Value* phone = world.ears.operations.back().record.at_path("fields.phone");
  REQUIRE(phone != nullptr);
  CHECK(phone->string_or("decision") == "resolve");  // the one that lost is on record
}

TEST_CASE("law 23: of a frozen link a delete does not travel either, and in the scope again the record is met anew", "[laws][23]") {
  Scoped it(Leave::kFreeze);
  it.set("out");
  it.edit_left("2");
  it.erase(Side::kRight);
  it.world.settle(std::chrono::minutes(2));

  CHECK(it.world.left.rows.size() == 1);
  CHECK(it.world.right.rows.empty());
  CHECK(it.world.counts().links == 0);

  it.set("in");
  REQUIRE(it.world.right.rows.size() == 1);
  CHECK(it.world.right.get(it.world.only_right(), "phone") == Value("2"));
}

TEST_CASE("law 23: so it is where the record outside is the one that is deleted, and where its leaving was not seen yet", "[laws][23]") {
  Scoped it(Leave::kFreeze);
  SECTION("the one outside") {
    it.set("out");
    it.erase(Side::kLeft);
    it.world.settle(std::chrono::minutes(2));
    it.edit_right("3");
    CHECK(it.world.left.rows.empty());
    CHECK(it.world.right.rows.size() == 1);
  }
  SECTION("not seen yet") {
    it.later();
    it.edit(Side::kLeft, "status", "out");
    it.erase(Side::kRight);
    it.world.settle(std::chrono::minutes(2));
    CHECK(it.world.left.rows.size() == 1);
    CHECK(it.world.right.rows.empty());
  }
}

TEST_CASE("law 23: what is put back is turned by a function that sees the source's record and its lookups", "[laws][23][8]") {
  test::Looking it;
  sync::Plan plan = test::looking(sync::Finder::Missing::kDead);
  plan.enforce = true;
  it.world.engine->put(std::make_shared<test::LookingMapper>(plan), {&it.world.left, &it.world.right}, {{"orgs", &it.orgs}, {"bosses", &it.bosses}});
  it.add("ada@example.org", "ACME");
  const std::string right = it.world.only_right();
  it.world.settle(std::chrono::minutes(2));
  REQUIRE(it.world.right.get(right, "shout") == Value("hey/Grace"));
  it.world.right.edit(right, "shout", Value("mine"));
  it.world.hook(Side::kRight, right);
  it.world.settle(std::chrono::minutes(2));

  CHECK(it.world.right.get(right, "shout") == Value("hey/Grace"));
}
