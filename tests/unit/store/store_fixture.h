// store_fixture.h — a Store in memory, asked like a function: the verb, then its answer.
#pragma once

#include <optional>

#include <catch2/catch.hpp>

#include "store/migrate.h"
#include "store/store.h"
#include "support/fake_clock.h"

namespace tidewire::store {

struct StoreFixture {
  test::FakeClock clock;
  test::ManualTimers timers{clock};
  std::unique_ptr<Database> database = std::move(Database::open(":memory:")).value();
  InlineExecutor executor{*database, timers};
  Store store{executor, clock};

  StoreFixture() { REQUIRE(migrate(*database).ok()); }

  template <typename T, typename Verb>
  Result<T> try_ask(Verb verb) {
    std::optional<Result<T>> answer;
    verb([&answer](Result<T> result) { answer = std::move(result); });
    REQUIRE(!answer);
    timers.run_posted();
    REQUIRE(answer);
    return std::move(*answer);
  }
  template <typename T, typename Verb>
  auto ask(Verb verb) {
    Result<T> answer = try_ask<T>(std::move(verb));
    INFO((answer.ok() ? std::string() : to_string(answer.error())));
    REQUIRE(answer.ok());
    return std::move(answer).value();
  }

  std::int64_t put(std::vector<Change> changes) {
    return ask<std::int64_t>([&](auto done) { store.put(std::move(changes), done); });
  }
  FanOut fan_out(std::vector<Route> routes, std::int64_t limit = 1000) {
    return ask<FanOut>([&](auto done) { store.fan_out(std::move(routes), limit, done); });
  }
  void mark(const std::string& mapping, std::vector<DirtyMark> marks) {
    ask<void>([&](auto done) { store.mark(mapping, std::move(marks), done); });
  }
  std::vector<DirtyKey> take(const std::string& mapping, std::int64_t limit = 100) {
    return ask<std::vector<DirtyKey>>([&](auto done) { store.take(mapping, limit, done); });
  }
  std::int64_t commit(Commit commit) {
    return ask<std::int64_t>([&](auto done) { store.commit(std::move(commit), done); });
  }
  Known load(const std::string& mapping, Side side, const std::string& key) {
    auto known = ask<std::vector<Known>>([&](auto done) { store.load(mapping, {{side, key}}, done); });
    REQUIRE(known.size() == 1);
    return known.front();
  }
  Summary summary() {
    return ask<Summary>([&](auto done) { store.summary(done); });
  }
  std::int64_t counter(const std::string& mapping, const std::string& name) {
    return summary().mappings[mapping].counters[name];
  }

  /// The row of one key, whatever its state.
  std::optional<DirtyKey> row(const std::string& mapping, Side side, const std::string& key) {
    const Known known = load(mapping, side, key);
    if (known.dirty.empty()) return std::nullopt;
    return known.dirty.front();
  }
  /// Puts the row of a key into a state as a reconcile would.
  void stand(const DirtyKey& taken, KeyState state, Duration wait = {}) {
    DirtyKey row = taken;
    row.state = state;
    row.due_at = clock.now() + wait;
    row.attempts = taken.attempts + (state == KeyState::kWaitingFor ? 0 : 1);
    Commit standing{.mapping = taken.mapping};
    standing.standing.push_back(row);
    commit(std::move(standing));
  }
};

inline Change change(std::string key, std::string delivery = {}) {
  Change made;
  made.connection = "erp";
  made.collection = "Employee";
  made.key = std::move(key);
  made.delivery_id = std::move(delivery);
  return made;
}
inline Route employees_left() { return Route{"employees", Side::kLeft, "erp", "Employee"}; }
inline Link link_of(const std::string& left, const std::string& right) {
  Link link;
  link.mapping = "employees";
  link.key.left = left;
  link.key.right = right;
  return link;
}
inline Commit::Taken taken(const DirtyKey& row) { return {row.side, row.key, row.last_seq, row.changes}; }

}  // namespace tidewire::store
