#include <catch2/catch.hpp>

#include "base/json.h"
#include "support/looking.h"

using namespace tidewire;
using namespace tidewire::test;
using sync::Side;

namespace {

/// A connection whose creates wait three minutes for their turn.
class Queued final : public sync::Endpoint {
 public:
  Queued(MemorySide& inner, Timers& timers) : inner_(inner), timers_(timers) {}
  const sync::Capabilities& capabilities() const override { return inner_.capabilities(); }
  void read(std::vector<std::string> keys, sync::Done<std::vector<sync::Record>> done) override { inner_.read(std::move(keys), std::move(done)); }
  void list(std::optional<Value> cursor, int limit, sync::Done<sync::ListPage> done) override { inner_.list(std::move(cursor), limit, std::move(done)); }
  void start(sync::Done<Value> done) override { inner_.start(std::move(done)); }
  void changes(Value cursor, int limit, sync::Done<sync::ChangesPage> done) override { inner_.changes(std::move(cursor), limit, std::move(done)); }
  void find(std::vector<sync::Query> queries, sync::Done<std::vector<std::vector<sync::Record>>> done) override { inner_.find(std::move(queries), std::move(done)); }
  void create(std::vector<sync::CreateRequest> requests, sync::Done<std::vector<Result<sync::Record>>> done) override {
    timer_ = timers_.after(std::chrono::minutes(3), [this, requests = std::move(requests), done = std::move(done)] { inner_.create(requests, done); });
  }
  void update(std::string key, Value values, std::optional<std::string> guard, sync::Done<sync::Record> done) override { inner_.update(std::move(key), std::move(values), std::move(guard), std::move(done)); }
  void remove(std::string key, std::optional<std::string> guard, sync::Done<sync::Answered> done) override { inner_.remove(std::move(key), std::move(guard), std::move(done)); }
  void trash(std::string key, sync::Done<std::optional<sync::Record>> done) override { inner_.trash(std::move(key), std::move(done)); }

 private:
  MemorySide& inner_;
  Timers& timers_;
  std::unique_ptr<Timer> timer_;
};

}  // namespace

TEST_CASE("lookups: a value is found in another collection, and back", "[sync][lookups]") {
  Looking it;
  const std::string left = it.add("ada@example.org", "ACME");
  const std::string right = it.world.only_right();
  CHECK(it.world.right.get(right, "org") == Value("O1"));

  const std::string second = it.orgs.insert(Value(Object{{"name", Value("Other")}}));
  it.world.right.edit(right, "org", Value(second));
  it.world.hook(Side::kRight, right);
  it.world.settle();

  CHECK(it.world.left.get(left, "company") == Value("Other"));
}

TEST_CASE("lookups: one that fails is a retry and creates nothing; one that finds nothing is a dead letter", "[sync][lookups]") {
  Looking it;
  it.orgs.read_faults = {};
  it.bosses.read_faults = {MemorySide::Fault::kRefuse};
  it.add("ada@example.org", "ACME");
  CHECK(it.world.right.rows.empty());
  CHECK(it.world.counts().backing_off == 1);

  it.world.settle(std::chrono::minutes(1));
  CHECK(it.world.right.rows.size() == 1);
  it.add("bob@example.org", "Nowhere");
  CHECK(it.world.right.rows.size() == 1);
  CHECK(it.world.counts().dead == 1);
}

TEST_CASE("lookups: a value that a person names, and neither record, is found too", "[sync][lookups]") {
  Looking it;
  const std::string left = it.add("ada@example.org", "ACME");
  const std::string right = it.world.only_right();
  for (const char* name : {"Second", "Third", "Fourth"}) it.orgs.insert(Value(Object{{"name", Value(name)}}));
  sync::Plan plan = looking(sync::Finder::Missing::kDead);
  for (sync::Field& field : plan.fields) {
    if (field.name != "company>org") continue;
    field.strategy = "manual";
    field.strategy_function.reset();
  }
  it.world.engine->put(std::make_shared<LookingMapper>(plan), {&it.world.left, &it.world.right}, {{"orgs", &it.orgs}, {"bosses", &it.bosses}});
  it.world.left.edit(left, "company", Value("Second"));
  it.world.right.edit(right, "org", Value("O3"));
  it.world.hook(Side::kLeft, left);
  it.world.settle();
  REQUIRE(it.world.conflicts().size() == 1);
  const store::Conflict open = it.world.conflicts().front();

  it.world.store.resolve({open.id, "value", "ann", {Value("Fourth"), std::nullopt}, open.shown_at}, [](Result<void> done) { CHECK(done.ok()); });
  it.world.timers.run_posted();
  it.world.engine->wake("people");
  it.world.settle();

  CHECK(it.world.left.get(left, "company") == Value("Fourth"));
  CHECK(it.world.right.get(right, "org") == Value("O4"));
  CHECK(it.world.conflicts().empty());
}

TEST_CASE("lookups: many records ask once where they ask the same", "[sync][lookups]") {
  Looking it(sync::Finder::Missing::kDead, std::chrono::hours(1));
  it.add("first@example.org", "ACME");
  const int finds = it.orgs.finds;

  for (int i = 0; i < 20; ++i) it.world.hook(Side::kLeft, it.world.left.insert(employee("p" + std::to_string(i) + "@example.org", "ACME")));
  it.world.settle(std::chrono::seconds(2));

  CHECK(it.world.right.rows.size() == 21);
  CHECK(it.orgs.finds == finds);
  it.world.timers.advance(std::chrono::hours(2));
  it.add("late@example.org", "ACME");
  CHECK(it.orgs.finds == finds + 1);
}

TEST_CASE("lookups: a missing record is made once, for all who ask", "[sync][lookups]") {
  Looking it(sync::Finder::Missing::kCreate);
  for (int i = 0; i < 5; ++i) it.world.hook(Side::kLeft, it.world.left.insert(employee("p" + std::to_string(i) + "@example.org", "New Ltd")));
  it.world.settle(std::chrono::seconds(2));

  CHECK(it.orgs.rows.size() == 2);
  CHECK(it.orgs.get("O2", "name") == Value("New Ltd"));
  CHECK(it.orgs.get("O2", "origin") == Value("erp"));
  CHECK(it.world.right.rows.size() == 5);
  for (const auto& [key, row] : it.world.right.rows) CHECK(it.world.right.get(key, "org") == Value("O2"));
}

TEST_CASE("lookups: a record whose creation was not answered is found again, never made twice", "[sync][lookups]") {
  Looking it(sync::Finder::Missing::kCreate);
  it.orgs.write_faults = {MemorySide::Fault::kLoseAnswer};
  it.add("ada@example.org", "New Ltd");
  it.world.settle(std::chrono::minutes(3));
  CHECK(it.orgs.rows.size() == 2);
  CHECK(it.world.right.rows.size() == 1);

  it.orgs.write_faults = {MemorySide::Fault::kLoseRequest};
  it.add("bob@example.org", "Newer Ltd");
  it.world.settle(std::chrono::seconds(30));
  CHECK(it.orgs.rows.size() == 2);
  CHECK(it.orgs.create_calls == 2);
  it.world.settle(std::chrono::minutes(5));
  CHECK(it.orgs.rows.size() == 3);
  CHECK(it.world.right.rows.size() == 2);
}

TEST_CASE("lookups: until when one may still arrive is counted from its request, which may have waited", "[sync][lookups]") {
  Looking it(sync::Finder::Missing::kCreate);
  Queued orgs(it.orgs, it.world.timers);
  it.world.engine->remove("people");
  it.world.settle();
  it.world.engine->put(it.mapper, {&it.world.left, &it.world.right}, {{"orgs", &orgs}, {"bosses", &it.bosses}});
  it.orgs.write_faults = {MemorySide::Fault::kLate};
  it.add("ada@example.org", "New Ltd");
  it.world.settle(std::chrono::minutes(3) + std::chrono::seconds(30));
  REQUIRE(it.orgs.create_calls == 1);
  it.orgs.apply_late();
  it.world.settle(std::chrono::minutes(10));

  CHECK(it.orgs.rows.size() == 2);
  CHECK(it.world.right.rows.size() == 1);
  it.world.engine->remove("people");
  it.world.settle();
}

TEST_CASE("lookups: what is watched is not answered from what was kept", "[sync][lookups]") {
  Looking it(sync::Finder::Missing::kDead, std::chrono::hours(1), true);
  it.add("ada@example.org", "ACME");
  REQUIRE(it.world.right.get(it.world.only_right(), "shout") == Value("hey/Grace"));

  it.bosses.edit("B1", "title", Value("Ada"));
  it.world.store.mark("people", {{Side::kLeft, sync::watch_key("boss", "B1"), "upsert", "webhook", 0, {}}}, [](Result<void>) {});
  it.world.engine->wake("people");
  it.world.settle();

  CHECK(it.world.right.get(it.world.only_right(), "shout") == Value("hey/Ada"));
}

TEST_CASE("lookups: what a redacted field asks and finds is told to nobody", "[sync][lookups]") {
  Looking it;
  sync::Plan plan = looking(sync::Finder::Missing::kDead);
  for (sync::Field& field : plan.fields) field.redact = field.name == "company>org";
  it.world.engine->remove("people");
  it.world.settle();
  it.world.engine->put(std::make_shared<LookingMapper>(plan), {&it.world.left, &it.world.right}, {{"orgs", &it.orgs}, {"bosses", &it.bosses}});
  it.add("ada@example.org", "ACME");
  it.add("bob@example.org", "Nowhere");
  REQUIRE(it.world.counts().dead == 1);

  std::string told;
  for (const auto& operation : it.world.ears.operations) told += json::dump(operation.record);
  CHECK(told.find("lookups") != std::string::npos);
  CHECK(told.find("ACME") == std::string::npos);
  CHECK(told.find("Nowhere") == std::string::npos);
}

TEST_CASE("lookups: where the missing record may not be made yet, the edit waits, and is no agreement", "[sync][lookups][read_only]") {
  Looking it(sync::Finder::Missing::kCreate);
  const std::string key = it.add("ada@example.org", "ACME");
  const std::string right = it.world.only_right();
  it.world.settle(std::chrono::minutes(2));
  REQUIRE(it.world.right.get(right, "org") == Value("O1"));
  const auto put = [&](bool read_only) {
    sync::Plan plan = looking(sync::Finder::Missing::kCreate);
    plan.read_only.right = read_only;
    it.world.engine->put(std::make_shared<LookingMapper>(plan), {&it.world.left, &it.world.right}, {{"orgs", &it.orgs}, {"bosses", &it.bosses}});
    it.world.settle(std::chrono::minutes(2));
  };
  put(true);
  it.world.left.edit(key, "company", Value("New Ltd"));
  it.world.hook(sync::Side::kLeft, key);
  it.world.settle(std::chrono::minutes(2));
  CHECK(it.orgs.rows.size() == 1);
  CHECK(it.world.counts().would_write == 1);

  put(false);
  CHECK(it.orgs.rows.size() == 2);
  CHECK(it.world.right.get(right, "org") == Value("O2"));
}
