#include "store/database.h"

#include <sqlite3.h>

#include <catch2/catch.hpp>

#include "base/json.h"
#include "support/temp_dir.h"

using namespace tidewire;
using namespace tidewire::store;

namespace {

std::unique_ptr<Database> memory_database() { return std::move(Database::open(":memory:")).value(); }

}  // namespace

TEST_CASE("database: values come back as what SQLite stored", "[store][database]") {
  auto database = memory_database();
  REQUIRE(database->exec("CREATE TABLE t (a, n NUMERIC)").ok());
  const std::vector<Value> in{Value(nullptr), Value(true), Value(std::int64_t{1} << 62), Value("text"),
                              Value(Array{1, "x"})};
  for (const Value& value : in) {
    const std::array parameters{value};
    CHECK(database->run("INSERT INTO t (a) VALUES (?)", parameters).value() == 1);
  }

  const auto rows = database->query("SELECT a FROM t ORDER BY rowid", {}).value();

  REQUIRE(rows.size() == 5);
  CHECK(rows[0].at("a").is_null());
  CHECK(rows[1].at("a") == Value(1));
  CHECK(rows[2].at("a") == in[2]);
  CHECK(rows[3].at("a") == Value("text"));
  CHECK(rows[4].at("a") == Value("[1,\"x\"]"));
  CHECK(database->last_insert_id() == 5);
}

TEST_CASE("database: a value that cannot be bound fails its statement and is not stored as NULL", "[store][database]") {
  auto database = memory_database();
  REQUIRE(database->exec("CREATE TABLE t (a)").ok());
  sqlite3_limit(database->handle(), SQLITE_LIMIT_LENGTH, 1000);

  const std::array parameters{Value(std::string(2000, 'x'))};
  const auto stored = database->run("INSERT INTO t (a) VALUES (?)", parameters);

  REQUIRE_FALSE(stored.ok());
  CHECK(stored.error().message.find("cannot be stored") != std::string::npos);
  CHECK(database->query("SELECT a FROM t", {}).value().empty());
  const std::array shorter{Value("x")};
  CHECK(database->run("INSERT INTO t (a) VALUES (?)", shorter).ok());
}

TEST_CASE("database: a REAL is a decimal that keeps its point", "[store][database]") {
  auto database = memory_database();
  const auto rows = database->query("SELECT 12.0 AS a, 0.1 AS b, 1e300 AS c, x'4142' AS d", {}).value();
  CHECK(rows[0].at("a") == Value(DecimalText{"12.0"}));
  CHECK(rows[0].at("b") == Value(DecimalText{"0.1"}));
  CHECK(rows[0].at("c") == Value(DecimalText{"1e+300"}));
  CHECK(rows[0].at("d") == Value("AB"));
}

TEST_CASE("database: rows changed are counted, also none", "[store][database]") {
  auto database = memory_database();
  REQUIRE(database->exec("CREATE TABLE t (a); INSERT INTO t VALUES (1), (2)").ok());
  CHECK(database->run("UPDATE t SET a = a + 1", {}).value() == 2);
  CHECK(database->run("DELETE FROM t WHERE a > 100", {}).value() == 0);
  CHECK(database->run("CREATE TABLE u (a)", {}).value() == 0);
}

TEST_CASE("database: wrong SQL is invalid and names itself", "[store][database]") {
  auto database = memory_database();
  const auto refused = database->query("SELECT nope FROM nowhere", {});
  REQUIRE_FALSE(refused.ok());
  CHECK(refused.error().code == Code::kInvalid);
  CHECK(refused.error().message.find("nowhere") != std::string::npos);
  CHECK_FALSE(database->failing());
}

TEST_CASE("database: two statements in one are refused", "[store][database]") {
  auto database = memory_database();
  CHECK(database->run("SELECT 1; SELECT 2", {}).error().code == Code::kInvalid);
  CHECK(database->run("", {}).error().code == Code::kInvalid);
  CHECK(database->run("SELECT 1;  ", {}).ok());
}

TEST_CASE("database: more statements than are kept still run", "[store][database]") {
  auto database = memory_database();
  for (int round = 0; round < 2; ++round) {
    for (int i = 0; i < 600; ++i) {
      REQUIRE(database->query("SELECT " + std::to_string(i) + " AS i", {}).value()[0].at("i") == Value(i));
    }
  }
}

TEST_CASE("database: a file that is no database is corrupt, a folder that is not there unavailable",
          "[store][database]") {
  test::TempDir folder;
  const std::string path = folder.write("state.db", std::string(4096, 'x'));

  CHECK(Database::open(path).error().code == Code::kCorrupt);
  const auto missing = Database::open(folder.file("missing/state.db"));
  CHECK(missing.error().code == Code::kUnavailable);
  CHECK(missing.error().retry_after);
  CHECK(missing.error().message.find("missing/state.db") != std::string::npos);
}

TEST_CASE("database: a full one is unavailable and failing from then on", "[store][database]") {
  auto database = memory_database();
  REQUIRE(database->exec("CREATE TABLE t (a); PRAGMA max_page_count = 4").ok());
  const std::array parameters{Value(std::string(100'000, 'x'))};

  const auto full = database->run("INSERT INTO t VALUES (?)", parameters);

  REQUIRE_FALSE(full.ok());
  CHECK(full.error().code == Code::kUnavailable);
  CHECK(full.error().retry_after);
  CHECK(database->failing());
}
