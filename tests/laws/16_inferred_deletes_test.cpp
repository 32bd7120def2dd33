// Law 16: what is missing was not deleted until more than a missing read says so.
#include <catch2/catch.hpp>

#include "support/people.h"

using namespace tidewire;
using namespace tidewire::test;
using sync::Side;
using std::chrono::minutes;
using Fault = MemorySide::Fault;

namespace {

/// Several linked pairs that were left alone for longer than the settle time; one is gone from the left, and nobody said so.
struct Missing : Pair {
  explicit Missing(int others = 4) {
    for (int i = 0; i < others; ++i) world.hook(Side::kLeft, world.left.insert(person("p" + std::to_string(i) + "@example.org")));
    world.settle();
    later();
    forget_what_was();
    side(Side::kLeft).erase(left);
  }
  bool deleted() const { return !world.right.rows.contains(right); }
  store::Job sweep() {
    const store::Job job = run_job(world, "sweep");
    world.settle(minutes(3));
    return job;
  }
};

}  // namespace

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
