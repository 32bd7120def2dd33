#include <catch2/catch.hpp>

#include "support/people.h"

using namespace tidewire;
using namespace tidewire::test;
using sync::Side;

TEST_CASE("forget: a job that waits for the record ends, and says no more which it was", "[sync][forget][jobs]") {
  Pair it;
  it.world.left.insert(person("bob@example.org"));
  it.world.engine->pause("people", true);
  const std::string load = start_job(it.world, "initial_load");
  const std::string id = start_job(it.world, "resync", Object{{"key", it.left}, {"side", "left"}});
  it.world.settle(std::chrono::milliseconds(50));
  REQUIRE(job_of(it.world, id).state == "queued");

  it.world.engine->forget("people", {Side::kRight, it.right}, "ann", [](Result<std::map<std::string, std::int64_t>> done) { CHECK(done.ok()); });
  it.world.settle();
  it.world.engine->pause("people", false);
  for (int i = 0; i < 50 && job_of(it.world, load).open(); ++i) it.world.settle();

  CHECK(job_of(it.world, load).state == "done");
  CHECK(job_of(it.world, id).state == "cancelled");
  CHECK(job_of(it.world, id).options.string_or("key").empty());
  CHECK_FALSE(it.known(Side::kLeft, it.left).link);
}

TEST_CASE("forget: what waited for the record is in the balance", "[sync][forget]") {
  Pair it;
  it.world.engine->pause("people", true);
  it.edit(Side::kLeft, "phone", "2");
  it.world.hook(Side::kLeft, it.left);
  it.world.settle();
  REQUIRE(it.world.counts().waiting == 1);

  it.world.engine->forget("people", {Side::kLeft, it.left}, "ann", [](Result<std::map<std::string, std::int64_t>> done) { CHECK(done.ok()); });
  it.world.settle();

  CHECK(it.world.counts().waiting == 0);
  CHECK(it.world.counts().counters["discarded"] == 1);
}
