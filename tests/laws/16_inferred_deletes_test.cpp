// Law 16: what is missing was not deleted until more than a missing read says so.
#include <catch2/catch.hpp>

#include "support/missing.h"

using namespace tidewire;
using namespace tidewire::test;
using sync::Side;
using std::chrono::minutes;
using Fault = MemorySide::Fault;

TEST_CASE("law 16: a complete sweep and a single read that confirms believe a delete", "[laws][16]") {
  Missing it;
  CHECK(it.sweep().state == "done");

  CHECK(it.deleted());
  CHECK(it.world.right.rows.size() == 4);
}

TEST_CASE("law 16: a sweep of which one page failed deletes nothing", "[laws][16]") {
  Missing it;
  it.world.left.short_page = 2;
  it.world.left.list_faults.assign(200, Fault::kNone);
  it.world.left.list_faults[1] = Fault::kRefuse;
  for (std::size_t i = 2; i < 200; ++i) it.world.left.list_faults[i] = Fault::kRefuse;
  const std::string id = start_job(it.world, "sweep");
  it.world.settle(minutes(2));

  CHECK_FALSE(it.deleted());
  CHECK(it.world.right.rows.size() == 5);
  CHECK(job_of(it.world, id).state != "done");
}

TEST_CASE("law 16: what a sweep missed and a single read shows stays", "[laws][16]") {
  Missing it;
  it.side(Side::kLeft).insert(person("ada@example.org"), it.left);
  it.world.left.rows.at(it.left).incarnation = it.link().incarnation.left.value();  // it was there all the time, the list did not show it
  it.world.left.hidden_from_list = it.left;
  it.sweep();

  CHECK_FALSE(it.deleted());
  CHECK(it.world.counts().links == 5);
}

TEST_CASE("law 16: the single read that fails deletes nothing", "[laws][16]") {
  Missing it;
  it.world.left.read_faults.assign(500, Fault::kRefuse);
  run_job(it.world, "sweep");
  it.world.settle();

  CHECK_FALSE(it.deleted());
}

TEST_CASE("law 16: deletes are believed only while the fingerprint matches", "[laws][16]") {
  Missing it;
  it.world.left.same = false;  // another site answers under the address
  it.world.left.rows.clear();
  it.sweep();

  CHECK(it.world.right.rows.size() == 5);
  CHECK(it.world.counts().held >= 1);
}

TEST_CASE("law 16: an event of another system than the first one deletes nothing either", "[laws][16]") {
  Missing it;
  it.world.left.same = false;
  it.world.hook(Side::kLeft, it.left, "delete");
  it.world.settle(minutes(3));

  CHECK_FALSE(it.deleted());
}

TEST_CASE("law 16: absence is believed only more than the settle time after the record was last seen", "[laws][16]") {
  Missing it;
  it.world.left.insert(person("late@example.org"), "L-late");
  it.world.hook(Side::kLeft, "L-late");
  it.world.settle();
  REQUIRE(it.world.right.rows.size() == 6);
  it.world.left.erase("L-late");
  run_job(it.world, "sweep");
  it.world.settle(std::chrono::seconds(20));
  CHECK(it.world.right.rows.size() == 5);  // the old one alone

  it.world.settle(minutes(10));
  CHECK(it.world.right.rows.size() == 4);
}

TEST_CASE("law 16: 401 and 403 never delete", "[laws][16]") {
  Missing it;
  it.world.left.denied = make_error(Code::kDenied, "403 forbidden");
  it.world.hook(Side::kLeft, it.left, "delete");
  it.world.settle(minutes(10));

  CHECK_FALSE(it.deleted());
}

TEST_CASE("law 16: a bulk of 100,001 keys with deletes on deletes only what was deleted", "[laws][16]") {
  World world;
  constexpr int kMany = 100'001;
  for (int i = 1; i <= kMany; ++i) {
    world.left.insert(person("p" + std::to_string(i)), "L" + std::to_string(i));
    world.right.insert(person("p" + std::to_string(i)), "R" + std::to_string(i));
  }
  const std::string base = R"('{"email":{"l":"p' || i || '","r":"p' || i || '"},"phone":{"l":"1","r":"1"},"note":{"l":"n","r":"n"},"tags":{"l":"t","r":"t"}}')";
  REQUIRE(world.database->exec("WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 100001) INSERT INTO links (mapping, left_key, right_key, state, generation, base, left_version, right_version, left_tokens, right_tokens, stamps, notes, left_seen_at, right_seen_at, created_at, updated_at) SELECT 'people', 'L' || i, 'R' || i, 'live', 1, " + base + ", i, i, '[\"' || i || '\"]', '[\"' || i || '\"]', '{}', '{}', 1, 1, 1, 1 FROM n").ok());
  world.left.able.covers_all = world.right.able.covers_all = true;
  for (const char* key : {"L7", "L50000", "L100001"}) world.left.erase(key);
  run_job(world, "sweep", Value(Object{{"left", true}, {"right", false}}));
  world.settle(minutes(10));

  CHECK(world.right.rows.size() == kMany - 3);
  for (const char* key : {"R7", "R50000", "R100001"}) CHECK_FALSE(world.right.rows.contains(key));
  CHECK(world.left.rows.size() == kMany - 3);
  CHECK(world.right.deletes == 3);
}

TEST_CASE("law 16: a read that fails half-way deletes nothing", "[laws][16]") {
  Missing it;
  it.world.left.short_page = 1;
  it.world.left.list_faults.assign(400, Fault::kRefuse);
  for (int i = 0; i < 3; ++i) it.world.left.list_faults[static_cast<std::size_t>(i)] = Fault::kNone;
  start_job(it.world, "sweep");
  it.world.settle(minutes(5));

  CHECK(it.world.right.rows.size() == 5);
}

TEST_CASE("law 16: a linked key that reads as missing, of which nobody told a delete, asks for a sweep", "[laws][16]") {
  Missing it;
  it.world.hook(Side::kLeft, it.left);
  const int lists = it.world.left.lists;
  it.world.settle(minutes(1));

  CHECK(it.world.left.lists > lists);
  CHECK(it.world.right.lists == 0);
  CHECK(it.deleted());
  CHECK(it.world.right.rows.size() == 4);
  CHECK(it.world.counts().backing_off == 0);
}

TEST_CASE("law 16: a single read alone deletes nothing: no sweep, no delete", "[laws][16]") {
  Missing it;
  it.world.left.list_faults.assign(1000, Fault::kRefuse);
  it.world.hook(Side::kLeft, it.left);
  it.world.settle(minutes(60));

  CHECK_FALSE(it.deleted());
  const auto rows = it.known(Side::kLeft, it.left).dirty;
  REQUIRE(rows.size() == 1);
  CHECK(rows.front().error->string_or("message").find("nobody told of a delete") != std::string::npos);
  CHECK(it.world.counts().dead == 0);

  it.world.left.list_faults.clear();
  it.world.settle(minutes(30));
  CHECK(it.deleted());
}

TEST_CASE("law 16: what the sweep shows to be there goes on", "[laws][16]") {
  Missing it;
  it.side(Side::kLeft).insert(person("ada@example.org"), it.left);
  it.world.left.rows.at(it.left).incarnation = it.link().incarnation.left.value();
  auto hidden = it.world.left.rows;
  hidden.erase(it.left);
  it.world.left.replica = &hidden;  // reads go to where it is not
  it.world.hook(Side::kLeft, it.left);
  it.world.settle(minutes(5));
  CHECK_FALSE(it.deleted());

  it.world.left.replica = nullptr;
  it.edit(Side::kLeft, "phone", "2");
  it.world.settle(minutes(30));
  CHECK(it.both_show("phone", "2"));
  CHECK(it.world.counts().backing_off == 0);
}

TEST_CASE("law 16: many that ask have one sweep", "[laws][16]") {
  Missing it(30);
  it.world.left.rows.clear();
  it.world.left.short_page = 1000;
  const int lists = it.world.left.lists;
  std::vector<std::string> keys;
  for (const auto& [key, row] : it.world.right.rows) keys.push_back(it.known(Side::kRight, key).link->key.left.value());
  for (const std::string& key : keys) it.world.hook(Side::kLeft, key);
  it.world.settle(minutes(5));

  CHECK(it.world.left.lists - lists <= 2);
}

TEST_CASE("law 16: an event that tells of the delete needs no sweep, and ends the wait for one", "[laws][16]") {
  Missing it;
  it.world.left.list_faults.assign(1000, Fault::kRefuse);
  it.world.hook(Side::kLeft, it.left);
  it.world.settle(std::chrono::seconds(10));
  REQUIRE_FALSE(it.deleted());
  it.world.hook(Side::kLeft, it.left, "delete");
  it.world.settle();

  CHECK(it.deleted());
}

TEST_CASE("law 16: where absence proves nothing, an event releases the key that is held", "[laws][16]") {
  Missing it;
  it.world.left.able.absence_proves_delete = false;
  it.world.hook(Side::kLeft, it.left);
  it.world.settle(minutes(3));
  CHECK(it.world.counts().held == 1);
  CHECK_FALSE(it.deleted());

  it.world.hook(Side::kLeft, it.left, "delete");
  it.world.settle();
  CHECK(it.deleted());
  CHECK(it.world.counts().held == 0);
}

TEST_CASE("law 16: and a change of what shows again releases it too", "[laws][16]") {
  Missing it;
  it.world.left.able.absence_proves_delete = false;
  it.world.hook(Side::kLeft, it.left);
  it.world.settle(minutes(3));
  REQUIRE(it.world.counts().held == 1);

  it.side(Side::kLeft).insert(person("ada@example.org", "2"), it.left);
  it.world.left.rows.at(it.left).incarnation = it.link().incarnation.left.value();
  it.world.hook(Side::kLeft, it.left);
  it.world.settle(minutes(3));
  CHECK(it.both_show("phone", "2"));
  CHECK(it.world.counts().held == 0);
}

TEST_CASE("law 16: an event does not let go what the brake holds", "[laws][16][18]") {
  World world;
  for (int i = 0; i < 12; ++i)
    world.hook(Side::kLeft, world.left.insert(person("p" + std::to_string(i) + "@example.org")));
  world.settle(minutes(5));
  const auto rows = world.left.rows;
  for (const auto& [key, row] : rows) {
    world.left.erase(key);
    world.hook(Side::kLeft, key, "delete");
  }
  world.settle(minutes(1));
  REQUIRE(world.counts().held == 2);
  const std::size_t told = operations_of(world).size();
  for (const auto& [key, row] : rows) world.hook(Side::kLeft, key, "delete");
  world.settle(minutes(1));

  CHECK(world.counts().held == 2);
  CHECK(world.right.rows.size() == 2);
  CHECK(operations_of(world).size() == told);
}

TEST_CASE("law 16: nothing is deleted in another system than the first one, whatever has the key there", "[laws][16]") {
  Missing it;
  it.world.right.same = false;
  it.world.hook(Side::kLeft, it.left, "delete");
  it.world.settle(minutes(3));
  CHECK_FALSE(it.deleted());
  CHECK(it.world.counts().held == 1);

  it.world.right.same = true;
  it.world.hook(Side::kLeft, it.left, "delete");
  it.world.settle();
  CHECK(it.deleted());
}

TEST_CASE("law 16: nor is what leaves the scope there", "[laws][16][23]") {
  sync::Plan plan = World::default_plan();
  plan.end.left.scope = Value(Object{{"phone", Value("1")}});
  plan.leave = sync::Plan::Leave::kDelete;
  Pair it(plan);
  it.later();
  it.world.left.same = false;  // another record of another system has that key
  it.edit(Side::kLeft, "phone", "theirs");
  it.tell(minutes(3));

  CHECK(it.world.right.rows.size() == 1);
  CHECK(it.world.counts().held >= 1);
}

TEST_CASE("law 16: between two sweeps that are asked for so passes a while", "[laws][16]") {
  Missing it;
  it.world.hook(Side::kLeft, it.left);
  it.world.settle(std::chrono::seconds(30));
  REQUIRE(it.deleted());
  const int lists = it.world.left.lists;
  const std::string other = it.world.left.rows.begin()->first;
  it.world.left.erase(other);
  it.world.hook(Side::kLeft, other);
  it.world.settle(minutes(2));
  CHECK(it.world.left.lists == lists);
  CHECK(it.world.right.rows.size() == 4);

  it.world.settle(minutes(30));
  CHECK(it.world.right.rows.size() == 3);
}

TEST_CASE("law 16: a delete of one side does not end the link where the other may only be hidden", "[laws][16]") {
  Missing it;
  it.world.right.able.absence_proves_delete = false;
  std::map<std::string, MemorySide::Row> nothing;
  it.world.right.replica = &nothing;
  it.world.hook(Side::kLeft, it.left, "delete");
  it.world.settle(minutes(3));
  CHECK(it.world.counts().links == 5);
  CHECK(it.world.counts().held >= 1);

  it.world.right.replica = nullptr;
  it.world.hook(Side::kRight, it.right);
  it.world.settle(minutes(3));
  CHECK(it.deleted());
  CHECK(it.world.counts().held == 0);
}

TEST_CASE("law 16: where absence proves nothing, a delete of ours that nobody answered is not taken for done", "[laws][16]") {
  Pair it;
  it.later();
  it.world.left.able.absence_proves_delete = false;
  it.world.left.delete_faults = {MemorySide::Fault::kLoseRequest};
  it.erase(Side::kRight);
  it.world.settle(std::chrono::milliseconds(1));
  REQUIRE(it.world.left.rows.size() == 1);
  std::map<std::string, MemorySide::Row> nothing;
  it.world.left.replica = &nothing;  // it is hidden
  it.world.settle(std::chrono::minutes(5));
  CHECK(it.world.counts().tombstones == 0);
  CHECK(it.world.counts().held == 1);

  it.world.left.replica = nullptr;
  it.world.store.retry("people", {}, [](Result<std::int64_t>) {});
  it.world.timers.run_posted();
  it.world.engine->wake("people");
  it.world.settle(std::chrono::minutes(5));
  CHECK(it.world.left.rows.empty());
  CHECK(it.world.counts().tombstones == 1);
}

TEST_CASE("law 16: that the other record reads as missing too, shortly after it was made, does not say that both are gone", "[laws][16]") {
  Pair it;
  std::map<std::string, MemorySide::Row> behind;  // a replica that has it not yet
  it.world.right.replica = &behind;
  it.erase(Side::kLeft);
  it.world.settle(std::chrono::seconds(10));
  it.world.right.replica = nullptr;
  it.world.settle(minutes(5));

  CHECK(it.world.right.rows.empty());
  CHECK(it.world.right.deletes == 1);
}

TEST_CASE("law 16: of what was seen since it began a sweep says nothing: its pages may be from before", "[laws][16]") {
  Pair it;
  const std::string bob = it.world.left.insert(person("bob@example.org"));
  it.world.hook(Side::kLeft, bob);
  it.world.settle();
  const std::string late = it.known(Side::kLeft, bob).link->key.right.value();
  it.world.right.short_page = 1;
  it.world.right.list_faults = {Fault::kNone, Fault::kRefuse};  // the second page is asked for again, later
  start_job(it.world, "sweep", Value(Object{{"left", false}, {"right", true}}));
  it.world.settle(std::chrono::milliseconds(1));
  it.world.left.edit(bob, "phone", Value("2"));
  it.world.hook(Side::kLeft, bob);
  it.world.settle(std::chrono::milliseconds(1));
  REQUIRE(it.world.right.get(late, "phone") == Value("2"));
  std::map<std::string, MemorySide::Row> behind;
  it.world.right.hidden_from_list = late;
  it.world.right.replica = &behind;
  it.world.settle(minutes(5));

  CHECK(it.world.left.rows.contains(bob));
}

namespace {

/// A create was applied without an answer, and then its source reads as missing.
struct Orphan {
  World world;
  std::string source;
  explicit Orphan(bool deleted) {
    source = world.left.insert(person("ada@example.org"));
    world.left.counts = true;
    world.right.write_faults = {Fault::kLoseAnswer};
    world.hook(Side::kLeft, source);
    world.settle(std::chrono::milliseconds(1));
    REQUIRE(world.right.rows.size() == 1);
    if (deleted) world.left.erase(source);
    else world.left.hidden_from_list = source;
    world.left.replica = &shown;
  }
  std::map<std::string, MemorySide::Row> shown;
};

}  // namespace

TEST_CASE("law 16: what a create in doubt has made is not deleted because its source reads as missing", "[laws][16][25]") {
  Orphan it(false);
  it.world.settle(minutes(40));
  CHECK(it.world.right.rows.size() == 1);
  CHECK(it.world.right.deletes == 0);

  it.world.left.hidden_from_list.clear();
  it.world.left.replica = nullptr;
  it.world.settle(std::chrono::hours(25));
  CHECK(it.world.counts().links == 1);
  CHECK(it.world.right.rows.size() == 1);
}

TEST_CASE("law 16: where a whole sweep misses the source too, it is", "[laws][16][25]") {
  Orphan it(true);
  it.world.settle(minutes(40));

  CHECK(it.world.right.rows.empty());
  CHECK(it.world.left.rows.empty());
}
