#include <catch2/catch.hpp>

#include "harness.h"

using namespace tidewire;
using test::ScriptHarness;
using Catch::Matchers::Contains;
using Catch::Matchers::StartsWith;

TEST_CASE("script: without a host the main file's value is the data", "[script]") {
  ScriptHarness harness;
  REQUIRE(harness.value("return { a = 1 }").value() == Value(Object{{"a", 1}}));
  REQUIRE(harness.value("").value() == Value());
}

TEST_CASE("script: the host gives the main file its words and makes the data", "[script]") {
  ScriptHarness harness;
  harness.sources.texts["tidewire.host.test"] = R"lua(
    return function(load_main, argument)
      local env = setmetatable({ word = function(x) return { worded = x } end, kind = argument.kind }, { __index = _G })
      local value = load_main(env)
      return { main = value, kind = argument.kind, functions = { value.f } }
    end)lua";
  harness.options.host = "tidewire.host.test";
  harness.options.host_argument = Object{{"kind", "erp"}};

  auto script = harness.load("local w = word 'hi'\nreturn { text = w.worded .. kind .. tostring(1), f = function(n) return n * 2 end }");

  REQUIRE(*script->data().at_path("main.text") == Value("hierp1"));
  REQUIRE(script->data().string_or("kind") == "erp");
  REQUIRE(script->call(1, {Value(21)}).value() == Value(42));
  REQUIRE(script->data().at_path("functions.0")->string_or("at") == "main.lua:2");
}

TEST_CASE("script: mistakes of the host and of the main file are named by file and line", "[script]") {
  ScriptHarness harness;
  harness.options.host = "host";
  harness.sources.texts["host"] = "return function(load_main) return load_main({}) end";
  REQUIRE_THAT(harness.error("return {\n  a = 1,\n  b 2 }").message, StartsWith("main.lua:3:"));
  REQUIRE_THAT(harness.error("\nreturn nothing.here").message, StartsWith("main.lua:2: attempt to index global 'nothing'"));

  harness.sources.texts["host"] = "return 5";
  REQUIRE_THAT(harness.error("return 1").message, Contains("the host 'host' returns no function"));

  harness.options.host = "missing.host";
  REQUIRE(harness.error("return 1").code == Code::kNotFound);
}

TEST_CASE("script: require finds, remembers and reports modules", "[script]") {
  ScriptHarness harness;
  harness.sources.texts["transforms.phone"] = "local count = ... return { name = ..., count = 0 }";
  REQUIRE(harness.value("local a, b = require 'transforms.phone', require 'transforms.phone' a.count = 5 return { b.count, a.name }").value() ==
          Value(Array{5, "transforms.phone"}));

  const Error missing = harness.error("local x\nx = require 'transforms.phon'");
  REQUIRE(missing.code == Code::kNotFound);
  REQUIRE_THAT(missing.message, StartsWith("main.lua:2: there is no module 'transforms.phon'"));
  REQUIRE_THAT(missing.hint, Contains("transforms/phon.lua"));

  harness.sources.texts["a"] = "return require 'b'";
  harness.sources.texts["b"] = "return require 'a'";
  REQUIRE_THAT(harness.error("require 'a'").message, Contains("modules require each other: a -> b -> a"));

  harness.sources.texts["broken"] = "local x = \nreturn 1 1";
  REQUIRE_THAT(harness.error("require 'broken'").message, StartsWith("broken.lua:2:"));
}

TEST_CASE("script: a module that failed can be tried again", "[script]") {
  ScriptHarness harness;
  harness.sources.texts["fails"] = "error 'not yet'";
  REQUIRE(harness.value("local a = pcall(require, 'fails') local b, text = pcall(require, 'fails') return { a, b, text }").value() ==
          Value(Array{false, false, "fails.lua:1: not yet"}));
}

TEST_CASE("script: the version is what was loaded", "[script]") {
  ScriptHarness harness;
  harness.sources.texts["lib"] = "return 1";
  harness.sources.texts["other"] = "return 2";
  const auto version = [&](const std::string& text) { return harness.load(text)->version().hash; };
  const std::string both = "require 'lib' require 'other' return 1";
  const std::string before = version(both);

  REQUIRE(version(both) == before);
  auto script = harness.load(both);
  REQUIRE(script->version().files.size() == 3);
  REQUIRE(script->version().files[0].path == "main.lua");
  REQUIRE(script->version().files[2].path == "other.lua");

  harness.sources.texts["other"] = "return 3";
  REQUIRE(version(both) != before);
  harness.sources.texts["other"] = "return 2";
  harness.sources.texts["unused"] = "return 9";
  REQUIRE(version(both) == before);
  harness.options.host_argument = Object{{"changed", true}};
  REQUIRE(version(both) == before);
}

TEST_CASE("script: calls take arguments and give results", "[script]") {
  ScriptHarness harness;
  auto script = harness.load("return { function(a, b) return a == nil, b, select('#', a, b) end, function() return nil, { code = 'stale', message = 'newer' } end,"
                             "function() end, function() error('boom') end }");

  REQUIRE(script->call(1, {nullptr, "x"}, 3).value() == Value(Array{true, "x", 2}));
  REQUIRE(script->call(1, {1, 2}).value() == Value(false));
  REQUIRE(script->call(3, {}).value() == Value());
  REQUIRE(script->call(3, {}, 2).value() == Value(Array{nullptr, nullptr}));
  REQUIRE(script->call(2, {}).error().code == Code::kStale);
  REQUIRE(script->call(4, {}).error().message == "main.lua:1: boom");
  REQUIRE_THAT(script->call(99, {}).error().message, Contains("there is no function 99"));
}

TEST_CASE("script: failures are counted, and a success ends the row", "[script]") {
  ScriptHarness harness;
  auto script = harness.load("return { function(fail) if fail then error 'x' end end, function() return nil, { code = 'unavailable', message = 'down' } end }");

  (void)script->call(1, {true});
  (void)script->call(1, {true});
  REQUIRE(script->stats().consecutive_failures == 2);
  (void)script->call(2, {});
  REQUIRE(script->stats().consecutive_failures == 0);
  REQUIRE(script->stats().failures == 2);
  REQUIRE(script->stats().calls == 3);
}
