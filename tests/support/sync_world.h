// sync_world.h — the engine with its real store between two systems in memory, under a fake clock.
#pragma once

#include <memory>
#include <string>
#include <vector>

#include "store/database.h"
#include "store/executor.h"
#include "store/migrate.h"
#include "store/store.h"
#include "support/fake_clock.h"
#include "support/memory_side.h"
#include "support/seeded_random.h"
#include "sync/engine.h"

namespace tidewire::test {

/// A mapping made of plain rows; strategies: 1 newest, 2 left, 3 right, 4 a value of both sides joined,
/// 5 the elements of both, as the left says them.
class TableMapper final : public sync::Mapper {
 public:
  explicit TableMapper(sync::Plan plan, std::string version = "v1") : plan_(std::move(plan)), version_(std::move(version)) {}
  const sync::Plan& plan() const override { return plan_; }
  const std::string& version() const override { return version_; }
  Result<sync::Outcome> convert(const sync::Field&, sync::Side, const Value&, const Value&, std::string_view) override { return make_error(Code::kScript, "no functions here"); }
  Result<sync::Verdict> resolve(const sync::Field&, std::int64_t strategy, const sync::Dispute& dispute) override;
  Result<std::optional<std::string>> check(const sync::Plan::Check&, const Value&) override { return std::optional<std::string>(); }

 private:
  sync::Plan plan_;
  std::string version_;
};

class Recorder final : public sync::Ears {
 public:
  void on_operation(const store::Operation& operation) override { operations.push_back(operation); }
  void on_echo(const std::string&, sync::Side, const std::string&) override { ++echoes; }
  void on_retry(const std::string&, sync::Side, const std::string&, const Error& error, Instant) override { retries.push_back(error); }
  std::vector<store::Operation> operations;
  std::vector<Error> retries;
  int echoes = 0;
};

/// Answers what `answer` says; keeps what it was asked.
class ToldJudge final : public sync::Judge {
 public:
  explicit ToldJudge(ManualTimers& timers) : timers_(timers) {}
  void ask(const sync::JudgeAt& at, const std::string& id, const Value& question, sync::Done<Value> done) override;
  Result<Value> answer = Value(Object{{"winner", Value("left")}});
  std::function<void()> on_ask;
  std::vector<Value> asked;
  std::vector<std::string> ids, urls;

 private:
  ManualTimers& timers_;
};

/// The state, of which one read or write may fail.
class FlakyState final : public store::Executor {
 public:
  FlakyState(store::Database& database, Poster& poster) : inner_(database, poster), poster_(poster) {}
  /// The one after `left` others.
  void fail_read_after(int left) { left_ = left; }
  void fail_write_after(int left) { writes_left_ = left; }
  void write(Work work, Done done) override;
  void maintain(Work work, Done done) override { inner_.maintain(std::move(work), std::move(done)); }
  void read(Work work, Done done) override;

 private:
  store::InlineExecutor inner_;
  Poster& poster_;
  int left_ = -1, writes_left_ = -1;
};

struct World {
  explicit World(sync::Plan plan = default_plan());
  ~World();

  static sync::Field field(const std::string& name, std::int64_t strategy = 1);
  static sync::Plan default_plan();

  void hook(sync::Side side, const std::string& key, const std::string& event = "upsert");
  /// Runs everything that is due now and the next `span`.
  void settle(Duration span = std::chrono::milliseconds(500)) { timers.advance(span); }
  int writes() const { return left.writes + right.writes; }
  store::Summary::Mapping counts();
  std::vector<store::Conflict> conflicts();
  std::string only_right() const { return right.rows.empty() ? "" : right.rows.begin()->first; }

  FakeClock clock;
  ManualTimers timers{clock};
  SeededRandom random;
  Recorder ears;
  std::unique_ptr<store::Database> database;
  FlakyState executor;
  store::Store store;
  MemorySide left, right;
  ToldJudge judge{timers};
  std::unique_ptr<sync::Engine> engine;
};

}  // namespace tidewire::test
