// Law 11: newest.
#include <catch2/catch.hpp>

#include "support/teams.h"

using namespace tidewire;
using namespace tidewire::test;
using sync::Side;
using std::chrono::minutes;
using std::chrono::seconds;

namespace {

sync::Plan tied(Side tie) {
  sync::Plan plan = World::default_plan();
  plan.tie = tie;
  return plan;
}

/// The phone of both sides, edited by people `apart` from each other, the left one first; told once both are done.
struct Clash : Pair {
  explicit Clash(Duration apart, sync::Plan plan = World::default_plan()) : Pair(std::move(plan)) {
    edit(Side::kLeft, "phone", "left");
    later(apart);
    edit(Side::kRight, "phone", "right");
  }
};

}  // namespace

TEST_CASE("law 11: the later edit wins, whichever side it is on, and the loser is on record", "[laws][11]") {
  Clash right_later(minutes(5));
  right_later.tell();
  CHECK(right_later.both_show("phone", "right"));
  CHECK(right_later.decided("phone").string_or("left") == "left");
  CHECK(right_later.decided("phone").string_or("rule").find("right is 5") != std::string::npos);

  Pair left_later;
  left_later.edit(Side::kRight, "phone", "right");
  left_later.later(minutes(5));
  left_later.edit(Side::kLeft, "phone", "left");
  left_later.tell();
  CHECK(left_later.both_show("phone", "left"));
}

TEST_CASE("law 11: a server's clock offset is taken off: five minutes of skew decide nothing", "[laws][11]") {
  Pair it;
  it.world.left.ahead = minutes(5);
  it.edit(Side::kLeft, "phone", "left");  // its stamp is five minutes in the future
  it.later(minutes(1));
  it.edit(Side::kRight, "phone", "right");
  it.tell();

  CHECK(it.both_show("phone", "right"));
}

TEST_CASE("law 11: times are compared as instants, whatever the zone they were written in", "[laws][11]") {
  // "2025-09-21 23:00" in Kolkata is before "2025-09-21T17:45Z", as text it is after.
  CHECK(parse_instant("2025-09-21T23:00:00+05:30").value() < parse_instant("2025-09-21T17:45:00Z").value());
  Pair it;
  it.edit_both("phone", "left", "right");
  it.world.left.rows.at(it.left).modified = parse_instant("2025-09-21T23:00:00+05:30").value();
  it.world.right.rows.at(it.right).modified = parse_instant("2025-09-21T17:45:00Z").value();
  it.tell();

  CHECK(it.both_show("phone", "right"));
}

TEST_CASE("law 11: within the declared resolution it is a tie, and the tie side decides", "[laws][11]") {
  for (const Side tie : {Side::kLeft, Side::kRight}) {
    Clash it(std::chrono::milliseconds(900), tied(tie));
    it.world.left.able.time_resolution = it.world.right.able.time_resolution = seconds(1);
    it.tell();

    CHECK(it.both_show("phone", store::side_name(tie)));
    CHECK(it.decided("phone").string_or("rule").find("tie") != std::string::npos);
  }
}

TEST_CASE("law 11: the coarser resolution of the two counts, whichever side has it", "[laws][11]") {
  for (const Side coarse : {Side::kLeft, Side::kRight}) {
    Clash it(seconds(5), tied(coarse));
    it.world.left.able.time_resolution = coarse == Side::kLeft ? minutes(1) : seconds(1);
    it.world.right.able.time_resolution = coarse == Side::kRight ? minutes(1) : seconds(1);
    it.tell();

    CHECK(it.both_show("phone", store::side_name(coarse)));
  }
}

TEST_CASE("law 11: an offset that was measured is itself uncertain by a second", "[laws][11]") {
  Pair it(tied(Side::kLeft));
  it.world.left.ahead = it.world.right.ahead = minutes(1);
  it.edit(Side::kLeft, "phone", "left");
  it.later(std::chrono::milliseconds(700));
  it.edit(Side::kRight, "phone", "right");
  it.tell();

  CHECK(it.both_show("phone", "left"));
}

TEST_CASE("law 11: where a side has no time it is a tie", "[laws][11]") {
  Clash it(minutes(5));
  it.world.right.times = false;
  it.tell();

  CHECK(it.both_show("phone", "left"));
}

TEST_CASE("law 11: the stamp at the first read that showed the edit counts, kept until it is settled", "[laws][11]") {
  Pair it;
  // note waits for a person; its stamps are of the first read, however often the records are saved meanwhile.
  it.edit_both("note", "left", "right");
  it.tell();
  const store::Link before = it.link();
  REQUIRE(before.stamps.find("note") != nullptr);
  const Value first = *before.stamps.find("note");
  it.later(minutes(10));
  it.edit(Side::kLeft, "phone", "2");
  it.tell();

  const store::Link after = it.link();
  REQUIRE(after.stamps.find("note") != nullptr);
  CHECK(*after.stamps.find("note") == first);
}

TEST_CASE("law 11: the decision is symmetric in the sides", "[laws][11]") {
  Clash one(minutes(1));
  one.tell();
  Pair two;
  two.edit(Side::kRight, "phone", "left");
  two.later(minutes(1));
  two.edit(Side::kLeft, "phone", "right");
  two.tell();

  CHECK(one.both_show("phone", "right"));
  CHECK(two.both_show("phone", "right"));
}

TEST_CASE("law 11: decided again from its record, the outcome is the same", "[laws][11]") {
  Clash it(minutes(5));
  it.tell();

  const Value& record = it.world.ears.operations.front().record;
  REQUIRE(record.at_path("left.modified") != nullptr);
  REQUIRE(record.at_path("right.modified") != nullptr);
  CHECK(parse_instant(record.at_path("right.modified")->as_string()).value() - parse_instant(record.at_path("left.modified")->as_string()).value() == minutes(5));
}

namespace {

/// Our own write was the last thing that stamped the right record, at `written`; then an edit shows there that moved no
/// stamp, as SQL makes one.
struct Hidden : Pair {
  Instant written{};
  explicit Hidden(Side tie, const std::string& field = "phone") : Pair(tied(tie)) {
    later();
    edit(Side::kLeft, "email", "ada@new.org");
    world.hook(Side::kLeft, left);
    world.settle();
    written = world.right.rows.at(right).modified;
    world.right.rows.at(right).fields[field] = Value("right");
  }
};

}  // namespace

TEST_CASE("law 11: a stamp that our own write produced is nobody's edit: when it was made nobody knows", "[laws][11]") {
  for (const Side tie : {Side::kLeft, Side::kRight}) {
    Hidden it(tie);
    it.edit(Side::kLeft, "phone", "left");
    it.world.left.rows.at(it.left).modified = it.written - minutes(1);
    it.tell();

    CHECK(it.both_show("phone", store::side_name(tie)));
    CHECK(it.decided("phone").string_or("rule").find("no times") != std::string::npos);
  }
}

TEST_CASE("law 11: but it was made by then: an edit of the other side after our write is newer", "[laws][11]") {
  Hidden it(Side::kRight);
  it.later();
  it.edit(Side::kLeft, "phone", "left");
  it.tell();

  CHECK(it.both_show("phone", "left"));
  CHECK(it.decided("phone").string_or("rule").find("left is newer than our own last write") != std::string::npos);
}

TEST_CASE("law 11: so it is kept until it is settled", "[laws][11]") {
  Hidden it(Side::kLeft, "note");
  it.edit(Side::kLeft, "note", "left");
  it.tell();

  const store::Link link = it.link();
  REQUIRE(link.stamps.at_path("note.r") != nullptr);
  CHECK(link.stamps.at_path("note.r")->int_or("ours", 0) == it.written.time_since_epoch().count());
  CHECK(link.stamps.at_path("note.l")->is_int());
}

TEST_CASE("law 11: an edit that was seen keeps its time when our own write stamps the record before it has travelled", "[laws][11]") {
  Pair it(tied(Side::kRight));
  it.later();
  it.edit(Side::kRight, "phone", "right");
  const Instant edited = it.world.clock.now();
  it.later();
  it.edit(Side::kLeft, "email", "ada@new.org");
  it.world.left.write_faults = {MemorySide::Fault::kRefuse};  // the right is written first, then the left refuses
  it.world.hook(Side::kLeft, it.left);
  it.world.hook(Side::kRight, it.right);
  it.world.settle(std::chrono::milliseconds(1));
  REQUIRE(it.shown(Side::kRight, "email") == "ada@new.org");
  REQUIRE(it.shown(Side::kLeft, "phone") == "1");
  it.edit(Side::kLeft, "phone", "left");
  it.world.left.rows.at(it.left).modified = edited + minutes(2);
  it.tell(minutes(5));

  CHECK(it.both_show("phone", "left"));
}

namespace {

/// Edited on both sides, the right's two minutes later; the e-mail travels to the right with the same pass, whose write there
/// replaces the stamp of the edit that wins.
struct HalfWritten : Pair {
  explicit HalfWritten(const std::string& field = "phone") : Pair(tied(Side::kLeft)) {
    later();
    edit(Side::kLeft, "email", "ada@new.org");
    edit(Side::kLeft, field, "left");
    later(minutes(2));
    edit(Side::kRight, field, "right");
    later();
  }
};

}  // namespace

TEST_CASE("law 11: an edit that won wins again where the pass that wrote beside it did not end", "[laws][11]") {
  HalfWritten it;
  it.world.left.write_faults = {MemorySide::Fault::kRefuse};
  it.world.hook(Side::kLeft, it.left);
  it.world.settle(std::chrono::milliseconds(1));
  REQUIRE(it.shown(Side::kRight, "email") == "ada@new.org");
  REQUIRE(it.world.left.write_faults.empty());

  it.tell(minutes(5));

  CHECK(it.both_show("phone", "right"));
}

TEST_CASE("law 11: also where nobody knows whether it wrote, and the engine died", "[laws][11]") {
  HalfWritten it("note");  // waits for a person
  it.world.hook(Side::kLeft, it.left);
  while (it.shown(Side::kRight, "email") != "ada@new.org") REQUIRE(it.world.timers.run_one());
  const Instant edited = it.world.right.rows.at(it.right).modified - minutes(5);
  restart(it.world, tied(Side::kLeft));
  it.world.settle(minutes(5));

  const store::Link link = it.link();
  REQUIRE(it.world.conflicts().size() == 1);
  REQUIRE(link.stamps.at_path("note.r.at") != nullptr);
  CHECK(*link.stamps.at_path("note.r.at") == Value(edited.time_since_epoch().count()));
}

TEST_CASE("law 11: an edit that is owed keeps its time until it travels", "[laws][11][22]") {
  Teams it(true);
  const std::string there = it.world.only_right();
  it.world.settle(minutes(5));
  it.make_team("T3");  // U1
  REQUIRE(it.world.counts().waiting_for == 1);
  it.world.settle(minutes(5));
  it.world.right.edit(there, "team_id", Value("U1"));  // later than the name T1, which nobody can write yet
  it.world.settle(minutes(5));
  it.world.left.edit(it.child, "phone", Value("2"));  // another edit of the same record, later still
  it.world.hook(Side::kLeft, it.child);
  it.world.settle();
  it.make_team("T1");  // U2
  it.world.hook(Side::kRight, there);
  it.world.settle(minutes(5));

  CHECK(it.world.left.get(it.child, "team") == Value("T3"));
  CHECK(it.world.right.get(there, "team_id") == Value("U1"));
}
