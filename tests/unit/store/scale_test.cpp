// What one change costs the state, with few links and with many: the same.
#include <sqlite3.h>

#include "store_fixture.h"

using namespace tidewire;
using namespace tidewire::store;

namespace {

/// SQLite's steps for all that the state is asked while one edit travels, beside so many links and as much history.
int steps_of_a_change(int others) {
  StoreFixture f;
  const std::string rows = "WITH RECURSIVE n (i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < " + std::to_string(others) + ") ";
  REQUIRE(f.database->exec(rows + "INSERT INTO links (mapping, left_key, right_key, left_incarnation, state, generation, base, left_tokens, right_tokens, stamps, notes, created_at, updated_at) "
                                  "SELECT 'employees', 'E' || i, 'R' || i, 'T' || i, 'live', 1, '{}', '[]', '[]', '{}', '{}', 1, 1 FROM n").ok());
  REQUIRE(f.database->exec(rows + "INSERT INTO operations (id, at, mapping, link, kind, outcome, changes, record, script) SELECT 'O' || i, 1, 'employees', i, 'update', 'applied', 1, '{}', '' FROM n").ok());
  REQUIRE(f.database->exec(rows + "INSERT INTO dirty_keys SELECT 'employees', 'left', 'D' || i, 1, 1, 1, 'upsert', 'poll', NULL, 'dead', 0, 0, 1, NULL, 'of ' || i, NULL, 0 FROM n").ok());
  int steps = 0;
  sqlite3_progress_handler(f.database->handle(), 1, [](void* count) { return ++*static_cast<int*>(count), 0; }, &steps);

  f.put({change("E7")});
  f.fan_out({employees_left()});
  const std::vector<DirtyKey> due = f.take("employees");
  REQUIRE(due.size() == 1);
  const Known known = f.load("employees", Side::kLeft, "E7");
  REQUIRE(known.link);
  f.ask<std::vector<Link>>([&](auto done) { f.store.find_by_incarnation("employees", Side::kLeft, "T7", done); });
  f.ask<std::vector<std::optional<std::string>>>([&](auto done) { f.store.translate("employees", Side::kLeft, {"E8"}, done); });
  f.ask<BrakeCounts>([&](auto done) { f.store.brake_counts("employees", std::chrono::hours(24), done); });
  Intent intent;
  intent.id = "I1";
  intent.mapping = "employees";
  intent.link = known.link->id;
  intent.operation = "P1";
  f.ask<void>([&](auto done) { f.store.announce({intent}, std::nullopt, done); });
  Commit commit{.mapping = "employees"};
  commit.link = *known.link;
  commit.operation.emplace();
  commit.operation->id = "P1";
  commit.operation->mapping = "employees";
  commit.operation->link = known.link->id;
  commit.operation->kind = "update";
  commit.operation->outcome = "applied";
  commit.close_intents = {intent.id};
  commit.finished = {taken(due.front())};
  f.commit(std::move(commit));
  f.ask<std::int64_t>([&](auto done) { f.store.backlog("employees", done); });
  f.ask<std::optional<Instant>>([&](auto done) { f.store.next_due("employees", f.clock.now(), done); });

  sqlite3_progress_handler(f.database->handle(), 0, nullptr, nullptr);
  return steps;
}

/// SQLite's steps for a summary of so many keys that wait, the first in this state.
int steps_of_a_summary(int keys, const std::string& first) {
  StoreFixture f;
  REQUIRE(f.database->exec("WITH RECURSIVE n (i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < " + std::to_string(keys) + ") INSERT INTO dirty_keys SELECT 'employees', 'left', 'D' || i, 1, 1, 1, 'upsert', 'poll', NULL, iif(i = 1, '" + first +
                           "', 'waiting'), 0, i, 1, NULL, NULL, NULL, i FROM n").ok());
  int steps = 0;
  sqlite3_progress_handler(f.database->handle(), 1, [](void* count) { return ++*static_cast<int*>(count), 0; }, &steps);
  const Summary summary = f.summary();
  sqlite3_progress_handler(f.database->handle(), 0, nullptr, nullptr);
  CHECK(summary.mappings.at("employees").oldest_waiting == Instant(std::chrono::microseconds(1)));
  return steps;
}

}  // namespace

TEST_CASE("scale: since when keys back off costs a summary no more than a few rows, beside fifty thousand", "[store][scale]") {
  const auto search = [](int keys) { return steps_of_a_summary(keys, "backing_off") - steps_of_a_summary(keys, "waiting"); };
  const int few = search(2'000), many = search(50'000);

  INFO(few << " steps, " << many << " steps");
  CHECK(many < few * 5 / 4);
}

TEST_CASE("scale: a change costs the same beside fifty thousand links as beside a thousand", "[store][scale]") {
  const int few = steps_of_a_change(1'000), many = steps_of_a_change(50'000);

  INFO(few << " steps, " << many << " steps");
  CHECK(many <= few + few / 10);
}
