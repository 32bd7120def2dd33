// How far a server's clock is ahead of ours, as its answer tells it.
#include <catch2/catch.hpp>

#include "app/connection.h"

using namespace tidewire;
using namespace std::chrono_literals;

TEST_CASE("clock offset: an answer that is long on its way is not taken for a clock that is behind", "[app]") {
  const Instant asked = parse_instant("2024-05-01T10:00:00Z").value(), now = asked + 20s;

  CHECK(app::offset_of_clock(asked + 1s, asked, now) == Duration{});
  CHECK(app::offset_of_clock(asked - 1s, asked, now) == Duration{});  // whole seconds
  CHECK(app::offset_of_clock(now, asked, now) == Duration{});
  CHECK(app::offset_of_clock(asked + 5min, asked, asked + 50ms) == Duration(5min - 50ms));
  CHECK(app::offset_of_clock(asked - 5min, asked, now) == Duration(-5min));
}
