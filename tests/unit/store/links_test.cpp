#include "store/operations.h"
#include "store_fixture.h"

using namespace tidewire;
using namespace tidewire::store;

TEST_CASE("links: references translate through every link but a tombstone", "[store][links]") {
  StoreFixture f;
  f.commit({.mapping = "employees", .link = link_of("E1", "1")});
  Link frozen = link_of("E2", "2");
  frozen.state = LinkState::kFrozen;
  f.commit({.mapping = "employees", .link = frozen});
  Link gone = link_of("E3", "3");
  gone.state = LinkState::kTombstone;
  f.commit({.mapping = "employees", .link = gone});
  Link ignored;
  ignored.mapping = "employees";
  ignored.key.left = "E4";
  ignored.state = LinkState::kIgnored;
  f.commit({.mapping = "employees", .link = ignored});

  using Keys = std::vector<std::optional<std::string>>;
  const Keys right = f.ask<Keys>([&](auto done) {
    f.store.translate("employees", Side::kLeft, {"E1", "E2", "E3", "E4", "E5"}, done);
  });
  CHECK(right == Keys{"1", "2", std::nullopt, std::nullopt, std::nullopt});
  const Keys left = f.ask<Keys>([&](auto done) { f.store.translate("employees", Side::kRight, {"2"}, done); });
  CHECK(left == Keys{"E2"});
}

TEST_CASE("links: found by incarnation in any state, newest first", "[store][links]") {
  StoreFixture f;
  Link old = link_of("E1", "1");
  old.incarnation.left = "2024";
  old.state = LinkState::kTombstone;
  f.commit({.mapping = "employees", .link = old});
  Link live = link_of("E1", "1");
  live.incarnation.left = "2024";
  const std::int64_t id = f.commit({.mapping = "employees", .link = live});

  const auto found =
      f.ask<std::vector<Link>>([&](auto done) { f.store.find_by_incarnation("employees", Side::kLeft, "2024", done); });

  REQUIRE(found.size() == 2);
  CHECK(found[0].id == id);
  CHECK(f.ask<std::vector<Link>>([&](auto done) {
           f.store.find_by_incarnation("employees", Side::kRight, "2024", done);
         }).empty());
}

TEST_CASE("links: listed by id, a page at a time, one mapping only", "[store][links]") {
  StoreFixture f;
  const std::int64_t first = f.commit({.mapping = "employees", .link = link_of("E1", "1")});
  Link stranger = link_of("D1", "1");
  stranger.mapping = "departments";
  f.commit({.mapping = "departments", .link = stranger});
  const std::int64_t second = f.commit({.mapping = "employees", .link = link_of("E2", "2")});
  const auto page = [&](std::int64_t after) {
    return f.ask<std::vector<Link>>([&](auto done) { f.store.links("employees", after, 1, done); });
  };

  REQUIRE(page(0).size() == 1);
  CHECK(page(0)[0].id == first);
  CHECK(page(first)[0].id == second);
  CHECK(page(second).empty());
}

TEST_CASE("links: load gives the dirty rows of both keys and the newest three tombstones", "[store][links]") {
  StoreFixture f;
  std::int64_t newest = 0;
  for (int i = 0; i < 4; ++i) {
    Link gone = link_of("E1", std::to_string(i));
    gone.state = LinkState::kTombstone;
    newest = f.commit({.mapping = "employees", .link = gone});
    f.clock.pass(std::chrono::seconds(1));
  }
  f.commit({.mapping = "employees", .link = link_of("E1", "42")});
  f.mark("employees", {{Side::kLeft, "E1"}, {Side::kRight, "42"}, {Side::kRight, "other"}});

  const Known known = f.load("employees", Side::kRight, "42");

  CHECK(known.dirty.size() == 2);
  const Known by_left = f.load("employees", Side::kLeft, "E1");
  REQUIRE(by_left.tombstones.size() == 3);
  CHECK(by_left.tombstones[0].id == newest);
}

TEST_CASE("links: a stored row that is no JSON is corrupt, not empty", "[store][links]") {
  StoreFixture f;
  f.commit({.mapping = "employees", .link = link_of("E1", "1")});
  REQUIRE(f.database->exec("UPDATE links SET base = '{'").ok());

  const auto known = f.try_ask<std::vector<Known>>([&](auto done) {
    f.store.load("employees", {{Side::kLeft, "E1"}}, done);
  });

  REQUIRE_FALSE(known.ok());
  CHECK(known.error().code == Code::kCorrupt);
}

TEST_CASE("links: a mapping that will not come back is dropped some links at a time, with all that it is known by but its history, and no other", "[store][links]") {
  StoreFixture f;
  for (const std::string mapping : {"employees", "others"}) {
    for (int n = 1; n <= 5; ++n) {
      Link link = link_of("E" + std::to_string(n), std::to_string(n));
      link.mapping = mapping;
      if (n == 5) link.key.left.reset();
      f.commit({.mapping = mapping, .link = link});
    }
    f.mark(mapping, {{Side::kLeft, "E1"}});
    Operation done;
    done.id = first_id_at(f.clock.now()) + (mapping == "others" ? "-7000-8000-000000000001" : "-7000-8000-000000000002");
    done.mapping = mapping;
    done.kind = "update";
    done.outcome = "applied";
    f.commit({.mapping = mapping, .operation = done});
    for (const char* drawer : {"ends", "fields", "holds", kHomes}) f.ask<void>([&](auto stored) { f.store.kv_set(drawer, mapping, Value(Object{{"why", "adopt"}}), std::nullopt, stored); });
  }
  f.ask<void>([&](auto stored) { f.store.kv_set("fingerprint", "employees", Value("of a connection of that name"), std::nullopt, stored); });
  const auto drop = [&] { return f.ask<std::int64_t>([&](auto done) { f.store.drop_mapping("employees", 2, done); }); };

  CHECK(drop() == 2);
  CHECK(f.summary().mappings.at("employees").links == 3);
  CHECK(drop() == 2);
  CHECK(drop() == 1);

  CHECK_FALSE(f.summary().mappings.contains("employees"));
  CHECK(f.summary().mappings.at("others").links == 5);
  for (const char* rows : {"links", "dirty_keys", "operations"}) {
    INFO(rows);
    CHECK(f.database->query(std::string("SELECT mapping FROM ") + rows + " WHERE mapping = 'employees'", {}).value().size() == (std::string(rows) == "operations" ? 1 : 0));
    CHECK_FALSE(f.database->query(std::string("SELECT mapping FROM ") + rows + " WHERE mapping = 'others'", {}).value().empty());
  }
  CHECK(f.database->query("SELECT namespace FROM kv WHERE key = 'employees'", {}).value() == std::vector<Object>{{{"namespace", Value("fingerprint")}}});
  CHECK(f.database->query("SELECT namespace FROM kv WHERE key = 'others'", {}).value().size() == 4);
}

TEST_CASE("links: those outside their scope are counted as they change, and the file of each mapping is told", "[store][links]") {
  StoreFixture f;
  Link link = link_of("E1", "42");
  link.state = LinkState::kFrozen;
  f.commit({.mapping = "employees", .link = link});
  f.commit({.mapping = "employees", .link = link_of("E2", "43")});
  f.ask<void>([&](auto stored) { f.store.kv_set(kHomes, "employees", Value("staff"), std::nullopt, stored); });
  f.ask<void>([&](auto stored) { f.store.kv_set(kHomes, "unheard", Value("staff"), std::nullopt, stored); });

  const Summary summary = f.summary();
  CHECK(summary.mappings.at("employees").links == 2);
  CHECK(summary.mappings.at("employees").frozen == 1);
  CHECK(summary.mappings.at("employees").home == "staff");
  CHECK(summary.mappings.size() == 1);
}
