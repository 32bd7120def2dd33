#include "base/clock.h"

#include <catch2/catch.hpp>

using namespace tidewire;
using namespace std::chrono_literals;

namespace {

std::string as_utc(std::string_view text) {
  const auto at = parse_instant(text);
  return at ? format_instant(*at) : "refused";
}

}  // namespace

TEST_CASE("clock: instants are read with every usual offset", "[base]") {
  CHECK(as_utc("2024-05-01T10:11:12Z") == "2024-05-01T10:11:12Z");
  CHECK(as_utc("2024-05-01 10:11:12+02") == "2024-05-01T08:11:12Z");
  CHECK(as_utc("2024-05-01T10:11:12+0530") == "2024-05-01T04:41:12Z");
  CHECK(as_utc("2024-05-01T00:30:00-01:00") == "2024-05-01T01:30:00Z");
  CHECK(as_utc("1883-11-18 12:03:58-04:56:02") == "1883-11-18T17:00:00Z");
  CHECK(as_utc("2024-05-01T10:11z") == "2024-05-01T10:11:00Z");
}

TEST_CASE("clock: fractions keep six digits and round the seventh", "[base]") {
  CHECK(as_utc("2024-05-01T10:11:12.000013Z") == "2024-05-01T10:11:12.000013Z");
  CHECK(as_utc("2024-05-01T10:11:12.500Z") == "2024-05-01T10:11:12.5Z");
  CHECK(as_utc("2024-05-01T10:11:12.1234565Z") == "2024-05-01T10:11:12.123457Z");
  CHECK(as_utc("2024-05-01T10:11:12.12345649Z") == "2024-05-01T10:11:12.123456Z");
  CHECK(as_utc("2024-12-31T23:59:59.9999999Z") == "2025-01-01T00:00:00Z");
}

TEST_CASE("clock: dates before 1970 and leap days are real, others are refused", "[base]") {
  CHECK(as_utc("0001-01-01T00:00:00.5Z") == "0001-01-01T00:00:00.5Z");
  CHECK(as_utc("1969-12-31T23:59:59.999999Z") == "1969-12-31T23:59:59.999999Z");
  CHECK(as_utc("2024-02-29T00:00:00Z") == "2024-02-29T00:00:00Z");
  for (const char* text : {"2023-02-29T00:00:00Z", "2024-13-01T00:00:00Z", "2024-00-01T00:00:00Z", "2024-05-01T24:00:00Z",
                           "2024-05-01T10:60:00Z", "0000-00-00 00:00:00Z", "2024-05-01T10:11:12", "2024-05-01", "2024-05-01T10:11:12.Z",
                           "2024-05-01T10:11:12+2", "2024-05-01T10:11:12+02:", "2024-05-01T10:11:12Zx", "", "24-05-01T10:11:12Z"}) {
    INFO(text);
    CHECK(as_utc(text) == "refused");
  }
}

TEST_CASE("clock: a text without offset says that it lacks one", "[base]") {
  CHECK(parse_instant("2024-05-01T10:11:12").error().message == "'2024-05-01T10:11:12' has no offset from UTC");
}

TEST_CASE("clock: durations are read in falling units", "[base]") {
  CHECK(*parse_duration("250ms") == 250ms);
  CHECK(*parse_duration("30s") == 30s);
  CHECK(*parse_duration("5m") == 5min);
  CHECK(*parse_duration("1h30m") == 90min);
  CHECK(*parse_duration("2d") == 48h);
  CHECK(*parse_duration("0s") == 0s);
}

TEST_CASE("clock: what is no duration is refused, naming the text", "[base]") {
  for (const char* text : {"", "5", "m", "5 m", "5x", "-5m", "30m1h", "5m5m", "1.5s", "99999999999d", "9223372036854775807h", "5m "}) {
    INFO(text);
    CHECK_FALSE(parse_duration(text).ok());
  }
  CHECK(parse_duration("5 minutes").error().message == "'5 minutes' is no duration");
}

TEST_CASE("clock: durations are written for people", "[base]") {
  CHECK(format_duration(90min) == "1h 30m");
  CHECK(format_duration(2h) == "2h");
  CHECK(format_duration(250ms) == "250 ms");
  CHECK(format_duration(12400ms) == "12.4 s");
  CHECK(format_duration(30s) == "30 s");
  CHECK(format_duration(5min + 30s) == "5m 30s");
  CHECK(format_duration(51h) == "2d 3h");
  CHECK(format_duration(5us) == "5 µs");
  CHECK(format_duration(-30s) == "-30 s");
}

TEST_CASE("clock: chance stays below one", "[base]") {
  struct Highest final : Random {
    std::uint64_t next() override { return ~std::uint64_t{0}; }
  } highest;

  CHECK(highest.unit() < 1.0);
}
