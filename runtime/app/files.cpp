#include "app/files.h"

#include <algorithm>
#include <filesystem>
#include <fstream>
#include <set>
#include <sstream>

#include "base/embedded.h"

namespace tidewire::app {

std::optional<std::string> read_file(const std::string& path) {
  std::error_code bad;
  if (!std::filesystem::is_regular_file(path, bad)) return std::nullopt;
  std::ifstream in(path, std::ios::binary);
  if (!in) return std::nullopt;
  std::ostringstream text;
  text << in.rdbuf();
  return std::move(text).str();
}

std::optional<script::Sources::File> ScriptFiles::at(const std::string& path) const {
  for (const std::string& root : {project_, scripts_}) {
    if (root.empty()) continue;
    if (auto text = read_file(root + "/" + path)) return File{path, std::move(*text)};
  }
  if (const EmbeddedFile* file = embedded_file(path)) return File{path, file->text()};
  return std::nullopt;
}

std::optional<script::Sources::File> ScriptFiles::find(const std::string& module) {
  if (module.empty() || module.find("..") != std::string::npos || module.find('/') != std::string::npos) return std::nullopt;
  std::string path = module;
  std::replace(path.begin(), path.end(), '.', '/');
  return at(path + ".lua");
}

std::vector<std::string> script_names_in(const std::string& folder) {
  std::vector<std::string> names;
  std::error_code bad;
  for (const auto& entry : std::filesystem::directory_iterator(folder, bad)) {
    const auto& path = entry.path();
    if (path.extension() == ".lua" && path.filename().string().front() != '.') names.push_back(path.stem().string());
  }
  std::sort(names.begin(), names.end());
  return names;
}

std::vector<std::string> connector_kinds(const std::string& project, const std::string& scripts) {
  std::set<std::string> kinds;
  for (const std::string& root : {project, scripts}) {
    if (root.empty()) continue;
    for (std::string& name : script_names_in(root + "/connectors")) kinds.insert(std::move(name));
  }
  for (const EmbeddedFile& file : embedded_files()) {
    const std::string path(file.path);
    if (path.rfind("connectors/", 0) != 0 || path.find('/', 11) != std::string::npos || !path.ends_with(".lua")) continue;
    kinds.insert(path.substr(11, path.size() - 15));
  }
  return {kinds.begin(), kinds.end()};
}

}  // namespace tidewire::app
