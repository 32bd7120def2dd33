#include <algorithm>

#include "base/json.h"
#include "base/log.h"
#include "base/text.h"

namespace tidewire {
namespace {

std::string percent_encoded(std::string_view text) {
  std::string encoded;
  for (const char c : text) {
    const bool plain = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '-' ||
                       c == '.' || c == '_' || c == '~';
    encoded += plain ? std::string(1, c) : format("%%%02X", static_cast<unsigned>(static_cast<unsigned char>(c)));
  }
  return encoded;
}

std::string json_escaped(const std::string& text) {
  const std::string quoted = json::dump(text);
  return quoted.substr(1, quoted.size() - 2);
}

std::string mark_of(const std::string& name) { return "[secret " + name + "]"; }

}  // namespace

void Redactor::add(std::string name, std::string secret) {
  if (secret.size() < kShortest) return;
  const std::lock_guard lock(mutex_);
  remember(name, percent_encoded(secret));
  remember(name, json_escaped(secret));
  remember(name, std::move(secret));
}

void Redactor::remember(const std::string& name, std::string text) {
  const auto same = [&](const Known& known) { return known.text == text; };
  if (std::any_of(known_.begin(), known_.end(), same)) return;
  const auto shorter = [&](const Known& known) { return known.text.size() < text.size(); };
  const auto place = std::find_if(known_.begin(), known_.end(), shorter);
  known_.insert(place, Known{std::move(text), name});
}

const Redactor::Known* Redactor::standing_at(std::string_view text) const {
  const auto found = std::find_if(known_.begin(), known_.end(), [&](const Known& known) { return text.starts_with(known.text); });
  return found == known_.end() ? nullptr : &*found;
}

std::string Redactor::replaced(std::string_view text) const {
  std::string clean;
  while (!text.empty()) {
    const Known* known = standing_at(text);
    if (known) {
      clean += mark_of(known->name);
      text.remove_prefix(known->text.size());
    } else {
      clean += text.front();
      text.remove_prefix(1);
    }
  }
  return clean;
}

std::string Redactor::apply(std::string_view text) const {
  const std::lock_guard lock(mutex_);
  const auto inside = [&](const Known& known) { return text.find(known.text) != std::string_view::npos; };
  return std::any_of(known_.begin(), known_.end(), inside) ? replaced(text) : std::string(text);
}

Value Redactor::apply_within(Value value) const {
  if (value.is_string()) return apply(value.as_string());
  if (value.is_number()) {
    const std::string text = json::dump(value);
    std::string clean = apply(text);
    return clean == text ? value : Value(std::move(clean));
  }
  if (value.is_array()) {
    for (Value& item : value.as_array()) item = apply_within(std::move(item));
  } else if (value.is_object()) {
    Object clean;
    for (auto& [key, member] : value.as_object()) clean.insert_or_assign(apply(key), apply_within(std::move(member)));
    return clean;
  }
  return value;
}

std::optional<std::string> Redactor::mark_in(std::string_view text) const {
  if (text.find("[secret ") == std::string_view::npos) return std::nullopt;
  const std::lock_guard lock(mutex_);
  const auto found = std::find_if(known_.begin(), known_.end(), [&](const Known& known) { return text.find(mark_of(known.name)) != std::string_view::npos; });
  return found == known_.end() ? std::nullopt : std::optional(mark_of(found->name));
}

}  // namespace tidewire
