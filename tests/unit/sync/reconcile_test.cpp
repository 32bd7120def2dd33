#include <catch2/catch.hpp>

#include "support/sync_world.h"

using namespace tidewire;
using sync::Side;
using test::World;

namespace {

Value person(const std::string& email, const std::string& phone = "1") { return Value(Object{{"email", Value(email)}, {"phone", Value(phone)}, {"note", Value("n")}, {"tags", Value("t")}}); }

/// A world with one linked pair at rest.
struct Linked {
  World world;
  std::string left, right;
  int writes_before = 0;
  explicit Linked(sync::Plan plan = World::default_plan()) : world(std::move(plan)) {
    left = world.left.insert(person("ada@example.org"));
    world.hook(Side::kLeft, left);
    world.settle();
    right = world.only_right();
    writes_before = world.writes();
    world.ears.operations.clear();
    world.ears.echoes = 0;
  }
  int new_writes() const { return world.writes() - writes_before; }
};

}  // namespace

TEST_CASE("reconcile: a new record is created on the other side, once", "[sync]") {
  World world;
  const std::string key = world.left.insert(person("ada@example.org"));

  world.hook(Side::kLeft, key);
  world.hook(Side::kLeft, key);
  world.settle();

  REQUIRE(world.right.rows.size() == 1);
  CHECK(world.right.get(world.only_right(), "email") == Value("ada@example.org"));
  CHECK(world.right.creates == 1);
  CHECK(world.counts().links == 1);
}

TEST_CASE("reconcile: the echo of our own create links nothing new and writes nothing", "[sync]") {
  Linked it;

  it.world.hook(Side::kRight, it.right);
  it.world.hook(Side::kLeft, it.left);
  it.world.settle();

  CHECK(it.new_writes() == 0);
  CHECK(it.world.left.rows.size() == 1);
  CHECK(it.world.ears.operations.empty());
  CHECK(it.world.ears.echoes >= 1);
}

TEST_CASE("reconcile: a change travels with one write and no read of the target", "[sync]") {
  Linked it;
  const int reads = it.world.right.reads;
  it.world.left.edit(it.left, "phone", Value("2"));

  it.world.hook(Side::kLeft, it.left);
  it.world.settle();

  CHECK(it.world.right.get(it.right, "phone") == Value("2"));
  CHECK(it.new_writes() == 1);
  CHECK(it.world.right.reads == reads);
}

TEST_CASE("reconcile: different fields edited on both sides both survive", "[sync]") {
  Linked it;
  it.world.left.edit(it.left, "phone", Value("2"));
  it.world.right.edit(it.right, "email", Value("ada@new.org"));

  it.world.hook(Side::kLeft, it.left);
  it.world.hook(Side::kRight, it.right);
  it.world.settle();

  for (auto* side : {&it.world.left, &it.world.right}) {
    const std::string& key = side == &it.world.left ? it.left : it.right;
    CHECK(side->get(key, "phone") == Value("2"));
    CHECK(side->get(key, "email") == Value("ada@new.org"));
  }
  CHECK(it.new_writes() == 2);
  REQUIRE(it.world.ears.operations.size() == 1);
  CHECK(it.world.ears.operations.front().outcome == "merged");
}

TEST_CASE("reconcile: an edit at the last moment is seen by the guard and merged", "[sync]") {
  Linked it;
  it.world.left.edit(it.left, "phone", Value("2"));
  it.world.right.before_write = [&] { it.world.right.edit(it.right, "email", Value("late@new.org")); };

  it.world.hook(Side::kLeft, it.left);
  it.world.settle();

  CHECK(it.world.right.stale == 1);
  CHECK(it.world.right.get(it.right, "phone") == Value("2"));
  CHECK(it.world.right.get(it.right, "email") == Value("late@new.org"));
  CHECK(it.world.left.get(it.left, "email") == Value("late@new.org"));
}

TEST_CASE("reconcile: newest wins a clash and the loser is on record before the write", "[sync]") {
  Linked it;
  it.world.left.edit(it.left, "phone", Value("left"));
  it.world.timers.advance(std::chrono::minutes(5));
  it.world.right.edit(it.right, "phone", Value("right"));

  it.world.hook(Side::kLeft, it.left);
  it.world.hook(Side::kRight, it.right);
  it.world.settle();

  CHECK(it.world.left.get(it.left, "phone") == Value("right"));
  CHECK(it.world.right.get(it.right, "phone") == Value("right"));
  REQUIRE(it.world.ears.operations.size() == 1);
  const Value& field = *it.world.ears.operations.front().record.at_path("fields.phone");
  CHECK(field.string_or("left") == "left");
  CHECK(field.string_or("rule").find("right is 5") != std::string::npos);
}

TEST_CASE("reconcile: a computed value reaches both sides", "[sync]") {
  Linked it;
  it.world.left.edit(it.left, "tags", Value("a"));
  it.world.right.edit(it.right, "tags", Value("b"));

  it.world.hook(Side::kLeft, it.left);
  it.world.hook(Side::kRight, it.right);
  it.world.settle();

  CHECK(it.world.left.get(it.left, "tags") == Value("a+b"));
  CHECK(it.world.right.get(it.right, "tags") == Value("a+b"));
}

TEST_CASE("reconcile: a manual conflict holds its field, the others travel, and resolving reaches both", "[sync]") {
  Linked it;
  it.world.left.edit(it.left, "note", Value("mine"));
  it.world.left.edit(it.left, "phone", Value("2"));
  it.world.right.edit(it.right, "note", Value("yours"));

  it.world.hook(Side::kLeft, it.left);
  it.world.hook(Side::kRight, it.right);
  it.world.settle();

  CHECK(it.world.right.get(it.right, "phone") == Value("2"));
  CHECK(it.world.right.get(it.right, "note") == Value("yours"));
  const auto open = it.world.conflicts();
  REQUIRE(open.size() == 1);
  CHECK(open.front().field == "note");

  it.world.store.resolve({open.front().id, "left", "ann", {}, {}, {}}, [](Result<void> done) { CHECK(done.ok()); });
  it.world.timers.run_posted();
  it.world.engine->wake("people");
  it.world.settle();

  CHECK(it.world.right.get(it.right, "note") == Value("mine"));
  CHECK(it.world.conflicts().empty());
}

TEST_CASE("reconcile: a conflict whose sides come to agree closes itself", "[sync]") {
  Linked it;
  it.world.left.edit(it.left, "note", Value("mine"));
  it.world.right.edit(it.right, "note", Value("yours"));
  it.world.hook(Side::kLeft, it.left);
  it.world.hook(Side::kRight, it.right);
  it.world.settle();
  REQUIRE(it.world.conflicts().size() == 1);

  it.world.right.edit(it.right, "note", Value("mine"));
  it.world.hook(Side::kRight, it.right);
  it.world.settle();

  CHECK(it.world.conflicts().empty());
}

TEST_CASE("reconcile: a delete travels; deleting what is gone is success; nothing comes back", "[sync]") {
  Linked it;
  it.world.timers.advance(std::chrono::minutes(5));
  it.world.left.erase(it.left);

  it.world.hook(Side::kLeft, it.left, "delete");
  it.world.settle();
  CHECK(it.world.right.rows.empty());

  it.world.hook(Side::kRight, it.right, "delete");
  it.world.settle();
  CHECK(it.world.left.rows.empty());
  CHECK(it.world.counts().dead == 0);
}

TEST_CASE("reconcile: delete against update restores the updated record", "[sync]") {
  Linked it;
  it.world.timers.advance(std::chrono::minutes(5));
  it.world.left.erase(it.left);
  it.world.right.edit(it.right, "phone", Value("edited"));

  it.world.hook(Side::kLeft, it.left, "delete");
  it.world.settle();

  REQUIRE(it.world.left.rows.size() == 1);
  CHECK(it.world.left.rows.begin()->second.fields.string_or("phone") == "edited");
  CHECK(it.world.right.rows.size() == 1);
  it.world.hook(Side::kLeft, it.world.left.rows.begin()->first);
  it.world.settle();
  CHECK(it.world.right.rows.size() == 1);
}

TEST_CASE("reconcile: deletes that are ignored leave the other record alone, also when it is edited", "[sync]") {
  auto plan = World::default_plan();
  plan.end.right.deletes = sync::DeletePolicy::kIgnore;
  Linked it(plan);
  it.world.timers.advance(std::chrono::minutes(5));
  it.world.left.erase(it.left);
  it.world.hook(Side::kLeft, it.left, "delete");
  it.world.settle();

  it.world.right.edit(it.right, "phone", Value("9"));
  it.world.hook(Side::kRight, it.right);
  it.world.settle();

  CHECK(it.world.right.rows.size() == 1);
  CHECK(it.world.left.rows.empty());
  CHECK(it.new_writes() == 0);
}

TEST_CASE("reconcile: a create whose answer was lost is found again, not made twice", "[sync]") {
  World world;
  world.right.write_faults = {test::MemorySide::Fault::kLoseAnswer};
  const std::string key = world.left.insert(person("ada@example.org"));

  world.hook(Side::kLeft, key);
  world.settle(std::chrono::minutes(10));

  CHECK(world.right.rows.size() == 1);
  CHECK(world.right.creates == 1);
  CHECK(world.counts().links == 1);
}

TEST_CASE("reconcile: a create whose request was lost is made after the settle time", "[sync]") {
  World world;
  world.right.write_faults = {test::MemorySide::Fault::kLoseRequest};
  const std::string key = world.left.insert(person("ada@example.org"));

  world.hook(Side::kLeft, key);
  world.settle(std::chrono::seconds(30));
  CHECK(world.right.rows.empty());
  world.settle(std::chrono::minutes(10));

  CHECK(world.right.rows.size() == 1);
  CHECK(world.counts().links == 1);
}

TEST_CASE("reconcile: an update whose answer was lost is read back", "[sync]") {
  Linked it;
  it.world.right.write_faults = {test::MemorySide::Fault::kLoseAnswer};
  it.world.left.edit(it.left, "phone", Value("2"));

  it.world.hook(Side::kLeft, it.left);
  it.world.settle();

  CHECK(it.world.right.get(it.right, "phone") == Value("2"));
  CHECK(it.new_writes() == 1);
  CHECK(it.world.counts().backing_off == 0);
}

TEST_CASE("reconcile: a target that refuses for a while gets the change once; for ever ends in a dead letter", "[sync]") {
  Linked it;
  using Fault = test::MemorySide::Fault;
  it.world.left.edit(it.left, "phone", Value("2"));
  it.world.right.write_faults = {Fault::kRefuse, Fault::kRefuse};
  it.world.hook(Side::kLeft, it.left);
  it.world.settle(std::chrono::minutes(5));
  CHECK(it.world.right.get(it.right, "phone") == Value("2"));
  CHECK(it.new_writes() == 1);

  it.world.left.edit(it.left, "phone", Value("3"));
  it.world.right.write_faults.assign(50, Fault::kRefuse);
  it.world.hook(Side::kLeft, it.left);
  it.world.settle(std::chrono::hours(5));
  CHECK(it.world.counts().dead == 1);
  CHECK(it.world.right.get(it.right, "phone") == Value("2"));

  it.world.right.write_faults.clear();
  it.world.left.edit(it.left, "phone", Value("4"));
  it.world.hook(Side::kLeft, it.left);
  it.world.settle();
  CHECK(it.world.right.get(it.right, "phone") == Value("4"));
  CHECK(it.world.counts().dead == 0);
}

TEST_CASE("reconcile: what was written to one side is on record though the other side refuses", "[sync]") {
  Linked it;
  it.world.left.edit(it.left, "phone", Value("2"));
  it.world.right.edit(it.right, "email", Value("ada@new.org"));
  it.world.left.write_faults = {test::MemorySide::Fault::kRefuse};

  it.world.hook(Side::kLeft, it.left);
  it.world.hook(Side::kRight, it.right);
  it.world.settle(std::chrono::minutes(5));

  CHECK(it.new_writes() == 2);
  std::size_t recorded = 0;
  it.world.store.operations({.mapping = "people", .outcome = "applied"}, {}, [&](Result<store::Paged<store::Operation>> page) {
    for (const store::Operation& operation : page->rows) {
      if (operation.kind == "update") recorded += operation.record.find("writes")->as_array().size();
    }
  });
  it.world.timers.run_posted();
  CHECK(recorded == 2);
}

TEST_CASE("reconcile: a failing key does not hold up others", "[sync]") {
  World world;
  using Fault = test::MemorySide::Fault;
  for (int i = 0; i < 10; ++i) world.left.insert(person("p" + std::to_string(i) + "@example.org"));
  world.right.write_faults.assign(3, Fault::kRefuse);

  for (const auto& [key, row] : world.left.rows) world.hook(Side::kLeft, key);
  world.settle();

  CHECK(world.right.rows.size() >= 7);
}

TEST_CASE("reconcile: first contact adopts the record that matches and merges by the strategies", "[sync]") {
  World world;
  world.right.insert(Value(Object{{"email", Value("ada@example.org")}, {"phone", Value()}, {"note", Value("n")}, {"tags", Value("t")}}));
  const std::string key = world.left.insert(person("ada@example.org", "77"));

  world.hook(Side::kLeft, key);
  world.settle();

  REQUIRE(world.right.rows.size() == 1);
  CHECK(world.right.creates == 0);
  CHECK(world.right.get(world.only_right(), "phone") == Value("77"));
}

TEST_CASE("reconcile: the same person entered on both sides at once becomes one link", "[sync]") {
  World world;
  const std::string left = world.left.insert(person("ada@example.org", "1"));
  const std::string right = world.right.insert(person("ada@example.org", "1"));

  world.hook(Side::kLeft, left);
  world.hook(Side::kRight, right);
  world.settle(std::chrono::minutes(3));

  CHECK(world.left.rows.size() == 1);
  CHECK(world.right.rows.size() == 1);
  CHECK(world.counts().links == 1);
}

TEST_CASE("reconcile: two matches wait for a person", "[sync]") {
  World world;
  world.right.insert(person("ada@example.org"));
  world.right.insert(person("ada@example.org"));
  const std::string key = world.left.insert(person("ada@example.org"));

  world.hook(Side::kLeft, key);
  world.settle();

  CHECK(world.counts().conflict == 1);
  CHECK(world.right.rows.size() == 2);
}

TEST_CASE("reconcile: what the target makes of a value goes back once and then there is rest", "[sync]") {
  Linked it;
  it.world.right.store_as = [](const std::string& field, Value value) { return field == "phone" && value.is_string() ? Value("+" + value.as_string().substr(value.as_string().find_first_not_of('+'))) : value; };
  it.world.left.edit(it.left, "phone", Value("5"));

  it.world.hook(Side::kLeft, it.left);
  it.world.settle();

  CHECK(it.world.right.get(it.right, "phone") == Value("+5"));
  CHECK(it.world.left.get(it.left, "phone") == Value("+5"));
  CHECK(it.new_writes() == 2);
}

TEST_CASE("reconcile: what the target itself makes of a new record is told to the source", "[sync]") {
  sync::Plan plan = World::default_plan();
  plan.fields.push_back(World::field("number"));
  plan.fields.back().flow = sync::Flow::kToRight;
  World world(std::move(plan));
  world.left.numbers = "number";
  const std::string key = world.right.insert(person("ada@example.org"));

  world.hook(Side::kRight, key);
  world.settle();

  REQUIRE(world.left.rows.size() == 1);
  CHECK(world.right.get(key, "number") == Value("N-" + world.left.rows.begin()->first));
  CHECK(world.writes() == 2);
}

TEST_CASE("reconcile: a field that is not accepted is a conflict, the edit is not undone", "[sync]") {
  Linked it;
  it.world.right.store_as = [&](const std::string& field, Value value) { return field == "phone" ? Value("1") : value; };
  it.world.left.edit(it.left, "phone", Value("5"));

  it.world.hook(Side::kLeft, it.left);
  it.world.settle();

  CHECK(it.world.left.get(it.left, "phone") == Value("5"));
  REQUIRE(it.world.conflicts().size() == 1);
  CHECK(it.world.conflicts().front().kind == "not_accepted");
  const int writes = it.world.writes();
  it.world.hook(Side::kLeft, it.left);
  it.world.settle();
  CHECK(it.world.writes() == writes);
}

TEST_CASE("reconcile: a name used again is another record", "[sync]") {
  Linked it;
  it.world.timers.advance(std::chrono::minutes(5));
  it.world.left.erase(it.left);
  it.world.left.insert(person("bob@example.org"), it.left);

  it.world.hook(Side::kLeft, it.left);
  it.world.settle(std::chrono::minutes(3));

  REQUIRE(it.world.right.rows.size() == 1);
  CHECK(it.world.right.rows.begin()->second.fields.string_or("email") == "bob@example.org");
}

TEST_CASE("reconcile: a name freed by our own delete and used again is another record", "[sync]") {
  Linked it;
  it.world.timers.advance(std::chrono::minutes(5));
  it.world.right.erase(it.right);
  it.world.hook(Side::kRight, it.right, "delete");
  it.world.settle();
  REQUIRE(it.world.left.rows.empty());

  it.world.left.insert(person("grace@example.org"), it.left);
  it.world.hook(Side::kLeft, it.left);
  it.world.settle();

  REQUIRE(it.world.right.rows.size() == 1);
  CHECK(it.world.right.get(it.world.only_right(), "email") == Value("grace@example.org"));
}

TEST_CASE("reconcile: N passes over equal data write nothing", "[sync]") {
  Linked it;
  for (int i = 0; i < 5; ++i) {
    it.world.hook(Side::kLeft, it.left);
    it.world.hook(Side::kRight, it.right);
    it.world.settle();
  }
  CHECK(it.new_writes() == 0);
}

TEST_CASE("reconcile: a computed value of which one side was written goes on as a plain copy", "[sync]") {
  Linked it;
  it.world.left.edit(it.left, "tags", Value("a"));
  it.world.right.edit(it.right, "tags", Value("b"));
  it.world.left.write_faults = {test::MemorySide::Fault::kRefuse};  // the right is written first, the left refuses

  it.world.hook(Side::kLeft, it.left);
  it.world.hook(Side::kRight, it.right);
  it.world.settle(std::chrono::minutes(5));

  CHECK(it.world.left.get(it.left, "tags") == Value("a+b"));
  CHECK(it.world.right.get(it.right, "tags") == Value("a+b"));
}

TEST_CASE("reconcile: many changes of one key are one pass", "[sync]") {
  Linked it;
  it.world.left.edit(it.left, "phone", Value("2"));
  for (int i = 0; i < 50; ++i) it.world.store.mark("people", {{Side::kLeft, it.left, "upsert", "poll", 0, {}}}, [](Result<void>) {});
  it.world.timers.run_posted();
  it.world.engine->wake("people");
  it.world.settle();

  CHECK(it.new_writes() == 1);
  CHECK(it.world.ears.operations.size() == 1);
}

TEST_CASE("reconcile: a rename moves the link, seen from the new name", "[sync]") {
  Linked it;
  it.world.left.rename(it.left, "L-new");
  it.world.left.edit("L-new", "phone", Value("2"));

  it.world.hook(Side::kLeft, "L-new");
  it.world.settle();

  CHECK(it.world.right.rows.size() == 1);
  CHECK(it.world.right.get(it.right, "phone") == Value("2"));
  CHECK(it.world.counts().links == 1);
}

TEST_CASE("reconcile: a rename moves the link, seen from the old name", "[sync]") {
  Linked it;
  it.world.timers.advance(std::chrono::minutes(5));
  it.world.left.rename(it.left, "L-new");

  it.world.hook(Side::kLeft, it.left, "delete");
  it.world.settle();
  CHECK(it.world.right.rows.size() == 1);

  it.world.right.edit(it.right, "phone", Value("3"));
  it.world.hook(Side::kRight, it.right);
  it.world.settle();
  CHECK(it.world.left.get("L-new", "phone") == Value("3"));
}

TEST_CASE("reconcile: mass deletes are held after the tenth until a person lets them go", "[sync]") {
  World world;
  for (int i = 0; i < 30; ++i) world.hook(Side::kLeft, world.left.insert(person("p" + std::to_string(i) + "@example.org")));
  world.settle();
  REQUIRE(world.right.rows.size() == 30);
  world.timers.advance(std::chrono::minutes(5));

  std::vector<std::string> keys;
  for (const auto& [key, row] : world.left.rows) keys.push_back(key);
  for (const std::string& key : keys) {
    world.left.erase(key);
    world.hook(Side::kLeft, key, "delete");
    world.settle();
  }
  CHECK(world.right.rows.size() == 20);
  CHECK(world.counts().held == 20);

  world.store.retry("people", std::nullopt, [](Result<std::int64_t>) {});
  world.timers.run_posted();
  world.engine->wake("people");
  world.settle();
  CHECK(world.right.rows.empty());
}

TEST_CASE("reconcile: two records that match the same one wait for a person", "[sync]") {
  World world;
  world.right.insert(person("ada@example.org"));
  const std::string first = world.left.insert(person("ada@example.org"));
  world.left.insert(person("ada@example.org"));

  world.hook(Side::kLeft, first);
  world.settle();

  CHECK(world.counts().conflict == 1);
  CHECK(world.counts().links == 0);
}

TEST_CASE("reconcile: an unguarded target is not written again before the settle time of a doubtful write", "[sync]") {
  Linked it;
  it.world.right.able.guarded_writes = false;
  it.world.right.write_faults = {test::MemorySide::Fault::kLoseRequest};
  it.world.left.edit(it.left, "phone", Value("2"));

  it.world.hook(Side::kLeft, it.left);
  it.world.settle(std::chrono::seconds(50));
  CHECK(it.world.right.get(it.right, "phone") == Value("1"));
  it.world.settle(std::chrono::minutes(2));
  CHECK(it.world.right.get(it.right, "phone") == Value("2"));
}

TEST_CASE("reconcile: an edit between the read and an unguarded delete is kept as a conflict", "[sync]") {
  Linked it;
  it.world.timers.advance(std::chrono::minutes(5));
  it.world.right.able.guarded_deletes = false;
  it.world.right.before_delete = [](test::MemorySide::Row& row) { row.fields["phone"] = Value("at the last moment"); };
  it.world.left.erase(it.left);

  it.world.hook(Side::kLeft, it.left, "delete");
  it.world.settle();

  CHECK(it.world.right.rows.empty());
  const auto open = it.world.conflicts();
  REQUIRE(open.size() == 1);
  CHECK(open.front().kind == "delete_update");
  CHECK(open.front().right->string_or("phone") == "at the last moment");
}

TEST_CASE("reconcile: what is missing on another system than the first one is not deleted", "[sync]") {
  Linked it;
  it.world.timers.advance(std::chrono::minutes(5));
  it.world.left.same = false;
  it.world.left.erase(it.left);

  it.world.hook(Side::kLeft, it.left);
  it.world.settle();

  CHECK(it.world.right.rows.size() == 1);
  CHECK(it.world.counts().held == 1);
}

TEST_CASE("reconcile: another webhook about an open conflict is no news", "[sync]") {
  Linked it;
  it.world.left.edit(it.left, "note", Value("mine"));
  it.world.right.edit(it.right, "note", Value("yours"));
  for (int i = 0; i < 3; ++i) {
    it.world.hook(Side::kLeft, it.left);
    it.world.hook(Side::kRight, it.right);
    it.world.settle();
  }

  CHECK(it.world.conflicts().size() == 1);
  CHECK(it.world.ears.operations.size() == 1);
}
