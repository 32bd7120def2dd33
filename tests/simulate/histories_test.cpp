// The engine under histories drawn from fixed seeds, so that a commit that breaks a law fails here and the same tree always
// gives the same verdict. For new ones: TIDEWIRE_SEED is where the second half begins, TIDEWIRE_HISTORIES how many of each
// profile run; or `tidewire simulate`.
#include <catch2/catch.hpp>
#include <cstdlib>

#include "simulate/regressions.h"
#include "simulate/run.h"

using namespace tidewire::simulate;

namespace {

std::uint64_t setting(const char* name, std::uint64_t otherwise) {
  const char* text = std::getenv(name);
  return text == nullptr ? otherwise : std::strtoull(text, nullptr, 10);
}

void check_history(std::uint64_t seed, const Profile& profile) {
  const Outcome outcome = run(seed, profile);
  INFO("tidewire simulate --profile " << profile.name << " --seed " << seed << " --runs 1: " << outcome.violation.law << ": " << outcome.violation.what);
  CHECK(outcome.ok);
}

}  // namespace

TEST_CASE("simulate: histories of every profile keep the laws", "[simulate]") {
  const std::uint64_t each = setting("TIDEWIRE_HISTORIES", std::getenv("TIDEWIRE_SANITIZED") == nullptr ? 100 : 20);
  const std::uint64_t base = setting("TIDEWIRE_SEED", 500'000);
  for (const Profile& profile : profiles()) {
    for (std::uint64_t i = 0; i < each; ++i) check_history(1 + i, profile);
    for (std::uint64_t i = 0; i < each / 2; ++i) check_history(base + i, profile);
  }
}

TEST_CASE("simulate: histories that once broke a law keep it", "[simulate]") {
  for (const Regression& regression : kRegressions) {
    INFO(regression.bug);
    const Profile* profile = find_profile(regression.profile);
    REQUIRE(profile != nullptr);
    check_history(regression.seed, *profile);
  }
}

TEST_CASE("simulate: the same seed gives the same history", "[simulate]") {
  for (const Profile& profile : profiles()) {
    for (std::uint64_t seed = 1; seed <= 5; ++seed) {
      INFO(profile.name << " " << seed);
      CHECK(run(seed, profile).digest == run(seed, profile).digest);
    }
  }
}

TEST_CASE("simulate: the order in which changes of different keys come does not matter", "[simulate]") {
  for (const char* name : {"plain", "unguarded", "replicas"}) {
    for (std::uint64_t seed = 1; seed <= 30; ++seed) {
      const Outcome outcome = run_twice_ordered(seed, *find_profile(name));
      INFO(name << " " << seed << ": " << outcome.violation.law << ": " << outcome.violation.what);
      CHECK(outcome.ok);
    }
  }
}
