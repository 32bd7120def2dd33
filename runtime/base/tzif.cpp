#include "base/tzif.h"

#include <algorithm>
#include <chrono>
#include <cstddef>

namespace tidewire::tzif {
namespace {

constexpr std::size_t kHeaderBytes = 44;
constexpr std::size_t kTypeBytes = 6;
constexpr std::int64_t kDay = 86'400;

Error no_tzif(std::string_view what) { return make_error(Code::kCorrupt, "no time zone file: " + std::string(what)); }

std::int64_t big_endian(std::string_view bytes) {
  std::uint64_t value = static_cast<signed char>(bytes.front()) < 0 ? ~std::uint64_t{0} : 0;
  for (const char c : bytes) value = value << 8 | static_cast<unsigned char>(c);
  return static_cast<std::int64_t>(value);
}

/// The six counts at the head of a block.
struct BlockHeader {
  std::size_t is_ut, is_standard, leaps, transitions, types, characters;

  std::size_t data_bytes(std::size_t time_bytes) const {
    return transitions * (time_bytes + 1) + types * kTypeBytes + characters + leaps * (time_bytes + 4) + is_standard + is_ut;
  }
};

std::optional<BlockHeader> read_header(std::string_view bytes) {
  if (bytes.size() < kHeaderBytes || bytes.substr(0, 4) != "TZif" || bytes[4] < '2') return std::nullopt;
  const auto count = [&](std::size_t i) { return static_cast<std::size_t>(big_endian(bytes.substr(20 + 4 * i, 4)) & 0xFFFFFF); };
  return BlockHeader{count(0), count(1), count(2), count(3), count(4), count(5)};
}

Result<Table> read_block(const BlockHeader& header, std::string_view data) {
  const std::string_view kinds = data.substr(header.transitions * 8, header.transitions);
  const std::string_view types = data.substr(header.transitions * 9, header.types * kTypeBytes);
  const auto offset_of = [&](std::size_t type) { return static_cast<int>(big_endian(types.substr(type * kTypeBytes, 4))); };
  if (header.types == 0) return no_tzif("it has no local time type");
  Table table;
  table.first_offset = offset_of(0);
  for (std::size_t i = 0; i < header.transitions; ++i) {
    const auto kind = static_cast<unsigned char>(kinds[i]);
    if (kind >= header.types) return no_tzif("a transition to an unknown type");
    table.transitions.push_back({big_endian(data.substr(i * 8, 8)), offset_of(kind)});
  }
  return table;
}

bool skip(std::string_view& text, char c) {
  if (!text.starts_with(c)) return false;
  text.remove_prefix(1);
  return true;
}

/// "CET" or "<+03>".
bool skip_name(std::string_view& text) {
  const bool quoted = skip(text, '<');
  const auto ends = [&](char c) { return quoted ? c == '>' : !((c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z')); };
  const auto end = std::find_if(text.begin(), text.end(), ends);
  const auto length = static_cast<std::size_t>(end - text.begin());
  text.remove_prefix(length);
  return length > 0 && (!quoted || skip(text, '>'));
}

std::optional<int> take_number(std::string_view& text, int highest) {
  int value = 0;
  std::size_t digits = 0;
  while (digits < text.size() && digits < 4 && text[digits] >= '0' && text[digits] <= '9') {
    value = value * 10 + (text[digits++] - '0');
  }
  if (digits == 0 || value > highest) return std::nullopt;
  text.remove_prefix(digits);
  return value;
}

/// "[+-]hh[:mm[:ss]]" as seconds.
std::optional<int> take_time(std::string_view& text) {
  const int sign = skip(text, '-') ? -1 : 1;
  if (sign > 0) skip(text, '+');
  const auto hours = take_number(text, 167);
  if (!hours) return std::nullopt;
  int total = *hours * 3600;
  for (int unit = 60; unit >= 1 && skip(text, ':'); unit /= 60) {
    const auto part = take_number(text, 59);
    if (!part) return std::nullopt;
    total += *part * unit;
  }
  return sign * total;
}

bool take_month_week(std::string_view& text, YearlyDay& out) {
  const auto month = take_number(text, 12);
  const auto week = month && skip(text, '.') ? take_number(text, 5) : std::nullopt;
  const auto day = week && skip(text, '.') ? take_number(text, 6) : std::nullopt;
  if (!day || *month < 1 || *week < 1) return false;
  out.month = *month;
  out.week = *week;
  out.day = *day;
  return true;
}

/// ",M3.5.0/2", ",J60" or ",59".
bool take_yearly_day(std::string_view& text, YearlyDay& out) {
  if (!skip(text, ',')) return false;
  if (skip(text, 'M')) {
    if (!take_month_week(text, out)) return false;
  } else {
    out.form = skip(text, 'J') ? YearlyDay::Form::kJulian : YearlyDay::Form::kDayOfYear;
    const auto day = take_number(text, 365);
    if (!day) return false;
    out.day = *day;
  }
  if (!skip(text, '/')) return true;
  const auto time = take_time(text);
  out.second = time.value_or(0);
  return time.has_value();
}

/// Local seconds since 1970 at which `when` comes in `year`.
std::int64_t local_second(const YearlyDay& when, std::chrono::year year) {
  using namespace std::chrono;
  sys_days date;
  if (when.form == YearlyDay::Form::kMonthWeek) {
    const auto place = year / month(static_cast<unsigned>(when.month));
    const weekday wanted(static_cast<unsigned>(when.day));
    date = when.week == 5 ? sys_days(place / wanted[last]) : sys_days(place / wanted[static_cast<unsigned>(when.week)]);
  } else {
    const bool julian = when.form == YearlyDay::Form::kJulian;
    const bool after_leap_day = julian && year.is_leap() && when.day >= 60;
    date = sys_days(year / 1 / 1) + days(when.day - (julian ? 1 : 0) + (after_leap_day ? 1 : 0));
  }
  return date.time_since_epoch().count() * kDay + when.second;
}

std::chrono::year year_of(std::int64_t seconds) {
  using namespace std::chrono;
  return year_month_day(floor<days>(sys_seconds(std::chrono::seconds(seconds)))).year();
}

}  // namespace

int Rule::offset_at(std::int64_t utc) const {
  if (!summer) return standard;
  const std::chrono::year year = year_of(utc + standard);
  const std::int64_t begins = local_second(start, year) - standard;
  const std::int64_t ends = local_second(end, year) - *summer;
  const bool is_summer = begins < ends ? utc >= begins && utc < ends : utc >= begins || utc < ends;
  return is_summer ? *summer : standard;
}

int Table::offset_at(std::int64_t utc) const {
  if (rule && (transitions.empty() || utc >= transitions.back().at)) return rule->offset_at(utc);
  const auto later = [](std::int64_t at, const Transition& transition) { return at < transition.at; };
  const auto next = std::upper_bound(transitions.begin(), transitions.end(), utc, later);
  return next == transitions.begin() ? first_offset : std::prev(next)->offset;
}

Result<Rule> read_rule(std::string_view text) {
  const Error refused = make_error(Code::kCorrupt, "'" + std::string(text) + "' is no time zone rule");
  Rule rule;
  if (!skip_name(text)) return refused;
  const auto west = take_time(text);
  if (!west) return refused;
  rule.standard = -*west;
  if (text.empty()) return rule;
  if (!skip_name(text)) return refused;
  rule.summer = rule.standard + 3600;
  if (!text.starts_with(',')) {
    const auto summer_west = take_time(text);
    if (!summer_west) return refused;
    rule.summer = -*summer_west;
  }
  if (!take_yearly_day(text, rule.start) || !take_yearly_day(text, rule.end) || !text.empty()) return refused;
  return rule;
}

Result<Table> read_table(std::string_view bytes) {
  const auto old_header = read_header(bytes);
  if (!old_header) return no_tzif("no header of version 2 or later");
  const std::size_t second = kHeaderBytes + old_header->data_bytes(4);
  const auto header = second < bytes.size() ? read_header(bytes.substr(second)) : std::nullopt;
  if (!header || bytes.size() < second + kHeaderBytes + header->data_bytes(8)) return no_tzif("its second half is cut off");
  const std::string_view data = bytes.substr(second + kHeaderBytes);
  Table table = TRY(read_block(*header, data));
  std::string_view footer = data.substr(header->data_bytes(8));
  if (!skip(footer, '\n')) return no_tzif("its rule is cut off");
  footer = footer.substr(0, footer.find('\n'));
  if (!footer.empty()) table.rule = TRY(read_rule(footer));
  return table;
}

}  // namespace tidewire::tzif
