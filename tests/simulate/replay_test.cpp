// A stored operation is decided again from its own record (law 32): what of the link had a say is in it too.
#include <catch2/catch.hpp>

#include "simulate/replay.h"
#include "support/people.h"

using namespace tidewire;
using namespace tidewire::test;
using sync::Capabilities;
using sync::Side;

namespace {

/// The right system puts a plus before a phone, answers nothing and has no versions: nobody can tell that from an edit (law 28).
struct Rewriting : Pair {
  explicit Rewriting(sync::Plan plan) : Pair(std::move(plan)) {
    world.right.able.answer = Capabilities::Answer::kNone;
    world.right.versions = world.right.able.guarded_writes = false;
    world.right.store_as = [](const std::string& field, Value value) { return field == "phone" && value.is_string() && value.as_string().rfind('+', 0) != 0 ? Value("+" + value.as_string()) : value; };
  }
  /// The left's phone is written, and `then` happens on its way back.
  void write(std::function<void()> then) {
    edit(Side::kLeft, "phone", "5");
    world.right.after_update = std::move(then);
    world.hook(Side::kLeft, left);
    world.settle();
    tell();
  }
  std::vector<std::string> differences(const sync::Plan& plan) {
    TableMapper mapper(plan);
    std::vector<std::string> out;
    for (const store::Operation& operation : operations_of(world)) {
      if (auto differs = simulate::replay_decision(mapper, operation, {&world.left.able, &world.right.able})) out.push_back(*differs);
    }
    return out;
  }
};

}  // namespace

TEST_CASE("replay: what may be only our own write in another form loses again", "[simulate][32][28]") {
  sync::Plan plan = World::default_plan();
  plan.fields[1] = World::field("phone", 3);  // the right wins
  Rewriting it(plan);
  it.write([&] { it.edit(Side::kLeft, "phone", "7"); });

  REQUIRE(it.shown(Side::kRight, "phone") == "+7");
  CHECK(it.differences(plan).empty());
}

TEST_CASE("replay: nor does it make a dispute of a group", "[simulate][32][28]") {
  sync::Plan plan = World::default_plan();
  plan.fields[1] = World::field("phone", 3);
  plan.fields.push_back(World::field("city", 3));
  plan.fields[1].group = plan.fields.back().group = 0;
  Rewriting it(plan);
  it.write([&] { it.edit(Side::kLeft, "city", "Graz"); });

  REQUIRE(it.shown(Side::kRight, "city") == "Graz");
  CHECK(it.differences(plan).empty());
}
