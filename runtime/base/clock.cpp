#include "base/clock.h"

#include <array>
#include <charconv>
#include <limits>

#include <sys/random.h>

#include "base/text.h"

namespace tidewire {
namespace {

struct TimeUnit {
  std::string_view name;
  std::int64_t microseconds;
};

constexpr std::array<TimeUnit, 5> kTimeUnits{{
    {"d", 86'400'000'000},
    {"h", 3'600'000'000},
    {"m", 60'000'000},
    {"s", 1'000'000},
    {"ms", 1'000},
}};
constexpr std::int64_t kLongestDuration = 36'525 * kTimeUnits[0].microseconds;  // a hundred years

Error bad_duration(std::string_view text) {
  return make_error(Code::kInvalid, "'" + shortened(text, 60) + "' is no duration",
                    "write a number and ms, s, m, h or d, longest unit first: 30s, 5m, 1h30m");
}

std::size_t unit_index(std::string_view name) {
  std::size_t at = 0;
  while (at < kTimeUnits.size() && kTimeUnits[at].name != name) ++at;
  return at;
}

std::string two_units(std::int64_t value, std::size_t larger) {
  const std::int64_t whole = value / kTimeUnits[larger].microseconds;
  const std::int64_t rest = value % kTimeUnits[larger].microseconds / kTimeUnits[larger + 1].microseconds;
  std::string text = std::to_string(whole).append(kTimeUnits[larger].name);
  if (rest > 0) text += " " + std::to_string(rest).append(kTimeUnits[larger + 1].name);
  return text;
}

}  // namespace

Instant SystemClock::now() const { return std::chrono::time_point_cast<Duration>(std::chrono::system_clock::now()); }

Ticks SystemClock::ticks() const { return std::chrono::steady_clock::now(); }

std::uint64_t SystemRandom::next() {
  std::uint64_t value = 0;
  const ssize_t read = ::getrandom(&value, sizeof value, 0);
  ASSERT(read == static_cast<ssize_t>(sizeof value), "the kernel gives eight random bytes in one piece");
  return value;
}

Result<Duration> parse_duration(std::string_view text) {
  std::string_view rest = text;
  std::int64_t total = 0;
  std::size_t allowed = 0;  // units from here on: each once, in falling order
  do {
    std::int64_t count = 0;
    const auto [end, failed] = std::from_chars(rest.data(), rest.data() + rest.size(), count);
    if (failed != std::errc() || rest.front() == '-') return bad_duration(text);
    rest.remove_prefix(static_cast<std::size_t>(end - rest.data()));
    const std::string_view name = rest.substr(0, rest.find_first_of("0123456789"));
    const std::size_t unit = unit_index(name);
    if (unit < allowed || unit == kTimeUnits.size()) return bad_duration(text);
    if (count > (kLongestDuration - total) / kTimeUnits[unit].microseconds) return bad_duration(text);
    total += count * kTimeUnits[unit].microseconds;
    rest.remove_prefix(name.size());
    allowed = unit + 1;
  } while (!rest.empty());
  return Duration(total);
}

std::string format_duration(Duration duration) {
  const std::int64_t value = duration.count();
  if (value < 0) {
    const bool lowest = value == std::numeric_limits<std::int64_t>::min();
    return "-" + format_duration(Duration(lowest ? std::numeric_limits<std::int64_t>::max() : -value));
  }
  if (value < 1'000) return std::to_string(value) + " µs";
  if (value < 1'000'000) return std::to_string(value / 1'000) + " ms";
  if (value < 60'000'000) {
    const std::int64_t tenths = value / 100'000;
    return std::to_string(tenths / 10) + (tenths % 10 ? "." + std::to_string(tenths % 10) : "") + " s";
  }
  if (value < kTimeUnits[1].microseconds) return two_units(value, 2);
  return two_units(value, value < kTimeUnits[0].microseconds ? 1 : 0);
}

}  // namespace tidewire
