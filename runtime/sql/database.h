// database.h — a relational database as scripts see it: statements in, exact rows out, on the loop.
//
// Everything crosses as text that keeps its digits; one statement, or several as one transaction, is one request, because
// a request is what can be said to be applied, refused, or of unknown fate. Nothing here repeats a request.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "base/clock.h"
#include "base/result.h"
#include "base/value.h"

namespace tidewire::sql {

struct Statement {
  std::string text;               // parameters: $1, $2 (PostgreSQL), ? (MariaDB)
  std::vector<Value> parameters;  // a list becomes an array, an object JSON text
};

struct Rows {
  std::vector<std::string> columns;
  std::vector<std::vector<Value>> rows;
  std::int64_t affected = 0;  // rows written, or found where nothing was written
};

struct Request {
  std::vector<Statement> statements;             // several are one transaction
  bool writes = false;                           // what a lost connection means
  Duration deadline = std::chrono::seconds(30);  // waiting for a place and connecting included
  std::size_t max_bytes = 64u << 20;             // of the answer as it is kept, as of HTTP's answers; the session of more is given up
};

/// Codes: kUnavailable = surely not applied (no connection, a read that was lost, a transaction that was rolled back for a
/// passing reason); kUnknown = a write was sent and no answer came; kDenied = password or rights; kInvalid = the
/// statement or a value is refused, the message begins with the database's own code ("23505: ...") and names the column, or a
/// read's answer was over max_bytes ("the answer is larger than ..."); a write's is kUnknown.
class Database {
 public:
  using Done = std::function<void(Result<std::vector<Rows>>)>;
  /// Destroying it cancels; `done` is then not called, and what was sent may or may not be applied.
  class Call {
   public:
    virtual ~Call() = default;
  };

  virtual ~Database() = default;
  /// One Rows per statement.
  [[nodiscard]] virtual std::unique_ptr<Call> run(Request request, Done done) = 0;
};

}  // namespace tidewire::sql
