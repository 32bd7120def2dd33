// postgres.h — PostgreSQL through libpq on the loop: a pool for statements, a listener for notifications.
//
// Every request is one pipeline that ends in one Sync: one round trip, and several statements are one transaction, which
// holds through a pooler that deals out servers by transaction as well. The host's address is looked up on a pool thread,
// because libpq would block in it; the name stays in place for TLS.
#pragma once

#include <deque>
#include <map>
#include <memory>
#include <string>
#include <vector>

#include "loop/loop.h"
#include "sql/database.h"
#include "sql/pool.h"

namespace tidewire::sql {

struct PostgresOptions {
  std::map<std::string, std::string> parameters;        // libpq's names: host, port, dbname, user, password, sslmode, ...
  bool pooled = false;                                  // a pooler stands between: nothing may be set for the session
  Duration connect_time = std::chrono::seconds(10);     // a database that sleeps wakes within it
  Duration statement_time = std::chrono::seconds(30);   // the server itself ends a statement then; 0 = it does not
};

/// The parts of "postgresql://user:password@host:port/database?sslmode=..." or of "host=... user=..." by libpq's names.
/// kInvalid, without the text, which may hold a password, for anything else.
Result<std::map<std::string, std::string>> parse_postgres_url(const std::string& text);

/// kUnavailable, from every request, where this program was built without libpq.
std::unique_ptr<Database> open_postgres(loop::Loop& loop, PostgresOptions options, PoolOptions pool);

/// Channels of one database on a session of their own. Nothing is remembered by the server while it is not connected, so
/// that whoever waits has to look for changes once after each connecting.
class PostgresListener {
 public:
  using Heard = std::function<void(Result<std::vector<std::string>>)>;  // payloads

  PostgresListener(loop::Loop& loop, PostgresOptions options, std::vector<std::string> channels);
  ~PostgresListener();

  /// `done` with what was heard since the last wait, as soon as there is some; with nothing once `most` has passed, or at
  /// once where this wait made the connection. After an error (kUnavailable, also where more was said meanwhile than is kept:
  /// anything may have changed) the next wait connects anew. One at a time; destroying the Call ends it, and kCancelled
  /// answers it where this goes first.
  [[nodiscard]] std::unique_ptr<Database::Call> wait(Duration most, Heard done);

 private:
  struct State;
  std::shared_ptr<State> state_;  // owners: this and its Calls
};

}  // namespace tidewire::sql
