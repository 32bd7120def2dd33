#include "base/id.h"

#include <algorithm>
#include <catch2/catch.hpp>
#include <set>
#include <vector>

#include "support/fake_clock.h"
#include "support/seeded_random.h"

using namespace tidewire;
using namespace std::chrono_literals;

TEST_CASE("id: a UUID of version 7 that begins with the time", "[base]") {
  const test::FakeClock clock(parse_instant("2022-02-22T19:22:22Z").value());
  test::SeededRandom random;

  const std::string id = IdMaker(clock, random).next();

  CHECK(id.size() == 36);
  CHECK(id.substr(0, 15) == "017f22e2-79b0-7");
  CHECK(std::string("89ab").find(id[19]) != std::string::npos);
}

TEST_CASE("id: what has not the form of one is none", "[base]") {
  CHECK(is_id("017f22e2-79b0-7cc3-98c4-dc0c0c07398f"));
  for (const char* text : {"", "garbage", "017f22e2-79b0-7cc3-98c4-dc0c0c07398", "017f22e2-79b0-7cc3-98c4-dc0c0c07398f0", "017f22e279b0-7cc3-98c4-dc0c0c07398f0", "017F22E2-79b0-7cc3-98c4-dc0c0c07398f", "g17f22e2-79b0-7cc3-98c4-dc0c0c07398f"}) CHECK_FALSE(is_id(text));
}

TEST_CASE("id: ids sort in the order made, within a millisecond and when the clock goes back", "[base]") {
  test::FakeClock clock;
  test::SeededRandom random;
  IdMaker maker(clock, random);
  std::vector<std::string> ids;

  for (int i = 0; i < 10'000; ++i) ids.push_back(maker.next());
  clock.set(clock.now() - 1h);
  for (int i = 0; i < 10; ++i) ids.push_back(maker.next());
  clock.set(clock.now() + 2h);
  ids.push_back(maker.next());

  CHECK(std::is_sorted(ids.begin(), ids.end()));
  CHECK(std::set(ids.begin(), ids.end()).size() == ids.size());
}
