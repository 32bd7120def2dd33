// postgres_session.h — one libpq connection. Private to this room.
#pragma once

#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include <libpq-fe.h>

#include "loop/loop.h"
#include "loop/poll.h"
#include "sql/postgres.h"
#include "sql/session.h"

namespace tidewire::sql {

class PostgresSession final : public Session {
 public:
  PostgresSession(loop::Loop& loop, PostgresOptions options);
  ~PostgresSession() override;

  void open(Opened done) override;
  void run(Request request, Database::Done done) override;
  bool usable() const override { return step_ == Step::kIdle; }

  /// Called for each notification, and without one when the connection is lost while nothing runs.
  void on_notify(std::function<void(std::optional<std::string> payload)> heard) { heard_ = std::move(heard); }

 private:
  enum class Step { kNew, kResolving, kConnecting, kIdle, kRunning, kBroken };
  void resolve(const std::string& host);
  void connect();
  void go_on_connecting(PostgresPollingStatusType wanted);
  void opened(Result<void> result);
  Result<void> send(const std::vector<Statement>& statements);
  void watch();
  void on_ready(bool readable);
  void read_results();
  void take(PGresult* result);
  void keep(PGresult* result, bool whole);
  void give_up();
  void hear();
  void lost();
  void answer(Result<std::vector<Rows>> result);
  void cancel();

  loop::Loop& loop_;
  PostgresOptions options_;
  Step step_ = Step::kNew;
  PGconn* connection_ = nullptr;
  std::unique_ptr<loop::Poll> poll_;
  std::unique_ptr<Timer> connect_timer_;
  Opened opened_;
  Database::Done done_;
  std::function<void(std::optional<std::string>)> heard_;
  bool writes_ = false;
  std::size_t skip_ = 0;  // of our own statements before the request's
  std::vector<Rows> rows_;
  bool row_by_row_ = false;  // the last of them is not whole yet
  std::size_t bytes_ = 0, max_bytes_ = 0;
  Error too_large_;
  std::optional<Error> refused_;
  bool fatal_ = false;  // the server ended the session: what it said does not tell whether it committed
  bool outdated_ = false;  // the session would refuse it for ever, for the columns that it once planned for
  std::shared_ptr<bool> alive_;  // owners: this and the look-up under way
};

}  // namespace tidewire::sql
