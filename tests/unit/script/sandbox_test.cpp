#include <catch2/catch.hpp>

#include "harness.h"

using namespace tidewire;
using test::ScriptHarness;
using Catch::Matchers::Contains;

TEST_CASE("sandbox: what reaches outside is absent", "[script]") {
  for (const char* name : {"io", "os", "debug", "package", "ffi", "jit", "load", "loadstring", "loadfile", "dofile", "getfenv", "setfenv",
                           "newproxy", "collectgarbage", "gcinfo", "print", "module"}) {
    ScriptHarness harness;
    INFO(name);
    REQUIRE_THAT(harness.error("return " + std::string(name)).message, Contains("main.lua:1: there is no '" + std::string(name) + "'") ||
                                                                         Contains("unknown name"));
  }
  ScriptHarness harness;
  REQUIRE(harness.value("return { string.dump == nil, math.abs ~= nil, bit.band(6, 3), (select('#', 1, 2)) }").value() ==
          Value(Array{true, true, 2, 2}));
}

TEST_CASE("sandbox: modules of the system cannot be required", "[script]") {
  for (const char* name : {"ffi", "io", "os", "jit", "jit.util", "string.buffer", "debug", "../secret", "/etc/passwd", "..", ""}) {
    ScriptHarness harness;
    INFO(name);
    REQUIRE(harness.error("require '" + std::string(name) + "'").code == Code::kNotFound);
  }
}

TEST_CASE("sandbox: bytecode is refused", "[script]") {
  ScriptHarness harness;
  REQUIRE(harness.error("\x1bLJ\x02 junk").code == Code::kScript);

  harness.sources.texts["evil"] = std::string("\x1bLJ\x02\x00\x00", 6);
  REQUIRE_THAT(harness.error("require 'evil'").message, Contains("evil.lua: this is bytecode"));
}

TEST_CASE("sandbox: a global that nobody declared is an error with a suggestion", "[script]") {
  ScriptHarness harness;
  REQUIRE_THAT(harness.error("return tostrin(1)").message, Contains("main.lua:1: unknown name 'tostrin' (did you mean 'tostring'?)"));
  REQUIRE_THAT(harness.error("\ncount = 1").message, Contains("main.lua:2: 'count' is assigned but not declared: write 'local count'"));
  REQUIRE_THAT(harness.error("rawset(_G, 'x', 1)").message, Contains("read-only"));
  REQUIRE_THAT(harness.error("setmetatable(_G, nil)").message, Contains("protected metatable"));
}

TEST_CASE("sandbox: the libraries cannot be changed", "[script]") {
  ScriptHarness harness;
  REQUIRE_THAT(harness.error("string.find = function() end").message, Contains("the library 'string' is read-only"));
  REQUIRE_THAT(harness.error("rawset(string, 'find', 1)").message, Contains("read-only"));
  REQUIRE_THAT(harness.error("math.floor = nil").message, Contains("read-only"));
  REQUIRE_THAT(harness.error("coroutine.running = nil").message, Contains("read-only"));
  REQUIRE_THAT(harness.error("getmetatable('').__index.find = nil").message, Contains("attempt to index"));
  REQUIRE_THAT(harness.error("setmetatable(string, {})").message, Contains("protected metatable"));
  REQUIRE(harness.value("return { pcall(setmetatable, '', {}) }").value().as_array()[0] == Value(false));
  REQUIRE(harness.value("return getmetatable('')").value() == Value(false));
}

TEST_CASE("sandbox: methods of strings work", "[script]") {
  ScriptHarness harness;
  REQUIRE(harness.value("return { ('Abc'):upper(), ('a,b'):find(',', 1, true), (('x'):rep(3, '-')) }").value() ==
          Value(Array{"ABC", 2, "x-x-x"}));
  REQUIRE(harness.value("return { (' '):rep(0), ('x'):rep(-1), (''):rep(1e12) }").value() == Value(Array{"", "", ""}));
}

TEST_CASE("sandbox: protected calls behave as Lua's", "[script]") {
  ScriptHarness harness;
  REQUIRE(harness.value("return { xpcall(function(a, b) return a + b end, tostring, 1, 2) }").value() == Value(Array{true, 3}));
  REQUIRE(harness.value("return { xpcall(error, function(e) return e .. '!' end, 'boom') }").value() == Value(Array{false, "boom!"}));
  REQUIRE(harness.value("return { pcall(error, 'x') }").value() == Value(Array{false, "x"}));
  REQUIRE(harness.value("local co = coroutine.wrap(function() return pcall(function() return coroutine.yield(1) + 1 end) end) "
                        "local first = co() return { first, co(41) }").value() == Value(Array{1, true, 42}));
}

TEST_CASE("sandbox: a coroutine of one's own works and the main one stays hidden", "[script]") {
  ScriptHarness harness;
  REQUIRE(harness.value("local co = coroutine.wrap(function() for i = 1, 3 do coroutine.yield(i) end end) return { co(), co(), co() }").value() ==
          Value(Array{1, 2, 3}));
  REQUIRE(harness.value("return coroutine.running() == nil").value() == Value(true));
  REQUIRE(harness.value("return coroutine.wrap(function() return type(coroutine.running()) end)()").value() == Value("thread"));
}

TEST_CASE("sandbox: odd arguments raise instead of crashing", "[script]") {
  for (const char* text :
       {"return unpack({}, 1, 1e8)", "return string.char(-1)", "return ('x'):rep(0/0)", "return table.concat({}, '', 1, 2e9)",
        "return setmetatable({}, { __metatable = 1 }) + 1", "return rawset(1, 2, 3)", "return coroutine.resume(1)", "return select(-5)",
        "return string.format('%d', 'x')", "return string.format('%y', 1)", "return ('%s'):format()", "return ('x'):gsub('(', '')",
        "return ('x'):find('[')", "return ('x'):find('%')", "return ('x'):gsub('x', '%2')", "return math.floor({})", "return nil .. 1",
        "return table.sort({ 3, 2, 1, 'x' })", "local t = setmetatable({}, { __newindex = error }) t.x = 1", "error(setmetatable({}, { __index = error }))"}) {
    ScriptHarness harness;
    INFO(text);
    auto loaded = harness.try_load(text);
    if (!loaded.ok()) REQUIRE_FALSE(loaded.error().message.empty());
  }
}
