#include "base/hash.h"
#include "base/json.h"
#include "base/text.h"
#include "store/executor.h"
#include "store_fixture.h"
#include "support/temp_dir.h"
#include "support/waiting_poster.h"

using namespace tidewire;
using namespace tidewire::store;

namespace {

/// What the statements say, however they are explained and laid out.
std::string digest_of(const std::string& sql) {
  std::string said;
  for (const std::string& line : split(sql, '\n')) {
    for (const char c : line.substr(0, line.find("--"))) {
      if (c != ' ') said += c;
    }
  }
  return sha256_hex(said);
}

std::string version_of(Database& database) { return json::dump(database.query("PRAGMA user_version", {}).value()[0].at("user_version")); }

}  // namespace

// Since the first release a text that stands here is never edited: add the next step to current_schema(), and its digest here.
// Before it, only the number of all that came before may take a new digest.
TEST_CASE("migrate: each text of the schema is the one of its number", "[store][migrate]") {
  const std::vector<std::string> digests{"887ced85091f7688abfb2925bd207a7f0d00fb2218182c79bc6f30d6f6b366ea",
                                         "f6773f0f7040d3385d5414f4340b3d01c4b250c394a34aecd96de15d8299ebc9",
                                         "1b6b529fc76b842e3b14592c9c3f74e7cb5cad5bf8e96305a4bb090bf833218e",
                                         "4b93d9370e50e91a649c91e0df71566cee0f4f5efb1e728123e257954886302d"};
  const Schema& schema = current_schema();

  CHECK(schema.first == 2);
  REQUIRE(schema.steps.size() + 1 == digests.size());
  CHECK(digest_of(schema.text) == digests[0]);
  for (std::size_t i = 0; i < schema.steps.size(); ++i) CHECK(digest_of(schema.steps[i]) == digests[i + 1]);
}

TEST_CASE("migrate: an older file runs forward and keeps what is in it", "[store][migrate]") {
  const Schema older{7, "CREATE TABLE things (id INTEGER PRIMARY KEY, name TEXT NOT NULL) STRICT;", {}};
  Schema newer = older;
  newer.steps = {"ALTER TABLE things ADD COLUMN colour TEXT NOT NULL DEFAULT 'blue';", "CREATE INDEX things_colour ON things (colour);"};
  auto database = std::move(Database::open(":memory:")).value();
  REQUIRE(migrate(*database, older).ok());
  REQUIRE(database->exec("INSERT INTO things (name) VALUES ('a')").ok());

  REQUIRE(migrate(*database, newer).ok());

  CHECK(version_of(*database) == "9");
  CHECK(database->query("SELECT name, colour FROM things", {}).value() == std::vector<Object>{Object{{"name", "a"}, {"colour", "blue"}}});
  auto fresh = std::move(Database::open(":memory:")).value();
  REQUIRE(migrate(*fresh, newer).ok());
  const char* all = "SELECT type, name, sql FROM sqlite_schema ORDER BY name";
  CHECK(fresh->query(all, {}).value() == database->query(all, {}).value());
  CHECK_FALSE(migrate(*database, older).ok());
}

TEST_CASE("migrate: a step that fails leaves the file at the one before", "[store][migrate]") {
  Schema schema{7, "CREATE TABLE things (id INTEGER PRIMARY KEY) STRICT;", {"CREATE TABLE more (id INTEGER) STRICT;", "CREATE TABLE more (id INTEGER) STRICT;"}};
  auto database = std::move(Database::open(":memory:")).value();

  const Result<void> failed = migrate(*database, schema);

  REQUIRE_FALSE(failed.ok());
  CHECK(failed.error().message.find("step 9 of the schema") != std::string::npos);
  CHECK(version_of(*database) == "8");
  CHECK_FALSE(database->in_transaction());
}

TEST_CASE("migrate: a file from before the first release is refused and not touched", "[store][migrate]") {
  test::TempDir folder;
  const std::string path = folder.file("state.db");
  {
    auto database = std::move(Database::open(path)).value();
    REQUIRE(migrate(*database).ok());
    REQUIRE(database->exec("PRAGMA user_version = 1").ok());
  }
  test::WaitingPoster poster;

  const auto refused = ThreadedExecutor::open({.path = path}, poster);

  REQUIRE_FALSE(refused.ok());
  CHECK(refused.error().code == Code::kInvalid);
  CHECK(refused.error().message.find(path) != std::string::npos);
  CHECK(refused.error().message.find("version 1, from before the first release") != std::string::npos);
  CHECK(refused.error().hint.find("tidewire adopt") != std::string::npos);
}

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
  CHECK(refused.error().code == Code::kUnavailable);
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
