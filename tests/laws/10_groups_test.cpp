// Law 10, "a group of fields is won together", where one of them cannot go where the others go: a side keeps it (law 14), it goes one
// way only (law 23), it was edited before the others are taken back. Who wins a group: tests/laws/10_strategies_test.cpp.
#include <catch2/catch.hpp>

#include "support/people.h"
#include "support/teams.h"

using namespace tidewire;
using namespace tidewire::test;
using sync::Side;

namespace {

/// email alone; phone and note are a group, or the whole record is.
sync::Plan grouped(bool whole = false) {
  sync::Plan plan = World::default_plan();
  plan.fields = {World::field("email"), World::field("phone"), World::field("note", 0)};
  plan.whole_record = whole;
  if (!whole) plan.fields[1].group = plan.fields[2].group = 0;
  return plan;
}

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

struct Reverted : Pair {
  Value options;
  explicit Reverted(sync::Plan plan) : Pair(std::move(plan)) {
    later();
    options = Object{{"since", format_instant(world.clock.now())}, {"apply", true}};
  }
  void copied(Side from, const std::string& field, const std::string& value) {
    edit(from, field, value);
    tell();
    later();
  }
  std::string refused(const store::Job& job, const std::string& field) {
    for (const store::Finding& finding : findings_of(world, job.id)) {
      const Value* rule = finding.record.at_path("fields." + field + ".rule");
      if (rule != nullptr) return rule->as_string();
    }
    return "";
  }
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

TEST_CASE("law 10: a group that was written goes back as a whole", "[laws][10][revert]") {
  Reverted it(grouped());
  it.copied(Side::kLeft, "phone", "2");
  it.copied(Side::kLeft, "note", "m");
  const store::Job job = run_job(it.world, "revert", it.options);

  CHECK(found_in(job, "reverted") == 1);
  CHECK(it.shown(Side::kRight, "phone") == "1");
  CHECK(it.shown(Side::kRight, "note") == "n");
}

TEST_CASE("law 10: a group of which a field moved on does not go back, nor does any of it", "[laws][10][revert]") {
  enum class Since { kEdited, kCopied, kTravels };
  const Since since = GENERATE(Since::kEdited, Since::kCopied, Since::kTravels);
  const bool whole = GENERATE(false, true);
  CAPTURE(static_cast<int>(since), whole);
  Reverted it(grouped(whole));
  it.copied(Side::kLeft, "phone", "2");
  if (since == Since::kCopied) it.copied(Side::kRight, "note", "m");
  if (since == Since::kEdited) it.edit(Side::kRight, "note", "m");
  if (since == Since::kTravels) it.edit(Side::kLeft, "note", "m");
  const store::Job job = run_job(it.world, "revert", it.options);

  CHECK(found_in(job, "reverted") == 0);
  CHECK(found_in(job, "refused") == 1);
  CHECK(it.both_show("phone", "2"));
  CHECK(it.refused(job, "phone").find("'note', which goes with it, does not go back: edited on the") != std::string::npos);
  it.tell();
  CHECK(it.both_show("note", "m"));
}

TEST_CASE("law 10: a group goes back although a side had edited it before the first write", "[laws][10][revert]") {
  Reverted it(grouped());
  it.copied(Side::kRight, "note", "m");  // the right's own: the left gets it, and gives it back
  const store::Job job = run_job(it.world, "revert", it.options);

  CHECK(found_in(job, "reverted") == 1);
  CHECK(it.shown(Side::kLeft, "note") == "n");
  CHECK(it.shown(Side::kRight, "note") == "m");
}

TEST_CASE("law 10: a group with a field whose past is not on record does not go back", "[laws][10][revert]") {
  sync::Plan plan = grouped();
  plan.fields[2].redact = true;
  Reverted it(plan);
  it.edit(Side::kLeft, "phone", "2");
  it.copied(Side::kLeft, "note", "m");
  const store::Job job = run_job(it.world, "revert", it.options);

  CHECK(found_in(job, "reverted") == 0);
  CHECK(it.both_show("phone", "2"));
  CHECK(it.both_show("note", "m"));
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

TEST_CASE("law 10: an edit of a group in which the sides were left to differ takes the others along", "[laws][10][revert]") {
  enum class Left { kTakenBack, kAccepted };
  const Left left = GENERATE(Left::kTakenBack, Left::kAccepted);
  const Side edits = GENERATE(Side::kLeft, Side::kRight);
  CAPTURE(static_cast<int>(left), static_cast<int>(edits));
  Reverted it(grouped());
  if (left == Left::kTakenBack) {
    it.edit(Side::kLeft, "phone", "2");
    it.copied(Side::kLeft, "note", "m");
    REQUIRE(found_in(run_job(it.world, "revert", it.options), "reverted") == 1);
  } else {
    it.edit(Side::kLeft, "phone", "2");
    it.edit_both("note", "m", "n2");
    it.tell();
    it.resolve("note", "accept");
  }
  REQUIRE(it.world.conflicts().empty());
  const std::string note = it.shown(edits, "note");
  it.later();
  it.edit(edits, "phone", "3");
  it.tell();

  CHECK(it.both_show("phone", "3"));
  CHECK(it.both_show("note", note));
  CHECK(it.decided("note").string_or("rule") == "group: goes with 'phone'");
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

TEST_CASE("law 13: a difference that a person told to ignore is not taken back", "[laws][13][revert][mend]") {
  const bool whole = GENERATE(false, true);
  CAPTURE(whole);
  Reverted it(grouped(whole));
  it.copied(Side::kLeft, "email", "ada@new.org");
  it.copied(Side::kLeft, "phone", "2");
  it.world.engine->mend({sync::Mending::Act::kIgnore, "people", {Side::kLeft, it.left}, {}, "email", "ann"}, [](Result<store::Operation> done) { REQUIRE(done.ok()); });
  it.world.settle();
  const store::Job job = run_job(it.world, "revert", it.options);

  CHECK(it.both_show("email", "ada@new.org"));
  CHECK(it.refused(job, "email") == "a person told to ignore the difference");
  CHECK(it.shown(Side::kRight, "phone") == "1");
}

TEST_CASE("law 28: what a side stores in its own form is taken back", "[laws][10][28][revert]") {
  const bool group = GENERATE(false, true);
  const int edits = group ? 1 : 2;  // of a group an edit after what came back would keep it
  CAPTURE(group);
  sync::Plan plan = grouped();
  if (!group) plan.fields[1].group = plan.fields[2].group = -1;
  Reverted it(plan);
  it.world.right.store_as = [](const std::string& field, const Value& value) { return field == "phone" && value.as_string()[0] != '+' && value != Value("1") ? Value("+" + value.as_string()) : value; };
  it.edit(Side::kLeft, "note", "m");
  for (int i = 1; i <= edits; ++i) it.copied(Side::kLeft, "phone", std::to_string(6 + i));
  REQUIRE(it.both_show("phone", "+" + std::to_string(6 + edits)));
  const store::Job job = run_job(it.world, "revert", it.options);

  CHECK(found_in(job, "reverted") == 1);
  CHECK(it.refused(job, "phone").find("reverted by") == 0);
  CHECK(it.shown(Side::kRight, "phone") == "1");
  CHECK(it.shown(Side::kRight, "note") == "n");
}

TEST_CASE("law 10: what goes with a reference that is owed is owed with it", "[laws][10][22]") {
  const bool group = GENERATE(false, true);
  CAPTURE(group);
  Teams it(true);
  it.make_team();
  sync::Plan plan = Teams::with_team(true);
  if (group) plan.fields[1].group = plan.fields[4].group = 0;
  it.world.engine->put(std::make_shared<TableMapper>(plan), {&it.world.left, &it.world.right});
  it.world.settle();
  const std::string there = it.world.right.rows.begin()->first;
  const auto shows = [&](const char* phone, const char* team) { return it.world.right.get(there, "phone") == Value(phone) && it.world.right.get(there, "team_id") == Value(team); };
  REQUIRE(shows("1", "U1"));
  it.world.left.edit(it.child, "phone", Value("2"));
  it.world.left.edit(it.child, "team", Value("T2"));
  it.world.left.edit(it.child, "note", Value("m"));
  it.world.hook(Side::kLeft, it.child);
  it.world.settle();

  CHECK(shows(group ? "1" : "2", "U1"));
  CHECK(it.world.right.get(there, "note") == Value("m"));
  CHECK(it.world.counts().waiting_for == 1);
  it.make_team("T2");
  CHECK(shows("2", "U2"));
  CHECK(it.world.counts().waiting_for == 0);
}

namespace {

/// A new person whose team is not there yet; phone goes with the team.
struct NewInTeam {
  Teams it;
  static sync::Plan grouped_with_team(std::function<void(sync::Plan&)> change) {
    sync::Plan plan = Teams::with_team(true);
    plan.fields[1].group = plan.fields[4].group = 0;
    if (change) change(plan);
    return plan;
  }
  explicit NewInTeam(std::function<void(sync::Plan&)> change = {}) : it(true) {
    it.make_team();
    it.world.engine->put(std::make_shared<TableMapper>(grouped_with_team(std::move(change))), {&it.world.left, &it.world.right});
    it.world.settle();
    Value fields = person("grace@example.org", "7");
    fields["team"] = "T2";
    child = it.world.left.insert(std::move(fields));
  }
  void tell() {
    it.world.hook(Side::kLeft, child);
    it.world.settle();
  }
  std::string made() const {
    for (const auto& [key, row] : it.world.right.rows) {
      if (row.fields.find("email") != nullptr && *row.fields.find("email") == Value("grace@example.org")) return key;
    }
    return "";
  }
  Value shown(const char* field) const { return it.world.right.get(made(), field); }
  std::string child;
};

}  // namespace

TEST_CASE("law 10: a new record is made without a group whose reference is owed, and gets it as a whole", "[laws][10][22]") {
  const bool filled = GENERATE(false, true);
  CAPTURE(filled);
  NewInTeam one;
  if (filled) one.it.world.right.numbers = "phone";  // which its system fills by itself, later than the left record was edited: nobody's word
  one.tell();

  REQUIRE(one.made() != "");
  const Value by_itself = filled ? Value("N-" + one.made()) : Value();
  CHECK(one.shown("note") == Value("n"));
  CHECK(one.shown("phone") == by_itself);
  CHECK(one.shown("team_id").is_null());
  CHECK(one.it.world.counts().waiting_for == 1);
  one.it.world.settle(std::chrono::hours(25));
  CHECK(one.it.world.counts().dead == 0);
  one.it.world.left.edit(one.child, "note", Value("m"));
  one.tell();
  CHECK(one.shown("note") == Value("m"));
  CHECK(one.shown("phone") == by_itself);
  CHECK(one.it.world.left.get(one.child, "phone") == Value("7"));
  one.it.make_team("T2");
  CHECK(one.shown("phone") == Value("7"));
  CHECK(one.shown("team_id") == Value("U2"));
  CHECK(one.it.world.left.get(one.child, "phone") == Value("7"));
  CHECK(one.it.world.left.get(one.child, "team") == Value("T2"));
  CHECK(one.it.world.counts().waiting_for == 0);
}

TEST_CASE("law 25: what a create of unknown outcome was without is owed still, and what its system filled in is nobody's word", "[laws][10][22][25]") {
  const bool linked_first = GENERATE(false, true);
  const bool once = GENERATE(false, true);
  CAPTURE(linked_first, once);
  NewInTeam one([once](sync::Plan& plan) {
    if (once) plan.fields[1].when = plan.fields[4].when = sync::Field::When::kCreate;
  });
  if (!once) one.it.world.right.numbers = "phone";
  one.it.world.right.write_faults = {MemorySide::Fault::kLoseAnswer};
  one.it.world.settle(std::chrono::minutes(1));  // what is filled in is the later one
  one.tell();
  REQUIRE(one.made() != "");
  if (linked_first) one.it.make_team("T2");
  one.it.world.settle(std::chrono::minutes(5));
  if (!linked_first) one.it.make_team("T2");
  one.it.world.settle(std::chrono::minutes(5));

  CHECK(one.it.world.right.creates == 2);
  CHECK(one.shown("phone") == Value("7"));
  CHECK(one.shown("team_id") == Value("U2"));
  CHECK(one.it.world.left.get(one.child, "phone") == Value("7"));
  CHECK(one.it.world.counts().waiting_for == 0);
}

TEST_CASE("law 10: so is a field that is said to be written once, at the create", "[laws][10][22]") {
  NewInTeam one([](sync::Plan& plan) { plan.fields[1].when = plan.fields[4].when = sync::Field::When::kCreate; });
  one.tell();
  REQUIRE(one.shown("phone").is_null());
  one.it.make_team("T2");
  CHECK(one.shown("phone") == Value("7"));
  CHECK(one.shown("team_id") == Value("U2"));
}

TEST_CASE("law 10: what somebody enters in a group that a new record is without is an edit of the group", "[laws][10][22]") {
  NewInTeam one;
  one.tell();
  REQUIRE(one.made() != "");
  one.it.world.settle(std::chrono::minutes(1));
  one.it.world.right.edit(one.made(), "phone", Value("9"));
  one.it.world.hook(Side::kRight, one.made());
  one.it.world.settle();
  one.it.make_team("T2");
  const Value phone = one.shown("phone");
  CHECK(one.it.world.left.get(one.child, "phone") == phone);
  CHECK(one.it.world.left.get(one.child, "team").is_null() == one.shown("team_id").is_null());
  CHECK((phone == Value("7")) == (one.shown("team_id") == Value("U2")));
}

TEST_CASE("law 10: a record that cannot be made without its group waits for the parent as a whole", "[laws][10][22]") {
  const bool by_match = GENERATE(false, true);
  CAPTURE(by_match);
  NewInTeam one([&](sync::Plan& plan) {
    if (by_match) plan.fields[0].group = 0;  // the e-mail, by which it is found again
    else plan.fields[1].required = true;
  });
  one.tell();
  CHECK(one.made() == "");
  CHECK(one.it.world.counts().waiting_for == 1);
  one.it.make_team("T2");
  REQUIRE(one.made() != "");
  CHECK(one.shown("phone") == Value("7"));
  CHECK(one.shown("team_id") == Value("U2"));
}

TEST_CASE("law 12: that the sides are left to differ in what was taken back stands, whatever becomes of the other side", "[laws][12][revert]") {
  sync::Plan plan = grouped();
  plan.fields[1].group = plan.fields[2].group = -1;
  Reverted it(plan);
  it.copied(Side::kLeft, "phone", "2");
  it.copied(Side::kRight, "note", "m");
  it.world.left.write_faults.assign(20, MemorySide::Fault::kRefuse);
  run_job(it.world, "revert", it.options);
  REQUIRE(it.shown(Side::kRight, "phone") == "1");
  REQUIRE(it.shown(Side::kLeft, "note") == "m");

  CHECK(it.link().notes.at_path("phone.apart") != nullptr);
  CHECK(it.link().notes.at_path("note.apart") == nullptr);
}
