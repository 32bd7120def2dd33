// Law 31: operation, base, link, intents, dirty keys and counters are one transaction.
#include "base/json.h"
#include <catch2/catch.hpp>

#include "store/statement.h"
#include "support/people.h"
#include "support/temp_dir.h"

using namespace tidewire;
using namespace tidewire::test;
using sync::Side;
using std::chrono::minutes;

TEST_CASE("law 31: a key stays owned until its commit is acknowledged, so nobody reads a base that is about to change", "[laws][31]") {
  Pair it;
  it.edit(Side::kLeft, "phone", "2");
  it.world.right.after_update = [&] {
    it.edit(Side::kRight, "phone", "3");
    it.world.store.mark("people", {{Side::kRight, it.right}}, [](Result<void>) {});
    it.world.engine->wake("people");
  };
  it.world.hook(Side::kLeft, it.left);
  it.world.settle();

  CHECK(it.both_show("phone", "3"));  // an edit on top, no clash with the old base
  for (const auto& operation : it.world.ears.operations) {
    const Value* field = operation.record.at_path("fields.phone");
    if (field != nullptr) CHECK(field->string_or("decision") == "copy");
  }
}

TEST_CASE("law 31: where the commit fails after a write left, the write is told by the pass that finds it", "[laws][31]") {
  Pair it;
  it.edit(Side::kLeft, "phone", "2");
  REQUIRE(it.world.database->exec("CREATE TRIGGER full BEFORE UPDATE ON links BEGIN SELECT RAISE(ABORT, 'no room'); END").ok());
  it.world.hook(Side::kLeft, it.left);
  it.world.settle();
  REQUIRE(it.shown(Side::kRight, "phone") == "2");
  const std::size_t before = operations_of(it.world, "applied").size();
  CHECK(standing_of(it.world).size() == 1);
  REQUIRE(it.world.database->exec("DROP TRIGGER full").ok());
  it.world.hook(Side::kLeft, it.left);
  it.world.settle();

  CHECK(it.new_writes() == 1);  // not again
  CHECK(standing_of(it.world).empty());
  CHECK(it.link().base.at("phone").right == Value("2"));
  const auto told = operations_of(it.world, "applied");
  REQUIRE(told.size() == before + 1);
  const Value& record = told.front().record;  // newest first
  REQUIRE(record.at_path("writes")->as_array().size() == 1);
  const Value& write = record.at_path("writes")->as_array().front();
  CHECK(write.string_or("side") == "right");
  CHECK(write.string_or("key") == it.right);
  CHECK(write.at_path("values.phone")->as_string() == "2");
  CHECK(write.string_or("outcome").find("whose end was not stored") != std::string::npos);
  CHECK(record.at_path("fields.phone.right")->as_string() == "1");
  CHECK(record.at_path("fields.phone.to_right")->as_string() == "2");
}

TEST_CASE("law 31: the state is WAL and synchronous=FULL", "[laws][31]") {
  const TempDir folder;
  auto opened = store::Database::open((folder.path() / "state.db").string());
  REQUIRE(opened.ok());
  CHECK((*opened)->query("PRAGMA journal_mode", {})->front().begin()->second == Value("wal"));
  CHECK((*opened)->query("PRAGMA synchronous", {})->front().begin()->second == Value(2));
}

TEST_CASE("law 31: where it cannot be stored that a key stands, nobody is told so, and nothing is taken for a while", "[laws][31]") {
  Pair it;
  it.edit(Side::kLeft, "phone", "2");
  it.world.right.write_faults = {MemorySide::Fault::kRefuse};
  REQUIRE(store::execute(*it.world.database, "CREATE TRIGGER full BEFORE UPDATE ON dirty_keys BEGIN SELECT RAISE(FAIL, 'the disk is full'); END").ok());
  it.world.hook(Side::kLeft, it.left);
  it.world.settle(std::chrono::milliseconds(200));
  it.world.engine->wake("people");
  it.world.settle(std::chrono::milliseconds(200));

  CHECK(it.requests(Side::kRight, "update").size() == 1);
  CHECK(it.world.ears.retries.empty());
  REQUIRE(store::execute(*it.world.database, "DROP TRIGGER full").ok());
  it.world.settle(minutes(1));
  CHECK(it.both_show("phone", "2"));
}

// A statement error that rolls back to its member's savepoint, a failed COMMIT or fsync that fails every member, and the file
// that is opened again before anything is acknowledged: tests/unit/store/executor_test.cpp and power_test.cpp, over every
// write and fsync of a fixed workload.
