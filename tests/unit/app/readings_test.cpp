#include "app/readings.h"

#include <catch2/catch.hpp>

#include <string>

using tidewire::app::Readings;

TEST_CASE("readings: who waits for one that was overtaken is told when the newest has ended, in whatever order they end", "[app]") {
  Readings it;
  std::string told;
  const auto first = it.begin(), second = it.begin();
  const bool in_order = GENERATE(true, false);
  CAPTURE(in_order);
  CHECK_FALSE(it.is_newest(first));
  CHECK(it.is_newest(second));

  if (in_order) {
    it.end(first, [&] { told += "1"; });
    CHECK(told.empty());
    it.end(second, [&] { told += "2"; });
    CHECK(told == "12");
  } else {
    it.end(second, [&] { told += "2"; });
    CHECK(told == "2");
    it.end(first, [&] { told += "1"; });
    CHECK(told == "21");
  }
}

TEST_CASE("readings: one that begins while another's end is told is waited for anew", "[app]") {
  Readings it;
  std::string told;
  const auto first = it.begin();
  std::uint64_t second = 0;
  it.end(first, [&] {
    told += "1";
    second = it.begin();
  });
  CHECK(told == "1");
  it.end(second, [&] { told += "2"; });
  CHECK(told == "12");
}
