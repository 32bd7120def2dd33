#include <catch2/catch.hpp>

#include <lua.hpp>

#include "harness.h"
#include "script/convert.h"
#include "script/failure.h"
#include "script/loader.h"
#include "script/task.h"

using namespace tidewire;
using script::Task;
using test::ScriptHarness;
using Catch::Matchers::Contains;
using Catch::Matchers::StartsWith;

namespace {

/// A harness whose scripts can wait(name): answered, or not, by hand.
class Waits : public ScriptHarness {
 public:
  struct Handle {
    Handle(int& open_in) : open(open_in) { ++open; }
    ~Handle() { --open; }
    int& open;
  };

  std::map<std::string, Task::Resume> pending;
  std::vector<std::string> begun;
  int open = 0;  // operations neither answered nor cancelled

  Waits() {
    options.install = [this](lua_State* L) {
      script::Vm::of(L).emplace<Waits*>(this);
      lua_pushcfunction(L, wait);
      lua_setglobal(L, "wait");
    };
  }

  void answer(const std::string& name, Value value) {
    pending.at(name)([value = std::move(value)](lua_State* L) { return script::push_value(L, value), 1; });
  }

 private:
  static int wait(lua_State* L) {
    Task& task = Task::waiting(L);
    const std::string name = luaL_checkstring(L, 1);
    Waits& self = *script::Vm::of(L).get<Waits*>();
    return task.await(L, [&](Task::Resume resume) {
      self.begun.push_back(name);
      self.pending[name] = std::move(resume);
      return std::make_unique<Handle>(self.open);
    });
  }
};

struct Outcome {
  std::optional<Result<Value>> result;
  script::Script::Done done() {
    return [this](Result<Value> value) {
      REQUIRE_FALSE(result);
      result = std::move(value);
    };
  }
};

/// Runs the one function of `text` as a task until nothing more happens by itself.
Result<Value> outcome_of(Waits& waits, const std::string& text) {
  auto script = waits.load("return { " + text + " }");
  Outcome outcome;
  const auto running = script->start(1, {}, outcome.done());
  waits.timers.run_posted();
  REQUIRE(outcome.result);
  return *outcome.result;
}

}  // namespace

TEST_CASE("task: a wait is answered in a later turn", "[script]") {
  Waits waits;
  auto script = waits.load("return { function(x) local y = wait 'a' local z = wait 'b' return { x, y, z } end }");
  Outcome outcome;

  const auto running = script->start(1, {Value("x")}, outcome.done());
  REQUIRE(waits.begun.empty());
  waits.timers.run_posted();
  REQUIRE(waits.begun == std::vector<std::string>{"a"});
  waits.answer("a", 1);
  REQUIRE(waits.begun.size() == 1);
  waits.timers.run_posted();
  REQUIRE(waits.open == 1);
  waits.answer("b", nullptr);
  waits.timers.run_posted();

  REQUIRE(outcome.result->value() == Value(Array{"x", 1, nullptr}));
  REQUIRE(waits.open == 0);
  REQUIRE(script->stats().tasks == 0);
}

TEST_CASE("task: waiting works through pcall, iterators and metamethods", "[script]") {
  Waits waits;
  auto script = waits.load(R"lua(return { function()
    local total = 0
    local ok = pcall(function() total = total + wait 'a' end)
    for x in function(_, last) if last ~= 2 then return wait 'b' end end do total = total + x end
    local t = setmetatable({}, { __index = function(_, key) return wait(key) end })
    local ok2, text = xpcall(function() return t.c end, tostring)
    return { ok, total, ok2, text }
  end })lua");
  Outcome outcome;
  const auto running = script->start(1, {}, outcome.done());

  for (const auto& [name, value] : std::vector<std::pair<std::string, int>>{{"a", 1}, {"b", 2}, {"c", 3}}) {
    waits.timers.run_posted();
    waits.answer(name, value);
  }
  waits.timers.run_posted();

  REQUIRE(outcome.result->value() == Value(Array{true, 3, true, 3}));
}

TEST_CASE("task: where it cannot wait nothing is begun and the error says why", "[script]") {
  for (const auto& [text, reason] : std::vector<std::pair<std::string, std::string>>{
           {"function() table.sort({ 2, 1 }, function() return wait 'x' end) end", "table.sort or string.gsub"},
           {"function() return (('a'):gsub('a', function() return wait 'x' end)) end", "table.sort or string.gsub"},
           {"function() return coroutine.wrap(function() return wait 'x' end)() end", "a coroutine of your own"},
           {"function() local co = coroutine.create(function() return wait 'x' end) assert(coroutine.resume(co)) end", "a coroutine of your own"},
           {"function() return require 'waits_at_top' end", "at the top level of a module"}}) {
    Waits waits;
    waits.sources.texts["waits_at_top"] = "return wait 'x'";
    INFO(text);
    const auto result = outcome_of(waits, text);
    REQUIRE(result.error().code == Code::kScript);
    REQUIRE_THAT(result.error().message, Contains("waits, and cannot") && Contains(reason));
    REQUIRE(waits.begun.empty());
  }
}

TEST_CASE("task: neither a called function nor a file's top level can wait", "[script]") {
  Waits waits;
  auto script = waits.load("return { function() local x = wait 'x' end }");
  REQUIRE_THAT(script->call(1, {}).error().message, StartsWith("main.lua:1: 'wait' waits, and cannot here"));
  REQUIRE_THAT(waits.error("wait 'x'").message, Contains("'wait' waits, and cannot here"));
  REQUIRE(waits.begun.empty());
}

TEST_CASE("task: a yield that is no wait ends the task", "[script]") {
  Waits waits;
  const auto result = outcome_of(waits, "function()\n coroutine.yield(1)\n return 2 end");
  REQUIRE(result.error().message == "main.lua:2: coroutine.yield outside of a coroutine of your own");
}

TEST_CASE("task: a task's own thread is out of reach of scripts", "[script]") {
  Waits waits;
  REQUIRE(outcome_of(waits, "function() return coroutine.running() == nil end").value() == Value(true));
}

TEST_CASE("task: destroying the handle cancels the operation and nothing is told", "[script]") {
  Waits waits;
  auto script = waits.load("return { function() wait 'a' end }");
  Outcome outcome;
  auto running = script->start(1, {}, outcome.done());
  waits.timers.run_posted();
  REQUIRE(waits.open == 1);

  running.reset();

  REQUIRE(waits.open == 0);
  REQUIRE(script->stats().tasks == 0);
  waits.answer("a", 1);
  waits.timers.run_posted();
  REQUIRE_FALSE(outcome.result);
}

TEST_CASE("task: cancelled before its first turn it never runs", "[script]") {
  Waits waits;
  auto script = waits.load("return { function() wait 'a' end }");
  Outcome outcome;
  script->start(1, {}, outcome.done()).reset();
  waits.timers.run_posted();
  REQUIRE(waits.begun.empty());
}

TEST_CASE("task: an answer on its way to a cancelled task is dropped", "[script]") {
  Waits waits;
  auto script = waits.load("return { function() wait 'a' wait 'never' end }");
  Outcome outcome;
  auto running = script->start(1, {}, outcome.done());
  waits.timers.run_posted();
  waits.answer("a", 1);

  running.reset();
  waits.timers.run_posted();

  REQUIRE(waits.begun.size() == 1);
}

TEST_CASE("task: an answer to an earlier wait does not end a later one", "[script]") {
  Waits waits;
  auto script = waits.load("return { function() return { (wait 'a'), (wait 'b') } end }");
  Outcome outcome;
  const auto running = script->start(1, {}, outcome.done());
  waits.timers.run_posted();

  waits.answer("a", "first");
  waits.answer("a", "twice");
  waits.timers.run_posted();
  waits.answer("a", "late");
  waits.timers.run_posted();
  REQUIRE_FALSE(outcome.result);
  waits.answer("b", "second");
  waits.timers.run_posted();

  REQUIRE(outcome.result->value() == Value(Array{"first", "second"}));
}

TEST_CASE("task: destroying the script cancels its tasks", "[script]") {
  Waits waits;
  auto script = waits.load("return { function() wait 'a' end }");
  Outcome first, second;
  const auto waiting = script->start(1, {}, first.done());
  waits.timers.run_posted();
  const auto fresh = script->start(1, {}, second.done());

  script.reset();

  REQUIRE(waits.open == 0);
  waits.answer("a", 1);
  waits.timers.run_posted();
  REQUIRE_FALSE(first.result);
  REQUIRE_FALSE(second.result);
}

TEST_CASE("task: whoever is told may destroy the script", "[script]") {
  Waits waits;
  auto script = waits.load("return { function() return wait 'a' end }");
  bool told = false;
  const auto running = script->start(1, {}, [&](Result<Value>) {
    told = true;
    script.reset();
  });
  waits.timers.run_posted();
  waits.answer("a", 1);
  waits.timers.run_posted();
  REQUIRE(told);
}

TEST_CASE("task: an error or a returned error is the outcome", "[script]") {
  Waits waits;
  REQUIRE_THAT(outcome_of(waits, "function()\n local t\n return t.x end").error().message, StartsWith("main.lua:3: attempt to index local 't'"));
  REQUIRE(outcome_of(waits, "function() return nil, { code = 'throttled', message = 'slow', retry_after = 2 } end").error().retry_after ==
          std::chrono::seconds(2));
  REQUIRE(outcome_of(waits, "function() return nil, 'just text' end").error().code == Code::kInvalid);
  REQUIRE(outcome_of(waits, "function() return nil end").value() == Value());
  REQUIRE(outcome_of(waits, "function() assert(nil, { code = 'denied', message = 'no' }) end").error().code == Code::kDenied);
  REQUIRE_THAT(outcome_of(waits, "function() return function() end end").error().message, Contains("a function is no data"));
}

TEST_CASE("task: a runaway after a wait is stopped, others go on", "[script]") {
  Waits waits;
  auto script = waits.load("return { function(name) wait(name) if name == 'bad' then while true do pcall(function() while true do end end) end end return 'fine' end }");
  Outcome good, bad;
  const auto first = script->start(1, {Value("bad")}, bad.done());
  const auto second = script->start(1, {Value("good")}, good.done());
  waits.timers.run_posted();

  waits.answer("bad", 1);
  waits.answer("good", 1);
  waits.timers.run_posted();

  REQUIRE(bad.result->error().code == Code::kBudget);
  REQUIRE(good.result->value() == Value("fine"));
}

TEST_CASE("task: the budget starts anew after each wait", "[script]") {
  Waits waits;
  auto script = waits.load("return { function() for i = 1, 5 do for j = 1, 700000 do end wait 'a' end return 'done' end }");
  Outcome outcome;
  const auto running = script->start(1, {}, outcome.done());
  for (int round = 0; round < 5; ++round) {
    waits.timers.run_posted();
    waits.answer("a", 1);
  }
  waits.timers.run_posted();
  REQUIRE(outcome.result->value() == Value("done"));
}

TEST_CASE("task: running out of memory ends the task, and the VM goes on", "[script]") {
  Waits waits;
  auto script = waits.load("return { function() wait 'a' local t = {} while true do t[#t + 1] = ('x'):rep(1000) .. #t end end, function() return wait 'b' end }");
  Outcome bomb, good;
  const auto first = script->start(1, {}, bomb.done());
  const auto second = script->start(2, {}, good.done());
  waits.timers.run_posted();

  waits.answer("a", 1);
  waits.timers.run_posted();
  REQUIRE(bomb.result->error().code == Code::kBudget);
  REQUIRE_THAT(bomb.result->error().message, StartsWith("main.lua:1: needs more than"));
  waits.answer("b", "ok");
  waits.timers.run_posted();

  REQUIRE(good.result->value() == Value("ok"));
}

TEST_CASE("task: an answer too big for the VM ends only its task", "[script]") {
  Waits waits;
  waits.options.budget.memory = 2u << 20;
  auto script = waits.load("return { function() return #wait 'a' end }");
  Outcome outcome;
  const auto running = script->start(1, {}, outcome.done());
  waits.timers.run_posted();

  waits.answer("a", std::string(4u << 20, 'x'));
  waits.timers.run_posted();

  REQUIRE(outcome.result->error().code == Code::kBudget);
  Outcome again;
  const auto next = script->start(1, {}, again.done());
  waits.timers.run_posted();
  waits.answer("a", "small");
  waits.timers.run_posted();
  REQUIRE(again.result->value() == Value(5));
}

TEST_CASE("task: a deadline cancels what is under way, whose fate is then unknown", "[script]") {
  Waits waits;
  waits.options.deadline = std::chrono::seconds(10);
  auto script = waits.load("return { function()\n wait 'slow' end }");
  Outcome outcome;
  const auto running = script->start(1, {}, outcome.done());
  waits.timers.advance(std::chrono::seconds(9));
  REQUIRE(waits.open == 1);
  REQUIRE_FALSE(outcome.result);

  waits.timers.advance(std::chrono::seconds(2));

  REQUIRE(outcome.result->error().code == Code::kUnknown);
  REQUIRE_THAT(outcome.result->error().message, StartsWith("main.lua:2: not done after 10 s"));
  REQUIRE(waits.open == 0);
  REQUIRE(script->stats().tasks == 0);
}

TEST_CASE("task: many tasks wait at once", "[script]") {
  Waits waits;
  auto script = waits.load("return { function(name) return name .. wait(name) end }");
  std::vector<std::unique_ptr<script::Script::Running>> running;
  int told = 0;
  for (int number = 0; number < 500; ++number)
    running.push_back(script->start(1, {Value(std::to_string(number))}, [&](Result<Value> result) { told += result.ok() ? 1 : 0; }));
  waits.timers.run_posted();
  REQUIRE(script->stats().tasks == 500);

  for (int number = 499; number >= 0; --number) waits.answer(std::to_string(number), "!");
  waits.timers.run_posted();

  REQUIRE(told == 500);
}
