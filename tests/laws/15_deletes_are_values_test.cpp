// Law 15: deletes are values.
#include <catch2/catch.hpp>

#include "support/looking.h"
#include "support/people.h"

using namespace tidewire;
using namespace tidewire::test;
using sync::DeletePolicy;
using sync::Side;

namespace {

sync::Plan with_deletes(DeletePolicy to_right) {
  sync::Plan plan = World::default_plan();
  plan.end.right.deletes = to_right;
  plan.end.right.soft_field = "archived";
  plan.end.right.soft_value = Value(true);
  return plan;
}

/// A pair that was left alone for longer than any settle time.
struct Old : Pair {
  explicit Old(sync::Plan plan = World::default_plan()) : Pair(std::move(plan)) { later(); }
};

}  // namespace

TEST_CASE("law 15: a tombstone stays in the link, with its base", "[laws][15]") {
  Old it;
  it.erase(Side::kLeft);
  it.world.settle();

  const store::Known known = it.known(Side::kLeft, it.left);
  CHECK_FALSE(known.link);
  REQUIRE(known.tombstones.size() == 1);
  CHECK(known.tombstones.front().base.at("email").right == Value("ada@example.org"));
  CHECK(known.tombstones.front().key.right == it.right);
}

TEST_CASE("law 15: a delete against an unchanged record goes as the mapping says: delete", "[laws][15]") {
  Old it(with_deletes(DeletePolicy::kDelete));
  it.erase(Side::kLeft);
  it.world.settle();

  CHECK(it.world.right.rows.empty());
  CHECK(it.world.right.deletes == 1);
}

TEST_CASE("law 15: a delete against an unchanged record goes as the mapping says: ignore, recorded and shown", "[laws][15]") {
  Old it(with_deletes(DeletePolicy::kIgnore));
  it.erase(Side::kLeft);
  it.world.settle();
  it.edit(Side::kRight, "phone", "9");
  it.tell();

  CHECK(it.world.right.rows.size() == 1);
  CHECK(it.world.left.rows.empty());
  CHECK(it.new_writes() == 0);
  REQUIRE(it.world.ears.operations.size() == 1);
  CHECK(it.world.ears.operations.front().kind == "delete");
  CHECK(it.world.ears.operations.front().outcome == "skipped");
  CHECK(it.world.counts().counters["ignored_deletes"] == 1);
}

TEST_CASE("law 15: until the author chooses, deletes are ignored", "[laws][15]") {
  CHECK(sync::End{}.deletes == DeletePolicy::kIgnore);
}

TEST_CASE("law 15: a soft delete writes the named field and value", "[laws][15]") {
  Old it(with_deletes(DeletePolicy::kSoft));
  it.erase(Side::kLeft);
  it.world.settle();

  REQUIRE(it.world.right.rows.size() == 1);
  CHECK(it.world.right.get(it.right, "archived") == Value(true));
  CHECK(it.world.right.deletes == 0);
}

TEST_CASE("law 15: delete against update restores the updated record, and says so", "[laws][15]") {
  Old it;
  it.edit(Side::kRight, "phone", "edited");
  it.erase(Side::kLeft);
  it.world.settle();

  REQUIRE(it.world.left.rows.size() == 1);
  CHECK(it.world.left.rows.begin()->second.fields.string_or("phone") == "edited");
  CHECK(it.world.right.rows.size() == 1);
  REQUIRE(it.world.ears.operations.size() == 1);
  CHECK(it.world.ears.operations.front().kind == "restore");
  CHECK(it.world.ears.operations.front().record.string_or("restored").find("deleted on the left while edited on the right") != std::string::npos);

  it.world.hook(Side::kLeft, it.world.left.rows.begin()->first);
  it.world.settle();
  CHECK(it.world.left.rows.size() == 1);
  CHECK(it.world.right.rows.size() == 1);
}

TEST_CASE("law 15: delete against update: the delete wins where that is declared", "[laws][15]") {
  sync::Plan plan = World::default_plan();
  plan.end.right.delete_wins = true;
  Old it(plan);
  it.edit(Side::kRight, "phone", "edited");
  it.erase(Side::kLeft);
  it.world.settle();

  CHECK(it.world.right.rows.empty());
  CHECK(it.world.left.rows.empty());
}

TEST_CASE("law 15: delete against delete is done", "[laws][15]") {
  Old it;
  it.side(Side::kRight).erase(it.right);
  it.erase(Side::kLeft);
  it.world.hook(Side::kRight, it.right, "delete");
  it.world.settle();

  CHECK(it.new_writes() == 0);
  CHECK(it.world.counts().links == 0);
  CHECK(it.world.counts().dead == 0);
  CHECK(standing_of(it.world).empty());
}

TEST_CASE("law 15: deleting what is gone is success", "[laws][15]") {
  Old it;
  it.world.right.before_write = nullptr;
  it.world.right.able.guarded_deletes = false;
  it.world.right.after_read = [&] { it.world.right.rows.erase(it.right); };  // between our read and our request
  it.erase(Side::kLeft);
  it.world.settle();

  CHECK(it.world.right.rows.empty());
  CHECK(it.world.counts().dead == 0);
  CHECK(it.world.counts().tombstones == 1);
}

TEST_CASE("law 15: the echo of our own delete brings nothing back", "[laws][15]") {
  Old it;
  it.erase(Side::kLeft);
  it.world.settle();
  it.world.hook(Side::kRight, it.right, "delete");
  it.world.settle();

  CHECK(it.world.left.rows.empty());
  CHECK(it.new_writes() == 1);
}

TEST_CASE("law 15: created again under its key it is a new generation with an empty base", "[laws][15]") {
  Old it;
  it.erase(Side::kLeft);
  it.world.settle();
  it.world.left.insert(person("ada@example.org", "another"), it.left);
  it.world.hook(Side::kLeft, it.left);
  it.world.settle(std::chrono::minutes(3));

  REQUIRE(it.world.right.rows.size() == 1);
  CHECK(it.world.right.get(it.world.only_right(), "phone") == Value("another"));
  CHECK(it.link().generation == 2);
}

TEST_CASE("law 15: what a write of ours of unknown outcome made there is no edit against a delete", "[laws][15]") {
  for (const bool otherwise : {false, true}) {
    Old it;
    if (otherwise) it.world.right.store_as = [](const std::string& field, Value value) { return field == "phone" ? Value("+2") : value; };
    it.world.right.write_faults = {MemorySide::Fault::kLoseAnswer};
    it.world.right.read_faults = {MemorySide::Fault::kRefuse};
    it.edit(Side::kLeft, "phone", "2");
    it.world.hook(Side::kLeft, it.left);
    it.world.settle(std::chrono::milliseconds(1));
    REQUIRE(it.shown(Side::kRight, "phone") == (otherwise ? "+2" : "2"));

    it.erase(Side::kLeft);
    it.world.settle(std::chrono::minutes(5));

    CHECK(it.world.right.rows.empty());
    CHECK(it.world.left.rows.empty());
    const auto stored = operations_of(it.world);
    const Value* told = stored.front().record.find("earlier");  // should it have been somebody's
    REQUIRE(told != nullptr);
    CHECK(told->as_array().front().at_path("phone.right")->as_string() == (otherwise ? "+2" : "2"));
  }
}

TEST_CASE("law 15: nor is what stands in a field that a create in doubt had not sent, and it stays on record",
          "[laws][15][12][25]") {
  World world(with_deletes(DeletePolicy::kDelete));
  Value someone = person("ada@example.org");
  someone["phone"] = Value();
  const std::string source = world.left.insert(someone);
  world.right.write_faults = {MemorySide::Fault::kLoseAnswer};
  world.hook(Side::kLeft, source);
  world.settle(std::chrono::milliseconds(1));
  world.right.edit(world.only_right(), "phone", Value("entered there"));
  world.left.rows.erase(source);
  world.hook(Side::kLeft, source, "delete");
  world.settle(std::chrono::minutes(10));

  CHECK(world.right.rows.empty());
  const auto stored = operations_of(world);
  REQUIRE_FALSE(stored.empty());
  const Value* told = stored.front().record.find("earlier");
  REQUIRE(told != nullptr);
  CHECK(told->as_array().front().at_path("phone.right")->as_string() == "entered there");
}

namespace {

/// A pair of which the left was deleted and the right marked.
struct Marked : Old {
  std::map<std::string, MemorySide::Row> before;
  explicit Marked(sync::Plan plan = with_deletes(DeletePolicy::kSoft)) : Old(std::move(plan)) {
    world.right.edit(right, "archived", Value(false));
    tell();
    later();
    before = world.left.rows;
    erase(Side::kLeft);
    world.settle();
    REQUIRE(world.right.get(right, "archived") == Value(true));
    forget_what_was();
  }
  /// Out of the trash, as it was.
  void undelete() {
    world.left.insert(before.at(left).fields, left);
    world.left.rows.at(left).incarnation = before.at(left).incarnation;
    world.hook(Side::kLeft, left);
    world.settle(std::chrono::minutes(3));
  }
};

}  // namespace

TEST_CASE("law 15: a soft delete is taken back: where the record is there again, the other loses its mark",
          "[laws][15]") {
  Marked it;
  it.undelete();

  CHECK(it.world.right.get(it.right, "archived") == Value(false));
  CHECK(it.world.left.rows.size() == 1);
  CHECK(it.world.right.rows.size() == 1);
  CHECK(it.link().key.right == it.right);
  REQUIRE(it.world.ears.operations.size() == 1);
  CHECK(it.world.ears.operations.front().kind == "restore");
  CHECK(it.world.ears.operations.front().record.string_or("restored") ==
        "it was deleted on the left, and is there again");
  it.edit(Side::kLeft, "phone", "2");
  it.tell();
  CHECK(it.both_show("phone", "2"));
}

TEST_CASE("law 15: what was edited meanwhile is merged as ever", "[laws][15]") {
  Marked it;
  it.edit(Side::kRight, "phone", "edited");
  it.tell();
  it.undelete();

  CHECK(it.both_show("phone", "edited"));
  CHECK(it.world.right.get(it.right, "archived") == Value(false));
}

TEST_CASE("law 15: a mark that is a field of the mapping too is no edit of it", "[laws][15]") {
  sync::Plan plan = with_deletes(DeletePolicy::kSoft);
  plan.fields.push_back(World::field("archived"));
  Marked it(plan);
  it.undelete();

  CHECK(it.world.right.get(it.right, "archived") == Value(false));
  CHECK(it.world.left.get(it.left, "archived") == Value(false));
  CHECK(it.requests(Side::kLeft, "update").empty());
}

TEST_CASE("law 15: the mark goes though the answer or the request is lost", "[laws][15][26]") {
  for (const auto fault : {MemorySide::Fault::kLoseAnswer, MemorySide::Fault::kLoseRequest}) {
    Marked it;
    it.world.right.write_faults = {fault};
    it.undelete();
    it.world.settle(std::chrono::minutes(10));

    CHECK(it.world.right.get(it.right, "archived") == Value(false));
    CHECK(it.known(Side::kLeft, it.left).intents.empty());
    CHECK(it.link().id != 0);
  }
}

TEST_CASE(
    "law 15: what stood where the mark is comes back, also where the mark was set by a request of unknown outcome",
    "[laws][15][26]") {
  Old it(with_deletes(DeletePolicy::kSoft));
  it.world.right.edit(it.right, "archived", Value("no"));
  it.tell();
  it.later();
  const auto before = it.world.left.rows;
  it.world.right.write_faults = {MemorySide::Fault::kLoseAnswer};
  it.erase(Side::kLeft);
  it.world.settle(std::chrono::minutes(3));
  REQUIRE(it.world.right.get(it.right, "archived") == Value(true));
  it.world.left.rows = before;
  it.world.hook(Side::kLeft, it.left);
  it.world.settle(std::chrono::minutes(3));

  CHECK(it.world.right.get(it.right, "archived") == Value("no"));
}

TEST_CASE("law 15: a person who takes the mark away has the deleted record made again", "[laws][15]") {
  Marked it;
  it.world.right.edit(it.right, "archived", Value(false));
  it.world.hook(Side::kRight, it.right);
  it.world.settle(std::chrono::minutes(3));

  REQUIRE(it.world.left.rows.size() == 1);
  CHECK(it.world.left.rows.begin()->second.fields.string_or("email") == "ada@example.org");
  CHECK(it.known(Side::kRight, it.right).link->generation == 2);
  CHECK(it.world.ears.operations.back().record.string_or("restored") ==
        "its delete on the left was taken back on the right");
  it.edit(Side::kRight, "phone", "2");
  it.world.hook(Side::kRight, it.right);
  it.world.settle();
  CHECK(it.world.left.rows.begin()->second.fields.string_or("phone") == "2");
}

TEST_CASE("law 15: an edit of what is marked brings nothing back", "[laws][15]") {
  Marked it;
  it.edit(Side::kRight, "phone", "2");
  it.tell();
  it.world.right.edit(it.right, "archived", Value(1));  // a mark still, in another form
  it.tell(std::chrono::minutes(3));

  CHECK(it.world.left.rows.empty());
  CHECK(it.new_writes() == 0);
}

TEST_CASE("law 15: created again and met by its match, the marked one loses its mark", "[laws][15]") {
  Marked it;
  it.world.left.insert(person("ada@example.org", "new"), "L-new");
  it.world.hook(Side::kLeft, "L-new");
  it.world.settle(std::chrono::minutes(3));

  CHECK(it.world.right.rows.size() == 1);
  CHECK(it.world.right.get(it.right, "archived") == Value(false));
  CHECK(it.known(Side::kRight, it.right).link->key.left == "L-new");
}

TEST_CASE("law 15: the mark is nobody's edit: what was entered again before it was set is the newer", "[laws][15][11]") {
  for (const auto fault : {MemorySide::Fault::kNone, MemorySide::Fault::kLoseAnswer}) {
    Old it(with_deletes(DeletePolicy::kSoft));
    it.side(Side::kLeft).erase(it.left);
    it.world.left.insert(person("ada@example.org", "new"), "L-new");
    it.later(std::chrono::seconds(30));
    it.world.right.write_faults = {fault};
    it.world.hook(Side::kLeft, it.left, "delete");
    it.world.hook(Side::kLeft, "L-new");
    it.world.settle(std::chrono::minutes(10));

    CHECK(it.world.right.rows.size() == 1);
    REQUIRE(it.known(Side::kRight, it.right).link);
    CHECK(it.known(Side::kRight, it.right).link->key.left == "L-new");
    CHECK(it.shown(Side::kRight, "phone") == "new");
    CHECK(it.world.left.get("L-new", "phone") == Value("new"));
  }
}

TEST_CASE("law 15: an edit of what is marked keeps its own time", "[laws][15][11]") {
  Marked it;
  it.world.left.insert(person("ada@example.org", "new"), "L-new");
  it.later(std::chrono::seconds(30));
  it.edit(Side::kRight, "phone", "edited");
  it.world.hook(Side::kLeft, "L-new");
  it.world.settle(std::chrono::minutes(3));

  CHECK(it.shown(Side::kRight, "phone") == "edited");
  CHECK(it.world.left.get("L-new", "phone") == Value("edited"));
}

TEST_CASE("law 15: where the marked one was deleted for good meanwhile, a new one is made", "[laws][15]") {
  Marked it;
  it.side(Side::kRight).erase(it.right);
  it.undelete();

  REQUIRE(it.world.right.rows.size() == 1);
  CHECK(it.world.only_right() != it.right);
  CHECK(it.link().key.right == it.world.only_right());
}

namespace {

/// Both people had entered the record; they are met, the right is written, and the left's answer says nothing.
struct Halfway {
  World world;
  std::string left, right;
  explicit Halfway(sync::Plan plan = World::default_plan()) : world(std::move(plan)) {
    Value fields = person("ada@example.org");
    fields["phone"] = Value();
    left = world.left.insert(std::move(fields));
    fields = person("ada@example.org", "9");
    fields["note"] = Value();
    right = world.right.insert(std::move(fields));
    world.left.write_faults = {MemorySide::Fault::kLoseRequest};
    world.hook(Side::kLeft, left);
    world.settle(std::chrono::milliseconds(1));
    ASSERT(world.right.get(right, "note") == Value("n") && world.left.get(left, "phone").is_null(), "it is half written");
  }
};

}  // namespace

TEST_CASE("law 15: a value that the other side never had is an edit against its delete", "[laws][15]") {
  Halfway it;
  it.world.left.erase(it.left);
  it.world.hook(Side::kLeft, it.left, "delete");
  it.world.settle(std::chrono::minutes(5));

  CHECK(it.world.right.get(it.right, "phone") == Value("9"));
  REQUIRE(it.world.left.rows.size() == 1);
  CHECK(it.world.left.rows.begin()->second.fields.string_or("phone") == "9");
}

TEST_CASE("law 15: a field that the mapping got since, or that the brake holds, is none", "[laws][15][18]") {
  for (const bool held : {false, true}) {
    Pair it;
    const std::string other = it.world.left.insert(person("bob@example.org"));
    it.world.hook(Side::kLeft, other);
    it.world.settle();
    const std::string twin = *it.known(Side::kLeft, other).link->key.right;
    for (const std::string& key : {it.right, twin}) it.world.right.edit(key, "city", Value("Paris"));
    sync::Plan plan = World::default_plan();
    plan.fields.push_back(World::field("city"));
    plan.brake_least = 1;
    restart(it.world, plan);
    it.world.settle();
    it.world.hook(Side::kRight, it.right);
    it.world.settle();
    REQUIRE(it.shown(Side::kLeft, "city") == "Paris");
    if (held) it.world.hook(Side::kRight, twin);
    it.world.settle(std::chrono::minutes(2));
    REQUIRE(it.world.counts().braked.size() == (held ? 1U : 0U));

    it.world.left.erase(other);
    it.world.hook(Side::kLeft, other, "delete");
    it.world.settle(std::chrono::minutes(5));

    CHECK_FALSE(it.world.right.rows.contains(twin));
    CHECK(it.world.left.rows.size() == 1);
  }
}

TEST_CASE("law 15: a restored record has what is looked up for it", "[laws][15][8]") {
  Looking it;
  const std::string left = it.add("ada@example.org", "ACME");
  it.world.settle(std::chrono::minutes(5));
  it.world.right.edit(it.world.only_right(), "phone", Value("2"));
  it.world.left.erase(left);
  it.world.hook(Side::kLeft, left, "delete");
  it.world.settle(std::chrono::minutes(2));

  REQUIRE(it.world.left.rows.size() == 1);
  const std::string again = it.world.left.rows.begin()->first;
  CHECK(it.world.left.get(again, "phone") == Value("2"));
  CHECK(it.world.left.get(again, "company") == Value("ACME"));
}

TEST_CASE("law 15: a restored record begins anew: what was announced to the one that is gone ends with it", "[laws][15][26]") {
  Old it;
  it.world.right.write_faults = {MemorySide::Fault::kLoseRequest};
  it.world.right.read_faults = {MemorySide::Fault::kRefuse};
  it.edit(Side::kLeft, "phone", "2");
  it.world.hook(Side::kLeft, it.left);
  it.world.settle(std::chrono::milliseconds(1));
  REQUIRE(it.known(Side::kLeft, it.left).intents.size() == 1);
  it.erase(Side::kRight);
  it.world.settle(std::chrono::minutes(5));

  CHECK(it.known(Side::kLeft, it.left).intents.empty());
  REQUIRE(it.world.right.rows.size() == 1);
  CHECK(it.world.right.get(it.world.only_right(), "phone") == Value("2"));
}

TEST_CASE("law 15: nor does what was announced to the record that lives on move its base", "[laws][15][26]") {
  Old it;
  it.world.left.able.guarded_writes = false;
  it.world.left.write_faults = {MemorySide::Fault::kLate};
  it.edit(Side::kRight, "email", "new@example.org");
  it.world.hook(Side::kRight, it.right);
  it.world.settle(std::chrono::milliseconds(1));
  REQUIRE(it.known(Side::kLeft, it.left).intents.size() == 1);
  it.edit(Side::kLeft, "phone", "2");
  it.erase(Side::kRight);
  it.world.settle(std::chrono::seconds(10));
  CHECK(it.world.right.rows.empty());  // what may still arrive on the left is waited for
  it.world.left.apply_late();
  it.world.settle(std::chrono::minutes(5));

  REQUIRE(it.world.right.rows.size() == 1);
  CHECK(it.world.right.get(it.world.only_right(), "phone") == Value("2"));
  CHECK(it.world.right.get(it.world.only_right(), "email") == it.world.left.get(it.left, "email"));
  CHECK(it.known(Side::kLeft, it.left).intents.empty());
}
