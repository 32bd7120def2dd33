#include "loop/folder_scan.h"

#include <memory>
#include <string_view>

#include <dirent.h>
#include <fcntl.h>
#include <sys/stat.h>

namespace tidewire::loop {

namespace {

constexpr std::size_t kMostEntries = 10'000;
constexpr int kDeepest = 16;

bool is_editor_leftover(std::string_view name) {
  return name.ends_with('~') || name.ends_with(".swp") || name.ends_with(".tmp") || name.front() == '#';
}

bool is_looked_at(std::string_view name) {
  if (name.front() == '.') return name.starts_with(".env") && !is_editor_leftover(name);
  return !is_editor_leftover(name);
}

std::int64_t nanoseconds(const timespec& time) { return std::int64_t{time.tv_sec} * 1'000'000'000 + time.tv_nsec; }

FileMark mark_of(const struct stat& found) {
  return {nanoseconds(found.st_mtim), nanoseconds(found.st_ctim), found.st_ino,
          static_cast<std::uint64_t>(found.st_size)};
}

class Scanner {
 public:
  Scanner(const std::string& root, const std::set<std::string>& ignore) : root_(root), ignore_(ignore) {}

  void visit(const std::string& folder, int depth) {
    const std::string path = folder.empty() ? root_ : root_ + "/" + folder;
    const std::unique_ptr<DIR, int (*)(DIR*)> directory(opendir(path.c_str()), &closedir);
    if (!directory) return;
    scan_.folders.insert(folder);
    while (const dirent* entry = readdir(directory.get())) {
      if (scan_.files.size() + scan_.folders.size() >= kMostEntries) return;
      const std::string name = entry->d_name;
      if (!is_looked_at(name) || (depth == 0 && ignore_.contains(name))) continue;
      visit_entry(dirfd(directory.get()), name, folder.empty() ? name : folder + "/" + name, depth);
    }
  }

  FolderScan take() { return std::move(scan_); }

 private:
  void visit_entry(int directory, const std::string& name, const std::string& relative, int depth) {
    struct stat found {};
    if (fstatat(directory, name.c_str(), &found, AT_SYMLINK_NOFOLLOW) != 0) return;
    if (S_ISDIR(found.st_mode)) {
      if (depth < kDeepest) visit(relative, depth + 1);
      return;
    }
    const bool linked = S_ISLNK(found.st_mode);
    if (linked && fstatat(directory, name.c_str(), &found, 0) != 0) return;
    if (!S_ISREG(found.st_mode)) return;
    scan_.links = scan_.links || linked;
    scan_.files.emplace(relative, mark_of(found));
  }

  const std::string& root_;
  const std::set<std::string>& ignore_;
  FolderScan scan_;
};

}  // namespace

FolderScan scan_folder(const std::string& root, const std::set<std::string>& ignore) {
  Scanner scanner(root, ignore);
  scanner.visit("", 0);
  return scanner.take();
}

std::vector<std::string> changed_files(const FolderScan& before, const FolderScan& after) {
  std::vector<std::string> changed;
  auto old = before.files.begin();
  auto now = after.files.begin();
  while (old != before.files.end() || now != after.files.end()) {
    if (now == after.files.end() || (old != before.files.end() && old->first < now->first)) {
      changed.push_back((old++)->first);
    } else if (old == before.files.end() || now->first < old->first) {
      changed.push_back((now++)->first);
    } else {
      if (!(old->second == now->second)) changed.push_back(now->first);
      ++old, ++now;
    }
  }
  return changed;
}

}  // namespace tidewire::loop
