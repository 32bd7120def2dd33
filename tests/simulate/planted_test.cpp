// A check that cannot fail proves nothing: each known bug must be noticed within its number of histories, by a check of what it
// breaks, and the same histories must pass without it.
#include <algorithm>

#include <catch2/catch.hpp>

#include "simulate/planted.h"

using namespace tidewire::simulate;

TEST_CASE("simulate: every planted bug is noticed", "[simulate]") {
  for (const Planted& planted : planted_bugs()) {
    INFO(planted.name << " (law " << planted.law << "), profile " << planted.profile.name);

    Violation violation;
    const int noticed = noticed_after(planted, 7'000'000, planted.within, &violation);

    CHECK(noticed > 0);
    INFO("noticed after " << noticed << " as " << violation.law << ": " << violation.what);
    CHECK(std::find(planted.breaks.begin(), planted.breaks.end(), violation.law) != planted.breaks.end());
    for (int i = 1; i <= noticed; ++i) {
      const Outcome sound = run(7'000'000u + static_cast<unsigned>(i), planted.profile);
      INFO("without it, seed " << 7'000'000 + i << ": " << sound.violation.law << ": " << sound.violation.what);
      CHECK(sound.ok);
    }
  }
}

TEST_CASE("simulate: a failing history is shrunk to a short one that fails alike", "[simulate]") {
  const Planted planted = planted_bugs().front();
  std::uint64_t seed = 7'000'000;
  Outcome found;
  do {
    REQUIRE(++seed < 7'000'200);
    found = run(seed, planted.profile, planted.wraps());
  } while (found.ok || found.acts < 6);

  const Outcome shortest = shrink(seed, planted.profile, planted.wraps());

  CHECK_FALSE(shortest.ok);
  CHECK(shortest.violation.law == found.violation.law);
  CHECK(shortest.acts <= 3);
  CHECK_FALSE(shortest.history.empty());
}
