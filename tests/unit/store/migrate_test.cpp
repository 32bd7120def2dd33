#include "store_fixture.h"
#include "support/temp_dir.h"

using namespace tidewire;
using namespace tidewire::store;

TEST_CASE("migrate: a new file gets every table and keeps them at the next start", "[store][migrate]") {
  test::TempDir folder;
  const std::string path = folder.file("state.db");
  std::vector<Object> site;
  {
    auto database = std::move(Database::open(path)).value();
    REQUIRE(migrate(*database).ok());
    site = database->query("SELECT value FROM meta WHERE name = 'site'", {}).value();
    REQUIRE(site.size() == 1);
  }
  auto again = std::move(Database::open(path)).value();
  REQUIRE(migrate(*again).ok());
  CHECK(again->query("SELECT value FROM meta WHERE name = 'site'", {}).value() == site);
}

TEST_CASE("migrate: a file of a newer program is refused and not touched", "[store][migrate]") {
  auto database = std::move(Database::open(":memory:")).value();
  REQUIRE(migrate(*database).ok());
  REQUIRE(database->exec("PRAGMA user_version = 99").ok());

  const Result<void> refused = migrate(*database);

  REQUIRE_FALSE(refused.ok());
  CHECK(refused.error().code == Code::kInvalid);
  CHECK(refused.error().message.find("99") != std::string::npos);
  CHECK_FALSE(refused.error().hint.empty());
  CHECK(database->query("PRAGMA user_version", {}).value()[0].at("user_version") == Value(99));
}

TEST_CASE("migrate: a database of another program is refused", "[store][migrate]") {
  auto database = std::move(Database::open(":memory:")).value();
  REQUIRE(database->exec("CREATE TABLE theirs (a)").ok());

  const Result<void> refused = migrate(*database);

  REQUIRE_FALSE(refused.ok());
  CHECK(refused.error().code == Code::kInvalid);
  CHECK(database->query("SELECT * FROM sqlite_schema", {}).value().size() == 1);
}

TEST_CASE("migrate: a migration that fails leaves the file as it was", "[store][migrate]") {
  auto database = std::move(Database::open(":memory:")).value();
  REQUIRE(database->exec("PRAGMA max_page_count = 5").ok());

  CHECK_FALSE(migrate(*database).ok());

  CHECK_FALSE(database->in_transaction());
  CHECK(database->query("SELECT * FROM sqlite_schema", {}).value().empty());
  REQUIRE(database->exec("PRAGMA max_page_count = 100000").ok());
  CHECK(migrate(*database).ok());
}
