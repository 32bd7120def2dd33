#include "app/saving.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cstdio>
#include <filesystem>

#include "app/files.h"
#include "base/hash.h"
#include "store/copy.h"

namespace tidewire::app {
namespace {

bool write_whole(int file, const std::string& text) {
  std::size_t at = 0;
  while (at < text.size()) {
    const ssize_t written = ::write(file, text.data() + at, text.size() - at);
    if (written <= 0) return false;
    at += static_cast<std::size_t>(written);
  }
  return ::fsync(file) == 0;
}

}  // namespace

Result<void> save_file(const std::string& path, const std::string& text, std::optional<mode_t> mode) {
  std::error_code bad;
  const auto real = std::filesystem::weakly_canonical(path, bad);
  const std::filesystem::path target = bad ? std::filesystem::path(path) : real;
  std::filesystem::create_directories(target.parent_path(), bad);
  const std::string part = target.string() + ".new~";
  ::unlink(part.c_str());  // of a crash, perhaps with another mode
  struct stat present {};
  if (!mode && ::stat(target.c_str(), &present) == 0) mode = present.st_mode & 07777;
  const int file = ::open(part.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, mode.value_or(0644));
  if (file < 0) return make_error(Code::kUnavailable, "cannot write " + part, "look at the rights of the project's folder");
  const bool good = (!mode || ::fchmod(file, *mode) == 0) && write_whole(file, text);
  ::close(file);
  if (good && std::rename(part.c_str(), target.c_str()) == 0) return store::sync_folder(target.parent_path().string());
  ::unlink(part.c_str());
  return make_error(Code::kUnavailable, "cannot write " + target.string(), "is the disk full?");
}

Result<void> still_as(const std::string& folder, const std::string& file, const std::string& hash) {
  if (hash.empty() || hash == sha256_hex(read_file(folder + "/" + file).value_or(""))) return {};
  return make_error(Code::kStale, file + " was saved by somebody else meanwhile", "load it again and put your edit into the new text");
}

Result<void> remove_file(const std::string& path) {
  std::error_code bad;
  if (!std::filesystem::remove(path, bad) && !bad) return {};
  if (bad) return make_error(Code::kUnavailable, "cannot remove " + path + ": " + bad.message(), "look at the rights of the project's folder");
  return store::sync_folder(std::filesystem::path(path).parent_path().string());
}

}  // namespace tidewire::app
