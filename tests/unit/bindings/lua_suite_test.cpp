#include <catch2/catch.hpp>

#include <algorithm>

#include <lua.hpp>

#include "lua_suite.h"

using namespace tidewire;

namespace {

bindings::Profile profile_of(const std::string& text) {
  const std::string first = text.substr(0, text.find('\n'));
  if (first == "-- profile: io") return bindings::Profile::kIo;
  if (first == "-- profile: practice") return bindings::Profile::kPractice;
  if (first == "-- profile: project") return bindings::Profile::kProject;
  return bindings::Profile::kPure;
}

void run_tests(test::LuaWorld& world, script::Script& script, const std::string& file) {
  if (!script.data().is_array()) FAIL_CHECK(file << ": declares no tests");
  if (!script.data().is_array()) return;
  for (const Value& test : script.data().as_array()) {
    const auto outcome = world.run(script, *script::function_number(*test.find("run")));
    lua_gc(script.state(), LUA_GCCOLLECT, 0);
    if (!outcome.ok()) FAIL_CHECK(file << ": " << test.string_or("name") << ": " << to_string(outcome.error()));
    CHECK(lua_gettop(script.state()) == 0);
    CHECK(script.stats().tasks == 0);
  }
}

}  // namespace

TEST_CASE("lua: every test of tests/lua passes", "[lua]") {
  std::vector<std::filesystem::path> files;
  for (const auto& entry : std::filesystem::directory_iterator(test::source_folder() / "tests" / "lua"))
    if (entry.path().string().ends_with("_test.lua")) files.push_back(entry.path());
  std::sort(files.begin(), files.end());
  REQUIRE_FALSE(files.empty());

  for (const auto& path : files) {
    test::LuaWorld world;
    const std::string name = path.filename().string();
    script::Options options = world.options(profile_of(test::file_text(path)));
    options.main_path = name;
    options.main_text = test::file_text(path);
    options.host = "tap_host";
    auto script = script::Script::load(std::move(options));
    if (!script.ok()) {
      FAIL_CHECK(name << ": " << to_string(script.error()));
      continue;
    }
    run_tests(world, **script, name);
  }
}

TEST_CASE("lua: a failing test is reported, and so is one that checks nothing", "[lua]") {
  test::LuaWorld world;
  script::Options options = world.options(bindings::Profile::kPure);
  options.main_path = "bad_test.lua";
  options.host = "tap_host";
  options.main_text = "local tap = require 'tap'\ntap.test('wrong', function()\n  tap.equal({ a = 1 }, { a = 2 })\nend)\n"
                      "tap.test('empty', function() end)\ntap.test('counted', function() tap.expect(2) tap.ok(true) end)";
  auto script = script::Script::load(std::move(options)).value();

  REQUIRE(world.run(*script, 1).error().message.starts_with("bad_test.lua:3: {\"a\":1} instead of {\"a\":2}"));
  REQUIRE(world.run(*script, 2).error().message.find("checks nothing") != std::string::npos);
  REQUIRE(world.run(*script, 3).error().message.find("2 checks were expected, 1 made") != std::string::npos);
}
