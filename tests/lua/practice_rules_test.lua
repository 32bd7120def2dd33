-- profile: practice
-- What the practice servers' knobs take and refuse: a rule that is misspelt must not pass for one that was heard.
local rules = require "practice.shared.rules"
local tap = require "tap"
local test, equal = tap.test, tap.equal

local function new() return rules.new({ status = "status", delay = "seconds", drop = "drop", committed = "yes", html = "page", body = "body" }, { doctype = "text" }) end

local function refused(rule) return new().set { rule } end

test("an unknown key is refused with a suggestion, wherever it stands", function()
  equal(refused { staus = 500 }, "unknown key 'staus' in rule 1 (did you mean 'status'?)")
  equal(refused { acton = {} }, "unknown key 'acton' in rule 1 (did you mean 'action'?)")
  equal(refused { action = { statuss = 500 } }, "unknown key 'statuss' in action of rule 1 (did you mean 'status'?)")
  equal(refused { match = { pth = "x" } }, "unknown key 'pth' in match of rule 1 (did you mean 'path'?)")
end)

test("a value that is none is refused in words", function()
  equal(refused { drop = "sometimes" }, [['drop' in rule 1 must be "before" or "after", not 'sometimes']])
  equal(refused { delay = "x" }, "'delay' in rule 1 must be a number of seconds from 0, not 'x'")
  equal(refused { status = 99 }, "'status' in rule 1 must be a status from 100 to 599, not '99'")
  equal(refused { probability = 2 }, "'probability' in rule 1 must be a number from 0 to 1, not '2'")
  equal(refused { count = 0.5 }, "'count' in rule 1 must be a whole number from 0, not '0.5'")
  equal(refused { match = { path = {} } }, "'path' in match of rule 1 must be a text, not an object")
  equal(new().set { "abc" }, "rule 1 must be an object, not abc")
end)

test("a list that is refused leaves the rules as they were", function()
  local set = new()
  equal(set.set { { status = 500 } }, nil)
  equal(set.set { { status = 503 }, { stats = 1 } } ~= nil, true)
  equal(set.pick({ method = "GET" }, "/x", {}).status, 500)
end)

test("what happens may stand in a table of its own", function()
  local set = new()
  set.set { { match = { method = "PATCH" }, action = { status = 503, committed = true }, after = 1, count = 1 } }
  local request = { method = "PATCH" }
  equal(set.pick(request, "/rest/v1/items", {}), nil)
  equal(set.pick(request, "/rest/v1/items", {}).status, 503)
  equal(set.pick(request, "/rest/v1/items", {}), nil)
end)

test("a path is a glob of the whole path, or of a part where it does not begin so", function()
  local request = { method = "GET" }
  for pattern, hit in pairs { ["/rest/v1/items"] = true, ["items"] = true, ["*/items"] = true, ["/items"] = false, ["it*s"] = true, ["("] = false, ["*(*"] = false } do
    local set = new()
    equal(set.set { { match = { path = pattern }, status = 500 } }, nil)
    equal(set.pick(request, "/rest/v1/items", {}) ~= nil, hit)
  end
end)
