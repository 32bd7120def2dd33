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
  Result<sync::Verdict> resolve(const sync::Field&, std::int64_t strategy, const sync::Dispute& dispute) override {
    sync::Verdict verdict;
    verdict.kind = sync::Verdict::Kind::kSide;
    if (strategy == 1) verdict.side = dispute.newer.value_or(dispute.tie);
    if (strategy == 3) verdict.side = sync::Side::kRight;
    if (strategy == 4) {
      verdict.kind = sync::Verdict::Kind::kValue;
      verdict.left = verdict.right = Value(dispute.left.as_string() + "+" + dispute.right.as_string());
    }
    if (strategy == 5) {
      verdict.kind = sync::Verdict::Kind::kValue;
      verdict.one = true;
      Array all = dispute.left.as_array();
      for (const Value& one : dispute.right_as_left->as_array()) {
        if (std::find(all.begin(), all.end(), one) == all.end()) all.push_back(one);
      }
      verdict.left = Value(std::move(all));
    }
    return verdict;
  }
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
  void ask(const sync::JudgeAt& at, const std::string& id, const Value& question, sync::Done<Value> done) override {
    asked.push_back(question);
    ids.push_back(id);
    urls.push_back(at.url.as_string());
    if (on_ask) on_ask();
    timers_.post([this, done] { done(answer); });
  }
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
  void write(Work work, Done done) override {
    if (writes_left_ < 0 || writes_left_-- > 0) return inner_.write(std::move(work), std::move(done));
    poster_.post([done = std::move(done)] { done(make_error(Code::kUnavailable, "the state cannot be written")); });
  }
  void maintain(Work work, Done done) override { inner_.maintain(std::move(work), std::move(done)); }
  void read(Work work, Done done) override {
    if (left_ < 0 || left_-- > 0) return inner_.read(std::move(work), std::move(done));
    poster_.post([done = std::move(done)] { done(make_error(Code::kUnavailable, "the state cannot be read")); });
  }

 private:
  store::InlineExecutor inner_;
  Poster& poster_;
  int left_ = -1, writes_left_ = -1;
};

struct World {
  explicit World(sync::Plan plan = default_plan())
      : database(store::Database::open(":memory:").value()), executor(*database, timers), store(executor, clock), left(timers, clock, "L"), right(timers, clock, "R") {
    ASSERT(store::migrate(*database).ok(), "the schema must apply");
    engine = std::make_unique<sync::Engine>(store, sync::Surroundings{clock, timers, timers, random, ears, &judge});
    engine->put(std::make_shared<TableMapper>(std::move(plan)), {&left, &right});
    engine->start(false);
    settle();
  }

  static sync::Field field(const std::string& name, std::int64_t strategy = 1) {
    sync::Field out;
    out.name = name;
    out.paths = {{name}, {name}};
    out.strategy = strategy == 0 ? "manual" : (strategy == 1 ? "newest" : "test");
    if (strategy != 0) out.strategy_function = strategy;
    return out;
  }
  static sync::Plan default_plan() {
    sync::Plan plan;
    plan.name = "people";
    plan.end.left = {"erp", "doctype", "Person", {"name"}, Value(Object{}), Value(Object{}), true, "", sync::DeletePolicy::kDelete, false, "", Value(), {}};
    plan.end.right = {"app", "table", "people", {"id"}, Value(Object{}), Value(Object{}), true, "", sync::DeletePolicy::kDelete, false, "", Value(), {}};
    plan.fields = {field("email"), field("phone"), field("note", 0), field("tags", 4)};
    plan.matches = {{{{"email", "email", false}}}};
    return plan;
  }

  void hook(sync::Side side, const std::string& key, const std::string& event = "upsert") {
    store::Change change;
    change.connection = side == sync::Side::kLeft ? "erp" : "app";
    change.collection = side == sync::Side::kLeft ? "Person" : "people";
    change.key = key;
    change.event = event;
    store.put({change}, [](Result<std::int64_t> stored) { ASSERT(stored.ok(), "a change must be stored"); });
    timers.run_posted();
    engine->received();
  }
  /// Runs everything that is due now and the next `span`.
  void settle(Duration span = std::chrono::milliseconds(500)) { timers.advance(span); }
  int writes() const { return left.writes + right.writes; }
  store::Summary::Mapping counts() {
    store::Summary::Mapping out;
    store.summary([&](Result<store::Summary> summary) { out = summary->mappings["people"]; });
    timers.run_posted();
    return out;
  }
  std::vector<store::Conflict> conflicts() {
    std::vector<store::Conflict> out;
    store.conflicts("people", false, {}, [&](Result<store::Paged<store::Conflict>> page) { out = page->rows; });
    timers.run_posted();
    return out;
  }
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
