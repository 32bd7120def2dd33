#include <catch2/catch.hpp>

#include <lua.hpp>

#include "base/text.h"
#include "harness.h"
#include "script/pattern.h"
#include "support/seeded_random.h"

using namespace tidewire;
using test::ScriptHarness;
using Catch::Matchers::Contains;

namespace {

/// A plain Lua beside ours, for comparing.
class PlainLua {
 public:
  PlainLua() : L_(luaL_newstate()) { luaL_openlibs(L_); }
  ~PlainLua() { lua_close(L_); }

  std::string run(const std::string& expression) {
    const std::string chunk = "local r = { n = 0 } local function keep(...) r = { n = select('#', ...), ... } end "
                              "keep(pcall(function() return " + expression + " end)) local out = {} for i = 1, r.n do out[i] = tostring(r[i]) end return table.concat(out, '|')";
    REQUIRE(luaL_dostring(L_, chunk.c_str()) == 0);
    std::string text(lua_tostring(L_, -1), lua_objlen(L_, -1));
    lua_settop(L_, 0);
    return text;
  }

 private:
  lua_State* L_;
};

std::string quoted(const std::string& text) {
  std::string out = "\"";
  for (const char c : text) out += format("\\%03d", static_cast<unsigned char>(c));
  return out + "\"";
}

}  // namespace

TEST_CASE("pattern: matches what Lua's own matcher does, over random patterns and texts", "[script]") {
  constexpr const char* kPieces[] = {"a", "b", ".", "%a", "%d", "%s", "[ab]", "[^a]", "[a-c]", "[%d_]", "(", ")", "()", "%1", "*", "+", "-", "?", "%b()", "%f[%w]", "$", "x", "%.", "[]]", "[a-]"};
  PlainLua plain;
  test::SeededRandom random(7);
  ScriptHarness harness;
  auto script = harness.load(R"lua(
    local function text(...) local out = { ... } for i = 1, select('#', ...) do out[i] = tostring(out[i]) end return table.concat(out, '|') end
    return { function(s, p) return text(pcall(string.find, s, p)) end, function(s, p) return text(pcall(string.gsub, s, p, '<%0>')) end,
             function(s, p) return text(pcall(function() local out = {} for a, b in string.gmatch(s, p) do out[#out + 1] = tostring(a) .. tostring(b) end return table.concat(out, ',') end)) end })lua");

  int compared = 0;
  for (int round = 0; round < 4000; ++round) {
    std::string pattern = random.below(5) == 0 ? "^" : "", subject;
    for (std::uint64_t count = random.below(6); count > 0; --count) pattern += kPieces[random.below(std::size(kPieces))];
    for (std::uint64_t count = random.below(12); count > 0; --count) subject += "ab c1(x)._]-"[random.below(12)];
    const std::string s = quoted(subject), p = quoted(pattern);
    INFO("subject '" << subject << "' pattern '" << pattern << "'");
    const std::string expected = plain.run("string.find(" + s + "," + p + ")");
    const std::string found = script->call(1, {Value(subject), Value(pattern)}).value().as_string();
    if (found.starts_with("false|malformed pattern")) continue;  // Lua may see it too late to tell, for it looks as it goes
    if (expected.starts_with("false")) {
      REQUIRE(found.starts_with("false"));
      continue;
    }
    ++compared;
    REQUIRE(found == expected);
    const std::string replaced = plain.run("string.gsub(" + s + "," + p + ",'<%0>')");
    const std::string ours = script->call(2, {Value(subject), Value(pattern)}).value().as_string();
    if (ours.starts_with("false|malformed pattern")) continue;
    if (replaced.starts_with("false")) {
      REQUIRE(ours.starts_with("false"));
      continue;
    }
    REQUIRE(ours == replaced);
    if (pattern.starts_with('^')) continue;  // Lua 5.1 leaves open what it means in gmatch
    const std::string all = plain.run("(function() local out = {} for a, b in string.gmatch(" + s + "," + p +
                                      ") do out[#out + 1] = tostring(a) .. tostring(b) end return table.concat(out, ',') end)()");
    REQUIRE(script->call(3, {Value(subject), Value(pattern)}).value().as_string() == all);
  }
  REQUIRE(compared > 2000);
}

TEST_CASE("pattern: one that tries too much is stopped and named", "[script]") {
  for (const char* text : {"local s = ('a'):rep(3000)\nlocal r = s:find('a-a-a-a-a-b')", "local s = ('a'):rep(3000)\nlocal r = s:match('(a*)(a*)(a*)(a*)b')",
                           "local s = ('a'):rep(3000)\nreturn (s:gsub('a-a-a-a-b', ''))", "local s = ('a'):rep(3000)\nfor x in s:gmatch('a*a*a*a*b') do end"}) {
    ScriptHarness harness;
    harness.options.budget.instructions = 200'000'000;
    INFO(text);
    const Error error = harness.error(text);
    REQUIRE(error.code == Code::kScript);
    REQUIRE_THAT(error.message, Contains("main.lua:2: matching took more than 1192000 steps"));
  }
}

TEST_CASE("pattern: steps count towards the script's budget", "[script]") {
  ScriptHarness harness;
  const Error error = harness.error("local s = ('a'):rep(1000)\nwhile true do pcall(string.find, s, 'a-a-a-b') end");
  REQUIRE(error.code == Code::kBudget);
  REQUIRE_THAT(error.message, Contains("main.lua:2:"));
}

TEST_CASE("pattern: a plain search counts what it goes through, no more", "[script]") {
  ScriptHarness harness;
  const Error error = harness.error("local s = ('x'):rep(6e6)\nwhile true do local at = s:find('y', 1, true) end");
  REQUIRE(error.code == Code::kBudget);
  REQUIRE_THAT(error.message, Contains("main.lua:2: ran more than 5000000 instructions"));
  const char* split = "local s, at, n = ('a,'):rep(50000), 0, 0 while true do at = s:find(',', at + 1, true) if not at then return n end n = n + 1 end";
  REQUIRE(harness.value(split).value() == Value(50000));
}

TEST_CASE("pattern: the budget is looked at inside one long gsub", "[script]") {
  static int calls = 0;
  calls = 0;
  ScriptHarness harness;
  harness.options.budget.instructions = 1'000'000;
  harness.options.install = [](lua_State* L) {
    lua_pushcfunction(L, [](lua_State*) -> int { return (++calls, 0); });
    lua_setglobal(L, "counted");
  };
  const Error error = harness.error("local s = ('ab '):rep(1000000)\ns:gsub('%a+', counted)");
  REQUIRE(error.code == Code::kBudget);
  REQUIRE_THAT(error.message, Contains("main.lua:2:"));
  REQUIRE(calls < 500'000);
}

TEST_CASE("pattern: long texts are no problem for simple patterns", "[script]") {
  ScriptHarness harness;
  harness.options.budget.instructions = 100'000'000;
  REQUIRE(harness.value("local s = ('ab '):rep(300000) local _, n = s:gsub('%a+', string.upper) return n").value() == Value(300000));
  REQUIRE(harness.value("local s = ('('):rep(100000) .. (')'):rep(100000) return #s:match('^%b()$')").value() == Value(200000));
}

TEST_CASE("pattern: replacements are checked as in Lua", "[script]") {
  ScriptHarness harness;
  REQUIRE(harness.value("return { ('hello world'):gsub('o', { o = '0' }) }").value() == Value(Array{"hell0 w0rld", 2}));
  REQUIRE(harness.value("return { ('abc'):gsub('', '-') }").value() == Value(Array{"-a-b-c-", 4}));
  REQUIRE(harness.value("return { ('abc'):gsub('%w', '%0%0', 2) }").value() == Value(Array{"aabbc", 2}));
  REQUIRE(harness.value("return { ('a b'):gsub('(%w) (%w)', '%2 %1') }").value() == Value(Array{"b a", 1}));
  REQUIRE(harness.value("return ('k=v'):gsub('(%w)=(%w)', function(k, v) return v .. k end)").value() == Value("vk"));
  REQUIRE_THAT(harness.error("('x'):gsub('x', function() return {} end)").message, Contains("invalid replacement value (a table)"));
  REQUIRE_THAT(harness.error("('x'):find('(')").message, Contains("malformed pattern (unfinished capture)"));
  REQUIRE_THAT(harness.error("('x'):find('[a')").message, Contains("malformed pattern (missing ']')"));
}
