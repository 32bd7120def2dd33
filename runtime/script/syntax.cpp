#include "script/syntax.h"

#include <algorithm>
#include <charconv>
#include <vector>

#include "base/text.h"

namespace tidewire::script {
namespace {

constexpr std::string_view kCurly[] = {"\u201c", "\u201d", "\u201e", "\u2018", "\u2019"};

bool is_letter(char c) { return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '_'; }

std::vector<std::string_view> lines_of(std::string_view text) {
  std::vector<std::string_view> lines;
  for (std::size_t from = 0; from <= text.size();) {
    const std::size_t end = std::min(text.find('\n', from), text.size());
    lines.push_back(text.substr(from, end - from));
    from = end + 1;
  }
  return lines;
}

/// Of "path:5: what", 0 where there is none.
std::size_t line_in(std::string_view message) {
  std::size_t line = 0;
  for (std::size_t at = message.find(':'); at != std::string_view::npos && line == 0; at = message.find(':', at + 1)) {
    const auto read = std::from_chars(message.data() + at + 1, message.data() + message.size(), line);
    if (read.ec != std::errc() || read.ptr == message.data() + message.size() || *read.ptr != ':') line = 0;
  }
  return line;
}

/// Of a line that begins with `name:` or `"name":`, the name.
std::string_view before_colon(std::string_view line) {
  line = trim(line);
  if (line.starts_with('"')) line.remove_prefix(1);
  std::size_t end = 0;
  while (end < line.size() && is_letter(line[end])) ++end;
  std::size_t at = end;
  if (at < line.size() && line[at] == '"') ++at;
  while (at < line.size() && line[at] == ' ') ++at;
  const bool colon = end > 0 && at < line.size() && line[at] == ':' && (at + 1 == line.size() || !is_letter(line[at + 1]));
  return colon ? line.substr(0, end) : std::string_view();
}

bool is_blank(std::string_view line) {
  line = trim(line);
  return line.empty() || line.starts_with("--");
}

/// The token after " near '", "" at the end of the file.
std::string_view stumbled_over(std::string_view message) {
  const std::size_t at = message.rfind(" near '");
  if (at == std::string_view::npos || !message.ends_with('\'')) return {};
  return message.substr(at + 7, message.size() - at - 8);
}

}  // namespace

std::string what_was_meant(std::string_view message, std::string_view text) {
  const auto lines = lines_of(text);
  std::size_t at = line_in(message);
  if (at == 0 || at > lines.size()) return {};
  const std::string_view line = lines[at - 1], token = stumbled_over(message);
  const auto within = [&](std::string_view sign) { return line.find(sign) != std::string_view::npos; };
  if (std::any_of(std::begin(kCurly), std::end(kCurly), within)) return ": write the straight quotes \" and ' in place of the curly ones";
  if (const auto name = before_colon(line); !name.empty()) return ": write '" + std::string(name) + " =' in place of '" + std::string(name) + ":'";
  if (token == "!" && within("!=")) return ": write ~= for what is not equal";
  if (message.find("'}' expected") == std::string_view::npos || token.empty() || token == "<eof>") return {};
  if (token == "=" || !trim(line).starts_with(token)) return ": is a comma missing on line " + std::to_string(at) + (token == "=" ? "?" : " before " + std::string(token) + "?");
  while (at > 1 && is_blank(lines[at - 2])) --at;
  return at > 1 ? ": is a comma missing at the end of line " + std::to_string(at - 1) + "?" : std::string();
}

}  // namespace tidewire::script
