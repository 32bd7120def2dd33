#include "admin/redaction.h"

#include <algorithm>
#include <string_view>

#include "base/json.h"

namespace tidewire::admin {
namespace {

constexpr std::string_view kNames[] = {"id", "key", "left_key", "right_key", "mapping", "connection", "collection", "name", "kind", "role", "state", "status", "side", "file", "hash", "version", "next", "at"};

bool names_something(std::string_view member) { return std::find(std::begin(kNames), std::end(kNames), member) != std::end(kNames); }

}  // namespace

Value without_secrets(const Control& control, Value value, bool source) {
  if (value.is_string()) return control.redacted(value.as_string());
  if (value.is_array()) {
    for (Value& item : value.as_array()) item = without_secrets(control, std::move(item), source);
  } else if (value.is_object()) {
    for (auto& [name, member] : value.as_object()) {
      const bool as_it_is = member.is_string() && (names_something(name) || (source && name == "source"));
      if (!as_it_is) member = without_secrets(control, std::move(member), source);
    }
  }
  return value;
}

std::string without_secrets(const Control& control, std::string body, bool source) {
  std::string marked = control.redacted(body);
  if (marked == body) return body;
  auto value = json::parse(body);
  return value.ok() ? json::dump(without_secrets(control, std::move(*value), source)) : marked;
}

Result<void> refuse_marks(const Control& control, const std::string& body) {
  const auto mark = control.mark_in(body);
  if (!mark) return {};
  return make_error(Code::kInvalid, "the body holds " + *mark + ", which stands where an answer hid a secret", "put there what is meant; a script may be edited in its file as well");
}

}  // namespace tidewire::admin
