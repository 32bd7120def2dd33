#include "base/zone.h"

#include <catch2/catch.hpp>
#include <cstdlib>

#include "base/tzif.h"
#include "support/temp_dir.h"

using namespace tidewire;

namespace {

std::string to_utc(std::string_view zone, std::string_view local, bool second = false) {
  return format_instant(Zone::load(zone).value()->to_instant(parse_local(local).value(), second));
}

std::string to_wall(std::string_view zone, std::string_view utc) {
  return format_local(Zone::load(zone).value()->to_local(parse_instant(utc).value()));
}

}  // namespace

TEST_CASE("zone: summer and winter in Berlin", "[base][zone]") {
  CHECK(to_utc("Europe/Berlin", "2024-07-01 12:00:00.000013") == "2024-07-01T10:00:00.000013Z");
  CHECK(to_utc("Europe/Berlin", "2024-01-01 12:00") == "2024-01-01T11:00:00Z");
  CHECK(to_wall("Europe/Berlin", "2024-03-31T00:59:59.999999Z") == "2024-03-31 01:59:59.999999");
  CHECK(to_wall("Europe/Berlin", "2024-03-31T01:00:00Z") == "2024-03-31 03:00:00");
}

TEST_CASE("zone: a time in the gap is the instant at its end", "[base][zone]") {
  CHECK(to_utc("Europe/Berlin", "2024-03-31 02:00") == "2024-03-31T01:00:00Z");
  CHECK(to_utc("Europe/Berlin", "2024-03-31 02:30") == "2024-03-31T01:00:00Z");
  CHECK(to_utc("Europe/Berlin", "2024-03-31 03:00") == "2024-03-31T01:00:00Z");
}

TEST_CASE("zone: a time in the fold is the first of both unless the second is asked for", "[base][zone]") {
  CHECK(to_utc("Europe/Berlin", "2024-10-27 02:30") == "2024-10-27T00:30:00Z");
  CHECK(to_utc("Europe/Berlin", "2024-10-27 02:30", true) == "2024-10-27T01:30:00Z");
  CHECK(to_utc("Europe/Berlin", "2024-10-27 03:00") == "2024-10-27T02:00:00Z");
}

TEST_CASE("zone: dates after the table's end follow the rule", "[base][zone]") {
  CHECK(to_utc("Europe/Berlin", "2040-07-01 12:00") == "2040-07-01T10:00:00Z");
  CHECK(to_utc("Europe/Berlin", "2040-01-01 12:00") == "2040-01-01T11:00:00Z");
  CHECK(to_utc("Europe/Berlin", "2040-03-25 02:30") == "2040-03-25T01:00:00Z");
  CHECK(to_wall("Australia/Sydney", "2041-01-15T00:00:00Z") == "2041-01-15 11:00:00");
  CHECK(to_wall("Australia/Sydney", "2041-07-15T00:00:00Z") == "2041-07-15 10:00:00");
  CHECK(to_wall("Asia/Kolkata", "2050-01-01T00:00:00Z") == "2050-01-01 05:30:00");
}

TEST_CASE("zone: odd places", "[base][zone]") {
  CHECK(to_wall("Europe/Berlin", "1880-01-01T00:00:00Z") == "1880-01-01 00:53:28");
  CHECK(to_wall("Europe/Dublin", "2040-07-01T00:00:00Z") == "2040-07-01 01:00:00");
  CHECK(to_wall("Australia/Lord_Howe", "2040-07-01T00:00:00Z") == "2040-07-01 10:30:00");
  CHECK(to_utc("Pacific/Apia", "2011-12-30 12:00") == "2011-12-30T10:00:00Z");  // a day that never was
  CHECK(to_wall("UTC", "2024-05-01T10:00:00Z") == "2024-05-01 10:00:00");
}

TEST_CASE("zone: every hour of thirty years goes to the wall and back", "[base][zone]") {
  for (const char* name : {"Europe/Berlin", "America/New_York", "America/Nuuk", "Africa/Casablanca"}) {
    const auto zone = Zone::load(name).value();
    const Instant start = parse_instant("2015-01-01T00:30:00Z").value();
    int wrong = 0;
    for (int hour = 0; hour < 30 * 365 * 24; hour += 7) {
      const Instant at = start + std::chrono::hours(hour);
      const LocalTime wall = zone->to_local(at);
      if (zone->to_instant(wall) != at && zone->to_instant(wall, true) != at) ++wrong;
    }
    INFO(name);
    CHECK(wrong == 0);
  }
}

TEST_CASE("zone: an unknown name suggests a near one", "[base][zone]") {
  const auto zone = Zone::load("Europe/Belin");

  CHECK(zone.error().code == Code::kNotFound);
  CHECK(zone.error().message == "no time zone 'Europe/Belin' (did you mean 'Europe/Berlin'?)");
  CHECK_FALSE(Zone::load("../../etc/passwd").ok());
  CHECK_FALSE(Zone::load("Europe").ok());
  CHECK_FALSE(Zone::load("").ok());
}

TEST_CASE("zone: files come from TZDIR, and a broken one is called so", "[base][zone]") {
  const test::TempDir folder;
  folder.write("Odd/Broken", "TZif2 and nothing more");
  ::setenv("TZDIR", folder.path().c_str(), 1);

  const auto broken = Zone::load("Odd/Broken");
  const auto missing = Zone::load("Odd/Missing");
  ::unsetenv("TZDIR");

  CHECK(broken.error().code == Code::kCorrupt);
  CHECK(missing.error().code == Code::kNotFound);
}

TEST_CASE("zone: rules in every POSIX form", "[base][zone]") {
  const auto july = parse_instant("2040-07-01T00:00:00Z").value().time_since_epoch().count() / 1'000'000;
  const auto offset = [&](std::string_view text) { return tzif::read_rule(text).value().offset_at(july); };

  CHECK(offset("CET-1CEST,M3.5.0,M10.5.0/3") == 7200);
  CHECK(offset("<+0330>-3:30") == 12600);
  CHECK(offset("EST5EDT4,J60/-1,J300") == -14400);
  CHECK(offset("AAA0BBB,0,100") == 0);
  CHECK(offset("IST-1GMT0,M10.5.0,M3.5.0/1") == 3600);
  for (const char* text : {"", "CET", "CET-1CEST", "CET-1CEST,M3.5.0", "CET-1CEST,M13.5.0,M10.5.0", "CET-1CEST,M3.5.0,M10.5.0x"}) {
    INFO(text);
    CHECK_FALSE(tzif::read_rule(text).ok());
  }
}

TEST_CASE("zone: local times are read and written as databases spell them", "[base][zone]") {
  CHECK(format_local(parse_local("2024-05-01").value()) == "2024-05-01 00:00:00");
  CHECK(format_local(parse_local("2024-05-01T10:11:12.5").value()) == "2024-05-01 10:11:12.500000");
  for (const char* text : {"", "2024-05-01 10", "2024-05-01 10:11:12Z", "2024-05-01 10:11:12+02", "2023-02-29", "2024-05-01x"}) {
    INFO(text);
    CHECK_FALSE(parse_local(text).ok());
  }
}
