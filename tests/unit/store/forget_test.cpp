#include <filesystem>
#include <fstream>
#include <iterator>

#include <sqlite3.h>

#include "base/json.h"
#include "store/statement.h"
#include "store_fixture.h"
#include "support/temp_dir.h"

using namespace tidewire;
using namespace tidewire::store;

namespace {

constexpr const char* kSecret = "Ada-Lovelace-1815";

Operation operation_of(const std::string& id, std::int64_t link) {
  Operation operation;
  operation.id = id;
  operation.mapping = "employees";
  operation.link = link;
  operation.key = {"HR-ADA", "R-ADA"};
  operation.kind = "update";
  operation.outcome = "applied";
  operation.record = Object{{"fields", Value(Object{{"name", kSecret}})}};
  return operation;
}

/// One person in every table, and another who stays.
void fill(StoreFixture& f) {
  Commit commit{.mapping = "employees"};
  commit.link = link_of("HR-ADA", "R-ADA");
  commit.link->base["name"] = {Value(kSecret), Value(kSecret)};
  commit.operation = operation_of("0190-op", 0);
  Conflict conflict;
  conflict.link = 0;
  conflict.field = "name";
  conflict.shown.left = Value(kSecret);
  commit.open_conflicts = {conflict};
  f.commit(std::move(commit));
  Commit other{.mapping = "employees"};
  other.link = link_of("HR-BOB", "R-BOB");
  f.commit(std::move(other));
  Change told = change("HR-ADA");
  told.payload = kSecret;
  Change unparsed = change("");
  unparsed.event = "unparsed";
  unparsed.payload = std::string("{\"name\": \"HR-ADA\", \"who\": \"") + kSecret + "\"}";
  Change bystander = change("HR-BOB");
  f.put({told, unparsed, bystander});
  f.mark("employees", {{Side::kRight, "R-ADA"}});
  Job job;
  job.id = "j1";
  job.mapping = "employees";
  Finding finding{"differing", {"HR-ADA", "R-ADA"}, Object{{"name", kSecret}}, 0};
  f.ask<void>([&](auto done) { f.store.put_job_page({job, {}, {finding}}, done); });
}

Forgetting ada() {
  Forgetting what;
  what.mapping = "employees";
  what.keys = {{Side::kLeft, "HR-ADA"}};
  what.source.left = {"erp", "Employee"};
  what.source.right = {"app", "employees"};
  what.author = "ann";
  return what;
}

std::string bytes_of(const std::string& path) {
  std::ifstream file(path, std::ios::binary);
  return {std::istreambuf_iterator<char>(file), {}};
}

/// Files of SQLite's own making that this process has open, deleted ones too.
std::vector<std::string> temporary_files() {
  std::vector<std::string> found;
  for (const auto& one : std::filesystem::directory_iterator("/proc/self/fd")) {
    std::error_code bad;
    const std::string to = std::filesystem::read_symlink(one.path(), bad).string();
    if (to.find("etilqs_") != std::string::npos) found.push_back(to);
  }
  return found;
}

}  // namespace

TEST_CASE("forget: every row that is about the person goes, by either key, and nobody else's", "[store][forget]") {
  StoreFixture f;
  fill(f);

  const auto gone = f.ask<std::map<std::string, std::int64_t>>([&](auto done) { f.store.forget(ada(), done); });

  CHECK(gone == std::map<std::string, std::int64_t>{{"conflicts", 1}, {"dirty_keys", 1}, {"findings", 1}, {"links", 1}, {"operations", 1}, {"received", 2}});
  CHECK_FALSE(f.load("employees", Side::kRight, "R-ADA").link);
  CHECK(f.load("employees", Side::kLeft, "HR-BOB").link);
  CHECK(f.summary().mappings["employees"].links == 1);
  CHECK(f.fan_out({employees_left()}).marked["employees"] == 1);  // Bob's change
}

TEST_CASE("forget: what a link that was taken apart had told goes, by either key", "[store][forget]") {
  const Side side = GENERATE(Side::kLeft, Side::kRight);
  StoreFixture f;
  fill(f);
  f.commit({.mapping = "employees", .remove_link = f.load("employees", Side::kLeft, "HR-ADA").link->id});
  Forgetting what = ada();
  what.keys = {{side, side == Side::kLeft ? "HR-ADA" : "R-ADA"}};

  f.ask<std::map<std::string, std::int64_t>>([&](auto done) { f.store.forget(what, done); });

  for (const char* table : {"operations", "conflicts"}) {
    INFO(table);
    CHECK(number(*f.database, std::string("SELECT count(*) FROM ") + table, -1).value() == 0);
  }
}

TEST_CASE("forget: what was told of a part of the record goes, and nothing of a part that is another's by now", "[store][forget]") {
  StoreFixture f;
  fill(f);
  const auto told_of = [](const std::string& part) { return change("\x01watch @address " + part); };
  for (const auto& [part, owner] : {std::pair("ADDR-1", "HR-ADA"), std::pair("ADDR-2", "HR-BOB")}) {
    f.ask<void>([&](auto done) { f.store.kv_set("parts", std::string("employees/left/address/") + part, Value(owner), std::nullopt, done); });
  }
  Change unparsed = change("");
  unparsed.event = "unparsed";
  unparsed.payload = std::string("{\"doc\": \"ADDR-1\"}");
  Change other = unparsed;
  other.payload = std::string("{\"doc\": \"ADDR-2\"}");
  f.put({told_of("ADDR-1"), told_of("ADDR-2"), unparsed, other});
  f.mark("employees", {{Side::kLeft, told_of("ADDR-1").key}, {Side::kLeft, told_of("ADDR-2").key}});

  f.ask<std::map<std::string, std::int64_t>>([&](auto done) { f.store.forget(ada(), done); });

  const auto left = [&](const char* table, const char* column, const char* part) { return number(*f.database, std::string("SELECT count(*) FROM ") + table + " WHERE " + column + " LIKE '%" + part + "%'", -1).value(); };
  for (const char* part : {"ADDR-1", "ADDR-2"}) {
    INFO(part);
    const std::int64_t expected = std::string(part) == "ADDR-2" ? 1 : 0;
    CHECK(left("received", "key", part) == expected);
    CHECK(left("received", "payload", part) == expected);
    CHECK(left("dirty_keys", "key", part) == expected);
    CHECK(left("kv", "key", part) == expected);
  }
}

TEST_CASE("forget: of whom nothing is held nothing is done", "[store][forget]") {
  StoreFixture f;
  fill(f);
  Forgetting what = ada();
  what.keys = {{Side::kLeft, "HR-NOBODY"}};

  CHECK(f.try_ask<std::map<std::string, std::int64_t>>([&](auto done) { f.store.forget(what, done); }).error().code == Code::kNotFound);
  CHECK(number(*f.database, "SELECT count(*) FROM audit", -1).value() == 0);
}

TEST_CASE("forget: it is audited without naming the person", "[store][forget]") {
  StoreFixture f;
  fill(f);
  f.ask<void>([&](auto done) { f.store.audit("bob", "ignore", "employees/left/HR-ADA", Value(Object{{"with", kSecret}}), done); });

  f.ask<std::map<std::string, std::int64_t>>([&](auto done) { f.store.forget(ada(), done); });

  const auto log = f.ask<Paged<Value>>([&](auto done) { f.store.audit_log({}, {10, ""}, done); });
  REQUIRE(log.rows.size() == 2);
  CHECK(log.rows.front().string_or("action") == "forget");
  CHECK(log.rows.front().string_or("author") == "ann");
  for (const Value& row : log.rows) {
    CHECK(json::dump(row).find("HR-ADA") == std::string::npos);
    CHECK(json::dump(row).find(kSecret) == std::string::npos);
  }
}

TEST_CASE("forget: refused while a write to the person is announced", "[store][forget]") {
  StoreFixture f;
  fill(f);
  Intent intent;
  intent.id = "i1";
  intent.mapping = "employees";
  intent.side = Side::kRight;
  intent.source_key = "HR-ADA";
  intent.target_key = "R-ADA";
  f.ask<void>([&](auto done) { f.store.announce({intent}, std::nullopt, done); });

  const auto refused = f.try_ask<std::map<std::string, std::int64_t>>([&](auto done) { f.store.forget(ada(), done); });

  REQUIRE_FALSE(refused.ok());
  CHECK(refused.error().code == Code::kStale);
  CHECK(f.load("employees", Side::kLeft, "HR-ADA").link);
}

TEST_CASE("forget: once the file is written anew no byte of the person is in it or in its log", "[store][forget]") {
  test::TempDir folder;
  const std::string path = folder.file("state.db");
  StoreFixture f;
  f.database = std::move(Database::open(path)).value();
  REQUIRE(migrate(*f.database).ok());
  InlineExecutor executor(*f.database, f.timers);
  Store store(executor, f.clock);
  const auto ask = [&](auto verb) {
    bool ok = false;
    verb([&ok](auto result) { ok = result.ok(); });
    f.timers.run_posted();
    REQUIRE(ok);
  };
  Commit commit{.mapping = "employees"};
  commit.link = link_of("HR-ADA", "R-ADA");
  commit.link->base["name"] = {Value(kSecret), Value(kSecret)};
  ask([&](auto done) { store.commit(commit, done); });
  ask([&](auto done) { store.put({[&] { Change told = change("HR-ADA"); told.payload = std::string(9000, 'x') + kSecret; return told; }()}, done); });
  REQUIRE(bytes_of(path + "-wal").find(kSecret) != std::string::npos);

  ask([&](auto done) { store.forget(ada(), done); });
  ask([&](auto done) { store.rewrite(done); });

  for (const std::string& file : {path, path + "-wal"}) {
    const std::string bytes = bytes_of(file);
    CHECK(bytes.find(kSecret) == std::string::npos);
    CHECK(bytes.find("HR-ADA") == std::string::npos);
  }
  CHECK(std::move(Database::open(path)).value()->query("SELECT count(*) AS n FROM audit", {}).value().front()["n"] == Value(1));
}

TEST_CASE("forget: the file is written anew by way of one beside it, not of memory", "[store][forget]") {
  test::TempDir folder;
  std::filesystem::create_directory(folder.file("it's here"));
  const auto database = std::move(Database::open(folder.file("it's here/state.db"))).value();
  REQUIRE(migrate(*database).ok());
  // More than the cache holds.
  for (int i = 0; i < 12; ++i) REQUIRE(database->exec("INSERT INTO meta (name, value) VALUES (" + std::to_string(i) + ", hex(randomblob(1000000)))").ok());
  test::FakeClock clock;
  test::ManualTimers timers(clock);
  InlineExecutor executor(*database, timers);
  Store store(executor, clock);
  std::vector<std::string> seen;
  sqlite3_progress_handler(database->handle(), 1, [](void* to) {
    auto& all = *static_cast<std::vector<std::string>*>(to);
    if (all.empty()) all = temporary_files();
    return 0;
  }, &seen);

  bool ok = false;
  store.rewrite([&](Result<void> result) { ok = result.ok(); });
  timers.run_posted();
  sqlite3_progress_handler(database->handle(), 0, nullptr, nullptr);

  CHECK(ok);
  REQUIRE(seen.size() == 1);
  CHECK(seen.front().starts_with(folder.file("it's here") + "/"));
  CHECK(database->query("PRAGMA temp_store", {}).value()[0].at("temp_store") == Value(2));
}
