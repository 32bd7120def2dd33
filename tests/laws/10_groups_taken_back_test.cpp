// Law 10 where a group was written and is taken back: as a whole, or not at all.
#include <catch2/catch.hpp>

#include "support/people.h"

using namespace tidewire;
using namespace tidewire::test;
using sync::Side;

namespace {

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
