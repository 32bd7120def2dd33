-- profile: io
local tap = require "tap"
local task = require "tidewire.task"
local time = require "tidewire.time"
local hash = require "tidewire.hash"

local test, equal = tap.test, tap.equal

test("task: sleeping takes its time", function()
  local before = time.clock()
  task.sleep(0.02)
  tap.ok(time.clock() - before >= 0.02)
end)

test("task: all gives the results in order", function()
  local results = task.all {
    function() task.sleep(0.02) return "slow" end,
    function() return "quick" end,
    function() task.sleep(0.01) return nil end,
    function() task.sleep(0.001) return { 4 } end,
  }
  equal({ results[1], results[2], results[3], results[4][1] }, { "slow", "quick", nil, 4 })
  equal(task.all {}, {})
end)

test("task: all at once takes as long as the slowest", function()
  local order = {}
  task.all {
    function() task.sleep(0.03) order[#order + 1] = "a" end,
    function() task.sleep(0.01) order[#order + 1] = "b" end,
  }
  equal(order, { "b", "a" })
end)

test("task: the first failure cancels the rest", function()
  local reached = false
  tap.fails("throttled", task.all {
    function() task.sleep(30) reached = true end,
    function() task.sleep(0.001) return nil, { code = "throttled", message = "slow down" } end,
    function() task.sleep(30) reached = true end,
  })
  equal(reached, false)
end)

test("task: an error raised by one is raised where it is waited for", function()
  local raised = tap.raises(function()
    task.all { function() task.sleep(30) end, function() local t; return t.x end }
  end, "attempt to index")
  equal(raised.code, "script")
end)

test("task: all within all", function()
  local results = task.all {
    function() return task.all { function() task.sleep(0.001) return 1 end, function() return 2 end } end,
    function() return 3 end,
  }
  equal({ results[1][1], results[1][2], results[2] }, { 1, 2, 3 })
end)

test("task: misuse is told", function()
  tap.raises(function() task.sleep(-1) end, "number of seconds")
  tap.raises(function() task.sleep "x" end, "number expected")
  tap.raises(function() task.all { 1 } end, "entry 1 is a number, not a function")
  tap.raises(function() coroutine.wrap(function() task.sleep(0) end)() end, "coroutine of your own")
end)

test("task: ids differ and sort by time", function()
  local a, b = hash.id(), hash.id()
  tap.ok(a < b)
  equal(#a, 36)
end)

test("task: now is an instant", function()
  tap.ok(time.parse(time.now()) > 1.7e9)
end)
