#include "base/id.h"
#include "store_fixture.h"
#include "support/seeded_random.h"

using namespace tidewire;
using namespace tidewire::store;

namespace {

Paged<Value> received(StoreFixture& f, ReceivedFilter filter, Page page = {}) {
  return f.ask<Paged<Value>>([&](auto done) { f.store.received(filter, page, done); });
}

void put(StoreFixture& f, const char* key, const char* source = "webhook", const char* connection = "erp") {
  f.put({Change{.connection = connection, .collection = "Customer", .key = key, .source = source, .payload = {}, .delivery_id = {}}});
}

}  // namespace

TEST_CASE("history: what was received is filtered, newest first, in pages that stay while more comes", "[store]") {
  StoreFixture f;
  for (const char* key : {"A", "B", "C"}) put(f, key);
  put(f, "P", "poll");
  put(f, "O", "webhook", "app");

  const auto first = received(f, {.connection = "erp", .source = "webhook"}, {.limit = 2, .after = ""});
  put(f, "D");
  const auto second = received(f, {.connection = "erp", .source = "webhook"}, {.limit = 2, .after = first.next});

  REQUIRE(first.rows.size() == 2);
  CHECK(first.rows[0].string_or("key") == "C");
  REQUIRE(second.rows.size() == 1);
  CHECK(second.rows[0].string_or("key") == "A");
  CHECK(second.next.empty());
  CHECK(received(f, {.key = "P"}).rows.size() == 1);
  CHECK(received(f, {.event = "delete"}).rows.empty());
  CHECK(received(f, {.text = "p"}).rows.size() == 1);
  CHECK(received(f, {.text = "nowhere"}).rows.empty());
  CHECK(received(f, {.until = f.clock.now()}).rows.size() < received(f, {}).rows.size());
  CHECK(received(f, {.until = f.clock.now() + std::chrono::seconds(1)}).rows.size() == received(f, {}).rows.size());
}

TEST_CASE("history: what was received is narrowed to some collections, each of its own connection", "[store]") {
  StoreFixture f;
  put(f, "A");
  put(f, "B", "webhook", "app");
  f.put({Change{.connection = "erp", .collection = "Sup'plier", .key = "C", .source = "webhook", .payload = {}, .delivery_id = {}}});
  using Collections = std::vector<std::pair<std::string, std::string>>;
  const auto keys = [&](Collections of, std::string key = "") {
    ReceivedFilter filter;
    filter.key = std::move(key);
    filter.collections = std::move(of);
    std::string found;
    for (const Value& row : received(f, filter).rows) found += row.string_or("key");
    return found;
  };

  CHECK(keys({{"erp", "Customer"}}) == "A");
  CHECK(keys({{"erp", "Sup'plier"}, {"app", "Customer"}}) == "CB");
  CHECK(keys({{"erp", "Sup'plier"}, {"app", "Customer"}}, "B") == "B");
  CHECK(keys({{"app", "Sup'plier"}}).empty());
  CHECK(keys({}).empty());
}

TEST_CASE("history: versions of one script, newest first", "[store]") {
  StoreFixture f;
  for (const char* hash : {"one", "two"}) {
    f.ask<void>([&](auto done) { f.store.save_script(hash, "mapping people", Value(Array{}), done); });
    f.clock.pass(std::chrono::seconds(1));
  }
  f.ask<void>([&](auto done) { f.store.save_script("other", "mapping others", Value(Array{}), done); });

  const auto found = f.ask<Paged<Value>>([&](auto done) { f.store.script_versions("mapping people", {}, done); });

  REQUIRE(found.rows.size() == 2);
  CHECK(found.rows[0].string_or("version") == "two");
}

TEST_CASE("history: cursors of all mappings", "[store]") {
  StoreFixture f;
  f.ask<void>([&](auto done) { f.store.set_cursor("people", Side::kRight, Value(Object{{"at", 7}}), done); });

  const auto found = f.ask<std::vector<Value>>([&](auto done) { f.store.cursors(done); });

  REQUIRE(found.size() == 1);
  CHECK(found[0].string_or("side") == "right");
  CHECK(found[0].at_path("value.at")->as_int() == 7);
}

TEST_CASE("history: operations are counted by the slice of time they fell into", "[store]") {
  StoreFixture f;
  test::SeededRandom random(7);
  IdMaker ids(f.clock, random);
  for (int i = 0; i < 3; ++i) {
    Commit commit;
    commit.mapping = "people";
    Operation operation;
    operation.id = ids.next();
    operation.at = f.clock.now();
    operation.mapping = "people";
    operation.kind = "update";
    operation.outcome = "applied";
    commit.operation = std::move(operation);
    f.commit(std::move(commit));
    f.clock.pass(std::chrono::minutes(10));
  }

  const auto found = f.ask<std::map<std::string, std::vector<std::int64_t>>>([&](auto done) { f.store.activity({"people", "others"}, std::chrono::minutes(10), 4, done); });

  CHECK(found.at("people") == std::vector<std::int64_t>{0, 1, 1, 1});
  CHECK(found.at("others") == std::vector<std::int64_t>{0, 0, 0, 0});
}
