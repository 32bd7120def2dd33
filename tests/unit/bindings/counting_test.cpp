#include <catch2/catch.hpp>

#include "lua_suite.h"

using namespace tidewire;

namespace {

// Each takes long texts again and again, in few instructions of its own.
constexpr const char* kHungry[] = {
    "local hash, s = require 'tidewire.hash', ('x'):rep(1e5) for _ = 1, 400 do hash.sha256(s) end",
    "local hash, s = require 'tidewire.hash', ('x'):rep(1e5) for _ = 1, 400 do hash.equal(s, s) end",
    "local hash, s = require 'tidewire.hash', ('x'):rep(1e5) for _ = 1, 400 do hash.base64(s) end",
    "local url, s = require 'tidewire.url', ('x'):rep(1e5) for _ = 1, 400 do url.encode(s) end",
    "local url, s = require 'tidewire.url', ('x'):rep(1e5) for _ = 1, 400 do url.query { { s, s } } end",
    "local url, s = require 'tidewire.url', ('a&'):rep(1e4) for _ = 1, 150 do url.parse_query(s) end",
    "local time, s = require 'tidewire.time', ('x'):rep(1e5) for _ = 1, 400 do time.parse(s) end",
    "local text, s = require 'tidewire.text', ('x'):rep(1e5) for _ = 1, 400 do text.trim(s) end",
    "local text, s = require 'tidewire.text', ('x'):rep(1e5) for _ = 1, 400 do text.of(s) end",
};

Result<Value> run(const std::string& text, std::size_t memory) {
  test::LuaWorld world;
  script::Options options = world.options(bindings::Profile::kPure);
  options.budget = {.instructions = 1'000'000, .time = std::chrono::minutes(5), .memory = memory};
  options.main_path = "hungry.lua";
  options.main_text = "return { function() " + text + " end }";
  auto script = script::Script::load(std::move(options));
  REQUIRE(script.ok());
  return world.run(**script, 1);
}

}  // namespace

TEST_CASE("counting: what a module does with long texts counts as instructions", "[bindings]") {
  for (const char* text : kHungry) {
    INFO(text);
    const auto outcome = run(text, 64u << 20);
    REQUIRE_FALSE(outcome.ok());
    CHECK(outcome.error().message.find("ran more than 1000000 instructions") != std::string::npos);
  }
}

TEST_CASE("counting: many pairs of a query are refused before they are made", "[bindings]") {
  const auto outcome = run("require('tidewire.url').parse_query(('a&'):rep(2e5))", 16u << 20);
  REQUIRE_FALSE(outcome.ok());
  CHECK(outcome.error().message.find("needs more than the") != std::string::npos);
  CHECK(run("require('tidewire.url').parse_query(('a&'):rep(2e3))", 16u << 20).ok());
}

TEST_CASE("counting: a query made of one long text again and again is refused for its size", "[bindings]") {
  const auto outcome = run("local s, l = ('x'):rep(1e6), {} for i = 1, 6 do l[i] = { s, s } end require('tidewire.url').query(l)", 8u << 20);
  REQUIRE_FALSE(outcome.ok());
  CHECK(outcome.error().message.find("needs more than the") != std::string::npos);
}
