// Law 9: fields without a base. What the brake says of many of them: law 18.
#include <catch2/catch.hpp>

#include "support/teams.h"

using namespace tidewire;
using namespace tidewire::test;
using sync::Side;

namespace {

/// A pair, and a mapping that is edited under it.
struct Edited : Pair {
  explicit Edited(sync::Plan plan = World::default_plan()) : Pair(std::move(plan)) {}
  void put(sync::Plan plan, const char* version = "v2") { world.engine->put(std::make_shared<TableMapper>(std::move(plan), version), {&world.left, &world.right}); }
  static sync::Plan with_city() {
    sync::Plan plan = World::default_plan();
    plan.fields.push_back(World::field("city"));
    return plan;
  }
  static sync::Plan without_phone() {
    sync::Plan plan = World::default_plan();
    std::erase_if(plan.fields, [](const sync::Field& field) { return field.name == "phone"; });
    return plan;
  }
};

/// Says everything in its own version's way.
class Says final : public sync::Mapper {
 public:
  explicit Says(std::string way) : plan_(World::default_plan()), way_(std::move(way)) {
    sync::Field said = World::field("said");
    said.kind = sync::Field::Kind::kFunction;
    said.flow = sync::Flow::kToRight;
    said.to_right = 1;
    plan_.fields.push_back(said);
  }
  const sync::Plan& plan() const override { return plan_; }
  const std::string& version() const override { return way_; }
  Result<sync::Outcome> convert(const sync::Field&, Side, const Value& form, const Value&, std::string_view) override { return sync::Outcome{sync::Outcome::Kind::kValue, Value(way_ + (form.is_string() ? form.as_string() : "")), ""}; }
  Result<sync::Verdict> resolve(const sync::Field&, std::int64_t, const sync::Dispute&) override { return sync::Verdict{}; }
  Result<std::optional<std::string>> check(const sync::Plan::Check&, const Value&) override { return std::optional<std::string>(); }

 private:
  sync::Plan plan_;
  std::string way_;
};

sync::Field owed(const std::string& name, const std::string& mapping) {
  sync::Field field = World::field(name);
  field.kind = sync::Field::Kind::kReference;
  field.reference = mapping;
  field.optional_reference = true;
  return field;
}

}  // namespace

TEST_CASE("law 9: a field that a mapping got is adopted by a link at its next pass", "[laws][9]") {
  Edited it;
  it.edit(Side::kLeft, "city", "Ghent");
  it.put(Edited::with_city());
  it.world.settle();
  CHECK(it.shown(Side::kRight, "city").empty());
  it.tell();

  CHECK(it.both_show("city", "Ghent"));
  CHECK(it.link().base.at("city").right == Value("Ghent"));
}

TEST_CASE("law 9: so it is by resync", "[laws][9]") {
  Edited it;
  it.world.right.edit(it.right, "city", Value("Ghent"));
  it.tell();
  it.put(Edited::with_city());
  run_job(it.world, "resync", Object{{"all", true}});

  CHECK(it.both_show("city", "Ghent"));
}

TEST_CASE("law 9: where both have something, the strategy decides as at first contact", "[laws][9]") {
  Edited it;
  it.edit(Side::kLeft, "city", "Ghent");
  it.later();
  it.edit(Side::kRight, "city", "Bruges");
  it.put(Edited::with_city());
  it.tell();

  CHECK(it.both_show("city", "Bruges"));
  CHECK(it.decided("city").string_or("left") == "Ghent");
}

TEST_CASE("law 9: a reference that cannot be written yet is absent on the target and never read as a change", "[laws][9]") {
  Teams it(true);
  const std::string right = it.world.only_right();
  CHECK(it.world.right.get(right, "team_id").is_null());
  it.world.right.edit(right, "phone", Value("2"));
  it.world.hook(Side::kRight, right);
  it.world.settle();

  CHECK(it.world.left.get(it.child, "phone") == Value("2"));
  CHECK(it.world.left.get(it.child, "team") == Value("T1"));
}

TEST_CASE("law 9: what is owed is written when the parent links", "[laws][9]") {
  Teams it(true);
  it.make_team();

  CHECK(it.world.right.get(it.world.only_right(), "team_id") == Value(it.right.rows.begin()->first));
  CHECK(it.world.counts().waiting_for == 0);
}

TEST_CASE("law 9: a record that owes two references waits for one parent at a time, and rests meanwhile", "[laws][9]") {
  sync::Plan plan = World::default_plan();
  plan.fields.push_back(owed("team", "teams"));
  plan.fields.push_back(owed("office", "offices"));
  World world(plan);
  const std::string ada = world.left.insert(Value(Object{{"email", "ada@example.org"}, {"team", "T1"}, {"office", "O1"}}));

  world.hook(Side::kLeft, ada);
  world.settle();
  const int reads = world.left.reads;
  world.settle(std::chrono::minutes(5));

  CHECK(world.right.rows.size() == 1);
  CHECK(world.counts().waiting_for == 1);
  CHECK(world.counts().waiting == 0);
  CHECK(world.left.reads == reads);
}

TEST_CASE("law 9: an edited transform rewrites nothing by itself", "[laws][9]") {
  Edited it;
  it.world.engine->put(std::make_shared<Says>("loudly "), {&it.world.left, &it.world.right});
  it.edit(Side::kLeft, "said", "hey");
  it.tell();
  REQUIRE(it.shown(Side::kRight, "said") == "loudly hey");
  it.forget_what_was();

  it.world.engine->put(std::make_shared<Says>("softly "), {&it.world.left, &it.world.right});
  it.edit(Side::kLeft, "phone", "2");
  it.tell();

  CHECK(it.both_show("phone", "2"));
  CHECK(it.shown(Side::kRight, "said") == "loudly hey");
  it.edit(Side::kLeft, "said", "ho");
  it.tell();
  CHECK(it.shown(Side::kRight, "said") == "softly ho");
}

TEST_CASE("law 9: a mapping's identity is its name: taken away it pauses and keeps its links", "[laws][9]") {
  Edited it;
  it.world.engine->remove("people");
  it.world.settle();
  it.edit(Side::kLeft, "phone", "2");
  it.tell();
  CHECK(it.new_writes() == 0);
  CHECK(it.world.counts().links == 1);

  it.put(World::default_plan());
  it.tell();

  CHECK(it.both_show("phone", "2"));
  CHECK(it.world.right.rows.size() == 1);
  CHECK(it.world.right.creates == 1);
}
