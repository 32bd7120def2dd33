// Jobs whose system is away, or whose mapping is put on another one, while they are at work.
#include <catch2/catch.hpp>

#include "support/people.h"

using namespace tidewire;
using namespace tidewire::test;
using std::chrono::hours;
using std::chrono::minutes;

namespace {

/// A load that has begun; the left is away.
struct Away {
  World world;
  std::string id;
  explicit Away(Error error = make_error(Code::kUnavailable, "503 of the left")) {
    for (int i = 0; i < 3; ++i) world.left.insert(person("p" + std::to_string(i) + "@example.org"));
    world.left.denied = std::move(error);
    id = start_job(world, "initial_load");
    world.settle();
  }
  const store::Job& job() { return *world.engine->jobs().open(id); }
  bool done() {
    for (int i = 0; i < 20 && job_of(world, id).open(); ++i) world.settle();
    return job_of(world, id).state == "done" && world.right.rows.size() == 3;
  }
  void ask(const char* what) {
    bool held = false;
    world.engine->jobs().control(id, what, [&](Result<void> answer) { held = answer.ok(); });
    world.settle();
    REQUIRE(held);
  }
};

}  // namespace

TEST_CASE("jobs: a system that is away for hours ends no job, which says so meanwhile", "[sync][jobs]") {
  Away it;
  const Instant since = it.world.clock.now();
  it.world.settle(hours(3));

  REQUIRE(it.job().state == "running");
  CHECK_FALSE(it.world.engine->jobs().busy());  // who waits until all is done does not wait for this
  CHECK(it.world.left.lists < 60);  // not every second
  CHECK(it.world.left.lists > 30);  // nor ever less often
  REQUIRE(it.job().summary.at_path("trouble.message"));
  CHECK(it.job().summary.at_path("trouble.message")->as_string().find("503 of the left") != std::string::npos);
  CHECK(*parse_instant(it.job().summary.at_path("trouble.since")->as_string()) <= since);
  const Instant again = *parse_instant(it.job().summary.at_path("trouble.again_at")->as_string());
  CHECK(again > it.world.clock.now());
  it.world.left.denied.reset();
  it.world.settle(minutes(5));

  CHECK(it.done());
  CHECK(job_of(it.world, it.id).summary.find("trouble") == nullptr);
}

TEST_CASE("jobs: one that waits for a system is paused, resumed and cancelled at once", "[sync][jobs]") {
  Away it;
  it.world.settle(hours(1));
  it.ask("pause");
  CHECK(it.job().state == "paused");
  const int lists = it.world.left.lists;
  it.world.settle(hours(1));
  CHECK(it.world.left.lists == lists);

  it.ask("resume");
  CHECK(it.world.left.lists == lists + 1);
  CHECK(it.job().state == "running");
  it.ask("cancel");
  CHECK(job_of(it.world, it.id).state == "cancelled");
}

TEST_CASE("jobs: a system that names its time is asked then", "[sync][jobs]") {
  Error later = make_error(Code::kThrottled, "429");
  later.retry_after = hours(1);
  Away it(later);
  REQUIRE(it.world.left.lists == 1);

  it.world.settle(minutes(59));
  CHECK(it.world.left.lists == 1);
  it.world.settle(minutes(2));
  CHECK(it.world.left.lists == 2);
}

TEST_CASE("jobs: no system is left alone for longer than a day, whatever it names", "[sync][jobs]") {
  Error later = make_error(Code::kThrottled, "429");
  later.retry_after = hours(24 * 365);
  Away it(std::move(later));
  it.world.left.denied.reset();
  it.world.settle(hours(25));

  CHECK(it.done());
}

TEST_CASE("jobs: credentials that a whole connection refuses are waited for, a right that is missing is not", "[sync][jobs]") {
  const Error denied = make_error(Code::kDenied, "401 of the left");
  World paused;
  paused.left.insert(person("ada@example.org"));
  paused.left.denied = denied;
  paused.left.broken = minutes(15);
  const std::string waits = start_job(paused, "initial_load");
  paused.settle();
  REQUIRE(job_of(paused, waits).open());
  paused.left.denied.reset();
  paused.left.broken.reset();
  paused.engine->try_refused();
  for (int i = 0; i < 20 && job_of(paused, waits).open(); ++i) paused.settle();
  CHECK(job_of(paused, waits).state == "done");

  World one;
  one.left.denied = denied;
  CHECK(run_job(one, "initial_load").state == "failed");
}

TEST_CASE("jobs: a mapping put on another system in the middle of a load has both its sides looked at once", "[sync][jobs]") {
  for (int steps = 0; steps < 60; ++steps) {
    INFO("after " << steps << " steps");
    World world;
    for (int i = 0; i < 3; ++i) world.left.insert(person("p" + std::to_string(i) + "@example.org"));
    world.right.insert(person("only@right.org"));
    MemorySide moved(world.timers, world.clock, "M");
    moved.rows = world.left.rows;
    store::Job job;
    job.mapping = "people";
    job.kind = "initial_load";
    job.options = Object{};
    std::string id;
    world.engine->jobs().start({job}, [&](Result<std::string> batch) { id = batch.ok() ? *batch : ""; });
    for (int i = 0; i < steps; ++i) world.timers.run_one();

    const int lists = world.right.lists;
    world.engine->put(std::make_shared<TableMapper>(World::default_plan()), {&moved, &world.right});
    for (int i = 0; i < 50 && (id.empty() || job_of(world, id).open()); ++i) world.settle();

    REQUIRE(job_of(world, id).state == "done");
    CHECK(moved.rows.size() == 4);
    CHECK(world.right.rows.size() == 4);
    CHECK(moved.lists <= 2);
    CHECK(world.right.lists - lists <= 3);  // and one that was under way
  }
}

TEST_CASE("jobs: a person who pauses while the mapping is put elsewhere is not left waiting", "[sync][jobs]") {
  Away it;
  it.world.left.denied.reset();
  it.world.engine->try_refused();  // it asks
  bool held = false;
  it.world.engine->jobs().control(it.id, "pause", [&](Result<void> answer) { held = answer.ok(); });
  REQUIRE(it.job().state == "running");
  it.world.engine->remove("people");
  it.world.settle();

  CHECK(held);
  CHECK(it.job().state == "paused");
}
