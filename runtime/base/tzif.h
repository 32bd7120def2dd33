// tzif.h — what a TZif file says: offsets from UTC in a table of transitions, then by a rule for ever.
//
// The rule is the POSIX TZ text in the footer ("CET-1CEST,M3.5.0,M10.5.0/3"). "Slim" files, which distributions ship by
// now, end the table in the 2000s and leave every later date to it.
#pragma once

#include <cstdint>
#include <optional>
#include <string_view>
#include <vector>

#include "base/result.h"

namespace tidewire::tzif {

/// One end of summer time within a year, as POSIX writes it.
struct YearlyDay {
  enum class Form { kMonthWeek, kJulian, kDayOfYear } form = Form::kMonthWeek;
  int month = 1;    // kMonthWeek: 1..12
  int week = 1;     // 1..5, 5 = the last
  int day = 0;      // weekday from Sunday 0; Julian day 1..365 that never counts February 29; or day of the year from 0
  int second = 7200;  // of that day, local time; may be negative or over a day
};

struct Rule {
  int standard = 0;              // seconds east of UTC
  std::optional<int> summer;     // likewise; without it there is no summer time
  YearlyDay start, end;

  int offset_at(std::int64_t utc) const;
};

struct Table {
  struct Transition {
    std::int64_t at;  // UTC seconds
    int offset;       // from then on
  };
  int first_offset = 0;  // before the first transition
  std::vector<Transition> transitions;
  std::optional<Rule> rule;  // after the last transition

  int offset_at(std::int64_t utc) const;
};

/// kCorrupt for bytes that are no TZif file of version 2 or later.
Result<Table> read_table(std::string_view bytes);
/// kCorrupt for a text that is no POSIX rule.
Result<Rule> read_rule(std::string_view text);

}  // namespace tidewire::tzif
