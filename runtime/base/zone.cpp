#include "base/zone.h"

#include <algorithm>
#include <array>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <map>
#include <mutex>
#include <vector>

#include "base/civil.h"
#include "base/text.h"
#include "base/tzif.h"

namespace tidewire {
namespace {

constexpr std::size_t kMostZoneBytes = 1u << 20;
constexpr std::int64_t kZoneDay = 86'400;

std::filesystem::path zone_folder() {
  const char* chosen = std::getenv("TZDIR");
  return chosen && *chosen ? chosen : "/usr/share/zoneinfo";
}

bool acceptable_name(std::string_view name) {
  const auto allowed = [](char c) {
    return (c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '/' || c == '_' || c == '-' || c == '+';
  };
  return !name.empty() && name.front() != '/' && std::all_of(name.begin(), name.end(), allowed);
}

std::vector<std::string> zone_names(const std::filesystem::path& folder) {
  std::vector<std::string> names;
  std::error_code failed;
  for (auto at = std::filesystem::recursive_directory_iterator(folder, failed); !failed && at != std::filesystem::end(at);
       at.increment(failed)) {
    std::string name = at->path().lexically_relative(folder).generic_string();
    const bool copy = name.starts_with("posix/") || name.starts_with("right/");
    if (!copy && acceptable_name(name) && at->is_regular_file(failed)) names.push_back(std::move(name));
  }
  return names;
}

Error unknown_zone(std::string_view name) {
  const std::filesystem::path folder = zone_folder();
  const std::vector<std::string> names = zone_names(folder);
  std::string hint = "use an IANA name such as Europe/Berlin";
  if (names.empty()) hint = "there are no time zones in " + folder.string() + ": install the package tzdata";
  return make_error(Code::kNotFound, "no time zone '" + shortened(name, 60) + "'" + suggestion(name, names), hint);
}

Result<tzif::Table> read_zone(std::string_view name) {
  if (name == "UTC") return tzif::Table();
  if (!acceptable_name(name)) return unknown_zone(name);
  const std::filesystem::path path = zone_folder() / name;
  std::error_code failed;
  const bool readable = std::filesystem::is_regular_file(path, failed) && std::filesystem::file_size(path, failed) <= kMostZoneBytes;
  std::ifstream file(path, std::ios::binary);
  if (!readable || !file) return unknown_zone(name);
  const std::string bytes{std::istreambuf_iterator<char>(file), std::istreambuf_iterator<char>()};
  Result<tzif::Table> table = tzif::read_table(bytes);
  if (!table) return std::move(table).error().context("time zone " + std::string(name));
  return table;
}

std::int64_t floor_second(LocalTime local) {
  return std::chrono::floor<std::chrono::seconds>(local.time_since_epoch()).count();
}

Error no_local_time(std::string_view text) {
  return make_error(Code::kInvalid, "'" + shortened(text, 60) + "' is no local date and time",
                    "write it as 2024-05-01 or 2024-05-01 10:11:12, without an offset");
}

}  // namespace

struct Zone::Rules {
  tzif::Table table;

  /// Every offset in force within a day of `local`, read as UTC, in the order of time. No offset is as large as a day.
  std::vector<int> offsets_near(std::int64_t local) const {
    std::vector<int> offsets{table.offset_at(local - kZoneDay)};
    const auto add = [&](int offset) {
      if (std::find(offsets.begin(), offsets.end(), offset) == offsets.end()) offsets.push_back(offset);
    };
    const auto before = [](const tzif::Table::Transition& transition, std::int64_t at) { return transition.at < at; };
    auto next = std::lower_bound(table.transitions.begin(), table.transitions.end(), local - kZoneDay, before);
    for (; next != table.transitions.end() && next->at <= local + kZoneDay; ++next) add(next->offset);
    add(table.offset_at(local + kZoneDay));
    return offsets;
  }

  /// The UTC seconds at which the wall shows `local`, in order: none in a gap, two in a fold.
  std::vector<std::int64_t> meanings(std::int64_t local) const {
    std::vector<std::int64_t> found;
    for (const int offset : offsets_near(local)) {
      if (table.offset_at(local - offset) == offset) found.push_back(local - offset);
    }
    std::sort(found.begin(), found.end());
    return found;
  }

  /// The UTC second at which the gap around `local` ends: the first at which the wall shows a later time.
  std::int64_t end_of_gap(std::int64_t local) const {
    std::int64_t early = local - kZoneDay, late = local + kZoneDay;
    while (late - early > 1) {
      const std::int64_t middle = early + (late - early) / 2;
      (middle + table.offset_at(middle) > local ? late : early) = middle;
    }
    return late;
  }
};

Zone::Zone() : rules_(std::make_unique<Rules>()) {}

Zone::~Zone() = default;

Result<std::shared_ptr<const Zone>> Zone::load(std::string_view name) {
  // A cache, not state: what it answers depends on the files alone.
  static std::mutex mutex;
  static std::map<std::string, std::shared_ptr<const Zone>, std::less<>> loaded;
  const std::lock_guard lock(mutex);
  const auto known = loaded.find(name);
  if (known != loaded.end()) return known->second;
  tzif::Table table = TRY(read_zone(name));
  const std::shared_ptr<Zone> zone(new Zone());
  zone->rules_->table = std::move(table);
  loaded.emplace(name, zone);
  return std::shared_ptr<const Zone>(zone);
}

LocalTime Zone::to_local(Instant at) const {
  const std::int64_t second = std::chrono::floor<std::chrono::seconds>(at).time_since_epoch().count();
  return LocalTime(at.time_since_epoch() + std::chrono::seconds(rules_->table.offset_at(second)));
}

Instant Zone::to_instant(LocalTime local, bool second) const {
  const std::int64_t whole = floor_second(local);
  const std::vector<std::int64_t> meanings = rules_->meanings(whole);
  if (meanings.empty()) return Instant(std::chrono::seconds(rules_->end_of_gap(whole)));
  const Duration fraction = local.time_since_epoch() - std::chrono::seconds(whole);
  return Instant(std::chrono::seconds(second ? meanings.back() : meanings.front()) + fraction);
}

std::string format_local(LocalTime local) {
  int fraction = 0;
  std::string text = civil::write(local.time_since_epoch().count(), ' ', fraction);
  return fraction == 0 ? text : text + format(".%06d", fraction);
}

Result<LocalTime> parse_local(std::string_view text) {
  std::string_view rest = text;
  const auto read = civil::read(rest, true);
  if (!read || !rest.empty()) return no_local_time(text);
  return LocalTime(Duration(*read));
}

}  // namespace tidewire
