// Laws 15, 17 and 22 together: a record that was deleted on one side while another came to name it on the other.
#include <catch2/catch.hpp>

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
