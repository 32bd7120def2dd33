// files.h — where a script's text comes from: the project, the scripts folder, the binary.
#pragma once

#include <map>
#include <optional>
#include <string>
#include <vector>

#include "base/result.h"
#include "script/script.h"

namespace tidewire::app {

/// Reads a whole file; nullopt where there is none or it cannot be read.
std::optional<std::string> read_file(const std::string& path);

/// Modules by name ("tidewire.transform" -> "tidewire/transform.lua"), first found wins: the project's folder, then
/// the scripts folder of the command line, then the binary.
class ScriptFiles final : public script::Sources {
 public:
  ScriptFiles(std::string project, std::string scripts) : project_(std::move(project)), scripts_(std::move(scripts)) {}
  std::optional<File> find(const std::string& module) override;
  /// By path ("connectors/frappe.lua").
  std::optional<File> at(const std::string& path) const;

 private:
  std::string project_, scripts_;
};

/// Names of the .lua files directly in `folder`, without ending, sorted; none where it is missing.
std::vector<std::string> script_names_in(const std::string& folder);
/// Kinds of connectors that can be loaded: the project's own and the shipped ones.
std::vector<std::string> connector_kinds(const std::string& project, const std::string& scripts);

}  // namespace tidewire::app
