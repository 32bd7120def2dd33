#include <catch2/catch.hpp>

#include "base/json.h"
#include "support/people.h"
#include "sync/reconcile/lookups.h"
#include "sync/belongings/with_parts.h"

using namespace tidewire;
using sync::Part;
using sync::Side;
using test::MemorySide;
using test::World;

namespace {

Value read(const char* text) { return json::parse(text).value(); }

/// A person and an address of a collection of its own, as Frappe links them, against one flat row.
struct Joined {
  World world;
  MemorySide addresses{world.timers, world.clock, "A"};
  std::unique_ptr<sync::WithParts> left;
  std::string ada, row;
  Part own;

  static Part address() {
    Part part;
    part.name = "address";
    part.owner = Part::Owner::kList;
    part.field = "links";
    part.column = "link_name";
    part.also = read(R"({"link_doctype":"Person"})");
    part.pick = read(R"({"main":1})");
    part.values = read(R"({"type":"Billing"})");
    part.create = true;
    part.columns = {"city", "street"};
    return part;
  }
  static sync::Plan plan() {
    sync::Plan plan = World::default_plan();
    plan.end.left.parts = {"address"};
    for (const char* name : {"city", "street"}) {
      sync::Field field = World::field(std::string("address.") + name);
      field.paths.right = {name};
      plan.fields.push_back(field);
    }
    return plan;
  }

  explicit Joined(const Part& part = address(), const char* person = R"({"email":"ada@example.org"})", const char* place = R"({"city":"York","street":"1 Mill"})") {
    own = part;
    own.records = &addresses;
    left = std::make_unique<sync::WithParts>(world.left, std::vector<Part>{own});
    world.engine->put(std::make_shared<test::TableMapper>(plan(), "v2"), {left.get(), &world.right});
    ada = world.left.insert(read(person));
    if (place != nullptr) place_for(ada, place);
    world.hook(Side::kLeft, ada);
    world.settle();
    row = world.only_right();
  }
  ~Joined() { world.engine->put(std::make_shared<test::TableMapper>(World::default_plan(), "v3"), {&world.left, &world.right}); }

  std::string place_for(const std::string& person, const char* fields, int main = 1) {
    Value address = read(fields);
    address["main"] = main;
    address["links"] = Value(Array{Value(Object{{"link_doctype", Value("Person")}, {"link_name", Value(person)}})});
    return addresses.insert(address);
  }
  void on_right(const char* field, const char* value) {
    world.right.edit(row, field, Value(value));
    sync();
  }
  void sync() {
    world.hook(Side::kRight, row);
    world.hook(Side::kLeft, ada);
    world.settle();
  }
  /// kill -9 and a start.
  void die() {
    world.engine.reset();
    left = std::make_unique<sync::WithParts>(world.left, std::vector<Part>{own});
    test::restart(world, plan(), {left.get(), nullptr});
  }
  void part_told(const std::string& key) {
    world.hook(Side::kLeft, sync::watch_key("@address", key));
    world.settle();
  }
  Value city() const { return world.right.get(row, "city"); }
  std::string first() const { return addresses.rows.empty() ? "" : addresses.rows.begin()->first; }
};

}  // namespace

TEST_CASE("with_parts: a record and its part are one row, and level sides are left alone", "[sync][parts]") {
  Joined it;

  CHECK(it.city() == Value("York"));
  CHECK(it.world.right.get(it.row, "street") == Value("1 Mill"));

  const int writes = it.world.writes() + it.addresses.writes;
  it.part_told(it.first());
  it.sync();
  CHECK(it.world.writes() + it.addresses.writes == writes);
}

TEST_CASE("with_parts: an edit of the row is written to the part alone, and only what changed", "[sync][parts]") {
  Joined it;
  it.addresses.edit(it.first(), "own", Value("kept"));
  const int root_writes = it.world.left.writes;

  it.on_right("city", "Hull");

  CHECK(it.addresses.get(it.first(), "city") == Value("Hull"));
  CHECK(it.addresses.get(it.first(), "own") == Value("kept"));
  CHECK(it.addresses.rows.size() == 1);
  CHECK(it.world.left.writes == root_writes);
}

TEST_CASE("with_parts: a part that is told of leads to its record", "[sync][parts]") {
  Joined it;
  it.addresses.edit(it.first(), "city", Value("Leeds"));

  it.part_told(it.first());

  CHECK(it.city() == Value("Leeds"));
}

TEST_CASE("with_parts: both sides, different fields of one part, are merged", "[sync][parts]") {
  Joined it;
  it.addresses.edit(it.first(), "street", Value("2 Mill"));

  it.on_right("city", "Hull");

  CHECK(it.addresses.get(it.first(), "city") == Value("Hull"));
  CHECK(it.world.right.get(it.row, "street") == Value("2 Mill"));
}

TEST_CASE("with_parts: a part that is not there is made once there is something to say, as the mapping says it", "[sync][parts]") {
  Joined it(Joined::address(), R"({"email":"ada@example.org"})", nullptr);
  REQUIRE(it.addresses.rows.empty());

  it.on_right("city", "Hull");

  REQUIRE(it.addresses.rows.size() == 1);
  const Value made = it.addresses.rows.begin()->second.fields;
  CHECK(json::dump(made) == json::dump(read((R"({"city":"Hull","links":[{"link_doctype":"Person","link_name":")" + it.ada + R"("}],"main":1,"type":"Billing"})").c_str())));
  CHECK(it.world.conflicts().empty());
}

TEST_CASE("with_parts: a new record of the row's side gets its part", "[sync][parts]") {
  Joined it;
  const std::string bob = it.world.right.insert(read(R"({"email":"bob@example.org","city":"Bath"})"));

  it.world.hook(Side::kRight, bob);
  it.world.settle();

  CHECK(it.world.left.rows.size() == 2);
  CHECK(it.addresses.rows.size() == 2);
}

TEST_CASE("with_parts: a part that may not be made leaves the field as a conflict, and says so", "[sync][parts]") {
  Part part = Joined::address();
  part.create = false;
  Joined it(part, R"({"email":"ada@example.org"})", nullptr);

  it.on_right("city", "Hull");

  CHECK(it.addresses.rows.empty());
  REQUIRE(it.world.conflicts().size() == 1);
  CHECK(it.world.conflicts().front().kind == "not_accepted");
}

TEST_CASE("with_parts: a part that somebody changes at the last moment refuses the write, and both edits stay", "[sync][parts]") {
  Joined it;
  it.addresses.before_write = [&] { it.addresses.edit(it.first(), "street", Value("9 Mill")); };

  it.on_right("city", "Hull");

  CHECK(it.addresses.stale == 1);
  CHECK(it.addresses.get(it.first(), "city") == Value("Hull"));
  CHECK(it.addresses.get(it.first(), "street") == Value("9 Mill"));
  it.sync();
  CHECK(it.world.right.get(it.row, "street") == Value("9 Mill"));
}

TEST_CASE("with_parts: a part that somebody changes at the last moment refuses the delete of its record", "[sync][parts]") {
  Joined it;
  std::string version;
  it.left->read({it.ada}, [&](Result<std::vector<sync::Record>> records) { version = records->front().version; });
  it.world.timers.run_posted();
  it.addresses.edit(it.first(), "city", Value("Hull"));

  std::optional<Code> refused;
  it.left->remove(it.ada, version, [&](const Result<sync::Answered>& answer) {
    if (!answer.ok()) refused = answer.error().code;
  });
  it.world.timers.run_posted();

  CHECK(refused == Code::kStale);
  CHECK(it.world.left.rows.size() == 1);
}

TEST_CASE("with_parts: nor is a record marked as deleted of which a part was changed since it was read", "[sync][parts]") {
  Part part;
  part.name = "address";
  part.owner = Part::Owner::kVia;
  part.field = "home";
  part.columns = {"city", "street"};
  Joined it(part, R"({"email":"ada@example.org","home":"A1"})");
  sync::Plan plan = Joined::plan();
  plan.end.left.deletes = sync::DeletePolicy::kSoft;
  plan.end.left.soft_field = "disabled";
  plan.end.left.soft_value = Value(1);
  it.world.engine->put(std::make_shared<test::TableMapper>(plan, "v4"), {it.left.get(), &it.world.right});
  it.world.settle(std::chrono::minutes(5));

  it.addresses.after_read = [&] { it.addresses.edit("A1", "city", Value("Hull")); };
  it.world.right.erase(it.row);
  it.world.hook(Side::kRight, it.row, "delete");
  it.world.settle();

  CHECK(it.world.left.get(it.ada, "disabled").is_null());
  REQUIRE(it.world.right.rows.size() == 1);
  CHECK(it.world.right.get(it.world.only_right(), "city") == Value("Hull"));
}

TEST_CASE("with_parts: a record that comes out of the trash, because it was edited at the last moment, has its parts", "[sync][parts]") {
  Part part = Joined::address();
  part.emptied = GENERATE(Part::Emptied::kClear, Part::Emptied::kDelete);
  Joined it(part);
  it.world.left.able.guarded_deletes = false;
  it.world.left.brings_back = true;
  it.die();
  it.world.left.before_delete = [](auto& row) { row.fields["note"] = Value("called back"); };

  it.world.right.erase(it.row);
  it.world.hook(Side::kRight, it.row, "delete");
  it.world.settle(std::chrono::minutes(5));

  CHECK(it.world.conflicts().empty());
  CHECK(it.world.left.rows.size() == 1);
  REQUIRE(it.world.right.rows.size() == 1);
  it.row = it.world.only_right();
  CHECK(it.city() == Value("York"));
  CHECK(it.world.right.get(it.row, "note") == Value("called back"));
  std::vector<MemorySide::Request> asked = it.world.right.requests;
  std::erase_if(asked, [](const MemorySide::Request& one) { return one.verb != "create"; });
  REQUIRE_FALSE(asked.empty());
  CHECK(asked.back().values.string_or("city") == "York");  // at once, and not as an edit later
  REQUIRE(it.addresses.rows.size() == 1);
  CHECK(it.addresses.get(it.first(), "city") == Value("York"));
  CHECK(it.addresses.get(it.first(), "street") == Value("1 Mill"));
}

TEST_CASE("with_parts: a part that a delete took before its record comes back where the record is edited and lives on", "[sync][parts]") {
  Part part = Joined::address();
  part.emptied = Part::Emptied::kDelete;
  Joined it(part);
  it.world.left.rule = [](const std::string&, const Value& values) -> std::optional<Error> {
    if (!values.as_object().empty()) return std::nullopt;
    return make_error(Code::kBlocked, "still referred to by an order");
  };
  it.world.right.erase(it.row);
  it.world.hook(Side::kRight, it.row, "delete");
  it.world.settle();
  REQUIRE(it.addresses.rows.empty());
  it.world.left.edit(it.ada, "note", Value("called back"));
  it.world.hook(Side::kLeft, it.ada);
  it.world.settle(std::chrono::minutes(5));

  REQUIRE(it.world.right.rows.size() == 1);
  it.row = it.world.only_right();
  CHECK(it.city() == Value("York"));
  REQUIRE(it.addresses.rows.size() == 1);
  CHECK(it.addresses.get(it.first(), "city") == Value("York"));
  CHECK(it.world.conflicts().empty());
  it.world.left.rule = nullptr;
}

TEST_CASE("with_parts: what a part that may not be made was to hold stays with the record that has it, and somebody is told", "[sync][parts]") {
  Part part = Joined::address();
  part.create = false;
  Joined it(part);
  const std::string bob = it.world.right.insert(read(R"({"email":"bob@example.org","city":"Bath"})"));
  it.world.hook(Side::kRight, bob);
  it.world.settle(std::chrono::minutes(5));

  CHECK(it.world.left.rows.size() == 2);
  CHECK(it.world.right.get(bob, "city") == Value("Bath"));
  REQUIRE(it.world.conflicts().size() == 1);
  CHECK(it.world.conflicts().front().kind == "not_accepted");
}

TEST_CASE("with_parts: a part that was taken from its record before it, which something else holds fast, is nobody's edit of it", "[sync][parts]") {
  Joined it;
  it.world.left.rule = [](const std::string&, const Value& values) -> std::optional<Error> {
    if (!values.as_object().empty()) return std::nullopt;
    return make_error(Code::kBlocked, "still referred to by an order");
  };
  it.world.right.erase(it.row);
  it.world.hook(Side::kRight, it.row, "delete");
  it.world.settle();
  REQUIRE(it.addresses.get(it.first(), "links").as_array().empty());

  it.world.settle(std::chrono::seconds(10));

  CHECK(it.world.right.rows.empty());
  CHECK(it.world.left.rows.size() == 1);
  it.world.left.rule = nullptr;
}

TEST_CASE("with_parts: a part whose making was not answered is found, not made twice", "[sync][parts]") {
  Joined it(Joined::address(), R"({"email":"ada@example.org"})", nullptr);
  it.addresses.write_faults = {MemorySide::Fault::kLoseAnswer};

  it.on_right("city", "Hull");
  it.world.settle(std::chrono::minutes(5));

  CHECK(it.addresses.rows.size() == 1);
  CHECK(it.addresses.creates == 1);
}

TEST_CASE("with_parts: a lost making is repeated only after it can no longer be applied", "[sync][parts]") {
  Joined it(Joined::address(), R"({"email":"ada@example.org"})", nullptr);
  it.addresses.write_faults = {MemorySide::Fault::kLoseRequest};

  it.on_right("city", "Hull");
  it.world.settle(std::chrono::seconds(50));
  CHECK(it.addresses.creates == 0);
  it.world.settle(std::chrono::minutes(5));

  CHECK(it.addresses.creates == 1);
  CHECK(it.addresses.get(it.first(), "city") == Value("Hull"));
}

TEST_CASE("with_parts: a part whose making had left when the process was killed is made once", "[sync][parts]") {
  Joined it(Joined::address(), R"({"email":"ada@example.org"})", nullptr);
  it.addresses.write_faults = {MemorySide::Fault::kLateSilent};

  SECTION("of a record that was there") { it.on_right("city", "Hull"); }
  SECTION("of a record that was written before it") {
    it.world.right.edit(it.row, "phone", Value("2"));
    it.on_right("city", "Hull");
    CHECK(it.world.left.get(it.ada, "phone") == Value("2"));
  }
  SECTION("of a new record") {
    it.row = it.world.right.insert(read(R"({"email":"bob@example.org","city":"Hull"})"));
    it.world.hook(Side::kRight, it.row);
    it.world.settle();
    REQUIRE(it.world.left.rows.size() == 2);
  }
  REQUIRE(it.addresses.rows.empty());
  it.die();
  it.world.settle(std::chrono::seconds(20));
  it.addresses.apply_late();
  it.world.settle(std::chrono::minutes(5));

  CHECK(it.addresses.rows.size() == 1);
  CHECK(it.addresses.get(it.first(), "city") == Value("Hull"));
  CHECK(it.world.conflicts().empty());
}

TEST_CASE("with_parts: what somebody enters into a part as it was agreed on, over a write without answer, is an edit", "[sync][parts]") {
  Joined it;
  it.addresses.edit(it.first(), "city", Value("Hull"));
  it.world.settle(std::chrono::seconds(1));
  it.addresses.write_faults = {MemorySide::Fault::kLoseAnswer};
  it.world.left.read_faults = {MemorySide::Fault::kNone, MemorySide::Fault::kRefuse};
  it.world.right.edit(it.row, "city", Value("Leeds"));
  it.world.hook(Side::kRight, it.row);
  it.world.hook(Side::kLeft, it.ada);
  it.world.settle(std::chrono::milliseconds(1));
  REQUIRE(it.addresses.get(it.first(), "city") == Value("Leeds"));
  it.addresses.edit(it.first(), "city", Value("York"));
  it.sync();
  it.world.settle(std::chrono::minutes(10));

  CHECK(it.addresses.get(it.first(), "city") == Value("York"));
  CHECK(it.city() == Value("York"));
}

TEST_CASE("with_parts: that the record was written does not tell that its part was", "[sync][parts]") {
  Joined it;
  sync::Plan plan = Joined::plan();
  for (sync::Field& field : plan.fields) {
    if (field.name == "address.city") field.strategy_function = 3;  // the right one wins
  }
  it.world.engine->put(std::make_shared<test::TableMapper>(plan, "v4"), {it.left.get(), &it.world.right});
  it.addresses.write_faults = {MemorySide::Fault::kLoseRequest};
  it.world.left.read_faults = {MemorySide::Fault::kNone, MemorySide::Fault::kRefuse};
  it.world.right.edit(it.row, "phone", Value("2"));
  it.world.right.edit(it.row, "city", Value("Leeds"));
  it.world.hook(Side::kRight, it.row);
  it.world.hook(Side::kLeft, it.ada);
  it.world.settle(std::chrono::milliseconds(1));
  REQUIRE(it.world.left.get(it.ada, "phone") == Value("2"));
  REQUIRE(it.addresses.get(it.first(), "city") == Value("York"));
  it.addresses.edit(it.first(), "city", Value("Bath"));
  it.sync();
  it.world.settle(std::chrono::minutes(10));

  CHECK(it.addresses.get(it.first(), "city") == Value("Leeds"));
  CHECK(it.city() == Value("Leeds"));
}

TEST_CASE("with_parts: a part that moves to another record changes both", "[sync][parts]") {
  Joined it;
  const std::string bob = it.world.left.insert(read(R"({"email":"bob@example.org"})"));
  it.world.hook(Side::kLeft, bob);
  it.world.settle();
  std::string other;
  for (const auto& [key, row] : it.world.right.rows) {
    if (key != it.row) other = key;
  }
  Value links(Array{Value(Object{{"link_doctype", Value("Person")}, {"link_name", Value(bob)}})});
  it.addresses.edit(it.first(), "links", links);

  it.part_told(it.first());

  CHECK(it.world.right.get(other, "city") == Value("York"));
  CHECK(it.city().is_null());
}

TEST_CASE("with_parts: a part that was deleted leads to whose it was", "[sync][parts]") {
  Joined it;
  const std::string gone = it.first();
  it.addresses.erase(gone);

  it.part_told(gone);

  CHECK(it.city().is_null());
}

TEST_CASE("with_parts: of several the picked one counts", "[sync][parts]") {
  Joined it;
  it.place_for(it.ada, R"({"city":"Oslo"})", 0);

  it.sync();
  CHECK(it.city() == Value("York"));
  it.on_right("city", "Hull");
  CHECK(it.addresses.get(it.first(), "city") == Value("Hull"));
}

TEST_CASE("with_parts: an emptied part is detached where the mapping says so", "[sync][parts]") {
  Part part = Joined::address();
  part.emptied = Part::Emptied::kDetach;
  Joined it(part);

  it.world.right.edit(it.row, "street", Value());
  it.on_right("city", "");
  it.world.right.edit(it.row, "city", Value());
  it.sync();

  REQUIRE(it.addresses.rows.size() == 1);
  CHECK(it.addresses.get(it.first(), "links") == Value(Array{}));
  CHECK(it.world.conflicts().empty());
}

TEST_CASE("with_parts: that the trash has no parts is no edit that came before the delete", "[sync][parts]") {
  Part part = Joined::address();
  part.emptied = GENERATE(Part::Emptied::kClear, Part::Emptied::kDetach, Part::Emptied::kDelete);
  Joined it(part);
  it.world.left.able.guarded_deletes = false;
  it.die();
  const bool edited = GENERATE(false, true);
  CAPTURE(edited);
  if (edited) it.world.left.before_delete = [&](auto& row) { row.fields["note"] = Value("called back"); };

  it.world.right.erase(it.row);
  it.world.hook(Side::kRight, it.row, "delete");
  it.world.settle();

  CHECK(it.world.left.rows.empty());
  REQUIRE(it.world.conflicts().size() == (edited ? 1 : 0));
  if (edited) CHECK(it.world.conflicts().front().shown.left == Value(Object{{"note", Value("called back")}}));
}

TEST_CASE("with_parts: a part that is deleted with its record stays where it is another's, too", "[sync][parts]") {
  const bool shared = GENERATE(true, false);
  CAPTURE(shared);
  Part part = Joined::address();
  part.emptied = Part::Emptied::kDelete;
  Joined it(part);
  const std::string place = it.first();
  const Value theirs(Object{{"link_doctype", Value("Supplier")}, {"link_name", Value(it.ada)}});
  if (shared) {
    Value links = it.addresses.get(place, "links");
    links.as_array().push_back(theirs);
    it.addresses.edit(place, "links", links);
  }
  SECTION("the record is deleted") {
    it.world.right.erase(it.row);
    it.world.hook(Side::kRight, it.row, "delete");
    it.world.settle();
    CHECK(it.world.left.rows.empty());
  }
  SECTION("the part is emptied") {
    it.world.right.edit(it.row, "street", Value());
    it.world.right.edit(it.row, "city", Value());
    it.sync();
  }

  REQUIRE(it.addresses.rows.size() == (shared ? 1 : 0));
  if (shared) {
    CHECK(it.addresses.get(place, "links") == Value(Array{theirs}));
    CHECK(it.addresses.get(place, "city") == Value("York"));
  }
}

TEST_CASE("with_parts: the later edit wins where one of the two was made in the part", "[sync][parts]") {
  Joined it;
  it.world.right.edit(it.row, "city", Value("Hull"));
  it.world.settle(std::chrono::seconds(10));
  it.addresses.edit(it.first(), "city", Value("Leeds"));

  it.sync();

  CHECK(it.city() == Value("Leeds"));
  CHECK(it.addresses.get(it.first(), "city") == Value("Leeds"));
}

TEST_CASE("with_parts: polls lead from a part to its record", "[sync][parts]") {
  Joined it;
  Value cursor;
  it.left->start([&](Result<Value> start) { cursor = start.value(); });
  it.world.timers.run_posted();
  it.addresses.edit(it.first(), "city", Value("Leeds"));
  it.world.left.edit(it.ada, "phone", Value("1"));

  std::vector<std::string> keys;
  it.left->changes(cursor, 100, [&](Result<sync::ChangesPage> page) {
    for (const auto& record : page->records) keys.push_back(record.key);
  });
  it.world.timers.run_posted();

  CHECK(keys == std::vector<std::string>{it.ada, sync::watch_key("@address", it.first())});
}

TEST_CASE("with_parts: a record that names its part shares it with others that do", "[sync][parts]") {
  Part part;
  part.name = "address";
  part.owner = Part::Owner::kVia;
  part.field = "home";
  part.columns = {"city", "street"};
  Joined it(part, R"({"email":"ada@example.org","home":"A1"})", R"({"city":"York"})");
  const std::string bob = it.world.left.insert(read(R"({"email":"bob@example.org","home":"A1"})"));
  it.world.hook(Side::kLeft, bob);
  it.world.settle();
  REQUIRE(it.world.right.rows.size() == 2);

  it.on_right("city", "Hull");
  CHECK(it.addresses.get("A1", "city") == Value("Hull"));
  it.part_told("A1");

  for (const auto& [key, row] : it.world.right.rows) CHECK(it.world.right.get(key, "city") == Value("Hull"));
}

TEST_CASE("with_parts: counted are the records, not what belongs to them", "[sync][parts]") {
  Joined it;
  it.place_for(it.ada, R"({"city":"Leeds"})", 0);
  it.world.left.counts = it.addresses.counts = true;
  std::optional<std::int64_t> counted;
  it.left->count([&](Result<std::optional<std::int64_t>> answer) { counted = *answer; });
  it.world.settle();

  CHECK(counted == 1);
  CHECK(it.addresses.count_calls == 0);
}
