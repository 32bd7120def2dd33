// Law 8: functions over the whole record take part field by field, and a changed lookup alone is nobody's edit.
#include <catch2/catch.hpp>

#include "support/looking.h"

using namespace tidewire;
using namespace tidewire::test;
using sync::Side;

TEST_CASE("law 8: what is looked up is given to functions and recorded with the operation", "[laws][8]") {
  Looking it;
  it.add("ada@example.org", "ACME");

  CHECK(it.world.right.get(it.world.only_right(), "shout") == Value("hey/Grace"));
  REQUIRE_FALSE(it.world.ears.operations.empty());
  const Value* notes = it.world.ears.operations.back().record.find("lookups");
  REQUIRE(notes != nullptr);
  CHECK(notes->as_array().size() == 2);
}

TEST_CASE("law 8: a changed lookup alone is nobody's edit", "[laws][8]") {
  Looking it;
  const std::string left = it.add("ada@example.org", "ACME");
  const int writes = it.world.writes();
  it.bosses.edit("B1", "title", Value("Ann"));

  it.world.hook(Side::kLeft, left);
  it.world.hook(Side::kRight, it.world.only_right());
  it.world.settle();

  CHECK(it.world.writes() == writes);
}

TEST_CASE("law 8: a change of what a watched lookup finds reaches all who name it", "[laws][8]") {
  Looking it(sync::Finder::Missing::kDead, {}, true);
  it.add("ada@example.org", "ACME");
  it.add("bob@example.org", "ACME");
  const int writes = it.world.writes();
  it.bosses.edit("B1", "title", Value("Ann"));

  it.world.hook(Side::kLeft, sync::watch_key("boss", "B1"));
  it.world.settle();

  for (const auto& [key, row] : it.world.right.rows) CHECK(it.world.right.get(key, "shout") == Value("hey/Ann"));
  CHECK(it.world.writes() == writes + 2);
  it.world.hook(Side::kLeft, sync::watch_key("boss", "B1"));
  it.world.hook(Side::kLeft, sync::watch_key("boss", "B2"));
  it.world.hook(Side::kLeft, sync::watch_key("nobody", "B1"));
  it.world.settle();
  CHECK(it.world.writes() == writes + 2);
  CHECK(it.world.counts().dead == 0);
}

TEST_CASE("law 8: an edit is made with what is looked up now, and is the only thing that travels", "[laws][8]") {
  Looking it;
  const std::string left = it.add("ada@example.org", "ACME");
  it.bosses.edit("B1", "title", Value("Ann"));
  it.world.left.edit(left, "shout", Value("ho"));

  it.world.hook(Side::kLeft, left);
  it.world.settle();

  CHECK(it.world.right.get(it.world.only_right(), "shout") == Value("ho/Ann"));
  REQUIRE(it.world.right.requests.back().verb == "update");
  CHECK(it.world.right.requests.back().values == Value(Object{{"shout", "ho/Ann"}}));
}

TEST_CASE("law 8: a function that was changed asks nobody whose fields stood still", "[laws][8]") {
  Looking it;
  const std::string left = it.add("ada@example.org", "ACME");
  const int calls = it.mapper->calls;
  it.world.left.edit(left, "phone", Value("2"));

  it.world.hook(Side::kLeft, left);
  it.world.settle();

  CHECK(it.world.right.get(it.world.only_right(), "phone") == Value("2"));
  CHECK(it.mapper->calls == calls);
}
