#include "sched/cron.h"

#include <catch2/catch.hpp>

using namespace tidewire;
using namespace tidewire::sched;

namespace {

/// The next `count` times after `start`, minutes only.
std::vector<std::string> times(std::string_view schedule, std::string_view start, int count) {
  const auto parsed = parse_schedule(schedule);
  if (!parsed) return {to_string(parsed.error())};
  std::vector<std::string> found;
  Instant at = parse_instant(start).value();
  for (int i = 0; i < count; ++i) {
    at = parsed->next(at);
    found.push_back(format_instant(at).substr(0, 16));
  }
  return found;
}

std::string refusal(std::string_view schedule) {
  const auto parsed = parse_schedule(schedule);
  return parsed ? "accepted" : to_string(parsed.error());
}

using Times = std::vector<std::string>;

}  // namespace

TEST_CASE("cron: every is a grid that a restart does not shift", "[sched][cron]") {
  CHECK(times("every 5m", "2024-05-01T10:02:30Z", 2) == Times{"2024-05-01T10:05", "2024-05-01T10:10"});
  CHECK(times("every 5m", "2024-05-01T10:05:00Z", 1) == Times{"2024-05-01T10:10"});
  CHECK(format_instant(parse_schedule("every 90s")->next(parse_instant("2024-05-01T00:00:01Z").value())) == "2024-05-01T00:01:30Z");
  CHECK(times("every 2h", "1969-12-31T21:30:00Z", 2) == Times{"1969-12-31T22:00", "1970-01-01T00:00"});
  CHECK(times("every 2h", "1969-12-31T22:00:00Z", 1) == Times{"1970-01-01T00:00"});
  CHECK(Schedule::every(std::chrono::minutes(5)).text() == "every 5m");
}

TEST_CASE("cron: hourly, daily and weekly", "[sched][cron]") {
  CHECK(times("hourly", "2024-05-01T10:00:00Z", 2) == Times{"2024-05-01T11:00", "2024-05-01T12:00"});
  CHECK(times("daily 03:00", "2024-05-01T03:00:00Z", 1) == Times{"2024-05-02T03:00"});
  CHECK(times("daily 03:00", "2024-05-01T02:59:59.999999Z", 1) == Times{"2024-05-01T03:00"});
  CHECK(times("daily 03:00 Europe/Berlin", "2024-05-01T00:00:00Z", 2) == Times{"2024-05-01T01:00", "2024-05-02T01:00"});
  CHECK(times("weekly mon 03:00", "2024-05-01T00:00:00Z", 2) == Times{"2024-05-06T03:00", "2024-05-13T03:00"});
  CHECK(times("Weekly Sunday 0:30 Asia/Tokyo", "2024-05-01T00:00:00Z", 1) == Times{"2024-05-04T15:30"});
}

TEST_CASE("cron: five fields with names, ranges, steps and lists", "[sched][cron]") {
  CHECK(times("15 3 * * 1-5", "2024-05-03T04:00:00Z", 2) == Times{"2024-05-06T03:15", "2024-05-07T03:15"});
  CHECK(times("*/20 9,17 * * *", "2024-05-01T00:00:00Z", 4) ==
        Times{"2024-05-01T09:00", "2024-05-01T09:20", "2024-05-01T09:40", "2024-05-01T17:00"});
  CHECK(times("5-59/25 0 1 jan,Jul *", "2024-05-01T00:00:00Z", 4) ==
        Times{"2024-07-01T00:05", "2024-07-01T00:30", "2024-07-01T00:55", "2025-01-01T00:05"});
  CHECK(times("0 12 * * sat-sun", "2024-05-01T00:00:00Z", 3) == Times{"2024-05-04T12:00", "2024-05-05T12:00", "2024-05-11T12:00"});
  CHECK(times("0 12 * * 7", "2024-05-01T00:00:00Z", 1) == times("0 12 * * 0", "2024-05-01T00:00:00Z", 1));
  CHECK(times("50/5 0 * * *", "2024-05-01T00:00:00Z", 2) == Times{"2024-05-01T00:50", "2024-05-01T00:55"});
}

TEST_CASE("cron: day or weekday when both are given, both when one begins with a star", "[sched][cron]") {
  CHECK(times("0 0 13 * fri", "2024-09-01T00:00:00Z", 3) == Times{"2024-09-06T00:00", "2024-09-13T00:00", "2024-09-20T00:00"});
  CHECK(times("0 0 */10 * mon", "2024-09-01T00:00:00Z", 1) == Times{"2024-10-21T00:00"});
}

TEST_CASE("cron: leap days are found, days that never come are refused", "[sched][cron]") {
  CHECK(times("0 0 29 2 *", "2097-01-01T00:00:00Z", 1) == Times{"2104-02-29T00:00"});
  CHECK(refusal("0 0 31 2 *").find("a date that never comes") != std::string::npos);
  CHECK(refusal("0 0 31 4,6 *").find("a date that never comes") != std::string::npos);
}

TEST_CASE("cron: a date that is rare on its weekday is found", "[sched][cron]") {
  // A field that begins with a star narrows: the first of March that is a Sunday. After 2026 that is in 2037.
  CHECK(times("0 0 1 3 */7", "2026-11-30T00:00:00Z", 1) == Times{"2037-03-01T00:00"});
}

TEST_CASE("cron: a time in the gap runs once, after it", "[sched][cron]") {
  CHECK(times("daily 02:30 Europe/Berlin", "2024-03-30T00:00:00Z", 3) ==
        Times{"2024-03-30T01:30", "2024-03-31T01:00", "2024-04-01T00:30"});
  CHECK(times("*/15 2,3 * * * Europe/Berlin", "2024-03-31T00:00:00Z", 3) ==
        Times{"2024-03-31T01:00", "2024-03-31T01:15", "2024-03-31T01:30"});
}

TEST_CASE("cron: a doubled time runs once, the first time", "[sched][cron]") {
  CHECK(times("daily 02:30 Europe/Berlin", "2024-10-26T12:00:00Z", 2) == Times{"2024-10-27T00:30", "2024-10-28T01:30"});
  CHECK(times("daily 02:30 Europe/Berlin", "2024-10-27T00:45:00Z", 1) == Times{"2024-10-28T01:30"});
}

TEST_CASE("cron: a pace of every hour is kept through both changes of the clock", "[sched][cron]") {
  CHECK(times("30 * * * * Europe/Berlin", "2024-10-26T23:00:00Z", 4) ==
        Times{"2024-10-26T23:30", "2024-10-27T00:30", "2024-10-27T01:30", "2024-10-27T02:30"});
  CHECK(times("30 * * * * Europe/Berlin", "2024-03-30T23:45:00Z", 3) ==
        Times{"2024-03-31T00:30", "2024-03-31T01:30", "2024-03-31T02:30"});
  CHECK(times("*/30 * * * * Europe/Berlin", "2024-10-27T00:00:00Z", 4) ==
        Times{"2024-10-27T00:30", "2024-10-27T01:00", "2024-10-27T01:30", "2024-10-27T02:00"});
}

TEST_CASE("cron: far years follow the zone's rule", "[sched][cron]") {
  CHECK(times("daily 12:00 Europe/Berlin", "2045-07-01T00:00:00Z", 1) == Times{"2045-07-01T10:00"});
}

TEST_CASE("cron: refusals say which word and what is allowed", "[sched][cron]") {
  CHECK(refusal("60 3 * * *") == "invalid: '60' is no minute of a schedule (allowed: *, 0 to 59, a-b, */n, a-b/n and lists of these with commas)");
  CHECK(refusal("0 3 * foo *").find("'foo' is no month of a schedule (allowed: *, 1 to 12 or jan..dec,") != std::string::npos);
  CHECK(refusal("weekly someday 03:00").find("'someday' is no weekday") != std::string::npos);
  CHECK(refusal("daily").find("lacks a time of day such as 03:00") != std::string::npos);
  CHECK(refusal("daily 24:00").find("lacks a time of day") != std::string::npos);
  CHECK(refusal("daily 3:5").find("lacks a time of day") != std::string::npos);
  CHECK(refusal("daily 03:00 Europe/Belin").find("did you mean 'Europe/Berlin'?") != std::string::npos);
  CHECK(refusal("nightly").find("'nightly' is no schedule (write 'every 5m'") != std::string::npos);
  CHECK(refusal("every").find("one interval") != std::string::npos);
  CHECK(refusal("every 5 minutes").find("one interval") != std::string::npos);
  CHECK(refusal("every 100ms").find("too often") != std::string::npos);
  CHECK(refusal("every 5x").find("'5x' is no duration") != std::string::npos);
  for (const char* text : {"", "  ", "* * * *", "* * * * * UTC more", "5-1 * * * *", "*/0 * * * *", "1,,2 * * * *", "-5 * * * *",
                           "1-2-3 * * * *", "* * 0 * *", "* * * * 8", "hourly 5", "weekly", "weekly mon"}) {
    INFO(text);
    CHECK(refusal(text) != "accepted");
  }
}

TEST_CASE("cron: a schedule keeps its text", "[sched][cron]") {
  CHECK(parse_schedule(" daily 03:00 Europe/Berlin ")->text() == "daily 03:00 Europe/Berlin");
}
