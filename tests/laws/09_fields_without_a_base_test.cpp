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

/// Says everything in its own version's way; `both`: and takes it back.
class Says final : public sync::Mapper {
 public:
  explicit Says(std::string way, bool both = false) : plan_(World::default_plan()), way_(std::move(way)) {
    sync::Field said = World::field("said");
    said.kind = sync::Field::Kind::kFunction;
    said.flow = both ? sync::Flow::kBoth : sync::Flow::kToRight;
    said.function.right = 1;
    if (both) said.function.left = 2;
    plan_.fields.push_back(said);
  }
  const sync::Plan& plan() const override { return plan_; }
  const std::string& version() const override { return way_; }
  Result<sync::Outcome> convert(const sync::Field&, Side to, const Value& form, const Value&, std::string_view) override {
    const std::string text = form.is_string() ? form.as_string() : "";
    const bool said_so = text.rfind(way_, 0) == 0;
    return sync::Outcome{sync::Outcome::Kind::kValue, Value(to == Side::kRight ? way_ + text : (said_so ? text.substr(way_.size()) : text)), ""};
  }
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

TEST_CASE("law 9: so it is by a load, which goes to links that look level for that, once", "[laws][9]") {
  for (const Side has : {Side::kLeft, Side::kRight}) {
    Edited it;
    it.edit(has, "city", "Ghent");
    it.tell();
    REQUIRE(run_job(it.world, "initial_load").done == 0);
    it.put(Edited::with_city());
    run_job(it.world, "initial_load");

    CHECK(it.both_show("city", "Ghent"));
    CHECK(run_job(it.world, "initial_load").done == 0);
  }
}

TEST_CASE("law 9: a pass that was under way when the field came has not met it", "[laws][9]") {
  Edited it;
  it.edit(Side::kLeft, "city", "Ghent");
  it.edit(Side::kLeft, "phone", "2");
  it.world.right.before_write = [&] { it.put(Edited::with_city()); };
  it.world.hook(Side::kLeft, it.left);
  it.world.settle();
  REQUIRE(it.both_show("phone", "2"));
  REQUIRE(it.shown(Side::kRight, "city").empty());

  run_job(it.world, "initial_load");

  CHECK(it.both_show("city", "Ghent"));
}

TEST_CASE("law 9: a link of which both sides lack a field that came has met it all the same", "[laws][9]") {
  Edited it;
  it.put(Edited::with_city());
  run_job(it.world, "initial_load");

  CHECK(it.new_writes() == 0);
  CHECK(run_job(it.world, "initial_load").done == 0);
}

TEST_CASE("law 9: a load does not go to a pair that a person ignores, whatever came", "[laws][9]") {
  Edited it;
  it.world.engine->mend({sync::Mending::Act::kIgnore, "people", {Side::kLeft, it.left}, {}, "", "ann"}, [](Result<store::Operation> done) { CHECK(done.ok()); });
  it.world.settle();
  it.put(Edited::with_city());

  CHECK(run_job(it.world, "initial_load").done == 0);
}

TEST_CASE("law 9: how many links have not met a field that came is told without asking a system", "[laws][9]") {
  Edited it;
  const auto count = [&] {
    sync::Unmet found;
    it.world.engine->count_unmet("people", [&](Result<sync::Unmet> told) { found = told.ok() ? *told : sync::Unmet{-1, {}}; });
    it.world.settle();
    return found;
  };
  CHECK(count().links == 0);
  it.put(Edited::with_city());
  CHECK(count().links == 1);
  CHECK(count().fields == std::set<std::string>{"city"});
  CHECK(it.requests(Side::kLeft, "read").empty());
  begin_anew(it.world, Edited::with_city());  // as by a command that looks
  it.world.engine->know([] {});
  it.world.settle();
  CHECK(count().links == 1);
  it.world.engine->start(false);
  it.tell();
  CHECK(count().links == 0);
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

namespace {

/// A pair whose `said` was agreed on as "loudly hey", and a mapping that says everything softly from now on.
struct Softly : Edited {
  explicit Softly(bool both = false) : both_(both) {
    later();
    say("loudly ");
    edit(Side::kLeft, "said", "hey");
    tell();
    later();
    forget_what_was();
  }
  void say(const std::string& way) {
    world.engine->put(std::make_shared<Says>(way, both_), {&world.left, &world.right});
  }
  store::Job resync() { return run_job(world, "resync", Object{{"all", true}}); }
  bool both_;
};

}  // namespace

TEST_CASE("law 9: resync applies an edited transform, and tells it by its rule", "[laws][9]") {
  Softly it;
  REQUIRE(it.shown(Side::kRight, "said") == "loudly hey");
  it.say("softly ");
  CHECK(it.resync().state == "done");

  CHECK(it.shown(Side::kRight, "said") == "softly hey");
  CHECK(it.shown(Side::kLeft, "said") == "hey");
  CHECK(it.decided("said").string_or("rule").find("the mapping was edited") != std::string::npos);
  CHECK(it.link().base.at("said").right == Value("softly hey"));
  it.forget_what_was();
  it.resync();
  CHECK(it.new_writes() == 0);
}

TEST_CASE("law 9: resync applies it to one record where it is asked for one", "[laws][9]") {
  Softly it;
  it.say("softly ");
  run_job(it.world, "resync", Object{{"side", "left"}, {"key", it.left}});

  CHECK(it.shown(Side::kRight, "said") == "softly hey");
}

TEST_CASE("law 9: of a field that goes both ways the declared tie side is turned", "[laws][9]") {
  Softly it(true);
  it.say("softly ");
  it.resync();

  CHECK(it.shown(Side::kRight, "said") == "softly hey");
  CHECK(it.shown(Side::kLeft, "said") == "hey");
}

TEST_CASE("law 9: one way that still says what is there is enough, and nothing is written", "[laws][9]") {
  Softly it(true);
  it.edit(Side::kRight, "said", "hoho");  // which leads to "hoho" on the left, and back to "loudly hoho"
  it.tell();
  REQUIRE(it.shown(Side::kLeft, "said") == "hoho");
  it.forget_what_was();
  it.say("softly ");
  it.resync();

  CHECK(it.new_writes() == 0);
}

TEST_CASE("law 9: neither a sweep nor a load nor an edit applies an edited transform", "[laws][9]") {
  Softly it;
  it.say("softly ");
  run_job(it.world, "sweep");
  run_job(it.world, "initial_load");
  it.edit(Side::kLeft, "phone", "2");
  it.tell();

  CHECK(it.both_show("phone", "2"));
  CHECK(it.shown(Side::kRight, "said") == "loudly hey");
}

TEST_CASE("law 9: a resync that a change overtakes applies it still", "[laws][9]") {
  Softly it;
  it.say("softly ");
  it.world.engine->pause("people", true);
  start_job(it.world, "resync", Object{{"all", true}});
  it.world.settle();
  it.edit(Side::kLeft, "phone", "2");
  it.tell();
  it.world.engine->pause("people", false);
  it.world.settle(std::chrono::minutes(1));

  CHECK(it.both_show("phone", "2"));
  CHECK(it.shown(Side::kRight, "said") == "softly hey");
}

TEST_CASE("law 9: a dry run of a resync tells what it would write", "[laws][9]") {
  Softly it;
  it.say("softly ");
  const store::Job job = run_job(it.world, "dry_run", Object{{"all", true}});

  CHECK(it.new_writes() == 0);
  CHECK(found_in(job, "updates") == 1);
  CHECK(found_in(run_job(it.world, "dry_run"), "updates") == 0);
}

TEST_CASE("law 9: a comparison tells what an edited transform says otherwise, as no difference that somebody accepted, and mends nothing of it", "[laws][9]") {
  Softly it;
  CHECK(run_job(it.world, "verify").summary.find("found") == nullptr);
  it.say("softly ");
  const store::Job job = run_job(it.world, "verify", Object{{"repair", true}});

  CHECK(found_in(job, "edited") == 1);
  CHECK(found_in(job, "accepted") == 0);
  CHECK(it.new_writes() == 0);
  it.resync();
  CHECK(run_job(it.world, "verify").summary.find("found") == nullptr);
}

TEST_CASE("law 9: how many links would differ is told without asking a system", "[laws][9]") {
  Softly it;
  const auto count = [&] {
    std::int64_t found = -1;
    it.world.engine->count_differing("people", [&](Result<std::int64_t> told) { found = told.ok() ? *told : -2; });
    it.world.settle();
    return found;
  };
  CHECK(count() == 0);
  it.say("softly ");
  CHECK(count() == 1);
  CHECK(it.requests(Side::kLeft, "read").empty());
  it.resync();
  CHECK(count() == 0);
}

TEST_CASE("law 9: a field that nobody has agreed on yet is no difference that an edit of the mapping makes", "[laws][9]") {
  Edited it;
  it.edit(Side::kLeft, "city", "Ghent");
  it.edit(Side::kRight, "city", "Gand");
  sync::Plan plan = Edited::with_city();
  plan.fields.back() = World::field("city", 0);
  plan.fields.back().default_value = Value("none");
  it.put(plan);
  it.tell();
  REQUIRE(it.world.conflicts().size() == 1);

  it.put(plan, "the same text under a later program");
  std::int64_t differing = -1;
  it.world.engine->count_differing("people", [&](Result<std::int64_t> count) { differing = count.ok() ? *count : -2; });
  it.world.settle();

  CHECK(differing == 0);
}

TEST_CASE("law 9: what an edited transform writes is under the brake", "[laws][9][18]") {
  Softly it;
  it.later(std::chrono::hours(25));  // the field itself, when it was new
  for (int i = 0; i < 30; ++i) {
    Value fields = person("p" + std::to_string(i) + "@example.org");
    fields["said"] = "ho";
    it.world.hook(Side::kLeft, it.world.left.insert(std::move(fields)));
  }
  it.world.settle();
  it.say("softly ");
  it.resync();
  const auto softly = [&] {
    int count = 0;
    for (const auto& [key, row] : it.world.right.rows)
      count += row.fields.string_or("said").rfind("softly", 0) == 0 ? 1 : 0;
    return count;
  };
  CHECK(softly() == 10);
  REQUIRE(it.world.counts().braked.size() == 1);
  CHECK(it.world.counts().braked.front().links == 21);

  it.world.engine->release("people", "said", [](Result<std::int64_t>) {});
  it.world.settle(std::chrono::seconds(30));
  CHECK(softly() == 31);
  CHECK(it.world.counts().braked.empty());
}

TEST_CASE("law 9: a difference that a person accepted outlives an edited transform", "[laws][9][13]") {
  Softly it(true);
  it.world.engine->put(std::make_shared<Says>("loudly ", true), {&it.world.left, &it.world.right});
  it.edit_both("note", "a", "b");
  it.tell();
  it.resolve("note", "accept");
  REQUIRE(it.world.conflicts().empty());
  it.forget_what_was();
  it.say("softly ");
  it.resync();

  CHECK(it.shown(Side::kLeft, "note") == "a");
  CHECK(it.shown(Side::kRight, "note") == "b");
  it.edit(Side::kLeft, "note", "c");
  it.tell();
  CHECK(it.both_show("note", "c"));
}

TEST_CASE("law 9: a decision about one field applies no edited transform of another", "[laws][9][13]") {
  Softly it;
  it.edit_both("note", "a", "b");
  it.tell();
  it.say("softly ");
  it.resolve("note", "left");

  CHECK(it.both_show("note", "a"));
  CHECK(it.shown(Side::kRight, "said") == "loudly hey");
}

TEST_CASE("law 9: a base that was reset is agreed on anew, also of a field that was stored in another form", "[laws][9]") {
  Edited it;
  it.world.right.store_as = [](const std::string& field, Value value) { return field == "phone" ? Value("+2") : value; };
  it.edit(Side::kLeft, "phone", "2");
  it.tell(std::chrono::minutes(3));
  REQUIRE(it.both_show("phone", "+2"));
  sync::Mending what;
  what.act = sync::Mending::Act::kResetBase;
  what.mapping = "people";
  what.key = {Side::kLeft, it.left};
  what.author = "ann";
  it.world.engine->mend(std::move(what), [](Result<store::Operation> done) { ASSERT(done.ok(), "it is linked"); });
  it.world.settle();

  CHECK(it.link().base.contains("phone"));
}

TEST_CASE("law 9: removing a field drops its base with the next pass of a link", "[laws][9]") {
  Edited it;
  it.put(Edited::without_phone());
  it.edit(Side::kLeft, "email", "ada@new.org");
  it.tell();

  CHECK_FALSE(it.link().base.contains("phone"));
  it.put(World::default_plan());
  it.put(Edited::without_phone());
  it.tell();  // an echo does it too
  CHECK_FALSE(it.link().base.contains("phone"));
}

TEST_CASE("law 9: a field that comes back is a new one, whether a pass saw it leave or not", "[laws][9]") {
  for (const bool seen : {false, true}) {
    Edited it;
    it.put(Edited::without_phone());
    if (seen) it.tell();
    it.world.left.edit(it.left, "phone",
                       Value());  // by the old base an edit that clears; of a new field nothing to copy
    if (seen) it.tell();
    it.put(World::default_plan());
    it.tell();

    CHECK(it.both_show("phone", "1"));
    CHECK(it.decided("phone").string_or("rule") == "first contact: filled in where it was empty");
    it.edit(Side::kRight, "phone", "3");
    it.tell();
    CHECK(it.both_show("phone", "3"));
  }
}

TEST_CASE("law 9: that it left is known after a restart, and clocks have no say in it", "[laws][9]") {
  Edited it;
  restart(it.world, Edited::without_phone());
  it.world.settle();
  it.world.left.edit(it.left, "phone", Value());
  it.world.clock.set(it.world.clock.now() - std::chrono::hours(2));
  restart(it.world);
  it.world.settle();
  it.tell();
  CHECK(it.both_show("phone", "1"));

  restart(it.world);
  it.world.settle();
  it.world.left.edit(it.left, "phone", Value());  // of a field with a base again
  it.tell();
  CHECK(it.both_show("phone", ""));
}

TEST_CASE("law 9: nobody is asked any more about a field that left", "[laws][9][13]") {
  Edited it;
  it.edit_both("note", "a", "b");
  it.tell();
  REQUIRE(it.world.conflicts().size() == 1);
  sync::Plan plan = World::default_plan();
  std::erase_if(plan.fields, [](const sync::Field& field) { return field.name == "note"; });
  it.put(std::move(plan));
  it.tell();

  CHECK(it.world.conflicts().empty());
  CHECK(it.world.counts().dead == 0);
}

TEST_CASE("law 9: under another name it is another mapping, and the state knows whose records it meets", "[laws][9]") {
  Edited it;
  sync::Plan renamed = World::default_plan(), elsewhere = World::default_plan();
  renamed.name = "persons";
  elsewhere.name = "others";
  elsewhere.end.right.collection = "others";
  it.world.engine->remove("people");
  it.world.engine->put(std::make_shared<TableMapper>(renamed), {&it.world.left, &it.world.right});
  it.world.engine->put(std::make_shared<TableMapper>(elsewhere), {&it.world.left, &it.world.right});
  it.world.settle();

  CHECK(it.world.engine->alike("persons") == std::vector<std::string>{"people"});
  CHECK(it.world.engine->alike("others").empty());
  CHECK(it.world.engine->alike("people").empty());  // not loaded
  begin_anew(it.world, renamed);
  it.world.engine->know([] {});
  it.world.settle();
  CHECK(it.world.engine->alike("persons") == std::vector<std::string>{"people"});
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
  it.world.settle();  // what was told meanwhile waited for it

  CHECK(it.both_show("phone", "2"));
  CHECK(it.world.right.rows.size() == 1);
  CHECK(it.world.right.creates == 1);
}
