// Law 12: every write is announced.
#include <catch2/catch.hpp>

#include "support/people.h"

using namespace tidewire;
using namespace tidewire::test;
using sync::Side;
using Fault = MemorySide::Fault;

namespace {

std::vector<store::Intent> open_intents(World& world) {
  std::vector<store::Intent> out;
  world.store.open_intents("people", [&](Result<std::vector<store::Intent>> intents) { out = *intents; });
  world.timers.run_posted();
  return out;
}

Value stored_intents(World& world) {
  const auto rows = world.database->query("SELECT side, fields FROM intents", {});
  return rows.ok() && !rows->empty() ? Value(rows->front()) : Value();
}

/// A sum of both edits: of the numbers in `tags`.
class SumMapper final : public sync::Mapper {
 public:
  explicit SumMapper(sync::Plan plan) : plan_(std::move(plan)) {}
  const sync::Plan& plan() const override { return plan_; }
  const std::string& version() const override { return version_; }
  Result<sync::Outcome> convert(const sync::Field&, Side, const Value&, const Value&, std::string_view) override { return make_error(Code::kScript, "none"); }
  Result<sync::Verdict> resolve(const sync::Field&, std::int64_t, const sync::Dispute& dispute) override {
    sync::Verdict sum;
    sum.kind = sync::Verdict::Kind::kValue;
    sum.value.left = sum.value.right = Value(dispute.form.left.as_int() + dispute.form.right.as_int() - dispute.base->right.as_int());
    return sum;
  }
  Result<std::optional<std::string>> check(const sync::Plan::Check&, const Value&) override { return std::optional<std::string>(); }

 private:
  sync::Plan plan_;
  std::string version_ = "sum";
};

struct Summed {
  World world;
  std::string left, right;
  Summed() {
    begin();
    left = world.left.insert(Value(Object{{"email", "ada@example.org"}, {"n", 0}}));
    world.hook(Side::kLeft, left);
    world.settle();
    right = world.only_right();
  }
  void begin() {
    sync::Plan plan = World::default_plan();
    plan.fields = {World::field("email"), World::field("n", 5)};
    world.engine.reset();
    world.engine = std::make_unique<sync::Engine>(world.store, sync::Surroundings{world.clock, world.timers, world.timers, world.random, world.ears});
    world.engine->put(std::make_shared<SumMapper>(plan), {&world.left, &world.right});
    world.engine->start(false);
  }
  void edit_both(std::int64_t of_left, std::int64_t of_right) {
    world.left.edit(left, "n", Value(of_left));
    world.right.edit(right, "n", Value(of_right));
    world.hook(Side::kLeft, left);
  }
  std::int64_t shown(Side side) const { return (side == Side::kLeft ? world.left.get(left, "n") : world.right.get(right, "n")).as_int(); }
};

}  // namespace

TEST_CASE("law 12: inputs and result of each field are committed before the first request, plain copies included", "[laws][12]") {
  Pair it;
  it.edit(Side::kLeft, "phone", "2");
  Value announced;
  it.world.right.before_write = [&] { announced = stored_intents(it.world); };
  it.tell();

  REQUIRE(announced.is_object());
  CHECK(announced.string_or("side") == "right");
  const std::string fields = announced.string_or("fields");
  CHECK(fields.find("\"phone\"") != std::string::npos);
  CHECK(fields.find("\"l\":\"2\"") != std::string::npos);
  CHECK(fields.find("\"r\":\"1\"") != std::string::npos);
  CHECK(fields.find("\"to\":\"2\"") != std::string::npos);
  CHECK(open_intents(it.world).empty());
}

TEST_CASE("law 12: nothing is sent where the announcement cannot be stored", "[laws][12]") {
  Pair it;
  REQUIRE(it.world.database->exec("CREATE TRIGGER full BEFORE INSERT ON intents BEGIN SELECT RAISE(ABORT, 'no room'); END").ok());
  it.edit(Side::kLeft, "phone", "2");
  it.tell();

  CHECK(it.new_writes() == 0);
}

TEST_CASE("law 12: where a strategy discards an edit, the operation with both values is committed before the write", "[laws][12]") {
  Pair it;
  it.edit(Side::kLeft, "phone", "left");
  it.later();
  it.edit(Side::kRight, "phone", "right");
  std::size_t before = 0;
  it.world.left.before_write = [&] { before = it.world.database->query("SELECT id FROM operations WHERE record LIKE '%\"left\":\"left\"%'", {})->size(); };
  it.tell();

  CHECK(before == 1);
  CHECK(it.both_show("phone", "right"));
}

TEST_CASE("law 12: where a delete discards a record, the operation is committed before the request", "[laws][12]") {
  Pair it;
  it.later();
  std::size_t before = 0;
  it.world.right.before_delete = [&](MemorySide::Row&) { before = it.world.database->query("SELECT id FROM operations WHERE kind = 'delete'", {})->size(); };
  it.erase(Side::kLeft);
  it.world.settle();

  CHECK(before == 1);
}

TEST_CASE("law 12: each side is committed by itself as soon as it is known written", "[laws][12]") {
  Pair it;
  it.edit(Side::kLeft, "phone", "2");
  it.edit(Side::kRight, "email", "ada@new.org");
  it.world.left.write_faults = {Fault::kRefuse};  // the right is written first, then the left refuses
  it.world.hook(Side::kLeft, it.left);
  it.world.hook(Side::kRight, it.right);
  it.world.settle(std::chrono::milliseconds(1));

  CHECK(it.link().base.at("phone").right == Value("2"));
  CHECK(it.link().base.at("email").left == Value("ada@example.org"));
  const auto recorded = [&] {
    std::size_t writes = 0;
    for (const store::Operation& operation : operations_of(it.world, "applied")) {
      if (operation.kind == "update") writes += operation.record.find("writes")->as_array().size();
    }
    return writes;
  };
  CHECK(recorded() == 1);

  it.world.settle(std::chrono::minutes(5));
  CHECK(recorded() == 2);  // on record though the other side refused
  CHECK(it.new_writes() == 2);
}

TEST_CASE("law 12: a side that shows the announced value after a crash counts as written", "[laws][12]") {
  Pair it;
  it.edit(Side::kLeft, "phone", "2");
  it.world.right.write_faults = {Fault::kLoseAnswer};
  it.world.right.read_faults = {Fault::kRefuse};
  it.world.hook(Side::kLeft, it.left);
  it.world.settle(std::chrono::milliseconds(1));
  REQUIRE(it.shown(Side::kRight, "phone") == "2");
  REQUIRE(it.new_writes() == 1);
  restart(it.world);
  it.world.settle(std::chrono::minutes(5));

  CHECK(it.new_writes() == 1);
  CHECK(it.link().base.at("phone").right == Value("2"));
}

TEST_CASE("law 12: base 0, left 5, right written 5, crash, left 8: the sum is 8, not 13", "[laws][12]") {
  Summed it;
  it.world.left.edit(it.left, "n", Value(5));
  it.world.right.write_faults = {Fault::kLoseAnswer};
  it.world.right.read_faults = {Fault::kRefuse};
  it.world.hook(Side::kLeft, it.left);
  it.world.settle(std::chrono::milliseconds(1));
  REQUIRE(it.shown(Side::kRight) == 5);
  it.begin();
  it.world.left.edit(it.left, "n", Value(8));
  it.world.hook(Side::kLeft, it.left);
  it.world.settle(std::chrono::minutes(5));

  CHECK(it.shown(Side::kLeft) == 8);
  CHECK(it.shown(Side::kRight) == 8);
}

TEST_CASE("law 12: base 0, left 5, right written 5, crash, left 8: newest does not let the old 5 beat the 8", "[laws][12]") {
  Pair it;
  it.edit(Side::kLeft, "phone", "5");
  it.world.right.write_faults = {Fault::kLoseAnswer};
  it.world.right.read_faults = {Fault::kRefuse};
  it.world.hook(Side::kLeft, it.left);
  it.world.settle(std::chrono::milliseconds(1));
  REQUIRE(it.shown(Side::kRight, "phone") == "5");
  it.edit(Side::kLeft, "phone", "8");
  it.world.left.rows.at(it.left).modified -= std::chrono::hours(1);  // as far as stamps go it is the older one
  restart(it.world);
  it.world.settle(std::chrono::minutes(5));

  CHECK(it.both_show("phone", "8"));
}

TEST_CASE("law 12: a computed value of which one side was written goes on as an ordinary copy", "[laws][12]") {
  Summed it;
  it.edit_both(3, 4);
  it.world.left.write_faults = {Fault::kRefuse};  // the right is written first, the left refuses
  it.world.settle(std::chrono::minutes(5));

  CHECK(it.shown(Side::kLeft) == 7);
  CHECK(it.shown(Side::kRight) == 7);
}

TEST_CASE("law 12: an edit on the side not yet written counts once on top of a computed value", "[laws][12]") {
  Summed it;
  it.edit_both(3, 4);
  it.world.left.before_write = [&] { it.world.left.edit(it.left, "n", Value(3 + 8)); };  // the guard refuses
  it.world.settle(std::chrono::minutes(5));

  CHECK(it.shown(Side::kLeft) == 15);
  CHECK(it.shown(Side::kRight) == 15);
}

TEST_CASE("law 12: a computed value of which one side was written is not overwritten by a pass that knows the other alone", "[laws][12]") {
  Pair it;
  it.edit_both("tags", "a", "b");
  it.world.left.write_faults = {Fault::kRefuse};
  it.world.hook(Side::kLeft, it.left);
  it.world.hook(Side::kRight, it.right);
  it.world.settle(std::chrono::milliseconds(1));
  REQUIRE(it.shown(Side::kRight, "tags") == "a+b");
  it.world.left.rename(it.left, "L-new");
  it.world.left.edit("L-new", "tags", Value("c"));
  it.world.hook(Side::kLeft, "L-new");
  it.world.settle(std::chrono::minutes(3));

  CHECK(it.world.left.get("L-new", "tags") == Value("c+a+b"));
  CHECK(it.shown(Side::kRight, "tags") == "c+a+b");
}

TEST_CASE("law 12: a pass that is tried again sees both sides: nobody tells of what it had read", "[laws][12]") {
  Pair it;
  it.later();
  it.world.right.store_as = [](const std::string& field, Value value) { return field == "phone" ? Value("2") : value; };
  it.edit(Side::kLeft, "phone", "2 ");
  it.edit(Side::kRight, "email", "ada@new.org");  // its webhook is lost
  it.world.left.write_faults = {Fault::kNone, Fault::kRefuse};
  it.world.left.after_update = [&] { REQUIRE(it.world.database->exec("CREATE TRIGGER full BEFORE UPDATE ON links BEGIN SELECT RAISE(ABORT, 'no room'); END").ok()); };
  it.world.hook(Side::kLeft, it.left);
  it.world.settle(std::chrono::milliseconds(1));
  REQUIRE(it.world.database->exec("DROP TRIGGER full").ok());
  it.world.store.retry("people", {}, [](Result<std::int64_t>) {});
  it.world.timers.run_posted();
  it.world.engine->wake("people");
  it.world.settle(std::chrono::minutes(5));

  CHECK(it.both_show("email", "ada@new.org"));
  CHECK(it.both_show("phone", "2"));
}

TEST_CASE("law 12: what was announced to a record for another one, which is gone, is over once it cannot land", "[laws][12]") {
  World world;
  const std::string left = world.left.insert(person("ada@example.org", "1"));
  const std::string right = world.right.insert(person("ada@example.org", "2"));
  world.right.write_faults = {MemorySide::Fault::kLoseAnswer};
  world.right.read_faults = {MemorySide::Fault::kNone, MemorySide::Fault::kRefuse};  // nor can it be read back
  world.left.edit(left, "phone", Value("3"));
  world.hook(Side::kLeft, left);
  world.settle(std::chrono::milliseconds(1));
  REQUIRE(world.right.get(right, "phone") == Value("3"));

  world.left.erase(left);
  world.hook(Side::kLeft, left, "delete");
  world.hook(Side::kRight, right);
  world.settle(std::chrono::minutes(5));

  REQUIRE(world.left.rows.size() == 1);
  REQUIRE(world.right.rows.size() == 1);
  CHECK(open_intents(world).empty());
}
