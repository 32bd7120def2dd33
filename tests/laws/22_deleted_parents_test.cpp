// Laws 15, 17 and 22 together: a record that was deleted on one side while another came to name it on the other.
#include <catch2/catch.hpp>

#include "base/json.h"
#include "support/teams.h"

using namespace tidewire;
using namespace tidewire::test;
using sync::Side;
using std::chrono::hours;
using std::chrono::minutes;

namespace {

/// Ada is in no team; team T1 (U1) is there on both sides, and each system refuses to break a name.
struct Emptied : Teams {
  std::string ada;
  Emptied() {
    make_team();
    world.left.edit(child, "team", Value());
    world.hook(Side::kLeft, child);
    world.settle(minutes(5));
    ada = world.only_right();
    right.rule = [this](const std::string& key, const Value& values) -> std::optional<Error> {
      const bool named = std::any_of(world.right.rows.begin(), world.right.rows.end(), [&](const auto& one) { return one.second.fields.string_or("team_id") == key; });
      return named && values.as_object().empty() ? std::optional(make_error(Code::kBlocked, "still referred to")) : std::nullopt;
    };
    world.left.rule = [this](const std::string&, const Value& values) -> std::optional<Error> {
      const std::string team = values.string_or("team");
      return team.empty() || left.rows.contains(team) ? std::nullopt : std::optional(make_error(Code::kBlocked, "there is no " + team));
    };
  }
  std::string team() const { return right.rows.begin()->first; }
  void join(const Value& team) {
    world.right.edit(ada, "team_id", team);
    world.hook(Side::kRight, ada);
  }
  store::Summary::Mapping teams() {
    store::Summary::Mapping out;
    world.store.summary([&](Result<store::Summary> summary) { out = summary->mappings["teams"]; });
    world.timers.run_posted();
    return out;
  }
};

}  // namespace

TEST_CASE("law 22: who came to name a record that was deleted on the other side is told so, and what ends it", "[laws][22][15][17]") {
  Emptied it;
  REQUIRE(it.world.right.get(it.ada, "team_id").is_null());
  const std::string team = it.team();
  it.left.erase("T1");
  it.join(Value(team));
  it.tell_of_team("T1", "delete");
  it.world.settle(hours(2));

  REQUIRE(it.teams().dead == 1);
  REQUIRE(it.world.counts().dead == 1);
  CHECK(it.said().find("'T1' of teams was deleted on erp, while '" + it.ada + "' came to name it on app ('" + team + "' there), which keeps that from being deleted too") != std::string::npos);
  CHECK(standing_of(it.world).front().error->string_or("hint").find("let '" + it.ada + "' name another on app") != std::string::npos);

  const bool deleted = GENERATE(false, true);
  CAPTURE(deleted);
  if (deleted) {
    it.world.right.erase(it.ada);
    it.world.hook(Side::kRight, it.ada, "delete");
  } else {
    it.join(Value());
  }
  it.world.settle(minutes(1));

  CHECK(it.right.rows.empty());
  CHECK(it.teams().dead == 0);
  CHECK(it.world.counts().dead == 0);
}

namespace {

/// People who name teams in the rows of a list, or by a word and a key: the right refuses to delete a team that one of them names.
struct Named {
  bool rows;
  World world;
  MemorySide left{world.timers, world.clock, "T"}, right{world.timers, world.clock, "U"};
  std::string ada, there;

  static sync::Plan people(bool rows) {
    sync::Plan plan = World::default_plan();
    sync::Field team = World::field("team");
    team.kind = sync::Field::Kind::kReference;
    if (rows) {
      team.paths = {{"team"}, {"team_id"}};
      team.reference = "teams";
      sync::Field list = World::field("members");
      list.kind = sync::Field::Kind::kRows;
      list.rows = {World::field("row"), team};
      list.rows.front().row_key = true;
      plan.fields.push_back(list);
    } else {
      team.paths = {{"of", "team"}, {"kind", "team_id"}};
      team.words = {{{"Team", "team"}, "teams"}};
      plan.fields.push_back(team);
    }
    return plan;
  }
  static sync::Plan teams() {
    sync::Plan plan = World::default_plan();
    plan.name = "teams";
    plan.end.left.collection = "Team";
    plan.end.right.collection = "teams";
    plan.matches.clear();
    plan.fields = {World::field("title")};
    return plan;
  }
  explicit Named(bool in_rows) : rows(in_rows), world(people(in_rows)) {
    world.engine->put(std::make_shared<TableMapper>(teams()), {&left, &right});
    left.insert(Value(Object{{"title", Value("Crew")}}), "T1");
    tell("Team", "T1");
    ada = world.left.insert(person("ada@example.org"));
    name(true);
    world.settle(minutes(5));
    there = world.only_right();
    right.rule = [this](const std::string& key, const Value& values) -> std::optional<Error> {
      const bool named = std::any_of(world.right.rows.begin(), world.right.rows.end(), [&](const auto& one) { return json::dump(one.second.fields).find('"' + key + '"') != std::string::npos; });
      return named && values.as_object().empty() ? std::optional(make_error(Code::kBlocked, "still referred to")) : std::nullopt;
    };
  }
  ~Named() {
    world.engine->remove("teams");
    world.settle();
  }
  void tell(const char* collection, const std::string& key, const char* event = "upsert") {
    store::Change change;
    change.connection = "erp";
    change.collection = collection;
    change.key = key;
    change.event = event;
    world.store.put({change}, [](Result<std::int64_t>) {});
    world.timers.run_posted();
    world.engine->received();
    world.settle();
  }
  void name(bool named) {
    const Value team = named ? Value("T1") : Value();
    if (rows) {
      world.left.edit(ada, "members", Value(Array{Value(Object{{"row", Value(1)}, {"team", team}})}));
    } else {
      world.left.edit(ada, "of", named ? Value("Team") : Value());
      world.left.edit(ada, "team", team);
    }
    world.hook(Side::kLeft, ada);
  }
  std::string shown() const { return json::dump(world.right.rows.at(there).fields); }
};

}  // namespace

TEST_CASE("law 22: a delete that waits for who names the record goes on as soon as its rows, or its word and key, name it no more", "[laws][22][15]") {
  const bool rows = GENERATE(true, false);
  const bool deleted = GENERATE(false, true);
  CAPTURE(rows, deleted);
  Named it(rows);
  REQUIRE(it.shown().find("\"U1\"") != std::string::npos);
  it.left.erase("T1");
  it.tell("Team", "T1", "delete");
  it.world.settle(hours(2));
  REQUIRE(it.right.rows.size() == 1);

  if (deleted) {
    it.world.left.erase(it.ada);
    it.world.hook(Side::kLeft, it.ada, "delete");
  } else {
    it.name(false);
  }
  it.world.settle(minutes(1));

  CHECK(it.right.rows.empty());
}
