// zone.h — IANA time zones, read from the system's TZif files: libstdc++ 12 has no tzdb and Debian's cctz no static
// archive. Reads version 2+ data and the POSIX rule at its end, so that dates after the table's last year are right.
#pragma once

#include <memory>
#include <string_view>

#include "base/clock.h"

namespace tidewire {

/// A date and time on the wall, without zone: microseconds since 1970-01-01 00:00 as if it were UTC.
using LocalTime = std::chrono::local_time<std::chrono::microseconds>;

class Zone {
 public:
  /// Loads and caches by name ("Europe/Berlin"; "UTC" needs no file). Looks in $TZDIR, else /usr/share/zoneinfo.
  /// kNotFound names the zone and suggests a near one; kCorrupt for a file that is no TZif.
  static Result<std::shared_ptr<const Zone>> load(std::string_view name);  // shared: the cache and every user

  LocalTime to_local(Instant at) const;
  /// In a gap (spring) the instant at its end, so that 02:30 where the clock jumps from 2 to 3 is 03:00; in a fold
  /// (autumn) the first of both unless `second`.
  Instant to_instant(LocalTime local, bool second = false) const;

  ~Zone();

 private:
  Zone();
  struct Rules;
  std::unique_ptr<Rules> rules_;
};

/// "2024-05-01 10:11:12.000013" (fraction left out when 0, six digits otherwise), as Frappe and PostgreSQL's timestamp spell it.
std::string format_local(LocalTime local);
/// Reads "2024-05-01", "2024-05-01 10:11", "2024-05-01T10:11:12.5". kInvalid with an offset or garbage.
Result<LocalTime> parse_local(std::string_view text);

}  // namespace tidewire
