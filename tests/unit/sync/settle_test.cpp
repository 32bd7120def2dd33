// Who waits until all is settled: `run --once` ends by it, so nothing may keep it waiting for what nobody is going to do.
#include <catch2/catch.hpp>

#include "support/people.h"

using namespace tidewire;
using namespace tidewire::test;
using sync::Side;

namespace {

/// An edit that waits for the mapping, which is switched off.
struct SwitchedOff : Pair {
  SwitchedOff() {
    world.engine->pause("people", true);
    edit(Side::kLeft, "phone", "2");
    world.hook(Side::kLeft, left);
    world.settle();
  }
  bool settles(Duration within = std::chrono::seconds(1)) {
    const auto settled = std::make_shared<bool>(false);  // owners: this and the engine, which may never call
    world.engine->settled(false, [settled] { *settled = true; });
    world.settle(within);
    return *settled;
  }
};

}  // namespace

TEST_CASE("settled: what waits for a mapping that is switched off is not waited for", "[sync][settle]") {
  SwitchedOff it;
  REQUIRE(it.world.counts().waiting == 1);

  CHECK(it.settles());

  CHECK(it.world.counts().waiting == 1);
  it.world.engine->pause("people", false);
  CHECK(it.settles(std::chrono::minutes(1)));
  CHECK(it.both_show("phone", "2"));
}

TEST_CASE("settled: a mapping that is switched off while its keys are being taken is no work under way", "[sync][settle]") {
  for (int steps = 0; steps < 12; ++steps) {
    INFO("switched off after " << steps << " steps");
    Pair it;
    it.edit(Side::kLeft, "phone", "2");
    it.world.hook(Side::kLeft, it.left);
    it.world.engine->wake("people");
    for (int i = 0; i < steps; ++i) it.world.timers.run_one();
    it.world.engine->wake("people");  // looks again when what is taken is there
    it.world.engine->pause("people", true);
    bool settled = false;
    it.world.engine->settled(false, [&] { settled = true; });
    it.world.settle(std::chrono::seconds(5));

    CHECK(settled);
  }
}

TEST_CASE("settled: a job whose keys nobody takes is not waited for, and goes on with the mapping", "[sync][settle][jobs]") {
  SwitchedOff it;
  const std::string id = start_job(it.world, "resync");
  it.world.settle();

  CHECK(it.settles());

  CHECK(job_of(it.world, id).state == "running");
  it.world.engine->pause("people", false);
  CHECK(it.settles(std::chrono::minutes(1)));
  CHECK(job_of(it.world, id).state == "done");
}

TEST_CASE("settled: a system that is left alone for long is not waited for, one that comes back soon is", "[sync][settle]") {
  Pair it;
  it.world.right.broken = std::chrono::seconds(30);
  it.edit(Side::kLeft, "phone", "2");
  it.world.hook(Side::kLeft, it.left);
  it.world.settle();
  bool settled = false;
  it.world.engine->settled(false, [&] { settled = true; });
  it.world.settle(std::chrono::seconds(5));
  CHECK_FALSE(settled);

  it.world.right.broken = std::chrono::minutes(15);
  it.world.settle(std::chrono::seconds(1));
  CHECK(settled);
}
