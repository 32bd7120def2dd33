#include "admin/schema.h"

#include <algorithm>

#include "base/embedded.h"
#include "base/json.h"
#include "base/text.h"

namespace tidewire::admin {
namespace {

constexpr std::string_view kReference = "#/components/schemas/";

std::vector<std::string> texts(const Value* list) {
  std::vector<std::string> out;
  if (list == nullptr) return out;
  if (list->is_string()) return {list->as_string()};
  for (const Value& one : list->as_array()) out.push_back(one.is_string() ? one.as_string() : json::dump(one));
  return out;
}

bool is_type(const Value& value, const std::string& type) {
  if (type == "null") return value.is_null();
  if (type == "boolean") return value.is_bool();
  if (type == "integer") return value.is_int();
  if (type == "number") return value.is_number();
  if (type == "string") return value.is_string();
  if (type == "array") return value.is_array();
  return type == "object" && value.is_object();
}

std::string in_words(const std::vector<std::string>& types) {
  std::vector<std::string> words;
  for (const std::string& type : types) {
    if (type == "null") continue;
    words.push_back(type == "boolean" ? "true or false" : (type == "integer" ? "a whole number" : (type == "string" ? "a text" : (type == "array" ? "a list" : (type == "object" ? "an object" : "a " + type)))));
  }
  return join(words, " or ");
}

/// "'limit'" within a body, "the body" of it all.
std::string place(const std::string& path) { return path.empty() ? "the body" : "'" + path + "'"; }

Error wrong(const std::string& path, const std::string& wanted) { return make_error(Code::kInvalid, place(path) + " must be " + wanted); }

Result<void> check_at(const Value& value, const Value& schema, const std::string& path);

Result<void> check_bounds(const Value& value, const Value& schema, const std::string& path) {
  if (value.is_int()) {
    if (value.as_int() < schema.int_or("minimum", INT64_MIN)) return wrong(path, "at least " + std::to_string(schema.int_or("minimum", 0)));
    if (value.as_int() > schema.int_or("maximum", INT64_MAX)) return wrong(path, "at most " + std::to_string(schema.int_or("maximum", 0)));
  }
  if (!value.is_string()) return {};
  const auto length = static_cast<std::int64_t>(code_points(value.as_string()));
  if (length < schema.int_or("minLength", 0)) return wrong(path, schema.int_or("minLength", 0) == 1 ? "a text that is not empty" : "at least " + std::to_string(schema.int_or("minLength", 0)) + " characters long");
  if (length > schema.int_or("maxLength", INT64_MAX)) return wrong(path, "at most " + std::to_string(schema.int_or("maxLength", 0)) + " characters long");
  return {};
}

std::vector<std::string> member_names(const Value& schema) {
  std::vector<std::string> names;
  if (const Value* properties = schema.find("properties")) {
    for (const auto& [name, unused] : properties->as_object()) names.push_back(name);
  }
  return names;
}

/// For a hint.
std::string known_keys(const Value& schema) {
  const auto names = member_names(schema);
  return names.empty() ? "it takes no keys" : "its keys are: " + join(names, ", ");
}

Error unknown_member(const std::string& name, const Value& schema) { return make_error(Code::kInvalid, "unknown key '" + name + "'" + suggestion(name, member_names(schema)), known_keys(schema)); }

/// "dryRun" and "dry-run" as "dry_run".
std::string bare_word(const std::string& name) {
  std::string out = lower_ascii(name);
  std::erase_if(out, [](char c) { return c == '_' || c == '-'; });
  return out;
}

Result<void> check_members(const Value& value, const Value& schema, const std::string& path) {
  for (const std::string& name : texts(schema.find("required"))) {
    if (value.find(name) == nullptr) return make_error(Code::kInvalid, "'" + (path.empty() ? name : path + "." + name) + "' is missing", known_keys(schema));
  }
  const Value* properties = schema.find("properties");
  const bool closed = !schema.bool_or("additionalProperties", true);
  for (const auto& [name, member] : value.as_object()) {
    const Value* known = properties == nullptr ? nullptr : properties->find(name);
    if (known == nullptr && closed) return unknown_member(name, schema);
    if (known != nullptr) TRY(check_at(member, *known, path.empty() ? name : path + "." + name));
  }
  return {};
}

Result<void> check_any(const Value& value, const Value& choices, const std::string& path) {
  Result<void> last;
  for (const Value& choice : choices.as_array()) {
    last = check_at(value, choice, path);
    if (last.ok()) return {};
  }
  return last;
}

Result<void> check_at(const Value& value, const Value& schema, const std::string& path) {
  if (const std::string reference = schema.string_or("$ref"); !reference.empty()) {
    const Value* named = schemas().find(reference.substr(kReference.size()));
    ASSERT(named != nullptr, "a schema refers to one that is there");
    return check_at(value, *named, path);
  }
  if (const Value* choices = schema.find("anyOf")) return check_any(value, *choices, path);
  if (const auto types = texts(schema.find("type")); !types.empty()) {
    if (std::none_of(types.begin(), types.end(), [&](const std::string& type) { return is_type(value, type); })) {
      return wrong(path, path.empty() ? "a JSON object" : in_words(types));
    }
  }
  if (const Value* allowed = schema.find("enum")) {
    const auto& list = allowed->as_array();
    if (std::find(list.begin(), list.end(), value) == list.end()) {
      const auto words = texts(allowed);
      return make_error(Code::kInvalid, place(path) + " must be one of " + join(words, ", ") + (value.is_string() ? suggestion(value.as_string(), words) : ""));
    }
  }
  TRY(check_bounds(value, schema, path));
  if (value.is_object()) TRY(check_members(value, schema, path));
  const Value* items = schema.find("items");
  if (value.is_array() && items != nullptr) {
    for (std::size_t i = 0; i < value.as_array().size(); ++i) TRY(check_at(value.as_array()[i], *items, path + "[" + std::to_string(i) + "]"));
  }
  return {};
}

}  // namespace

const Value& schemas() {
  static const Value all = [] {
    const EmbeddedFile* file = embedded_file("admin/schemas.json");
    ASSERT(file != nullptr, "schemas.json is part of the binary");
    auto read = json::parse(file->text());
    ASSERT(read.ok() && read->is_object(), "schemas.json is a JSON object");
    return std::move(*read);
  }();
  return all;
}

Result<Value> known_members(Value body, const std::string& schema_name) {
  const Value* schema = schemas().find(schema_name);
  ASSERT(schema != nullptr, "a route names a schema that is there");
  if (!body.is_object() || schema->bool_or("additionalProperties", true)) return body;
  const std::vector<std::string> names = member_names(*schema);
  Object known;
  for (auto& [name, member] : body.as_object()) {
    if (std::find(names.begin(), names.end(), name) != names.end()) known[name] = std::move(member);
    else if (std::any_of(names.begin(), names.end(), [&, &sent = name](const std::string& one) { return bare_word(one) == bare_word(sent); })) return unknown_member(name, *schema);
  }
  return Value(std::move(known));
}

Result<void> check_shape(const Value& value, const std::string& schema_name) {
  const Value* schema = schemas().find(schema_name);
  ASSERT(schema != nullptr, "a route names a schema that is there");
  return check_at(value, *schema, "");
}

}  // namespace tidewire::admin
