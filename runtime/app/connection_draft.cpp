#include "app/connection_draft.h"

#include <algorithm>
#include <array>
#include <cctype>
#include <charconv>

#include "base/text.h"

namespace tidewire::app {
namespace {

constexpr std::array kAddress{"url", "host", "port", "socket"};
constexpr std::size_t kLongestPath = 200;  // of a secret: each of its steps is a call

const Value* marker_of(const Value& value) {
  const Value* name = value.is_object() ? value.find("$secret") : nullptr;
  return name != nullptr && name->is_string() ? name : nullptr;
}

void gather(const Value& value, const std::string& path, std::vector<NamedSecret>& found) {
  if (const Value* name = marker_of(value)) return found.push_back({path, name->as_string()});
  const auto below = [&](const std::string& step) { return path.empty() ? step : path + "." + step; };
  if (value.is_object()) {
    for (const auto& [name, member] : value.as_object()) gather(member, below(name), found);
  } else if (value.is_array()) {
    for (std::size_t i = 0; i < value.as_array().size(); ++i) gather(value.as_array()[i], below(std::to_string(i)), found);
  }
}

/// A number of the path is a place in a list; all else makes objects on the way.
void put_at(Value& at, const std::vector<std::string>& steps, std::size_t step, Value value) {
  const std::string& name = steps[step];
  std::size_t index = 0;
  const bool number = std::from_chars(name.data(), name.data() + name.size(), index).ptr == name.data() + name.size();
  if (number && at.is_null()) at = Value(Array{});
  if (!at.is_array() && !at.is_object()) at = Value(Object{});
  if (at.is_array() && index >= at.as_array().size()) {
    at.as_array().emplace_back();
    index = at.as_array().size() - 1;
  }
  Value& place = at.is_array() ? at.as_array()[index] : at[name];
  if (step + 1 == steps.size()) place = std::move(value);
  else put_at(place, steps, step + 1, std::move(value));
}

std::string variable_for(const std::string& connection, const std::string& path, const std::set<std::string>& taken) {
  std::string name;
  for (const char c : connection + "_" + path) name += std::isalnum(static_cast<unsigned char>(c)) ? static_cast<char>(std::toupper(static_cast<unsigned char>(c))) : '_';
  std::string free = name;
  for (int i = 2; taken.contains(free); ++i) free = name + "_" + std::to_string(i);
  return free;
}

/// In a table of options (`auth`, `webhook`) nobody declares which member is one.
bool sounds_secret(const std::string& name) {
  static constexpr std::array kWords{"secret", "password", "passwd", "token", "bearer", "api_key", "apikey"};
  const std::string low = lower_ascii(name);
  return std::any_of(kWords.begin(), kWords.end(), [&](const char* word) { return low.find(word) != std::string::npos; });
}

/// By its name a variable would be sent wherever the form says. One that a person wrote into the file stays where it is.
Result<void> refuse_new_variables(const Value& value, const Value* present, const std::string& path) {
  if (present != nullptr && value == *present) return {};
  const auto below = [&](const std::string& step) { return path.empty() ? step : path + "." + step; };
  if (value.is_array()) {
    for (std::size_t i = 0; i < value.as_array().size(); ++i) {
      const bool had = present != nullptr && present->is_array() && i < present->as_array().size();
      TRY(refuse_new_variables(value.as_array()[i], had ? &present->as_array()[i] : nullptr, below(std::to_string(i))));
    }
  }
  if (!value.is_object()) return {};
  if (value.find("$env") != nullptr) return make_error(Code::kInvalid, "'" + path + "' names a variable, which a form cannot", "write its text here; env \"X\" stands in files that people edit");
  for (const auto& [name, member] : value.as_object()) {
    TRY(refuse_new_variables(member, present != nullptr && present->is_object() ? present->find(name) : nullptr, below(name)));
  }
  return {};
}

Result<void> refuse_plain_secrets(const Value& value, const std::string& path, bool nested) {
  if (value.is_array()) {
    for (std::size_t i = 0; i < value.as_array().size(); ++i) TRY(refuse_plain_secrets(value.as_array()[i], path + "." + std::to_string(i), true));
  }
  if (!value.is_object()) return {};
  for (const auto& [name, member] : value.as_object()) {
    const std::string below = path.empty() ? name : path + "." + name;
    if (name == "$secret" || (nested && sounds_secret(name) && member.is_string())) {
      return make_error(Code::kInvalid, "'" + (name == "$secret" ? path : below) + "' looks like a secret and stands among the options", "give it in `secrets` by its path; it is written to .env and never read back");
    }
    TRY(refuse_plain_secrets(member, below, true));
  }
  return {};
}

/// What of a value is no secret; nullopt where it is one whole.
std::optional<Value> rest_of(const Value& value) {
  if (marker_of(value) != nullptr) return std::nullopt;
  if (value.is_object()) {
    Object rest;
    for (const auto& [name, member] : value.as_object()) {
      if (auto one = rest_of(member)) rest[name] = std::move(*one);
    }
    if (rest.empty() && !value.as_object().empty()) return std::nullopt;
    return Value(std::move(rest));
  }
  if (!value.is_array()) return value;
  Array rest;
  for (const Value& item : value.as_array()) {
    if (auto one = rest_of(item)) rest.push_back(std::move(*one));
  }
  if (rest.empty() && !value.as_array().empty()) return std::nullopt;
  return Value(std::move(rest));
}

const Value* rule_of(const Value& declared, const std::string& option) {
  const Value* options = declared.find("options");
  if (options == nullptr || !options->is_array()) return nullptr;
  const auto found = std::find_if(options->as_array().begin(), options->as_array().end(), [&](const Value& one) { return one.string_or("name") == option; });
  return found == options->as_array().end() ? nullptr : &*found;
}

/// Where a connection goes to, at the top (`url`) and within tables (`auth.oauth.url`, `tables.host`).
void gather_addresses(const Value& value, const std::string& path, std::map<std::string, Value>& found) {
  if (value.is_array()) {
    for (std::size_t i = 0; i < value.as_array().size(); ++i) gather_addresses(value.as_array()[i], path + std::to_string(i) + ".", found);
  }
  if (!value.is_object()) return;
  for (const auto& [name, member] : value.as_object()) {
    const bool address = std::find(kAddress.begin(), kAddress.end(), name) != kAddress.end() && marker_of(member) == nullptr && !member.is_null();
    if (address) found[path + name] = member;
    else gather_addresses(member, path + name + ".", found);
  }
}

std::map<std::string, Value> addresses_in(const Value& config) {
  std::map<std::string, Value> found;
  gather_addresses(config, "", found);
  return found;
}

/// A key that was typed for one system is not sent to another because somebody changed its address.
Result<void> check_address(const ConnectionConfig& present, const ConnectionConfig& made, const Value& given) {
  if (present.kind == made.kind && addresses_in(present.config) == addresses_in(made.config)) return {};
  for (const NamedSecret& secret : secrets_in(made.config)) {
    if (given.find(secret.path) == nullptr) return make_error(Code::kInvalid, "the address changes, and '" + secret.path + "' is not given anew", "a stored secret is not sent to another address: type it again");
  }
  return {};
}

}  // namespace

std::vector<NamedSecret> secrets_in(const Value& config) {
  std::vector<NamedSecret> found;
  gather(config, "", found);
  return found;
}

Value without_secrets(const Value& config) { return rest_of(config).value_or(Value(Object{})); }

Result<MadeConnection> made_from(const admin::ConnectionDraft& draft, const ConnectionConfig* present, const Value& declared, const std::set<std::string>& taken) {
  MadeConnection made;
  made.connection.kind = draft.kind;
  if (draft.options) TRY(refuse_plain_secrets(*draft.options, "", false));
  if (draft.options) TRY(refuse_new_variables(*draft.options, present == nullptr ? nullptr : &present->config, ""));
  for (const auto& [name, value] : draft.options ? draft.options->as_object() : Object{}) {
    const Value* rule = rule_of(declared, name);
    if (rule != nullptr && rule->bool_or("secret", false)) return make_error(Code::kInvalid, "'" + name + "' is a secret and stands among the options", "give it in `secrets`; it is written to .env and never read back");
  }
  Value config = draft.options ? *draft.options : (present != nullptr ? without_secrets(present->config) : Value(Object{}));
  std::map<std::string, std::string> variables;
  if (present != nullptr && present->kind == draft.kind) {
    for (const NamedSecret& secret : secrets_in(present->config)) variables[secret.path] = secret.variable;
  }
  std::set<std::string> used = taken;
  for (const auto& [path, variable] : variables) used.insert(variable);
  for (const auto& [path, value] : draft.secrets.as_object()) {
    if (path.empty() || path.size() > kLongestPath || path.find("..") != std::string::npos || path.front() == '.' || path.back() == '.') return make_error(Code::kInvalid, "'" + shortened(path, kLongestPath) + "' is no path of an option", "such as api_key or webhook.secret");
    if (!value.is_string() && !value.is_null()) return make_error(Code::kInvalid, "the secret '" + path + "' must be a text, or null to take it away");
    const bool gone = value.is_null() || value.as_string().empty();
    auto known = variables.find(path);
    if (gone) {
      if (known != variables.end()) {
        made.variables[known->second] = std::nullopt;
        variables.erase(known);
      }
      continue;
    }
    if (known == variables.end()) {
      known = variables.emplace(path, variable_for(draft.name, path, used)).first;
      used.insert(known->second);
    }
    made.variables[known->second] = value.as_string();
  }
  for (const auto& [path, variable] : variables) put_at(config, split(path, '.'), 0, Value(Object{{"$secret", variable}}));
  made.connection.config = std::move(config);
  if (present != nullptr) TRY(check_address(*present, made.connection, draft.secrets));
  return made;
}

}  // namespace tidewire::app
