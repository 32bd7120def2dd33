#include <catch2/catch.hpp>

#include "lua_suite.h"

using namespace tidewire;

namespace {

// Touches most of what allocates: conversion both ways, decimals, patterns, modules, coroutines, closures, tasks.
constexpr const char* kBusy = R"lua(
local json, dec, text = require "tidewire.json", require("tidewire.decimal").dec, require "tidewire.text"
local task, url, kv = require "tidewire.task", require "tidewire.url", require "tidewire.kv"
return { function(argument)
  local all = {}
  for i = 1, 20 do
    local decoded = json.decode(json.encode { argument, price = nil, i, { name = ("row %d"):format(i) } })
    local amount = dec "12345678901234567890.50" * i
    local words = {}
    for word in ("a-%d b-%d c"):gsub("%%d", "x"):gmatch("%a+") do words[#words + 1] = text.fold(word) .. tostring(amount) end
    local co = coroutine.wrap(function(...) coroutine.yield(select("#", ...)) return { ... } end)
    all[i] = { decoded, words, url.query { { "n", amount } }, co(1, 2, 3), pcall(error, { code = "invalid", message = "no" }) }
    kv.set("key " .. i, { decoded, amount })
    local results = task.all { function() return kv.get("key " .. i) end, function() task.sleep(0) return amount end }
    all[i][4] = results
  end
  return all[20]
end })lua";

}  // namespace

TEST_CASE("memory: running out at any point is an error of that script and nothing else", "[bindings]") {
  test::LuaWorld world;
  int loaded = 0, finished = 0;
  for (std::size_t memory = 30'000; memory < 400'000; memory += memory < 130'000 ? 997 : 5003) {
    script::Options options = world.options(bindings::Profile::kIo);
    options.budget.memory = memory;
    options.main_path = "busy.lua";
    options.main_text = kBusy;
    auto script = script::Script::load(std::move(options));
    if (!script.ok()) {
      INFO(to_string(script.error()));
      REQUIRE(code_name(script.error().code) == "budget");
      continue;
    }
    ++loaded;
    for (int round = 0; round < 3; ++round) {
      const auto outcome = world.run(**script, 1, {Object{{"list", Array{1, DecimalText{"0.5"}, nullptr, "text"}}}});
      if (!outcome.ok()) {
        INFO(memory << " round " << round << ": " << to_string(outcome.error()));
        REQUIRE(code_name(outcome.error().code) == "budget");
      }
      finished += outcome.ok() ? 1 : 0;
      REQUIRE((*script)->stats().tasks == 0);
    }
  }
  REQUIRE(loaded > 10);
  REQUIRE(finished > 10);
}
