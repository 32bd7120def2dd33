#include "base/civil.h"
#include "base/clock.h"
#include "base/text.h"

namespace tidewire {
namespace civil {
namespace {

using std::chrono::floor;

constexpr std::int64_t kSecond = 1'000'000;

bool is_decimal_digit(char c) { return c >= '0' && c <= '9'; }

bool take_character(std::string_view& text, std::string_view allowed) {
  if (text.empty() || allowed.find(text.front()) == std::string_view::npos) return false;
  text.remove_prefix(1);
  return true;
}

std::optional<std::int64_t> read_date(std::string_view& text) {
  const auto century = read_pair(text, 99);
  const auto year = century ? read_pair(text, 99) : std::nullopt;
  if (!year || !take_character(text, "-")) return std::nullopt;
  const auto month = read_pair(text, 12);
  if (!month || !take_character(text, "-")) return std::nullopt;
  const auto day = read_pair(text, 31);
  if (!day) return std::nullopt;
  const std::chrono::year_month_day date{std::chrono::year(*century * 100 + *year),
                                         std::chrono::month(static_cast<unsigned>(*month)),
                                         std::chrono::day(static_cast<unsigned>(*day))};
  if (!date.ok() || date.year() < std::chrono::year(1)) return std::nullopt;
  return Duration(std::chrono::sys_days(date).time_since_epoch()).count();
}

/// The digits after the point as microseconds, rounded at the seventh; 1,000,000 where that carries over.
std::optional<std::int64_t> read_fraction(std::string_view& text) {
  if (text.empty() || !is_decimal_digit(text.front())) return std::nullopt;
  std::int64_t value = 0;
  for (int place = 0; place < 7; ++place) {
    const bool digit = !text.empty() && is_decimal_digit(text.front());
    value = value * 10 + (digit ? text.front() - '0' : 0);
    if (digit) text.remove_prefix(1);
  }
  while (!text.empty() && is_decimal_digit(text.front())) text.remove_prefix(1);
  return (value + 5) / 10;
}

std::optional<std::int64_t> read_time(std::string_view& text) {
  const auto hour = read_pair(text, 23);
  if (!hour || !take_character(text, ":")) return std::nullopt;
  const auto minute = read_pair(text, 59);
  if (!minute) return std::nullopt;
  std::int64_t total = (*hour * 3600 + *minute * 60) * kSecond;
  if (!take_character(text, ":")) return total;
  const auto second = read_pair(text, 59);
  if (!second) return std::nullopt;
  total += *second * kSecond;
  if (!take_character(text, ".")) return total;
  const auto fraction = read_fraction(text);
  if (!fraction) return std::nullopt;
  return total + *fraction;
}

}  // namespace

std::optional<int> read_pair(std::string_view& text, int highest) {
  if (text.size() < 2 || !is_decimal_digit(text[0]) || !is_decimal_digit(text[1])) return std::nullopt;
  const int value = (text[0] - '0') * 10 + (text[1] - '0');
  if (value > highest) return std::nullopt;
  text.remove_prefix(2);
  return value;
}

std::optional<std::int64_t> read(std::string_view& text, bool date_alone) {
  const auto date = read_date(text);
  if (!date) return std::nullopt;
  if (date_alone && text.empty()) return date;
  if (!take_character(text, "Tt ")) return std::nullopt;
  const auto time = read_time(text);
  if (!time) return std::nullopt;
  return *date + *time;
}

std::string write(std::int64_t microseconds, char separator, int& fraction) {
  const Instant at{Duration(microseconds)};
  const auto day = floor<std::chrono::days>(at);
  const std::chrono::year_month_day date(day);
  const std::int64_t within = (at - day).count();
  fraction = static_cast<int>(within % kSecond);
  const int seconds = static_cast<int>(within / kSecond);
  return format("%04d-%02u-%02u%c%02d:%02d:%02d", static_cast<int>(date.year()), static_cast<unsigned>(date.month()),
                static_cast<unsigned>(date.day()), separator, seconds / 3600, seconds / 60 % 60, seconds % 60);
}

}  // namespace civil

namespace {

/// Seconds east of UTC of "Z", "+02", "+0200", "+02:00" or "+00:53:28", which must be all of `text`.
std::optional<int> read_offset(std::string_view text) {
  if (text == "Z" || text == "z") return 0;
  if (text.empty() || (text.front() != '+' && text.front() != '-')) return std::nullopt;
  const int sign = text.front() == '-' ? -1 : 1;
  text.remove_prefix(1);
  const auto hours = civil::read_pair(text, 23);
  if (!hours) return std::nullopt;
  int total = *hours * 3600;
  for (int unit = 60; unit >= 1 && !text.empty(); unit /= 60) {
    if (text.front() == ':') text.remove_prefix(1);
    const auto part = civil::read_pair(text, 59);
    if (!part) return std::nullopt;
    total += *part * unit;
  }
  if (!text.empty()) return std::nullopt;
  return sign * total;
}

}  // namespace

std::string format_instant(Instant at) {
  int fraction = 0;
  std::string text = civil::write(at.time_since_epoch().count(), 'T', fraction);
  if (fraction != 0) {
    text += format(".%06d", fraction);
    text.erase(text.find_last_not_of('0') + 1);
  }
  return text + "Z";
}

Result<Instant> parse_instant(std::string_view text) {
  std::string_view rest = text;
  const auto local = civil::read(rest, false);
  if (!local) {
    return make_error(Code::kInvalid, "'" + shortened(text, 60) + "' is no point in time",
                      "write it as 2024-05-01T10:11:12Z or with an offset such as +02:00");
  }
  const auto offset = read_offset(rest);
  if (!offset) {
    return make_error(Code::kInvalid, "'" + shortened(text, 60) + "' has no offset from UTC",
                      "end it with Z or an offset such as +02:00");
  }
  return Instant(Duration(*local)) - std::chrono::seconds(*offset);
}

}  // namespace tidewire
