#include "admin/order.h"

#include <catch2/catch.hpp>

#include "support/sync_world.h"

using namespace tidewire;

namespace {

void add(test::World& world, const std::string& name, const std::vector<std::string>& parents) {
  sync::Plan plan = test::World::default_plan();
  plan.name = name;
  for (const std::string& parent : parents) {
    sync::Field field = test::World::field("parent_" + parent);
    field.kind = sync::Field::Kind::kReference;
    field.reference = parent;
    plan.fields.push_back(field);
  }
  world.engine->put(std::make_shared<test::TableMapper>(std::move(plan)), {&world.left, &world.right});
}

}  // namespace

TEST_CASE("order: who is referred to comes first", "[admin]") {
  test::World world;
  add(world, "a", {"b", "c"});
  add(world, "b", {"c"});
  add(world, "c", {});

  CHECK(admin::parents_first(*world.engine) == std::vector<std::string>{"c", "b", "a", "people"});
}

TEST_CASE("order: a circle, a self reference and a parent that is not loaded stop nobody", "[admin]") {
  test::World world;
  add(world, "a", {"b"});
  add(world, "b", {"a"});
  add(world, "c", {"c", "nowhere"});

  CHECK(admin::parents_first(*world.engine) == std::vector<std::string>{"b", "a", "c", "people"});
}
