#include "store/migrate.h"

#include <array>
#include <string>

#include "base/crash_point.h"
#include "base/embedded.h"
#include "store/statement.h"

namespace tidewire::store {
namespace {

constexpr std::int64_t kApplicationId = 0x54574952;  // "TWIR"

/// The statements of migration `number`, from 1.
Result<std::string> migration_text(int number) {
  ASSERT(number == 1, "every migration up to newest_migration() has a text");
  const EmbeddedFile* schema = embedded_file("store/schema.sql");
  ASSERT(schema, "schema.sql is part of the binary");
  return std::string(schema->text);
}

Result<void> run_migration(Database& database, int number) {
  const std::string text = TRY(migration_text(number));
  TRY(database.exec("BEGIN IMMEDIATE;\n" + text + "\nPRAGMA user_version = " + std::to_string(number) +
                    "; PRAGMA application_id = " + std::to_string(kApplicationId) + ";"));
  pass(CrashPoint::kMigrationInTransaction);
  TRY(database.exec("COMMIT;"));
  pass(CrashPoint::kMigrationStored);
  return {};
}

}  // namespace

int newest_migration() { return 1; }

Result<void> check_kind(Database& database) {
  const std::int64_t version = TRY(number(database, "PRAGMA user_version", 0));
  const std::int64_t application = TRY(number(database, "PRAGMA application_id", 0));
  const std::int64_t tables = TRY(number(database, "SELECT count(*) FROM sqlite_schema", 0));
  if (tables > 0 && application != kApplicationId) {
    return make_error(Code::kInvalid, "the file is a database of another program", "name another state file");
  }
  if (version > newest_migration()) {
    return make_error(Code::kInvalid,
                      "the state file has version " + std::to_string(version) + ", this program knows " +
                          std::to_string(newest_migration()),
                      "start the newer program that made it, or restore a backup from before");
  }
  return {};
}

Result<void> migrate(Database& database) {
  TRY(check_kind(database));
  const std::int64_t version = TRY(number(database, "PRAGMA user_version", 0));
  for (int next = static_cast<int>(version) + 1; next <= newest_migration(); ++next) {
    Result<void> done = run_migration(database, next);
    if (done.ok()) continue;
    if (database.in_transaction()) TRY(database.exec("ROLLBACK"));
    return std::move(done).error().context("migration " + std::to_string(next));
  }
  return {};
}

}  // namespace tidewire::store
