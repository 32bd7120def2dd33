// Law 2: a change is a hint; read before deciding.
#include <catch2/catch.hpp>

#include "support/people.h"

using namespace tidewire;
using sync::Side;
using test::Pair;
using test::World;

namespace {

sync::Plan polled() {
  sync::Plan plan = World::default_plan();
  plan.end.left.poll = plan.end.right.poll = "every 1h";
  return plan;
}

/// A pair at rest; the left system's pages count as reads.
struct Polled : Pair {
  Polled() : Pair(polled()) {
    world.left.able.page_reads = true;
    poll();
    world.timers.advance(std::chrono::minutes(5));
    world.left.reads = world.right.reads = 0;
  }
  void poll(Duration span = std::chrono::seconds(30)) {
    world.engine->poll_all([](std::vector<Error>) {});
    world.settle(span);
  }
};

}  // namespace

TEST_CASE("law 2: what a poll shows travels without another read", "[laws][2]") {
  Polled it;
  it.world.left.edit(it.left, "phone", Value("2"));

  it.poll();

  CHECK(it.world.right.get(it.right, "phone") == Value("2"));
  CHECK(it.world.left.reads == 0);
}

TEST_CASE("law 2: where the connector does not say so, the record is read", "[laws][2]") {
  Polled it;
  it.world.left.able.page_reads = false;
  it.world.left.edit(it.left, "phone", Value("2"));

  it.poll();

  CHECK(it.world.right.get(it.right, "phone") == Value("2"));
  CHECK(it.world.left.reads == 1);
}

TEST_CASE("law 2: a change that came in since the page was asked for is read", "[laws][2]") {
  Polled it;
  it.world.left.edit(it.left, "phone", Value("2"));
  it.world.left.after_changes = [&] {
    it.world.left.edit(it.left, "phone", Value("3"));
    it.world.hook(Side::kLeft, it.left);
  };

  it.poll();

  CHECK(it.world.right.get(it.right, "phone") == Value("3"));
  CHECK(it.world.left.reads >= 1);
}

TEST_CASE("law 2: a record that was seen after the page was asked for is read", "[laws][2]") {
  Polled it;
  it.world.left.edit(it.left, "phone", Value("2"));
  it.world.left.after_changes = [&] {
    it.world.left.edit(it.left, "phone", Value("3"));
    it.world.hook(Side::kLeft, it.left);
    it.world.timers.advance(std::chrono::milliseconds(100));
  };

  it.poll();

  CHECK(it.world.right.get(it.right, "phone") == Value("3"));
  CHECK(it.world.left.get(it.left, "phone") == Value("3"));
  CHECK(it.world.right.writes <= 2);
}

TEST_CASE("law 2: an unguarded record is read again before it is written to", "[laws][2]") {
  Polled it;
  it.world.left.able.guarded_writes = false;
  it.world.left.edit(it.left, "phone", Value("2"));
  it.world.right.edit(it.right, "email", Value("ada@new.example.org"));

  it.poll();

  CHECK(it.world.right.get(it.right, "phone") == Value("2"));
  CHECK(it.world.left.get(it.left, "email") == Value("ada@new.example.org"));
  CHECK(it.world.left.reads >= 1);
}

TEST_CASE("law 2: a guarded write on what a page showed is refused where it moved on, and merged", "[laws][2]") {
  Polled it;
  it.world.left.edit(it.left, "phone", Value("2"));
  it.world.right.edit(it.right, "email", Value("ada@new.example.org"));
  it.world.left.before_write = [&] { it.world.left.edit(it.left, "note", Value("late")); };

  it.poll();
  it.world.settle(std::chrono::minutes(1));

  CHECK(it.world.left.stale == 1);
  CHECK(it.world.left.get(it.left, "note") == Value("late"));
  CHECK(it.world.left.get(it.left, "email") == Value("ada@new.example.org"));
}

TEST_CASE("law 2: a load creates what it listed without reading it again", "[laws][2]") {
  World world;
  world.left.able.page_reads = true;
  for (int i = 0; i < 20; ++i) world.left.insert(test::person("p" + std::to_string(i) + "@example.org"));

  test::run_job(world, "initial_load");

  CHECK(world.right.rows.size() == 20);
  CHECK(world.left.reads == 0);
}

TEST_CASE("law 2: what a webhook carries decides nothing: the record is read", "[laws][2]") {
  Pair it;
  store::Change change;
  change.connection = "erp";
  change.collection = "Person";
  change.key = it.left;
  change.payload = R"({"name":"L1","phone":"of a save that was rolled back"})";
  it.world.store.put({change}, [](Result<std::int64_t>) {});
  it.world.timers.run_posted();
  it.world.engine->received();
  it.world.settle();

  CHECK(it.both_show("phone", "1"));
  CHECK(it.new_writes() == 0);
  CHECK(it.requests(Side::kLeft, "read").size() == 1);
}

TEST_CASE("law 2: reads of many keys are one request", "[laws][2]") {
  World world;
  for (int i = 0; i < 40; ++i) world.hook(Side::kLeft, world.left.insert(test::person("p" + std::to_string(i) + "@example.org")));
  world.settle();
  world.timers.advance(std::chrono::minutes(5));
  world.left.reads = 0;
  std::vector<store::DirtyMark> marks;
  for (const auto& [key, row] : std::map(world.left.rows)) {
    world.left.edit(key, "phone", Value("2"));
    marks.push_back({Side::kLeft, key, "upsert", "webhook", 0, {}});
  }
  world.store.mark("people", std::move(marks), [](Result<void>) {});
  world.timers.run_posted();
  world.engine->wake("people");

  world.settle(std::chrono::seconds(5));

  for (const auto& [key, row] : world.right.rows) CHECK(row.fields.string_or("phone") == "2");
  CHECK(world.left.reads == 1);
}

TEST_CASE("law 2: of a record that its page could not show the page is no read", "[laws][2]") {
  sync::FreshRecords fresh;
  const Instant asked_at = Instant{} + std::chrono::hours(1);

  fresh.put(Side::kLeft, {"L1", "2", "", {}, Value(Object{{"$unread", true}})}, asked_at);

  CHECK(fresh.shown_since(Side::kLeft, "L1", asked_at - std::chrono::seconds(1)));
  CHECK_FALSE(fresh.take(Side::kLeft, "L1"));
}
