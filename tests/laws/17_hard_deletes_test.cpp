// Law 17: a hard delete is guarded, or followed by a look at the trash.
#include <catch2/catch.hpp>

#include "support/people.h"

using namespace tidewire;
using sync::Side;
using test::Pair;
using test::World;
using Fault = test::MemorySide::Fault;

namespace {

/// A pair whose left record was deleted, and whose right one is edited between our read and our delete.
struct Late : Pair {
  explicit Late(sync::Plan plan = World::default_plan()) : Pair(std::move(plan)) {
    world.timers.advance(std::chrono::minutes(5));
    world.right.able.guarded_deletes = false;
    world.right.brings_back = true;
    world.right.before_delete = [](test::MemorySide::Row& row) { row.fields["phone"] = Value("at the last moment"); };
    world.left.erase(left);
  }
  void tell(Duration span = std::chrono::minutes(5)) {
    world.hook(Side::kLeft, left, "delete");
    world.settle(span);
  }
  void check_restored() {
    REQUIRE(world.right.rows.size() == 1);
    REQUIRE(world.left.rows.size() == 1);
    CHECK(world.left.rows.begin()->second.fields.string_or("phone") == "at the last moment");
    CHECK(world.conflicts().empty());
    const auto counts = world.counts();
    CHECK(counts.links == 1);
    CHECK(counts.waiting + counts.backing_off + counts.held + counts.dead == 0);
  }
};

}  // namespace

TEST_CASE("law 17: an edit that came before an unguarded delete is brought back, and the record lives on both sides", "[laws][17]") {
  Late it;

  it.tell();

  it.check_restored();
  const store::Operation& last = it.world.ears.operations.back();
  CHECK(last.kind == "restore");
  CHECK(*last.record.at_path("found_in_trash.phone") == Value("at the last moment"));
  CHECK(it.world.right.deletes == 1);
}

TEST_CASE("law 17: what comes back under another key is the same link", "[laws][17]") {
  Late it;
  it.world.right.before_delete = [&](test::MemorySide::Row& row) {
    row.fields["phone"] = Value("at the last moment");
    it.world.right.brought_back = "R-again";
    test::MemorySide::Row& again = it.world.right.rows["R-again"];
    again = row;
    again.version = 900;
    again.incarnation = "another";
  };

  it.tell();

  it.check_restored();
  CHECK(it.known(Side::kRight, "R-again").link.has_value());
}

TEST_CASE("law 17: after a crash between the delete and the look at the trash, it is looked at again", "[laws][17]") {
  Late it;
  it.world.right.put_back_faults = {Fault::kLoseAnswer};
  it.tell(std::chrono::milliseconds(100));
  test::restart(it.world);

  it.world.settle(std::chrono::minutes(5));

  it.check_restored();
}

TEST_CASE("law 17: where it cannot be asked now, the key waits and asks again", "[laws][17]") {
  Late it;
  it.world.right.put_back_faults = {Fault::kRefuse, Fault::kRefuse};

  it.tell();

  it.check_restored();
}

TEST_CASE("law 17: a webhook about what came back makes no second record", "[laws][17]") {
  Late it;
  it.tell();
  const int writes = it.world.writes();

  it.world.hook(Side::kRight, it.right);
  it.world.hook(Side::kLeft, it.world.left.rows.begin()->first);
  it.world.settle(std::chrono::minutes(5));

  CHECK(it.world.writes() == writes);
  it.check_restored();
}

TEST_CASE("law 17: where deletes win, the edit is on record and stays away", "[laws][17]") {
  sync::Plan plan = World::default_plan();
  plan.end.right.delete_wins = true;
  Late it(plan);

  it.tell();

  CHECK(it.world.right.rows.empty());
  CHECK(it.world.left.rows.empty());
  CHECK(*it.world.ears.operations.back().record.at_path("found_in_trash.phone") == Value("at the last moment"));
}

TEST_CASE("law 17: who deleted the other copy himself saw what was in it", "[laws][17]") {
  Late it;
  it.world.right.before_delete = nullptr;
  it.world.right.edit(it.right, "phone", Value("mine"));
  it.world.right.last_deleted = it.world.right.rows.at(it.right).fields;
  it.world.right.erase(it.right);

  it.tell();

  CHECK(it.world.right.rows.empty());
  CHECK(it.world.left.rows.empty());
}

TEST_CASE("law 17: a hard delete carries the guard where there is one: a late edit refuses it", "[laws][17]") {
  Pair it;
  it.later();
  it.erase(Side::kLeft);
  it.world.right.after_read = [&] { it.world.right.edit(it.right, "phone", Value("late")); };
  it.world.settle(std::chrono::minutes(5));

  for (const auto& request : it.requests(Side::kRight, "delete")) CHECK(request.guard.has_value());
  REQUIRE(it.world.right.rows.size() == 1);
  CHECK(it.world.right.get(it.right, "phone") == Value("late"));
  REQUIRE(it.world.left.rows.size() == 1);
  CHECK(it.world.left.rows.begin()->second.fields.string_or("phone") == "late");
}

TEST_CASE("law 17: without a guard it is preceded by a read", "[laws][17]") {
  Late it;
  it.world.right.before_delete = nullptr;
  it.forget_what_was();

  it.tell();

  REQUIRE(it.requests(Side::kRight, "delete").size() == 1);
  std::vector<std::string> verbs;
  for (const auto& request : it.world.right.requests) verbs.push_back(request.verb);
  CHECK(verbs == std::vector<std::string>{"read", "delete"});
  CHECK(it.world.right.rows.empty());
}

TEST_CASE("law 17: where nothing is brought back, the late edit is kept as a conflict", "[laws][17]") {
  Late it;
  it.world.right.brings_back = false;

  it.tell(std::chrono::milliseconds(500));

  CHECK(it.world.right.rows.empty());
  const auto open = it.world.conflicts();
  REQUIRE(open.size() == 1);
  CHECK(open.front().kind == "delete_update");
  CHECK(open.front().shown.right->string_or("phone") == "at the last moment");

  it.world.store.resolve({open.front().id, "skip", "ann", {}, open.front().shown_at}, [](Result<void> done) { CHECK(done.ok()); });
  it.world.settle();
  CHECK(it.world.conflicts().empty());  // nothing is left to be written: it was seen
}

namespace {

/// The left record was deleted and our delete of the right one refused by its guard: that was edited at the last moment, and is
/// about to be made again on the left.
struct Refused : Pair {
  Refused() {
    later();
    erase(Side::kLeft);
    world.right.after_read = [this] { world.right.edit(right, "phone", Value("late")); };
  }
  /// Until `happened`, or nothing is left to do at once.
  void run_until(const std::function<bool()>& happened) {
    while (!happened()) REQUIRE(world.timers.run_one());
  }
  void check_nothing_left() {
    CHECK(world.left.rows.empty());
    CHECK(world.right.rows.empty());
    const auto counts = world.counts();
    CHECK(counts.links == 0);
    CHECK(counts.waiting + counts.backing_off + counts.held + counts.dead == 0);
    std::size_t open = 1;
    world.store.open_intents("people", [&](Result<std::vector<store::Intent>> intents) { open = intents->size(); });
    world.timers.run_posted();
    CHECK(open == 0);
  }
};

}  // namespace

TEST_CASE("law 17: a delete that was refused is not taken for done after a crash: who deletes the record then means it", "[laws][17]") {
  Refused it;
  it.run_until([&] { return !it.world.left.rows.empty(); });
  test::restart(it.world);  // the answer to the create is lost
  REQUIRE(it.requests(Side::kRight, "delete").size() == 1);
  it.erase(Side::kRight);

  it.world.settle(std::chrono::minutes(5));

  it.check_nothing_left();
}

TEST_CASE("law 17: nor does it stay announced where nothing is left of either record", "[laws][17]") {
  Refused it;
  it.world.left.write_faults = {Fault::kSilent};
  it.run_until([&] { return !it.requests(Side::kLeft, "create").empty(); });
  test::restart(it.world);
  it.erase(Side::kRight);

  it.world.settle(std::chrono::minutes(5));

  it.check_nothing_left();
}

TEST_CASE("law 17: also of a record that never had a link, because the answer to its create was lost", "[laws][17]") {
  World world;
  world.right.able.guarded_deletes = false;
  world.right.brings_back = true;
  const std::string left = world.left.insert(test::person("ada@example.org"));
  world.right.write_faults = {Fault::kLoseAnswer};
  world.hook(Side::kLeft, left);
  world.settle(std::chrono::milliseconds(1));
  const std::string right = world.only_right();
  world.left.erase(left);
  world.right.delete_faults = {Fault::kLoseAnswer};
  world.right.last_deleted = world.right.rows.at(right).fields;
  (*world.right.last_deleted)["phone"] = Value("at the last moment");

  world.hook(Side::kLeft, left, "delete");
  world.settle(std::chrono::seconds(5));
  REQUIRE(world.right.rows.empty());
  world.hook(Side::kRight, right, "delete");
  world.settle(std::chrono::minutes(5));

  REQUIRE(world.right.rows.size() == 1);
  REQUIRE(world.left.rows.size() == 1);
  CHECK(world.left.rows.begin()->second.fields.string_or("phone") == "at the last moment");
}
