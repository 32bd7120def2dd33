// Every act upon the disk, one after the other, goes wrong in a fixed piece of work: whatever was answered as stored is
// there afterwards, whole, and what was refused is not.
#include "power_vfs.h"

#include <catch2/catch.hpp>

#include "store/migrate.h"
#include "store/store.h"
#include "support/fake_clock.h"
#include "support/temp_dir.h"
#include "support/waiting_poster.h"

using namespace tidewire;
using namespace tidewire::store;

namespace {

/// What the work was told.
struct Told {
  bool opened = false;
  std::vector<std::string> received, refused;
  std::vector<std::string> linked;    // left keys of commits that were answered
  std::vector<std::string> attempted;
  std::int64_t cursor = 0, tried_cursor = 0;
};

class Work {
 public:
  explicit Work(const std::string& path) : executor_(ThreadedExecutor::open({.path = path, .probe_every = std::chrono::hours(1)}, poster_)) {
    if (executor_.ok()) store_.emplace(**executor_, clock_);
    told_.opened = executor_.ok();
  }

  Told run() {
    for (int round = 1; store_ && round <= 3; ++round) {
      const std::string key = "K-" + std::to_string(round);
      Change change;
      change.connection = "erp";
      change.collection = "Item";
      change.key = key;
      const bool put = ok<std::int64_t>([&](auto done) { store_->put({change}, done); });
      (put ? told_.received : told_.refused).push_back(key);
      ok<FanOut>([&](auto done) { store_->fan_out({{"items", Side::kLeft, "erp", "Item"}}, 100, done); });
      told_.tried_cursor = round;
      if (ok<void>([&](auto done) { store_->put_polled("items", {{.side = Side::kRight, .key = "R" + key}}, Side::kRight, Value(round), done); })) told_.cursor = round;
      reconcile(key);
    }
    return told_;
  }

 private:
  /// Announces, then commits link, base, operation and counters, as a pass does.
  void reconcile(const std::string& key) {
    Intent intent;
    intent.id = "I-" + key;
    intent.mapping = "items";
    intent.kind = IntentKind::kCreate;
    intent.source_key = key;
    intent.operation = "O-" + key;
    if (!ok<void>([&](auto done) { store_->announce({intent}, std::nullopt, done); })) return;
    Commit commit{.mapping = "items"};
    commit.link.emplace();
    commit.link->mapping = "items";
    commit.link->key = {key, "R" + key};
    commit.link->base["name"] = {Value("a " + std::string(500, 'x')), Value("a")};
    commit.operation.emplace();
    commit.operation->id = "O-" + key;
    commit.operation->mapping = "items";
    commit.operation->kind = "create";
    commit.operation->outcome = "applied";
    commit.close_intents = {intent.id};
    commit.counters["applied"] = 1;
    told_.attempted.push_back(key);
    if (ok<std::int64_t>([&](auto done) { store_->commit(commit, done); })) told_.linked.push_back(key);
  }

  template <typename T, typename Verb>
  bool ok(Verb verb) {
    std::optional<bool> answer;
    verb([&answer](Result<T> result) { answer = result.ok(); });
    while (!answer) poster_.run_one();
    return *answer;
  }

  test::FakeClock clock_;
  test::WaitingPoster poster_;
  Result<std::unique_ptr<ThreadedExecutor>> executor_;
  std::optional<Store> store_;
  Told told_;
};

std::int64_t number(Database& database, const std::string& sql, const std::string& parameter = {}) {
  const std::array parameters{Value(parameter)};
  const auto rows = database.query(sql, parameter.empty() ? std::span<const Value>() : parameters);
  REQUIRE(rows.ok());
  return rows->front().begin()->second.as_int();
}

void check(const std::string& path, const Told& told) {
  auto opened = Database::open(path);
  REQUIRE(opened.ok());
  Database& database = **opened;
  const auto whole = database.query("PRAGMA integrity_check", {});
  REQUIRE(whole.ok());
  CHECK(whole->front().begin()->second == Value("ok"));
  for (const std::string& key : told.received) CHECK(number(database, "SELECT count(*) FROM received WHERE key = ?", key) == 1);
  for (const std::string& key : told.refused) CHECK(number(database, "SELECT count(*) FROM received WHERE key = ?", key) == 0);
  for (const std::string& key : told.linked) CHECK(number(database, "SELECT count(*) FROM links WHERE left_key = ?", key) == 1);
  // A commit is there with all of its parts or none: link, operation, its intent closed.
  for (const std::string& key : told.attempted) {
    const std::int64_t link = number(database, "SELECT count(*) FROM links WHERE left_key = ?", key);
    CHECK(number(database, "SELECT count(*) FROM operations WHERE id = 'O-' || ?", key) == link);
    CHECK(number(database, "SELECT count(*) FROM intents WHERE id = 'I-' || ?", key) == 1 - link);
  }
  CHECK(number(database, "SELECT coalesce(sum(value), 0) FROM counters WHERE name = 'applied'") == number(database, "SELECT count(*) FROM links"));
  const std::int64_t cursor = number(database, "SELECT coalesce(max(CAST(value AS INTEGER)), 0) FROM cursors");
  CHECK((cursor >= told.cursor && cursor <= told.tried_cursor));
  CHECK(number(database, "SELECT count(*) FROM dirty_keys WHERE side = 'right'") >= told.cursor - number(database, "SELECT count(*) FROM links"));
}

/// How many acts there were to go wrong.
int try_every_act(PowerVfs::Fault fault) {
  for (int nth = 1;; ++nth) {
    test::TempDir folder;
    const std::string path = folder.path() / "state.db";
    {
      auto database = Database::open(path);
      REQUIRE(database.ok());
      REQUIRE(migrate(**database).ok());
    }
    Told told;
    {
      PowerVfs vfs(fault, nth);
      told = Work(path).run();
    }
    INFO("act " << nth);
    PowerVfs::reboot();
    if (fault == PowerVfs::Fault::kPower) std::filesystem::remove(path + "-shm");
    // One of the twelve things asked for went wrong, and the file was opened again for the next.
    if (fault == PowerVfs::Fault::kRefused && told.opened) {
      CHECK(told.refused.size() <= 1);
      CHECK(told.linked.size() >= 2);
      CHECK(told.refused.size() + 3 - told.linked.size() <= 1);
    }
    // Of a torn or lost disk it is not told which refused writes reached it.
    if (fault != PowerVfs::Fault::kRefused) told.refused.clear();
    check(path, told);
    if (!PowerVfs::struck()) return nth - 1;
  }
}

}  // namespace

TEST_CASE("power: a write or sync that is refused, wherever it falls, refuses its members and nothing else", "[store][power]") { CHECK(try_every_act(PowerVfs::Fault::kRefused) > 30); }

TEST_CASE("power: a write that is torn, wherever it falls, loses nothing that was answered", "[store][power]") { CHECK(try_every_act(PowerVfs::Fault::kTorn) > 30); }

TEST_CASE("power: what was answered does not rest on anything that was not synced", "[store][power]") { CHECK(try_every_act(PowerVfs::Fault::kPower) > 30); }
