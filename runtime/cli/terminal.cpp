#include "cli/terminal.h"

#include <sys/ioctl.h>
#include <unistd.h>

#include <cstdio>
#include <cstdlib>
#include <ctime>

#include "base/json.h"
#include "base/text.h"

namespace tidewire::cli {
namespace {

struct Point {
  std::uint32_t code = 0xFFFD;
  std::size_t bytes = 1;
};

Point point_at(std::string_view text, std::size_t at) {
  const auto lead = static_cast<unsigned char>(text[at]);
  const std::size_t bytes = lead < 0x80 ? 1 : (lead >= 0xF0 ? 4 : (lead >= 0xE0 ? 3 : (lead >= 0xC0 ? 2 : 1)));
  if (at + bytes > text.size()) return {};
  std::uint32_t code = bytes == 1 ? lead : lead & (0xFFu >> (bytes + 1));
  for (std::size_t i = 1; i < bytes; ++i) code = (code << 6) | (static_cast<unsigned char>(text[at + i]) & 0x3Fu);
  return {code, bytes};
}

bool is_mark(std::uint32_t code) {
  return (code >= 0x300 && code <= 0x36F) || (code >= 0x200B && code <= 0x200F) || (code >= 0xFE00 && code <= 0xFE0F);
}

bool is_wide(std::uint32_t code) {
  return (code >= 0x1100 && code <= 0x115F) || (code >= 0x2E80 && code <= 0xA4CF) || (code >= 0xAC00 && code <= 0xD7A3) ||
         (code >= 0xF900 && code <= 0xFAFF) || (code >= 0xFE30 && code <= 0xFE6F) || (code >= 0xFF00 && code <= 0xFF60) ||
         (code >= 0x1F300 && code <= 0x1FAFF) || (code >= 0x20000 && code <= 0x3FFFD);
}

std::size_t columns_of_point(std::uint32_t code) { return is_mark(code) ? 0 : (is_wide(code) ? 2 : 1); }

const char* code_of(Style style) {
  switch (style) {
    case Style::kPlain: return "";
    case Style::kDim: return "\033[2m";
    case Style::kBold: return "\033[1m";
    case Style::kGood: return "\033[32m";
    case Style::kWarn: return "\033[33m";
    case Style::kBad: return "\033[31m";
    case Style::kAccent: return "\033[36m";
  }
  return "";
}

int width_of(std::FILE* file) {
  winsize size{};
  if (ioctl(fileno(file), TIOCGWINSZ, &size) == 0 && size.ws_col > 0) return size.ws_col;
  const char* columns = std::getenv("COLUMNS");
  return columns != nullptr && std::atoi(columns) > 0 ? std::atoi(columns) : 100;
}

std::tm local_time(Instant at) {
  const std::time_t seconds = std::chrono::system_clock::to_time_t(std::chrono::floor<std::chrono::seconds>(at));
  std::tm out{};
  localtime_r(&seconds, &out);
  return out;
}

/// "+02:00", "UTC" where there is none.
std::string offset_of(const std::tm& local) {
  const long minutes = local.tm_gmtoff / 60, size = std::labs(minutes);
  if (minutes == 0) return "UTC";
  char text[32];
  std::snprintf(text, sizeof text, "%c%02ld:%02ld", minutes < 0 ? '-' : '+', size / 60, size % 60);
  return text;
}

}  // namespace

std::string styled(std::string_view text, Style style, const Look& look) {
  if (!look.colours || style == Style::kPlain || text.empty()) return std::string(text);
  return code_of(style) + std::string(text) + "\033[0m";
}

std::string plain(std::string_view text) {
  std::string out;
  for (std::size_t at = 0; at < text.size();) {
    const Point point = point_at(text, at);
    const bool control = point.code < 0x20 || (point.code >= 0x7F && point.code < 0xA0) || (point.code >= 0x202A && point.code <= 0x202E) ||
                         (point.code >= 0x2066 && point.code <= 0x2069);
    if (!control) out.append(text.substr(at, point.bytes));
    else if (point.code == '\n') out += "⏎";
    else out += ' ';
    at += point.bytes;
  }
  return out;
}

std::size_t columns_of(std::string_view utf8) {
  std::size_t columns = 0;
  for (std::size_t at = 0; at < utf8.size();) {
    const Point point = point_at(utf8, at);
    columns += columns_of_point(point.code);
    at += point.bytes;
  }
  return columns;
}

std::string cut(std::string_view utf8, std::size_t columns) {
  if (columns_of(utf8) <= columns) return std::string(utf8);
  if (columns == 0) return "";
  std::size_t used = 0, at = 0;
  while (at < utf8.size()) {
    const Point point = point_at(utf8, at);
    if (used + columns_of_point(point.code) > columns - 1) break;
    used += columns_of_point(point.code);
    at += point.bytes;
  }
  return std::string(utf8.substr(0, at)) + "…";
}

std::string shown(const Value& value, std::size_t columns) {
  if (value.is_string()) return value.as_string().empty() ? "\"\"" : cut(plain(value.as_string()), columns);
  return cut(plain(json::dump(value)), columns);
}

std::string relative(Instant at, Instant now) {
  const Duration span = now > at ? now - at : at - now;
  const auto seconds = std::chrono::duration_cast<std::chrono::seconds>(span).count();
  if (seconds == 0) return "now";
  std::string text;
  if (seconds < 120) text = std::to_string(seconds) + " s";
  else if (seconds < 120 * 60) text = std::to_string(seconds / 60) + " min";
  else if (seconds < 48 * 3600) text = std::to_string(seconds / 3600) + " h";
  else text = std::to_string(seconds / 86400) + " days";
  return now > at ? text + " ago" : "in " + text;
}

std::string moment(std::string_view iso, Instant now) {
  const auto at = parse_instant(iso);
  if (!at.ok()) return plain(iso);
  const std::tm then = local_time(*at), today = local_time(now);
  const bool same_day = then.tm_yday == today.tm_yday && then.tm_year == today.tm_year;
  char text[32];
  std::strftime(text, sizeof text, same_day ? "%H:%M:%S" : "%Y-%m-%d %H:%M", &then);
  return std::string(text) + (same_day ? "" : " " + offset_of(then)) + ", " + relative(*at, now);
}

std::string in_local_time(std::string_view text) {
  constexpr std::string_view kZone = " UTC";
  constexpr std::size_t kDigits = 19;  // "2024-05-01 10:00:00"
  std::string out;
  std::size_t taken = 0;
  bool quoted = false;
  for (std::size_t i = 0; i < text.size(); ++i) {
    if (text[i] == '"') quoted = !quoted;
    if (quoted || i < taken + kDigits || text.compare(i, kZone.size(), kZone) != 0) continue;
    std::string iso(text.substr(i - kDigits, kDigits));
    iso[10] = 'T';
    const auto at = parse_instant(iso + "Z");
    if (!at.ok()) continue;
    const std::tm then = local_time(*at);
    char told[32];
    std::strftime(told, sizeof told, "%Y-%m-%d %H:%M:%S ", &then);
    out += std::string(text.substr(taken, i - kDigits - taken)) + told + offset_of(then);
    taken = i + kZone.size();
  }
  return out + std::string(text.substr(taken));
}

Terminal::Terminal(std::FILE* file) : file_(file), is_terminal_(isatty(fileno(file)) != 0) {
  if (!is_terminal_) return;
  const char* no_colour = std::getenv("NO_COLOR");
  const char* term = std::getenv("TERM");
  look_.colours = (no_colour == nullptr || *no_colour == '\0') && (term == nullptr || std::string_view(term) != "dumb");
  look_.width = width_of(file);
}

void Terminal::line(std::string_view text) {
  clear();
  if (!text.empty()) std::fwrite(text.data(), 1, text.size(), file_);
  std::fputc('\n', file_);
}

void Terminal::show(std::string_view text) {
  if (!is_terminal_) return;
  std::fputs("\r\033[K", file_);
  if (!text.empty()) std::fwrite(text.data(), 1, text.size(), file_);
  showing_ = true;
  flush();
}

void Terminal::clear() {
  if (!showing_) return;
  std::fputs("\r\033[K", file_);
  showing_ = false;
}

}  // namespace tidewire::cli
