#include <catch2/catch.hpp>

#include "support/sync_world.h"

using namespace tidewire;
using sync::Field;
using sync::Side;
using test::World;

namespace {

/// company <-> org_id through a collection on the right's system; names are shouted with the boss's name from a lookup.
class LookingMapper final : public sync::Mapper {
 public:
  explicit LookingMapper(sync::Plan plan) : plan_(std::move(plan)) {}
  const sync::Plan& plan() const override { return plan_; }
  const std::string& version() const override { return version_; }
  Result<sync::Outcome> convert(const Field&, Side, const Value&, const Value&, std::string_view) override { return make_error(Code::kScript, "not without context"); }
  Result<sync::Outcome> convert_in(const Field&, Side, const Value& form, const Value&, const sync::CallContext& context) override {
    ++calls;
    const Value* boss = context.lookup.at_path("boss.title");
    return sync::Outcome{sync::Outcome::Kind::kValue, Value(form.as_string() + "/" + (boss == nullptr ? "nobody" : boss->as_string())), ""};
  }
  Result<sync::Verdict> resolve(const Field&, std::int64_t, const sync::Dispute&) override { return sync::Verdict{}; }
  Result<std::optional<std::string>> check(const sync::Plan::Check&, const Value&) override { return std::optional<std::string>(); }
  int calls = 0;

 private:
  sync::Plan plan_;
  std::string version_ = "v2";
};

sync::Plan looking(sync::Finder::Missing missing, Duration cache = {}, bool watch = false) {
  sync::Plan plan = World::default_plan();
  Field find = World::field("company>org");
  find.paths = {{"company"}, {"org"}};
  find.kind = Field::Kind::kFind;
  find.find.id = "orgs";
  find.find.by = "name";
  find.find.take = "id";
  find.find.take_key = true;
  find.find.missing = missing;
  find.find.cache = cache;
  find.find.values = Value(Object{{"origin", Value("erp")}});
  plan.fields.push_back(find);
  Field shout = World::field("shout");
  shout.kind = Field::Kind::kFunction;
  shout.flow = sync::Flow::kToRight;
  shout.to_right = 1;
  shout.own_function = true;
  plan.fields.push_back(shout);
  plan.lookups.push_back({"boss", "bosses", Side::kLeft, "boss", "", {}, watch});
  return plan;
}

Value person(const std::string& email, const std::string& company) {
  return Value(Object{{"email", Value(email)}, {"company", Value(company)}, {"shout", Value("hey")}, {"boss", Value("B1")}});
}

struct Looking {
  World world;
  test::MemorySide orgs{world.timers, world.clock, "O"}, bosses{world.timers, world.clock, "B"};
  std::shared_ptr<LookingMapper> mapper;

  explicit Looking(sync::Finder::Missing missing = sync::Finder::Missing::kDead, Duration cache = {}, bool watch = false) : mapper(std::make_shared<LookingMapper>(looking(missing, cache, watch))) {
    orgs.insert(Value(Object{{"name", Value("ACME")}}));
    bosses.insert(Value(Object{{"title", Value("Grace")}}));
    world.engine->remove("people");
    world.settle();
    world.engine->put(mapper, {&world.left, &world.right}, {{"orgs", &orgs}, {"bosses", &bosses}});
  }
  ~Looking() {
    world.engine->remove("people");
    world.settle();
  }
  std::string add(const std::string& email, const std::string& company) {
    const std::string key = world.left.insert(person(email, company));
    world.hook(Side::kLeft, key);
    world.settle();
    return key;
  }
};

}  // namespace

TEST_CASE("lookups: a value is found in another collection, and back", "[sync][lookups]") {
  Looking it;
  const std::string left = it.add("ada@example.org", "ACME");
  const std::string right = it.world.only_right();
  CHECK(it.world.right.get(right, "org") == Value("O1"));

  const std::string second = it.orgs.insert(Value(Object{{"name", Value("Other")}}));
  it.world.right.edit(right, "org", Value(second));
  it.world.hook(Side::kRight, right);
  it.world.settle();

  CHECK(it.world.left.get(left, "company") == Value("Other"));
}

TEST_CASE("lookups: what is looked up is given to functions and recorded with the operation", "[sync][lookups]") {
  Looking it;
  it.add("ada@example.org", "ACME");

  CHECK(it.world.right.get(it.world.only_right(), "shout") == Value("hey/Grace"));
  REQUIRE_FALSE(it.world.ears.operations.empty());
  const Value* notes = it.world.ears.operations.back().record.find("lookups");
  REQUIRE(notes != nullptr);
  CHECK(notes->as_array().size() == 2);
}

TEST_CASE("lookups: a changed lookup alone is nobody's edit", "[sync][lookups]") {
  Looking it;
  const std::string left = it.add("ada@example.org", "ACME");
  const int writes = it.world.writes();
  it.bosses.edit("B1", "title", Value("Ann"));

  it.world.hook(Side::kLeft, left);
  it.world.hook(Side::kRight, it.world.only_right());
  it.world.settle();

  CHECK(it.world.writes() == writes);
}

TEST_CASE("lookups: one that fails is a retry and creates nothing; one that finds nothing is a dead letter", "[sync][lookups]") {
  Looking it;
  it.orgs.read_faults = {};
  it.bosses.read_faults = {test::MemorySide::Fault::kRefuse};
  it.add("ada@example.org", "ACME");
  CHECK(it.world.right.rows.empty());
  CHECK(it.world.counts().backing_off == 1);

  it.world.settle(std::chrono::minutes(1));
  CHECK(it.world.right.rows.size() == 1);
  it.add("bob@example.org", "Nowhere");
  CHECK(it.world.right.rows.size() == 1);
  CHECK(it.world.counts().dead == 1);
}

TEST_CASE("lookups: many records ask once where they ask the same", "[sync][lookups]") {
  Looking it(sync::Finder::Missing::kDead, std::chrono::hours(1));
  it.add("first@example.org", "ACME");
  const int finds = it.orgs.finds;

  for (int i = 0; i < 20; ++i) it.world.hook(Side::kLeft, it.world.left.insert(person("p" + std::to_string(i) + "@example.org", "ACME")));
  it.world.settle(std::chrono::seconds(2));

  CHECK(it.world.right.rows.size() == 21);
  CHECK(it.orgs.finds == finds);
  it.world.timers.advance(std::chrono::hours(2));
  it.add("late@example.org", "ACME");
  CHECK(it.orgs.finds == finds + 1);
}

TEST_CASE("lookups: a missing record is made once, for all who ask", "[sync][lookups]") {
  Looking it(sync::Finder::Missing::kCreate);
  for (int i = 0; i < 5; ++i) it.world.hook(Side::kLeft, it.world.left.insert(person("p" + std::to_string(i) + "@example.org", "New Ltd")));
  it.world.settle(std::chrono::seconds(2));

  CHECK(it.orgs.rows.size() == 2);
  CHECK(it.orgs.get("O2", "name") == Value("New Ltd"));
  CHECK(it.orgs.get("O2", "origin") == Value("erp"));
  CHECK(it.world.right.rows.size() == 5);
  for (const auto& [key, row] : it.world.right.rows) CHECK(it.world.right.get(key, "org") == Value("O2"));
}

TEST_CASE("lookups: a record whose creation was not answered is found again, never made twice", "[sync][lookups]") {
  Looking it(sync::Finder::Missing::kCreate);
  it.orgs.write_faults = {test::MemorySide::Fault::kLoseAnswer};
  it.add("ada@example.org", "New Ltd");
  it.world.settle(std::chrono::minutes(3));
  CHECK(it.orgs.rows.size() == 2);
  CHECK(it.world.right.rows.size() == 1);

  it.orgs.write_faults = {test::MemorySide::Fault::kLoseRequest};
  it.add("bob@example.org", "Newer Ltd");
  it.world.settle(std::chrono::seconds(30));
  CHECK(it.orgs.rows.size() == 2);
  CHECK(it.orgs.create_calls == 2);
  it.world.settle(std::chrono::minutes(5));
  CHECK(it.orgs.rows.size() == 3);
  CHECK(it.world.right.rows.size() == 2);
}

TEST_CASE("lookups: a change of what a watched lookup finds reaches all who name it", "[sync][lookups]") {
  Looking it(sync::Finder::Missing::kDead, {}, true);
  it.add("ada@example.org", "ACME");
  it.add("bob@example.org", "ACME");
  const int writes = it.world.writes();
  it.bosses.edit("B1", "title", Value("Ann"));

  it.world.hook(Side::kLeft, sync::watch_key("boss", "B1"));
  it.world.settle();

  for (const auto& [key, row] : it.world.right.rows) CHECK(it.world.right.get(key, "shout") == Value("hey/Ann"));
  CHECK(it.world.writes() == writes + 2);
  it.world.hook(Side::kLeft, sync::watch_key("boss", "B1"));
  it.world.hook(Side::kLeft, sync::watch_key("boss", "B2"));
  it.world.hook(Side::kLeft, sync::watch_key("nobody", "B1"));
  it.world.settle();
  CHECK(it.world.writes() == writes + 2);
  CHECK(it.world.counts().dead == 0);
}
