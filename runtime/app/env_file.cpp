#include "app/env_file.h"

#include <vector>

#include "app/files.h"
#include "app/saving.h"
#include "base/text.h"

namespace tidewire::app {
namespace {

/// As Secrets::load reads it: "" where the line names nothing.
std::string name_on(const std::string& raw) {
  std::string_view line = trim(raw);
  if (line.empty() || line.front() == '#') return "";
  if (line.rfind("export ", 0) == 0) line = trim(line.substr(7));
  const std::size_t equals = line.find('=');
  return equals == std::string_view::npos ? "" : std::string(trim(line.substr(0, equals)));
}

/// Quotes keep blanks and quotes at its ends; within them nothing is special.
std::string line_of(const std::string& name, const std::string& value) {
  const bool plain = trim(value) == value && (value.empty() || (value.front() != '"' && value.front() != '\''));
  return name + "=" + (plain ? value : "\"" + value + "\"");
}

}  // namespace

Result<std::string> with_variables(const std::string& text, const std::map<std::string, std::optional<std::string>>& values) {
  for (const auto& [name, value] : values) {
    const bool one_line = !value || value->find_first_of(std::string("\n\r\0", 3)) == std::string::npos;
    if (!one_line) return make_error(Code::kInvalid, "the value of " + name + " has more than one line", "a secret in .env is one line");
  }
  std::vector<std::string> lines;
  auto left = values;
  std::vector<std::string> present = split(text, '\n');
  if (!present.empty() && present.back().empty()) present.pop_back();
  for (const std::string& line : present) {
    const auto wanted = values.find(name_on(line));
    if (wanted == values.end()) {
      lines.push_back(line);
    } else if (wanted->second && left.erase(wanted->first) > 0) {
      lines.push_back(line_of(wanted->first, *wanted->second));
    }
  }
  for (const auto& [name, value] : left) {
    if (value) lines.push_back(line_of(name, *value));
  }
  std::string out = join(lines, "\n");
  if (!out.empty()) out += '\n';
  return out;
}

Result<void> save_variables(const std::string& folder, const std::map<std::string, std::optional<std::string>>& values) {
  if (values.empty()) return {};
  const std::string path = folder + "/.env";
  return save_file(path, TRY(with_variables(read_file(path).value_or(""), values)), 0600);
}

}  // namespace tidewire::app
