#include "store/statement.h"
#include "store_fixture.h"

using namespace tidewire;
using namespace tidewire::store;

namespace {

std::string query_plan(Database& database, const std::string& sql) {
  std::string plan;
  Query row(database, "EXPLAIN QUERY PLAN " + sql);
  while (row.next().value()) plan += std::string(row.text(3)) + "\n";
  return plan;
}

}  // namespace

TEST_CASE("dirty keys: live comes before backfill, then what waits longest", "[store][dirty_keys]") {
  StoreFixture f;
  DirtyMark backfill{Side::kLeft, "old", "upsert", "job"};
  backfill.priority = 1;
  f.mark("employees", {backfill});
  f.clock.pass(std::chrono::seconds(1));
  f.mark("employees", {{Side::kLeft, "z"}});
  f.clock.pass(std::chrono::seconds(1));
  f.mark("employees", {{Side::kLeft, "a"}});

  const auto rows = f.take("employees");

  REQUIRE(rows.size() == 3);
  CHECK(rows[0].key == "z");
  CHECK(rows[1].key == "a");
  CHECK(rows[2].key == "old");
  CHECK(f.take("employees", 2).size() == 2);
  CHECK(f.take("departments").empty());
}

TEST_CASE("dirty keys: what is not due yet is not taken, and says when it will be", "[store][dirty_keys]") {
  StoreFixture f;
  const auto next = [&] {
    return f.ask<std::optional<Instant>>([&](auto done) { f.store.next_due("employees", f.clock.now(), done); });
  };
  CHECK(next() == std::nullopt);
  DirtyMark later{Side::kLeft, "E1"};
  later.due_at = f.clock.now() + std::chrono::minutes(5);
  later.priority = 1;
  f.mark("employees", {later});

  CHECK(f.take("employees").empty());
  CHECK(next() == later.due_at);
  f.mark("employees", {{Side::kLeft, "due already and left out by whoever asks"}});
  CHECK(next() == later.due_at);
  f.clock.pass(std::chrono::minutes(5));
  CHECK(f.take("employees").size() == 2);
}

TEST_CASE("dirty keys: taking walks an index, neither the table nor a sorter", "[store][dirty_keys]") {
  StoreFixture f;

  const std::string take = query_plan(*f.database,
                                      "SELECT * FROM dirty_keys WHERE mapping = 'm' AND priority = 0 AND due_at <= 5 "
                                      "AND state IN ('waiting', 'backing_off') "
                                      "ORDER BY due_at LIMIT 10");
  CHECK(take.find("USING INDEX dirty_keys_due (mapping=? AND priority=? AND due_at<?)") != std::string::npos);
  CHECK(take.find("TEMP B-TREE") == std::string::npos);
  const std::string next =
      query_plan(*f.database,
                 "SELECT priority FROM dirty_keys WHERE mapping = 'm' AND priority > 0 AND state IN "
                 "('waiting', 'backing_off') ORDER BY priority LIMIT 1");
  CHECK(next.find("USING COVERING INDEX dirty_keys_due (mapping=? AND priority>?)") != std::string::npos);
  const std::string wake =
      query_plan(*f.database, "UPDATE dirty_keys SET state = 'waiting' WHERE parent = 'p' AND state = 'waiting_for'");
  CHECK(wake.find("dirty_keys_waiting_for (parent=?)") != std::string::npos);
  const std::string link =
      query_plan(*f.database, "SELECT * FROM links WHERE mapping = 'm' AND left_key = 'k' AND state <> 'tombstone'");
  CHECK(link.find("links_left (mapping=? AND left_key=?)") != std::string::npos);
}

TEST_CASE("dirty keys: a new change looks again at a key that waits for a parent: it may name another", "[store][dirty_keys]") {
  StoreFixture f;
  f.mark("employees", {{Side::kLeft, "E1"}});
  f.stand(f.take("employees").front(), KeyState::kWaitingFor, std::chrono::hours(1));

  f.mark("employees", {{Side::kLeft, "E1"}});

  CHECK(f.row("employees", Side::kLeft, "E1")->state == KeyState::kWaiting);
  CHECK(f.take("employees").size() == 1);
}

TEST_CASE("dirty keys: a new change leaves a key that backs off or is held where it is", "[store][dirty_keys]") {
  const KeyState state = GENERATE(KeyState::kBackingOff, KeyState::kHeld);
  StoreFixture f;
  f.mark("employees", {{Side::kLeft, "E1"}});
  f.stand(f.take("employees").front(), state, std::chrono::hours(1));
  const auto before = f.row("employees", Side::kLeft, "E1");

  f.mark("employees", {{Side::kLeft, "E1", "delete"}});

  const auto row = f.row("employees", Side::kLeft, "E1");
  CHECK(row->state == state);
  CHECK(row->due_at == before->due_at);
  CHECK(row->attempts == 1);
  CHECK(row->last_seq > before->last_seq);
  CHECK(row->changes == 2);
  CHECK(row->event == "delete");
  CHECK(f.take("employees").empty());
}

TEST_CASE("dirty keys: a record that stands with keys of both sides is counted once, and its keys are told beside", "[store][dirty_keys]") {
  const KeyState state = GENERATE(KeyState::kDead, KeyState::kHeld);
  StoreFixture f;
  f.commit({.mapping = "employees", .link = link_of("E1", "42")});
  f.mark("employees", {{Side::kLeft, "E1"}, {Side::kRight, "42"}, {Side::kLeft, "E2"}});
  for (const DirtyKey& key : f.take("employees")) f.stand(key, state);

  const auto counts = f.summary().mappings["employees"];

  CHECK(counts.held == (state == KeyState::kHeld ? 2 : 0));
  CHECK(counts.held_rows == (state == KeyState::kHeld ? 3 : 0));
  CHECK(counts.dead == (state == KeyState::kDead ? 2 : 0));
  CHECK(counts.dead_rows == (state == KeyState::kDead ? 3 : 0));
}

TEST_CASE("dirty keys: a new change for a dead or conflicting key tries again at once", "[store][dirty_keys]") {
  const KeyState state = GENERATE(KeyState::kDead, KeyState::kConflict);
  StoreFixture f;
  f.mark("employees", {{Side::kLeft, "E1"}});
  f.stand(f.take("employees").front(), state, std::chrono::hours(1));
  CHECK(f.take("employees").empty());

  f.mark("employees", {{Side::kLeft, "E1"}});

  const auto rows = f.take("employees");
  REQUIRE(rows.size() == 1);
  CHECK(rows[0].state == KeyState::kWaiting);
  CHECK(rows[0].attempts == 0);
  CHECK(f.counter("employees", "revived") == (state == KeyState::kDead ? 1 : 0));
}

TEST_CASE("dirty keys: where the very same write is given up again and again, a change does not try it at once", "[store][dirty_keys]") {
  const bool meanwhile = GENERATE(false, true);
  INFO((meanwhile ? "the change came before it was given up" : "the change came after"));
  StoreFixture f;
  f.mark("employees", {{Side::kLeft, "E1"}});
  DirtyKey taken = f.take("employees").front();
  taken.error = Value(Object{{"code", "unavailable"}, {"failed", Value(Object{{"over", std::int64_t{3}}})}});
  if (meanwhile) f.mark("employees", {{Side::kLeft, "E1"}});
  f.stand(taken, KeyState::kDead);
  if (!meanwhile) f.mark("employees", {{Side::kLeft, "E1"}});
  f.mark("employees", {{Side::kLeft, "E1"}});  // nor does a further one pull it forward

  const auto row = f.row("employees", Side::kLeft, "E1");
  REQUIRE(row);
  CHECK(row->state == KeyState::kBackingOff);
  CHECK(row->due_at == f.clock.now() + std::chrono::seconds(8));
  CHECK(f.take("employees").empty());
}

TEST_CASE("dirty keys: a live change pulls a waiting backfill row forward, never back", "[store][dirty_keys]") {
  StoreFixture f;
  DirtyMark later{Side::kLeft, "E1", "upsert", "job"};
  later.priority = 1;
  later.due_at = f.clock.now() + std::chrono::hours(1);
  f.mark("employees", {later});
  f.mark("employees", {{Side::kLeft, "E1"}});

  auto rows = f.take("employees");
  REQUIRE(rows.size() == 1);
  CHECK(rows[0].priority == 0);

  f.mark("employees", {later});
  rows = f.take("employees");
  REQUIRE(rows.size() == 1);
  CHECK(rows[0].priority == 0);
}

TEST_CASE("dirty keys: a person retries dead and held keys, and a named one that backs off", "[store][dirty_keys]") {
  StoreFixture f;
  f.mark("employees", {{Side::kLeft, "dead"}, {Side::kLeft, "held"}, {Side::kLeft, "off"}, {Side::kLeft, "conflict"}});
  for (const DirtyKey& row : f.take("employees")) {
    const KeyState state = row.key == "dead"   ? KeyState::kDead
                           : row.key == "held" ? KeyState::kHeld
                           : row.key == "off"  ? KeyState::kBackingOff
                                               : KeyState::kConflict;
    f.stand(row, state, std::chrono::hours(1));
  }
  const auto retry = [&](std::optional<std::pair<Side, std::string>> key) {
    return f.ask<std::int64_t>([&](auto done) { f.store.retry("employees", std::move(key), done); });
  };

  CHECK(retry({{Side::kLeft, "conflict"}}) == 1);
  for (const DirtyKey& row : f.take("employees")) f.stand(row, KeyState::kConflict, std::chrono::hours(1));
  CHECK(retry(std::nullopt) == 3);
  CHECK(f.take("employees").size() == 3);
  CHECK(retry({{Side::kLeft, "off"}}) == 1);
  CHECK(f.take("employees").size() == 4);
  CHECK(f.row("employees", Side::kLeft, "dead")->attempts == 0);
}

TEST_CASE("dirty keys: all of a mapping are let go some at a time, with its open conflicts, and no other's", "[store][dirty_keys]") {
  StoreFixture f;
  f.mark("employees", {{Side::kLeft, "E1"}, {Side::kLeft, "E2"}, {Side::kRight, "3"}});
  f.mark("others", {{Side::kLeft, "E1"}});
  Conflict open;
  open.field = "note";
  open.key = "E1";
  open.side = Side::kLeft;
  f.commit({.mapping = "employees", .open_conflicts = {open}});
  const auto discard = [&] { return f.ask<std::int64_t>([&](auto done) { f.store.discard_all("employees", 2, "ada", done); }); };

  CHECK(discard() == 2);
  CHECK(discard() == 1);
  CHECK(discard() == 0);

  CHECK(f.counter("employees", "discarded") == 3);
  CHECK(f.row("others", Side::kLeft, "E1"));
  CHECK(f.database->query("SELECT id FROM conflicts WHERE closed_at IS NULL", {}).value().empty());
}

TEST_CASE("dirty keys: all that back off may be due at once, and nothing else moves", "[store][dirty_keys]") {
  StoreFixture f;
  f.mark("employees", {{Side::kLeft, "off"}, {Side::kLeft, "dead"}});
  for (const DirtyKey& row : f.take("employees")) f.stand(row, row.key == "off" ? KeyState::kBackingOff : KeyState::kDead, std::chrono::hours(1));
  CHECK(f.take("employees").empty());

  CHECK(f.ask<std::int64_t>([&](auto done) { f.store.wake_backing_off("employees", done); }) == 1);
  CHECK(f.take("employees").size() == 1);
  CHECK(f.row("employees", Side::kLeft, "dead")->state == KeyState::kDead);
}

TEST_CASE("dirty keys: a dead letter is let go with what stands dead under the other key of its record, and nothing else", "[store][dirty_keys]") {
  StoreFixture f;
  f.commit({.mapping = "employees", .link = link_of("E1", "42")});
  f.commit({.mapping = "employees", .link = link_of("E2", "43")});
  f.mark("employees", {{Side::kLeft, "E1"}, {Side::kRight, "42"}, {Side::kLeft, "E2"}});
  for (const DirtyKey& key : f.take("employees")) f.stand(key, KeyState::kDead);
  f.mark("employees", {{Side::kRight, "43"}});
  const auto discard = [&](const std::string& key) {
    return f.ask<std::int64_t>([&](auto done) { f.store.discard("employees", Side::kLeft, key, "test data", "ada", done); });
  };

  CHECK(discard("E1") == 2);
  CHECK_FALSE(f.row("employees", Side::kRight, "42"));
  CHECK(f.row("employees", Side::kLeft, "E2"));
  CHECK(discard("E2") == 1);
  CHECK(f.row("employees", Side::kRight, "43"));  // it is to be looked at yet
  CHECK(f.counter("employees", "discarded") == 3);
}

TEST_CASE("dirty keys: a discarded key is gone, counted and audited", "[store][dirty_keys]") {
  StoreFixture f;
  f.mark("employees", {{Side::kLeft, "E1"}});
  const auto discard = [&] {
    return f.ask<std::int64_t>(
        [&](auto done) { f.store.discard("employees", Side::kLeft, "E1", "test data", "ada", done); });
  };

  CHECK(discard() == 1);
  CHECK(discard() == 0);

  CHECK_FALSE(f.row("employees", Side::kLeft, "E1"));
  CHECK(f.counter("employees", "discarded") == 1);
  const auto log = f.ask<Paged<Value>>([&](auto done) { f.store.audit_log({}, {}, done); });
  REQUIRE(log.rows.size() == 1);
  CHECK(log.rows[0].string_or("author") == "ada");
  CHECK(log.rows[0].string_or("subject") == "employees/left/E1");
  CHECK(log.rows[0].at_path("detail.reason")->as_string() == "test data");
}

TEST_CASE("dirty keys: what stands is listed newest first, page by page", "[store][dirty_keys]") {
  StoreFixture f;
  for (const char* key : {"E1", "E2", "E3"}) {
    f.mark("employees", {{Side::kLeft, key}});
    f.stand(f.take("employees").front(), KeyState::kDead);
    f.clock.pass(std::chrono::seconds(1));
  }
  f.mark("employees", {{Side::kLeft, "waits"}});
  const auto page = [&](std::optional<KeyState> state, std::string after) {
    return f.ask<Paged<DirtyKey>>([&](auto done) {
      f.store.standing("employees", state, Page{2, std::move(after)}, done);
    });
  };

  const auto first = page(std::nullopt, "");
  REQUIRE(first.rows.size() == 2);
  CHECK(first.rows[0].key == "E3");
  REQUIRE_FALSE(first.next.empty());
  const auto second = page(std::nullopt, first.next);
  REQUIRE(second.rows.size() == 1);
  CHECK(second.rows[0].key == "E1");
  CHECK(second.next.empty());
  CHECK(page(KeyState::kWaiting, "").rows.size() == 1);
  CHECK(page(KeyState::kHeld, "").rows.empty());

  const auto of_key = [&](KeyFilter filter) { return f.ask<Paged<DirtyKey>>([&](auto done) { f.store.standing(std::move(filter), Page{}, done); }).rows.size(); };
  CHECK(of_key({.mapping = "employees", .key = "E2"}) == 1);
  CHECK(of_key({.key = "E2"}) == 1);
  CHECK(of_key({.mapping = "employees", .key = "waits"}) == 1);
  CHECK(of_key({.mapping = "employees", .state = KeyState::kDead, .key = "waits"}) == 0);
  CHECK(of_key({.mapping = "employees", .state = KeyState::kWaiting, .key = "waits"}) == 1);
  CHECK(of_key({.mapping = "others", .key = "E2"}) == 0);
}
