#include "store/copy.h"

#include <fcntl.h>
#include <sqlite3.h>
#include <unistd.h>

#include <algorithm>

#include "store/private_file.h"
#include "store/statement.h"

namespace tidewire::store {

Result<void> copy_database(Database& database, const std::string& path) {
  TRY(make_private(path));  // a copy is as private as the state
  auto copy = TRY(Database::open(path));
  sqlite3_backup* backup = sqlite3_backup_init(copy->handle(), "main", database.handle(), "main");
  if (!backup) return sqlite_error(copy->handle(), "backup to " + path);
  const int stepped = sqlite3_backup_step(backup, -1);
  const int finished = sqlite3_backup_finish(backup);
  if (stepped != SQLITE_DONE || finished != SQLITE_OK) return sqlite_error(copy->handle(), "backup to " + path);
  // One file to carry away: without a log beside it.
  return copy->exec("PRAGMA journal_mode = DELETE");
}

std::string backup_name(Instant at) {
  std::string name = "tidewire-" + format_instant(at) + ".db";
  std::replace(name.begin(), name.end(), ':', '-');
  return name;
}

Result<void> sync_folder(const std::string& folder) {
  const int descriptor = ::open(folder.empty() ? "." : folder.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC);
  const bool synced = descriptor >= 0 && ::fsync(descriptor) == 0;
  if (descriptor >= 0) ::close(descriptor);
  if (synced) return {};
  return make_error(Code::kUnavailable, "cannot sync " + folder, "is the disk full?");
}

}  // namespace tidewire::store
