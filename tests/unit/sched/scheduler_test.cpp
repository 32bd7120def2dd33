#include "sched/scheduler.h"

#include <catch2/catch.hpp>

#include "support/fake_clock.h"
#include "support/seeded_random.h"

using namespace tidewire;
using namespace tidewire::sched;
using namespace std::chrono_literals;

namespace {

struct SchedulerRoom {
  test::FakeClock clock;  // 2024-05-01T10:00:00Z
  test::ManualTimers timers{clock};
  test::SeededRandom random;
  std::optional<Scheduler> scheduler{std::in_place, timers, clock, random};
  std::vector<std::string> starts;
  std::vector<std::function<void()>> open;  // runs not finished

  std::string now() const { return format_instant(clock.now()).substr(11, 8); }

  void add(const std::string& name, std::string_view schedule, Duration jitter = 0s) {
    scheduler->add(name, parse_schedule(schedule).value(), jitter, [this, name](std::function<void()> finished) {
      starts.push_back(name + " " + now());
      finished();
    });
  }
  void add_slow(const std::string& name, std::string_view schedule) {
    scheduler->add(name, parse_schedule(schedule).value(), 0s, [this, name](std::function<void()> finished) {
      starts.push_back(name + " " + now());
      open.push_back(std::move(finished));
    });
  }
};

using Starts = std::vector<std::string>;

}  // namespace

TEST_CASE("scheduler: jobs run at their times, in order", "[sched]") {
  SchedulerRoom room;
  room.add("b", "every 5m");
  room.add("a", "every 10m");

  room.timers.advance(10min);

  CHECK(room.starts == Starts{"b 10:05:00", "a 10:10:00", "b 10:10:00"});
  CHECK(format_instant(*room.scheduler->next("b")) == "2024-05-01T10:15:00Z");
}

TEST_CASE("scheduler: adding runs nothing before the next turn", "[sched]") {
  SchedulerRoom room;
  room.add("a", "every 5m");

  CHECK(room.scheduler->run_now("a"));
  CHECK(room.starts.empty());
  room.timers.advance(0s);

  CHECK(room.starts == Starts{"a 10:00:00"});
  CHECK(format_instant(*room.scheduler->next("a")) == "2024-05-01T10:05:00Z");
  CHECK_FALSE(room.scheduler->run_now("unknown"));
}

TEST_CASE("scheduler: a run still going is not overlapped, the missed one follows right after", "[sched]") {
  SchedulerRoom room;
  room.add_slow("a", "every 5m");
  room.timers.advance(17min);  // due at :05, :10, :15

  CHECK(room.starts == Starts{"a 10:05:00"});

  room.open[0]();
  room.timers.advance(0s);
  CHECK(room.starts == Starts{"a 10:05:00", "a 10:17:00"});

  room.open[1]();
  room.timers.advance(2min);
  CHECK(room.starts.size() == 2);
  room.timers.advance(1min);
  CHECK(room.starts.back() == "a 10:20:00");
}

TEST_CASE("scheduler: run_now during a run means one more run after it", "[sched]") {
  SchedulerRoom room;
  room.add_slow("a", "every 5m");
  room.scheduler->run_now("a");
  room.timers.advance(0s);

  room.scheduler->run_now("a");
  room.scheduler->run_now("a");
  room.timers.advance(1s);
  CHECK(room.starts.size() == 1);
  room.open[0]();
  room.timers.advance(0s);
  room.open[1]();
  room.timers.advance(0s);

  CHECK(room.starts == Starts{"a 10:00:00", "a 10:00:01"});
}

TEST_CASE("scheduler: finishing twice or for a former run changes nothing", "[sched]") {
  SchedulerRoom room;
  room.add_slow("a", "every 5m");
  room.timers.advance(5min);
  room.open[0]();
  room.timers.advance(5min);

  room.open[0]();
  room.timers.advance(5min);

  CHECK(room.starts == Starts{"a 10:05:00", "a 10:10:00"});
}

TEST_CASE("scheduler: a removed job runs no more, and may finish late", "[sched]") {
  SchedulerRoom room;
  room.add_slow("a", "every 5m");
  room.timers.advance(5min);

  CHECK(room.scheduler->remove("a"));
  CHECK_FALSE(room.scheduler->remove("a"));
  room.open[0]();
  room.timers.advance(1h);

  CHECK(room.starts.size() == 1);
  CHECK_FALSE(room.scheduler->next("a"));
  CHECK(room.timers.waiting() == 0);
}

TEST_CASE("scheduler: after its end nothing runs and finishing is harmless", "[sched]") {
  SchedulerRoom room;
  room.add_slow("a", "every 5m");
  room.timers.advance(5min);

  room.scheduler.reset();
  room.open[0]();
  room.timers.advance(1h);

  CHECK(room.starts.size() == 1);
  CHECK(room.timers.waiting() == 0);
}

TEST_CASE("scheduler: a job may remove itself and others while it runs", "[sched]") {
  SchedulerRoom room;
  room.add("b", "every 5m");
  room.scheduler->add("a", parse_schedule("every 5m").value(), 0s, [&](std::function<void()> finished) {
    room.starts.push_back("a");
    room.scheduler->remove("b");
    room.scheduler->remove("a");
    finished();
  });

  room.timers.advance(1h);

  CHECK(room.starts == Starts{"a"});
}

TEST_CASE("scheduler: a replaced job takes the new schedule", "[sched]") {
  SchedulerRoom room;
  room.add("a", "every 5m");
  room.add("a", "every 20m");

  room.timers.advance(20min);

  CHECK(room.starts == Starts{"a 10:20:00"});
}

TEST_CASE("scheduler: jitter puts runs off within its limit, each time differently", "[sched]") {
  SchedulerRoom room;
  room.add("a", "every 5m", 60s);

  room.timers.advance(60min + 60s);

  REQUIRE(room.starts.size() == 12);
  int late = 0;
  for (const std::string& start : room.starts) {
    const int minute = std::stoi(start.substr(5, 2)), second = std::stoi(start.substr(8, 2));
    CHECK(minute % 5 == 0);
    late += second > 0;
  }
  CHECK(late > 6);
}

TEST_CASE("scheduler: a clock set forward is noticed within a minute and runs once", "[sched]") {
  SchedulerRoom room;
  room.add("a", "daily 03:00");
  room.timers.advance(10s);

  room.clock.set(room.clock.now() + std::chrono::days(3));
  room.timers.advance(60s);

  CHECK(room.starts.size() == 1);
  CHECK(format_instant(*room.scheduler->next("a")) == "2024-05-05T03:00:00Z");
}

TEST_CASE("scheduler: a clock set back does not silence a frequent job", "[sched]") {
  SchedulerRoom room;
  room.add("a", "every 5m");
  room.timers.advance(5min);

  room.clock.set(room.clock.now() - 24h);
  room.timers.advance(6min);

  CHECK(room.starts == Starts{"a 10:05:00", "a 10:10:00"});
}

TEST_CASE("scheduler: a small step back does not run a daily job twice", "[sched]") {
  SchedulerRoom room;
  room.add("a", "daily 10:01");
  room.timers.advance(61s);

  room.clock.set(room.clock.now() - 5s);
  room.timers.advance(2h);

  CHECK(room.starts == Starts{"a 10:01:00"});
}

TEST_CASE("scheduler: with no jobs no timer runs", "[sched]") {
  SchedulerRoom room;
  CHECK(room.timers.waiting() == 0);

  room.add("a", "every 5m");
  CHECK(room.timers.until_next() == 60s);
}
