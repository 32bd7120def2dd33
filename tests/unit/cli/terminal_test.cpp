#include "cli/terminal.h"

#include <catch2/catch.hpp>

using namespace tidewire;
using namespace tidewire::cli;

namespace {

Instant at(const char* text) { return parse_instant(text).value(); }

}  // namespace

TEST_CASE("terminal: colours only where they are wanted", "[cli]") {
  CHECK(styled("x", Style::kBad, Look{}) == "x");
  CHECK(styled("x", Style::kBad, Look{true, 0}) == "\033[31mx\033[0m");
  CHECK(styled("", Style::kBad, Look{true, 0}).empty());
}

TEST_CASE("terminal: what comes from a remote cannot steer the terminal", "[cli]") {
  CHECK(plain("a\033[31mb") == "a [31mb");
  CHECK(plain("a\nb\tc\x7f") == "a⏎b c ");
  CHECK(plain("\xc2\x9b" "31m") == " 31m");
  CHECK(plain("a\u202Eb") == "a b");
  CHECK(plain("Zoë 東京") == "Zoë 東京");
}

TEST_CASE("terminal: widths are those of a terminal", "[cli]") {
  CHECK(columns_of("Zoë") == 3);
  CHECK(columns_of("東京") == 4);
  CHECK(columns_of("e\u0301") == 1);
  CHECK(columns_of("") == 0);
  CHECK(columns_of("\xff") == 1);
}

TEST_CASE("terminal: a text is cut at a character", "[cli]") {
  CHECK(cut("Zoë Müller", 5) == "Zoë …");
  CHECK(cut("東京都", 4) == "東…");
  CHECK(cut("abc", 3) == "abc");
  CHECK(cut("abc", 0).empty());
}

TEST_CASE("terminal: values are shown as people write them", "[cli]") {
  CHECK(shown(Value("x")) == "x");
  CHECK(shown(Value("")) == "\"\"");
  CHECK(shown(Value()) == "null");
  CHECK(shown(Value(DecimalText{"12.50"})) == "12.50");
  CHECK(shown(Value(Array{1, 2})) == "[1,2]");
}

TEST_CASE("terminal: times are told from now", "[cli]") {
  const Instant now = at("2024-05-01T12:00:00Z");

  CHECK(relative(now, now) == "now");
  CHECK(relative(at("2024-05-01T11:59:30Z"), now) == "30 s ago");
  CHECK(relative(at("2024-05-01T11:57:00Z"), now) == "3 min ago");
  CHECK(relative(at("2024-05-01T09:00:00Z"), now) == "3 h ago");
  CHECK(relative(at("2024-04-28T12:00:00Z"), now) == "3 days ago");
  CHECK(relative(at("2024-05-01T12:00:05Z"), now) == "in 5 s");
}

TEST_CASE("terminal: a moment of another day has its date, and what is no time stays", "[cli]") {
  ::setenv("TZ", "UTC", 1);
  ::tzset();
  const Instant now = at("2024-05-01T12:00:00Z");

  CHECK(moment("2024-05-01T11:57:00Z", now) == "11:57:00, 3 min ago");
  CHECK(moment("2024-04-30T11:57:00Z", now) == "2024-04-30 11:57 UTC, 24 h ago");
  CHECK(moment("never", now) == "never");
}

TEST_CASE("terminal: times of another day and times in a text are local, with their offset", "[cli]") {
  ::setenv("TZ", "Europe/Berlin", 1);
  ::tzset();

  CHECK(moment("2024-04-30T11:57:00Z", at("2024-05-01T12:00:00Z")) == "2024-04-30 13:57 +02:00, 24 h ago");
  CHECK(in_local_time("linked since 2024-01-31 23:30:00 UTC, decided 2024-05-01 10:00:00 UTC.") == "linked since 2024-02-01 00:30:00 +01:00, decided 2024-05-01 12:00:00 +02:00.");
  CHECK(in_local_time("was \"2024-05-01 10:00:00 UTC\" there") == "was \"2024-05-01 10:00:00 UTC\" there");
  CHECK(in_local_time("in UTC, 9999-99-99 10:00:00 UTC") == "in UTC, 9999-99-99 10:00:00 UTC");
  ::setenv("TZ", "UTC", 1);
  ::tzset();
  CHECK(in_local_time("at 2024-05-01 10:00:00 UTC") == "at 2024-05-01 10:00:00 UTC");
}
