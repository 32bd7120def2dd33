#include <catch2/catch.hpp>

#include <stdexcept>

#include <lua.hpp>

#include "harness.h"
#include "script/vm.h"

using namespace tidewire;
using test::ScriptHarness;
using Catch::Matchers::Contains;
using Catch::Matchers::StartsWith;

namespace {

Error attack(const std::string& text) {
  ScriptHarness harness;
  return harness.error(text);
}

void require_budget(const std::string& text, const std::string& place) {
  INFO(text);
  const Error error = attack(text);
  REQUIRE(code_name(error.code) == code_name(Code::kBudget));
  REQUIRE_THAT(error.message, StartsWith(place));
}

}  // namespace

TEST_CASE("vm: an endless loop ends with a budget error naming file and line", "[script]") {
  require_budget("local x = 1\nwhile true do end", "main.lua:2: ran more than 5000000 instructions");
  require_budget("repeat until false", "main.lua:1:");
  require_budget("for i = 1, math.huge do end", "main.lua:1:");
  require_budget("local function f() return f() end\nf()", "main.lua:1:");
  require_budget("::top:: goto top", "main.lua:1:");
}

TEST_CASE("vm: a script cannot swallow the end of its budget", "[script]") {
  require_budget("local function loop() while true do end end\nwhile true do pcall(loop) end", "main.lua:1:");
  require_budget("local function loop() while true do end end\nxpcall(loop, function() while true do end end)\nwhile true do end", "main.lua:1:");
  require_budget("local function loop() while true do end end\nwhile true do coroutine.wrap(function() pcall(loop) end)() end", "main.lua:1:");
  require_budget("local function loop() while true do end end\nwhile true do coroutine.resume(coroutine.create(loop)) end", "main.lua:1:");
  require_budget("local t = setmetatable({}, { __index = function() while true do end end })\nwhile true do pcall(function() return t.x end) end",
                 "main.lua:1:");
  require_budget("while true do pcall(error, setmetatable({}, { __tostring = function() while true do end end })) end", "main.lua:1:");
}

TEST_CASE("vm: a handler of xpcall cannot run for ever", "[script]") {
  require_budget("xpcall(function() error 'x' end, function() while true do end end)\nwhile true do end", "main.lua:1:");
}

TEST_CASE("vm: memory is capped and the error names the line", "[script]") {
  require_budget("local s = 'x'\nwhile true do\n  s = s .. s\nend", "main.lua:3: needs more than the 65536 KiB of memory that 'test' may use");
  require_budget("local t = {}\nfor i = 1, 1e9 do t[i] = { i } end", "main.lua:2: needs more");
  require_budget("local s = string.rep('x', 1e10)", "main.lua:1: needs more");
  require_budget("local s = ('x'):rep(1e18)", "main.lua:1: needs more");
  require_budget("return ('x'):rep(60e6) .. ('y'):rep(60e6)", "main.lua:1: needs more");
  require_budget("local t = {} for i = 1, 200 do t[i] = ('x'):rep(1e6) end\nlocal s = table.concat(t)", "main.lua:2: needs more");
  require_budget("local s = ('x'):rep(1e6)\nlocal r = s:gsub('x', s)", "main.lua:2: needs more");
  require_budget("local s = ('x'):rep(1e7)\nlocal r = s:gsub('.+', ('%0'):rep(200))", "main.lua:2: needs more");
  require_budget("local s = ('x'):rep(1e7)\nlocal r = s:gsub('(.+)', ('%1'):rep(200))", "main.lua:2: needs more");
  require_budget("local s = ('x'):rep(40e6)\nlocal r = string.format('%s%s%s', s, s, s)", "main.lua:2: needs more");
}

TEST_CASE("vm: calls that take of the C stack end before the process does", "[script]") {
  const std::string sentence = "calls itself without an end";
  for (const char* text : {
           "local function f() return (('x'):gsub('x', f)) end return f()",
           "local function f() coroutine.wrap(f)() end f()",
           "local function f() local co = coroutine.create(f) return select(2, coroutine.resume(co)) end return f()",
           "local function f() table.sort({ 2, 1 }, coroutine.wrap(function(a, b) f() return a < b end)) end f()",
           "local function f() return tostring(setmetatable({}, { __tostring = f })) end return f()",
           "return tostring(setmetatable({}, { __tostring = tostring }))",
           "local function f() return ('x'):gsub('x', setmetatable({}, { __index = f })) end return f()",
           "local function f() return ('%s'):format(setmetatable({}, { __tostring = f })) end return f()",
       }) {
    INFO(text);
    const Error error = attack(text);
    CHECK(code_name(error.code) == code_name(Code::kBudget));
    CHECK_THAT(error.message, Contains(sentence));
  }
}

TEST_CASE("vm: pcall looks for room before it calls", "[script]") {
  ScriptHarness harness;
  REQUIRE(harness.value("local t = setmetatable({}, { __call = pcall }) return select('#', t()) > 100").value() == Value(true));
  REQUIRE(harness.value("local t = {} for i = 1, 7000 do t[i] = pcall end return select('#', pcall(unpack(t))) > 100").value() == Value(true));
  REQUIRE(harness.value("return select(2, pcall(function(...) return select('#', ...) end, nil, nil))").value() == Value(2));
}

TEST_CASE("vm: a memory bomb cannot be swallowed by pcall", "[script]") {
  require_budget("while true do pcall(string.rep, 'x', 1e9) end", "main.lua:1:");
  require_budget("local function grow() local s = 'x' while true do s = s .. s end end\nwhile true do pcall(grow) end", "main.lua:1:");
}

TEST_CASE("vm: garbage alone does not meet the memory cap", "[script]") {
  ScriptHarness harness;
  harness.options.budget.memory = 4u << 20;
  harness.options.budget.instructions = 100'000'000;

  auto loaded = harness.try_load("local keep = ('k'):rep(1500000)\nfor i = 1, 200000 do local t = { i, tostring(i) .. 'padding' } end\nreturn #keep");

  REQUIRE(loaded.ok());
  REQUIRE((*loaded)->data() == Value(1500000));
}

TEST_CASE("vm: works on after it ran out of memory", "[script]") {
  ScriptHarness harness;
  auto script = harness.load(R"lua(
    return {
      bomb = function() local t = {} while true do t[#t + 1] = ('x'):rep(1000) .. #t end end,
      small = function(n) return n + 1 end,
    })lua");
  const auto bomb = *script::function_number(*script->data().find("bomb"));
  const auto small = *script::function_number(*script->data().find("small"));

  for (int round = 0; round < 3; ++round) {
    auto failed = script->call(bomb, {});
    REQUIRE(failed.error().code == Code::kBudget);
    REQUIRE(script->call(small, {Value(41)}).value() == Value(42));
  }
  REQUIRE(script->stats().memory < 8u << 20);
  REQUIRE(script->stats().peak_memory > 60u << 20);
}

TEST_CASE("vm: time on the processor is limited too", "[script]") {
  ScriptHarness harness;
  harness.options.budget.instructions = ~std::uint64_t{0};
  harness.options.budget.time = std::chrono::milliseconds(30);

  const Error error = harness.error("while true do end");

  REQUIRE(error.code == Code::kBudget);
  REQUIRE_THAT(error.message, StartsWith("main.lua:1: ran longer than 30 ms"));
}

TEST_CASE("vm: heavy instructions are looked after more often", "[script]") {
  static int calls = 0;
  calls = 0;
  ScriptHarness harness;
  harness.options.budget.instructions = ~std::uint64_t{0};
  harness.options.budget.time = std::chrono::milliseconds(10);
  harness.options.install = [](lua_State* L) {
    lua_pushcfunction(L, [](lua_State*) -> int {
      ++calls;
      for (const auto until = std::chrono::steady_clock::now() + std::chrono::microseconds(200); std::chrono::steady_clock::now() < until;) {}
      return 0;
    });
    lua_setglobal(L, "heavy");
  };

  const Error error = harness.error("local heavy = heavy\nwhile true do heavy() end");

  REQUIRE(error.code == Code::kBudget);
  REQUIRE(calls < 400);  // 1000 instructions make some 300
}

TEST_CASE("vm: who makes large texts is looked after before a thousand instructions", "[script]") {
  ScriptHarness harness;
  harness.options.budget.instructions = ~std::uint64_t{0};
  harness.options.budget.time = std::chrono::milliseconds(10);

  const Error error = harness.error("local s, n = ('x'):rep(8e6), 0\nfor i = 1, 150 do n = n + #(s .. i) end\nreturn n");

  REQUIRE(code_name(error.code) == code_name(Code::kBudget));
  REQUIRE_THAT(error.message, StartsWith("main.lua:2: ran longer than 10 ms"));
}

TEST_CASE("vm: a sort counts what it compares", "[script]") {
  ScriptHarness harness;
  REQUIRE(harness.value("local t = { 3, 1, 2 } table.sort(t) table.sort(t, function(a, b) return a > b end) return t").value() == Value(Array{3, 2, 1}));
  require_budget("local t = {}\nfor i = 1, 200000 do t[i] = i * 7919 % 200003 end\ntable.sort(t)", "main.lua:3: ran more than");
}

TEST_CASE("vm: a budget that ends in the library is said of the line that called it", "[script]") {
  ScriptHarness harness;
  harness.sources.texts["tidewire.slow"] = "return function() while true do end end";

  REQUIRE_THAT(harness.error("local slow = require 'tidewire.slow'\nlocal r = slow()").message, StartsWith("main.lua:2: ran more than"));
}

TEST_CASE("vm: an endless exchange with a coroutine is stopped where it is", "[script]") {
  require_budget("local co = coroutine.wrap(function() while true do coroutine.yield() end end)\nwhile true do co() end", "main.lua:");
}

TEST_CASE("vm: a deep recursion is an ordinary error", "[script]") {
  const Error error = attack("local function f(n) return 1 + f(n + 1) end\nreturn f(1)");
  REQUIRE(error.code == Code::kScript);
  REQUIRE(error.message == "calls itself without an end (at main.lua:1)");
  REQUIRE(attack("local t = setmetatable({}, { __index = function(t, k) return t[k] .. '' end })\nreturn t.a").message == "test: calls itself without an end");

  ScriptHarness harness;
  REQUIRE(harness.value("local function f() return 1 + f() end return { (pcall(f)), pcall(function() return 1 end) }").ok());
}

TEST_CASE("vm: one runaway script does not touch another", "[script]") {
  ScriptHarness harness;
  auto good = harness.load("local n = 0 return { step = function() n = n + 1 return n end }");
  auto bad = harness.load("return { spin = function() while true do end end }");

  REQUIRE(good->call(1, {}).value() == Value(1));
  REQUIRE_THAT(bad->call(1, {}).error().message, StartsWith("main.lua:1:"));
  REQUIRE(good->call(1, {}).value() == Value(2));
  REQUIRE(bad->stats().consecutive_failures == 1);
  REQUIRE(good->stats().failures == 0);
}

TEST_CASE("vm: an exception in C++ becomes a Lua error with its text", "[script]") {
  ScriptHarness harness;
  harness.options.install = [](lua_State* L) {
    lua_pushcfunction(L, [](lua_State*) -> int { throw std::runtime_error("out of cheese"); });
    lua_setglobal(L, "throw");
  };

  auto caught = harness.value("local ok, err = pcall(throw) return { ok, err }");
  REQUIRE(caught.value().as_array()[0] == Value(false));
  REQUIRE_THAT(caught.value().as_array()[1].as_string(), Contains("out of cheese"));
  REQUIRE_THAT(harness.error("throw()").message, Contains("out of cheese"));
}

TEST_CASE("vm: errors run C++ destructors", "[script]") {
  static int alive = 0;
  struct Counted {
    Counted() { ++alive; }
    ~Counted() { --alive; }
  };
  ScriptHarness harness;
  harness.options.install = [](lua_State* L) {
    lua_pushcfunction(L, [](lua_State* state) -> int {
      const Counted counted;
      return luaL_error(state, "left early");
    });
    lua_setglobal(L, "leave");
  };

  REQUIRE(harness.value("for i = 1, 10 do pcall(leave) end return true").ok());
  REQUIRE(alive == 0);
}

TEST_CASE("vm: what is counted in C++ uses up the budget", "[script]") {
  ScriptHarness harness;
  harness.options.install = [](lua_State* L) {
    lua_pushcfunction(L, [](lua_State* state) -> int {
      script::Vm::of(state).spend(state, 1'000'000);
      return 0;
    });
    lua_setglobal(L, "work");
  };

  REQUIRE(harness.error("for i = 1, 4 do work() end").message.empty());
  REQUIRE(harness.error("for i = 1, 6 do pcall(work) end").code == Code::kBudget);
}

TEST_CASE("vm: an error names the lines that led to it", "[script]") {
  ScriptHarness harness;
  harness.sources.texts["lib.deep"] = "return function(x)\n  return x.y.z\nend";

  const Error error = harness.error("local deep = require 'lib.deep'\nlocal function mid(x)\n  local r = deep(x)\n  return r\nend\nlocal r = mid {}\nreturn r");

  REQUIRE_THAT(error.message, StartsWith("lib/deep.lua:2: attempt to index field 'y' (a nil value) (called from main.lua:3, main.lua:6)"));
}

TEST_CASE("vm: the lines of the library that called a script's function are not among them, but of its own fault they are", "[script]") {
  ScriptHarness harness;
  harness.sources.texts["tidewire.walk"] = "return function(f)\n  local r = f()\n  return r\nend";

  const auto told = [&](const std::string& given) { return harness.error("local walk = require 'tidewire.walk'\nlocal r = walk(" + given + ")\nreturn r").message; };

  REQUIRE(told("function() return nothing.x end") == "main.lua:2: unknown name 'nothing'");
  REQUIRE(told("function() error { code = 'invalid', message = 'no' } end") == "no (at main.lua:2)");
  REQUIRE_THAT(told("5"), StartsWith("tidewire/walk.lua:2: attempt to call local 'f' (a number value) (called from main.lua:2"));
}

TEST_CASE("vm: where a text is no Lua, the slips that are met often are named", "[script]") {
  ScriptHarness harness;
  const auto told = [&](const std::string& text) { return harness.error(text).message; };

  REQUIRE(told("return {\n  a = 1\n\n  -- the other\n  b = 2,\n}") == "main.lua:5: '}' expected (to close '{' at line 1) near 'b': is a comma missing at the end of line 2?");
  REQUIRE(told("return { a = 1 b = 2 }") == "main.lua:1: '}' expected near 'b': is a comma missing on line 1 before b?");
  REQUIRE_THAT(told("return {\n  direction: \"both\",\n}"), Contains(": write 'direction =' in place of 'direction:'"));
  REQUIRE_THAT(told("return {\n  \"direction\": \"both\",\n}"), Contains(": write 'direction =' in place of 'direction:'"));
  REQUIRE_THAT(told("return {\n  direction = \u201cleft to right\u201d,\n}"), Contains("write the straight quotes"));
  REQUIRE_THAT(told("return 1 != 2"), Contains("write ~= for what is not equal"));
  REQUIRE(told("return = 5") == "main.lua:1: unexpected symbol near '='");
}

TEST_CASE("vm: a raised error table keeps its code", "[script]") {
  const Error error = attack("error { code = 'throttled', message = 'slow down', hint = 'wait', retry_after = 1.5 }");

  REQUIRE(error.code == Code::kThrottled);
  REQUIRE(error.message == "slow down (at main.lua:1)");
  REQUIRE(error.hint == "wait");
  REQUIRE(error.retry_after == std::chrono::milliseconds(1500));
}

TEST_CASE("vm: where no line is known the script is named", "[script]") {
  REQUIRE(attack("return string.rep('x', 1e10)").message == "test: needs more than the 65536 KiB of memory that 'test' may use");
}

TEST_CASE("vm: raising something else than a message is told", "[script]") {
  REQUIRE_THAT(attack("error()").message, StartsWith("raised a nil value instead of a message"));
  REQUIRE_THAT(attack("error({})").message, StartsWith("raised a table without a message"));
  REQUIRE_THAT(attack("error(42)").message, StartsWith("main.lua:1: 42"));
}
