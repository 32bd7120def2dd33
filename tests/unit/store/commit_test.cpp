#include "store_fixture.h"

using namespace tidewire;
using namespace tidewire::store;

TEST_CASE("commit: what was taken leaves", "[store][commit]") {
  StoreFixture f;
  f.mark("employees", {{Side::kLeft, "E1"}});
  const DirtyKey row = f.take("employees").front();

  f.commit({.mapping = "employees", .finished = {taken(row)}});

  CHECK_FALSE(f.row("employees", Side::kLeft, "E1"));
}

TEST_CASE("commit: a change that came after the take stays, due at once, with the difference", "[store][commit]") {
  StoreFixture f;
  f.mark("employees", {{Side::kLeft, "E1"}, {Side::kLeft, "E1"}});
  const DirtyKey row = f.take("employees").front();
  f.mark("employees", {{Side::kLeft, "E1"}, {Side::kLeft, "E1"}, {Side::kLeft, "E1"}});
  f.clock.pass(std::chrono::seconds(3));

  f.commit({.mapping = "employees", .finished = {taken(row)}});

  const auto rest = f.row("employees", Side::kLeft, "E1");
  REQUIRE(rest);
  CHECK(rest->state == KeyState::kWaiting);
  CHECK(rest->changes == 3);
  CHECK(rest->first_seq > row.last_seq);
  CHECK(rest->due_at == f.clock.now());
  CHECK(rest->attempts == 0);
}

TEST_CASE("commit: an older change fanned out after the take stays too", "[store][commit]") {
  StoreFixture f;
  f.put({change("E1")});
  f.mark("employees", {{Side::kLeft, "E1"}});
  const DirtyKey row = f.take("employees").front();
  f.fan_out({employees_left()});

  f.commit({.mapping = "employees", .finished = {taken(row)}});

  const auto rest = f.row("employees", Side::kLeft, "E1");
  REQUIRE(rest);
  CHECK(rest->changes == 1);
  CHECK(rest->first_seq <= rest->last_seq);
}

TEST_CASE("commit: every change is in the balance once, whenever it came", "[store][commit]") {
  StoreFixture f;
  f.mark("employees", {{Side::kLeft, "E1"}, {Side::kLeft, "E1"}});
  const DirtyKey row = f.take("employees").front();
  f.mark("employees", {{Side::kLeft, "E1"}});
  f.commit({.mapping = "employees", .finished = {taken(row)}, .counters = {{"applied", 1}}});
  const DirtyKey rest = f.take("employees").front();
  f.commit({.mapping = "employees", .finished = {taken(rest)}, .counters = {{"echo", 1}}});

  auto counters = f.summary().mappings["employees"].counters;
  CHECK(counters["received"] == 3);
  CHECK(counters["received"] == counters["applied"] + counters["echo"] + counters["coalesced"]);
}

TEST_CASE("commit: a key that stands keeps its state, time, attempts and error", "[store][commit]") {
  StoreFixture f;
  f.mark("employees", {{Side::kLeft, "E1"}});
  DirtyKey row = f.take("employees").front();
  row.state = KeyState::kBackingOff;
  row.attempts = 3;
  row.due_at = f.clock.now() + std::chrono::minutes(1);
  row.error = Object{{"code", "unavailable"}};
  row.operation = "op1";

  f.commit({.mapping = "employees", .standing = {row}});

  const auto kept = f.row("employees", Side::kLeft, "E1");
  REQUIRE(kept);
  CHECK(kept->state == KeyState::kBackingOff);
  CHECK(kept->attempts == 3);
  CHECK(kept->due_at == row.due_at);
  CHECK(kept->error == Value(Object{{"code", "unavailable"}}));
  CHECK(kept->operation == "op1");
}

TEST_CASE("commit: a change that came meanwhile puts a standing key back to waiting", "[store][commit]") {
  StoreFixture f;
  f.mark("employees", {{Side::kLeft, "E1"}});
  DirtyKey row = f.take("employees").front();
  row.attempts = 7;
  f.mark("employees", {{Side::kLeft, "E1"}});

  f.stand(row, KeyState::kDead, std::chrono::hours(1));

  const auto kept = f.row("employees", Side::kLeft, "E1");
  REQUIRE(kept);
  CHECK(kept->state == KeyState::kWaiting);
  CHECK(kept->attempts == 0);
  CHECK(kept->due_at == f.clock.now());
  CHECK(kept->changes == 2);
}

TEST_CASE("commit: a key queued again in the commit that answered it waits anew", "[store][commit]") {
  StoreFixture f;
  f.mark("employees", {{Side::kLeft, "E1"}});
  const DirtyKey row = f.take("employees").front();

  f.commit({.mapping = "employees", .finished = {taken(row)}, .again = {{Side::kLeft, "E1", "upsert", "again"}}});

  const auto again = f.row("employees", Side::kLeft, "E1");
  REQUIRE(again);
  CHECK(again->last_seq > row.last_seq);
  CHECK(again->changes == 1);
  CHECK(again->reason == "again");
}

TEST_CASE("commit: a link is stored, found by either key and replaced", "[store][commit]") {
  StoreFixture f;
  Link link = link_of("E1", "42");
  link.incarnation.left = "2024-01-01";
  link.base["phone"] = {Value("+1"), Value(DecimalText{"1.50"})};
  link.tokens.right = {"v1", "v2"};
  link.version.right = "v2";
  link.seen_at.left = f.clock.now();
  link.notes = Object{{"phone", Object{{"owed", true}}}};

  const std::int64_t id = f.commit({.mapping = "employees", .link = link});
  REQUIRE(id > 0);
  const Known known = f.load("employees", Side::kRight, "42");
  REQUIRE(known.link);
  CHECK(known.link->id == id);
  CHECK(known.link->key.left == "E1");
  CHECK(known.link->base == link.base);
  CHECK(known.link->tokens == link.tokens);
  CHECK(known.link->version == link.version);
  CHECK(known.link->seen_at == link.seen_at);
  CHECK(known.link->notes == link.notes);
  CHECK(known.link->created_at == f.clock.now());

  Link next = *known.link;
  next.base["phone"].left = Value("+2");
  next.key.left = "E1-renamed";
  CHECK(f.commit({.mapping = "employees", .link = next}) == id);
  CHECK_FALSE(f.load("employees", Side::kLeft, "E1").link);
  const Known renamed = f.load("employees", Side::kLeft, "E1-renamed");
  REQUIRE(renamed.link);
  CHECK(renamed.link->base.at("phone").left == Value("+2"));
}

TEST_CASE("commit: a key that another live link holds is stale and nothing is stored", "[store][commit]") {
  StoreFixture f;
  const std::int64_t holder = f.commit({.mapping = "employees", .link = link_of("E1", "42")});
  f.mark("employees", {{Side::kLeft, "E2"}});
  const DirtyKey row = f.take("employees").front();

  const auto refused = f.try_ask<std::int64_t>([&](auto done) {
    f.store.commit({.mapping = "employees", .link = link_of("E2", "42"), .finished = {taken(row)}}, done);
  });

  REQUIRE_FALSE(refused.ok());
  CHECK(refused.error().code == Code::kStale);
  CHECK(refused.error().message.find("right key 42 belongs to link " + std::to_string(holder)) != std::string::npos);
  CHECK(f.row("employees", Side::kLeft, "E2"));
  CHECK_FALSE(f.load("employees", Side::kLeft, "E2").link);
}

TEST_CASE("commit: a tombstone frees its keys and is still known", "[store][commit]") {
  StoreFixture f;
  Link link = link_of("E1", "42");
  link.id = f.commit({.mapping = "employees", .link = link});
  link.state = LinkState::kTombstone;
  link.tombstone = Object{{"side", "left"}};
  f.commit({.mapping = "employees", .link = link});

  const std::int64_t second = f.commit({.mapping = "employees", .link = link_of("E1", "42")});

  CHECK(second != link.id);
  const Known known = f.load("employees", Side::kLeft, "E1");
  CHECK(known.link->id == second);
  REQUIRE(known.tombstones.size() == 1);
  CHECK(known.tombstones[0].id == link.id);
  const Summary summary = f.summary();
  CHECK(summary.mappings.at("employees").links == 1);
  CHECK(summary.mappings.at("employees").tombstones == 1);
}

TEST_CASE("commit: replacing a link that is gone says so", "[store][commit]") {
  StoreFixture f;
  Link link = link_of("E1", "42");
  link.id = f.commit({.mapping = "employees", .link = link});
  f.commit({.mapping = "employees", .remove_link = link.id});

  const auto refused =
      f.try_ask<std::int64_t>([&](auto done) { f.store.commit({.mapping = "employees", .link = link}, done); });

  REQUIRE_FALSE(refused.ok());
  CHECK(refused.error().code == Code::kNotFound);
  CHECK(f.summary().mappings["employees"].links == 0);
}

TEST_CASE("commit: children that wait for the parent are woken with its link", "[store][commit]") {
  StoreFixture f;
  f.mark("employees", {{Side::kLeft, "E1"}, {Side::kLeft, "E2"}});
  for (DirtyKey row : f.take("employees")) {
    row.parent = row.key == "E1" ? "departments/left/HR" : "departments/left/IT";
    f.stand(row, KeyState::kWaitingFor, std::chrono::hours(24));
  }
  Link parent = link_of("HR", "7");
  parent.mapping = "departments";

  f.commit({.mapping = "departments", .link = parent, .wake_children = {"departments/left/HR"}});

  const auto woken = f.take("employees");
  REQUIRE(woken.size() == 1);
  CHECK(woken[0].key == "E1");
  CHECK(woken[0].parent.empty());
  CHECK(f.row("employees", Side::kLeft, "E2")->state == KeyState::kWaitingFor);
}

TEST_CASE("commit: a child that backs off for the parent is woken too", "[store][commit]") {
  StoreFixture f;
  f.mark("employees", {{Side::kLeft, "E1"}});
  DirtyKey row = f.take("employees").front();
  row.parent = "departments/left/HR";
  f.stand(row, KeyState::kBackingOff, std::chrono::hours(1));
  REQUIRE(f.take("employees").empty());
  Link parent = link_of("HR", "7");
  parent.mapping = "departments";

  f.commit({.mapping = "departments", .link = parent, .wake_children = {"departments/left/HR"}});

  CHECK(f.take("employees").size() == 1);
}

TEST_CASE("commit: a parent of which nothing is known is queued for who begins to wait for it", "[store][commit]") {
  StoreFixture f;

  f.commit({.mapping = "employees", .look_at = {"departments/left/HR/1", "departments/left/", "no parent"}});

  const auto due = f.take("departments");
  REQUIRE(due.size() == 1);
  CHECK(due[0].key == "HR/1");
  CHECK(due[0].side == Side::kLeft);
  CHECK(due[0].event == "upsert");
  CHECK(due[0].reason == "child");
  CHECK(f.summary().mappings["departments"].counters["received"] == 1);
}

TEST_CASE("commit: one that is linked, or has a row in whatever state, is left alone", "[store][commit]") {
  StoreFixture f;
  Link parent = link_of("HR", "7");
  parent.mapping = "departments";
  f.commit({.mapping = "departments", .link = parent});
  f.mark("departments", {{Side::kLeft, "IT"}});
  DirtyKey row = f.take("departments").front();
  f.stand(row, KeyState::kDead, std::chrono::hours(1));

  f.commit({.mapping = "employees", .look_at = {"departments/left/HR", "departments/left/IT"}});

  CHECK(f.take("departments").empty());
  CHECK(f.row("departments", Side::kLeft, "IT")->state == KeyState::kDead);
  CHECK(f.row("departments", Side::kLeft, "IT")->changes == 1);
}

TEST_CASE("commit: a child whose parent linked while it ran does not wait for it", "[store][commit]") {
  StoreFixture f;
  f.mark("employees", {{Side::kLeft, "E1"}});
  DirtyKey row = f.take("employees").front();
  Link parent = link_of("HR/1", "7");
  parent.mapping = "departments";
  f.commit({.mapping = "departments", .link = parent, .wake_children = {"departments/left/HR/1"}});

  row.parent = "departments/left/HR/1";
  f.stand(row, KeyState::kWaitingFor, std::chrono::hours(24));

  CHECK(f.take("employees").size() == 1);
}

TEST_CASE("commit: a child that stands again for a parent that is linked is looked at ever less often", "[store][commit]") {
  StoreFixture f;
  f.mark("employees", {{Side::kLeft, "E1"}});
  Link parent = link_of("HR", "7");
  parent.mapping = "departments";
  f.commit({.mapping = "departments", .link = parent});
  const auto stand = [&f](KeyState state) {
    DirtyKey row = f.take("employees").front();
    row.parent = "departments/left/HR";
    f.stand(row, state, std::chrono::hours(24));
  };

  stand(KeyState::kWaitingFor);
  REQUIRE(f.take("employees").size() == 1);
  for (const int wait : {1, 2, 4, 8}) {
    stand(KeyState::kWaitingFor);
    CHECK(f.row("employees", Side::kLeft, "E1")->state == KeyState::kBackingOff);
    f.clock.pass(std::chrono::seconds(wait) - std::chrono::microseconds(1));
    CHECK(f.take("employees").empty());
    f.clock.pass(std::chrono::microseconds(1));
    REQUIRE(f.take("employees").size() == 1);
  }

  stand(KeyState::kDead);

  CHECK(f.row("employees", Side::kLeft, "E1")->state == KeyState::kDead);
}

TEST_CASE("commit: a child given up while its parent linked is looked at once more", "[store][commit]") {
  StoreFixture f;
  f.mark("employees", {{Side::kLeft, "E1"}});
  Link parent = link_of("HR", "7");
  parent.mapping = "departments";
  f.commit({.mapping = "departments", .link = parent});

  DirtyKey row = f.take("employees").front();
  row.parent = "departments/left/HR";
  f.stand(row, KeyState::kDead);

  CHECK(f.take("employees").size() == 1);
}

TEST_CASE("commit: conflicts of a new link carry its id", "[store][commit]") {
  StoreFixture f;
  Conflict conflict;
  conflict.field = "phone";
  conflict.shown.left = Value("+1");
  Operation operation;
  operation.id = "018f3c1e-7b2a-7c3d-9e4f-0123456789ab";
  operation.mapping = "employees";
  operation.kind = "link";
  operation.outcome = "conflict";
  operation.link = 0;

  const std::int64_t id = f.commit(
      {.mapping = "employees", .link = link_of("E1", "42"), .operation = operation, .open_conflicts = {conflict}});

  const Known known = f.load("employees", Side::kLeft, "E1");
  REQUIRE(known.conflicts.size() == 1);
  CHECK(known.conflicts[0].link == id);
  CHECK(known.conflicts[0].operation == operation.id);
  const auto stored = f.ask<Operation>([&](auto done) { f.store.operation(operation.id, done); });
  CHECK(stored.link == id);
}

TEST_CASE("commit: brake, hooks and counters are part of it", "[store][commit]") {
  StoreFixture f;
  Operation operation;
  operation.id = "op1";
  operation.mapping = "employees";
  operation.kind = "delete";
  operation.outcome = "applied";

  f.commit({.mapping = "employees",
            .link = link_of("E1", "42"),
            .operation = operation,
            .counters = {{"applied", 2}},
            .brake = {"delete"},
            .hooks = {R"({"url":"x"})"}});

  const auto counts = f.ask<BrakeCounts>([&](auto done) { f.store.brake_counts("employees", std::chrono::hours(24), done); });
  CHECK(counts.kinds == std::map<std::string, std::int64_t>{{"delete", 1}});
  CHECK(counts.links == 1);
  CHECK(f.counter("employees", "applied") == 2);
  const auto hooks = f.ask<std::vector<Hook>>([&](auto done) { f.store.due_hooks("employees", 10, done); });
  REQUIRE(hooks.size() == 1);
  CHECK(hooks[0].operation == "op1");
  f.ask<void>([&](auto done) { f.store.hook_again(hooks[0].id, f.clock.now() + std::chrono::minutes(1), "it answered 500", done); });
  CHECK(f.ask<std::vector<Hook>>([&](auto done) { f.store.due_hooks("employees", 10, done); }).empty());
  f.clock.pass(std::chrono::minutes(1));
  CHECK(f.ask<std::vector<Hook>>([&](auto done) { f.store.due_hooks("employees", 10, done); }).front().attempts == 1);
  f.ask<void>([&](auto done) { f.store.hook_done(hooks[0].id, done); });
  CHECK(f.ask<std::vector<Hook>>([&](auto done) { f.store.due_hooks("employees", 10, done); }).empty());
}
