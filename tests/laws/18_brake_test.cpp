// Law 18: the brake holds what would go to too many records at once, and asks once.
#include <catch2/catch.hpp>

#include "support/people.h"
#include "support/teams.h"

using namespace tidewire;
using sync::Side;
using test::World;

namespace {

/// Pairs at rest whose records have a city that the mapping does not know of yet.
struct Town {
  World world;
  std::vector<std::string> left, right;
  explicit Town(int people = 30) {
    for (int i = 0; i < people; ++i) {
      Value fields = test::person("p" + std::to_string(i) + "@example.org");
      fields["city"] = Value("Ghent");
      left.push_back(world.left.insert(std::move(fields)));
      world.hook(Side::kLeft, left.back());
    }
    world.settle();
    for (const auto& [key, row] : world.right.rows) right.push_back(key);
    world.ears.operations.clear();
  }
  static sync::Plan grown(std::optional<int> brake = 10) {
    sync::Plan plan = World::default_plan();
    plan.fields.push_back(World::field("city"));
    plan.brake = brake;
    return plan;
  }
  void grow(sync::Plan plan = grown()) { world.engine->put(std::make_shared<test::TableMapper>(std::move(plan), "v2"), {&world.left, &world.right}); }
  void sweep() {
    sync::Engine::SyncOptions options;
    options.mapping = "people";
    options.all = true;
    world.engine->sync(options, {}, [](Result<store::Job>) {});
    world.settle(std::chrono::seconds(30));
  }
  int with_city() const {
    int count = 0;
    for (const auto& [key, row] : world.right.rows) count += row.fields.find("city") != nullptr ? 1 : 0;
    return count;
  }
  std::int64_t release(const std::string& field) {
    std::int64_t released = -1;
    world.engine->release("people", field, [&](Result<std::int64_t> count) { released = count.ok() ? *count : -2; });
    world.settle(std::chrono::seconds(30));
    return released;
  }
};

}  // namespace

TEST_CASE("law 18: a field that a mapping got is adopted up to a share of the links, and asked about once", "[laws][18]") {
  Town it;
  it.grow();

  it.sweep();

  CHECK(it.with_city() == 10);
  const auto counts = it.world.counts();
  REQUIRE(counts.braked.size() == 1);
  CHECK(counts.braked.front().field == "city");
  CHECK(counts.braked.front().links == 20);
  CHECK(counts.held == 0);
  int asked = 0;
  for (const store::Operation& operation : it.world.ears.operations) asked += operation.kind == "hold" ? 1 : 0;
  CHECK(asked == 1);
  CHECK(it.world.conflicts().empty());
}

TEST_CASE("law 18: what a person once asked for, and what was given up since, lets no deletes pass", "[laws][18]") {
  Town it;
  it.world.right.denied = make_error(Code::kInvalid, "no");
  for (const std::string& key : it.right) it.world.hook(Side::kRight, key);
  it.world.settle();
  it.world.store.retry("people", std::nullopt, [](Result<std::int64_t>) {});
  it.world.timers.run_posted();
  it.world.engine->wake("people");
  it.world.settle();
  REQUIRE(it.world.counts().dead == 30);
  it.world.right.denied.reset();

  for (const std::string& key : it.left) {
    it.world.left.erase(key);
    it.world.hook(Side::kLeft, key, "delete");
  }
  it.world.settle(std::chrono::seconds(30));

  CHECK(it.world.right.rows.size() == 20);
}

TEST_CASE("law 18: a field that waits for a person makes no more conflicts than that", "[laws][18][9]") {
  Town it;
  for (const std::string& key : it.right) it.world.right.edit(key, "city", Value("Bruges"));
  for (const std::string& key : it.right) it.world.hook(Side::kRight, key);
  it.world.settle();
  sync::Plan manual = World::default_plan();
  manual.fields.push_back(World::field("city", 0));
  it.grow(std::move(manual));

  it.sweep();
  CHECK(it.world.conflicts().size() == 10);
  REQUIRE(it.world.counts().braked.size() == 1);
  CHECK(it.world.counts().braked.front().links == 20);
  it.sweep();
  CHECK(it.world.conflicts().size() == 10);

  CHECK(it.release("city") == 20);
  CHECK(it.world.conflicts().size() == 30);
}

TEST_CASE("law 18: the other fields of a record go on while one is held", "[laws][18]") {
  Town it;
  it.grow();
  it.sweep();
  for (const std::string& key : it.left) it.world.left.edit(key, "phone", Value("2"));

  for (const std::string& key : it.left) it.world.hook(Side::kLeft, key);
  it.world.settle(std::chrono::seconds(30));

  for (const auto& [key, row] : it.world.right.rows) CHECK(row.fields.string_or("phone") == "2");
  CHECK(it.with_city() == 10);
}

TEST_CASE("law 18: what is let go is written, and does not brake again for a day", "[laws][18]") {
  Town it;
  it.grow();
  it.sweep();

  CHECK(it.release("city") == 20);

  CHECK(it.with_city() == 30);
  CHECK(it.world.counts().braked.empty());
  CHECK(it.world.counts().held == 0);
}

TEST_CASE("law 18: an edit of a held field is held too, and not lost", "[laws][18]") {
  Town it;
  it.grow();
  it.sweep();
  std::string held;
  for (const auto& [key, row] : it.world.right.rows) held = row.fields.find("city") == nullptr ? key : held;
  const std::string email = it.world.right.get(held, "email").as_string();
  for (const std::string& key : it.left) {
    if (it.world.left.get(key, "email") == Value(email)) it.world.left.edit(key, "city", Value("Bruges"));
  }

  for (const std::string& key : it.left) it.world.hook(Side::kLeft, key);
  it.world.settle(std::chrono::seconds(30));
  CHECK(it.world.right.get(held, "city").is_null());
  it.release("");

  CHECK(it.world.right.get(held, "city") == Value("Bruges"));
}

TEST_CASE("law 18: held fields that come to agree by themselves are held no more", "[laws][18]") {
  Town it;
  it.grow();
  it.sweep();
  for (const std::string& key : it.right) it.world.right.edit(key, "city", Value("Ghent"));

  for (const std::string& key : it.right) it.world.hook(Side::kRight, key);
  it.world.settle(std::chrono::seconds(30));

  CHECK(it.world.counts().braked.empty());
}

TEST_CASE("law 18: its share is a setting, and it can be off", "[laws][18]") {
  Town half(30), off(30);
  half.grow(Town::grown(50));
  off.grow(Town::grown(std::nullopt));

  half.sweep();
  off.sweep();

  CHECK(half.with_city() == 15);
  CHECK(off.with_city() == 30);
}

TEST_CASE("law 18: a field that writes nothing brakes nothing", "[laws][18]") {
  Town it;
  for (const std::string& key : it.right) it.world.right.edit(key, "city", Value("Ghent"));
  it.grow();

  it.sweep();

  CHECK(it.world.counts().braked.empty());
  CHECK(it.world.writes() == 30);
}

TEST_CASE("law 18: release lets deletes go that it holds, and no other held key", "[laws][18]") {
  Town it(30);
  for (const std::string& key : it.left) it.world.left.erase(key);
  for (const std::string& key : it.left) it.world.hook(Side::kLeft, key, "delete");
  it.world.settle(std::chrono::minutes(5));
  CHECK(it.world.right.rows.size() == 20);
  CHECK(it.world.counts().held == 20);

  it.release("");

  CHECK(it.world.right.rows.empty());
  CHECK(it.world.counts().held == 0);
  CHECK(it.world.counts().counters.at("deleted") == 30);
}

TEST_CASE("law 18: nor does a sweep hold again what was let go", "[laws][18][16]") {
  Town it(30);
  it.world.timers.advance(std::chrono::hours(1));
  for (const std::string& key : it.left) it.world.left.erase(key);
  test::run_job(it.world, "sweep");
  it.world.settle(std::chrono::minutes(5));
  test::run_job(it.world, "sweep");
  it.world.settle(std::chrono::minutes(5));
  REQUIRE(it.world.right.rows.size() == 20);

  it.release("");
  test::run_job(it.world, "sweep");
  it.world.settle(std::chrono::minutes(5));

  CHECK(it.world.right.rows.empty());
  CHECK(it.world.counts().held == 0);
}

TEST_CASE("law 18: what was let go is let go, also where its parent was renamed meanwhile or its system was away", "[laws][18][15][20]") {
  const bool renamed = GENERATE(true, false), told = GENERATE(true, false);
  CAPTURE(renamed, told);
  sync::Plan plan = test::Teams::with_team(false);
  plan.brake_least = 0;
  test::Teams it;
  it.make_team("T1");
  it.world.settle(std::chrono::minutes(5));
  it.world.engine->put(std::make_shared<test::TableMapper>(plan, "v2"), {&it.world.left, &it.world.right});
  it.world.settle();
  const std::string key = it.world.only_right();
  it.world.right.erase(key);
  if (told) it.world.hook(Side::kRight, key, "delete");
  else test::run_job(it.world, "sweep");
  it.world.settle(std::chrono::minutes(5));
  REQUIRE(it.world.counts().held == 1);

  if (renamed) {
    it.left.rename("T1", "T1-new");
    it.world.left.rows.at(it.child).fields["team"] = Value("T1-new");  // as Frappe does it
  } else {
    it.world.left.delete_faults = {test::MemorySide::Fault::kRefuse};
  }
  it.world.engine->release("people", "", [](Result<std::int64_t>) {});
  it.world.settle();
  if (told) it.world.hook(Side::kRight, key);  // of the same delete, as Frappe tells it
  it.world.settle(std::chrono::minutes(30));

  CHECK(it.world.left.rows.empty());
  CHECK(it.world.counts().held == 0);
}

TEST_CASE("law 18: a new record is created whole, whatever is held", "[laws][18]") {
  Town it;
  it.grow();
  it.sweep();
  Value fields = test::person("new@example.org");
  fields["city"] = Value("Antwerp");
  it.world.hook(Side::kLeft, it.world.left.insert(std::move(fields)));

  it.world.settle();

  CHECK(it.with_city() == 11);
}

TEST_CASE("law 18: mass deletes are held after the tenth until a person lets them go", "[laws][18]") {
  World world;
  for (int i = 0; i < 30; ++i) world.hook(Side::kLeft, world.left.insert(test::person("p" + std::to_string(i) + "@example.org")));
  world.settle();
  REQUIRE(world.right.rows.size() == 30);
  world.timers.advance(std::chrono::minutes(5));

  std::vector<std::string> keys;
  for (const auto& [key, row] : world.left.rows) keys.push_back(key);
  for (const std::string& key : keys) {
    world.left.erase(key);
    world.hook(Side::kLeft, key, "delete");
    world.settle();
  }
  CHECK(world.right.rows.size() == 20);
  CHECK(world.counts().held == 20);

  const auto retry = [&](std::optional<sync::SideKey> key) {
    std::int64_t retried = -1;
    world.store.retry("people", std::move(key), [&](Result<std::int64_t> count) { retried = count.ok() ? *count : -2; });
    world.timers.run_posted();
    world.engine->wake("people");
    world.settle();
    return retried;
  };
  CHECK(retry(std::nullopt) == 0);  // whoever mends a dead letter means no delete
  CHECK(world.right.rows.size() == 20);
  CHECK(retry(sync::SideKey{Side::kLeft, keys.back()}) == 1);
  CHECK(world.right.rows.size() == 19);

  world.engine->release("people", "", [](Result<std::int64_t>) {});
  world.settle();
  CHECK(world.right.rows.empty());
}

TEST_CASE("law 18: a table that was emptied is looked at as soon as that is told, and held", "[laws][18][16]") {
  sync::Plan plan = World::default_plan();
  plan.end.left.poll = plan.end.right.poll = "every 5m";
  World world(plan);
  const auto poll = [&world] {
    world.engine->poll_all([](const std::vector<Error>&) {});
    world.settle(std::chrono::minutes(10));
  };
  for (int i = 0; i < 30; ++i) world.hook(Side::kLeft, world.left.insert(test::person("p" + std::to_string(i) + "@example.org")));
  world.settle();
  REQUIRE(world.right.rows.size() == 30);
  poll();

  world.left.rows.clear();
  poll();
  CHECK(world.counts().held == 0);  // nobody told

  world.left.emptied = true;
  poll();
  CHECK(world.right.rows.size() >= 20);
  CHECK(world.counts().held >= 20);
}

TEST_CASE("law 18: the window slides: a day later as many may go again", "[laws][18]") {
  Town it(30);
  it.world.timers.advance(std::chrono::minutes(5));
  const auto erase = [&](std::size_t from, std::size_t to) {
    for (std::size_t i = from; i < to; ++i) {
      it.world.left.erase(it.left[i]);
      it.world.hook(Side::kLeft, it.left[i], "delete");
    }
    it.world.settle(std::chrono::minutes(1));
  };
  erase(0, 10);
  CHECK(it.world.right.rows.size() == 20);
  it.world.settle(std::chrono::hours(25));

  erase(10, 20);

  CHECK(it.world.right.rows.size() == 10);
  CHECK(it.world.counts().held == 0);
}

namespace {

/// Thirty pairs whose left system is set back to what it was before the last edit of so many of them.
struct SetBack : Town {
  explicit SetBack(std::size_t records) {
    world.left.able.covers_all = world.right.able.covers_all = true;  // so that a sweep marks what differs alone
    set_back(records);
  }
  void set_back(std::size_t records) {
    const auto past = world.left.rows;
    world.timers.advance(std::chrono::minutes(5));
    write("2");
    world.timers.advance(std::chrono::minutes(5));
    for (std::size_t i = 0; i < records; ++i) world.left.rows[left[i]] = past.at(left[i]);
    writes_before = world.writes();
    sweep();
    world.settle(std::chrono::minutes(5));
  }
  void sweep() { run_job(world, "sweep"); }
  void write(const std::string& phone) {
    for (const std::string& key : left) world.left.edit(key, "phone", Value(phone));
    for (const std::string& key : left) world.hook(Side::kLeft, key);
    world.settle();
  }
  std::size_t right_with(const std::string& phone) const {
    return static_cast<std::size_t>(std::count_if(world.right.rows.begin(), world.right.rows.end(), [&](const auto& one) { return one.second.fields.string_or("phone") == phone; }));
  }
  int writes_before = 0;
};

}  // namespace

TEST_CASE("law 18: a system that was set back is held, not copied over the other", "[laws][18][3]") {
  SetBack it(30);
  CHECK(it.right_with("2") == 30);
  CHECK(it.world.writes() == it.writes_before);
  CHECK(it.world.counts().held == 30);
  CHECK(it.world.counts().backing_off == 0);

  it.sweep();  // which finds them again
  it.world.settle(std::chrono::minutes(5));
  CHECK(it.right_with("2") == 30);

  SECTION("until a person lets the older values go") {
    CHECK(it.release("") == 30);
    CHECK(it.right_with("1") == 30);
    CHECK(it.world.counts().held == 0);
    it.set_back(15);  // what was let go is not asked about again for a day
    CHECK(it.world.counts().held == 0);
    CHECK(it.right_with("1") == 15);
  }
  SECTION("or both sides meet as strangers, and the rules decide") {
    std::optional<Result<sync::StaleReset>> done;
    it.world.engine->reset_stale("people", "ann", {100, ""}, [&](Result<sync::StaleReset> reset) { done = std::move(reset); });
    it.world.settle(std::chrono::minutes(5));
    REQUIRE(done);
    REQUIRE(done->ok());
    CHECK((*done)->reset == 30);
    CHECK(it.right_with("2") == 30);
    for (const std::string& key : it.left) CHECK(it.world.left.get(key, "phone") == Value("2"));  // the newer wins
  }
  CHECK(it.world.counts().held == 0);
  it.write("3");
  CHECK(it.right_with("3") == 30);
}

TEST_CASE("law 18: nor is what it does not have any more deleted on the other", "[laws][18][3]") {
  SetBack it(0);
  const std::string later = it.world.left.insert(test::person("later@example.org"));
  it.world.hook(Side::kLeft, later);
  it.world.settle(std::chrono::minutes(5));
  REQUIRE(it.world.right.rows.size() == 31);
  it.world.left.erase(later);
  it.set_back(30);
  it.sweep();
  it.world.settle(std::chrono::minutes(5));

  CHECK(it.world.right.rows.size() == 31);
  CHECK(it.world.counts().held == 31);
  CHECK(it.release("") == 31);
  CHECK(it.world.right.rows.size() == 30);
}

TEST_CASE("law 18: nor what a backup lacks where nothing that it has reads older: all that is missing was newer", "[laws][18][16]") {
  const int made = GENERATE(5, 7);             // five somebody made and deleted again
  const bool edited_since = GENERATE(false, true);  // so that something newer is there
  CAPTURE(made, edited_since);
  Town it(20);
  it.world.left.able.covers_all = it.world.right.able.covers_all = true;  // so that a sweep marks what differs alone
  it.world.timers.advance(std::chrono::minutes(5));
  std::vector<std::string> later;
  for (int i = 0; i < made; ++i) {
    later.push_back(it.world.left.insert(test::person("later" + std::to_string(i) + "@example.org")));
    it.world.hook(Side::kLeft, later.back());
  }
  it.world.settle(std::chrono::minutes(5));
  REQUIRE(it.world.right.rows.size() == 20U + static_cast<std::size_t>(made));
  for (const std::string& key : later) it.world.left.erase(key);  // nobody tells of it
  if (edited_since) it.world.left.edit(it.left.front(), "phone", Value("9"));

  run_job(it.world, "sweep");
  it.world.settle(std::chrono::minutes(5));

  const int held = made > 5 && !edited_since ? made : 0;
  CHECK(it.world.counts().held == held);
  CHECK(it.world.right.rows.size() == 20U + static_cast<std::size_t>(held));
  if (held > 0) CHECK(it.release("") == held);
  CHECK(it.world.right.rows.size() == 20);
  it.world.left.erase(it.left.back());  // what was let go for a day does not hold the next
  run_job(it.world, "sweep");
  it.world.settle(std::chrono::minutes(5));
  CHECK(it.world.right.rows.size() == 19);
}

TEST_CASE("law 18: a few records that were set back are the truth, once the settle time is over", "[laws][18][3]") {
  SetBack it(2);
  CHECK(it.right_with("1") == 2);
  CHECK(it.right_with("2") == 28);
  CHECK(it.world.counts().held == 0);
}

TEST_CASE("law 18: nor is held what is set back where the mapping has no brake", "[laws][18][3]") {
  Town it;
  it.grow(Town::grown(std::nullopt));
  const auto past = it.world.left.rows;
  for (const std::string& key : it.left) it.world.left.edit(key, "phone", Value("2"));
  for (const std::string& key : it.left) it.world.hook(Side::kLeft, key);
  it.world.settle(std::chrono::minutes(5));
  it.world.left.rows = past;
  it.sweep();
  it.world.settle(std::chrono::minutes(5));

  for (const auto& [key, row] : it.world.right.rows) CHECK(row.fields.string_or("phone") == "1");
}
