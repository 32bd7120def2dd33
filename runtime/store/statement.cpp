#include "store/statement.h"

#include <sqlite3.h>

namespace tidewire::store {
namespace {

constexpr auto kDiskRetry = std::chrono::milliseconds(1000);
constexpr auto kBusyRetry = std::chrono::milliseconds(200);

Error unavailable(std::string message, std::string hint, std::chrono::milliseconds after) {
  Error error = make_error(Code::kUnavailable, std::move(message), std::move(hint));
  error.retry_after = after;
  return error;
}

}  // namespace

Error sqlite_error(sqlite3* handle, std::string_view what) {
  const int code = handle ? sqlite3_extended_errcode(handle) : SQLITE_NOMEM;
  std::string message = std::string(what) + ": " + (handle ? sqlite3_errmsg(handle) : "out of memory");
  if (handle && sqlite3_system_errno(handle) != 0 && (code & 0xff) == SQLITE_IOERR) {
    message += " (errno " + std::to_string(sqlite3_system_errno(handle)) + ")";
  }
  switch (code & 0xff) {
    case SQLITE_FULL:
      return unavailable(message, "free space on the disk of the state file", kDiskRetry);
    case SQLITE_IOERR:
      return unavailable(message, "look at the disk of the state file", kDiskRetry);
    case SQLITE_READONLY:
    case SQLITE_CANTOPEN:
    case SQLITE_PERM:
      return unavailable(message, "the state file and its folder must be writable by this user", kDiskRetry);
    case SQLITE_NOMEM:
      return unavailable(message, "", kDiskRetry);
    case SQLITE_BUSY:
    case SQLITE_LOCKED:
      return unavailable(message, "another program holds the state file", kBusyRetry);
    case SQLITE_CORRUPT:
    case SQLITE_NOTADB:
      // The statement is not to blame, and those that open a file are long.
      return make_error(Code::kCorrupt, sqlite3_errmsg(handle), "restore the file from a backup");
    case SQLITE_INTERRUPT:
      return make_error(Code::kCancelled, message);
    default:
      return make_error(Code::kInvalid, message);
  }
}

bool disk_failure(sqlite3* handle) {
  switch (sqlite3_errcode(handle) & 0xff) {
    case SQLITE_FULL:
    case SQLITE_IOERR:
    case SQLITE_READONLY:
    case SQLITE_CANTOPEN:
    case SQLITE_NOMEM:
    case SQLITE_CORRUPT:
    case SQLITE_NOTADB:
      return true;
    default:
      return false;
  }
}

bool unique_violation(Database& database) {
  const int code = sqlite3_extended_errcode(database.handle());
  return code == SQLITE_CONSTRAINT_UNIQUE || code == SQLITE_CONSTRAINT_PRIMARYKEY;
}

Statement::~Statement() { sqlite3_finalize(handle_); }

/// A text put together by filters may have fewer places than parameters are given (SQLITE_RANGE).
void Statement::note(int code) {
  if (bound_ == SQLITE_OK && code != SQLITE_RANGE) bound_ = code;
}

void Statement::bind(std::nullptr_t) { note(sqlite3_bind_null(handle_, ++next_)); }

void Statement::bind(std::string_view text) {
  // A null pointer would bind NULL; an empty view may carry one.
  const char* data = text.data() ? text.data() : "";
  note(sqlite3_bind_text64(handle_, ++next_, data, text.size(), copy_ ? SQLITE_TRANSIENT : SQLITE_STATIC, SQLITE_UTF8));
}

void Statement::bind_integer(std::int64_t number) { note(sqlite3_bind_int64(handle_, ++next_, number)); }

Result<bool> Statement::step() {
  if (bound_ != SQLITE_OK) return make_error(Code::kInvalid, std::string("a value cannot be stored: ") + sqlite3_errstr(bound_), "it is larger than the state takes (1 GB), or there is no memory for it");
  const int code = sqlite3_step(handle_);
  if (code == SQLITE_ROW) return true;
  if (code == SQLITE_DONE) return false;
  sqlite3* connection = sqlite3_db_handle(handle_);
  // Remembered: the reset of any other statement wipes the connection's error code.
  if (disk_failure(connection)) failing_ = true;
  return sqlite_error(connection, sqlite3_sql(handle_));
}

void Statement::reset() { sqlite3_reset(handle_); }

Query::~Query() {
  if (statement_.ok()) statement_.value()->reset();
}

Result<bool> Query::next() {
  if (!statement_.ok()) return statement_.error();
  return statement_.value()->step();
}

bool Query::is_null(int column) { return sqlite3_column_type(statement_.value()->handle(), column) == SQLITE_NULL; }

std::int64_t Query::integer(int column) { return sqlite3_column_int64(statement_.value()->handle(), column); }

std::string_view Query::text(int column) {
  sqlite3_stmt* handle = statement_.value()->handle();
  const auto* data = reinterpret_cast<const char*>(sqlite3_column_text(handle, column));
  if (!data) return {};
  return {data, static_cast<std::size_t>(sqlite3_column_bytes(handle, column))};
}

Result<std::int64_t> finish_statement(Database& database, Statement& statement) {
  sqlite3* handle = database.handle();
  const std::int64_t before = sqlite3_total_changes64(handle);
  Result<bool> row = statement.step();
  while (row.ok() && *row) row = statement.step();
  const std::int64_t changed = sqlite3_total_changes64(handle) == before ? 0 : sqlite3_changes64(handle);
  statement.reset();
  if (!row.ok()) return row.error();
  return changed;
}

}  // namespace tidewire::store
