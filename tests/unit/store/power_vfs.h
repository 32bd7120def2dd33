// power_vfs.h — the real file system as SQLite sees it, except that the n-th act upon the disk goes wrong.
//
// An act is a write, a truncation or a sync of the database or its log. What was written since a file's last sync is
// remembered, so that a loss of power can take it back: a promise that rests on an unsynced write is found out.
#pragma once

#include <algorithm>
#include <cstdio>
#include <cstring>
#include <filesystem>
#include <map>
#include <mutex>
#include <string>
#include <vector>

#include <sqlite3.h>

namespace tidewire::store {

class PowerVfs {
 public:
  enum class Fault {
    kRefused,  // this act fails, the next ones work
    kTorn,     // a write reaches the disk half, and then nothing works any more
    kPower,    // nothing works any more, and what was not synced is lost
  };
  PowerVfs(Fault fault, int nth) {
    State& now = state();
    now = State{};
    now.fault = fault;
    now.nth = nth;
    real() = sqlite3_vfs_find(nullptr);
    vfs_ = *real();
    vfs_.zName = "power";
    vfs_.pNext = nullptr;
    vfs_.xOpen = open;
    sqlite3_vfs_register(&vfs_, 1);
  }
  ~PowerVfs() {
    sqlite3_vfs_unregister(&vfs_);
    sqlite3_vfs_register(real(), 1);
  }
  PowerVfs(const PowerVfs&) = delete;
  PowerVfs& operator=(const PowerVfs&) = delete;

  /// Whether the n-th act came at all.
  static bool struck() { return state().struck; }
  /// After every file was closed: what a machine finds that starts again.
  static void reboot() {
    if (state().fault != Fault::kPower || !state().struck) return;
    for (auto& [path, undo] : state().unsynced) {
      if (!std::filesystem::exists(path)) continue;
      std::FILE* file = std::fopen(path.c_str(), "r+b");
      for (auto one = undo.rbegin(); one != undo.rend(); ++one) {
        std::fseek(file, static_cast<long>(one->at), SEEK_SET);
        std::fwrite(one->before.data(), 1, one->before.size(), file);
        std::fflush(file);
        std::filesystem::resize_file(path, one->size);
      }
      std::fclose(file);
    }
  }

 private:
  struct Undo {
    sqlite3_int64 at;
    std::string before;
    std::uintmax_t size;
  };
  struct State {
    Fault fault = Fault::kRefused;
    int nth = 0, acts = 0;
    bool struck = false;
    std::map<std::string, std::vector<Undo>> unsynced;
    std::map<sqlite3_file*, std::string> paths;
  };
  static State& state() {
    static State value;
    return value;
  }
  static std::mutex& mutex() {
    static std::mutex value;
    return value;
  }
  static sqlite3_vfs*& real() {
    static sqlite3_vfs* value = nullptr;
    return value;
  }
  /// SQLite locks its database and not its log, so the two have other methods; those exchanged here are the same.
  static const sqlite3_io_methods*& real_methods() {
    static const sqlite3_io_methods* value = nullptr;
    return value;
  }
  static sqlite3_io_methods& methods(bool log) {
    static sqlite3_io_methods value[2]{};
    return value[log ? 1 : 0];
  }

  static int open(sqlite3_vfs*, const char* name, sqlite3_file* file, int flags, int* out) {
    const int code = real()->xOpen(real(), name, file, flags, out);
    if (code != SQLITE_OK || !name || (flags & (SQLITE_OPEN_WAL | SQLITE_OPEN_MAIN_DB)) == 0) return code;
    std::lock_guard lock(mutex());
    sqlite3_io_methods& exchanged = methods((flags & SQLITE_OPEN_WAL) != 0);
    if (!exchanged.xWrite) {
      real_methods() = file->pMethods;
      exchanged = *file->pMethods;
      exchanged.xSync = sync;
      exchanged.xWrite = write;
      exchanged.xTruncate = truncate;
    }
    state().paths[file] = name;
    file->pMethods = &exchanged;
    return code;
  }

  enum class Turn { kGoOn, kFail, kHalf };
  static Turn turn(bool is_write) {
    State& now = state();
    ++now.acts;
    if (now.acts < now.nth) return Turn::kGoOn;
    if (now.acts > now.nth) return now.fault == Fault::kRefused ? Turn::kGoOn : Turn::kFail;
    now.struck = true;
    return is_write && now.fault == Fault::kTorn ? Turn::kHalf : Turn::kFail;
  }
  static void remember(sqlite3_file* file, sqlite3_int64 at, int size) {
    const std::string& path = state().paths[file];
    Undo undo{at, std::string(static_cast<std::size_t>(size), '\0'), std::filesystem::file_size(path)};
    std::FILE* reader = std::fopen(path.c_str(), "rb");
    std::fseek(reader, static_cast<long>(at), SEEK_SET);
    undo.before.resize(std::fread(undo.before.data(), 1, undo.before.size(), reader));
    std::fclose(reader);
    state().unsynced[path].push_back(std::move(undo));
  }

  static int write(sqlite3_file* file, const void* data, int size, sqlite3_int64 at) {
    std::lock_guard lock(mutex());
    switch (turn(true)) {
      case Turn::kFail: return SQLITE_FULL;
      case Turn::kHalf: real_methods()->xWrite(file, data, size / 2, at); return SQLITE_IOERR_WRITE;
      case Turn::kGoOn: break;
    }
    remember(file, at, size);
    return real_methods()->xWrite(file, data, size, at);
  }
  static int truncate(sqlite3_file* file, sqlite3_int64 size) {
    std::lock_guard lock(mutex());
    if (turn(false) != Turn::kGoOn) return SQLITE_IOERR_TRUNCATE;
    const auto present = static_cast<sqlite3_int64>(std::filesystem::file_size(state().paths[file]));
    if (present > size) remember(file, size, static_cast<int>(present - size));
    return real_methods()->xTruncate(file, size);
  }
  static int sync(sqlite3_file* file, int flags) {
    std::lock_guard lock(mutex());
    if (turn(false) != Turn::kGoOn) return SQLITE_IOERR_FSYNC;
    state().unsynced.erase(state().paths[file]);
    return real_methods()->xSync(file, flags);
  }

  sqlite3_vfs vfs_{};
};

}  // namespace tidewire::store
