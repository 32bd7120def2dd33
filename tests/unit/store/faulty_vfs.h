// faulty_vfs.h — the real file system as SQLite sees it, except that syncs and writes of the log fail when told to.
//
// Real files with exchanged methods: what SQLite does after a failed fsync is then its own doing, not a model's.
#pragma once

#include <atomic>
#include <cstring>
#include <string_view>

#include <sqlite3.h>

namespace tidewire::store {

class FaultyVfs {
 public:
  FaultyVfs() {
    real() = sqlite3_vfs_find(nullptr);
    fail_sync() = fail_write() = false;
    vfs_ = *real();
    vfs_.zName = "faulty";
    vfs_.pNext = nullptr;
    vfs_.xOpen = open;
    sqlite3_vfs_register(&vfs_, 1);
  }
  ~FaultyVfs() {
    sqlite3_vfs_unregister(&vfs_);
    sqlite3_vfs_register(real(), 1);
  }
  FaultyVfs(const FaultyVfs&) = delete;
  FaultyVfs& operator=(const FaultyVfs&) = delete;

  /// Of write-ahead logs opened while this object lived.
  static std::atomic<bool>& fail_sync() { return flag<0>(); }
  static std::atomic<bool>& fail_write() { return flag<1>(); }

 private:
  template <int>
  static std::atomic<bool>& flag() {
    static std::atomic<bool> value = false;
    return value;
  }
  static sqlite3_vfs*& real() {
    static sqlite3_vfs* value = nullptr;
    return value;
  }
  static const sqlite3_io_methods*& real_methods() {
    static const sqlite3_io_methods* value = nullptr;
    return value;
  }
  static sqlite3_io_methods& methods() {
    static sqlite3_io_methods value{};
    return value;
  }

  static int open(sqlite3_vfs*, const char* name, sqlite3_file* file, int flags, int* out) {
    const int code = real()->xOpen(real(), name, file, flags, out);
    if (code != SQLITE_OK || !name || (flags & SQLITE_OPEN_WAL) == 0) return code;
    if (!real_methods()) {
      real_methods() = file->pMethods;
      methods() = *file->pMethods;
      methods().xSync = sync;
      methods().xWrite = write;
    }
    file->pMethods = &methods();
    return code;
  }
  static int sync(sqlite3_file* file, int flags) {
    return fail_sync() ? SQLITE_IOERR_FSYNC : real_methods()->xSync(file, flags);
  }
  static int write(sqlite3_file* file, const void* data, int size, sqlite3_int64 at) {
    return fail_write() ? SQLITE_FULL : real_methods()->xWrite(file, data, size, at);
  }

  sqlite3_vfs vfs_{};
};

}  // namespace tidewire::store
