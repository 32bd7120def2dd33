#include "app/secrets.h"

#include <sys/stat.h>

#include <cstdlib>

#include "app/files.h"
#include "base/text.h"

namespace tidewire::app {

std::vector<std::string> Secrets::load() {
  std::vector<std::string> warnings;
  file_.clear();
  const std::string path = folder_ + "/.env";
  const auto text = read_file(path);
  if (!text) return warnings;
  struct stat info {};
  if (stat(path.c_str(), &info) == 0 && (info.st_mode & 077) != 0) {
    warnings.push_back(".env can be read by other users; mend it with: chmod 600 .env");
  }
  int number = 0;
  for (const std::string& raw : split(*text, '\n')) {
    ++number;
    std::string_view line = trim(raw);
    if (line.empty() || line.front() == '#') continue;
    if (line.rfind("export ", 0) == 0) line = trim(line.substr(7));
    const std::size_t equals = line.find('=');
    if (equals == std::string_view::npos || equals == 0) {
      warnings.push_back(".env:" + std::to_string(number) + ": not NAME=value, left out");
      continue;
    }
    std::string_view value = trim(line.substr(equals + 1));
    const bool quoted = value.size() >= 2 && (value.front() == '"' || value.front() == '\'') && value.back() == value.front();
    if (quoted) value = value.substr(1, value.size() - 2);
    const std::string name(trim(line.substr(0, equals)));
    const bool twice = !file_.insert_or_assign(name, std::string(value)).second;
    if (twice) warnings.push_back(".env:" + std::to_string(number) + ": " + name + " stands there twice, and this line counts");
  }
  for (const auto& [name, value] : file_) {
    if (const auto text = outside(name); text && *text != value) warnings.push_back(name + " is set outside .env too, in $CREDENTIALS_DIRECTORY or the environment of this process, which come first: the line in .env counts for nothing");
  }
  return warnings;
}

std::optional<std::string> Secrets::outside(const std::string& name) const {
  if (const char* folder = std::getenv("CREDENTIALS_DIRECTORY"); folder != nullptr && name.find('/') == std::string::npos) {
    if (auto text = read_file(std::string(folder) + "/" + name)) return std::string(trim(*text));
  }
  if (const char* value = std::getenv(name.c_str()); value != nullptr) return std::string(value);
  return std::nullopt;
}

std::optional<std::string> Secrets::find(const std::string& name) const {
  if (auto text = outside(name)) return text;
  const auto found = file_.find(name);
  if (found == file_.end()) return std::nullopt;
  return found->second;
}

Result<Value> Secrets::resolve(const Value& value, const Texts& drafts) {
  std::map<std::string, Error> missing;
  Value out = filled_in(value, drafts, missing);
  if (missing.empty()) return out;
  std::vector<std::string> what, lines;
  for (const auto& [name, why] : missing) {
    what.push_back(why.message);
    lines.push_back(name + "=...");
  }
  return make_error(Code::kInvalid, join(what, "; "), "put " + join(lines, " and ") + " into .env (mode 600), the environment or $CREDENTIALS_DIRECTORY");
}

Value Secrets::filled_in(const Value& value, const Texts& drafts, std::map<std::string, Error>& missing) {
  if (value.is_array()) {
    Array out;
    for (const Value& item : value.as_array()) out.push_back(filled_in(item, drafts, missing));
    return Value(std::move(out));
  }
  if (!value.is_object()) return value;
  for (const char* marker : {"$secret", "$env"}) {
    const Value* name = value.find(marker);
    if (name == nullptr || !name->is_string()) continue;
    const auto draft = drafts.find(name->as_string());
    const auto text = draft == drafts.end() ? find(name->as_string()) : std::optional(draft->second);
    const bool empty = text && text->empty() && marker[1] == 's';  // as a fresh .env has it
    if (!text || empty) {
      if (const Value* otherwise = value.find("default"); otherwise != nullptr) return *otherwise;
      missing.emplace(name->as_string(), make_error(Code::kInvalid, std::string(marker + 1) + " \"" + name->as_string() + (empty ? "\" is empty" : "\" is set nowhere")));
      return Value();
    }
    if (marker[1] == 's') {
      redactor_.add(name->as_string(), *text);
      if (text->size() < Redactor::kShortest) too_short_.insert(name->as_string());
      else too_short_.erase(name->as_string());
    }
    return Value(*text);
  }
  Object out;
  for (const auto& [key, item] : value.as_object()) {
    out[key] = filled_in(item, drafts, missing);
    const Value* name = item.is_object() ? item.find("$env") : nullptr;
    const bool no_address = key == "url" && name != nullptr && name->is_string() && out[key] == Value("");  // as a fresh .env has it
    if (no_address) missing.emplace(name->as_string(), make_error(Code::kInvalid, "env \"" + name->as_string() + "\" is empty"));
  }
  return Value(std::move(out));
}

}  // namespace tidewire::app
