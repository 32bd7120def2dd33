#include "sched/backoff.h"

#include <catch2/catch.hpp>

#include "support/seeded_random.h"

using namespace tidewire;
using namespace tidewire::sched;
using namespace std::chrono_literals;

TEST_CASE("backoff: the longest wait doubles up to the cap", "[sched]") {
  test::FixedRandom most(~std::uint64_t{0});
  const Backoff backoff{.base = 1s, .cap = 60s};
  const auto whole_seconds = [&](int attempt) {
    return std::chrono::round<std::chrono::seconds>(delay(backoff, attempt, std::nullopt, most)).count();
  };

  CHECK(whole_seconds(1) == 1);
  CHECK(whole_seconds(2) == 2);
  CHECK(whole_seconds(6) == 32);
  CHECK(whole_seconds(7) == 60);
  CHECK(whole_seconds(1'000'000'000) == 60);
  CHECK(whole_seconds(0) == 1);
}

TEST_CASE("backoff: jitter is full, from nothing to the ceiling", "[sched]") {
  test::SeededRandom random;
  const Backoff backoff{.base = 8s, .cap = 60s};
  int below_half = 0;
  for (int i = 0; i < 1000; ++i) {
    const Duration wait = delay(backoff, 1, std::nullopt, random);
    CHECK(wait >= 0s);
    CHECK(wait < 8s);
    below_half += wait < 4s;
  }

  CHECK(below_half > 400);
  CHECK(below_half < 600);
}

TEST_CASE("backoff: never earlier than the remote asked, and not much later", "[sched]") {
  test::SeededRandom random;
  for (int i = 0; i < 1000; ++i) {
    const Duration wait = delay(Backoff{}, 8, 30s, random);
    CHECK(wait >= 30s);
    CHECK(wait < 33s);
  }
  test::FixedRandom least(0);
  CHECK(delay(Backoff{}, 1, 2h, least) == 2h);
  CHECK(delay(Backoff{}, 1, -5s, least) == 0s);
  CHECK(delay(Backoff{}, 1, 200'000'000s, least) == 24h);
}

TEST_CASE("backoff: strange settings wait no time rather than for ever", "[sched]") {
  test::FixedRandom most(~std::uint64_t{0});
  CHECK(delay(Backoff{.base = 0s, .cap = 60s}, 50, std::nullopt, most) == 0s);
  CHECK(delay(Backoff{.base = 10s, .cap = 1s}, 5, std::nullopt, most) < 1s);
}
