#include <catch2/catch.hpp>

#include "base/json.h"
#include "support/people.h"
#include "sync/jobs/load.h"

using namespace tidewire;
using namespace tidewire::test;
using sync::Side;

namespace {

void insert_many(World& world, int count) {
  for (int i = 0; i < count; ++i) world.left.insert(person("p" + std::to_string(i) + "@example.org"));
}

void control(World& world, const std::string& id, const char* what) {
  std::optional<Result<void>> held;
  world.engine->jobs().control(id, what, [&](Result<void> done) { held = std::move(done); });
  for (int i = 0; i < 20 && !held; ++i) world.settle(std::chrono::milliseconds(10));
  REQUIRE(held);
  CHECK(held->ok());
}

}  // namespace

TEST_CASE("jobs: an initial load creates what is only on one side and ends with its counts", "[sync][jobs]") {
  World world;
  insert_many(world, 3);
  world.right.insert(person("only@right.org"));

  const store::Job job = run_job(world, "initial_load");

  CHECK(job.state == "done");
  CHECK(job.done == 4);
  CHECK(job.summary.at_path("events.created")->as_int() == 4);
  CHECK(world.left.rows.size() == 4);
  CHECK(world.right.rows.size() == 4);
}

TEST_CASE("jobs: what a live change took over from a load is worked off before it ends, and counted", "[sync][jobs]") {
  World world;
  const std::string key = world.left.insert(person("ada@example.org"));
  world.engine->pause("people", true);
  world.hook(Side::kLeft, key);  // told at the same time
  world.settle(std::chrono::milliseconds(10));
  const std::string id = start_job(world, "initial_load");
  for (int i = 0; i < 5; ++i) world.settle(std::chrono::milliseconds(10));
  CHECK(job_of(world, id).open());

  world.engine->pause("people", false);
  for (int i = 0; i < 50 && job_of(world, id).open(); ++i) world.settle();

  const store::Job job = job_of(world, id);
  CHECK(job.state == "done");
  const Value* created = job.summary.at_path("events.created");
  REQUIRE(created != nullptr);
  CHECK(created->as_int() == 1);
}

TEST_CASE("jobs: a load killed in the middle goes on from its cursor", "[sync][jobs]") {
  World world;
  insert_many(world, 2500);
  const std::string id = start_job(world, "initial_load");
  while (job_of(world, id).done < 1000) world.settle(std::chrono::milliseconds(1));
  const store::Job before = job_of(world, id);
  REQUIRE(before.state == "running");
  REQUIRE(before.done < 2500);

  restart(world);
  const int lists = world.left.lists;
  for (int i = 0; i < 400 && job_of(world, id).open(); ++i) world.settle();

  CHECK(job_of(world, id).state == "done");
  CHECK(world.right.rows.size() == 2500);
  CHECK(world.right.creates == 2500);
  CHECK(world.left.lists - lists < 5);  // 2500 records are 6 pages: it did not begin anew
}

TEST_CASE("jobs: the creates of a load leave in full calls", "[sync][jobs]") {
  World world;
  world.right.able.bulk_create = 500;
  restart(world);
  insert_many(world, 1200);

  CHECK(run_job(world, "initial_load").state == "done");
  CHECK(world.right.creates == 1200);
  CHECK(world.right.create_calls == 3);
}

TEST_CASE("jobs: nor do they wait for those that wait for them", "[sync][jobs]") {
  World world;
  world.right.able.bulk_create = 500;
  restart(world);
  for (int i = 0; i < 20; ++i) world.left.insert(person(i % 2 == 0 ? "twin@example.org" : "p" + std::to_string(i) + "@example.org"));

  CHECK(run_job(world, "initial_load").state == "done");
  CHECK(world.right.rows.size() == 11);
}

TEST_CASE("jobs: what only looks begins anew when it is taken up again, and counts nothing twice", "[sync][jobs]") {
  const std::string kind = GENERATE("verify", "adopt", "dry_run");
  const bool killed = GENERATE(false, true);
  CAPTURE(kind, killed);
  World world;
  insert_many(world, 30);
  run_job(world, "initial_load");
  std::vector<std::string> right;
  for (const auto& [key, row] : world.right.rows) right.push_back(key);
  for (std::size_t i = 0; i < 5; ++i) world.right.edit(right[i], "phone", Value("another"));
  for (int i = 0; i < 12; ++i) world.right.insert(person("only" + std::to_string(i) + "@right.org"));
  world.left.short_page = world.right.short_page = 4;
  const store::Job whole = run_job(world, kind);
  const std::size_t findings = findings_of(world, whole.id).size();

  store::Job job;
  job.mapping = "people";
  job.kind = kind;
  std::string id;
  world.engine->jobs().start({job}, [&](Result<std::string> batch) { id = batch.ok() ? *batch : ""; });
  const auto looked_at = [&] {
    const auto open = world.engine->jobs().of("people");
    return open && open->id == id ? open->summary.int_or("looked_at", 0) : 0;
  };
  for (int i = 0; i < 200000 && looked_at() < 60; ++i) world.timers.run_one();
  REQUIRE(looked_at() >= 60);
  if (killed) {
    restart(world);
  } else {
    control(world, id, "pause");
    control(world, id, "resume");
  }
  for (int i = 0; i < 200 && job_of(world, id).open(); ++i) world.settle();

  const store::Job again = job_of(world, id);
  CHECK(again.state == "done");
  CHECK(again.summary.at_path("found")->as_object() == whole.summary.at_path("found")->as_object());
  CHECK(again.summary.int_or("looked_at", 0) == whole.summary.int_or("looked_at", 0));
  CHECK(findings_of(world, id).size() == findings);
}

TEST_CASE("jobs: a load that a connection refused goes on once it was tested, however long the pause", "[sync][jobs]") {
  World world;
  insert_many(world, 3);
  Error paused = make_error(Code::kThrottled, "the connection is paused");
  paused.retry_after = std::chrono::minutes(15);
  world.left.denied = paused;
  const std::string id = start_job(world, "initial_load");
  world.settle();
  REQUIRE(world.left.lists == 1);
  world.left.denied.reset();
  world.settle(std::chrono::minutes(1));
  REQUIRE(world.right.rows.empty());

  world.engine->try_refused();
  for (int i = 0; i < 20 && job_of(world, id).open(); ++i) world.settle();

  CHECK(job_of(world, id).state == "done");
  CHECK(world.right.rows.size() == 3);
}

TEST_CASE("jobs: it never runs far ahead of the worker", "[sync][jobs]") {
  World world;
  insert_many(world, 2500);
  world.engine->pause("people", true);

  const std::string id = start_job(world, "initial_load");
  for (int i = 0; i < 20; ++i) world.settle();

  CHECK(job_of(world, id).done <= 1500);
  CHECK(job_of(world, id).state == "running");
}

TEST_CASE("jobs: paused it holds, live changes go on, and resumed it ends", "[sync][jobs]") {
  World world;
  insert_many(world, 2000);
  const std::string id = start_job(world, "initial_load");
  control(world, id, "pause");
  const std::size_t created = world.right.rows.size();
  REQUIRE(created < 2000);
  for (int i = 0; i < 5; ++i) world.settle();
  const std::size_t held = world.right.rows.size();

  const std::string live = world.left.insert(person("live@example.org"));
  world.hook(Side::kLeft, live);
  world.settle();
  CHECK(world.right.rows.size() == held + 1);
  restart(world);
  for (int i = 0; i < 5; ++i) world.settle();
  CHECK(world.right.rows.size() == held + 1);  // a restart does not forget that it is paused
  control(world, id, "resume");
  for (int i = 0; i < 200 && job_of(world, id).open(); ++i) world.settle();

  CHECK(job_of(world, id).state == "done");
  CHECK(world.right.rows.size() == 2001);
}

TEST_CASE("jobs: cancelled, what it has marked is dropped and what was done stays", "[sync][jobs]") {
  World world;
  insert_many(world, 2000);
  const std::string id = start_job(world, "initial_load");
  control(world, id, "pause");
  control(world, id, "cancel");
  const std::size_t created = world.right.rows.size();
  for (int i = 0; i < 10; ++i) world.settle();

  CHECK(job_of(world, id).state == "cancelled");
  CHECK(world.right.rows.size() < 2000);
  CHECK(world.right.rows.size() <= created + 300);
  CHECK(world.counts().waiting == 0);
}

TEST_CASE("jobs: cancelled where no engine runs, what it has marked is dropped, too", "[sync][jobs]") {
  World world;
  insert_many(world, 2000);
  const std::string id = start_job(world, "initial_load");
  while (job_of(world, id).done < 1000) world.settle(std::chrono::milliseconds(1));
  begin_anew(world);
  control(world, id, "cancel");
  const std::size_t created = world.right.rows.size();

  restart(world);
  for (int i = 0; i < 10; ++i) world.settle();

  CHECK(job_of(world, id).state == "cancelled");
  CHECK(world.counts().waiting == 0);
  CHECK(world.right.rows.size() <= created + 300);  // what was announced comes to its end
}

TEST_CASE("jobs: the same work asked for twice is one job; another mapping's does not wait", "[sync][jobs]") {
  World world;
  insert_many(world, 2000);
  world.engine->pause("people", true);
  const std::string first = start_job(world, "initial_load");

  CHECK(start_job(world, "initial_load") == first);
  CHECK(start_job(world, "sweep") != first);
}

TEST_CASE("jobs: a key that is asked for again is read again, though its job is at work", "[sync][jobs]") {
  World world;
  insert_many(world, 1);
  run_job(world, "initial_load");
  const Value key = Object{{"side", "left"}, {"key", "L1"}};
  world.engine->pause("people", true);
  const std::string first = start_job(world, "resync", key);
  world.settle();

  const std::string second = start_job(world, "resync", key);
  CHECK(second != first);
  CHECK(start_job(world, "resync", key) == second);  // which has not begun
}

TEST_CASE("jobs: a resync of a key range marks those keys alone", "[sync][jobs]") {
  World world;
  insert_many(world, 12);
  run_job(world, "initial_load");

  const store::Job job = run_job(world, "resync", Object{{"right", false}, {"from", "L10"}, {"to", "L12"}});

  CHECK(job.done == 3);
}

TEST_CASE("jobs: keys that are numbers are compared by size", "[sync][jobs]") {
  CHECK(sync::key_less("9", "10"));
  CHECK_FALSE(sync::key_less("10", "9"));
  CHECK_FALSE(sync::key_less("007", "7"));
  CHECK(sync::key_less("a10", "a9"));
}

TEST_CASE("jobs: a sweep killed between its pages still finds what is gone", "[sync][jobs]") {
  World world;
  insert_many(world, 1200);
  run_job(world, "initial_load");
  world.timers.advance(std::chrono::minutes(5));
  world.left.erase("L7");
  const std::string id = start_job(world, "sweep");
  restart(world);

  for (int i = 0; i < 200 && job_of(world, id).open(); ++i) world.settle();
  for (int i = 0; i < 5; ++i) world.settle();

  CHECK(job_of(world, id).state == "done");
  CHECK(world.right.rows.size() == 1199);
}

TEST_CASE("verify: planted drift is found field by field, and repair mends it by the rules", "[sync][verify]") {
  World world;
  insert_many(world, 5);
  run_job(world, "initial_load");
  world.left.edit("L1", "phone", Value("drifted"));
  world.right.insert(person("only@right.org"));
  world.timers.advance(std::chrono::minutes(5));
  world.left.erase("L2");

  const store::Job job = run_job(world, "verify");

  CHECK(job.state == "done");
  CHECK(found_in(job, "differing") == 1);
  CHECK(found_in(job, "right_only") == 1);
  CHECK(found_in(job, "missing_left") == 1);
  CHECK(found_in(job, "left_only") == 0);
  const auto findings = findings_of(world, job.id);
  REQUIRE(findings.size() == 3);
  const auto drift = std::find_if(findings.begin(), findings.end(), [](const auto& one) { return one.kind == "differing"; });
  REQUIRE(drift != findings.end());
  CHECK(drift->record.at_path("fields.phone.left")->as_string() == "drifted");
  const int writes = world.writes();
  CHECK(world.right.get(*drift->key.right, "phone") == Value("1"));

  run_job(world, "verify", Object{{"repair", true}});

  CHECK(world.writes() > writes);
  CHECK(world.right.get(*drift->key.right, "phone") == Value("drifted"));
  const store::Job again = run_job(world, "verify");
  CHECK(again.summary.find("found") == nullptr);
}

TEST_CASE("verify: what the sides were told to keep different is counted as accepted and left alone", "[sync][verify]") {
  Pair it;
  it.world.left.edit(it.left, "note", Value("mine"));
  it.world.right.edit(it.right, "note", Value("yours"));
  it.world.hook(Side::kLeft, it.left);
  it.world.hook(Side::kRight, it.right);
  it.world.settle();
  it.world.store.resolve({it.world.conflicts().front().id, "accept", "ann", {}, {}}, [](Result<void> done) { CHECK(done.ok()); });
  it.world.timers.run_posted();
  it.world.engine->wake("people");
  it.world.settle();

  const store::Job job = run_job(it.world, "verify", Object{{"repair", true}});

  CHECK(found_in(job, "accepted") == 1);
  CHECK(found_in(job, "differing") == 0);
  CHECK(it.world.right.get(it.right, "note") == Value("yours"));
}

TEST_CASE("verify: what stays without an equal is counted by its reason, each once", "[sync][verify]") {
  sync::Plan plan = World::default_plan();
  plan.end.left.scope["tags"] = Value(Object{{"op", "!="}, {"value", "out"}});
  plan.end.right.deletes = sync::DeletePolicy::kIgnore;
  World world(plan);
  insert_many(world, 5);
  run_job(world, "initial_load");
  world.timers.advance(std::chrono::minutes(5));
  world.left.erase("L1");
  world.hook(Side::kLeft, "L1", "delete");
  world.left.edit("L2", "tags", Value("out"));
  world.hook(Side::kLeft, "L2");
  world.settle();
  sync::Mending ignore;
  ignore.act = sync::Mending::Act::kIgnore;
  ignore.mapping = "people";
  ignore.key = {Side::kLeft, "L3"};
  world.engine->mend(std::move(ignore), [](Result<store::Operation> done) { CHECK(done.ok()); });
  world.settle();
  REQUIRE(world.right.rows.size() == 5);

  const store::Job job = run_job(world, "verify", Object{{"repair", true}});

  CHECK(found_in(job, "ignored_delete") == 1);
  CHECK(found_in(job, "out_of_scope") == 1);
  CHECK(found_in(job, "ignored") == 1);
  CHECK(findings_of(world, job.id).empty());
  CHECK(world.left.rows.size() == 4);
}

TEST_CASE("try: every field is told with its rule, and nothing is written", "[sync][try]") {
  Pair it;
  it.world.left.edit(it.left, "phone", Value("2"));
  const int writes = it.world.writes();
  sync::Report report;

  it.world.engine->try_key("people", Side::kRight, it.right, [&](sync::Report found) { report = std::move(found); });
  it.world.settle();

  const Value* fields = report.operation.record.find("fields");
  REQUIRE(fields != nullptr);
  CHECK(fields->as_object().size() == 4);
  CHECK(fields->at_path("phone.rule")->as_string() == "only left changed");
  CHECK(fields->at_path("phone.to_right")->as_string() == "2");
  CHECK(fields->at_path("email.decision")->as_string() == "nothing");
  CHECK(it.world.writes() == writes);
}

TEST_CASE("jobs: one that never began, cancelled, drops nothing of another's", "[sync][jobs]") {
  World world;
  insert_many(world, 300);
  world.engine->pause("people", true);
  const std::string load = start_job(world, "initial_load");
  for (int i = 0; i < 5; ++i) world.settle();
  REQUIRE(world.counts().waiting == 300);

  control(world, start_job(world, "resync", Object{{"all", true}}), "cancel");
  world.engine->pause("people", false);
  for (int i = 0; i < 50 && job_of(world, load).open(); ++i) world.settle();

  CHECK(job_of(world, load).state == "done");
  CHECK(world.right.rows.size() == 300);
}

TEST_CASE("jobs: while one is paused the next that marks keys waits for it, and others do not", "[sync][jobs]") {
  World world;
  insert_many(world, 300);
  world.engine->pause("people", true);
  const std::string load = start_job(world, "initial_load");
  for (int i = 0; i < 5; ++i) world.settle();
  control(world, load, "pause");
  world.engine->pause("people", false);
  REQUIRE(world.counts().waiting == 300);

  const std::string sweep = start_job(world, "sweep");
  CHECK(run_job(world, "verify").state == "done");
  CHECK(job_of(world, sweep).state == "queued");
  control(world, load, "resume");
  for (int i = 0; i < 200 && job_of(world, sweep).open(); ++i) world.settle();

  CHECK(job_of(world, load).state == "done");
  CHECK(job_of(world, sweep).state == "done");
  CHECK(world.right.rows.size() == 300);
}

TEST_CASE("jobs: one that is paused before it began holds nobody up", "[sync][jobs]") {
  World world;
  insert_many(world, 300);
  world.engine->pause("people", true);
  const std::string load = start_job(world, "initial_load");
  control(world, start_job(world, "resync", Object{{"all", true}}), "pause");

  world.engine->pause("people", false);
  for (int i = 0; i < 50 && job_of(world, load).open(); ++i) world.settle();

  CHECK(job_of(world, load).state == "done");
  CHECK(world.right.rows.size() == 300);
}

TEST_CASE("jobs: a dry run of a key that has gone is told nothing more", "[sync][jobs]") {
  World world;
  const std::string key = world.left.insert(person("ada@example.org"));
  const sync::Surroundings around{world.clock, world.timers, world.timers, world.random, world.ears, &world.judge};
  IdMaker ids(world.clock, world.random);
  sync::Batcher left(world.left, world.timers), right(world.right, world.timers);
  sync::Lane lane("people", world.store, around, ids, std::make_shared<sync::Common>(world.timers, world.timers));
  lane.batcher = {&left, &right};
  store::Job job;
  job.kind = "dry_run";
  job.options = Object{{"side", "left"}, {"key", key}};
  auto task = sync::make_task({&lane, std::make_shared<TableMapper>(World::default_plan()), {}}, job);
  bool told = false;
  task->step([&](Result<sync::Task::Page>) { told = true; });
  task.reset();
  world.settle();

  CHECK_FALSE(told);
}

TEST_CASE("jobs: what became a dead letter while it was at work is counted", "[sync][jobs]") {
  World world;
  insert_many(world, 3);
  world.right.denied = make_error(Code::kInvalid, "no");

  CHECK(run_job(world, "initial_load", Object{{"right", false}}).failed == 3);
}
