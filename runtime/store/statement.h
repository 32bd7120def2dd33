// statement.h — a prepared statement, and the two ways the verbs use one: execute() for effects, Query for rows.
//
// Parameters are bound by position from the arguments, so that SQL and values stand together at the call. Values and
// records are handed over as text (json::dump), never as Value: what reaches a column is always seen at the call.
#pragma once

#include <concepts>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "base/clock.h"
#include "base/result.h"
#include "store/database.h"
#include "store/types.h"

struct sqlite3_stmt;

namespace tidewire::store {

/// What SQLite said last on this connection. Disk full, I/O, read-only and cannot-open are kUnavailable with
/// retry_after, a damaged file kCorrupt, a busy one kUnavailable, anything else kInvalid.
Error sqlite_error(sqlite3* handle, std::string_view what);
/// Whether that was the disk or the file rather than the statement.
bool disk_failure(sqlite3* handle);
/// Whether the statement that failed last met a unique index.
bool unique_violation(Database& database);

class Statement {
 public:
  /// `failing` becomes true when the disk fails under it; it must outlive the statement.
  Statement(sqlite3_stmt* handle, bool& failing) : handle_(handle), failing_(failing) {}
  ~Statement();
  Statement(const Statement&) = delete;
  Statement& operator=(const Statement&) = delete;

  /// Binds all parameters in order. With `copy` false the texts must live until reset().
  template <typename... P>
  void bind_all(bool copy, const P&... parameters) {
    copy_ = copy;
    next_ = 0;
    bound_ = 0;
    (bind(parameters), ...);
  }
  void bind(std::nullptr_t);
  void bind(std::string_view text);
  void bind(Instant at) { bind_integer(at.time_since_epoch().count()); }
  void bind(Side side) { bind(std::string_view(side_name(side))); }
  template <std::integral T>
  void bind(T number) {
    bind_integer(static_cast<std::int64_t>(number));
  }
  template <typename T>
  void bind(const std::optional<T>& value) {
    if (value) {
      bind(*value);
    } else {
      bind(nullptr);
    }
  }

  /// True on a row, false at the end. Fails without asking where a parameter could not be bound (out of memory, beyond SQLite's limit).
  Result<bool> step();
  void reset();
  sqlite3_stmt* handle() { return handle_; }

 private:
  void bind_integer(std::int64_t number);
  sqlite3_stmt* handle_;
  bool& failing_;
  void note(int code);
  int next_ = 0;
  int bound_ = 0;  // the first failure of binding: the parameter would be NULL
  bool copy_ = true;
};

/// The rows of one SELECT (or RETURNING); resets the statement when it goes out of scope. Not two at once of one text.
class Query {
 public:
  template <typename... P>
  Query(Database& database, std::string_view sql, const P&... parameters) : statement_(database.prepare(sql)) {
    if (statement_.ok()) statement_.value()->bind_all(true, parameters...);
  }
  ~Query();
  Query(const Query&) = delete;
  Query& operator=(const Query&) = delete;

  Result<bool> next();
  // Of the present row; NULL reads as 0 and "".
  bool is_null(int column);
  std::int64_t integer(int column);
  std::string_view text(int column);  // until next()
  Instant instant(int column) { return Instant(Duration(integer(column))); }

 private:
  Result<Statement*> statement_;
};

Result<std::int64_t> finish_statement(Database& database, Statement& statement);

/// Runs a statement to its end; rows changed.
template <typename... P>
Result<std::int64_t> execute(Database& database, std::string_view sql, const P&... parameters) {
  Statement* statement = TRY(database.prepare(sql));
  statement->bind_all(false, parameters...);
  return finish_statement(database, *statement);
}

/// The first column of the first row as a number, or `otherwise`.
template <typename... P>
Result<std::int64_t> number(Database& database, std::string_view sql, std::int64_t otherwise, const P&... parameters) {
  Query query(database, sql, parameters...);
  const bool found = TRY(query.next());
  return found && !query.is_null(0) ? query.integer(0) : otherwise;
}

}  // namespace tidewire::store
