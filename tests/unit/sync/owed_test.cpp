#include <catch2/catch.hpp>

#include "base/json.h"
#include "support/sync_world.h"

using namespace tidewire;
using sync::Field;
using sync::Side;
using test::World;

namespace {

Field reference(const std::string& name, const std::string& mapping) {
  Field field = World::field(name);
  field.kind = Field::Kind::kReference;
  field.reference = mapping;
  field.optional_reference = true;
  return field;
}

}  // namespace

TEST_CASE("owed: a record that owes two references waits for one parent at a time, and rests meanwhile", "[sync]") {
  sync::Plan plan = World::default_plan();
  plan.fields.push_back(reference("team", "teams"));
  plan.fields.push_back(reference("office", "offices"));
  World world(plan);
  const std::string ada = world.left.insert(json::parse(R"({"email":"ada@example.org","team":"T1","office":"O1"})").value());

  world.hook(Side::kLeft, ada);
  world.settle();
  const int reads = world.left.reads;
  world.settle(std::chrono::minutes(5));

  CHECK(world.right.rows.size() == 1);
  CHECK(world.counts().waiting_for == 1);
  CHECK(world.counts().waiting == 0);
  CHECK(world.left.reads == reads);
}
