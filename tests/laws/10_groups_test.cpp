// Law 10, "a group of fields is won together", where one of them cannot go where the others go: a side keeps it (law 14), it goes one
// way only (law 23), it was edited before the others are put back. Who wins a group: 10_strategies_test.cpp.
#include <catch2/catch.hpp>

#include "support/people.h"

using namespace tidewire;
using namespace tidewire::test;
using sync::Side;

namespace {

/// One side keeps its phone whatever it is told.
struct KeepsPhone : Pair {
  Side keeps;
  explicit KeepsPhone(Side side = Side::kRight, sync::Plan plan = grouped()) : Pair(std::move(plan)), keeps(side) { keep(true); }
  void keep(bool kept) {
    if (!kept) this->side(keeps).store_as = nullptr;
    else this->side(keeps).store_as = [](const std::string& field, const Value& value) { return field == "phone" ? Value("1") : value; };
  }
  void edit_group() {
    edit(store::other(keeps), "phone", "5");
    edit(store::other(keeps), "note", "m");
    edit(store::other(keeps), "email", "ada@new.org");
    tell();
  }
  bool shows(Side side, const std::string& phone, const std::string& note) const { return shown(side, "phone") == phone && shown(side, "note") == note; }
};

}  // namespace

TEST_CASE("law 14: of a group of which a side keeps one field, the others go back to what they were, and all wait as one", "[laws][10][14]") {
  const Side keeps = GENERATE(Side::kLeft, Side::kRight);
  const Side edits = store::other(keeps);
  CAPTURE(static_cast<int>(keeps));
  KeepsPhone it(keeps);
  it.edit_group();

  CHECK(it.shows(keeps, "1", "n"));
  CHECK(it.shows(edits, "5", "m"));
  CHECK(it.both_show("email", "ada@new.org"));
  REQUIRE(it.world.conflicts().size() == 2);
  for (const store::Conflict& open : it.world.conflicts()) {
    CHECK(open.kind == (open.field == "phone" ? "not_accepted" : "clash"));
    const auto& there = open.shown[keeps];
    CHECK(there == Value(open.field == "phone" ? "1" : "n"));
  }
  CHECK(it.link().base.at("note").left == Value("n"));
  CHECK(it.link().notes.find("note") == nullptr);
  const int writes = it.new_writes();
  it.tell(std::chrono::hours(2));
  CHECK(it.new_writes() == writes);
  CHECK(it.world.conflicts().size() == 2);
}

TEST_CASE("law 14: a group that was not accepted is decided as one afterwards", "[laws][10][14]") {
  enum class Then { kOwn, kOther, kTakesIt, kTakenBack, kEditedThere };
  const Then then = GENERATE(Then::kOwn, Then::kOther, Then::kTakesIt, Then::kTakenBack, Then::kEditedThere);
  CAPTURE(static_cast<int>(then));
  KeepsPhone it;
  it.edit_group();
  it.later();
  if (then == Then::kOwn) it.resolve("phone", "right");
  if (then == Then::kOther) it.resolve("note", "left");  // and is kept again
  if (then == Then::kTakesIt) it.keep(false), it.resolve("phone", "left");
  if (then == Then::kTakenBack) it.edit(Side::kLeft, "phone", "1");
  if (then == Then::kEditedThere) it.edit(Side::kRight, "note", "r");
  it.tell();

  const bool waits = then == Then::kOther || then == Then::kEditedThere;
  CHECK(it.world.conflicts().size() == (waits ? 2U : 0U));
  if (then == Then::kOwn) CHECK((it.shows(Side::kLeft, "1", "n") && it.shows(Side::kRight, "1", "n")));
  if (then == Then::kOther) CHECK((it.shows(Side::kLeft, "5", "m") && it.shows(Side::kRight, "1", "n")));
  if (then == Then::kTakesIt) CHECK((it.shows(Side::kLeft, "5", "m") && it.shows(Side::kRight, "5", "m")));
  if (then == Then::kTakenBack) CHECK((it.shows(Side::kLeft, "1", "m") && it.shows(Side::kRight, "1", "m")));
  if (then == Then::kEditedThere) CHECK((it.shows(Side::kLeft, "5", "m") && it.shows(Side::kRight, "1", "r")));
}

TEST_CASE("law 14: a group is put back after a write of unknown outcome, and by systems that answer nothing, too", "[laws][10][14][26]") {
  const bool lost = GENERATE(true, false);
  CAPTURE(lost);
  KeepsPhone it;
  if (lost) it.world.right.write_faults = {MemorySide::Fault::kLoseAnswer};
  else it.world.right.able.answer = sync::Capabilities::Answer::kNone;
  it.edit_group();
  it.later();
  it.tell();

  CHECK(it.shows(Side::kRight, "1", "n"));
  CHECK(it.shows(Side::kLeft, "5", "m"));
  CHECK(it.world.conflicts().size() == 2);
}

TEST_CASE("law 14: what landed of a group without an answer stays known where the write after it is refused", "[laws][10][14][26]") {
  KeepsPhone it;
  it.edit(Side::kLeft, "phone", "5");
  it.edit(Side::kLeft, "note", "m");
  it.world.right.write_faults = {MemorySide::Fault::kLoseAnswer, MemorySide::Fault::kRefuse};
  it.tell();
  REQUIRE(it.shown(Side::kRight, "note") == "m");
  it.later();
  it.later();

  CHECK(it.shows(Side::kRight, "1", "n"));
  CHECK(it.shows(Side::kLeft, "5", "m"));
  CHECK(it.world.conflicts().size() == 2);
}

TEST_CASE("law 15: what landed of a group is forgotten with the record that it landed on", "[laws][10][14][15]") {
  KeepsPhone it;
  it.world.right.write_faults = {MemorySide::Fault::kNone, MemorySide::Fault::kRefuse};
  it.edit(Side::kLeft, "phone", "5");
  it.edit(Side::kLeft, "note", "m");
  it.tell(std::chrono::milliseconds(1));
  REQUIRE(it.shown(Side::kRight, "note") == "m");
  REQUIRE(it.link().notes.at_path("note.landed") != nullptr);
  it.edit(Side::kLeft, "email", "ada@new.org");
  it.erase(Side::kRight);
  it.world.hook(Side::kLeft, it.left);
  it.later();
  it.later();

  REQUIRE(it.world.right.rows.size() == 1);
  CHECK(it.world.right.get(it.world.only_right(), "note") == Value("m"));
  CHECK(it.shown(Side::kLeft, "note") == "m");
}

TEST_CASE("law 14: what cannot be put back at once is put back later, and not over an edit made there since", "[laws][10][14]") {
  const bool edited = GENERATE(true, false);
  const auto fault = GENERATE(MemorySide::Fault::kRefuse, MemorySide::Fault::kLoseRequest, MemorySide::Fault::kLoseAnswer);
  CAPTURE(edited, static_cast<int>(fault));
  KeepsPhone it;
  it.world.right.write_faults = {MemorySide::Fault::kNone, fault};
  it.edit_group();
  if (edited) it.edit(Side::kRight, "note", "r");
  it.later();
  it.tell();

  CHECK(it.shows(Side::kRight, "1", edited ? "r" : "n"));
  CHECK(it.shows(Side::kLeft, "5", "m"));
  CHECK(it.world.conflicts().size() == 2);
}

TEST_CASE("law 14: a group of which somebody edits a field before the others are put back is as that person left it", "[laws][10][14]") {
  const auto fault = GENERATE(MemorySide::Fault::kRefuse, MemorySide::Fault::kLoseRequest);
  CAPTURE(static_cast<int>(fault));
  KeepsPhone it;
  it.world.right.write_faults = {MemorySide::Fault::kNone, fault};
  it.edit_group();
  it.edit(Side::kRight, "phone", "7");
  it.later();
  it.tell();

  CHECK(it.shows(Side::kRight, "7", "m"));
  CHECK(it.link().notes.find("note") == nullptr);
}

TEST_CASE("law 12: what goes back of a group is told as given back, over what had landed", "[laws][10][12][14]") {
  const Side keeps = GENERATE(Side::kLeft, Side::kRight);
  const std::string there = store::side_name(keeps);
  CAPTURE(there);
  KeepsPhone it(keeps);
  it.edit_group();

  const Value note = it.decided("note");
  CHECK(note.string_or("to_" + there) == "n");
  CHECK(note.string_or(there) == "n");
  REQUIRE(note.at_path("back." + there) != nullptr);
  CHECK(*note.at_path("back." + there) == Value("m"));
  CHECK(note.string_or("rule").find("the " + there + " side gets back what it had") != std::string::npos);
  CHECK(it.decided("phone").find("back") == nullptr);
}

TEST_CASE("law 12: what goes back of a group is announced, and told where nobody heard that it went", "[laws][10][12][14]") {
  KeepsPhone it;
  it.world.right.write_faults = {MemorySide::Fault::kNone, MemorySide::Fault::kRefuse};
  it.edit_group();
  REQUIRE(it.shown(Side::kRight, "note") == "m");
  it.forget_what_was();
  it.world.right.write_faults = {MemorySide::Fault::kLoseAnswer};
  it.world.right.read_faults = {MemorySide::Fault::kNone, MemorySide::Fault::kRefuse};
  for (int i = 0; i < 600 && !it.world.right.read_faults.empty(); ++i) it.world.settle(std::chrono::milliseconds(50));

  const auto open = it.known(Side::kRight, it.right).intents;
  REQUIRE(open.size() == 1);
  REQUIRE(open.front().fields.find("note") != nullptr);
  CHECK(open.front().fields.find("note")->string_or("r") == "m");
  CHECK(open.front().fields.find("note")->string_or("to") == "n");
  REQUIRE(it.world.ears.operations.empty());
  it.later();
  it.tell();

  CHECK(it.shows(Side::kRight, "1", "n"));
  CHECK(it.link().base.at("note") == store::FieldBase{Value("n"), Value("n")});
  const auto tells = [](const store::Operation& one) { const Value* note = one.record.at_path("fields.note.back.right"); return note != nullptr && *note == Value("m"); };
  const auto& told = it.world.ears.operations;
  REQUIRE(std::count_if(told.begin(), told.end(), tells) == 1);
  CHECK(std::find_if(told.begin(), told.end(), tells)->record.at_path("fields.note.rule")->as_string().find("whose end was not stored") != std::string::npos);
}

TEST_CASE("law 14: a whole record is written but for the field that a side keeps", "[laws][10][14]") {
  KeepsPhone it(Side::kRight, grouped(true));
  it.edit_group();

  CHECK(it.shows(Side::kRight, "1", "m"));
  CHECK(it.world.conflicts().size() == 1);
}

TEST_CASE("law 23: what a person decides does not write a field against its direction", "[laws][13][23]") {
  enum class Says { kTarget, kSource, kValue };
  const Says says = GENERATE(Says::kTarget, Says::kSource, Says::kValue);
  CAPTURE(static_cast<int>(says));
  sync::Plan plan = grouped();
  plan.fields[1].group = plan.fields[2].group = -1;
  plan.fields[1].flow = sync::Flow::kToRight;
  KeepsPhone it(Side::kRight, plan);
  it.edit(Side::kLeft, "phone", "5");
  it.tell();
  REQUIRE(it.world.conflicts().size() == 1);
  it.keep(false);
  it.later();
  it.forget_what_was();
  if (says == Says::kValue) it.resolve("phone", "value", Value("7"), Value("8"));
  else it.resolve("phone", says == Says::kTarget ? "right" : "left");

  CHECK(it.world.conflicts().empty());
  CHECK(it.shown(Side::kLeft, "phone") == "5");
  CHECK(it.shown(Side::kRight, "phone") == (says == Says::kTarget ? "1" : (says == Says::kSource ? "5" : "8")));
  CHECK((it.decided("phone").string_or("rule").find("goes to the right only") != std::string::npos) == (says != Says::kSource));
  const int writes = it.new_writes();
  it.tell(std::chrono::hours(2));
  CHECK(it.new_writes() == writes);
  it.edit(Side::kLeft, "phone", "6");
  it.tell();
  CHECK(it.both_show("phone", "6"));
}

TEST_CASE("law 23: of a group that a person decides the field that goes one way stays as each side has it", "[laws][10][23]") {
  sync::Plan plan = grouped();
  plan.fields[1].flow = sync::Flow::kToRight;
  Pair it(plan);
  it.edit(Side::kLeft, "phone", "2");
  it.edit_both("note", "mine", "yours");
  it.tell();
  REQUIRE(it.world.conflicts().size() == 2);
  it.resolve("note", "right");

  CHECK(it.both_show("note", "yours"));
  CHECK(it.shown(Side::kLeft, "phone") == "2");
  CHECK(it.shown(Side::kRight, "phone") == "1");
  CHECK(it.world.conflicts().empty());
}

TEST_CASE("law 10: of a group of which a state forbids one field nothing is written", "[laws][10][14]") {
  sync::Plan plan = World::default_plan();
  plan.fields[1].group = plan.fields[2].group = 0;
  plan.lifecycle.field = "tags";
  plan.lifecycle.edit_after.right = {{Value("t"), {"note"}}};
  Pair it(plan);
  it.edit(Side::kLeft, "phone", "2");
  it.edit(Side::kLeft, "note", "m");
  it.tell();

  CHECK(it.shown(Side::kRight, "phone") == "1");
  CHECK(it.shown(Side::kRight, "note") == "n");
  CHECK(it.world.conflicts().size() == 2);
}

TEST_CASE("law 10: what was given back to a group does not come again where that is taken back", "[laws][10][14][revert]") {
  KeepsPhone it;
  it.world.right.write_faults = {MemorySide::Fault::kNone, MemorySide::Fault::kRefuse};
  it.edit_group();
  REQUIRE(it.shown(Side::kRight, "note") == "m");
  const Value options{Object{{"since", format_instant(it.world.clock.now())}, {"apply", true}}};
  it.later();
  it.tell();
  REQUIRE(it.shown(Side::kRight, "note") == "n");
  it.resolve("phone", "right");
  REQUIRE(it.shows(Side::kLeft, "1", "n"));
  const store::Job job = run_job(it.world, "revert", options);

  CHECK(found_in(job, "reverted") == 1);
  CHECK(it.shows(Side::kLeft, "5", "m"));
  CHECK(it.shows(Side::kRight, "1", "n"));
}

TEST_CASE("law 10: who wins a group that a person decides takes along what the sides were left to differ in", "[laws][10][13][14]") {
  const std::string wins = GENERATE("left", "right");
  CAPTURE(wins);
  KeepsPhone it;
  it.keep(false);
  it.edit(Side::kLeft, "phone", "2");
  it.edit_both("note", "m", "r");
  it.tell();
  it.resolve("note", "accept");
  REQUIRE((it.shows(Side::kLeft, "2", "m") && it.shows(Side::kRight, "1", "r")));
  it.world.right.store_as = [](const std::string& field, const Value& value) { return field == "phone" ? Value("1") : value; };
  it.later();
  it.edit(Side::kLeft, "phone", "5");
  it.tell();
  REQUIRE((it.shows(Side::kLeft, "5", "m") && it.shows(Side::kRight, "1", "r")));
  it.keep(false);
  it.resolve("phone", wins);

  const bool left = wins == "left";
  CHECK(it.both_show("phone", left ? "5" : "1"));
  CHECK(it.both_show("note", left ? "m" : "r"));
  CHECK(it.world.conflicts().empty());
}

TEST_CASE("law 10: a group of which a person decides one field against the side that edits another meanwhile waits as one", "[laws][10][13]") {
  KeepsPhone it;
  it.edit(Side::kLeft, "phone", "5");
  it.tell();
  REQUIRE(it.world.conflicts().size() == 1);
  it.later();
  it.edit(Side::kLeft, "note", "m");
  it.resolve("phone", "right");

  CHECK((it.shows(Side::kLeft, "5", "m") && it.shows(Side::kRight, "1", "n")));
  CHECK(it.world.conflicts().size() == 2);
}

TEST_CASE("law 13: what the sides were left to differ in waits with its group, and is not asked about anew by each pass", "[laws][10][13]") {
  const bool agree = GENERATE(false, true);
  CAPTURE(agree);
  Pair it(grouped());
  it.edit(Side::kLeft, "phone", "2");
  it.edit_both("note", "m", "n2");
  it.tell();
  it.resolve("note", "accept");
  REQUIRE(it.world.conflicts().empty());
  it.later();
  it.edit_both("note", "a", "b");
  it.tell();
  REQUIRE(it.world.conflicts().size() == 2);
  for (int pass = 0; pass < 4; ++pass) {
    it.world.hook(Side::kLeft, it.left);
    it.world.settle();
    CHECK(it.world.conflicts().size() == 2);
  }
  if (agree) it.edit_both("note", "z", "z");
  if (agree) it.tell();
  else it.resolve("note", "left");

  CHECK(it.world.conflicts().empty());
  CHECK(it.both_show("note", agree ? "z" : "a"));
  CHECK(it.shown(Side::kLeft, "phone") == "2");
  CHECK(it.shown(Side::kRight, "phone") == (agree ? "1" : "2"));
}

TEST_CASE("law 10: the difference in a group is ignored, and heeded, as one", "[laws][10][mend]") {
  Pair it(grouped());
  const auto mend = [&](sync::Mending::Act act) {
    it.world.engine->mend({act, "people", {Side::kLeft, it.left}, {}, "phone", "ann"}, [](Result<store::Operation> done) { REQUIRE(done.ok()); });
    it.world.settle();
  };
  mend(sync::Mending::Act::kIgnore);
  it.edit(Side::kLeft, "phone", "2");
  it.edit(Side::kLeft, "note", "m");
  it.edit(Side::kLeft, "email", "ada@new.org");
  it.tell();

  CHECK(it.both_show("email", "ada@new.org"));
  CHECK(it.shown(Side::kRight, "phone") == "1");
  CHECK(it.shown(Side::kRight, "note") == "n");
  mend(sync::Mending::Act::kHeed);
  CHECK(it.both_show("phone", "2"));
  CHECK(it.both_show("note", "m"));
}
