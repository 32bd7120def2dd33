#include "store/lock.h"

#include <array>
#include <cerrno>
#include <cstring>
#include <thread>

#include <fcntl.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <sys/vfs.h>
#include <unistd.h>

namespace tidewire::store {
namespace {

constexpr Duration kBetweenTries = std::chrono::milliseconds(20);

struct FileSystem {
  unsigned long magic;
  const char* name;
};
constexpr std::array kNetworkFileSystems{
    FileSystem{0x6969, "NFS"},       FileSystem{0xFF534D42, "CIFS"},   FileSystem{0xFE534D42, "SMB"},
    FileSystem{0x517B, "SMB"},       FileSystem{0x564C, "NCP"},        FileSystem{0x5346414F, "AFS"},
    FileSystem{0x6B414653, "AFS"},   FileSystem{0x73757245, "Coda"},   FileSystem{0x01021997, "9p"},
    FileSystem{0x00C36400, "Ceph"},  FileSystem{0x0BD00BD0, "Lustre"}, FileSystem{0x01161970, "GFS2"},
    FileSystem{0x7461636F, "OCFS2"}, FileSystem{0x19830326, "FhGFS"},  FileSystem{0xAAD7AAEA, "PanFS"},
};

Error system_error(const std::string& what, std::string hint) {
  return make_error(Code::kUnavailable, what + ": " + std::strerror(errno), std::move(hint));
}

std::string holder(int descriptor) {
  std::array<char, 32> text{};
  const ssize_t size = ::pread(descriptor, text.data(), text.size() - 1, 0);
  std::string pid(text.data(), size > 0 ? static_cast<std::size_t>(size) : 0);
  pid = pid.substr(0, pid.find('\n'));
  return pid.empty() ? "unknown" : pid;
}

Result<void> refuse_network(int descriptor, const std::string& dir) {
  struct statfs info {};
  if (::fstatfs(descriptor, &info) != 0) return system_error("look at the file system of " + dir, "");
  const std::string name = network_file_system(static_cast<unsigned long>(info.f_type));
  if (name.empty()) return {};
  return make_error(Code::kInvalid, dir + " is on a network file system (" + name + ")",
                    "keep the state on a local disk: locks and fsync do not hold over a network");
}

}  // namespace

std::string network_file_system(unsigned long magic) {
  for (const FileSystem& known : kNetworkFileSystems) {
    if (known.magic == (magic & 0xFFFFFFFF)) return known.name;
  }
  return {};
}

Result<std::unique_ptr<Lock>> Lock::take(const std::string& dir, Duration patience) {
  if (::mkdir(dir.c_str(), 0700) != 0 && errno != EEXIST) {
    return system_error("make " + dir, "make the folder for the state and let this user write to it");
  }
  const std::string path = dir + "/lock";
  const int descriptor = ::open(path.c_str(), O_RDWR | O_CREAT | O_CLOEXEC, 0600);
  if (descriptor < 0) return system_error("open " + path, "the state folder must be writable by this user");
  std::unique_ptr<Lock> lock(new Lock(descriptor));
  TRY(refuse_network(descriptor, dir));
  int locked = ::flock(descriptor, LOCK_EX | LOCK_NB);
  // A command that looks has it for a moment.
  for (; locked != 0 && errno == EWOULDBLOCK && patience > Duration{}; patience -= kBetweenTries) {
    std::this_thread::sleep_for(kBetweenTries);
    locked = ::flock(descriptor, LOCK_EX | LOCK_NB);
  }
  if (locked != 0) {
    if (errno != EWOULDBLOCK) return system_error("lock " + path, "");
    return make_error(Code::kUnavailable, dir + " is in use by process " + holder(descriptor),
                      "stop that process, or name another state file");
  }
  const std::string pid = std::to_string(::getpid()) + "\n";
  const bool written = ::ftruncate(descriptor, 0) == 0 && ::pwrite(descriptor, pid.data(), pid.size(), 0) > 0;
  if (!written) return system_error("write " + path, "free space on the disk of the state file");
  return lock;
}

Lock::~Lock() { ::close(descriptor_); }

}  // namespace tidewire::store
