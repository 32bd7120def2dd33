#include "app/backups.h"

#include "store/copy.h"

#include <catch2/catch.hpp>

#include "app/files.h"
#include "support/fake_clock.h"
#include "support/temp_dir.h"
#include "unit/store/store_fixture.h"

namespace tidewire::app {
namespace {

struct Copies : store::StoreFixture {
  test::TempDir folder;
  Redactor redactor;
  Logger log{clock, redactor};
  Backups backups{{timers, clock, store, log, [this]() -> Result<std::string> { return folder.path().string(); }}};

  Copies() {
    Logger::Options quiet;
    quiet.level = Level::kError;
    REQUIRE(log.configure(quiet).ok());
  }
  /// Time passes as it does, hour by hour.
  void pass(int hours) {
    for (int i = 0; i < hours; ++i) {
      timers.advance(std::chrono::hours(1));
      timers.run_posted();
    }
  }
  std::vector<std::string> found() const { return backups_in(folder.path().string()); }
};

}  // namespace

TEST_CASE("copies are made by the schedule, and the oldest go", "[app][backups]") {
  Copies f;
  REQUIRE(f.backups.plan("every 24h", 3).ok());

  f.pass(24 * 5);

  const auto copies = f.found();
  CHECK(copies.size() == 3);
  CHECK(std::is_sorted(copies.rbegin(), copies.rend()));
}

TEST_CASE("a copy that cannot be made is told until one is", "[app][backups]") {
  Copies f;
  Result<std::string> folder = make_error(Code::kUnavailable, "no such disk");
  Backups backups{{f.timers, f.clock, f.store, f.log, [&folder] { return folder; }}};
  REQUIRE(backups.plan("every 24h", 3).ok());
  CHECK(backups.status().as_object().empty());

  f.pass(25);
  CHECK(backups.status().string_or("error").find("no such disk") != std::string::npos);
  CHECK(backups.status().find("last") == nullptr);

  folder = f.folder.path().string();
  f.pass(2);
  CHECK(backups.status().find("error") == nullptr);
  CHECK(backups.status().find("last") != nullptr);
}

TEST_CASE("what is no copy of ours is left alone", "[app][backups]") {
  Copies f;
  f.folder.write("notes.db", "mine");
  f.folder.write("tidewire-by-hand.db", "mine");
  REQUIRE(f.backups.plan("every 24h", 1).ok());

  f.pass(24 * 3);

  CHECK(f.found().size() == 1);
  CHECK(read_file(f.folder.file("notes.db")).value_or("") == "mine");
  CHECK(read_file(f.folder.file("tidewire-by-hand.db")).value_or("") == "mine");
}

TEST_CASE("one that was missed while the process was away is made at once", "[app][backups]") {
  Copies f;
  f.folder.write(store::backup_name(f.clock.now() - std::chrono::hours(72)), "old");
  REQUIRE(f.backups.plan("every 24h", 5).ok());

  f.timers.advance(std::chrono::seconds(2));
  f.timers.run_posted();

  CHECK(f.found().size() == 2);
}

TEST_CASE("a schedule that is none is refused; an empty one ends the copies", "[app][backups]") {
  Copies f;
  CHECK_FALSE(f.backups.plan("sometimes", 3).ok());
  REQUIRE(f.backups.plan("every 1h", 3).ok());
  REQUIRE(f.backups.plan("", 3).ok());
  f.pass(5);
  CHECK(f.found().empty());
}

}  // namespace tidewire::app
