// Law 15: what a record names was renamed: that is no edit of it, and undoes no delete.
#include <catch2/catch.hpp>

#include "support/people.h"
#include "support/teams.h"

using namespace tidewire;
using namespace tidewire::test;
using sync::Side;

namespace {

/// Linked, at rest, and of a linked team T1.
struct Member : Teams {
  std::string right_key;
  explicit Member(bool optional = false) : Teams(optional) {
    make_team("T1");
    world.settle(std::chrono::minutes(5));
    right_key = world.only_right();
  }
  /// As Frappe does it: who names the team names it by its new name at once, and no version tells of it.
  void rename_team() {
    left.rename("T1", "T1-new");
    world.left.rows.at(child).fields["team"] = Value("T1-new");
  }
  void erase_right() {
    world.right.erase(right_key);
    world.hook(Side::kRight, right_key, "delete");
    world.settle();
  }
};

}  // namespace

TEST_CASE("law 15: that what it names was renamed is nobody's edit, and undoes no delete", "[laws][15][20][22]") {
  const bool optional = GENERATE(false, true), told = GENERATE(false, true);
  CAPTURE(optional, told);
  Member it(optional);
  it.rename_team();
  if (told) it.tell_of_team("T1-new");

  it.erase_right();

  CHECK(it.world.right.rows.empty());
  CHECK(it.world.left.rows.empty());
  CHECK(it.world.counts().waiting_for == 0);
  CHECK(it.world.counts().backing_off == 0);
  REQUIRE_FALSE(operations_of(it.world).empty());
  CHECK(operations_of(it.world).front().kind == "delete");
}

TEST_CASE("law 15: nor does it keep what left the scope on the other side", "[laws][15][20][23]") {
  sync::Plan plan = Teams::with_team(false);
  plan.end.right.scope["status"] = Value(Object{{"op", "!="}, {"value", "out"}});
  plan.leave = sync::Plan::Leave::kDelete;
  Member it;
  it.world.engine->put(std::make_shared<TableMapper>(plan, "v2"), {&it.world.left, &it.world.right});
  it.world.settle();
  it.rename_team();

  it.world.right.edit(it.right_key, "status", Value("out"));
  it.world.hook(Side::kRight, it.right_key);
  it.world.settle();

  CHECK(it.world.left.rows.empty());
  CHECK(it.world.conflicts().empty());
}

TEST_CASE("law 15: that it names another is an edit", "[laws][15][22]") {
  Member it;
  it.make_team("T2");
  it.world.left.edit(it.child, "team", Value("T2"));

  it.erase_right();

  CHECK(it.world.left.rows.size() == 1);
  REQUIRE(it.world.right.rows.size() == 1);
  CHECK(it.world.right.get(it.world.only_right(), "team_id") != Value("U1"));
}

TEST_CASE("law 15: one that is not linked says nothing until it is: it may have been renamed", "[laws][15][22]") {
  Member it;
  it.world.left.edit(it.child, "team", Value("T9"));

  it.erase_right();
  CHECK(it.world.left.rows.size() == 1);
  CHECK(it.world.right.rows.empty());
  CHECK(it.world.counts().waiting_for == 1);
  it.make_team("T9");

  CHECK(it.world.left.rows.size() == 1);
  CHECK(it.world.right.rows.size() == 1);
  CHECK(it.world.counts().waiting_for == 0);
}

TEST_CASE("law 15: of an optional one that does not link the record is restored after a minute", "[laws][15][22]") {
  Member it(true);
  it.world.left.edit(it.child, "team", Value("T9"));

  it.erase_right();
  CHECK(it.world.left.rows.size() == 1);
  CHECK(it.world.right.rows.empty());
  it.world.settle(std::chrono::minutes(2));

  CHECK(it.world.left.rows.size() == 1);
  CHECK(it.world.right.rows.size() == 1);
  CHECK(it.world.counts().backing_off == 0);
}

TEST_CASE("law 15: nor is it an edit where rows name it; what else is in them is", "[laws][15][20][22]") {
  const bool edited = GENERATE(false, true);
  CAPTURE(edited);
  sync::Plan plan = World::default_plan();
  sync::Field stays = World::field("stays"), crew = World::field("crew"), since = World::field("since");
  crew.kind = sync::Field::Kind::kReference;
  crew.reference = "teams";
  crew.row_key = true;
  stays.kind = sync::Field::Kind::kRows;
  stays.rows = {crew, since};
  plan.fields.push_back(stays);
  Member it;
  it.world.engine->put(std::make_shared<TableMapper>(plan, "v2"), {&it.world.left, &it.world.right});
  const auto stay = [](const char* team, const char* since) { return Value(Array{Value(Object{{"crew", Value(team)}, {"since", Value(since)}})}); };
  it.world.left.edit(it.child, "stays", stay("T1", "may"));
  it.world.hook(Side::kLeft, it.child);
  it.world.settle(std::chrono::minutes(5));
  REQUIRE(it.world.right.get(it.right_key, "stays") == stay(it.right.rows.begin()->first.c_str(), "may"));
  it.left.rename("T1", "T1-new");
  it.world.left.rows.at(it.child).fields["stays"] = stay("T1-new", edited ? "june" : "may");

  it.erase_right();

  CHECK(it.world.left.rows.size() == (edited ? 1U : 0U));
  CHECK(it.world.right.rows.size() == (edited ? 1U : 0U));
}
