// lock.h — one process per state file.
//
// What runs for a key lives in the memory of this one process (law 29), so a second one would reconcile the same keys.
// The kernel drops flock() when the process dies, however it dies: no stale lock is possible. It is not to be had
// reliably on network file systems, where SQLite's own locks fail too: those are refused.
#pragma once

#include <memory>
#include <string>

#include "base/clock.h"
#include "base/result.h"

namespace tidewire::store {

class Lock {
 public:
  /// Locks `dir`/lock and writes the process id into it; makes `dir` (0700) where it is missing. kUnavailable with the
  /// holder's process id while another process has it, for longer than `patience` (the thread sleeps), kInvalid on a network
  /// file system.
  static Result<std::unique_ptr<Lock>> take(const std::string& dir, Duration patience = {});
  ~Lock();  // lets go; the file stays
  Lock(const Lock&) = delete;
  Lock& operator=(const Lock&) = delete;

 private:
  explicit Lock(int descriptor) : descriptor_(descriptor) {}
  int descriptor_;
};

/// The name of a network file system by its statfs magic, or "".
std::string network_file_system(unsigned long magic);

}  // namespace tidewire::store
