#include "cli/troubles.h"

#include <algorithm>
#include <optional>
#include <utility>

namespace tidewire::cli {
namespace {

constexpr std::string_view kDigits = "0123456789";

/// " after 3 ms" is the only difference of what libcurl says of two calls to one address.
std::string without_duration(std::string text) {
  constexpr std::string_view kAfter = " after ", kUnit = " ms";
  const std::size_t from = text.find(kAfter);
  if (from == std::string::npos) return text;
  const std::size_t end = text.find_first_not_of(kDigits, from + kAfter.size());
  if (end != std::string::npos && text.compare(end, kUnit.size(), kUnit) == 0) text.erase(from, end + kUnit.size() - from);
  return text;
}

/// The name in "tidewire.lua:5: connection 'app': what is wrong"; "" where it says nothing of one.
std::string connection_in(const std::string& text) {
  constexpr std::string_view kWord = ": connection ";
  const std::size_t at = text.find(kWord);
  if (at == std::string::npos || text.find(' ') < at) return "";
  const std::size_t from = at + kWord.size(), end = text.find(": ", from);
  if (end == std::string::npos) return "";
  const std::string name = text.substr(from, end - from);
  return name.size() > 2 && name.front() == '\'' ? name.substr(1, name.size() - 2) : name;
}

/// What a mapping says of a connection whose own trouble is told (app/preparing.cpp), without that.
std::optional<std::string> without_connection(const std::string& text, const std::set<std::string>& told) {
  for (const std::string& name : told) {
    const std::string broken = "its connection '" + name + "' does not run";
    if (text.starts_with(broken + ": ")) return broken;
    const std::string unknown = "the fields of a collection are not known yet: ";
    if (text.starts_with(unknown + name + ".") || text.starts_with(unknown + "connection " + name + " is ")) return "the fields of its collection are not known before '" + name + "' answers";
  }
  return std::nullopt;
}

}  // namespace

void Troubles::add(std::string where, std::string text, std::string hint) {
  if (!where.empty() && text.starts_with(where + ": ")) text.erase(0, where.size() + 2);
  auto short_text = without_connection(text, told_);
  const bool follows = short_text.has_value();
  if (follows) {
    text = std::move(*short_text);
    hint.clear();
  } else if (!where.empty() && text.starts_with(where + ":")) {
    where.clear();  // it says it itself, with the line
  }
  const std::string words = without_duration(text);
  std::vector<Trouble>& met = follows ? following_ : first_;
  const auto known = std::find_if(met.begin(), met.end(), [&](const Trouble& one) { return one.hint == hint && without_duration(one.text) == words; });
  if (known == met.end()) return met.push_back({{std::move(where)}, std::move(text), std::move(hint), follows});
  if (std::find(known->where.begin(), known->where.end(), where) == known->where.end()) known->where.push_back(std::move(where));
}

std::vector<Trouble> Troubles::all() const {
  std::vector<Trouble> out = first_;
  out.insert(out.end(), following_.begin(), following_.end());
  return out;
}

std::set<std::string> connections_told(const Array& problems) {
  constexpr std::string_view kConnection = "connection ";
  std::set<std::string> names;
  for (const Value& one : problems) {
    const std::string file = one.string_or("file");
    const std::string name = file.starts_with(kConnection) ? file.substr(kConnection.size()) : connection_in(one.string_or("message"));
    if (!name.empty()) names.insert(name);
  }
  return names;
}

}  // namespace tidewire::cli
