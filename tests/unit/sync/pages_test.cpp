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

TEST_CASE("pages: what a poll shows travels without another read", "[sync][pages]") {
  Polled it;
  it.world.left.edit(it.left, "phone", Value("2"));

  it.poll();

  CHECK(it.world.right.get(it.right, "phone") == Value("2"));
  CHECK(it.world.left.reads == 0);
}

TEST_CASE("pages: where the connector does not say so, the record is read", "[sync][pages]") {
  Polled it;
  it.world.left.able.page_reads = false;
  it.world.left.edit(it.left, "phone", Value("2"));

  it.poll();

  CHECK(it.world.right.get(it.right, "phone") == Value("2"));
  CHECK(it.world.left.reads == 1);
}

TEST_CASE("pages: a change that came in since the page was asked for is read", "[sync][pages]") {
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

TEST_CASE("pages: a record that was seen after the page was asked for is read", "[sync][pages]") {
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

TEST_CASE("pages: an unguarded record is read again before it is written to", "[sync][pages]") {
  Polled it;
  it.world.left.able.guarded_writes = false;
  it.world.left.edit(it.left, "phone", Value("2"));
  it.world.right.edit(it.right, "email", Value("ada@new.example.org"));

  it.poll();

  CHECK(it.world.right.get(it.right, "phone") == Value("2"));
  CHECK(it.world.left.get(it.left, "email") == Value("ada@new.example.org"));
  CHECK(it.world.left.reads >= 1);
}

TEST_CASE("pages: a guarded write on what a page showed is refused where it moved on, and merged", "[sync][pages]") {
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

TEST_CASE("pages: a load creates what it listed without reading it again", "[sync][pages]") {
  World world;
  world.left.able.page_reads = true;
  for (int i = 0; i < 20; ++i) world.left.insert(test::person("p" + std::to_string(i) + "@example.org"));

  test::run_job(world, "initial_load");

  CHECK(world.right.rows.size() == 20);
  CHECK(world.left.reads == 0);
}
