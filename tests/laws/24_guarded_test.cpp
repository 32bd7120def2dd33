// Law 24: a write carries the version read.
#include <catch2/catch.hpp>

#include "support/people.h"

using namespace tidewire;
using namespace tidewire::test;
using sync::Side;
using std::chrono::minutes;

TEST_CASE("law 24: a write carries the version read", "[laws][24]") {
  Pair it;
  const std::string version = *it.link().version.right;
  it.edit(Side::kLeft, "phone", "2");
  it.tell();

  REQUIRE(it.requests(Side::kRight, "update").size() == 1);
  CHECK(it.requests(Side::kRight, "update").front().guard == version);
}

TEST_CASE("law 24: where the base's version guards the write the target is not read", "[laws][24]") {
  Pair it;
  it.edit(Side::kLeft, "phone", "2");
  it.world.hook(Side::kLeft, it.left);
  it.world.settle();

  CHECK(it.shown(Side::kRight, "phone") == "2");
  CHECK(it.new_writes() == 1);
  CHECK(it.requests(Side::kRight, "read").empty());
}

TEST_CASE("law 24: refused, both are read and merged again", "[laws][24]") {
  Pair it;
  it.edit(Side::kLeft, "phone", "2");
  it.world.right.before_write = [&] { it.edit(Side::kRight, "email", "late@new.org"); };
  it.world.hook(Side::kLeft, it.left);
  it.world.settle();

  CHECK(it.world.right.stale == 1);
  CHECK(it.both_show("phone", "2"));
  CHECK(it.both_show("email", "late@new.org"));
}

TEST_CASE("law 24: five times, then it backs off", "[laws][24]") {
  Pair it;
  it.edit(Side::kLeft, "phone", "2");
  int edits = 0;
  std::function<void()> busy = [&] {
    it.edit(Side::kRight, "email", "e" + std::to_string(++edits));
    if (edits < 8) it.world.right.before_write = busy;
  };
  it.world.right.before_write = busy;
  it.world.hook(Side::kLeft, it.left);
  it.world.settle(std::chrono::milliseconds(1));
  CHECK(it.world.right.stale == 6);  // the first, and five more
  CHECK(it.world.counts().backing_off == 1);

  it.world.settle(minutes(5));
  CHECK(it.both_show("phone", "2"));
  CHECK(it.both_show("email", "e8"));
}

TEST_CASE("law 24: without a guard the target is read immediately before", "[laws][24]") {
  Pair it;
  it.world.right.able.guarded_writes = false;
  it.edit(Side::kLeft, "phone", "2");
  it.edit(Side::kRight, "email", "ada@new.org");  // nobody tells of it
  it.world.hook(Side::kLeft, it.left);
  it.world.settle();

  const auto& asked = it.side(Side::kRight).requests;
  REQUIRE(asked.size() >= 2);
  const auto write = std::find_if(asked.begin(), asked.end(), [](const auto& request) { return request.verb == "update"; });
  REQUIRE(write != asked.end());
  REQUIRE(write != asked.begin());
  CHECK(std::prev(write)->verb == "read");
  CHECK_FALSE(write->guard);
  CHECK(it.both_show("email", "ada@new.org"));
}

TEST_CASE("law 24: a record that has no version is written without a guard, and read before", "[laws][24]") {
  Pair it;
  it.world.right.versions = false;
  restart(it.world);
  it.tell();
  it.forget_what_was();
  it.edit(Side::kLeft, "phone", "2");
  it.tell();

  CHECK(it.both_show("phone", "2"));
}

TEST_CASE("law 24: where versions do not cover every edit, sweeps compare content", "[laws][24]") {
  for (const bool covers : {false, true}) {
    Pair it;
    it.world.left.able.covers_all = it.world.right.able.covers_all = covers;
    it.world.left.rows.at(it.left).fields["phone"] = Value("by SQL");  // no version moved
    run_job(it.world, "sweep");
    it.world.settle();

    CHECK(it.shown(Side::kRight, "phone") == (covers ? "1" : "by SQL"));
  }
}

namespace {

sync::Plan reading() {
  sync::Plan plan = World::default_plan();
  plan.read_target = true;
  return plan;
}

}  // namespace

TEST_CASE("law 24: read_target buys a read before each write, so that no edit is overwritten which moved no version",
          "[laws][24]") {
  for (const bool reads : {true, false}) {
    Pair it(reads ? reading() : World::default_plan());
    it.world.right.rows.at(it.right).fields["note"] = Value("by SQL");
    it.edit(Side::kLeft, "note", "mine");
    it.world.hook(Side::kLeft, it.left);
    it.world.settle();

    CHECK(it.requests(Side::kRight, "read").size() == (reads ? 1 : 0));
    CHECK(it.shown(Side::kRight, "note") == (reads ? "by SQL" : "mine"));
    CHECK(it.world.conflicts().size() == (reads ? 1 : 0));
  }
}

TEST_CASE("law 24: read_target reads again what a page showed, before it is written to", "[laws][24]") {
  Pair it(reading());
  it.world.right.able.page_reads = it.world.left.able.page_reads = true;
  it.edit(Side::kRight, "email", "ada@new.org");
  it.edit(Side::kLeft, "phone", "2");
  it.later();
  it.forget_what_was();
  run_job(it.world, "resync", Object{{"all", true}, {"left", false}, {"right", true}});

  CHECK(it.both_show("phone", "2"));
  CHECK(it.both_show("email", "ada@new.org"));
  const auto asked = it.side(Side::kRight).requests;
  const auto write =
      std::find_if(asked.begin(), asked.end(), [](const auto& request) { return request.verb == "update"; });
  REQUIRE(write != asked.end());
  CHECK(std::any_of(asked.begin(), write, [](const auto& request) { return request.verb == "read"; }));
}

TEST_CASE("law 24: read_target asks nothing where nothing is written", "[laws][24]") {
  Pair it(reading());
  it.world.hook(Side::kLeft, it.left);
  it.world.settle();

  CHECK(it.requests(Side::kRight, "read").empty());
}
