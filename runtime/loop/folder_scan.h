// folder_scan.h — what a folder holds now, as far as a watch is concerned.
#pragma once

#include <cstdint>
#include <map>
#include <set>
#include <string>
#include <vector>

namespace tidewire::loop {

/// Enough to notice any change: a rename over a file changes its inode, a write its times.
struct FileMark {
  std::int64_t modified_ns = 0;
  std::int64_t changed_ns = 0;
  std::uint64_t inode = 0;
  std::uint64_t size = 0;
  friend bool operator==(const FileMark&, const FileMark&) = default;
};

struct FolderScan {
  std::map<std::string, FileMark> files;  // by path relative to the root
  std::set<std::string> folders;          // "" is the root
  bool links = false;                     // a file is a symbolic link: what is written where it leads makes no event here
};

/// Follows symbolic links to files, not to folders (they may form a ring). At most 10 000 entries, 16 levels.
FolderScan scan_folder(const std::string& root, const std::set<std::string>& ignore);

/// New, changed and deleted files, sorted.
std::vector<std::string> changed_files(const FolderScan& before, const FolderScan& after);

}  // namespace tidewire::loop
