#include <algorithm>
#include <array>
#include <charconv>

#include "base/text.h"
#include "sched/cron.h"

namespace tidewire::sched {
namespace {

constexpr std::string_view kForms =
    "write 'every 5m', 'hourly', 'daily 03:00 Europe/Berlin', 'weekly mon 03:00', or five cron fields such as '15 3 * * 1-5'";

struct CronField {
  std::string_view name;
  int lowest, highest;
  std::string_view names;  // three letters each, the first standing for `lowest`
};

constexpr std::array<CronField, 5> kCronFields{{
    {"minute", 0, 59, ""},
    {"hour", 0, 23, ""},
    {"day", 1, 31, ""},
    {"month", 1, 12, "janfebmaraprmayjunjulaugsepoctnovdec"},
    {"weekday", 0, 7, "sunmontuewedthufrisat"},
}};

std::optional<int> cron_number(const CronField& field, std::string_view text) {
  const std::string word = lower_ascii(text);
  for (std::size_t at = 0; word.size() == 3 && at < field.names.size(); at += 3) {
    if (field.names.substr(at, 3) == word) return field.lowest + static_cast<int>(at / 3);
  }
  int value = 0;
  const auto [end, failed] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (failed != std::errc() || end != text.data() + text.size() || value < field.lowest || value > field.highest) return std::nullopt;
  return value;
}

Error bad_field(const CronField& field, std::string_view text) {
  const std::string range = std::to_string(field.lowest) + " to " + std::to_string(field.highest);
  const std::string names = field.names.empty() ? "" : " or " + std::string(field.names.substr(0, 3)) + ".." +
                                                           std::string(field.names.substr(field.names.size() - 3));
  return make_error(Code::kInvalid, "'" + shortened(text, 40) + "' is no " + std::string(field.name) + " of a schedule",
                    "allowed: *, " + range + names + ", a-b, */n, a-b/n and lists of these with commas");
}

std::vector<std::string> words_of(std::string_view text) {
  std::vector<std::string> words;
  for (std::string& word : split(text, ' ')) {
    if (!trim(word).empty()) words.emplace_back(trim(word));
  }
  return words;
}

struct CronSpan {
  int first, last, step;
};

/// "*", "7", "1-5", "*/10", "1-20/5", "10/5" (from 10 on).
std::optional<CronSpan> cron_span(const CronField& field, std::string_view text) {
  CronSpan span{field.lowest, field.highest, 1};
  const std::size_t slash = text.find('/');
  if (slash != std::string_view::npos) {
    const CronField step{"step", 1, field.highest, ""};
    const auto every = cron_number(step, text.substr(slash + 1));
    if (!every) return std::nullopt;
    span.step = *every;
    text = text.substr(0, slash);
  }
  if (text == "*") return span;
  const std::size_t dash = text.find('-');
  const auto first = cron_number(field, text.substr(0, dash));
  auto last = dash == std::string_view::npos ? first : cron_number(field, text.substr(dash + 1));
  if (first && last == 0 && *first > 0 && field.highest == 7) last = 7;  // "sat-sun"
  if (!first || !last || *last < *first) return std::nullopt;
  span.first = *first;
  if (dash != std::string_view::npos || slash == std::string_view::npos) span.last = *last;
  return span;
}

}  // namespace

/// Puts the words of a schedule into a Calendar.
class CronReader {
 public:
  Result<Schedule::Calendar> read(const std::vector<std::string>& words) {
    const std::string kind = lower_ascii(words.front());
    if (kind == "hourly") return finish({"0", "*", "*", "*", "*"}, words, 1);
    if (kind == "daily") return read_daily(words);
    if (kind == "weekly") return read_weekly(words);
    if (words.size() < 5) return unknown(words);
    return finish({words.begin(), words.begin() + 5}, words, 5);
  }

 private:
  using Words = std::vector<std::string>;

  static Error unknown(const Words& words) {
    return make_error(Code::kInvalid, "'" + shortened(join(words, " "), 60) + "' is no schedule", std::string(kForms));
  }

  static Result<Words> clock_fields(const Words& words, std::size_t at) {
    const Words parts = at < words.size() ? split(words[at], ':') : Words{};
    const auto hour = parts.size() == 2 ? cron_number(kCronFields[1], parts[0]) : std::nullopt;
    const auto minute = hour && parts[1].size() == 2 ? cron_number(kCronFields[0], parts[1]) : std::nullopt;
    if (!minute) return make_error(Code::kInvalid, "'" + shortened(join(words, " "), 60) + "' lacks a time of day such as 03:00", std::string(kForms));
    return Words{std::to_string(*minute), std::to_string(*hour), "*", "*", "*"};
  }

  Result<Schedule::Calendar> read_daily(const Words& words) { return finish(TRY(clock_fields(words, 1)), words, 2); }

  Result<Schedule::Calendar> read_weekly(const Words& words) {
    if (words.size() < 2) return unknown(words);
    Words fields = TRY(clock_fields(words, 2));
    const std::string name = lower_ascii(words[1]);
    const std::string day = name.substr(0, 3);
    if ((name.size() != 3 && !name.ends_with("day")) || !cron_number(kCronFields[4], day)) return bad_field(kCronFields[4], words[1]);
    fields[4] = day;
    return finish(std::move(fields), words, 3);
  }

  /// The five fields, and a zone in the one word that may follow `used` words.
  static Result<Schedule::Calendar> finish(Words fields, const Words& words, std::size_t used) {
    if (words.size() > used + 1) return unknown(words);
    Schedule::Calendar calendar;
    calendar.zone = TRY(Zone::load(words.size() > used ? words[used] : "UTC"));
    calendar.minutes = TRY(bits<60>(0, fields[0]));
    calendar.hours = TRY(bits<24>(1, fields[1]));
    calendar.days = TRY(bits<32>(2, fields[2]));
    calendar.months = TRY(bits<13>(3, fields[3]));
    std::bitset<8> weekdays = TRY(bits<8>(4, fields[4]));
    if (weekdays.test(7)) weekdays.set(0);
    calendar.weekdays = std::bitset<7>(weekdays.to_ulong() & 0x7F);
    calendar.either_day = !fields[2].starts_with('*') && !fields[4].starts_with('*');
    if (!calendar.first(Instant())) {
      return make_error(Code::kInvalid, "'" + shortened(join(words, " "), 60) + "' is a date that never comes", std::string(kForms));
    }
    return calendar;
  }

  template <std::size_t kSize>
  static Result<std::bitset<kSize>> bits(std::size_t which, std::string_view text) {
    const CronField& field = kCronFields[which];
    std::bitset<kSize> set;
    for (const std::string& part : split(text, ',')) {
      const auto span = cron_span(field, part);
      if (!span) return bad_field(field, text);
      for (int value = span->first; value <= span->last; value += span->step) set.set(static_cast<std::size_t>(value));
    }
    return set;
  }
};

Result<Schedule> parse_schedule(std::string_view text) {
  const std::vector<std::string> words = words_of(text);
  if (words.empty()) return make_error(Code::kInvalid, "an empty schedule", std::string(kForms));
  if (lower_ascii(words.front()) != "every") return Schedule(std::string(trim(text)), TRY(CronReader().read(words)));
  if (words.size() != 2) return make_error(Code::kInvalid, "'every' takes one interval", std::string(kForms));
  const Duration interval = TRY(parse_duration(words[1]));
  if (interval < std::chrono::seconds(1)) return make_error(Code::kInvalid, "'" + words[1] + "' is too often", "a second is the shortest interval");
  return Schedule(std::string(trim(text)), interval);
}

}  // namespace tidewire::sched
