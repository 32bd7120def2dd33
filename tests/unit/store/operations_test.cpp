#include "store/operations.h"

#include "store_fixture.h"

using namespace tidewire;
using namespace tidewire::store;

namespace {

Operation operation_at(StoreFixture& f, const std::string& tail, const std::string& outcome,
                       std::optional<std::int64_t> link = {}) {
  Operation operation;
  operation.id = first_id_at(f.clock.now()) + "-7000-8000-" + tail;
  operation.at = f.clock.now();
  operation.mapping = "employees";
  operation.kind = "update";
  operation.outcome = outcome;
  operation.link = link;
  operation.key.left = "E1";
  operation.record = Object{{"why", tail}};
  return operation;
}

std::vector<Operation> find_operations(StoreFixture& f, OperationFilter filter) {
  return f.ask<Paged<Operation>>([&](auto done) { f.store.operations(std::move(filter), {}, done); }).rows;
}

}  // namespace

TEST_CASE("operations: ids sort by time as their prefix says", "[store][operations]") {
  CHECK(first_id_at(parse_instant("2024-05-01T10:11:12.013Z").value()) == "018f33a3-020d");
  CHECK(first_id_at(Instant{}) == "00000000-0000");
}

TEST_CASE("operations: listed newest first by every filter", "[store][operations]") {
  StoreFixture f;
  const std::int64_t link = f.commit({.mapping = "employees", .link = link_of("E1", "42")});
  const Instant start = f.clock.now();
  f.commit({.mapping = "employees", .operation = operation_at(f, "a", "applied", link)});
  f.clock.pass(std::chrono::minutes(1));
  f.commit({.mapping = "employees", .operation = operation_at(f, "b", "dead")});
  f.clock.pass(std::chrono::minutes(1));
  Operation stranger = operation_at(f, "c", "conflict");
  stranger.mapping = "departments";
  f.commit({.mapping = "departments", .operation = stranger});

  CHECK(find_operations(f, {}).size() == 3);
  CHECK(find_operations(f, {}).front().record == Value(Object{{"why", "c"}}));
  CHECK(find_operations(f, {.mapping = "employees"}).size() == 2);
  CHECK(find_operations(f, {.outcome = "dead"}).size() == 1);
  CHECK(find_operations(f, {.link = link}).size() == 1);
  CHECK(find_operations(f, {.failed = true}).size() == 2);
  CHECK(find_operations(f, {.since = start + std::chrono::minutes(1)}).size() == 2);
  CHECK(find_operations(f, {.mapping = "employees", .key = "42"}).size() == 1);
  CHECK(find_operations(f, {.mapping = "employees", .key = "E1"}).size() == 2);
  CHECK(find_operations(f, {.until = start + std::chrono::minutes(1)}).size() == 1);
  CHECK(find_operations(f, {.kind = "none"}).empty());
  CHECK(find_operations(f, {.text = "\"c\""}).size() == 1);
  CHECK(find_operations(f, {.author = "nobody"}).empty());
}

TEST_CASE("operations: those that answer a change of one side, also among those with a word", "[store][operations]") {
  StoreFixture f;
  for (const char* side : {"left", "right"}) {
    Operation operation = operation_at(f, side, "applied");
    operation.record["taken"] = Value(Array{Value(Object{{"side", side}, {"key", "E1"}})});
    f.commit({.mapping = "employees", .operation = operation});
  }

  CHECK(find_operations(f, {}).size() == 2);
  REQUIRE(find_operations(f, {.side = Side::kLeft}).size() == 1);
  CHECK(find_operations(f, {.side = Side::kLeft}).front().record.string_or("why") == "left");
  CHECK(find_operations(f, {.text = "E1", .side = Side::kRight}).size() == 1);
  CHECK(find_operations(f, {.text = "left", .side = Side::kRight}).empty());
}

TEST_CASE("operations: a page by side looks at so many, and the next one goes on where it ended", "[store][operations]") {
  StoreFixture f;
  const auto fill = [&](const char* side, int from, int to) {
    const std::string rows = "WITH RECURSIVE n (i) AS (SELECT " + std::to_string(from) + " UNION ALL SELECT i + 1 FROM n WHERE i < " + std::to_string(to) + ") ";
    REQUIRE(f.database->exec(rows + "INSERT INTO operations (id, at, mapping, kind, outcome, changes, record, script) SELECT printf('O%08d', i), 1, 'employees', 'update', 'applied', 1, '{\"taken\": [{\"side\": \"" + side + "\"}]}', '' FROM n").ok());
  };
  fill("right", 1, 1);
  fill("left", 2, 4500);
  const auto page = [&](std::string after) { return f.ask<Paged<Operation>>([&](auto done) { f.store.operations({.mapping = "employees", .side = Side::kRight}, {10, std::move(after)}, done); }); };

  const Paged<Operation> first = page("");
  CHECK(first.rows.empty());
  REQUIRE(first.next == "O00002501");
  const Paged<Operation> second = page(first.next);
  CHECK(second.rows.empty());
  REQUIRE(second.next == "O00000501");
  const Paged<Operation> last = page(second.next);
  REQUIRE(last.rows.size() == 1);
  CHECK(last.rows.front().id == "O00000001");
  CHECK(last.next.empty());
}

TEST_CASE("operations: a renamed key still has its history", "[store][operations]") {
  StoreFixture f;
  Link link = link_of("E1", "42");
  link.id = f.commit({.mapping = "employees", .link = link});
  f.commit({.mapping = "employees", .operation = operation_at(f, "a", "applied", link.id)});
  link.key.left = "E9";
  f.commit({.mapping = "employees", .link = link});

  CHECK(find_operations(f, {.mapping = "employees", .key = "E9"}).size() == 1);
}

TEST_CASE("operations: the outcome replaces the announcement", "[store][operations]") {
  StoreFixture f;
  Operation operation = operation_at(f, "a", "announced");
  f.ask<void>([&](auto done) { f.store.announce({}, operation, done); });
  operation.outcome = "applied";
  operation.author = "ada";
  f.commit({.mapping = "employees", .operation = operation});

  const auto stored = f.ask<Operation>([&](auto done) { f.store.operation(operation.id, done); });
  CHECK(stored.outcome == "applied");
  CHECK(stored.author == "ada");
  CHECK(find_operations(f, {}).size() == 1);
}

TEST_CASE("operations: pages follow one another", "[store][operations]") {
  StoreFixture f;
  for (const char* tail : {"a", "b", "c"})
    f.commit({.mapping = "employees", .operation = operation_at(f, tail, "applied")});

  const auto first = f.ask<Paged<Operation>>([&](auto done) { f.store.operations({}, Page{2, ""}, done); });
  REQUIRE(first.rows.size() == 2);
  const auto second = f.ask<Paged<Operation>>([&](auto done) { f.store.operations({}, Page{2, first.next}, done); });
  REQUIRE(second.rows.size() == 1);
  CHECK(second.rows[0].id < first.rows[1].id);
  CHECK(second.next.empty());
}

TEST_CASE("operations: an unknown one and a key without its mapping say so", "[store][operations]") {
  StoreFixture f;
  CHECK(f.try_ask<Operation>([&](auto done) { f.store.operation("nope", done); }).error().code == Code::kNotFound);
  CHECK(f.try_ask<Paged<Operation>>([&](auto done) { f.store.operations({.key = "E1"}, {}, done); }).error().code ==
        Code::kInvalid);
}
