#include <catch2/catch.hpp>

#include "lua_suite.h"

using namespace tidewire;
using bindings::Profile;
using Catch::Matchers::Contains;

namespace {

Error load_error(test::LuaWorld& world, Profile profile, const std::string& text) {
  script::Options options = world.options(profile);
  options.main_path = "main.lua";
  options.main_text = text;
  auto loaded = script::Script::load(std::move(options));
  return loaded.ok() ? Error{} : std::move(loaded).error();
}

}  // namespace

TEST_CASE("install: each profile has its modules and says why it lacks the others", "[bindings]") {
  test::LuaWorld world;
  const std::vector<std::string> everywhere = {"json", "decimal", "time", "hash", "url", "text"};
  const std::vector<std::string> worldly = {"log", "task", "http"};
  const std::vector<std::string> practice = {"server", "sqlite", "practice"};
  const auto check = [&](Profile profile, const std::vector<std::string>& modules, bool present, const std::string& reason = "") {
    for (const auto& module : modules) {
      const Error error = load_error(world, profile, "require 'tidewire." + module + "'");
      INFO(module << ": " << error.message);
      REQUIRE(error.message.empty() == present);
      if (!present) REQUIRE_THAT(error.message, Contains(reason));
    }
  };

  check(Profile::kPure, everywhere, true);
  check(Profile::kPure, worldly, false, "is not for mappings");
  check(Profile::kPure, practice, false, "is not for mappings");
  check(Profile::kProject, everywhere, true);
  check(Profile::kProject, worldly, false, "is not for tidewire.lua");
  check(Profile::kIo, everywhere, true);
  check(Profile::kIo, worldly, true);
  check(Profile::kIo, {"kv"}, true);
  check(Profile::kIo, practice, false, "is for practice servers only");
  check(Profile::kPractice, everywhere, true);
  check(Profile::kPractice, worldly, true);
  check(Profile::kPractice, practice, true);
  check(Profile::kPractice, {"kv"}, false, "tidewire.sqlite");
}

TEST_CASE("install: a pure script has neither clock nor chance", "[bindings]") {
  test::LuaWorld world;
  REQUIRE(load_error(world, Profile::kPure, "assert(math.random == nil and math.randomseed == nil and math.floor(1.5) == 1)").message.empty());
  REQUIRE(load_error(world, Profile::kIo, "assert(math.random() < 1)").message.empty());
}

TEST_CASE("install: a misspelt module is suggested", "[bindings]") {
  test::LuaWorld world;
  const Error error = load_error(world, Profile::kPure, "require 'tidewire.jsn'");
  REQUIRE(error.code == Code::kNotFound);
  REQUIRE_THAT(error.message, Contains("main.lua:1: there is no module 'tidewire.jsn' (did you mean 'tidewire.json'?)"));
}

TEST_CASE("install: decimals of a payload calculate without requiring anything", "[bindings]") {
  test::LuaWorld world;
  script::Options options = world.options(Profile::kPure);
  options.main_path = "main.lua";
  options.main_text = "return { function(price) return price * 3 end }";
  auto script = script::Script::load(std::move(options)).value();
  REQUIRE(script->call(1, {DecimalText{"1.19"}}).value() == Value(DecimalText{"3.57"}));
}

TEST_CASE("install: many decimals count towards the memory cap", "[bindings]") {
  test::LuaWorld world;
  script::Options options = world.options(Profile::kPure);
  options.budget.memory = 8u << 20;
  options.main_path = "main.lua";
  options.main_text = "local dec = require('tidewire.decimal').dec\nlocal long = dec(('9'):rep(9000))\nlocal t = {}\nfor i = 1, 1e5 do\n  t[i] = long + i\nend";
  auto failed = script::Script::load(std::move(options));
  REQUIRE(failed.error().code == Code::kBudget);
  REQUIRE_THAT(failed.error().message, Contains("main.lua:5: needs more than"));

  script::Options garbage = world.options(Profile::kPure);
  garbage.budget.memory = 8u << 20;
  garbage.main_path = "main.lua";
  garbage.main_text = "local dec = require('tidewire.decimal').dec\nlocal long = dec(('9'):rep(9000))\nfor i = 1, 2e4 do local x = long + i end";
  REQUIRE(script::Script::load(std::move(garbage)).ok());
}

TEST_CASE("http: a cancelled task takes its request back", "[bindings]") {
  test::LuaWorld world;
  script::Options options = world.options(Profile::kPractice);
  options.main_path = "main.lua";
  options.main_text = R"lua(
    local http, server, task = require "tidewire.http", require "tidewire.server", require "tidewire.task"
    local base = "http://" .. assert(server.listen("127.0.0.1:0", function() task.sleep(30) return {} end))
    return { function() return http.request { url = base } end })lua";
  auto script = script::Script::load(std::move(options)).value();
  bool told = false;
  auto running = script->start(1, {}, [&](Result<Value>) { told = true; });
  const auto later = world.loop.after(std::chrono::milliseconds(100), [&] {
    REQUIRE(world.client.stats().in_flight == 1);
    running.reset();
    world.loop.stop();
  });

  world.loop.run();

  REQUIRE_FALSE(told);
  REQUIRE(world.client.stats().in_flight == 0);
}

TEST_CASE("practice: exit reaches the program", "[bindings]") {
  test::LuaWorld world;
  script::Options options = world.options(Profile::kPractice);
  options.main_path = "main.lua";
  options.main_text = "return { function() require('tidewire.practice').exit(3) return 'still here' end }";
  auto script = script::Script::load(std::move(options)).value();
  REQUIRE(world.run(*script, 1).value() == Value("still here"));
  REQUIRE(world.exit_code == 3);
}

TEST_CASE("practice: work started at the top level runs until the script goes", "[bindings]") {
  test::LuaWorld world;
  std::string announced;
  script::Options options = world.options(Profile::kPractice);
  bindings::Services services = world.services();
  services.ready = [&](std::string address) { announced = std::move(address); };
  options.install = bindings::installer(Profile::kPractice, services);
  options.main_path = "main.lua";
  options.main_text = R"lua(
    local practice, task = require "tidewire.practice", require "tidewire.task"
    local ticks = 0
    practice.start(function() while true do task.sleep(0.001) ticks = ticks + 1 end end)
    practice.ready "127.0.0.1:1"
    return { function() while ticks < 5 do task.sleep(0.001) end return ticks end })lua";
  auto script = script::Script::load(std::move(options)).value();

  REQUIRE(announced == "127.0.0.1:1");
  REQUIRE(world.run(*script, 1).value() == Value(5));
  REQUIRE(script->stats().tasks == 1);
}

TEST_CASE("server: closing the script closes what listens, also while it answers", "[bindings]") {
  test::LuaWorld world;
  script::Options options = world.options(Profile::kPractice);
  options.main_path = "main.lua";
  options.main_text = R"lua(
    local server, task = require "tidewire.server", require "tidewire.task"
    return assert(server.listen("127.0.0.1:0", function() task.sleep(30) return {} end)))lua";
  auto script = script::Script::load(std::move(options)).value();
  Result<http::Response> outcome = http::Response{};
  http::Exchange exchange;
  exchange.request.target = "http://" + script->data().as_string() + "/";
  exchange.once = true;
  const auto call = world.client.send(std::move(exchange), [&](Result<http::Response> result) {
    outcome = std::move(result);
    world.loop.stop();
  });
  const auto later = world.loop.after(std::chrono::milliseconds(50), [&] { script.reset(); });

  world.loop.run();

  REQUIRE_FALSE((outcome.ok() && outcome->status == 200));
}
