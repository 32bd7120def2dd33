// pool.h — some sessions to one database, shared by many requests: a place is waited for, a dead session replaced.
//
// A session that was idle for long is closed rather than used: routers forget connections, poolers end them, and a
// server that sleeps when nobody is connected should be let sleep.
#pragma once

#include <deque>
#include <memory>
#include <set>
#include <vector>

#include "loop/loop.h"
#include "sql/session.h"

namespace tidewire::sql {

struct PoolOptions {
  int limit = 4;                                   // sessions at once
  Duration idle = std::chrono::seconds(240);       // a session unused for so long is closed
};

class Pool final : public Database {
 public:
  Pool(loop::Loop& loop, SessionMaker make, PoolOptions options);
  ~Pool() override;  // requests under way end as kCancelled, of a write as kUnknown
  [[nodiscard]] std::unique_ptr<Call> run(Request request, Done done) override;

 private:
  struct Job;
  class Handle;
  struct Idle {
    std::unique_ptr<Session> session;
    Ticks since;
  };
  void next();
  void begin(const std::shared_ptr<Job>& job);
  void ask(const std::shared_ptr<Job>& job);
  void finish(const std::shared_ptr<Job>& job, Result<std::vector<Rows>> result);
  void drop(const std::shared_ptr<Job>& job);
  void overdue(const std::shared_ptr<Job>& job);
  std::unique_ptr<Session> take_idle();
  void close_old();

  loop::Loop& loop_;
  SessionMaker make_;
  PoolOptions options_;
  std::deque<std::shared_ptr<Job>> waiting_;
  std::set<std::shared_ptr<Job>> busy_;
  std::vector<Idle> idle_;
  std::vector<std::unique_ptr<Session>> ended_;  // destroyed in a later turn: their callback may be under way
  std::unique_ptr<Timer> idle_timer_;
  std::shared_ptr<bool> alive_;  // owners: this and the callbacks under way
};

}  // namespace tidewire::sql
