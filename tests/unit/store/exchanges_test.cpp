#include "store/exchanges.h"

#include "base/json.h"
#include "store/operations.h"
#include "store_fixture.h"

using namespace tidewire;
using namespace tidewire::store;

namespace {

constexpr Duration kMonth = std::chrono::hours(30 * 24);

OperationExchange exchange_of(StoreFixture& f, std::int64_t number, const std::string& answer = "{}") {
  Exchange one;
  one.id = (std::chrono::floor<std::chrono::milliseconds>(f.clock.now().time_since_epoch()).count() << 20) + number;
  one.at = f.clock.now();
  one.took = std::chrono::milliseconds(31);
  one.connection = "app";
  one.method = "PATCH";
  one.target = "http://app.example/people?id=eq.1";
  one.sent = {"application/json", "{\"name\":\"Ada\"}", 0, {}};
  one.status = "200";
  one.answer = {"application/json", answer, 7, {}};
  return {std::make_shared<const Exchange>(std::move(one)), 2, Side::kRight};
}

Operation operation_of(StoreFixture& f, const std::string& tail, std::optional<std::int64_t> link = std::nullopt) {
  Operation operation;
  operation.id = first_id_at(f.clock.now()) + "-7000-8000-" + tail;
  operation.mapping = "employees";
  operation.link = link;
  operation.kind = "update";
  operation.outcome = "applied";
  return operation;
}

Commit commit_of(const Operation& operation, std::vector<OperationExchange> exchanges) {
  Commit commit{.mapping = "employees"};
  commit.operation = operation;
  commit.pass = operation.id;
  commit.exchanges = std::move(exchanges);
  return commit;
}

std::vector<OperationExchange> told(StoreFixture& f, const std::string& operation) {
  return f.ask<std::vector<OperationExchange>>([&](auto done) { f.store.exchanges(operation, done); });
}

std::int64_t rows(StoreFixture& f, const std::string& table) { return f.database->query("SELECT count(*) AS n FROM " + table, {}).value()[0].at("n").as_int(); }

bool prune(StoreFixture& f) {
  return f.ask<bool>([&](auto done) { f.store.prune(kMonth, done); });
}

}  // namespace

TEST_CASE("exchanges: what was said for an operation is told as it was", "[store][exchanges]") {
  StoreFixture f;
  const Operation operation = operation_of(f, "1");

  f.commit(commit_of(operation, {exchange_of(f, 1, "{\"id\":1}")}));

  const auto found = told(f, operation.id);
  REQUIRE(found.size() == 1);
  const Exchange& one = *found.front().exchange;
  CHECK(one.method + " " + one.target == "PATCH http://app.example/people?id=eq.1");
  CHECK(one.connection == "app");
  CHECK(one.at == f.clock.now());
  CHECK(one.took == std::chrono::milliseconds(31));
  CHECK(one.sent.text == "{\"name\":\"Ada\"}");
  CHECK(one.sent.type == "application/json");
  CHECK(one.status == "200");
  CHECK(one.answer.text == "{\"id\":1}");
  CHECK(one.answer.cut == 7);
  CHECK(found.front().step == 2);
  CHECK(found.front().side == Side::kRight);
  CHECK(told(f, "nobody").empty());
}

TEST_CASE("exchanges: one that several operations share is stored once", "[store][exchanges]") {
  StoreFixture f;
  const auto shared = exchange_of(f, 1);
  const Operation first = operation_of(f, "1"), second = operation_of(f, "2");

  f.commit(commit_of(first, {shared}));
  f.commit(commit_of(second, {shared}));
  f.commit(commit_of(second, {shared}));  // of a pass that commits each side by itself

  CHECK(rows(f, "exchanges") == 1);
  CHECK(told(f, first.id).size() == 1);
  CHECK(told(f, second.id).size() == 1);
}

TEST_CASE("exchanges: those of attempts without an operation go over to the operation that follows", "[store][exchanges]") {
  StoreFixture f;
  Commit attempt{.mapping = "employees"};
  attempt.pass = "attempt";
  attempt.exchanges = {exchange_of(f, 1)};
  f.commit(attempt);
  const Operation operation = operation_of(f, "2");
  Commit commit = commit_of(operation, {exchange_of(f, 2)});
  commit.earlier_passes = {"attempt", operation.id};

  f.commit(std::move(commit));

  const auto found = told(f, operation.id);
  REQUIRE(found.size() == 2);
  CHECK_FALSE(found[0].step);
  CHECK(found[1].step == 2);
  CHECK(told(f, "attempt").empty());
}

TEST_CASE("exchanges: of an operation that is stored they stay where they are", "[store][exchanges]") {
  StoreFixture f;
  const Operation dead = operation_of(f, "1"), next = operation_of(f, "2");
  f.commit(commit_of(dead, {exchange_of(f, 1)}));
  Commit commit = commit_of(next, {exchange_of(f, 2)});
  commit.earlier_passes = {dead.id};

  f.commit(std::move(commit));

  CHECK(told(f, dead.id).size() == 1);
  CHECK(told(f, next.id).size() == 1);
}

TEST_CASE("exchanges: where an attempt ends in nothing they leave", "[store][exchanges]") {
  StoreFixture f;
  Commit attempt{.mapping = "employees"};
  attempt.pass = "attempt";
  attempt.exchanges = {exchange_of(f, 1)};
  f.commit(attempt);
  Commit echo{.mapping = "employees"};
  echo.earlier_passes = {"attempt"};

  f.commit(std::move(echo));

  CHECK(rows(f, "exchanges") == 0);
  CHECK(rows(f, "operation_exchanges") == 0);
}

TEST_CASE("exchanges: of many attempts the newest are kept", "[store][exchanges]") {
  StoreFixture f;
  std::string before;
  for (int i = 1; i <= kMostExchanges + 5; ++i) {
    Commit attempt{.mapping = "employees"};
    attempt.pass = "attempt " + std::to_string(i);
    attempt.exchanges = {exchange_of(f, i)};
    if (!before.empty()) attempt.earlier_passes = {before};
    before = attempt.pass;
    f.commit(std::move(attempt));
  }

  const auto found = told(f, before);

  REQUIRE(static_cast<std::int64_t>(found.size()) == kMostExchanges);
  CHECK(found.back().step == 2);
  CHECK(rows(f, "exchanges") == kMostExchanges);
}

TEST_CASE("exchanges: they leave with their operations, some at a time, and stay for a key that stands", "[store][exchanges]") {
  StoreFixture f;
  for (int i = 1; i <= 150; ++i) f.commit(commit_of(operation_of(f, std::to_string(1000 + i)), {exchange_of(f, i)}));
  const Operation standing = operation_of(f, "2000");
  f.mark("employees", {{Side::kLeft, "E1"}});
  DirtyKey row = f.take("employees").front();
  row.state = KeyState::kDead;
  row.operation = standing.id;
  Commit dead = commit_of(standing, {exchange_of(f, 500)});
  dead.standing = {row};
  f.commit(std::move(dead));
  f.clock.pass(kMonth + std::chrono::hours(1));
  const Operation young = operation_of(f, "1");
  f.commit(commit_of(young, {exchange_of(f, 1)}));

  CHECK(prune(f));
  for (int slices = 0; prune(f); ++slices) REQUIRE(slices < 10);

  CHECK(told(f, standing.id).size() == 1);
  CHECK(told(f, young.id).size() == 1);
  CHECK(rows(f, "exchanges") == 2);
  CHECK(rows(f, "operation_exchanges") == 2);
}

TEST_CASE("exchanges: with a person leaves all that was said of them, also where it was about others", "[store][exchanges]") {
  StoreFixture f;
  const auto bulk = exchange_of(f, 1), of_bob = exchange_of(f, 2), of_the_attempt = exchange_of(f, 3);
  Commit ada = commit_of(operation_of(f, "1", 0), {bulk});
  ada.link = link_of("HR-ADA", "R-ADA");
  f.commit(std::move(ada));
  Commit bob = commit_of(operation_of(f, "2", 0), {bulk, of_bob});
  bob.link = link_of("HR-BOB", "R-BOB");
  const std::string bobs = bob.operation->id;
  f.commit(std::move(bob));
  f.mark("employees", {{Side::kLeft, "HR-ADA"}});
  DirtyKey row = f.take("employees").front();
  row.state = KeyState::kBackingOff;
  row.operation = "attempt";
  Commit attempt{.mapping = "employees"};
  attempt.standing = {row};
  attempt.pass = "attempt";
  attempt.exchanges = {of_the_attempt};
  f.commit(std::move(attempt));
  Forgetting what;
  what.mapping = "employees";
  what.keys = {{Side::kLeft, "HR-ADA"}};
  what.author = "ann";

  const auto counts = f.ask<std::map<std::string, std::int64_t>>([&](auto done) { f.store.forget(what, done); });

  CHECK(counts.at("exchanges") == 2);
  const auto left = told(f, bobs);
  REQUIRE(left.size() == 1);
  CHECK(left.front().exchange->id == of_bob.exchange->id);
  CHECK(rows(f, "exchanges") == 1);
}

TEST_CASE("exchanges: one that left with a person is not kept again by a pass that had heard it too", "[store][exchanges]") {
  StoreFixture f;
  const auto bulk = exchange_of(f, 1), of_bob = exchange_of(f, 2);
  Commit ada = commit_of(operation_of(f, "1", 0), {bulk});
  ada.link = link_of("HR-ADA", "R-ADA");
  f.commit(std::move(ada));
  Forgetting what;
  what.mapping = "employees";
  what.keys = {{Side::kLeft, "HR-ADA"}};
  what.author = "ann";
  REQUIRE(f.ask<std::map<std::string, std::int64_t>>([&](auto done) { f.store.forget(what, done); }).at("exchanges") == 1);
  Commit bob = commit_of(operation_of(f, "2", 0), {bulk, of_bob});
  bob.link = link_of("HR-BOB", "R-BOB");
  const std::string bobs = bob.operation->id;

  f.commit(std::move(bob));

  const auto left = told(f, bobs);
  REQUIRE(left.size() == 1);
  CHECK(left.front().exchange->id == of_bob.exchange->id);
  CHECK(rows(f, "exchanges") == 1);
  CHECK(rows(f, "operation_exchanges") == 1);
}
