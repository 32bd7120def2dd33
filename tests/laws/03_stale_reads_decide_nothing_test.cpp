// Law 3: stale reads decide nothing.
#include <catch2/catch.hpp>

#include "support/people.h"

using namespace tidewire;
using namespace tidewire::test;
using sync::Side;

namespace {

/// The left reads from a replica that shows the pair as it was before the last edit that travelled.
struct Behind : Pair {
  std::map<std::string, MemorySide::Row> past;
  explicit Behind(bool ordered = false) {
    world.left.able.ordered_versions = ordered;
    past = world.left.rows;
    edit(Side::kLeft, "phone", "2");
    tell();
    forget_what_was();
  }
  void read_the_past() { world.left.replica = &past; }
  void read_the_present() { world.left.replica = nullptr; }
};

}  // namespace

TEST_CASE("law 3: a link remembers its last 8 version tokens per side in order of sight", "[laws][3]") {
  Pair it;
  for (int i = 0; i < 12; ++i) {
    it.edit(Side::kLeft, "phone", std::to_string(i));
    it.tell();
  }

  const auto tokens = it.link().tokens.left;
  REQUIRE(tokens.size() == 8);
  CHECK(std::is_sorted(tokens.begin(), tokens.end(), [](const std::string& a, const std::string& b) { return std::stoi(a) < std::stoi(b); }));
  CHECK(tokens.back() == it.link().version.left);
}

TEST_CASE("law 3: a read that shows a token left behind decides nothing and is repeated", "[laws][3]") {
  Behind it;
  it.read_the_past();
  it.world.hook(Side::kLeft, it.left);
  it.world.settle();
  CHECK(it.new_writes() == 0);
  CHECK(it.shown(Side::kRight, "phone") == "2");
  CHECK(it.world.counts().backing_off == 1);

  it.read_the_present();
  it.world.settle(std::chrono::minutes(1));
  CHECK(it.new_writes() == 0);
  CHECK(it.world.counts().backing_off == 0);
}

TEST_CASE("law 3: so is a read of an ordered version older than the base's, seen before or not", "[laws][3]") {
  Behind it(true);
  it.past.at(it.left).version = 0;  // never seen by us
  it.read_the_past();
  it.world.hook(Side::kLeft, it.left);
  it.world.settle(std::chrono::seconds(2));

  CHECK(it.new_writes() == 0);
  CHECK(it.shown(Side::kRight, "phone") == "2");
}

TEST_CASE("law 3: a repeated stale read is no failure of the key: it never becomes a dead letter", "[laws][3]") {
  Behind it;
  it.read_the_past();
  for (int i = 0; i < 20; ++i) {
    it.world.hook(Side::kLeft, it.left);
    it.world.settle(std::chrono::seconds(2));
  }

  CHECK(it.world.counts().dead == 0);
  CHECK(it.new_writes() == 0);
}

TEST_CASE("law 3: an unordered token still shown after the settle time is the truth", "[laws][3]") {
  Behind it;
  it.read_the_past();  // somebody restored the record, with its old token
  it.world.hook(Side::kLeft, it.left);
  it.world.settle(std::chrono::minutes(3));

  CHECK(it.shown(Side::kRight, "phone") == "1");
  CHECK(it.world.counts().backing_off == 0);
}

namespace {

/// The left shows a version that nobody has seen, with a time so much before the last one.
struct TimeBack : Pair {
  explicit TimeBack(Duration back, bool versions = true) {
    world.left.versions = versions;
    edit(Side::kLeft, "phone", "2");
    tell();
    later();
    auto& row = world.left.rows.at(left);
    const Instant before = row.modified;
    edit(Side::kLeft, "phone", "restored");
    row.modified = before - back;
    forget_what_was();
    world.hook(Side::kLeft, left);
    world.settle(std::chrono::seconds(30));
  }
};

}  // namespace

TEST_CASE("law 3: a record whose own time is hours before the one it had counts after the settle time", "[laws][3]") {
  TimeBack it(std::chrono::hours(3), GENERATE(true, false));
  CHECK(it.new_writes() == 0);
  CHECK(it.world.counts().backing_off == 1);

  it.world.settle(std::chrono::minutes(1));
  CHECK(it.shown(Side::kRight, "phone") == "restored");
  CHECK(it.world.counts().backing_off == 0);
  it.edit(Side::kLeft, "phone", "3");  // its clock stands where it stood
  it.world.left.rows.at(it.left).modified -= std::chrono::hours(2);
  it.tell();
  CHECK(it.shown(Side::kRight, "phone") == "3");
}

TEST_CASE("law 3: an hour is none: the naive times of a site repeat one", "[laws][3]") {
  TimeBack it(std::chrono::minutes(60));
  CHECK(it.shown(Side::kRight, "phone") == "restored");
}

TEST_CASE("law 3: a version left behind says nothing under a newer time: one made of the content comes back with it", "[laws][3]") {
  Behind it;
  it.later();
  it.past.at(it.left).modified = it.world.clock.now();
  it.world.left.rows = it.past;
  it.world.hook(Side::kLeft, it.left);
  it.world.settle();

  CHECK(it.both_show("phone", "1"));
}

TEST_CASE("law 3: a token seen again moves to the end of the list", "[laws][3]") {
  Behind it;
  it.read_the_past();
  it.world.hook(Side::kLeft, it.left);
  it.world.settle(std::chrono::minutes(3));

  const auto tokens = it.link().tokens.left;
  CHECK(tokens.back() == std::to_string(it.past.at(it.left).version));
  CHECK(std::count(tokens.begin(), tokens.end(), tokens.back()) == 1);
}

TEST_CASE("law 3: a true A-B-A by people is no stale read, since its token is new", "[laws][3]") {
  Pair it;
  it.edit(Side::kLeft, "phone", "2");
  it.tell();
  it.edit(Side::kLeft, "phone", "1");
  it.tell();

  CHECK(it.both_show("phone", "1"));
}

TEST_CASE("law 3: what a write was announced on counts as seen while its outcome is unknown", "[laws][3]") {
  Pair it;
  it.later();
  it.world.left.able.ordered_versions = true;
  it.world.right.write_faults = {MemorySide::Fault::kLoseRequest};
  it.edit(Side::kLeft, "email", "ada@new.org");
  const auto past = it.world.left.rows;  // of which no pass commits anything
  it.edit(Side::kLeft, "phone", "2");
  it.world.hook(Side::kLeft, it.left);
  it.world.settle(std::chrono::milliseconds(1));
  REQUIRE(it.shown(Side::kRight, "phone") == "1");
  auto behind = past;
  it.world.left.replica = &behind;
  it.world.hook(Side::kLeft, it.left);
  it.world.settle(std::chrono::seconds(20));
  CHECK(it.new_writes() == 0);

  it.world.left.replica = nullptr;
  it.world.settle(std::chrono::minutes(3));
  CHECK(it.both_show("phone", "2"));
  CHECK(it.both_show("email", "ada@new.org"));
}

namespace {

/// The left was restored to what it was, versions are ordered, and the key has become a dead letter.
struct Restored : Behind {
  Restored() : Behind(true) {
    read_the_past();
    world.hook(Side::kLeft, left);
    world.settle(std::chrono::minutes(30));
    REQUIRE(world.counts().dead == 1);
  }
  void reset_base(const std::string& field = {}) {
    sync::Mending what;
    what.act = sync::Mending::Act::kResetBase;
    what.mapping = "people";
    what.key = {Side::kLeft, left};
    what.field = field;
    what.author = "ann";
    world.engine->mend(std::move(what), [](Result<store::Operation> done) { ASSERT(done.ok(), "it is linked"); });
    world.settle();
  }
};

}  // namespace

TEST_CASE("law 3: an older ordered version that stays is a dead letter that says how to let it count", "[laws][3]") {
  Restored it;
  const auto dead = standing_of(it.world, store::KeyState::kDead);
  REQUIRE(dead.size() == 1);
  CHECK(dead.front().error->string_or("hint").find("tidewire reset-base people " + it.left + " --side left") !=
        std::string::npos);
  CHECK(it.new_writes() == 0);
}

TEST_CASE("law 3: a person lets it count by resetting the base: the two meet as strangers", "[laws][3]") {
  Restored it;
  it.past.at(it.left).fields["phone"] = Value();
  it.world.left.rows = it.past;
  it.read_the_present();
  it.reset_base();

  CHECK(it.both_show("phone", "2"));  // filled in where it was empty
  CHECK(it.world.counts().dead == 0);
  it.edit(Side::kLeft, "phone", "3");
  it.tell();
  CHECK(it.both_show("phone", "3"));
}

TEST_CASE("law 3: resetting the base of one field lets no version count", "[laws][3]") {
  Restored it;
  it.reset_base("note");
  it.world.settle(std::chrono::minutes(30));

  CHECK(it.new_writes() == 0);
  CHECK(it.shown(Side::kRight, "phone") == "2");
}

TEST_CASE("law 3: so for all that a restored system has made dead letters, page by page, and for no other", "[laws][3]") {
  World world;
  world.left.able.ordered_versions = true;
  std::vector<std::string> keys;
  for (const char* email : {"ada@example.org", "bob@example.org", "eve@example.org"}) keys.push_back(world.left.insert(person(email)));
  for (const std::string& key : keys) world.hook(Side::kLeft, key);
  world.settle();
  const auto past = world.left.rows;
  for (const std::string& key : keys) {
    world.left.edit(key, "phone", Value("2"));
    world.hook(Side::kLeft, key);
  }
  world.settle(std::chrono::minutes(5));
  world.left.rows = past;
  world.right.poison = "zoe";
  const std::string zoe = world.left.insert(person("zoe@example.org"));
  for (const auto& [key, row] : world.left.rows) world.hook(Side::kLeft, key);
  world.settle(std::chrono::hours(2));
  REQUIRE(world.counts().dead == 4);

  std::int64_t reset = 0, pages = 0;
  std::string after;
  do {
    std::optional<Result<sync::StaleReset>> page;
    world.engine->reset_stale("people", "ann", {2, after}, [&](Result<sync::StaleReset> done) { page = std::move(done); });
    for (int i = 0; i < 50 && !page; ++i) world.settle(std::chrono::milliseconds(1));
    REQUIRE(page);
    REQUIRE(page->ok());
    CHECK((*page)->refused == 0);
    reset += (*page)->reset;
    after = (*page)->next;
    ++pages;
  } while (!after.empty() && pages < 10);
  world.settle(std::chrono::minutes(5));

  CHECK(reset == 3);
  CHECK(pages >= 2);
  CHECK(standing_of(world, store::KeyState::kDead).size() == 1);
  CHECK(standing_of(world, store::KeyState::kDead).front().key == zoe);
  for (const std::string& key : keys) CHECK(world.left.get(key, "phone") == world.right.get(*known_of(world, Side::kLeft, key).link->key.right, "phone"));
  const auto done = operations_of(world);
  CHECK(std::count_if(done.begin(), done.end(), [](const store::Operation& one) { return one.kind == "reset_base" && one.author == "ann"; }) == 3);
}
