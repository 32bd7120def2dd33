#include "store/executor.h"

#include <csignal>
#include <filesystem>
#include <latch>
#include <thread>

#include <catch2/catch.hpp>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "faulty_vfs.h"
#include "store/store.h"
#include "support/fake_clock.h"
#include "support/temp_dir.h"
#include "support/waiting_poster.h"

using namespace tidewire;
using namespace tidewire::store;

namespace {

Executor::Work insert_note(std::string text) {
  return [text = std::move(text)](Database& database) -> Result<void> {
    const std::array parameters{Value(text)};
    TRY(database.run("INSERT INTO meta (name, value) VALUES (?, '')", parameters));
    return {};
  };
}

struct ExecutorFixture {
  test::TempDir folder;
  test::WaitingPoster poster;
  std::unique_ptr<ThreadedExecutor> executor;

  explicit ExecutorFixture(ThreadedExecutorOptions options = {}) {
    options.path = folder.file("state.db");
    executor = std::move(ThreadedExecutor::open(options, poster)).value();
  }

  Result<void> write(Executor::Work work) {
    std::optional<Result<void>> answer;
    executor->write(std::move(work), [&](Result<void> result) { answer = std::move(result); });
    while (!answer) poster.run_one();
    return *answer;
  }
  /// All of them in one group: the writer is held until they are queued.
  std::vector<Result<void>> write_group(std::vector<Executor::Work> works) {
    std::latch queued(1);
    std::vector<std::optional<Result<void>>> answers(works.size());
    std::size_t waiting = works.size() + 1;
    executor->write(
        [&queued](Database&) -> Result<void> {
          queued.wait();
          return {};
        },
        [&](Result<void>) { --waiting; });
    for (std::size_t i = 0; i < works.size(); ++i) {
      executor->write(std::move(works[i]), [&, i](Result<void> result) {
        answers[i] = std::move(result);
        --waiting;
      });
    }
    queued.count_down();
    while (waiting > 0) poster.run_one();
    std::vector<Result<void>> results;
    for (auto& answer : answers) results.push_back(std::move(*answer));
    return results;
  }
  std::int64_t count(const std::string& pattern) {
    std::optional<Result<void>> answer;
    std::int64_t found = 0;
    executor->read(
        [&](Database& database) -> Result<void> {
          const std::array parameters{Value(pattern)};
          found =
              TRY(database.query("SELECT count(*) AS n FROM meta WHERE name LIKE ?", parameters))[0].at("n").as_int();
          return {};
        },
        [&](Result<void> result) { answer = std::move(result); });
    while (!answer) poster.run_one();
    REQUIRE(answer->ok());
    return found;
  }
};

Result<void> refuse(Database& database) {
  TRY(insert_note("note refused")(database));
  return make_error(Code::kStale, "no");
}

}  // namespace

TEST_CASE("executor: a read sees every write that was answered", "[store][executor]") {
  ExecutorFixture f;
  for (int i = 1; i <= 20; ++i) {
    REQUIRE(f.write(insert_note("note " + std::to_string(i))).ok());
    CHECK(f.count("note%") == i);
  }
}

TEST_CASE("executor: a member that fails is rolled back alone", "[store][executor]") {
  ExecutorFixture f;

  const auto answers = f.write_group({insert_note("note 1"), refuse, insert_note("note 2"), insert_note("note 2")});

  CHECK(answers[0].ok());
  REQUIRE_FALSE(answers[1].ok());
  CHECK(answers[1].error().code == Code::kStale);
  CHECK(answers[2].ok());
  CHECK(answers[3].error().code == Code::kInvalid);
  CHECK(f.count("note%") == 2);
  CHECK(f.count("note refused") == 0);
  const auto stats = f.executor->stats();
  CHECK(stats.healthy);
  CHECK(stats.largest_group >= 4);
  CHECK(stats.members == 5);
  CHECK(stats.failed_groups == 0);
}

TEST_CASE("executor: a failed fsync fails every member and none of them comes back", "[store][executor]") {
  FaultyVfs vfs;
  ExecutorFixture f(ThreadedExecutorOptions{.probe_every = std::chrono::hours(1)});
  REQUIRE(f.write(insert_note("note before")).ok());

  FaultyVfs::fail_sync() = true;
  const auto answers = f.write_group({insert_note("note lost 1"), insert_note("note lost 2"), refuse});
  for (const auto& answer : answers) {
    REQUIRE_FALSE(answer.ok());
    CHECK(answer.error().code == Code::kUnavailable);
    CHECK(answer.error().retry_after);
  }
  CHECK_FALSE(f.executor->stats().healthy);
  CHECK_FALSE(f.executor->stats().trouble.empty());
  CHECK(f.count("note%") == 1);

  FaultyVfs::fail_sync() = false;
  REQUIRE(f.write(insert_note("note after")).ok());
  CHECK(f.executor->stats().healthy);
  CHECK(f.count("note lost%") == 0);
  CHECK(f.count("note%") == 2);
  const std::string path = f.folder.file("state.db");
  f.executor.reset();
  auto again = std::move(Database::open(path)).value();
  CHECK(again->query("SELECT name FROM meta WHERE name LIKE 'note%'", {}).value().size() == 2);
}

TEST_CASE("executor: health comes back by itself when the disk does", "[store][executor]") {
  FaultyVfs vfs;
  std::vector<std::string> told;
  ExecutorFixture f(ThreadedExecutorOptions{.probe_every = std::chrono::milliseconds(1), .on_health = [&](const std::string& trouble) { told.push_back(trouble); }});
  FaultyVfs::fail_write() = true;
  const auto full = f.write(insert_note("note 1"));
  REQUIRE_FALSE(full.ok());
  REQUIRE_FALSE(f.write(insert_note("note 1")).ok());
  CHECK(full.error().code == Code::kUnavailable);
  CHECK_FALSE(f.executor->stats().healthy);

  FaultyVfs::fail_write() = false;
  while (!f.executor->stats().healthy) std::this_thread::yield();
  REQUIRE(f.write(insert_note("later")).ok());  // what was posted before is heard by now
  REQUIRE(told.size() == 2);
  CHECK_FALSE(told[0].empty());
  CHECK(told[1].empty());

  CHECK(f.executor->stats().trouble.empty());
  CHECK(f.count("note%") == 0);
}

TEST_CASE("executor: a full disk inside a member fails its group, and the next is stored", "[store][executor]") {
  ExecutorFixture f;
  const auto fill = [](Database& database) -> Result<void> {
    TRY(database.exec("PRAGMA max_page_count = 60"));
    return insert_note(std::string(1'000'000, 'x'))(database);
  };

  const auto answers = f.write_group({insert_note("note 1"), fill, insert_note("note 2")});

  for (const auto& answer : answers) {
    REQUIRE_FALSE(answer.ok());
    CHECK(answer.error().code == Code::kUnavailable);
  }
  CHECK(f.write(insert_note("note 3")).ok());
  CHECK(f.count("note%") == 1);
  CHECK(f.executor->stats().healthy);
}

TEST_CASE("executor: what was queued is stored when it is destroyed, and nobody is called any more",
          "[store][executor]") {
  ExecutorFixture f;
  bool called = false;
  for (int i = 0; i < 100; ++i) {
    f.executor->write(insert_note("note " + std::to_string(i)), [&called](Result<void>) { called = true; });
  }
  const std::string path = f.folder.file("state.db");

  f.executor.reset();

  f.poster.run_one();
  CHECK_FALSE(called);
  auto again = std::move(Database::open(path)).value();
  CHECK(again->query("SELECT name FROM meta WHERE name LIKE 'note%'", {}).value().size() == 100);
}

TEST_CASE("executor: an answer may destroy the executor", "[store][executor]") {
  ExecutorFixture f;
  int called = 0;
  std::latch queued(1);
  f.executor->write(
      [&queued](Database&) -> Result<void> {
        queued.wait();
        return {};
      },
      [&](Result<void>) {
        ++called;
        f.executor.reset();
      });
  f.executor->write(insert_note("note"), [&](Result<void>) { ++called; });
  queued.count_down();

  f.poster.run_one();

  CHECK(called == 1);
}

TEST_CASE("executor: long reads have lanes of their own", "[store][executor]") {
  ExecutorFixture f;
  std::latch go(1);
  int done = 0;
  const auto wait = [&go](Database&) -> Result<void> {
    go.wait();
    return {};
  };
  for (int i = 0; i < 3; ++i) f.executor->read_long(wait, [&](Result<void>) { ++done; });

  REQUIRE(f.write(insert_note("note")).ok());
  CHECK(f.count("note") == 1);

  go.count_down();
  while (done < 3) f.poster.run_one();
}

TEST_CASE("executor: what people look at waits for no backup, and the engine not for it", "[store][executor]") {
  ExecutorFixture f;
  test::FakeClock clock;
  Store store(*f.executor, clock);
  std::latch go(1);
  int done = 0;
  const auto wait = [&go](Database&) -> Result<void> {
    go.wait();
    return {};
  };
  f.executor->read_long(wait, [&](Result<void>) { ++done; });

  bool seen = false;
  store.summary([&](Result<Summary> summary) { seen = summary.ok(); });
  while (!seen) f.poster.run_one();

  f.executor->read_long(wait, [&](Result<void>) { ++done; });
  store.operations({}, {}, [&](Result<Paged<Operation>>) { ++done; });
  bool loaded = false;
  store.load("people", {{Side::kLeft, "1"}}, [&](Result<std::vector<Known>> known) { loaded = known.ok(); });
  while (!loaded) f.poster.run_one();
  CHECK(done == 0);

  go.count_down();
  while (done < 3) f.poster.run_one();
}

TEST_CASE("executor: a file that a newer program made is refused", "[store][executor]") {
  test::TempDir folder;
  test::WaitingPoster poster;
  const std::string path = folder.file("state.db");
  REQUIRE(ThreadedExecutor::open({.path = path}, poster).ok());
  REQUIRE(Database::open(path).value()->exec("PRAGMA user_version = 99").ok());

  const auto refused = ThreadedExecutor::open({.path = path}, poster);

  REQUIRE_FALSE(refused.ok());
  CHECK(refused.error().code == Code::kUnavailable);
  CHECK(refused.error().message.find(path) != std::string::npos);
}

TEST_CASE("executor: the state and its log are its user's alone, also where a former one was not", "[store][executor]") {
  using std::filesystem::perms;
  test::TempDir folder;
  const std::string fresh = folder.file("fresh.db"), former = folder.file("former.db"), group = folder.file("group.db");
  const mode_t umask_before = ::umask(022);
  for (const std::string& path : {former, group}) {
    test::WaitingPoster poster;
    REQUIRE(ThreadedExecutor::open({.path = path}, poster).ok());
  }
  std::filesystem::permissions(former, perms::owner_read | perms::owner_write | perms::group_read | perms::others_read);
  std::filesystem::permissions(group, perms::owner_read | perms::owner_write | perms::group_read);
  for (const std::string& path : {fresh, former, group}) {
    test::WaitingPoster poster;
    const auto executor = ThreadedExecutor::open({.path = path}, poster);
    REQUIRE(executor.ok());
    for (const char* part : {"", "-wal", "-shm"}) {
      REQUIRE(std::filesystem::exists(path + part));
      const perms others = perms::others_all | (path == group ? perms::none : perms::group_all);
      CHECK((std::filesystem::status(path + part).permissions() & others) == perms::none);
    }
  }
  CHECK((std::filesystem::status(group).permissions() & perms::group_read) != perms::none);  // somebody said so
  ::umask(umask_before);
}

TEST_CASE("executor: another program's database is refused as it is", "[store][executor]") {
  test::TempDir folder;
  test::WaitingPoster poster;
  const std::string path = folder.file("theirs.db");
  {
    auto theirs = Database::open(path);
    REQUIRE((*theirs)->exec("PRAGMA journal_mode = DELETE; CREATE TABLE theirs (a)").ok());
  }
  const std::string before = folder.read("theirs.db");

  const auto refused = ThreadedExecutor::open({.path = path}, poster);

  REQUIRE_FALSE(refused.ok());
  CHECK(refused.error().code == Code::kInvalid);
  CHECK(folder.read("theirs.db") == before);
}

TEST_CASE("executor: after kill -9 everything that was acknowledged is there", "[store][executor]") {
  test::TempDir folder;
  const std::string path = folder.file("state.db");
  int acknowledged[2];
  REQUIRE(::pipe(acknowledged) == 0);
  const pid_t child = ::fork();
  if (child == 0) {
    test::WaitingPoster poster;
    auto executor = std::move(ThreadedExecutor::open({.path = path}, poster)).value();
    for (int i = 0;; ++i) {
      executor->write(insert_note("note " + std::to_string(i)), [&](Result<void> result) {
        if (result.ok() && ::write(acknowledged[1], "a", 1) != 1) ::_exit(1);
      });
      if (i >= 32) poster.run_one();  // several under way at the kill
    }
  }
  ::close(acknowledged[1]);
  std::int64_t answered = 0;
  char byte;
  while (answered < 300 && ::read(acknowledged[0], &byte, 1) == 1) ++answered;
  ::kill(child, SIGKILL);
  while (::read(acknowledged[0], &byte, 1) == 1) ++answered;
  ::close(acknowledged[0]);
  int status = 0;
  REQUIRE(::waitpid(child, &status, 0) == child);
  REQUIRE(WIFSIGNALED(status));

  test::WaitingPoster poster;
  auto executor = std::move(ThreadedExecutor::open({.path = path}, poster)).value();
  auto database = std::move(Database::open(path)).value();
  const auto rows = database->query("SELECT count(*) AS n FROM meta WHERE name LIKE 'note%'", {}).value();
  CHECK(rows[0].at("n").as_int() >= answered);
  CHECK(database->query("PRAGMA integrity_check", {}).value()[0].at("integrity_check") == Value("ok"));
}
