// Law 28: what the base takes from an answer.
#include <catch2/catch.hpp>

#include <cctype>

#include "support/people.h"

using namespace tidewire;
using namespace tidewire::test;
using sync::Capabilities;
using sync::Side;

namespace {

/// The right system puts a plus before a phone.
Value with_plus(const std::string& field, Value value) {
  const bool phone = field == "phone" && value.is_string();
  return phone && value.as_string().rfind('+', 0) != 0 ? Value("+" + value.as_string()) : value;
}

Value in_case(Value value, bool upper) {
  std::string text = value.is_string() ? value.as_string() : "";
  for (char& letter : text) letter = static_cast<char>(upper ? std::toupper(letter) : std::tolower(letter));
  return value.is_string() ? Value(text) : value;
}

/// The left system stores phones and tags in upper case, the right one in lower case.
struct Cases : Pair {
  explicit Cases(Capabilities::Answer answer = Capabilities::Answer::kStored, bool versions = true) {
    for (const Side side : {Side::kLeft, Side::kRight}) {
      this->side(side).able.answer = answer;
      this->side(side).versions = versions;
      this->side(side).able.guarded_writes = versions;
      this->side(side).store_as = [side](const std::string& field, Value value) { return field == "phone" || field == "tags" ? in_case(std::move(value), side == Side::kLeft) : value; };
    }
    tell();
    forget_what_was();
  }
  /// Long enough for a loop to show itself.
  int writes_from_here_on() {
    forget_what_was();
    for (int i = 0; i < 5; ++i) tell(std::chrono::minutes(2));
    return new_writes();
  }
};

}  // namespace

TEST_CASE("law 28: from an answer the base takes only the fields that this write carried", "[laws][28]") {
  Pair it;
  it.world.right.able.guarded_writes = false;
  it.edit(Side::kLeft, "phone", "2");
  it.world.right.before_write = [&] { it.edit(Side::kRight, "email", "late@new.org"); };
  it.world.hook(Side::kLeft, it.left);
  it.world.settle();

  // Every other difference is a change like any other: the key was queued again, and it travelled.
  CHECK(it.both_show("email", "late@new.org"));
  CHECK(it.both_show("phone", "2"));
}

TEST_CASE("law 28: what the target makes of a value goes back once, and then there is rest", "[laws][28]") {
  Pair it;
  it.world.right.store_as = with_plus;
  it.edit(Side::kLeft, "phone", "5");
  it.tell();

  CHECK(it.both_show("phone", "+5"));
  CHECK(it.new_writes() == 2);
  it.tell();
  CHECK(it.new_writes() == 2);
}

TEST_CASE("law 28: normalisation is remembered per field as sent and stored", "[laws][28]") {
  Pair it;
  it.world.right.store_as = with_plus;
  it.edit(Side::kLeft, "phone", "5");
  it.tell();

  const store::Link link = it.link();
  const Value* note = link.notes.find("phone");
  REQUIRE(note != nullptr);
  CHECK(note->string_or("sent") == "5");
  CHECK(note->string_or("stored") == "+5");
  CHECK(note->string_or("side") == "right");
}

TEST_CASE("law 28: an answer as sent or none is followed by a read, which counts as the answer", "[laws][28]") {
  for (const auto answer : {Capabilities::Answer::kAsSent, Capabilities::Answer::kNone}) {
    Pair it;
    it.world.right.able.answer = answer;
    it.world.right.store_as = with_plus;
    it.edit(Side::kLeft, "phone", "5");
    it.world.hook(Side::kLeft, it.left);
    it.world.settle();

    CHECK(it.requests(Side::kRight, "read").size() >= 1);
    CHECK(it.both_show("phone", "+5"));
  }
}

TEST_CASE("law 28: so it is after a create", "[laws][28]") {
  World world;
  world.right.able.answer = Capabilities::Answer::kAsSent;
  world.right.store_as = with_plus;
  const std::string key = world.left.insert(person("ada@example.org", "5"));
  world.hook(Side::kLeft, key);
  world.settle();

  CHECK(world.left.get(key, "phone") == Value("+5"));
}

TEST_CASE("law 28: the read counts as the answer only under the version of our own write", "[laws][28]") {
  Pair it;
  it.world.right.able.answer = Capabilities::Answer::kAsSent;
  it.edit(Side::kLeft, "phone", "5");
  it.world.right.after_update = [&] { it.edit(Side::kRight, "phone", "6"); };  // between our write and our read of it
  it.world.hook(Side::kLeft, it.left);
  it.world.settle();

  CHECK(it.both_show("phone", "6"));  // an edit on top of what was sent, not another form of it
  const store::Link link = it.link();
  CHECK(link.notes.find("phone") == nullptr);
}

TEST_CASE("law 28: without that version, equal to sent is written", "[laws][28]") {
  Pair it;
  it.world.right.able.answer = Capabilities::Answer::kNone;
  it.world.right.versions = false;
  it.edit(Side::kLeft, "phone", "5");
  it.tell();

  CHECK(it.both_show("phone", "5"));
  CHECK(it.link().base.at("phone").right == Value("5"));
}

TEST_CASE("law 28: without that version, anything else: the base takes what was sent, and that value loses any clash", "[laws][28]") {
  Pair it;
  it.world.right.able.answer = Capabilities::Answer::kNone;
  it.world.right.versions = it.world.right.able.guarded_writes = false;
  it.world.right.store_as = with_plus;
  it.edit(Side::kLeft, "phone", "5");
  it.world.right.after_update = [&] { it.edit(Side::kLeft, "phone", "7"); };  // an edit that must not lose to "+5"
  it.world.hook(Side::kLeft, it.left);
  it.world.settle();
  it.later(std::chrono::minutes(1));
  it.tell();

  CHECK(it.shown(Side::kRight, "phone") == "+7");
  CHECK(it.shown(Side::kLeft, "phone") != "+5");
}

TEST_CASE("law 28: what the target itself makes of a new record is told to the source", "[laws][28]") {
  sync::Plan plan = World::default_plan();
  plan.fields.push_back(World::field("number"));
  plan.fields.back().flow = sync::Flow::kToRight;
  World world(std::move(plan));
  world.left.numbers = "number";
  const std::string key = world.right.insert(person("ada@example.org"));

  world.hook(Side::kRight, key);
  world.settle();

  REQUIRE(world.left.rows.size() == 1);
  CHECK(world.right.get(key, "number") == Value("N-" + world.left.rows.begin()->first));
  CHECK(world.writes() == 2);
}

TEST_CASE("law 28: two systems that each write a value in their own form are a ping_pong, and then there is rest", "[laws][28]") {
  for (const auto answer : {Capabilities::Answer::kStored, Capabilities::Answer::kAsSent, Capabilities::Answer::kNone}) {
    for (const bool versions : {true, false}) {
      for (const Side edited : {Side::kLeft, Side::kRight}) {
        Cases it(answer, versions);
        it.edit(edited, "phone", edited == Side::kLeft ? "TEL 5" : "tel 5");
        it.tell();

        REQUIRE(it.world.conflicts().size() == 1);
        CHECK(it.world.conflicts().front().kind == "ping_pong");
        CHECK(it.world.conflicts().front().shown.left == Value("TEL 5"));
        CHECK(it.world.conflicts().front().shown.right == Value("tel 5"));
        CHECK(it.new_writes() == 2);
        CHECK(it.writes_from_here_on() == 0);
      }
    }
  }
}

TEST_CASE("law 28: a person settles it: each system keeps its own form of what was said", "[laws][28]") {
  for (const auto answer : {Capabilities::Answer::kStored, Capabilities::Answer::kNone}) {
    for (const bool versions : {true, false}) {
      for (const std::string method : {"left", "right", "skip"}) {
        Cases it(answer, versions);
        it.edit(Side::kLeft, "phone", "TEL 5");
        it.tell();
        it.resolve("phone", method);

        const std::size_t open = method == "skip" ? 1 : 0;  // what is skipped stays open
        CHECK(it.world.conflicts().size() == open);
        CHECK(it.shown(Side::kLeft, "phone") == "TEL 5");
        CHECK(it.shown(Side::kRight, "phone") == "tel 5");
        CHECK(it.writes_from_here_on() == 0);
        CHECK(it.world.conflicts().size() == open);
      }
    }
  }
}

TEST_CASE("law 28: so does a value of a person's own", "[laws][28]") {
  Cases it;
  it.edit(Side::kLeft, "phone", "TEL 5");
  it.tell();
  it.resolve("phone", "value", Value("Ring 7"), Value("Ring 7"));

  CHECK(it.shown(Side::kLeft, "phone") == "RING 7");
  CHECK(it.shown(Side::kRight, "phone") == "ring 7");
  CHECK(it.writes_from_here_on() == 0);
  CHECK(it.world.conflicts().empty());
}

TEST_CASE("law 28: a value calculated of both that both systems rewrite is a ping_pong, not calculated again", "[laws][28]") {
  Cases it;
  it.edit_both("tags", "A", "b");
  it.tell();

  REQUIRE(it.world.conflicts().size() == 1);
  CHECK(it.world.conflicts().front().kind == "ping_pong");
  CHECK(it.world.conflicts().front().shown.left == Value("A+B"));
  CHECK(it.world.conflicts().front().shown.right == Value("a+b"));
  CHECK(it.writes_from_here_on() == 0);
}

TEST_CASE("law 28: two systems whose forms grow with every write stop too", "[laws][28]") {
  for (const bool versions : {true, false}) {
    Pair it;
    for (const Side side : {Side::kLeft, Side::kRight}) {
      it.side(side).versions = it.side(side).able.guarded_writes = versions;
      if (!versions) it.side(side).able.answer = Capabilities::Answer::kNone;
      it.side(side).store_as = [mark = side == Side::kLeft ? "!" : "?"](const std::string& field, Value value) { return field == "phone" ? Value(value.as_string() + mark) : value; };
    }
    it.edit(Side::kLeft, "phone", "5");
    for (int i = 0; i < 5; ++i) it.tell(std::chrono::minutes(2));

    REQUIRE(it.world.conflicts().size() == 1);
    CHECK(it.world.conflicts().front().kind == "ping_pong");
    CHECK(it.shown(Side::kLeft, "phone") == "5?!");
    CHECK(it.new_writes() == 2);
  }
}

TEST_CASE("law 28: one that changes a value after another did so once is no ping_pong", "[laws][28]") {
  Pair it;
  it.world.right.store_as = with_plus;
  it.edit(Side::kLeft, "phone", "5");
  it.tell();
  it.world.left.store_as = [](const std::string&, Value value) { return value == Value("+ 6") ? Value("+6") : value; };
  it.edit(Side::kRight, "phone", "+ 6");
  it.tell();

  CHECK(operations_of(it.world, "conflict").empty());
  CHECK(it.both_show("phone", "+6"));
}

TEST_CASE("law 28: what may be only our own write in another form loses, whatever the rule, and is on record", "[laws][28]") {
  sync::Plan plan = World::default_plan();
  plan.fields[1] = World::field("phone", 3);  // the right wins
  Pair it(plan);
  it.world.right.able.answer = Capabilities::Answer::kNone;
  it.world.right.versions = it.world.right.able.guarded_writes = false;
  it.world.right.store_as = with_plus;
  it.edit(Side::kLeft, "phone", "5");
  it.world.right.after_update = [&] { it.edit(Side::kLeft, "phone", "7"); };
  it.world.hook(Side::kLeft, it.left);
  it.world.settle();
  it.tell();

  CHECK(it.shown(Side::kRight, "phone") == "+7");
  const auto& operations = it.world.ears.operations;
  CHECK(std::any_of(operations.begin(), operations.end(), [](const store::Operation& one) { return one.record.at_path("fields.phone") != nullptr && one.record.at_path("fields.phone")->string_or("rule").find("it loses") != std::string::npos && one.record.at_path("fields.phone")->string_or("right") == "+5"; }));
}

TEST_CASE("law 28: of a computed strategy it is a conflict", "[laws][28]") {
  Pair it;
  it.world.right.able.answer = Capabilities::Answer::kNone;
  it.world.right.versions = it.world.right.able.guarded_writes = false;
  it.world.right.store_as = [](const std::string& field, Value value) { return field == "tags" ? Value("<" + value.as_string() + ">") : value; };
  it.edit(Side::kLeft, "tags", "a");
  it.world.right.after_update = [&] { it.edit(Side::kLeft, "tags", "b"); };
  it.world.hook(Side::kLeft, it.left);
  it.world.settle();
  it.tell();

  REQUIRE(it.world.conflicts().size() == 1);
  CHECK(it.shown(Side::kLeft, "tags") == "b");
  CHECK(it.shown(Side::kRight, "tags") == "<a>");
}

TEST_CASE("law 28: a side that keeps less of a second is no edit of the other one's value", "[laws][28]") {
  sync::Plan plan = World::default_plan();
  plan.fields[1].type = {sync::Type::from(Value(Object{{"kind", "time"}})), sync::Type::from(Value(Object{{"kind", "time"}, {"resolution", 1}}))};
  World world(std::move(plan));
  const std::string left = world.left.insert(person("ada@example.org", "10:00:00.987654"));
  world.hook(Side::kLeft, left);
  world.settle();
  const std::string right = world.only_right();
  CHECK(world.right.get(right, "phone") == Value("10:00:00"));
  for (int i = 0; i < 3; ++i) {
    world.hook(Side::kLeft, left);
    world.hook(Side::kRight, right);
    world.settle(std::chrono::minutes(2));
  }
  CHECK(world.left.get(left, "phone") == Value("10:00:00.987654"));
  CHECK(world.left.writes == 0);

  world.right.edit(right, "phone", Value("11:00:00"));
  world.hook(Side::kRight, right);
  world.settle();
  CHECK(world.left.get(left, "phone") == Value("11:00:00"));
}
