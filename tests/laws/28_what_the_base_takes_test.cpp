// Law 28: what the base takes from an answer.
#include <catch2/catch.hpp>

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
