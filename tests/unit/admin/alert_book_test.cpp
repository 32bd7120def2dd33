#include "admin/alert_book.h"

#include <catch2/catch.hpp>

using namespace tidewire;
using namespace tidewire::admin;
using std::chrono::minutes;
using std::chrono::seconds;

namespace {

struct Desk {
  AlertBook book;
  AlertRules rules;  // waits 2 minutes, tells again after an hour
  Instant now{std::chrono::hours(24)};

  /// What is told when these conditions stand, as "begins queue people".
  std::vector<std::string> look(std::vector<Condition> conditions, std::set<std::string> unknown = {}) {
    last = book.advance(now, {std::move(conditions), std::move(unknown)}, rules);
    std::vector<std::string> told;
    for (const Telling& one : last.tellings) {
      told.push_back(std::string(one.what == Telling::What::kOver ? "over " : one.what == Telling::What::kGrown ? "grown " : "begins ") + one.condition.id());
    }
    return told;
  }
  /// One look a minute; the tellings of all.
  std::vector<std::string> minutes_of(int count, const std::function<std::vector<Condition>(int)>& conditions) {
    std::vector<std::string> told;
    for (int i = 0; i < count; ++i) {
      for (std::string& one : look(conditions(i))) told.push_back(std::move(one));
      now += minutes(1);
    }
    return told;
  }
  AlertBook::Step last;
};

Condition slow(std::int64_t size = 1) { return {"queue", "people", "3 changes wait", "look", std::nullopt, size}; }

using Told = std::vector<std::string>;

}  // namespace

TEST_CASE("alert book: a condition that stands is told once, and once that it is over", "[admin][alerts]") {
  Desk desk;

  REQUIRE(desk.minutes_of(2, [](int) { return std::vector{slow()}; }).empty());
  REQUIRE(desk.minutes_of(300, [](int) { return std::vector{slow()}; }) == Told{"begins queue people"});
  REQUIRE(desk.book.open().size() == 1);

  REQUIRE(desk.minutes_of(300, [](int) { return std::vector<Condition>{}; }) == Told{"over queue people"});
  REQUIRE(desk.book.open().empty());
}

TEST_CASE("alert book: what mends itself within the wait is not told", "[admin][alerts]") {
  Desk desk;

  REQUIRE(desk.minutes_of(600, [](int minute) { return minute % 3 < 2 ? std::vector{slow()} : std::vector<Condition>{}; }).empty());
}

TEST_CASE("alert book: one that comes and goes is told once an hour", "[admin][alerts]") {
  Desk desk;

  const auto told = desk.minutes_of(600, [](int minute) { return minute % 10 < 5 ? std::vector{slow()} : std::vector<Condition>{}; });

  const auto begins = std::count(told.begin(), told.end(), "begins queue people");
  REQUIRE(begins >= 9);
  REQUIRE(begins <= 10);
  REQUIRE(told.size() <= 2 * 10);
}

TEST_CASE("alert book: away for a moment is not over", "[admin][alerts]") {
  Desk desk;
  desk.minutes_of(5, [](int) { return std::vector{slow()}; });

  REQUIRE(desk.minutes_of(120, [](int minute) { return minute % 2 == 0 ? std::vector<Condition>{} : std::vector{slow()}; }).empty());
}

TEST_CASE("alert book: one that grew tenfold is told again, after the interval", "[admin][alerts]") {
  Desk desk;
  REQUIRE(desk.minutes_of(5, [](int) { return std::vector{slow(3)}; }) == Told{"begins queue people"});

  REQUIRE(desk.minutes_of(50, [](int) { return std::vector{slow(30)}; }).empty());
  REQUIRE(desk.minutes_of(60, [](int) { return std::vector{slow(30)}; }) == Told{"grown queue people"});
  REQUIRE(desk.minutes_of(120, [](int) { return std::vector{slow(299)}; }).empty());
}

TEST_CASE("alert book: of what is not known nothing begins and nothing ends", "[admin][alerts]") {
  Desk desk;
  desk.minutes_of(5, [](int) { return std::vector{slow()}; });

  for (int i = 0; i < 100; ++i) {
    REQUIRE(desk.look({}, {"queue people"}).empty());
    desk.now += minutes(1);
  }
  REQUIRE(desk.book.open().size() == 1);
}

TEST_CASE("alert book: a restart repeats nothing and forgets nothing", "[admin][alerts]") {
  Desk desk;
  std::map<std::string, Value> kept;
  const auto keep = [&] {
    for (const auto& [id, value] : desk.last.changed) {
      if (value) kept[id] = *value;
      else kept.erase(id);
    }
  };
  Told told;
  for (int minute = 0; minute < 400; ++minute) {
    // Stands for the first 200 minutes; the process begins anew with every look.
    desk.book = AlertBook();
    desk.book.load(kept);
    for (std::string& one : desk.look(minute < 200 ? std::vector{slow()} : std::vector<Condition>{})) told.push_back(std::move(one));
    keep();
    desk.now += minutes(1);
  }

  REQUIRE(told == Told{"begins queue people", "over queue people"});
  REQUIRE(kept.empty());
}

TEST_CASE("alert book: a look that changes nothing writes nothing", "[admin][alerts]") {
  Desk desk;
  desk.minutes_of(10, [](int) { return std::vector{slow()}; });

  desk.look({slow()});

  REQUIRE(desk.last.changed.empty());
}

TEST_CASE("alert book: a condition with a wait of its own keeps to that", "[admin][alerts]") {
  Desk desk;
  Condition at_once{"state", "", "cannot be written", "", Duration{}, 0};

  REQUIRE(desk.look({at_once}) == Told{"begins state"});
}

TEST_CASE("alert book: what stands is listed as it is now, and nobody is told of that", "[admin][alerts]") {
  Desk desk;
  const auto look = [&](std::vector<Condition> conditions) {
    desk.look(std::move(conditions));
    std::vector<std::string> texts;
    for (const Telling& one : desk.last.restated) texts.push_back(one.condition.text);
    desk.now += minutes(1);
    return texts;
  };
  const auto wait = [](const char* text) { return Condition{"queue", "people", text, "look", std::nullopt, 1}; };

  CHECK(look({wait("1 waits")}).empty());
  CHECK(look({wait("2 wait")}).empty());
  CHECK(look({wait("3 wait")}).empty());
  REQUIRE(desk.last.tellings.size() == 1);
  CHECK(look({wait("3 wait")}).empty());
  CHECK(look({wait("4 wait")}) == Told{"4 wait"});
  CHECK(desk.last.tellings.empty());
  CHECK(look({}) == Told{"Seems to be over: 4 wait"});
  CHECK(look({}).empty());
  CHECK(look({wait("5 wait")}) == Told{"5 wait"});
  CHECK(look({}).size() == 1);
  CHECK(look({}).empty());
  CHECK(look({}).empty());
  REQUIRE(desk.last.tellings.size() == 1);
  CHECK(desk.last.tellings.front().condition.text == "5 wait");
}
