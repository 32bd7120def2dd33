#include <algorithm>

#include <sqlite3.h>

#include "store_fixture.h"

using namespace tidewire;
using namespace tidewire::store;

namespace {

Conflict phone_clash(std::int64_t link, const char* left, const char* right) {
  Conflict conflict;
  conflict.link = link;
  conflict.field = "phone";
  conflict.base.left = Value("+0");
  conflict.base.right = Value(nullptr);
  conflict.shown.left = Value(left);
  conflict.shown.right = Value(right);
  return conflict;
}

std::vector<Conflict> open_conflicts(StoreFixture& f) {
  return f.ask<Paged<Conflict>>([&](auto done) { f.store.conflicts("employees", false, {}, done); }).rows;
}

}  // namespace

TEST_CASE("conflicts: shown_at moves only when the values do", "[store][conflicts]") {
  StoreFixture f;
  const std::int64_t link = f.commit({.mapping = "employees", .link = link_of("E1", "42")});
  f.commit({.mapping = "employees", .open_conflicts = {phone_clash(link, "+1", "+2")}});
  const Conflict first = open_conflicts(f).front();
  f.clock.pass(std::chrono::minutes(1));

  f.commit({.mapping = "employees", .open_conflicts = {phone_clash(link, "+1", "+2")}});
  CHECK(open_conflicts(f).front().shown_at == first.shown_at);
  f.commit({.mapping = "employees", .open_conflicts = {phone_clash(link, "+1", "+3")}});

  const auto open = open_conflicts(f);
  REQUIRE(open.size() == 1);
  CHECK(open[0].id == first.id);
  CHECK(open[0].shown_at == f.clock.now());
  CHECK(open[0].opened_at == first.opened_at);
  CHECK(open[0].shown.right == Value("+3"));
  CHECK(open[0].base.left == Value("+0"));
  CHECK(open[0].base.right == Value(nullptr));
}

TEST_CASE("conflicts: a closed one stays as history and the field can clash again", "[store][conflicts]") {
  StoreFixture f;
  Link link = link_of("E1", "42");
  link.id = f.commit({.mapping = "employees", .link = link});
  f.commit({.mapping = "employees", .open_conflicts = {phone_clash(link.id, "+1", "+2")}});

  f.commit({.mapping = "employees",
            .link = link,
            .close_conflict_fields = {"phone"},
            .conflict_method = "left",
            .conflict_author = "ada"});
  CHECK(open_conflicts(f).empty());
  f.commit({.mapping = "employees", .open_conflicts = {phone_clash(link.id, "+5", "+6")}});

  const auto all = f.ask<Paged<Conflict>>([&](auto done) { f.store.conflicts("", true, {}, done); }).rows;
  REQUIRE(all.size() == 2);
  CHECK(all[1].method == "left");
  CHECK(all[1].author == "ada");
  CHECK(all[1].closed_at == f.clock.now());
  CHECK_FALSE(all[0].closed_at);
}

TEST_CASE("conflicts: past ones come by when they were closed, with what was decided", "[store][conflicts]") {
  StoreFixture f;
  Link link = link_of("E1", "42");
  link.id = f.commit({.mapping = "employees", .link = link});
  for (const char* field : {"first", "second", "third"}) {
    Conflict clash = phone_clash(link.id, "+1", "+2");
    clash.field = field;
    f.commit({.mapping = "employees", .open_conflicts = {clash}});
  }
  for (const char* field : {"second", "third", "first"}) {
    f.clock.pass(std::chrono::minutes(1));
    link.base[field] = {Value("of the left"), Value(field)};
    f.commit({.mapping = "employees", .link = link, .close_conflict_fields = {field}, .conflict_method = "value"});
  }
  const auto past = [&](Page page) { return f.ask<Paged<Conflict>>([&](auto done) { f.store.conflicts(ConflictFilter{.mapping = "employees", .which = ConflictFilter::Which::kClosed}, page, done); }); };

  const auto first = past({2, ""});
  REQUIRE(first.rows.size() == 2);
  CHECK(first.rows[0].field == "first");
  CHECK(first.rows[1].field == "third");
  CHECK(first.rows[0].said.left == Value("of the left"));
  CHECK(first.rows[0].said.right == Value("first"));
  const auto rest = past({2, first.next});
  REQUIRE(rest.rows.size() == 1);
  CHECK(rest.rows[0].field == "second");
  CHECK(rest.next.empty());
  CHECK(f.try_ask<Paged<Conflict>>([&](auto done) { f.store.conflicts(ConflictFilter{.which = ConflictFilter::Which::kClosed}, Page{2, "17"}, done); }).error().code == Code::kInvalid);
}

TEST_CASE("conflicts: one from before the link is closed by the commit that links its key", "[store][conflicts]") {
  StoreFixture f;
  Conflict ambiguous;
  ambiguous.side = Side::kLeft;
  ambiguous.key = "E1";
  ambiguous.kind = "ambiguous";
  f.commit({.mapping = "employees", .open_conflicts = {ambiguous}});
  f.commit({.mapping = "employees", .open_conflicts = {ambiguous}});
  REQUIRE(f.load("employees", Side::kLeft, "E1").conflicts.size() == 1);

  f.commit(
      {.mapping = "employees", .link = link_of("E1", "42"), .close_conflict_fields = {""}, .conflict_method = "value"});

  CHECK(open_conflicts(f).empty());
}

TEST_CASE("conflicts: of two people who saw the same the second is told of the first, and may change it once seen", "[store][conflicts]") {
  StoreFixture f;
  const std::int64_t link = f.commit({.mapping = "employees", .link = link_of("E1", "42")});
  f.commit({.mapping = "employees", .open_conflicts = {phone_clash(link, "+1", "+2")}});
  const Conflict shown = open_conflicts(f).front();
  f.clock.pass(std::chrono::seconds(1));
  const auto resolve = [&](const char* method, const char* author, Instant at) {
    Store::Resolution resolution{shown.id, method, author, {}, at};
    return f.try_ask<void>([&](auto done) { f.store.resolve(resolution, done); });
  };

  REQUIRE(resolve("left", "ada", shown.shown_at).ok());
  CHECK(resolve("left", "ada", shown.shown_at).ok());  // the same again
  const auto second = resolve("right", "bob", shown.shown_at);
  REQUIRE_FALSE(second.ok());
  CHECK(second.error().code == Code::kStale);
  CHECK(second.error().message.find("was decided by ada") != std::string::npos);
  CHECK(open_conflicts(f).front().method == "left");
  CHECK(resolve("right", "bob", open_conflicts(f).front().shown_at).ok());
  CHECK(open_conflicts(f).front().author == "bob");
}

TEST_CASE("conflicts: a resolution is refused when other values are shown since", "[store][conflicts]") {
  StoreFixture f;
  const std::int64_t link = f.commit({.mapping = "employees", .link = link_of("E1", "42")});
  f.commit({.mapping = "employees", .open_conflicts = {phone_clash(link, "+1", "+2")}});
  const Conflict shown = open_conflicts(f).front();
  f.clock.pass(std::chrono::minutes(1));
  f.commit({.mapping = "employees", .open_conflicts = {phone_clash(link, "+1", "+3")}});
  const auto resolve = [&](Instant at) {
    Store::Resolution resolution{shown.id, "left", "ada", {}, at};
    return f.try_ask<void>([&](auto done) { f.store.resolve(resolution, done); });
  };

  CHECK(resolve(shown.shown_at).error().code == Code::kStale);
  CHECK(f.take("employees").empty());
  CHECK(resolve(f.clock.now()).ok());

  const Known known = f.load("employees", Side::kLeft, "E1");
  CHECK(known.conflicts.front().method == "left");
  CHECK(known.conflicts.front().author == "ada");
  REQUIRE(known.dirty.size() == 2);
  CHECK(known.dirty[0].reason == "person");
}

TEST_CASE("conflicts: a resolution by value keeps both values, and newer ones undo it", "[store][conflicts]") {
  StoreFixture f;
  const std::int64_t link = f.commit({.mapping = "employees", .link = link_of("E1", "42")});
  f.commit({.mapping = "employees", .open_conflicts = {phone_clash(link, "+1", "+2")}});
  const Conflict shown = open_conflicts(f).front();
  Store::Resolution resolution{shown.id, "value", "ada", {Value("+7"), Value("7")}, {}};

  REQUIRE(f.try_ask<void>([&](auto done) { f.store.resolve(resolution, done); }).ok());
  CHECK(open_conflicts(f).front().said.left == Value("+7"));
  CHECK(open_conflicts(f).front().said.right == Value("7"));

  f.commit({.mapping = "employees", .open_conflicts = {phone_clash(link, "+1", "+9")}});
  CHECK_FALSE(open_conflicts(f).front().method);
}

TEST_CASE("conflicts: what waits beside one is named, and decided with it where that is asked for", "[store][conflicts]") {
  StoreFixture f;
  const std::int64_t link = f.commit({.mapping = "employees", .link = link_of("E1", "42")});
  Conflict city = phone_clash(link, "Bern", "Bonn");
  city.field = "city";
  f.commit({.mapping = "employees", .open_conflicts = {phone_clash(link, "+1", "+2"), city}});
  const auto find = [&](const std::string& field) {
    const auto open = open_conflicts(f);
    return *std::find_if(open.begin(), open.end(), [&](const Conflict& one) { return one.field == field; });
  };
  CHECK(find("city").beside == std::vector<std::string>{"phone"});

  Store::Resolution resolution{find("city").id, "value", "ada", {Value("Basel"), std::nullopt}, {}, {{"phone", {Value("+7"), std::nullopt}}, {"zip", {Value("1"), std::nullopt}}}};
  REQUIRE(f.try_ask<void>([&](auto done) { f.store.resolve(resolution, done); }).ok());
  CHECK(find("phone").method == "value");
  CHECK(find("phone").author == "ada");
  CHECK(find("phone").said.left == Value("+7"));
  CHECK(find("city").said.left == Value("Basel"));

  f.clock.pass(std::chrono::minutes(1));
  city.anew = true;
  f.commit({.mapping = "employees", .open_conflicts = {phone_clash(link, "+1", "+2"), city}});
  CHECK_FALSE(find("city").method);
  CHECK(find("city").shown_at == f.clock.now());
  CHECK(find("phone").method == "value");  // it shows the same
}

TEST_CASE("conflicts: resolving an unknown one says so", "[store][conflicts]") {
  StoreFixture f;
  const auto answer = f.try_ask<void>([&](auto done) { f.store.resolve({99, "left", "ada", {}, {}}, done); });
  CHECK(answer.error().code == Code::kNotFound);
  CHECK(f.try_ask<Conflict>([&](auto done) { f.store.conflict(99, done); }).error().code == Code::kNotFound);
}

TEST_CASE("conflicts: of a key they are those of its links and of the time before, of one side where that is said", "[store][conflicts]") {
  StoreFixture f;
  const auto alone = [](Side side) {
    Conflict one;
    one.side = side;
    one.key = "7";
    one.kind = "ambiguous";
    return one;
  };
  f.commit({.mapping = "employees", .open_conflicts = {phone_clash(f.commit({.mapping = "employees", .link = link_of("7", "42")}), "+1", "+2")}});
  f.commit({.mapping = "employees", .open_conflicts = {phone_clash(f.commit({.mapping = "employees", .link = link_of("E1", "7")}), "+3", "+4")}});
  f.commit({.mapping = "employees", .open_conflicts = {phone_clash(f.commit({.mapping = "employees", .link = link_of("E2", "43")}), "+5", "+6")}});
  f.commit({.mapping = "employees", .open_conflicts = {alone(Side::kLeft), alone(Side::kRight)}});
  const auto found = [&](std::optional<Side> side) {
    const ConflictFilter filter{.mapping = "employees", .key = "7", .key_side = side};
    return f.ask<Paged<Conflict>>([&](auto done) { f.store.conflicts(filter, {}, done); }).rows;
  };

  CHECK(found({}).size() == 4);
  const auto right = found(Side::kRight);
  REQUIRE(right.size() == 2);
  CHECK(right[0].side == Side::kRight);
  CHECK(right[1].shown.left == Value("+3"));
}

TEST_CASE("conflicts: listed newest first, page by page", "[store][conflicts]") {
  StoreFixture f;
  for (int i = 0; i < 3; ++i) {
    const std::int64_t link =
        f.commit({.mapping = "employees", .link = link_of("E" + std::to_string(i), std::to_string(i))});
    f.commit({.mapping = "employees", .open_conflicts = {phone_clash(link, "+1", "+2")}});
  }

  const auto first = f.ask<Paged<Conflict>>([&](auto done) {
    f.store.conflicts("employees", false, Page{2, ""}, done);
  });
  REQUIRE(first.rows.size() == 2);
  CHECK(first.rows[0].id > first.rows[1].id);
  const auto second = f.ask<Paged<Conflict>>([&](auto done) {
    f.store.conflicts("employees", false, Page{2, first.next}, done);
  });
  CHECK(second.rows.size() == 1);
  CHECK(second.next.empty());
}

TEST_CASE("conflicts: the undecided of a mapping are counted, all of them and no others", "[store][conflicts]") {
  StoreFixture f;
  const auto clash = [&](const std::string& mapping, const std::string& key) {
    Link link = link_of(key, key + "r");
    link.mapping = mapping;
    const std::int64_t id = f.commit({.mapping = mapping, .link = link});
    f.commit({.mapping = mapping, .open_conflicts = {phone_clash(id, "+1", "+2")}});
    return id;
  };
  const auto undecided = [&] { return f.ask<std::int64_t>([&](auto done) { f.store.undecided("employees", done); }); };
  CHECK(undecided() == 0);
  clash("employees", "oldest");
  for (int i = 0; i < 1001; ++i) clash("employees", "E" + std::to_string(i));
  clash("departments", "D1");
  CHECK(undecided() == 1002);

  for (const Conflict& one : f.ask<Paged<Conflict>>([&](auto done) { f.store.conflicts("employees", false, {1001, ""}, done); }).rows) {
    f.ask<void>([&](auto done) { f.store.resolve({one.id, "left", "ada", {}, {}}, done); });
  }
  CHECK(undecided() == 1);
}

TEST_CASE("conflicts: who waits for a taken key is woken, whoever else waits for a person, and costs no more for those", "[store][conflicts]") {
  const int taken = GENERATE(1, 150);
  CAPTURE(taken);
  StoreFixture f;
  const auto wait = [&](const char* kind, const char* key, int count) {
    const std::string rows = "WITH RECURSIVE n (i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < " + std::to_string(count) + ") INSERT INTO ";
    const std::string name = std::string("'") + key + "' || i";
    REQUIRE(f.database->exec(rows + "dirty_keys SELECT 'employees', 'left', " + name + ", 1, 1, 1, 'upsert', 'poll', NULL, 'conflict', 0, 0, 1, NULL, NULL, NULL, i FROM n").ok());
    REQUIRE(f.database->exec(rows + "conflicts (mapping, side, key, field, kind, opened_at, shown_at) SELECT 'employees', 'left', " + name + ", '', '" + kind + "', 0, 0 FROM n").ok());
  };
  wait("key_taken", "T", taken);
  wait("ambiguous", "A", 5000);
  int thousands = 0;  // of SQLite's steps
  sqlite3_progress_handler(f.database->handle(), 1000, [](void* count) { return ++*static_cast<int*>(count), 0; }, &thousands);

  f.commit({.mapping = "employees", .stirred = {false, true}});
  sqlite3_progress_handler(f.database->handle(), 0, nullptr, nullptr);

  CHECK(f.database->query("SELECT count(*) AS n FROM dirty_keys WHERE state = 'waiting' AND key LIKE 'T%'", {}).value()[0].at("n") == Value(std::min(taken, 10)));
  CHECK(f.row("employees", Side::kLeft, "T1")->state == KeyState::kWaiting);
  if (taken == 1) CHECK(thousands < 5);
}
