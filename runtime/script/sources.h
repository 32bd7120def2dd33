// sources.h — where the texts of modules come from, and what a script was made of.
#pragma once

#include <optional>
#include <string>
#include <vector>

namespace tidewire::script {

/// Finds module texts: first the project's folder, then the scripts override folder, then the binary.
class Sources {
 public:
  virtual ~Sources() = default;
  struct File {
    std::string path;  // as shown in errors: "transforms/phone.lua", "tidewire/mapping.lua"
    std::string text;
  };
  /// `module` with dots ("tidewire.transform", "transforms.phone"); nullopt where no such file is.
  virtual std::optional<File> find(const std::string& module) = 0;
};

/// What a script was made of: the hash over all files that the VM loaded and the host argument's digest.
struct Version {
  std::string hash;                  // hex
  std::vector<Sources::File> files;  // in order of loading, main first
};

}  // namespace tidewire::script
