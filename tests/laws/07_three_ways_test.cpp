// Law 7: nothing changed, one side, both disjoint, both the same, both different.
#include <catch2/catch.hpp>

#include "support/people.h"

using namespace tidewire;
using namespace tidewire::test;
using sync::Side;

TEST_CASE("law 7: nothing changed, nothing is done", "[laws][7]") {
  Pair it;
  it.tell();

  CHECK(it.new_writes() == 0);
  CHECK(it.world.ears.operations.empty());
}

TEST_CASE("law 7: one side changed, those fields are copied and no others", "[laws][7]") {
  Pair it;
  it.edit(Side::kLeft, "phone", "2");
  it.tell();

  CHECK(it.both_show("phone", "2"));
  REQUIRE(it.requests(Side::kRight, "update").size() == 1);
  CHECK(it.requests(Side::kRight, "update").front().values == Value(Object{{"phone", "2"}}));
  CHECK(it.decided("phone").string_or("decision") == "copy");
}

TEST_CASE("law 7: both changed, disjoint: merged, and counted as that", "[laws][7]") {
  Pair it;
  it.edit(Side::kLeft, "phone", "2");
  it.edit(Side::kRight, "email", "ada@new.org");
  it.tell();

  CHECK(it.both_show("phone", "2"));
  CHECK(it.both_show("email", "ada@new.org"));
  REQUIRE(it.world.ears.operations.size() == 1);
  CHECK(it.world.ears.operations.front().outcome == "merged");
  CHECK(it.world.counts().counters["auto_merged"] == 1);
}

TEST_CASE("law 7: both changed to the same: the base moves and nothing is written", "[laws][7]") {
  Pair it;
  it.edit_both("phone", "2", "2");
  it.tell();

  CHECK(it.new_writes() == 0);
  CHECK(it.link().base.at("phone").left == Value("2"));
  CHECK(it.link().base.at("phone").right == Value("2"));
  CHECK(it.world.conflicts().empty());
}

TEST_CASE("law 7: both changed differently: the strategy decides, for those fields only", "[laws][7]") {
  Pair it;
  it.edit_both("tags", "a", "b");  // joined by its strategy
  it.edit(Side::kRight, "phone", "2");
  it.tell();

  CHECK(it.both_show("tags", "a+b"));
  CHECK(it.both_show("phone", "2"));
  CHECK(it.decided("tags").string_or("decision") == "resolve");
  CHECK(it.decided("phone").string_or("decision") == "copy");
}

TEST_CASE("law 7: a column of another name on the other side, changed on one side, is no conflict", "[laws][7]") {
  sync::Plan plan = World::default_plan();
  plan.fields.push_back(World::field("cell>mobile", 0));
  plan.fields.back().paths = {{"cell"}, {"mobile"}};
  Pair it(plan);
  it.world.left.edit(it.left, "cell", Value("077"));
  it.tell();
  CHECK(it.world.right.get(it.right, "mobile") == Value("077"));

  it.world.right.edit(it.right, "mobile", Value("078"));
  it.tell();
  CHECK(it.world.left.get(it.left, "cell") == Value("078"));
  CHECK(it.world.conflicts().empty());
}
