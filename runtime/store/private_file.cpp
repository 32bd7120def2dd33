#include "store/private_file.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <initializer_list>

namespace tidewire::store {

Result<void> make_private(const std::string& path) {
  const int file = ::open(path.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
  if (file < 0) return make_error(Code::kUnavailable, "cannot make " + path, "look at the rights of its folder, and whether the disk is full");
  ::close(file);
  return {};
}

/// By its path alone: closing a descriptor of a file drops the locks that this process has on it through SQLite.
void keep_private(const std::string& path) {
  for (const char* part : {"", "-wal", "-shm"}) {
    const std::string name = path + part;
    struct stat about {};
    if (::stat(name.c_str(), &about) != 0) {
      if (*part == '\0') (void)make_private(name);
      continue;
    }
    const bool open_to_all = (about.st_mode & S_IRWXO) != 0;
    if (S_ISREG(about.st_mode) && about.st_uid == ::geteuid() && open_to_all) (void)::chmod(name.c_str(), 0600);
  }
}

}  // namespace tidewire::store
