// Law 10: which rule decides, and of what. Each rule's arithmetic: tests/lua/strategies_test.lua; which of project, mapping,
// group and field it is taken from: tests/lua/mapping_test.lua; asking a URL: tests/unit/sync/judge_test.cpp.
#include <catch2/catch.hpp>

#include "support/people.h"

using namespace tidewire;
using namespace tidewire::test;
using sync::Side;

namespace {

sync::Plan ruled(std::int64_t phone, int group = -1) {
  sync::Plan plan = World::default_plan();
  plan.fields = {World::field("email", phone), World::field("phone", phone), World::field("note", 0), World::field("tags", 4)};
  if (group >= 0) plan.fields[0].group = plan.fields[1].group = group;
  return plan;
}

/// email, phone and note are won together, by a person.
sync::Plan waiting(bool whole) {
  sync::Plan plan = World::default_plan();
  plan.fields = {World::field("email", 0), World::field("phone", 0), World::field("note", 0)};
  plan.whole_record = whole;
  for (sync::Field& field : plan.fields) field.group = whole ? -1 : 0;
  return plan;
}

}  // namespace

TEST_CASE("law 10: each field is decided by its own rule", "[laws][10]") {
  Pair it(ruled(3));
  for (const char* field : {"phone", "note", "tags"}) it.edit_both(field, "a", "b");
  it.tell();

  CHECK(it.both_show("phone", "b"));
  CHECK(it.both_show("tags", "a+b"));
  CHECK(it.shown(Side::kLeft, "note") == "a");
  CHECK(it.shown(Side::kRight, "note") == "b");
  CHECK(it.world.conflicts().size() == 1);
}

TEST_CASE("law 10: a rule is asked of a dispute only: an edit of one side travels against it", "[laws][10]") {
  for (const std::int64_t rule : {2, 3}) {
    Pair it(ruled(rule));
    it.edit(rule == 2 ? Side::kRight : Side::kLeft, "phone", "2");
    it.tell();

    CHECK(it.both_show("phone", "2"));
    CHECK(it.decided("phone").string_or("decision") == "copy");
  }
}

TEST_CASE("law 10: left is left whichever side is told of first, and so is right", "[laws][10]") {
  for (const std::int64_t rule : {2, 3}) {
    for (const Side first : {Side::kLeft, Side::kRight}) {
      Pair it(ruled(rule));
      it.edit_both("phone", "a", "b");
      it.world.hook(first, it.key(first));
      it.world.settle();
      it.tell();

      CHECK(it.both_show("phone", rule == 2 ? "a" : "b"));
    }
  }
}

TEST_CASE("law 10: a group of fields is won together", "[laws][10]") {
  Pair it(ruled(3, 0));
  it.edit(Side::kLeft, "email", "ada@left.org");
  it.edit(Side::kRight, "phone", "2");
  it.tell();

  CHECK(it.both_show("email", "ada@example.org"));
  CHECK(it.both_show("phone", "2"));
  CHECK(it.decided("email").string_or("left") == "ada@left.org");  // the loser is on record
}

TEST_CASE("law 10: a group of records that meet for the first time is not filled in from both", "[laws][10]") {
  for (const std::int64_t rule : {0, 3}) {
    INFO((rule == 0 ? "a person decides" : "the right wins"));
    sync::Plan plan = World::default_plan();
    plan.fields = {World::field("email"), World::field("phone", rule), World::field("note", rule)};
    plan.fields[1].group = plan.fields[2].group = 0;
    World world(plan);
    Value other = person("ada@example.org", "2");
    other["note"] = Value();
    const std::string left = world.left.insert(person("ada@example.org"));
    const std::string right = world.right.insert(other);
    world.hook(Side::kLeft, left);
    world.settle();

    REQUIRE(world.counts().links == 1);
    CHECK(world.right.get(right, "phone") == Value("2"));
    CHECK(world.right.get(right, "note") == Value());  // "n" beside "2" is what nobody wrote
    CHECK(world.left.get(left, "phone") == Value(rule == 0 ? "1" : "2"));
    CHECK(world.left.get(left, "note") == (rule == 0 ? Value("n") : Value()));
    CHECK(world.conflicts().size() == (rule == 0 ? 2U : 0U));
  }
}

TEST_CASE("law 10: a group that only one side has is filled in on the other", "[laws][10]") {
  sync::Plan plan = World::default_plan();
  plan.fields = {World::field("email"), World::field("phone", 0), World::field("note", 0)};
  plan.fields[1].group = plan.fields[2].group = 0;
  World world(plan);
  const std::string left = world.left.insert(person("ada@example.org"));
  const std::string right = world.right.insert(Value(Object{{"email", "ada@example.org"}}));
  world.hook(Side::kLeft, left);
  world.settle();

  CHECK(world.right.get(right, "phone") == Value("1"));
  CHECK(world.right.get(right, "note") == Value("n"));
  CHECK(world.conflicts().empty());
}

TEST_CASE("law 10: a field of a group that was never agreed on is decided with the others", "[laws][10]") {
  Pair it(ruled(3, 0));
  it.edit(Side::kLeft, "email", "ada@left.org");
  it.edit(Side::kRight, "phone", "2");
  it.world.engine->mend({sync::Mending::Act::kResetBase, "people", {Side::kLeft, it.left}, {}, "phone", "ann"}, [](Result<store::Operation> done) { REQUIRE(done.ok()); });
  it.world.settle();

  CHECK(it.both_show("email", "ada@example.org"));
  CHECK(it.both_show("phone", "2"));
}

TEST_CASE("law 10: with granularity record the whole record is won together", "[laws][10]") {
  sync::Plan plan = ruled(3);
  plan.fields = {World::field("email", 3), World::field("phone", 3)};
  plan.whole_record = true;
  Pair it(plan);
  it.edit(Side::kLeft, "email", "ada@left.org");
  it.edit(Side::kRight, "phone", "2");
  it.tell();

  CHECK(it.both_show("email", "ada@example.org"));
  CHECK(it.both_show("phone", "2"));
}

TEST_CASE("law 10: a record won as a whole waits for a person where one of the fields that were edited does", "[laws][10]") {
  const bool manual_first = GENERATE(true, false);
  CAPTURE(manual_first);
  sync::Plan plan = World::default_plan();
  plan.fields = {World::field("email", manual_first ? 0 : 3), World::field("phone", manual_first ? 3 : 0)};
  plan.whole_record = true;
  const char* manual = manual_first ? "email" : "phone";
  const char* ruled_by_right = manual_first ? "phone" : "email";
  Pair it(plan);
  it.edit_both(manual, "l@left.org", "r@right.org");
  it.tell();
  REQUIRE(it.world.conflicts().size() == 1);
  it.edit(Side::kLeft, ruled_by_right, "later");  // who is asked is not passed over by the rule of another field
  it.tell();

  CHECK(it.world.conflicts().size() == 2);
  CHECK(it.shown(Side::kLeft, manual) == "l@left.org");
  CHECK(it.shown(Side::kRight, manual) == "r@right.org");
  CHECK(it.shown(Side::kLeft, ruled_by_right) == "later");
}

TEST_CASE("law 10: what a person decides of one field of a group, or of a record won as a whole, holds for all of it", "[laws][10]") {
  for (const bool whole : {false, true}) {
    for (const bool clash : {false, true}) {
      INFO((whole ? "record" : "group") << (clash ? ", both fields clash" : ", each side has edited another field"));
      Pair it(waiting(whole));
      it.edit(Side::kLeft, "email", "ada@left.org");
      it.edit(Side::kRight, "phone", "3");
      if (clash) it.edit(Side::kRight, "email", "ada@right.org");
      if (clash) it.edit(Side::kLeft, "phone", "2");
      it.tell();
      REQUIRE(it.world.conflicts().size() == 2);
      it.resolve("email", "left");

      CHECK(it.both_show("email", "ada@left.org"));
      CHECK(it.both_show("phone", clash ? "2" : "1"));
      CHECK(it.world.conflicts().empty());
      CHECK(it.decided("phone").string_or("right") == "3");  // the loser is on record
      CHECK(it.decided("phone").string_or("rule") == "resolved by ann: left");
    }
  }
}

TEST_CASE("law 10: a group of which one field was not decided is asked about anew, all of it", "[laws][10]") {
  for (const bool edited : {false, true}) {
    INFO((edited ? "another field was edited since" : "one was decided alone"));
    Pair it(waiting(false));
    it.edit(Side::kLeft, "email", "ada@left.org");
    it.edit(Side::kRight, "phone", "3");
    it.tell();
    REQUIRE(it.world.conflicts().size() == 2);
    const Instant shown = it.world.conflicts().front().shown_at;
    it.later();
    for (const store::Conflict& open : it.world.conflicts()) {
      if (edited || open.field == "email") it.world.store.resolve({open.id, "left", "ann", {}, open.shown_at}, [](Result<void>) {});
    }
    it.world.timers.run_posted();
    if (edited) it.edit(Side::kRight, "note", "new");
    it.world.engine->wake("people");
    it.world.settle();

    CHECK(it.shown(Side::kRight, "email") == "ada@example.org");
    CHECK(it.shown(Side::kRight, "phone") == "3");
    CHECK(it.world.conflicts().size() == (edited ? 3U : 2U));
    for (const store::Conflict& open : it.world.conflicts()) {
      CHECK_FALSE(open.method);
      CHECK(open.shown_at > shown);  // who has looked at one before has not seen what it is decided with
    }

    it.resolve("phone", "right");
    CHECK(it.world.conflicts().empty());
    CHECK(it.both_show("email", "ada@example.org"));
    CHECK(it.both_show("phone", "3"));
    if (edited) CHECK(it.both_show("note", "new"));
  }
}

TEST_CASE("law 10: what a person said of a part of a group is not completed by a rule", "[laws][10]") {
  sync::Plan plan = World::default_plan();
  plan.fields = {World::field("email", 0), World::field("phone", 3)};
  plan.fields[0].group = plan.fields[1].group = 0;
  Pair it(plan);
  it.edit_both("email", "ada@left.org", "ada@right.org");
  it.edit(Side::kRight, "phone", "3");
  it.tell();
  REQUIRE(it.world.conflicts().size() == 2);
  for (const store::Conflict& open : it.world.conflicts()) {
    if (open.field == "email") it.world.store.resolve({open.id, "left", "ann", {}, open.shown_at}, [](Result<void>) {});
  }
  it.world.timers.run_posted();
  it.edit(Side::kLeft, "phone", "2");  // the right's rule would have it now
  it.tell();

  CHECK(it.shown(Side::kLeft, "email") == "ada@left.org");
  CHECK(it.shown(Side::kLeft, "phone") == "2");
  CHECK(it.shown(Side::kRight, "email") == "ada@right.org");
  CHECK(it.shown(Side::kRight, "phone") == "3");
  CHECK(it.world.conflicts().size() == 2);
}

TEST_CASE("law 10: while a field of a group waits for a person, edits of the others wait with it", "[laws][10]") {
  enum class Then { kPerson, kLevel, kAccepted };
  const bool whole = GENERATE(true, false);
  const Then then = GENERATE(Then::kPerson, Then::kLevel, Then::kAccepted);
  CAPTURE(whole, static_cast<int>(then));
  sync::Plan plan = World::default_plan();
  plan.whole_record = whole;
  if (!whole) plan.fields[1].group = plan.fields[2].group = 0;  // phone, note
  Pair it(plan);
  it.world.right.store_as = [](const std::string& field, const Value& value) { return field == "phone" ? Value("1") : value; };
  it.edit(Side::kLeft, "phone", "5");
  it.tell();
  REQUIRE(it.world.conflicts().size() == 1);
  REQUIRE(it.world.conflicts().front().kind == "not_accepted");
  it.later();
  it.forget_what_was();
  it.edit(Side::kLeft, "note", "m");
  it.edit(Side::kLeft, "email", "ada@new.org");
  it.tell();

  CHECK(it.shown(Side::kRight, "note") == (whole ? "m" : "n"));  // of a group 1 and m nobody had; a record is not kept waiting by how a side keeps one field
  CHECK(it.shown(Side::kRight, "email") == "ada@new.org");
  CHECK(it.world.conflicts().size() == (whole ? 1U : 2U));
  const int writes = it.new_writes();
  it.tell(std::chrono::hours(2));
  CHECK(it.new_writes() == writes);

  if (then == Then::kPerson) it.resolve("phone", "right");
  if (then == Then::kLevel) it.edit(Side::kLeft, "phone", "1");
  if (then == Then::kAccepted) it.edit(Side::kRight, "phone", "5");
  it.tell();
  CHECK(it.world.conflicts().empty());
  CHECK(it.both_show("phone", then == Then::kAccepted ? "5" : "1"));
  CHECK(it.both_show("note", then == Then::kPerson && !whole ? "n" : "m"));
}

TEST_CASE("law 10: manual waits for a person, whatever the times say", "[laws][10]") {
  Pair it;
  it.edit(Side::kLeft, "note", "mine");
  it.later();
  it.edit(Side::kRight, "note", "yours");
  it.tell();

  CHECK(it.shown(Side::kLeft, "note") == "mine");
  CHECK(it.shown(Side::kRight, "note") == "yours");
  REQUIRE(it.world.conflicts().size() == 1);
  CHECK(it.world.conflicts().front().kind == "clash");
}

TEST_CASE("law 10: what does not travel has no say in a group or a record, and is not written against its direction", "[laws][10]") {
  sync::Plan plan = World::default_plan();
  plan.whole_record = true;
  plan.fields[1].flow = sync::Flow::kToRight;  // phone
  Pair it(plan);
  it.edit(Side::kLeft, "email", "ada@new.org");
  it.later();
  it.edit(Side::kRight, "phone", "drift");
  it.tell();

  CHECK(it.both_show("email", "ada@new.org"));
  CHECK(it.shown(Side::kLeft, "phone") == "1");
  CHECK(it.shown(Side::kRight, "phone") == "drift");
}

TEST_CASE("law 10: a field of a group that goes one way is not written against it by the side that wins the rest", "[laws][10]") {
  sync::Plan plan = ruled(3, 0);  // the right wins
  plan.fields[1].flow = sync::Flow::kToRight;
  Pair it(plan);
  it.edit(Side::kLeft, "phone", "2");
  it.edit_both("email", "ada@left.org", "ada@right.org");
  it.tell();

  CHECK(it.both_show("email", "ada@right.org"));
  CHECK(it.both_show("phone", "2"));
}
