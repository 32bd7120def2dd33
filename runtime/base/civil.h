// civil.h — the part that instants and local times read and write alike: a date and a time of day.
#pragma once

#include <chrono>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace tidewire::civil {

/// Microseconds since 1970-01-01 00:00 of "2024-05-01[T ]10:11[:12[.345]]" (the time may be missing where
/// `date_alone`), which is taken off the front of `text`. nullopt for garbage or a date that does not exist.
std::optional<std::int64_t> read(std::string_view& text, bool date_alone);

/// "2024-05-01" + separator + "10:11:12"; `fraction` receives the microseconds that are left over.
std::string write(std::int64_t microseconds, char separator, int& fraction);

/// Two decimal digits off the front of `text`, at most `highest`.
std::optional<int> read_pair(std::string_view& text, int highest);

}  // namespace tidewire::civil
