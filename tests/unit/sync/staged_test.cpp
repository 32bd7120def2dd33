#include <catch2/catch.hpp>

#include "store/statement.h"
#include "support/people.h"

using namespace tidewire;
using namespace tidewire::test;
using sync::Side;

namespace {

const Value kStaged = Object{{"staged", true}};

/// One record of the left alone, and one of both sides that differs in a field of theirs that a person decides (note) and in one that the
/// newest wins (phone).
struct Full {
  World world;
  std::string alone, left, right;
  Full() {
    alone = world.left.insert(person("alone@example.org"));
    left = world.left.insert(person("ada@example.org", "1"));
    right = world.right.insert(person("ada@example.org", "2"));
    world.right.edit(right, "note", Value("of the right"));
  }
  std::string start() {
    const std::string id = start_job(world, "initial_load", kStaged);
    for (int i = 0; i < 20; ++i) world.settle();
    return id;
  }
  void resolve(const char* method) {
    const auto open = world.conflicts();
    REQUIRE(open.size() == 1);
    world.store.resolve({.conflict = open.front().id, .method = method, .author = "ada", .said = {}, .shown_at = {}}, [](Result<void> done) { REQUIRE(done.ok()); });
    world.timers.run_posted();
    world.engine->wake("people");
    for (int i = 0; i < 20; ++i) world.settle();
  }
  std::string phase(const std::string& id) { return job_of(world, id).cursor->string_or("phase"); }
};

}  // namespace

TEST_CASE("staged: nothing is written while a conflict is undecided, then all of it is", "[sync][staged]") {
  Full it;
  const int before = it.world.writes();
  const std::string id = it.start();

  CHECK(it.world.writes() == before);
  CHECK(it.world.right.rows.size() == 1);
  CHECK(it.phase(id) == "staged");
  REQUIRE(it.world.engine->jobs().open(id) != nullptr);
  CHECK(it.world.engine->jobs().open(id)->summary.int_or("undecided", 0) == 1);
  CHECK(it.world.counts().would_write == 2);
  CHECK(it.world.conflicts().front().field == "note");

  it.resolve("right");

  CHECK(job_of(it.world, id).state == "done");
  CHECK(it.world.right.rows.size() == 2);
  CHECK(it.world.left.get(it.left, "note") == Value("of the right"));
  CHECK(it.world.left.get(it.left, "phone") == it.world.right.get(it.right, "phone"));
  CHECK(it.world.counts().would_write == 0);
  CHECK(it.world.conflicts().empty());
}

TEST_CASE("staged: a job behind it says what it waits for", "[sync][staged]") {
  Full it;
  const std::string id = it.start();
  const std::string behind = start_job(it.world, "sweep");
  it.world.settle();
  const sync::Jobs& jobs = it.world.engine->jobs();

  const auto obstacle = jobs.obstacle(behind);
  REQUIRE(obstacle);
  CHECK(obstacle->text == "waits for the staged initial_load " + id + ", until 1 conflict is decided");
  CHECK(obstacle->batch == id);
  CHECK(obstacle->undecided == 1);
  CHECK_FALSE(jobs.obstacle(id));

  it.resolve("right");
  for (int i = 0; i < 200 && job_of(it.world, behind).open(); ++i) it.world.settle();
  CHECK_FALSE(jobs.obstacle(behind));
  CHECK(job_of(it.world, behind).state == "done");
}

TEST_CASE("staged: a conflict that is skipped lets the rest be written", "[sync][staged]") {
  Full it;
  const std::string id = it.start();

  it.resolve("skip");

  CHECK(job_of(it.world, id).state == "done");
  CHECK(it.world.right.rows.size() == 2);
  CHECK(it.world.left.get(it.left, "note") == Value("n"));
  CHECK(it.world.left.get(it.left, "phone") == it.world.right.get(it.right, "phone"));
}

TEST_CASE("staged: one old conflict holds it, however many newer ones are decided", "[sync][staged]") {
  World world;
  for (int i = 0; i < 1002; ++i) {
    const std::string email = "p" + std::to_string(i) + "@example.org";
    world.left.insert(person(email));
    world.right.edit(world.right.insert(person(email)), "note", Value("of the right"));
  }
  const int before = world.writes();
  const std::string id = start_job(world, "initial_load", kStaged);
  for (int i = 0; i < 200 && world.counts().open_conflicts < 1002; ++i) world.settle();
  std::vector<store::Conflict> newest;
  world.store.conflicts("people", false, {1001, ""}, [&](Result<store::Paged<store::Conflict>> open) { newest = open->rows; });
  world.timers.run_posted();
  REQUIRE(newest.size() == 1001);

  for (const store::Conflict& one : newest) world.store.resolve({one.id, "left", "ada", {}, {}}, [](Result<void> done) { REQUIRE(done.ok()); });
  world.timers.run_posted();
  world.engine->wake("people");
  for (int i = 0; i < 40; ++i) world.settle();

  CHECK(world.writes() == before);
  CHECK(job_of(world, id).state == "running");
  REQUIRE(world.engine->jobs().open(id) != nullptr);
  CHECK(world.engine->jobs().open(id)->summary.int_or("undecided", 0) == 1);
}

TEST_CASE("staged: who waits until all is done is not kept waiting for a person", "[sync][staged]") {
  Full it;
  it.start();
  bool settled = false;
  it.world.engine->settled(false, [&] { settled = true; });
  for (int i = 0; i < 20; ++i) it.world.settle();
  CHECK(settled);
}

TEST_CASE("staged: without a conflict it is a load", "[sync][staged]") {
  World world;
  for (int i = 0; i < 30; ++i) world.left.insert(person("p" + std::to_string(i) + "@example.org"));

  CHECK(run_job(world, "initial_load", kStaged).state == "done");

  CHECK(world.right.rows.size() == 30);
  CHECK(world.counts().would_write == 0);
}

TEST_CASE("staged: a restart writes nothing either, and goes on after the decision", "[sync][staged]") {
  Full it;
  const std::string id = it.start();
  const int before = it.world.writes();

  restart(it.world);
  for (int i = 0; i < 20; ++i) it.world.settle();
  CHECK(it.world.writes() == before);
  CHECK(it.phase(id) == "staged");

  it.resolve("left");
  CHECK(job_of(it.world, id).state == "done");
  CHECK(it.world.right.get(it.right, "note") == Value("n"));
  CHECK(it.world.right.rows.size() == 2);
}

TEST_CASE("staged: a live change of the mapping waits with the rest", "[sync][staged]") {
  Full it;
  it.start();
  const std::string live = it.world.left.insert(person("live@example.org"));
  it.world.hook(Side::kLeft, live);
  for (int i = 0; i < 20; ++i) it.world.settle();
  CHECK(it.world.right.rows.size() == 1);

  it.resolve("left");

  CHECK(it.world.right.rows.size() == 3);
}

TEST_CASE("staged: cancelled, what it would have written is dropped and live changes go on", "[sync][staged]") {
  Full it;
  const std::string id = it.start();
  const std::string live = it.world.left.insert(person("live@example.org"));
  it.world.hook(Side::kLeft, live);
  for (int i = 0; i < 20; ++i) it.world.settle();

  it.world.engine->jobs().control(id, "cancel", [](Result<void>) {});
  for (int i = 0; i < 20; ++i) it.world.settle();

  CHECK(job_of(it.world, id).state == "cancelled");
  CHECK(it.world.counts().would_write == 0);
  REQUIRE(it.world.right.rows.size() == 2);  // ada and the live one
  CHECK(it.world.left.get(it.left, "phone") == Value("1"));
  CHECK(it.world.right.get(it.right, "phone") == Value("2"));
}

TEST_CASE("staged: cancelled while the state cannot be written, nothing is let go; it ends once it can", "[sync][staged]") {
  Full it;
  const std::string id = it.start();
  const int before = it.world.writes();
  REQUIRE(it.world.counts().would_write == 2);
  REQUIRE(store::execute(*it.world.database, "CREATE TRIGGER full BEFORE DELETE ON dirty_keys BEGIN SELECT RAISE(FAIL, 'the disk is full'); END").ok());

  bool told = false;
  it.world.engine->jobs().control(id, "cancel", [&](Result<void> held) { told = held.ok(); });
  for (int i = 0; i < 10; ++i) it.world.settle();
  CHECK_FALSE(told);
  CHECK(it.world.writes() == before);
  CHECK(it.world.counts().would_write == 2);

  REQUIRE(store::execute(*it.world.database, "DROP TRIGGER full").ok());
  for (int i = 0; i < 10; ++i) it.world.settle();
  CHECK(told);
  CHECK(job_of(it.world, id).state == "cancelled");
  CHECK(it.world.writes() == before);
  CHECK(it.world.counts().would_write == 0);
}

TEST_CASE("staged: a second one that never began, cancelled, lets nothing of the first go", "[sync][staged]") {
  Full it;
  const std::string first = it.start();
  const int before = it.world.writes();
  REQUIRE(it.world.counts().would_write == 2);

  it.world.engine->jobs().control(start_job(it.world, "resync", kStaged), "cancel", [](Result<void>) {});
  for (int i = 0; i < 20; ++i) it.world.settle();

  CHECK(it.world.writes() == before);
  CHECK(it.world.counts().would_write == 2);
  it.resolve("left");
  CHECK(job_of(it.world, first).state == "done");
  CHECK(it.world.right.rows.size() == 2);
}
