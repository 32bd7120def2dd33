// Law 14: a write that is answered with success and reads back as it was before is a conflict, never a value that travels back.
#include <catch2/catch.hpp>

#include "support/people.h"

using namespace tidewire;
using namespace tidewire::test;
using sync::Side;

namespace {

/// The right system keeps its phone whatever it is told.
struct Stubborn : Pair {
  Stubborn() {
    world.right.store_as = [](const std::string& field, const Value& value) { return field == "phone" ? Value("1") : value; };
  }
};

}  // namespace

TEST_CASE("law 14: a field that reads back as it was is a conflict of its own kind", "[laws][14]") {
  Stubborn it;
  it.edit(Side::kLeft, "phone", "5");
  it.tell();

  REQUIRE(it.world.conflicts().size() == 1);
  CHECK(it.world.conflicts().front().kind == "not_accepted");
  CHECK(it.world.conflicts().front().field == "phone");
}

TEST_CASE("law 14: a read-only field edited on the other side is not accepted, and the edit is not undone", "[laws][14]") {
  Stubborn it;
  it.edit(Side::kLeft, "phone", "5");
  it.tell();
  it.tell();

  CHECK(it.shown(Side::kLeft, "phone") == "5");
  CHECK(it.shown(Side::kRight, "phone") == "1");
}

TEST_CASE("law 14: what was not accepted is not sent again and again", "[laws][14]") {
  Stubborn it;
  it.edit(Side::kLeft, "phone", "5");
  it.tell();
  const int writes = it.new_writes();
  it.tell(std::chrono::hours(2));
  it.tell(std::chrono::hours(2));

  CHECK(it.new_writes() == writes);
}

TEST_CASE("law 14: what a new record does not take is no value that travels back either", "[laws][14][28]") {
  Pair it;
  it.world.right.store_as = [](const std::string& field, const Value& value) { return field == "phone" ? Value() : value; };
  const std::string bob = it.world.left.insert(person("bob@example.org", "7"));
  it.world.hook(Side::kLeft, bob);
  it.world.settle(std::chrono::minutes(5));

  CHECK(it.world.left.get(bob, "phone") == Value("7"));
  REQUIRE(it.world.conflicts().size() == 1);
  CHECK(it.world.conflicts().front().kind == "not_accepted");
}

TEST_CASE("law 14: where a person lets it be, each side has its own value from then on", "[laws][14][9]") {
  Stubborn it;
  it.edit(Side::kLeft, "phone", "5");
  it.tell();
  it.resolve("phone", "accept");

  CHECK(it.world.conflicts().empty());
  CHECK(it.link().notes.at_path("phone.apart") != nullptr);
}

TEST_CASE("law 14: another edit that is not accepted either is shown by the same conflict", "[laws][14]") {
  Stubborn it;
  it.edit(Side::kLeft, "phone", "5");
  it.tell();
  REQUIRE(it.world.conflicts().size() == 1);
  const store::Conflict before = it.world.conflicts().front();
  it.later();
  it.edit(Side::kLeft, "phone", "6");
  it.tell();

  REQUIRE(it.world.conflicts().size() == 1);
  CHECK(it.world.conflicts().front().id == before.id);
  CHECK(it.world.conflicts().front().opened_at == before.opened_at);
  CHECK(it.world.conflicts().front().shown.left == Value("6"));
}

TEST_CASE("law 14: the other fields of the same write are written", "[laws][14]") {
  Stubborn it;
  it.edit(Side::kLeft, "phone", "5");
  it.edit(Side::kLeft, "email", "ada@new.org");
  it.tell();

  CHECK(it.both_show("email", "ada@new.org"));
  CHECK(it.world.conflicts().size() == 1);
}

TEST_CASE("law 14: the same of a system that answers nothing, told by the read after it", "[laws][14]") {
  Stubborn it;
  it.world.right.able.answer = sync::Capabilities::Answer::kNone;
  it.edit(Side::kLeft, "phone", "5");
  it.tell();

  CHECK(it.shown(Side::kLeft, "phone") == "5");
  REQUIRE(it.world.conflicts().size() == 1);
  CHECK(it.world.conflicts().front().kind == "not_accepted");
}

TEST_CASE("law 14: the same where the system has no versions", "[laws][14]") {
  Stubborn it;
  it.world.right.able.answer = sync::Capabilities::Answer::kNone;
  it.world.right.versions = it.world.right.able.guarded_writes = false;
  it.edit(Side::kLeft, "phone", "5");
  it.tell();
  it.tell();

  CHECK(it.shown(Side::kLeft, "phone") == "5");
  REQUIRE(it.world.conflicts().size() == 1);
  CHECK(it.world.conflicts().front().kind == "not_accepted");
}

TEST_CASE("law 14: a value calculated of both that one side does not take is not written to the other either", "[laws][14]") {
  for (const Side stubborn : {Side::kLeft, Side::kRight}) {
    Pair it;
    it.edit_both("tags", "a", "b");
    it.side(stubborn).store_as = [kept = it.shown(stubborn, "tags")](const std::string& field, const Value& value) { return field == "tags" ? Value(kept) : value; };
    it.edit(Side::kRight, "email", "ada@new.org");
    it.tell();
    it.tell();

    REQUIRE(it.world.conflicts().size() == 1);
    CHECK(it.world.conflicts().front().kind == "not_accepted");
    CHECK(it.shown(stubborn, "tags") == (stubborn == Side::kLeft ? "a" : "b"));
    if (stubborn == Side::kRight) CHECK(it.shown(Side::kLeft, "tags") == "a");
    CHECK(it.shown(Side::kLeft, "email") == "ada@new.org");
  }
}

TEST_CASE("law 14: where the edit is taken back by hand nobody is asked any more", "[laws][14]") {
  Stubborn it;
  it.edit(Side::kLeft, "phone", "5");
  it.tell();
  REQUIRE(it.world.conflicts().size() == 1);
  it.edit(Side::kLeft, "phone", "1");
  it.tell();

  CHECK(it.world.conflicts().empty());
}

TEST_CASE("law 14: another edit is tried anew, and where it is taken the conflict is over", "[laws][14]") {
  Stubborn it;
  it.edit(Side::kLeft, "phone", "5");
  it.tell();
  it.world.right.store_as = nullptr;
  it.edit(Side::kLeft, "phone", "6");
  it.tell();

  CHECK(it.both_show("phone", "6"));
  CHECK(it.world.conflicts().empty());
}
