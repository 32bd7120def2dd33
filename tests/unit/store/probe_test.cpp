#include "store/probe.h"

#include <fstream>

#include "store/executor.h"
#include "store_fixture.h"
#include "support/temp_dir.h"
#include "support/waiting_poster.h"

using namespace tidewire;
using namespace tidewire::store;

namespace {

struct StateFile {
  test::TempDir folder;
  std::string path = folder.file("state.db");

  StateFile() {
    const auto database = Database::open(path).value();
    REQUIRE(migrate(*database).ok());
    REQUIRE(database->exec("WITH RECURSIVE n (i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 300) INSERT INTO kv (namespace, key, value) SELECT 'n', i, hex(randomblob(100)) FROM n").ok());
  }
  std::int64_t number(const std::string& sql) { return Database::open(path).value()->query(sql, {}).value()[0].begin()->second.as_int(); }
  std::vector<std::string> trees() {
    std::vector<std::string> names;
    const auto database = Database::open(path).value();
    const auto rows = database->query("SELECT name FROM sqlite_schema WHERE rootpage > 0", {}).value();
    for (const Object& row : rows) names.push_back(row.at("name").as_string());
    return names;
  }
  /// As a disk that loses its mind: the page is noise.
  void spoil(std::int64_t page) {
    const std::int64_t size = number("PRAGMA page_size");
    std::fstream file(path, std::ios::in | std::ios::out | std::ios::binary);
    file.seekp((page - 1) * size);
    file << std::string(static_cast<std::size_t>(size), '\x5a');
  }
  std::int64_t root_of(const std::string& tree) { return number("SELECT rootpage FROM sqlite_schema WHERE name = '" + tree + "'"); }
};

}  // namespace

TEST_CASE("probe: a sound state passes, and is not read through", "[store][probe]") {
  StoreFixture f;
  f.put({change("E1")});

  CHECK(probe(*f.database).ok());
}

TEST_CASE("probe: a root page that is noise is named, of whichever table or index it is", "[store][probe]") {
  const std::vector<std::string> trees = StateFile().trees();
  REQUIRE(trees.size() > 50);
  for (const std::string& tree : trees) {
    INFO(tree);
    StateFile state;
    state.spoil(state.root_of(tree));

    const auto found = probe(*Database::open(state.path).value());

    REQUIRE_FALSE(found.ok());
    CHECK(found.error().code == Code::kCorrupt);
  }
}

TEST_CASE("probe: nobody works with a damaged state, and what to do is said", "[store][probe]") {
  StateFile state;
  state.spoil(state.root_of("links"));
  test::WaitingPoster poster;

  const auto opened = ThreadedExecutor::open({.path = state.path}, poster);

  REQUIRE_FALSE(opened.ok());
  CHECK(opened.error().code == Code::kCorrupt);
  CHECK(opened.error().message.find(state.path) != std::string::npos);
  CHECK(opened.error().message.find("links") != std::string::npos);
  CHECK(opened.error().message.find("PRAGMA") == std::string::npos);
  CHECK(opened.error().hint.find("tidewire restore") != std::string::npos);
}

TEST_CASE("probe: damage that is met later is told once to who owns the state", "[store][probe]") {
  StateFile state;
  test::WaitingPoster poster;
  std::vector<Error> told;
  const auto executor = ThreadedExecutor::open({.path = state.path, .on_damage = [&](Error error) { told.push_back(std::move(error)); }}, poster).value();
  state.spoil(state.root_of("audit"));
  int answers = 0;
  for (int i = 0; i < 2; ++i) {
    executor->read(
        [](Database& database) -> Result<void> {
          TRY(database.query("SELECT * FROM audit", {}));
          return {};
        },
        [&](Result<void> read) {
          ++answers;
          CHECK(read.error().code == Code::kCorrupt);
          CHECK(read.error().hint.find("tidewire restore") != std::string::npos);
        });
  }
  while (answers < 2 || told.empty()) poster.run_one();

  CHECK(told.size() == 1);
}
