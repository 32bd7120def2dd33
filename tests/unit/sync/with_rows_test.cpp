#include <catch2/catch.hpp>

#include "base/decimal.h"
#include "base/json.h"
#include "base/text.h"
#include "support/people.h"
#include "sync/belongings/with_parts.h"
#include "sync/belongings/with_rows.h"
#include "sync/reconcile/lookups.h"

using namespace tidewire;
using sync::Field;
using sync::Side;
using test::World;
using Fault = test::MemorySide::Fault;

namespace {

Value read(const char* text) { return json::parse(text).value(); }

Field cell(const std::string& name, bool key = false) {
  Field out = World::field(name);
  out.row_key = key;
  return out;
}

/// A child table on the left, a table with a foreign key on the right.
sync::Plan plan_of_rows() {
  sync::Plan plan = World::default_plan();
  Field rows;
  rows.name = "skills";
  rows.paths = {{"skills"}, {"skills[]"}};
  rows.kind = Field::Kind::kRows;
  rows.strategy = "newest";
  rows.rows = {cell("skill", true), cell("level")};
  plan.fields.push_back(rows);
  return plan;
}

struct Tables {
  World world;
  test::MemorySide skills{world.timers, world.clock, "S"};
  std::unique_ptr<sync::WithRows> right;
  std::string left, person;

  sync::ChildTable child() {
    sync::ChildTable table;
    table.rows = &skills;
    table.path = "skills[]";
    table.parent = "person";
    return table;
  }
  Tables() {
    right = std::make_unique<sync::WithRows>(world.right, std::vector<sync::ChildTable>{child()});
    world.engine->put(std::make_shared<test::TableMapper>(plan_of_rows(), "v2"), {&world.left, right.get()});
    left = world.left.insert(read(R"({"email":"ada@example.org","skills":[{"name":"c1","skill":"lua","level":3},{"name":"c2","skill":"sql","level":1}]})"));
    world.hook(Side::kLeft, left);
    world.settle();
    person = world.only_right();
  }
  ~Tables() { world.engine->put(std::make_shared<test::TableMapper>(World::default_plan(), "v3"), {&world.left, &world.right}); }
  std::string table() const {
    std::string text;
    for (const auto& [key, row] : skills.rows) text += skills.get(key, "skill").as_string() + json::dump(skills.get(key, "level")) + (skills.get(key, "person") == Value(person) ? " " : "? ");
    return text;
  }
  std::string key_of(const std::string& skill) const {
    for (const auto& [key, row] : skills.rows) {
      if (skills.get(key, "skill") == Value(skill)) return key;
    }
    return "";
  }
  void sync() {
    world.hook(Side::kLeft, left);
    world.hook(Side::kRight, person);
    world.settle();
  }
  /// kill -9 and a start.
  void die() {
    world.engine.reset();
    right = std::make_unique<sync::WithRows>(world.right, std::vector<sync::ChildTable>{child()});
    test::restart(world, plan_of_rows(), {nullptr, right.get()});
  }
};

}  // namespace

TEST_CASE("with_rows: a new record brings its rows into their table", "[sync][rows]") {
  Tables it;

  CHECK(it.table() == "lua3 sql1 ");
  CHECK(it.world.right.rows.size() == 1);
  CHECK(it.world.right.get(it.person, "skills[]").is_null());
}

TEST_CASE("with_rows: rows are changed, made and deleted one by one, by their own keys", "[sync][rows]") {
  Tables it;
  const std::string lua = it.key_of("lua");
  it.skills.edit(lua, "own", Value("kept"));
  const int parent_writes = it.world.right.writes;

  it.world.left.edit(it.left, "skills", read(R"([{"name":"c1","skill":"lua","level":9},{"skill":"go","level":2}])"));
  it.sync();

  CHECK(it.skills.get(lua, "level") == Value(9));
  CHECK(it.skills.get(lua, "own") == Value("kept"));
  CHECK(it.key_of("sql").empty());
  CHECK(it.skills.get(it.key_of("go"), "person") == Value(it.person));
  CHECK(it.world.right.writes == parent_writes);
}

TEST_CASE("with_rows: rows that hold their record fast go first, by whichever word its system refuses", "[sync][rows]") {
  const Code code = GENERATE(Code::kInvalid, Code::kBlocked);
  Tables it;
  it.world.right.rule = [&](const std::string&, const Value& values) -> std::optional<Error> {
    if (!values.as_object().empty() || it.skills.rows.empty()) return std::nullopt;
    return make_error(code, "still referred to");
  };
  it.world.left.erase(it.left);
  it.world.hook(Side::kLeft, it.left, "delete");
  it.world.settle();

  CHECK(it.skills.rows.empty());
  CHECK(it.world.right.rows.empty());
  it.world.right.rule = nullptr;
}

TEST_CASE("with_rows: rows that went before their record, which something else holds fast, are nobody's edit of it", "[sync][rows]") {
  Tables it;
  it.world.right.rule = [](const std::string&, const Value& values) -> std::optional<Error> {
    if (!values.as_object().empty()) return std::nullopt;
    return make_error(Code::kBlocked, "still referred to by a shipment");
  };
  it.world.left.erase(it.left);
  it.world.hook(Side::kLeft, it.left, "delete");
  it.world.settle();
  REQUIRE(it.skills.rows.empty());
  it.world.settle(std::chrono::seconds(10));
  CHECK(it.world.left.rows.empty());
  CHECK(it.world.right.rows.size() == 1);

  it.world.right.rule = nullptr;
  it.world.hook(Side::kLeft, it.left, "delete");
  it.world.settle(std::chrono::hours(1));
  CHECK(it.world.left.rows.empty());
  CHECK(it.world.right.rows.empty());
}

TEST_CASE("with_rows: they come back where the record is edited and lives on, also where it is not made at once", "[sync][rows]") {
  const bool refused_first = GENERATE(false, true);
  CAPTURE(refused_first);
  Tables it;
  it.world.right.rule = [](const std::string&, const Value& values) -> std::optional<Error> {
    if (!values.as_object().empty()) return std::nullopt;
    return make_error(Code::kBlocked, "still referred to by a shipment");
  };
  it.world.left.erase(it.left);
  it.world.hook(Side::kLeft, it.left, "delete");
  it.world.settle();
  REQUIRE(it.skills.rows.empty());
  it.world.right.edit(it.person, "note", Value("called back"));
  if (refused_first) it.world.left.write_faults = {test::MemorySide::Fault::kRefuse};
  it.world.hook(Side::kRight, it.person);
  it.world.settle(std::chrono::minutes(5));

  REQUIRE(it.world.left.rows.size() == 1);
  CHECK(json::dump(it.world.left.get(it.world.left.rows.begin()->first, "skills")) == json::dump(read(R"([{"skill":"lua","level":3},{"skill":"sql","level":1}])")));
  CHECK(it.table() == "lua3 sql1 ");
  CHECK(it.world.conflicts().empty());
  it.world.right.rule = nullptr;
}

TEST_CASE("with_rows: a row that somebody changes at the last moment refuses the delete of its record, and the mark of one", "[sync][rows]") {
  Tables it;
  std::string version;
  it.right->read({it.person}, [&](Result<std::vector<sync::Record>> records) { version = records->front().version; });
  it.world.timers.run_posted();
  std::optional<Code> refused;
  const auto remove = [&](const std::string& guard) {
    refused.reset();
    it.right->remove(it.person, guard, [&](const Result<sync::Answered>& answer) {
      if (!answer.ok()) refused = answer.error().code;
    });
    it.world.timers.run_posted();
  };
  it.skills.edit(it.key_of("lua"), "level", Value(9));

  remove(version);
  CHECK(refused == Code::kStale);
  CHECK(it.world.right.rows.size() == 1);
  CHECK(it.skills.rows.size() == 2);

  refused.reset();
  it.right->update(it.person, Value(Object{{"disabled", Value(1)}}), version, [&](const Result<sync::Record>& answer) {
    if (!answer.ok()) refused = answer.error().code;
  });
  it.world.timers.run_posted();
  CHECK(refused == Code::kStale);
  CHECK(it.world.right.get(it.person, "disabled").is_null());

  remove(version.substr(0, version.find('/')));  // of one that was found, without its rows
  CHECK_FALSE(refused);
  CHECK(it.world.right.rows.empty());
}

TEST_CASE("with_rows: an edit of a row in its table reaches the list of the other side", "[sync][rows]") {
  Tables it;
  it.skills.edit(it.key_of("sql"), "level", Value(7));
  it.skills.insert(Value(Object{{"skill", Value("go")}, {"level", Value(1)}, {"person", Value(it.person)}}));

  it.sync();

  CHECK(json::dump(it.world.left.get(it.left, "skills")) == json::dump(read(R"([{"name":"c1","skill":"lua","level":3},{"name":"c2","skill":"sql","level":7},{"skill":"go","level":1}])")));
}

TEST_CASE("with_rows: a row that somebody else changes at the last moment refuses the write, and both edits are merged", "[sync][rows]") {
  Tables it;
  it.world.left.edit(it.left, "skills", read(R"([{"name":"c1","skill":"lua","level":4},{"name":"c2","skill":"sql","level":1}])"));
  it.skills.before_write = [&] { it.skills.edit(it.key_of("lua"), "level", Value(5)); };

  it.sync();
  it.sync();

  const Value left = it.world.left.get(it.left, "skills");
  CHECK(*left.at_path("0.level") == it.skills.get(it.key_of("lua"), "level"));
  CHECK(it.skills.stale == 1);
}

TEST_CASE("with_rows: a write that is left half done is finished, and takes no row for deleted", "[sync][rows]") {
  Tables it;
  it.world.left.edit(it.left, "skills", read(R"([{"name":"c1","skill":"lua","level":8},{"name":"c2","skill":"sql","level":1},{"skill":"go","level":2},{"skill":"c","level":3}])"));
  it.skills.write_faults = {test::MemorySide::Fault::kNone, test::MemorySide::Fault::kNone, test::MemorySide::Fault::kRefuse};

  it.sync();
  it.world.settle(std::chrono::minutes(5));

  CHECK(it.skills.rows.size() == 4);
  CHECK(it.world.left.get(it.left, "skills").as_array().size() == 4);
}

TEST_CASE("with_rows: a create whose rows failed is found again and its rows are made", "[sync][rows]") {
  Tables it;
  it.skills.write_faults = {test::MemorySide::Fault::kNone, test::MemorySide::Fault::kRefuse};
  const std::string bob = it.world.left.insert(read(R"({"email":"bob@example.org","skills":[{"skill":"x","level":1},{"skill":"y","level":2}]})"));

  it.world.hook(Side::kLeft, bob);
  it.world.settle();
  it.world.settle(std::chrono::minutes(5));

  CHECK(it.world.right.rows.size() == 2);
  CHECK(it.skills.rows.size() == 4);
  CHECK(it.world.left.get(bob, "skills").as_array().size() == 2);
}

TEST_CASE("with_rows: a row whose create had left when the process was killed is made once", "[sync][rows]") {
  Tables it;
  const char* skills = R"([{"name":"c1","skill":"lua","level":3},{"name":"c2","skill":"sql","level":1},{"skill":"go","level":2}])";
  const auto kill = [&](Fault fault) {
    it.skills.write_faults = {fault};
    it.world.left.edit(it.left, "skills", read(skills));
    it.sync();
    REQUIRE(it.skills.rows.size() == 2);
    it.die();
    it.world.settle(std::chrono::seconds(20));
  };

  SECTION("where it arrives late") {
    kill(Fault::kLateSilent);
    it.skills.apply_late();
  }
  SECTION("where it arrives late and the record itself was written before it") {
    it.world.left.edit(it.left, "phone", Value("2"));
    kill(Fault::kLateSilent);
    CHECK(it.world.right.get(it.person, "phone") == Value("2"));
    it.skills.apply_late();
  }
  SECTION("where it is lost") {
    kill(Fault::kSilent);
    CHECK(it.skills.rows.size() == 2);
  }
  SECTION("where others are edited meanwhile") {
    kill(Fault::kLateSilent);
    it.world.left.edit(it.left, "phone", Value("3"));
    it.sync();
    it.skills.apply_late();
  }
  it.world.settle(std::chrono::minutes(5));

  CHECK(it.skills.rows.size() == 3);
  CHECK(it.world.left.get(it.left, "skills").as_array().size() == 3);
  CHECK(it.world.right.get(it.person, "phone") == it.world.left.get(it.left, "phone"));
  CHECK(it.world.conflicts().empty());
  const int writes = it.world.writes() + it.skills.writes;
  it.sync();
  CHECK(it.world.writes() + it.skills.writes == writes);
}

TEST_CASE("with_rows: a row that was not answered and arrives late is made once", "[sync][rows]") {
  Tables it;
  it.skills.write_faults = {Fault::kLate};
  it.world.left.edit(it.left, "skills", read(R"([{"name":"c1","skill":"lua","level":3},{"name":"c2","skill":"sql","level":1},{"skill":"go","level":2}])"));

  it.sync();
  it.world.settle(std::chrono::seconds(20));
  it.skills.apply_late();
  it.world.settle(std::chrono::minutes(5));

  CHECK(it.skills.rows.size() == 3);
}

TEST_CASE("with_rows: a row of a new record whose create had left when the process was killed is made once", "[sync][rows]") {
  Tables it;
  it.skills.write_faults = {Fault::kLateSilent};
  const std::string bob = it.world.left.insert(read(R"({"email":"bob@example.org","skills":[{"skill":"x","level":1}]})"));
  it.world.hook(Side::kLeft, bob);
  it.world.settle();
  REQUIRE(it.world.right.rows.size() == 2);
  it.die();

  it.world.settle(std::chrono::seconds(20));
  it.skills.apply_late();
  it.world.settle(std::chrono::minutes(5));

  CHECK(it.world.right.rows.size() == 2);
  CHECK(it.skills.rows.size() == 3);
  CHECK(it.world.left.get(bob, "skills").as_array().size() == 1);
}

TEST_CASE("with_rows: rows that are read where they are behind decide nothing, though their record is not", "[sync][rows]") {
  Tables it;
  const auto past = it.skills.rows;
  it.skills.insert(Value(Object{{"skill", Value("go")}, {"level", Value(1)}, {"person", Value(it.person)}}));
  it.sync();
  const auto present = std::exchange(it.skills.rows, past);
  REQUIRE(it.world.left.get(it.left, "skills").as_array().size() == 3);

  it.sync();
  CHECK(it.world.left.get(it.left, "skills").as_array().size() == 3);
  it.skills.rows = present;
  it.world.settle(std::chrono::minutes(5));

  CHECK(it.world.left.get(it.left, "skills").as_array().size() == 3);
  CHECK(it.skills.rows.size() == 3);
  CHECK(it.world.counts().backing_off == 0);
}

TEST_CASE("with_rows: rows that come back to what they were are the truth once the settle time is over", "[sync][rows]") {
  Tables it;
  const std::string extra = it.skills.insert(Value(Object{{"skill", Value("go")}, {"level", Value(1)}, {"person", Value(it.person)}}));
  it.sync();
  REQUIRE(it.world.left.get(it.left, "skills").as_array().size() == 3);

  it.skills.erase(extra);
  it.sync();
  it.world.settle(std::chrono::minutes(2));

  CHECK(it.world.left.get(it.left, "skills").as_array().size() == 2);
  CHECK(it.world.counts().held == 0);
}

TEST_CASE("with_rows: a row whose column spells the record's key otherwise is the record's all the same", "[sync][rows]") {
  Tables it;
  it.skills.alike = [](const Value& a, const Value& b) { return a.is_string() && b.is_string() && lower_ascii(a.as_string()) == lower_ascii(b.as_string()); };
  REQUIRE(lower_ascii(it.person) != it.person);
  it.skills.insert(Value(Object{{"skill", Value("go")}, {"level", Value(1)}, {"person", Value(lower_ascii(it.person))}}));

  it.sync();

  CHECK(it.world.left.get(it.left, "skills").as_array().size() == 3);
}

TEST_CASE("with_rows: keys of two scales are one number, and of keys that are alike each has its own rows", "[sync][rows]") {
  Tables it;
  it.skills.alike = [](const Value& a, const Value& b) {
    const auto x = Decimal::from(a), y = Decimal::from(b);
    return x.ok() && y.ok() && *x == *y;
  };
  for (const char* key : {"2.50", "7", "7.0"}) it.world.right.insert(read(R"({"email":"numbers@example.org"})"), key);
  for (const char* parent : {"2.5", "7", "7.0", "7.00"}) it.skills.insert(Value(Object{{"skill", Value("go")}, {"person", Value(parent)}}));

  std::map<std::string, std::size_t> rows;
  it.right->read({"2.50", "7", "7.0"}, [&](Result<std::vector<sync::Record>> found) {
    REQUIRE(found.ok());
    for (const sync::Record& record : *found) rows[record.key] = record.fields.find("skills[]")->as_array().size();
  });
  it.world.settle();

  CHECK(rows == std::map<std::string, std::size_t>{{"2.50", 1}, {"7", 1}, {"7.0", 1}});
}

TEST_CASE("with_rows: a poll tells the records whose rows changed", "[sync][rows]") {
  Tables it;
  Value cursor;
  it.right->start([&](Result<Value> start) { cursor = start.value(); });
  it.world.timers.run_posted();
  it.skills.edit(it.key_of("lua"), "level", Value(7));

  std::vector<std::string> keys;
  it.right->changes(cursor, 100, [&](Result<sync::ChangesPage> page) {
    for (const auto& record : page->records) keys.push_back(record.key);
    cursor = page->cursor;
  });
  it.world.timers.run_posted();
  CHECK(keys == std::vector<std::string>{it.person});

  keys.clear();
  const int reads = it.world.right.reads;
  it.right->changes(cursor, 100, [&](Result<sync::ChangesPage> page) {
    for (const auto& record : page->records) keys.push_back(record.key);
  });
  it.world.timers.run_posted();
  CHECK(keys.empty());
  CHECK(it.world.right.reads == reads);  // nobody is asked for no records
}

TEST_CASE("with_rows: what a poll tells of a record's part is handed on, and no record is read by it", "[sync][rows]") {
  Tables it;
  test::MemorySide addresses(it.world.timers, it.world.clock, "A");
  sync::Part address;
  address.records = &addresses;
  address.name = "address";
  address.field = "person";
  address.columns = {"city"};
  sync::WithParts joined(it.world.right, {address});
  sync::WithRows whole(joined, {it.child()});
  const std::string place = addresses.insert(Value(Object{{"person", Value(it.person)}, {"city", Value("York")}}));
  Value cursor;
  whole.start([&](Result<Value> start) { cursor = start.value(); });
  it.world.timers.run_posted();
  addresses.edit(place, "city", Value("Leeds"));
  it.skills.edit(it.key_of("lua"), "level", Value(7));

  std::vector<std::string> keys;
  whole.changes(cursor, 100, [&](Result<sync::ChangesPage> page) {
    for (const auto& record : page->records) keys.push_back(record.key);
  });
  it.world.timers.run_posted();

  CHECK(keys == std::vector<std::string>{sync::watch_key("@address", place), it.person});
}

TEST_CASE("with_rows: a row that is gone, or moved away, is a change of the record that had it, where the answer says whose it was", "[sync][rows]") {
  Tables it;
  Value cursor;
  it.right->start([&](Result<Value> start) { cursor = start.value(); });
  it.world.timers.run_posted();
  std::vector<sync::Record> found;
  const auto poll = [&] {
    found.clear();
    it.right->changes(cursor, 100, [&](Result<sync::ChangesPage> page) {
      found = page->records;
      cursor = page->cursor;
    });
    it.world.timers.run_posted();
  };
  it.skills.erase(it.key_of("lua"));

  poll();
  CHECK(found.empty());  // nobody has told
  it.skills.parents = {{"owner", {"R9"}}, {"person", {it.person, "gone"}}};
  poll();
  REQUIRE(found.size() == 1);
  CHECK(found.front().key == it.person);
  CHECK(found.front().fields.find("skills[]")->as_array().size() == 1);
}

TEST_CASE("with_rows: lines that do not move their record are polled in their own table, and the record shows them once", "[sync][rows]") {
  World world;
  test::MemorySide lines{world.timers, world.clock, "S"};
  sync::ChildTable table;
  table.rows = &lines;
  table.parent = "order";
  table.polled = true;
  sync::WithRows orders(world.right, {table});
  const std::string order = world.right.insert(read(R"({"email":"a@example.org","lines":[{"qty":1}]})"));
  const std::string line = lines.insert(Value(Object{{"order", Value(order)}, {"qty", Value(1)}}));
  Value cursor;
  orders.start([&](Result<Value> start) { cursor = start.value(); });
  world.timers.run_posted();
  lines.edit(line, "qty", Value(2));

  std::vector<sync::Record> found;
  orders.changes(cursor, 100, [&](Result<sync::ChangesPage> page) { found = page->records; });
  world.timers.run_posted();

  REQUIRE(found.size() == 1);
  CHECK(found.front().key == order);
  CHECK(json::dump(found.front().fields) == json::dump(read(R"({"email":"a@example.org","lines":[{"qty":1}]})")));
}

TEST_CASE("with_rows: a table that the mapping did not have at the last poll is polled from then on", "[sync][rows]") {
  Tables it;
  Value cursor;
  sync::WithRows without(it.world.right, {});
  without.start([&](Result<Value> start) { cursor = start.value(); });
  it.world.timers.run_posted();
  std::vector<std::string> keys;
  const auto poll = [&] {
    keys.clear();
    it.right->changes(cursor, 100, [&](Result<sync::ChangesPage> page) {
      for (const auto& record : page->records) keys.push_back(record.key);
      cursor = page->cursor;
    });
    it.world.timers.run_posted();
  };

  poll();
  it.skills.edit(it.key_of("lua"), "level", Value(7));
  poll();

  CHECK(keys == std::vector<std::string>{it.person});
}

TEST_CASE("with_rows: counted are the records, not their rows", "[sync][rows]") {
  Tables it;
  std::optional<std::int64_t> counted = 7;
  const auto keep = [&](Result<std::optional<std::int64_t>> answer) { counted = *answer; };
  it.right->count(keep);
  CHECK_FALSE(counted);

  it.world.right.counts = it.skills.counts = true;
  it.right->count(keep);
  it.world.settle();
  CHECK(counted == 1);
  CHECK(it.skills.count_calls == 0);
}
