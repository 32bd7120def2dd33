// temp_dir.h — a folder of its own for a test, gone with the object.
#pragma once

#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <string>
#include <string_view>

#include "base/result.h"

namespace tidewire::test {

class TempDir {
 public:
  TempDir() {
    std::string pattern = (std::filesystem::temp_directory_path() / "tidewire-test-").string() + std::string(6, 'X');  // mkdtemp's pattern
    const char* made = ::mkdtemp(pattern.data());
    ASSERT(made, "a test can make a folder");
    path_ = pattern;
  }
  ~TempDir() {
    std::error_code ignored;
    std::filesystem::remove_all(path_, ignored);
  }
  TempDir(const TempDir&) = delete;
  TempDir& operator=(const TempDir&) = delete;

  const std::filesystem::path& path() const { return path_; }
  /// The full path of `name` in it.
  std::string file(std::string_view name) const { return (path_ / name).string(); }

  /// Writes a file, making the folders on the way, and returns its full path.
  std::string write(std::string_view name, std::string_view text) const {
    const std::string full = file(name);
    std::filesystem::create_directories(std::filesystem::path(full).parent_path());
    std::ofstream(full, std::ios::binary | std::ios::trunc) << text;
    return full;
  }

  /// The content of a file; empty when there is none.
  std::string read(std::string_view name) const {
    std::ifstream stream(file(name), std::ios::binary);
    return {std::istreambuf_iterator<char>(stream), std::istreambuf_iterator<char>()};
  }

 private:
  std::filesystem::path path_;
};

}  // namespace tidewire::test
