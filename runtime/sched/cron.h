// cron.h — when something runs again and again, as a user writes it.
//
//   every 90s | every 5m | every 2h      multiples of the interval since 1970 UTC, so that a restart shifts nothing
//   hourly                               at minute 0
//   daily 03:00 [ZONE]
//   weekly mon 03:00 [ZONE]
//   15 3 * * 1-5 [ZONE]                  cron: minute hour day month weekday; names, ranges, steps, lists; 0 and 7 = sun
//
// ZONE is an IANA name, UTC where left out. As in every cron, a day matches day OR weekday when neither begins with "*".
#pragma once

#include <bitset>
#include <memory>
#include <string>
#include <string_view>
#include <variant>

#include "base/zone.h"

namespace tidewire::sched {

class Schedule {
 public:
  static Schedule every(Duration interval);  // ASSERTs that it is positive

  /// The first time after `after`. A time of day that a change of the clock skips runs once at the end of the gap; one
  /// that comes twice runs once, the first time. Where every hour is wanted ("hourly", "*/10 * * * *"), that is a pace
  /// and no time of day: the doubled hour runs both times, the skipped one not at all.
  Instant next(Instant after) const;
  /// As it was written.
  const std::string& text() const { return text_; }

 private:
  friend Result<Schedule> parse_schedule(std::string_view text);

  struct Calendar {
    std::bitset<60> minutes;
    std::bitset<24> hours;
    std::bitset<32> days;      // 1..31
    std::bitset<13> months;    // 1..12
    std::bitset<7> weekdays;   // from Sunday
    bool either_day = false;   // day or weekday is enough
    std::shared_ptr<const Zone> zone;  // shared with the cache of zones

    bool matches(std::chrono::year_month_day date) const;
    std::optional<Instant> first_on(std::chrono::local_days day, Instant after) const;
    std::optional<Instant> first(Instant after) const;
  };
  friend class CronReader;

  Schedule(std::string text, std::variant<Duration, Calendar> when) : text_(std::move(text)), when_(std::move(when)) {}

  std::string text_;
  std::variant<Duration, Calendar> when_;
};

/// kInvalid says which word is wrong and what is allowed; also for a date that never comes ("0 0 31 2 *").
Result<Schedule> parse_schedule(std::string_view text);

}  // namespace tidewire::sched
