// Laws 10 and 22: a group with a reference whose parent is not there yet is owed as a whole.
#include <catch2/catch.hpp>

#include "support/people.h"
#include "support/teams.h"

using namespace tidewire;
using namespace tidewire::test;
using sync::Side;

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
