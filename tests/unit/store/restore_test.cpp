#include "store/restore.h"

#include <filesystem>

#include "store/copy.h"
#include "store/migrate.h"
#include "store_fixture.h"
#include "support/temp_dir.h"

using namespace tidewire;
using namespace tidewire::store;

namespace {

const Instant kNow = parse_instant("2024-05-01T10:11:12Z").value();

/// A state with so many operations.
void make_state(const std::string& path, int operations) {
  auto database = Database::open(path);
  REQUIRE(database.ok());
  REQUIRE(migrate(**database).ok());
  for (int i = 0; i < operations; ++i) {
    REQUIRE((*database)->exec("INSERT INTO operations VALUES ('" + std::to_string(i) + "', 0, 'm', NULL, 'a', 'b', 'update', 'applied', 1, '{}', '', NULL, NULL)").ok());
  }
}

std::string copied(const std::string& from, const std::string& to) {
  auto database = Database::open(from);
  REQUIRE(database.ok());
  REQUIRE(copy_database(**database, to).ok());
  return to;
}

std::int64_t operations_in(const std::string& path) {
  auto database = Database::open(path);
  REQUIRE(database.ok());
  return (*database)->query("SELECT count(*) AS n FROM operations", {}).value().front().at("n").as_int();
}

}  // namespace

TEST_CASE("restore: the copy becomes the state, and the former one is set aside with its log", "[store][restore]") {
  const test::TempDir folder;
  const std::string state = folder.file("tidewire.db");
  make_state(state, 2);
  const std::string copy = copied(state, folder.file("copy.db"));
  make_state(folder.file("more.db"), 5);
  std::filesystem::rename(folder.file("more.db"), state);

  const auto restored = restore(copy, state, kNow);

  REQUIRE(restored.ok());
  CHECK(restored->operations == 2);
  CHECK(restored->set_aside == state + ".before-2024-05-01T10-11-12");
  CHECK(operations_in(state) == 2);
  CHECK(operations_in(restored->set_aside) == 5);
}

TEST_CASE("restore: that the process before the copy stopped cleanly tells nothing of those after it", "[store][restore]") {
  const test::TempDir folder;
  const std::string state = folder.file("tidewire.db");
  make_state(state, 1);
  {
    auto database = Database::open(state);
    REQUIRE((*database)->exec("INSERT INTO meta (name, value) VALUES ('clean_stop', '1')").ok());
  }
  const std::string copy = copied(state, folder.file("copy.db"));

  REQUIRE(restore(copy, state, kNow).ok());

  auto database = Database::open(state);
  CHECK((*database)->query("SELECT * FROM meta WHERE name = 'clean_stop'", {}).value().empty());
}

TEST_CASE("restore: the state says since when it is a copy, and the copy itself does not", "[store][restore]") {
  const test::TempDir folder;
  const std::string state = folder.file("tidewire.db");
  make_state(state, 1);
  const std::string copy = copied(state, folder.file("copy.db"));

  REQUIRE(restore(copy, state, kNow).ok());

  CHECK_FALSE(std::filesystem::exists(state + "-wal"));
  const auto restored_at = [](const std::string& path) { return std::move(Database::open(path)).value()->query("SELECT value FROM kv WHERE namespace = 'state' AND key = 'restored_at'", {}).value(); };
  CHECK(restored_at(copy).empty());
  REQUIRE(restored_at(state).size() == 1);
  CHECK(restored_at(state).front().at("value") == Value(std::to_string(kNow.time_since_epoch().count())));
}

TEST_CASE("restore: where there was no state, one is made", "[store][restore]") {
  const test::TempDir folder;
  make_state(folder.file("other.db"), 3);
  const std::string copy = copied(folder.file("other.db"), folder.file("copy.db"));

  const auto restored = restore(copy, folder.file("tidewire.db"), kNow);

  REQUIRE(restored.ok());
  CHECK(restored->set_aside.empty());
  CHECK(operations_in(folder.file("tidewire.db")) == 3);
}

TEST_CASE("restore: what is no whole state of ours touches nothing", "[store][restore]") {
  const test::TempDir folder;
  const std::string state = folder.file("tidewire.db");
  make_state(state, 1);
  folder.write("text.db", "this is no database, whatever its name says, and long enough to be looked at");
  make_state(folder.file("torn.db"), 400);
  const std::string torn = copied(folder.file("torn.db"), folder.file("torn-copy.db"));
  std::filesystem::resize_file(torn, std::filesystem::file_size(torn) / 2);
  {
    auto newer = Database::open(copied(state, folder.file("newer.db")));
    REQUIRE((*newer)->exec("PRAGMA user_version = 99").ok());
  }
  {
    auto foreign = Database::open(folder.file("foreign.db"));
    REQUIRE((*foreign)->exec("CREATE TABLE x (y)").ok());
  }

  for (const char* name : {"text.db", "torn-copy.db", "newer.db", "foreign.db", "none.db"}) {
    INFO(name);
    CHECK_FALSE(restore(folder.file(name), state, kNow).ok());
    CHECK(operations_in(state) == 1);
  }
  CHECK_FALSE(restore(state, state, kNow).ok());
  for (const char* damaged : {"text.db", "torn-copy.db"}) {
    const auto refused = restore(folder.file(damaged), state, kNow);
    INFO(to_string(refused.error()));
    CHECK(refused.error().hint == "take an older copy: `tidewire backup list`");
  }
}

TEST_CASE("restore: what the former state had in its log alone is in its file when it is set aside", "[store][restore]") {
  const test::TempDir folder;
  const std::string state = folder.file("tidewire.db");
  make_state(folder.file("other.db"), 2);
  const std::string copy = copied(folder.file("other.db"), folder.file("copy.db"));
  {
    // As a killed process leaves it: the log was never taken into the file.
    auto database = Database::open(folder.file("killed.db"));
    REQUIRE(migrate(**database).ok());
    REQUIRE((*database)->exec("INSERT INTO operations VALUES ('1', 0, 'm', NULL, 'a', 'b', 'update', 'applied', 1, '{}', '', NULL, NULL)").ok());
    for (const char* part : {"", "-wal"}) std::filesystem::copy_file(folder.file(std::string("killed.db") + part), state + part);
  }
  REQUIRE(std::filesystem::file_size(state + "-wal") > 0);

  const auto restored = restore(copy, state, kNow);

  REQUIRE(restored.ok());
  CHECK_FALSE(std::filesystem::exists(restored->set_aside + "-wal"));
  CHECK(operations_in(restored->set_aside) == 1);
}

TEST_CASE("restore: a state that cannot be set aside whole stays where it is", "[store][restore]") {
  const test::TempDir folder;
  const std::string state = folder.file("tidewire.db");
  make_state(folder.file("other.db"), 2);
  const std::string copy = copied(folder.file("other.db"), folder.file("copy.db"));
  make_state(state, 5);
  const auto keeps_the_log = std::move(Database::open(state)).value();
  REQUIRE(keeps_the_log->exec("BEGIN; SELECT count(*) FROM operations").ok());
  std::filesystem::create_directory(state + ".before-2024-05-01T10-11-12-wal");

  CHECK_FALSE(restore(copy, state, kNow).ok());

  CHECK(std::filesystem::exists(state + "-wal"));
  CHECK(operations_in(state) == 5);
}
