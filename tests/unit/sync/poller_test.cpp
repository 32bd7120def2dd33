#include <catch2/catch.hpp>

#include "support/sync_world.h"

namespace tidewire::sync {
namespace {

using test::World;

TEST_CASE("poller: a word that something changed polls the side that has no schedule", "[sync]") {
  World world;
  std::optional<Error> error;
  world.engine->look("erp", "Person", [&](std::optional<Error> failed) { error = std::move(failed); });
  world.settle();
  world.left.insert(Value(Object{{"email", Value("ada@example.org")}}));

  world.engine->look("erp", "Person", [&](std::optional<Error> failed) { error = std::move(failed); });
  world.engine->look("erp", "Another", [](const std::optional<Error>&) {});
  world.settle();

  CHECK_FALSE(error);
  CHECK(world.right.rows.size() == 1);
}

TEST_CASE("poller: what is told while a poll is on its way is looked for by another", "[sync]") {
  World world;
  world.engine->look("erp", "Person", [](const std::optional<Error>&) {});
  world.settle();
  int looks = 0;
  world.left.after_changes = [&] {
    world.left.insert(Value(Object{{"email", Value("late@example.org")}}));
    world.engine->look("erp", "Person", [&](const std::optional<Error>&) { ++looks; });
  };

  world.engine->look("erp", "Person", [&](const std::optional<Error>&) { ++looks; });
  world.settle();

  CHECK(looks == 2);
  CHECK(world.right.rows.size() == 1);
}

TEST_CASE("poller: a connector that promises more and stays where it is ends the poll with an error", "[sync]") {
  World world;
  std::optional<Error> error;
  world.engine->look("erp", "Person", [&](std::optional<Error> failed) { error = std::move(failed); });
  world.settle();
  world.left.stays = true;

  world.engine->look("erp", "Person", [&](std::optional<Error> failed) { error = std::move(failed); });
  world.settle();

  REQUIRE(error);
  CHECK(error->message.find("stays at the same cursor") != std::string::npos);
}

TEST_CASE("poller: who waits for a poll is answered, though its mapping goes meanwhile", "[sync]") {
  World world;
  bool looked = false;
  world.engine->look("erp", "Person", [&](const std::optional<Error>&) { looked = true; });

  world.engine->remove("people");
  world.settle();

  CHECK(looked);
  CHECK_FALSE(world.engine->letting_go());
}

}  // namespace
}  // namespace tidewire::sync
