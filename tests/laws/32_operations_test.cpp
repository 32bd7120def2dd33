// Law 32: an operation is stored where something was decided, with its inputs.
#include <catch2/catch.hpp>

#include "base/json.h"
#include "support/people.h"

using namespace tidewire;
using namespace tidewire::test;
using sync::Side;

namespace {

std::int64_t counted(World& world, const char* counter) { return world.counts().counters[counter]; }

/// "write right 200": the step and how it was answered; without a step "earlier".
std::vector<std::string> said_for(World& world, const store::Operation& operation) {
  std::vector<std::string> out;
  world.store.exchanges(operation.id, [&](const Result<std::vector<store::OperationExchange>>& found) {
    for (const auto& one : *found) {
      const Value* steps = operation.record.find("steps");
      const std::string step = one.step ? steps->as_array()[static_cast<std::size_t>(*one.step)].string_or("step") : "earlier";
      out.push_back(step + " " + store::side_name(*one.side) + " " + one.exchange->status);
    }
  });
  world.timers.run_posted();
  return out;
}

}  // namespace

TEST_CASE("law 32: a write is an operation with its inputs: what was taken, base, both values, rule and script", "[laws][32]") {
  Pair it;
  it.edit(Side::kLeft, "phone", "2");
  it.world.hook(Side::kLeft, it.left);
  it.world.settle();

  const auto stored = operations_of(it.world);
  REQUIRE_FALSE(stored.empty());
  const store::Operation& told = stored.front();
  CHECK(told.kind == "update");
  CHECK(told.script == "v1");
  CHECK(told.key.left == it.left);
  CHECK(told.key.right == it.right);
  CHECK(told.record.at_path("fields.phone.base.r")->as_string() == "1");
  CHECK(told.record.at_path("fields.phone.left")->as_string() == "2");
  CHECK(told.record.at_path("fields.phone.right")->as_string() == "1");
  CHECK(told.record.at_path("fields.phone.rule")->as_string() == "only left changed");
  REQUIRE(told.record.find("taken")->as_array().size() == 1);
  CHECK(told.record.find("taken")->as_array().front().string_or("key") == it.left);
  REQUIRE(told.record.find("writes")->as_array().size() == 1);
  CHECK(*told.record.find("writes")->as_array().front().at_path("values.phone") == Value("2"));
}

TEST_CASE("law 32: with when its change was noticed, and when each step began and how long it took", "[laws][32]") {
  Pair it;
  it.edit(Side::kLeft, "phone", "2");
  it.world.left.after_read = [&] { it.world.clock.pass(std::chrono::milliseconds(3)); };
  it.world.right.before_write = [&] { it.world.clock.pass(std::chrono::milliseconds(7)); };
  const Instant told = it.world.clock.now();
  it.world.hook(Side::kLeft, it.left);
  it.world.settle();

  const Value record = operations_of(it.world).front().record;
  std::vector<std::string> steps;
  std::int64_t last = 0;
  for (const Value& step : record.find("steps")->as_array()) {
    steps.push_back(step.string_or("step") + " " + step.string_or("side") + " " + std::to_string(step.int_or("took_us", -1)));
    CHECK(step.int_or("after_us", -1) >= last);
    last = step.int_or("after_us", -1);
  }
  CHECK(steps == std::vector<std::string>{"read left 3000", "decide  0", "announce  0", "write right 7000"});
  const Instant since = parse_instant(record.find("taken")->as_array().front().string_or("since")).value();
  CHECK(since >= told);
  CHECK(parse_instant(record.string_or("began")).value() >= since);
}

TEST_CASE("law 32: a write that a guard refused is a step with its code, and so is the one that went well after it", "[laws][32]") {
  Pair it;
  it.edit(Side::kLeft, "phone", "2");
  it.world.right.before_write = [&] { it.edit(Side::kRight, "tags", "moved"); };
  it.world.hook(Side::kLeft, it.left);
  it.world.settle();

  std::vector<std::string> writes;
  const Value record = operations_of(it.world).front().record;
  for (const Value& step : record.find("steps")->as_array()) {
    if (step.string_or("step") == "write") writes.push_back(step.string_or("side") + " " + step.string_or("error", "well"));
  }
  REQUIRE(writes.size() >= 2);
  CHECK(writes[0] == "right stale");
  CHECK(writes[1] == "right well");
}

TEST_CASE("law 32: with what was said for a write, and by the attempts before it", "[laws][32]") {
  Pair it;
  it.world.left.recorded = it.world.right.recorded = true;
  it.edit(Side::kLeft, "phone", "2");
  it.world.right.write_faults.assign(2, MemorySide::Fault::kRefuse);
  it.world.hook(Side::kLeft, it.left);
  it.world.settle(std::chrono::minutes(10));

  const auto stored = operations_of(it.world);
  REQUIRE(stored.size() == 2);  // the create before it
  CHECK(said_for(it.world, stored.front()) == std::vector<std::string>{"earlier right 500", "earlier right 500", "write right 200"});
}

TEST_CASE("law 32: with the request that a read failed at, of a record that was given up", "[laws][32]") {
  Pair it;
  it.world.left.recorded = true;
  it.world.left.read_faults.assign(50, MemorySide::Fault::kRefuse);
  it.world.hook(Side::kLeft, it.left);
  it.world.settle(std::chrono::hours(5));

  const auto dead = operations_of(it.world, "dead");
  REQUIRE(dead.size() == 1);
  const auto said = said_for(it.world, dead.front());
  REQUIRE(said.size() == 8);
  CHECK(said.front() == "earlier left 500");
  CHECK(said.back() == "read left 500");
}

TEST_CASE("law 32: what is found to be an echo leaves nothing of what was said before", "[laws][32]") {
  Pair it;
  it.world.left.recorded = true;
  it.world.left.read_faults.assign(1, MemorySide::Fault::kRefuse);
  it.world.hook(Side::kLeft, it.left);
  it.world.settle(std::chrono::minutes(10));

  CHECK(it.world.database->query("SELECT id FROM exchanges", {}).value().empty());
  CHECK(operations_of(it.world).size() == 1);  // the create before it
}

TEST_CASE("law 32: so is a conflict", "[laws][32]") {
  Pair it;
  it.edit_both("note", "mine", "yours");
  it.tell();

  const auto stored = operations_of(it.world, "conflict");
  REQUIRE(stored.size() == 1);
  CHECK(stored.front().record.at_path("fields.note.left")->as_string() == "mine");
  CHECK(stored.front().record.at_path("fields.note.right")->as_string() == "yours");
  CHECK(it.world.conflicts().front().operation == stored.front().id);
}

TEST_CASE("law 32: so is what is held", "[laws][32]") {
  Pair it;
  it.later();
  it.world.left.same = false;
  it.erase(Side::kLeft);
  it.world.settle();

  const auto stored = operations_of(it.world, "held");
  REQUIRE(stored.size() == 1);
  CHECK(stored.front().record.at_path("error.message") != nullptr);
}

TEST_CASE("law 32: so is a dead letter, and its key names it", "[laws][32]") {
  Pair it;
  it.edit(Side::kLeft, "phone", "2");
  it.world.right.write_faults.assign(50, MemorySide::Fault::kRefuse);
  it.world.hook(Side::kLeft, it.left);
  it.world.settle(std::chrono::hours(5));

  const auto stored = operations_of(it.world, "dead");
  REQUIRE(stored.size() == 1);
  CHECK(stored.front().record.at_path("error.code")->as_string() == "unavailable");
  CHECK(stored.front().record.at_path("fields.phone.left")->as_string() == "2");
  const auto dead = standing_of(it.world, store::KeyState::kDead);
  REQUIRE(dead.size() == 1);
  CHECK(dead.front().operation == stored.front().id);
}

TEST_CASE("law 32: a delete that is refused is among the writes of its dead letter, as an update is", "[laws][32]") {
  sync::Plan plan = World::default_plan();
  plan.end.right.soft_field = "archived";
  plan.end.right.soft_value = Value(true);
  const bool soft = GENERATE(false, true);
  if (soft) plan.end.right.deletes = sync::DeletePolicy::kSoft;
  Pair it(std::move(plan));
  it.later();
  it.world.right.write_faults.assign(50, MemorySide::Fault::kRefuse);
  it.world.right.delete_faults.assign(50, MemorySide::Fault::kRefuse);
  it.erase(Side::kLeft);
  it.world.settle(std::chrono::hours(5));

  const auto stored = operations_of(it.world, "dead");
  REQUIRE(stored.size() == 1);
  const Array& writes = stored.front().record.find("writes")->as_array();
  REQUIRE(writes.size() == 1);
  CHECK(writes.front().string_or("kind") == (soft ? "soft delete" : "delete"));
  CHECK(writes.front().string_or("outcome") == "refused");
  CHECK(writes.front().string_or("key") == it.right);
  CHECK((writes.front().at_path("values.archived") != nullptr) == soft);
}

TEST_CASE("law 32: an echo is a counter and no operation", "[laws][32]") {
  Pair it;
  const std::int64_t before = counted(it.world, "echo");
  const std::size_t operations = operations_of(it.world).size();
  it.tell();

  CHECK(counted(it.world, "echo") == before + 2);
  CHECK(operations_of(it.world).size() == operations);
}

TEST_CASE("law 32: an initial load keeps job, keys and outcome of its rows and no values", "[laws][32]") {
  World world;
  for (int i = 0; i < 5; ++i) world.left.insert(person("p" + std::to_string(i) + "@example.org"));

  const store::Job job = run_job(world, "initial_load");

  REQUIRE(world.ears.operations.size() == 5);
  for (const store::Operation& operation : world.ears.operations) {
    CHECK(operation.kind == "create");
    CHECK(operation.outcome == "applied");
    CHECK(operation.job == job.id);
    CHECK(operation.key.left.has_value());
    CHECK(operation.key.right.has_value());
    CHECK(json::dump(operation.record) == R"({"load":true})");
  }
}

TEST_CASE("law 32: what a load overwrites or merges is told in full, and so is what others ask for while it runs", "[laws][32]") {
  World world;
  world.left.insert(person("ada@example.org", "left"));
  world.timers.advance(std::chrono::minutes(5));
  world.right.insert(person("ada@example.org", "right"));

  run_job(world, "initial_load");
  const std::string later = world.left.insert(person("eve@example.org"));
  world.hook(Side::kLeft, later);
  world.settle();

  REQUIRE(world.ears.operations.size() == 2);
  CHECK(world.ears.operations.front().record.at_path("fields.phone.left") != nullptr);
  CHECK(world.ears.operations.back().record.at_path("fields.email") != nullptr);
  CHECK_FALSE(world.ears.operations.back().job.has_value());
}

TEST_CASE("law 32: a sweep that finds a missed record tells all of it", "[laws][32]") {
  World world;
  world.left.insert(person("ada@example.org"));

  run_job(world, "sweep");

  REQUIRE(world.ears.operations.size() == 1);
  CHECK(world.ears.operations.front().record.find("fields") != nullptr);
}

TEST_CASE("law 32: what the mapping redacts is in no operation and no error, nor a cell of rows that it redacts", "[laws][32]") {
  sync::Plan plan = World::default_plan();
  plan.fields[1].redact = true;  // phone
  plan.fields[1].type.right.kind = "int";
  sync::Field rows = World::field("contacts");
  rows.kind = sync::Field::Kind::kRows;
  rows.rows = {World::field("name"), World::field("code")};
  rows.rows[0].row_key = true;
  rows.rows[1].redact = true;
  plan.fields.push_back(rows);
  World world(plan);
  Value ada = person("ada@example.org");
  ada["contacts"] = Array{Value(Object{{"name", "Grace"}, {"code", "hush"}})};
  const std::string key = world.left.insert(ada);
  world.hook(Side::kLeft, key);
  world.settle();
  REQUIRE(world.right.rows.size() == 1);
  world.left.edit(key, "phone", Value("secret"));
  world.hook(Side::kLeft, key);
  world.settle();
  REQUIRE(world.counts().dead == 1);

  std::string told;
  for (const auto& operation : world.ears.operations) told += json::dump(operation.record);
  CHECK(told.find("Grace") != std::string::npos);
  CHECK(told.find("hush") == std::string::npos);
  CHECK(told.find("secret") == std::string::npos);
}
