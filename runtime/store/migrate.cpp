#include "store/migrate.h"

#include <algorithm>

#include "base/crash_point.h"
#include "base/embedded.h"
#include "store/statement.h"

namespace tidewire::store {
namespace {

constexpr std::int64_t kApplicationId = 0x54574952;  // "TWIR"
constexpr const char* kSteps[] = {"store/steps/3.sql", "store/steps/4.sql", "store/steps/5.sql"};  // in their order

std::string text_of(const std::string& file) {
  const EmbeddedFile* found = embedded_file(file);
  ASSERT(found, "the schema is part of the binary");
  return found->text();
}

Result<void> run_step(Database& database, const std::string& text, int number) {
  TRY(database.exec("BEGIN IMMEDIATE;\n" + text + "\nPRAGMA user_version = " + std::to_string(number) +
                    "; PRAGMA application_id = " + std::to_string(kApplicationId) + ";"));
  pass(CrashPoint::kMigrationInTransaction);
  TRY(database.exec("COMMIT;"));
  pass(CrashPoint::kMigrationStored);
  return {};
}

}  // namespace

const Schema& current_schema() {
  static const Schema schema = [] {
    Schema known{2, text_of("store/schema.sql"), {}};
    for (const char* step : kSteps) known.steps.push_back(text_of(step));
    return known;
  }();
  return schema;
}

Result<void> check_kind(Database& database, const Schema& schema) {
  const std::int64_t version = TRY(number(database, "PRAGMA user_version", 0));
  const std::int64_t application = TRY(number(database, "PRAGMA application_id", 0));
  const std::int64_t tables = TRY(number(database, "SELECT count(*) FROM sqlite_schema", 0));
  if (tables > 0 && application != kApplicationId) {
    return make_error(Code::kInvalid, "the file is a database of another program", "name another state file");
  }
  if (tables > 0 && version < schema.first) {
    return make_error(Code::kInvalid,
                      "the state file has version " + std::to_string(version) + ", from before the first release; this program reads " +
                          std::to_string(schema.first) + " and later",
                      "move it away with its -wal and -shm and begin a new one: `tidewire adopt` links again what both sides have, nothing is deleted");
  }
  if (version > schema.newest()) {
    return make_error(Code::kUnavailable,  // nothing that the project says is wrong
                      "the state file has version " + std::to_string(version) + ", this program knows " +
                          std::to_string(schema.newest()),
                      "start the newer program that made it, or restore a backup from before");
  }
  return {};
}

Result<void> migrate(Database& database, const Schema& schema) {
  TRY(check_kind(database, schema));
  const std::int64_t version = TRY(number(database, "PRAGMA user_version", 0));
  for (int next = std::max(static_cast<int>(version) + 1, schema.first); next <= schema.newest(); ++next) {
    const std::string& text = next == schema.first ? schema.text : schema.steps[static_cast<std::size_t>(next - schema.first - 1)];
    Result<void> done = run_step(database, text, next);
    if (done.ok()) continue;
    if (database.in_transaction()) TRY(database.exec("ROLLBACK"));
    return std::move(done).error().context("step " + std::to_string(next) + " of the schema");
  }
  return {};
}

}  // namespace tidewire::store
