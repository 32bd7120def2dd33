#include "cli/query.h"

#include <algorithm>

#include "app/app.h"

namespace tidewire::cli {

Result<std::string> moment_of(const std::string& text, Instant now) {
  if (text.empty()) return text;
  if (const auto at = parse_instant(text); at.ok()) return format_instant(*at);
  if (const auto ago = parse_duration(text); ago.ok()) return format_instant(now - *ago);
  return make_error(Code::kInvalid, "since when? '" + text + "' is no time", "a time such as 2024-05-01T10:00:00Z, or how long ago: 30m, 2h, 1d");
}

std::string segment(const std::string& text) { return http::percent_encode(text); }

Target& Target::add(const std::string& name, const std::string& value) {
  if (value.empty()) return *this;
  text_ += (any_ ? "&" : "?") + name + "=" + http::percent_encode(value);
  any_ = true;
  return *this;
}

std::string job_word(std::string kind) {
  if (kind == "initial_load") return "sync";
  std::replace(kind.begin(), kind.end(), '_', ' ');
  return kind;
}

}  // namespace tidewire::cli
