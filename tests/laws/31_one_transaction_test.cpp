// Law 31: operation, base, link, intents, dirty keys and counters are one transaction.
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
