// Law 26: of a list of rows each cell is looked at, and a reference that is owed keeps what was seen of it.
#include <catch2/catch.hpp>

#include "base/json.h"
#include "support/teams.h"

using namespace tidewire;
using namespace tidewire::test;
using sync::Side;
using std::chrono::minutes;
using std::chrono::seconds;
using Fault = MemorySide::Fault;

namespace {

/// Two people's skills, a row each; `computed`: with a column of which a rule makes a value of both.
struct Listed : Pair {
  bool computed;
  static sync::Plan plan(bool computed) {
    sync::Plan plan = World::default_plan();
    sync::Field rows;
    rows.name = "skills";
    rows.paths = {{"skills"}, {"skills"}};
    rows.kind = sync::Field::Kind::kRows;
    rows.strategy = "newest";
    rows.rows = {World::field("skill"), World::field("level"), World::field("since")};
    rows.rows.front().row_key = true;
    if (computed) rows.rows.push_back(World::field("by", 4));
    plan.fields.push_back(rows);
    return plan;
  }
  explicit Listed(bool with_computed = false) : Pair(plan(with_computed)), computed(with_computed) {
    has(Side::kLeft, R"([{"skill":"lua","level":1,"since":1990},{"skill":"sql","level":1,"since":1990}])");
    tell();
    REQUIRE(list(Side::kRight) == list(Side::kLeft));
    later(seconds(1));
  }
  Value all_of(const char* rows) const {
    Value list = json::parse(rows).value();
    for (Value& row : list.as_array()) {
      if (computed) row["by"] = "ada";
    }
    return list;
  }
  void has(Side which, const char* rows) { side(which).edit(key(which), "skills", all_of(rows)); }
  std::string list(Side which) { return json::dump(side(which).get(key(which), "skills")); }
  /// The next write to that side is applied, and neither it nor the read after it is answered.
  void lose_answer(Side which) {
    side(which).write_faults = {Fault::kLoseAnswer};
    side(which).read_faults = {Fault::kNone, Fault::kRefuse};
    tell(std::chrono::milliseconds(1));
  }
  bool both_have(const char* rows) {
    CHECK(list(Side::kLeft) == json::dump(all_of(rows)));
    return list(Side::kRight) == list(Side::kLeft);
  }
};

}  // namespace

TEST_CASE("law 26: of a row the cell that somebody enters as it was agreed on, over a write without answer, is an edit", "[laws][26]") {
  const bool guarded = GENERATE(true, false);
  CAPTURE(guarded);
  Listed it;
  it.world.right.able.guarded_writes = guarded;
  it.has(Side::kRight, R"([{"skill":"lua","level":2,"since":1990},{"skill":"sql","level":1,"since":1990}])");
  it.later(seconds(1));
  it.has(Side::kLeft, R"([{"skill":"lua","level":3,"since":1990},{"skill":"sql","level":4,"since":1990}])");  // the newer one wins
  it.lose_answer(Side::kRight);
  REQUIRE(it.list(Side::kRight) == it.list(Side::kLeft));
  it.has(Side::kRight, R"([{"skill":"lua","level":1,"since":1995},{"skill":"sql","level":4,"since":1990}])");
  it.tell(minutes(10));

  CHECK(it.both_have(R"([{"level":1,"since":1995,"skill":"lua"},{"level":4,"since":1990,"skill":"sql"}])"));
  it.forget_what_was();
  it.tell(minutes(10));
  CHECK(it.new_writes() == 0);
}

TEST_CASE("law 26: so is one of a row that was deleted there, and that the write had brought back", "[laws][26]") {
  Listed it;
  it.has(Side::kLeft, R"([{"skill":"sql","level":1,"since":1990}])");
  it.has(Side::kRight, R"([{"skill":"lua","level":2,"since":1990},{"skill":"sql","level":1,"since":1990}])");
  it.lose_answer(Side::kLeft);
  it.has(Side::kLeft, R"([{"skill":"lua","level":1,"since":1990},{"skill":"sql","level":1,"since":1990}])");
  it.tell(minutes(10));

  CHECK(it.both_have(R"([{"level":1,"since":1990,"skill":"lua"},{"level":1,"since":1990,"skill":"sql"}])"));
}

TEST_CASE("law 26: where a list is made of both sides, and of computed cells, a person's word for the side holds for such a cell, too", "[laws][26]") {
  Listed it(true);
  it.has(Side::kRight, R"([{"skill":"lua","level":2,"since":1990},{"skill":"sql","level":5,"since":1990}])");
  it.later(seconds(1));
  it.has(Side::kLeft, R"([{"skill":"lua","level":3,"since":1990},{"skill":"sql","level":1,"since":1990}])");
  it.lose_answer(Side::kRight);
  it.has(Side::kRight, R"([{"skill":"lua","level":1,"since":1990},{"skill":"sql","level":5,"since":1990}])");
  it.tell(minutes(10));
  REQUIRE(it.world.conflicts().size() == 1);
  it.resolve("skills", "right");

  CHECK(it.both_have(R"([{"level":1,"since":1990,"skill":"lua"},{"level":5,"since":1990,"skill":"sql"}])"));
}

TEST_CASE("law 26: a cell that shows what the write had found there is no edit, nor one that a part of the write made", "[laws][26]") {
  Listed it;
  it.has(Side::kRight, R"([{"skill":"lua","level":1,"since":1991},{"skill":"sql","level":2,"since":1990}])");
  it.later(seconds(1));
  it.has(Side::kLeft, R"([{"skill":"lua","level":3,"since":1990},{"skill":"sql","level":3,"since":1990}])");
  it.lose_answer(Side::kRight);
  it.has(Side::kRight, R"([{"skill":"lua","level":1,"since":1991},{"skill":"sql","level":3,"since":1990}])");
  it.tell(minutes(10));

  CHECK(it.world.conflicts().empty());
  CHECK(it.both_have(R"([{"level":3,"since":1991,"skill":"lua"},{"level":3,"since":1990,"skill":"sql"}])"));
}

TEST_CASE("law 26: a list of copied cells that goes to both sides goes on after a write without answer, whatever was edited on top of it", "[laws][26]") {
  const Side lost = GENERATE(Side::kRight, Side::kLeft);
  CAPTURE(static_cast<int>(lost));
  Listed it;
  it.has(Side::kLeft, R"([{"skill":"lua","level":3,"since":1990},{"skill":"sql","level":1,"since":1990}])");
  it.has(Side::kRight, R"([{"skill":"lua","level":1,"since":1990},{"skill":"sql","level":4,"since":1990}])");
  it.lose_answer(lost);
  it.later(seconds(1));
  it.has(lost, R"([{"skill":"lua","level":3,"since":1990},{"skill":"sql","level":4,"since":2000}])");
  it.tell(minutes(10));

  CHECK(it.world.conflicts().empty());
  CHECK(it.both_have(R"([{"level":3,"since":1990,"skill":"lua"},{"level":4,"since":2000,"skill":"sql"}])"));
}

TEST_CASE("law 26: that a value was entered so outlives a pass that dies between its announcement and its end", "[laws][26][12]") {
  Pair it;
  it.edit(Side::kRight, "phone", "r");
  it.later(seconds(1));
  it.edit(Side::kLeft, "phone", "l");
  it.world.right.write_faults = {Fault::kLoseAnswer};
  it.world.right.read_faults = {Fault::kNone, Fault::kRefuse};
  it.tell(std::chrono::milliseconds(1));
  REQUIRE(it.shown(Side::kRight, "phone") == "l");
  it.edit(Side::kLeft, "email", "ada@new.org");  // seen under a stamp that our own write replaces
  it.world.clock.pass(seconds(2));
  it.edit(Side::kRight, "phone", "1");
  it.world.right.write_faults = {Fault::kSilent};
  it.tell(seconds(5));
  REQUIRE(it.shown(Side::kLeft, "phone") == "l");
  restart(it.world);
  it.tell(minutes(10));

  CHECK(it.both_show("phone", "1"));
  CHECK(it.both_show("email", "ada@new.org"));
}

TEST_CASE("law 26: a reference that is owed keeps that somebody entered it over a write without answer", "[laws][26][22]") {
  using Act = sync::Mending::Act;
  Teams it(true);
  std::vector<std::string> teams;
  for (const char* name : {"T1", "T2", "T3"}) {
    it.make_team(name);
    for (const auto& [key, row] : it.right.rows) {
      if (std::find(teams.begin(), teams.end(), key) == teams.end()) teams.push_back(key);
    }
  }
  const std::string twin = it.world.only_right();
  const auto team = [&](Side side) { return side == Side::kLeft ? it.world.left.get(it.child, "team") : it.world.right.get(twin, "team_id"); };
  const auto tell = [&](Duration span) {
    it.world.hook(Side::kLeft, it.child);
    it.world.hook(Side::kRight, twin);
    it.world.settle(span);
  };
  const auto mend = [&](Act act, std::optional<sync::SideKey> with = {}) {
    it.world.engine->mend({act, "teams", {Side::kLeft, "T1"}, std::move(with), "", "ann"}, [](Result<store::Operation> done) { CHECK(done.ok()); });
    it.world.settle();
  };
  tell(minutes(2));
  REQUIRE(team(Side::kRight) == Value(teams[0]));
  it.world.right.edit(twin, "team_id", Value(teams[1]));
  it.world.timers.advance(seconds(1));
  it.world.left.edit(it.child, "team", Value("T3"));
  it.world.right.write_faults = {Fault::kLoseAnswer};
  it.world.right.read_faults = {Fault::kNone, Fault::kRefuse};
  tell(std::chrono::milliseconds(1));
  REQUIRE(team(Side::kRight) == Value(teams[2]));
  it.world.right.edit(twin, "team_id", Value(teams[0]));
  mend(Act::kUnlink);
  tell(minutes(10));
  tell(minutes(10));

  CHECK(team(Side::kRight) == Value(teams[0]));
  mend(Act::kRelink, sync::SideKey{Side::kRight, teams[0]});
  tell(minutes(10));
  CHECK(team(Side::kRight) == Value(teams[0]));
  CHECK(team(Side::kLeft) == Value("T1"));
}
