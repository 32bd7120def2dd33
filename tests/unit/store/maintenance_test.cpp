#include <sys/stat.h>

#include <filesystem>

#include <sqlite3.h>

#include "store/operations.h"
#include "store_fixture.h"
#include "support/temp_dir.h"

using namespace tidewire;
using namespace tidewire::store;

namespace {

constexpr Duration kMonth = std::chrono::hours(30 * 24);

bool prune(StoreFixture& f) {
  return f.ask<bool>([&](auto done) { f.store.prune(kMonth, done); });
}

std::string store_operation(StoreFixture& f) {
  Operation operation;
  operation.id = first_id_at(f.clock.now()) + "-7000-8000-000000000000";
  operation.mapping = "employees";
  operation.kind = "update";
  operation.outcome = "applied";
  f.commit({.mapping = "employees", .operation = operation});
  return operation.id;
}

std::int64_t operation_count(StoreFixture& f) { return f.database->query("SELECT count(*) AS n FROM operations", {}).value()[0].at("n").as_int(); }

}  // namespace

TEST_CASE("maintenance: what is older than its time leaves, a slice at a time", "[store][maintenance]") {
  StoreFixture f;
  std::vector<Change> changes(501, change("E1", "d"));
  f.put(std::move(changes));
  f.fan_out({employees_left()});
  store_operation(f);
  f.clock.pass(kMonth + std::chrono::seconds(1));
  store_operation(f);
  f.put({change("E2", "d")});

  CHECK(prune(f));
  CHECK_FALSE(prune(f));

  CHECK(operation_count(f) == 1);
  const std::vector<Object> left = f.database->query("SELECT key FROM received", {}).value();
  REQUIRE(left.size() == 1);
  CHECK(left[0].at("key") == Value("E2"));
  CHECK(f.put({change("E2", "d")}) == 0);
}

TEST_CASE("maintenance: the audit trail leaves by age, a slice at a time, also what was written while the clock was ahead", "[store][maintenance]") {
  StoreFixture f;
  const auto audited = [&](const std::string& subject) { f.ask<void>([&](auto done) { f.store.audit("ann", "retry", subject, Value(Object{}), done); }); };
  const auto subjects = [&] { return f.database->query("SELECT subject FROM audit ORDER BY id", {}).value(); };
  const Instant today = f.clock.now();
  f.clock.set(today + 24 * kMonth);
  audited("ahead");
  f.clock.set(today);
  for (int i = 0; i < 500; ++i) audited("old");
  f.clock.pass(kMonth + std::chrono::seconds(1));
  audited("new");

  CHECK(prune(f));
  CHECK(subjects().size() == 2);
  CHECK_FALSE(prune(f));

  REQUIRE(subjects().size() == 1);
  CHECK(subjects()[0].at("subject") == Value("new"));
}

TEST_CASE("maintenance: what came while the clock was ahead keeps nothing that came after it", "[store][maintenance]") {
  StoreFixture f;
  const Instant today = f.clock.now();
  f.clock.set(today + 24 * kMonth);
  f.put(std::vector<Change>(501, change("E1", "d")));
  f.clock.set(today);
  f.put({change("E2", "e")});
  f.fan_out({employees_left()});
  f.clock.pass(kMonth + std::chrono::seconds(1));

  while (prune(f)) {
  }

  CHECK(f.database->query("SELECT seq FROM received", {}).value().empty());
}

TEST_CASE("maintenance: that a mapping was loaded is known however long ago, and links alone do not tell it", "[store][maintenance]") {
  StoreFixture f;
  const auto job = [](const std::string& id, const std::string& mapping, Value options, std::int64_t done) {
    Job out;
    out.id = out.batch = id;
    out.mapping = mapping;
    out.kind = "initial_load";
    out.state = "done";
    out.options = std::move(options);
    out.done = done;
    return out;
  };
  f.commit({.mapping = "polled", .link = link_of("P1", "1")});
  f.commit({.mapping = "employees", .link = link_of("E1", "42")});
  f.ask<void>([&](auto done) {
    f.store.save_jobs({job("j1", "employees", Object{}, 2), job("j2", "employees", Object{{"limit", Value(5)}}, 2), job("j3", "one", Object{{"key", Value("K")}}, 1), job("j4", "few", Object{{"limit", Value(5)}}, 5)}, done);
  });
  const auto loaded = [&](const std::string& mapping) { return f.summary().mappings[mapping].ever_loaded; };

  for (int round = 0; round < 2; ++round) {
    CHECK(loaded("employees"));
    CHECK_FALSE(loaded("polled"));
    CHECK_FALSE(loaded("one"));
    CHECK_FALSE(loaded("few"));
    f.clock.pass(2 * kMonth);
    prune(f);
  }
  CHECK(f.database->query("SELECT id FROM jobs", {}).value().size() == 1);
}

TEST_CASE("maintenance: versions of a script leave once nothing that is kept can name them, the newest of each stay", "[store][maintenance]") {
  StoreFixture f;
  const auto save = [&](const std::string& hash, const std::string& name) {
    f.ask<void>([&](auto done) { f.store.save_script(hash, name, Value(Array{}), done); });
    f.clock.pass(std::chrono::seconds(1));
  };
  const auto stands = [&](const std::string& hash) { return f.try_ask<Value>([&](auto done) { f.store.script(hash, done); }).ok(); };
  save("alone", "mapping other");
  for (int i = 0; i < 25; ++i) save("v" + std::to_string(i), "mapping people");
  Operation operation;
  operation.id = first_id_at(f.clock.now()) + "-7000-8000-000000000000";
  operation.mapping = "people";
  operation.kind = "hold";
  operation.outcome = "held";
  operation.script = "v1";
  f.commit({.mapping = "people", .operation = operation});
  f.mark("people", {{Side::kLeft, "a"}});
  DirtyKey row = f.take("people").front();
  row.operation = operation.id;
  f.stand(row, KeyState::kHeld);

  prune(f);
  CHECK(stands("v0"));
  f.clock.pass(kMonth + std::chrono::hours(1));
  save("v25", "mapping people");
  prune(f);

  CHECK_FALSE(stands("v0"));
  CHECK(stands("v1"));  // what stands names it
  CHECK_FALSE(stands("v5"));
  CHECK(stands("v6"));  // the newest twenty
  CHECK(stands("alone"));
}

TEST_CASE("maintenance: what is not fanned out yet stays, however old", "[store][maintenance]") {
  StoreFixture f;
  f.put({change("E1")});
  f.clock.pass(2 * kMonth);

  prune(f);

  CHECK(f.fan_out({employees_left()}).seen == 1);
}

TEST_CASE("maintenance: an operation that a standing key names stays as its explanation", "[store][maintenance]") {
  StoreFixture f;
  f.mark("employees", {{Side::kLeft, "E1"}});
  DirtyKey row = f.take("employees").front();
  row.operation = store_operation(f);
  f.stand(row, KeyState::kDead);
  f.clock.pass(2 * kMonth);

  prune(f);
  CHECK(operation_count(f) == 1);

  f.ask<std::int64_t>([&](auto done) { f.store.discard("employees", Side::kLeft, "E1", "", "ada", done); });
  prune(f);
  CHECK(operation_count(f) == 0);
}

TEST_CASE("maintenance: operations that stay do not keep younger ones that may leave", "[store][maintenance]") {
  StoreFixture f;
  std::vector<DirtyMark> marks;
  for (int i = 0; i < 600; ++i) marks.push_back({Side::kLeft, "E" + std::to_string(i)});
  f.mark("employees", std::move(marks));
  for (DirtyKey& row : f.take("employees", 600)) {
    row.operation = store_operation(f);
    f.stand(row, KeyState::kDead);
    f.clock.pass(std::chrono::milliseconds(1));
  }
  store_operation(f);
  f.clock.pass(2 * kMonth);

  CHECK(prune(f));
  CHECK_FALSE(prune(f));

  CHECK(operation_count(f) == 600);
  CHECK(prune(f));  // the next round begins at the oldest
  CHECK_FALSE(prune(f));
}

TEST_CASE("maintenance: a slice costs what it looks at, however many keys stand", "[store][maintenance]") {
  StoreFixture f;
  store_operation(f);
  REQUIRE(f.database->exec("WITH RECURSIVE n (i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 20000) "
                           "INSERT INTO dirty_keys SELECT 'employees', 'left', 'E' || i, 1, 1, 1, 'upsert', 'poll', NULL, 'dead', 0, 0, 1, NULL, 'of ' || i, NULL, 0 FROM n").ok());
  f.clock.pass(2 * kMonth);
  int thousands = 0;  // of SQLite's steps
  sqlite3_progress_handler(f.database->handle(), 1000, [](void* count) { return ++*static_cast<int*>(count), 0; }, &thousands);

  prune(f);
  sqlite3_progress_handler(f.database->handle(), 0, nullptr, nullptr);

  CHECK(operation_count(f) == 0);
  CHECK(thousands < 20);
}

TEST_CASE("maintenance: nor however much jobs have found that is kept", "[store][maintenance]") {
  StoreFixture f;
  Job job;
  job.id = job.batch = "j1";
  job.mapping = "employees";
  job.kind = "verify";
  job.state = "done";
  job.updated_at = f.clock.now();
  f.ask<void>([&](auto done) { f.store.save_job(job, done); });
  REQUIRE(f.database->exec("WITH RECURSIVE n (i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 20000) INSERT INTO findings SELECT 'j1', i, 'differing', 'E' || i, NULL, '{}' FROM n").ok());
  int thousands = 0;  // of SQLite's steps
  sqlite3_progress_handler(f.database->handle(), 1000, [](void* count) { return ++*static_cast<int*>(count), 0; }, &thousands);

  prune(f);
  sqlite3_progress_handler(f.database->handle(), 0, nullptr, nullptr);

  CHECK(f.database->query("SELECT count(*) AS n FROM findings", {}).value()[0].at("n") == Value(20000));
  CHECK(thousands < 20);
}

TEST_CASE("maintenance: a sound file has no problems", "[store][maintenance]") {
  StoreFixture f;
  f.mark("employees", {{Side::kLeft, "E1"}});

  CHECK(f.ask<std::vector<std::string>>([&](auto done) { f.store.integrity_check(done); }).empty());
}

TEST_CASE("maintenance: an index that lost an entry is named", "[store][maintenance]") {
  StoreFixture f;
  test::TempDir folder;
  const std::string path = folder.file("copy.db");
  f.commit({.mapping = "employees", .link = link_of("UNIQUE-LEFT-KEY", "42")});
  f.ask<void>([&](auto done) { f.store.backup(path, done); });
  // One letter of the index entry; the table's row, which is written with another key beside it, keeps its own.
  std::string bytes = folder.read("copy.db");
  const std::string entry = "employeesUNIQUE-LEFT-KEY";
  std::size_t at = bytes.find(entry);
  REQUIRE(at != std::string::npos);
  while (bytes.compare(at + entry.size(), 2, "42") == 0) at = bytes.find(entry, at + 1);
  REQUIRE(at != std::string::npos);
  bytes[at + entry.size() - 1] = 'X';
  folder.write("copy.db", bytes);

  auto damaged = std::move(Database::open(path)).value();
  InlineExecutor executor(*damaged, f.timers);
  Store store(executor, f.clock);
  const auto problems = f.ask<std::vector<std::string>>([&](auto done) { store.integrity_check(done); });

  REQUIRE_FALSE(problems.empty());
  CHECK(problems.front().find("links_left") != std::string::npos);
}

TEST_CASE("maintenance: a backup is a whole state file of its own", "[store][maintenance]") {
  StoreFixture f;
  test::TempDir folder;
  f.commit({.mapping = "employees", .link = link_of("E1", "42")});
  const std::string path = folder.file("copy.db");
  const auto backup = [&] { return f.try_ask<void>([&](auto done) { f.store.backup(path, done); }); };

  const mode_t umask_before = ::umask(0);
  REQUIRE(backup().ok());
  ::umask(umask_before);

  CHECK(std::filesystem::status(path).permissions() == (std::filesystem::perms::owner_read | std::filesystem::perms::owner_write));
  auto copy = std::move(Database::open(path)).value();
  REQUIRE(migrate(*copy).ok());
  CHECK(copy->query("SELECT left_key FROM links", {}).value().size() == 1);
  CHECK_FALSE(std::filesystem::exists(path + ".part"));
  CHECK(backup().error().code == Code::kInvalid);
}

TEST_CASE("maintenance: a backup that cannot be written says so and leaves nothing", "[store][maintenance]") {
  StoreFixture f;
  test::TempDir folder;

  const auto refused = f.try_ask<void>([&](auto done) { f.store.backup(folder.file("missing/copy.db"), done); });

  REQUIRE_FALSE(refused.ok());
  CHECK(refused.error().code == Code::kUnavailable);
}
