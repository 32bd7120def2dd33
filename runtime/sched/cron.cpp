#include "sched/cron.h"

#include <algorithm>

namespace tidewire::sched {
namespace {

constexpr int kDaysToSearch = 366 * 41;  // a weekday falls on February 29 every 28 years, and once in 40 around 2100

}  // namespace

Schedule Schedule::every(Duration interval) {
  ASSERT(interval > Duration::zero(), "an interval is positive");
  return Schedule("every " + format_duration(interval), interval);
}

bool Schedule::Calendar::matches(std::chrono::year_month_day date) const {
  if (!months.test(static_cast<unsigned>(date.month()))) return false;
  const bool day = days.test(static_cast<unsigned>(date.day()));
  const bool weekday = weekdays.test(std::chrono::weekday(std::chrono::local_days(date)).c_encoding());
  return either_day ? day || weekday : day && weekday;
}

std::optional<Instant> Schedule::Calendar::first_on(std::chrono::local_days day, Instant after) const {
  std::optional<Instant> best;
  const auto consider = [&](Instant at) {
    if (at > after && (!best || at < *best)) best = at;
  };
  for (std::size_t hour = 0; hour < hours.size(); ++hour) {
    if (!hours.test(hour)) continue;
    for (std::size_t minute = 0; minute < minutes.size(); ++minute) {
      if (!minutes.test(minute)) continue;
      const LocalTime wall = day + std::chrono::hours(hour) + std::chrono::minutes(minute);
      const Instant at = zone->to_instant(wall);
      if (!hours.all()) {
        if (at > after) return at;  // without the doubled hour, later on the wall is never earlier
      } else if (zone->to_local(at) == wall) {  // else in a gap
        consider(at);
        consider(zone->to_instant(wall, true));
      }
    }
  }
  return best;
}

std::optional<Instant> Schedule::Calendar::first(Instant after) const {
  const auto today = std::chrono::floor<std::chrono::days>(zone->to_local(after));
  // From the day before: where midnight itself comes twice, yesterday's last hour is still ahead.
  for (int i = -1; i < kDaysToSearch; ++i) {
    const std::chrono::local_days day = today + std::chrono::days(i);
    if (!matches(std::chrono::year_month_day(day))) continue;
    if (const auto at = first_on(day, after)) return at;
  }
  return std::nullopt;
}

Instant Schedule::next(Instant after) const {
  if (const Duration* interval = std::get_if<Duration>(&when_)) {
    const auto count = after.time_since_epoch() / *interval - (after.time_since_epoch() % *interval < Duration::zero() ? 1 : 0);
    return Instant(*interval * (count + 1));
  }
  const auto at = std::get<Calendar>(when_).first(after);
  ASSERT(at, "parse_schedule lets no date through that never comes");
  return *at;
}

}  // namespace tidewire::sched
