#include "base/value.h"

#include <charconv>
#include <limits>
#include <optional>

#include "base/result.h"

namespace tidewire {
namespace {

std::optional<std::size_t> array_index(std::string_view step) {
  std::size_t index = 0;
  const auto [end, failed] = std::from_chars(step.data(), step.data() + step.size(), index);
  if (failed != std::errc() || end != step.data() + step.size()) return std::nullopt;
  return index;
}

/// Takes the first step off a dotted path.
std::string_view next_step(std::string_view& path, bool& last) {
  const std::size_t dot = path.find('.');
  const std::string_view step = path.substr(0, dot);
  last = dot == std::string_view::npos;
  if (!last) path.remove_prefix(dot + 1);
  return step;
}

Value& step_into(Value& at, std::string_view step) {
  if (at.is_array()) {
    Array& items = at.as_array();
    const auto index = array_index(step);
    if (index && *index < items.size()) return items[*index];
    if (index && *index == items.size()) return items.emplace_back();
  }
  if (!at.is_object()) at = Object{};
  return at[step];
}

}  // namespace

Value::Value(std::uint64_t value) {
  if (value <= static_cast<std::uint64_t>(std::numeric_limits<std::int64_t>::max())) {
    data_ = static_cast<std::int64_t>(value);
  } else {
    data_ = DecimalText{std::to_string(value)};
  }
}

const Value* Value::find(std::string_view key) const {
  const Object* members = std::get_if<Object>(&data_);
  if (!members) return nullptr;
  const auto at = members->find(key);
  return at == members->end() ? nullptr : &at->second;
}

Value* Value::find(std::string_view key) { return const_cast<Value*>(std::as_const(*this).find(key)); }

const Value* Value::at_path(std::string_view path) const {
  const Value* at = this;
  for (bool last = false; at && !last;) {
    const std::string_view step = next_step(path, last);
    if (at->is_array()) {
      const auto index = array_index(step);
      at = index && *index < at->as_array().size() ? &at->as_array()[*index] : nullptr;
    } else {
      at = at->find(step);
    }
  }
  return at;
}

void Value::set_path(std::string_view path, Value value) {
  Value* at = this;
  for (bool last = false; !last;) {
    const std::string_view step = next_step(path, last);
    at = &step_into(*at, step);
  }
  *at = std::move(value);
}

bool Value::takes_path(std::string_view path) const {
  const Value* at = this;
  for (bool last = false; !last;) {
    if (at == nullptr || at->is_null() || (at->is_string() && at->as_string().empty())) return true;
    const std::string_view step = next_step(path, last);
    if (at->is_object()) {
      at = at->find(step);
      continue;
    }
    const auto index = at->is_array() ? array_index(step) : std::nullopt;
    if (!index || *index > at->as_array().size()) return false;
    at = *index < at->as_array().size() ? &at->as_array()[*index] : nullptr;
  }
  return true;
}

Value& Value::operator[](std::string_view key) {
  if (is_null()) data_ = Object{};
  ASSERT(is_object(), "only an object has members");
  Object& members = as_object();
  const auto at = members.lower_bound(key);
  if (at != members.end() && at->first == key) return at->second;
  return members.emplace_hint(at, std::string(key), Value())->second;
}

std::string Value::string_or(std::string_view key, std::string_view otherwise) const {
  const Value* member = find(key);
  return member && member->is_string() ? member->as_string() : std::string(otherwise);
}

std::int64_t Value::int_or(std::string_view key, std::int64_t otherwise) const {
  const Value* member = find(key);
  return member && member->is_int() ? member->as_int() : otherwise;
}

bool Value::bool_or(std::string_view key, bool otherwise) const {
  const Value* member = find(key);
  return member && member->is_bool() ? member->as_bool() : otherwise;
}

}  // namespace tidewire
