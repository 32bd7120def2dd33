#include "store/restore.h"

#include <algorithm>
#include <cstdio>
#include <filesystem>
#include <vector>

#include "store/copy.h"
#include "store/migrate.h"
#include "store/statement.h"

namespace tidewire::store {
namespace {

constexpr const char* kOlder = "take an older copy: `tidewire backup list`";

Result<Restored> look_at(Database& database) {
  Query row(database, "PRAGMA integrity_check(1)");
  const bool any = TRY(row.next());
  const std::string found(any ? row.text(0) : std::string_view("nothing"));
  if (found != "ok") return make_error(Code::kCorrupt, "the copy is damaged: " + found, kOlder);
  TRY(check_kind(database));
  if (TRY(number(database, "SELECT count(*) FROM sqlite_schema WHERE name = 'operations'", 0)) == 0) return make_error(Code::kInvalid, "the file is empty, or no state", "`tidewire backup list` shows the copies");
  Restored about;
  about.operations = TRY(number(database, "SELECT count(*) FROM operations", 0));
  about.links = TRY(number(database, "SELECT count(*) FROM links", 0));
  return about;
}

/// Nothing else tells of it later.
Result<void> note_restore(const std::string& path, Instant now) {
  const auto database = TRY(Database::open(path));
  TRY(execute(*database, "INSERT INTO kv (namespace, key, value, expires_at) VALUES (?, ?, ?, NULL) ON CONFLICT (namespace, key) DO UPDATE SET value = excluded.value", kStateDrawer, kRestoredAt, std::to_string(now.time_since_epoch().count())));
  TRY(execute(*database, "DELETE FROM meta WHERE name = 'clean_stop'"));  // other processes worked since the copy was made
  return database->exec("PRAGMA journal_mode = DELETE");  // one file to put in its place
}

/// What stands in its log goes into the file, so that one rename takes all of it. A damaged state keeps its log.
void fold_log(const std::string& state) {
  const auto database = Database::open(state);
  if (!database.ok()) return;
  Query row(**database, "PRAGMA wal_checkpoint(TRUNCATE)");
  (void)row.next();
}

Result<std::string> set_aside(const std::string& state, Instant now) {
  std::error_code bad;
  const bool present = std::filesystem::exists(state, bad);
  if (present) fold_log(state);
  std::string time = format_instant(now).substr(0, 19);
  std::replace(time.begin(), time.end(), ':', '-');
  const std::string aside = state + ".before-" + time;
  // A log that is left belongs to it: a copy that met it would be spoilt. It comes last, so that no state is ever without it.
  std::vector<std::string> moved;
  for (const std::string part : {"", "-wal", "-shm"}) {
    if (!std::filesystem::exists(state + part, bad)) continue;
    if (std::rename((state + part).c_str(), (aside + part).c_str()) == 0) {
      moved.push_back(part);
      continue;
    }
    for (const std::string& back : moved) (void)std::rename((aside + back).c_str(), (state + back).c_str());
    return make_error(Code::kUnavailable, "cannot set aside " + state + part, "look at the rights of its folder");
  }
  return present ? aside : std::string();
}

}  // namespace

namespace {

/// What the copy holds, and all of it in `part`.
Result<Restored> take_copy(const std::string& copy, const std::string& part) {
  const auto database = TRY(Database::open(copy, Database::Mode::kReadOnly));
  Restored about = TRY(look_at(*database));
  TRY(copy_database(*database, part));
  return about;
}

}  // namespace

Result<Restored> restore(const std::string& copy, const std::string& state, Instant now) {
  std::error_code bad;
  if (!std::filesystem::is_regular_file(copy, bad)) return make_error(Code::kNotFound, "no file " + copy, "`tidewire backup list` shows the copies");
  if (std::filesystem::equivalent(copy, state, bad)) return make_error(Code::kInvalid, copy + " is the state itself");
  const std::string part = state + ".restored~";
  std::filesystem::remove(part, bad);
  auto taken = take_copy(copy, part);
  if (!taken.ok() && taken.error().code == Code::kCorrupt) return std::move(taken).error().with_hint(kOlder);
  Restored about = TRY(std::move(taken));
  TRY(note_restore(part, now));
  about.set_aside = TRY(set_aside(state, now));
  if (std::rename(part.c_str(), state.c_str()) != 0) return make_error(Code::kUnavailable, "cannot put the copy to " + state, "the former state is " + about.set_aside);
  TRY(sync_folder(std::filesystem::path(state).parent_path().string()));
  return about;
}

}  // namespace tidewire::store
