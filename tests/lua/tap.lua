-- tap — tests of Lua modules, run inside the binary: each test is a task of its own and fails under its name.
--
--   local tap = require "tap"
--   tap.test("addition is commutative", function() tap.equal(1 + 2, 2 + 1) end)
--
-- A file's first line may say its profile: "-- profile: io" or "-- profile: practice"; pure otherwise.
local json = require "tidewire.json"

local tap = { tests = {} }
local made, expected = 0, nil

local function show(value)
  if type(value) == "string" then return '"' .. value .. '"' end
  if type(value) ~= "table" then return tostring(value) end
  local ok, text = pcall(json.encode, value)
  return ok and text or tostring(value)
end

local function same(a, b)
  if a == b then return true end
  if type(a) ~= "table" or type(b) ~= "table" then return false end
  for key, value in pairs(a) do
    if not same(value, b[key]) then return false end
  end
  for key in pairs(b) do
    if a[key] == nil then return false end
  end
  return true
end

-- Declares a test. It fails when it raises, or when `tap.expect` named another number of checks than it made.
function tap.test(name, fn)
  tap.tests[#tap.tests + 1] = {
    name = name,
    run = function()
      made, expected = 0, nil
      fn()
      if expected and made ~= expected then
        error(("%d checks were expected, %d made"):format(expected, made), 0)
      end
      if made == 0 then error("the test checks nothing", 0) end
    end,
  }
end

-- How many checks the running test must have made at its end: for code that runs in callbacks and other tasks.
function tap.expect(count)
  expected = count
end

-- Raises unless both are the same, tables compared by their contents.
function tap.equal(actual, wanted, what)
  made = made + 1
  if same(actual, wanted) then return end
  error(("%s%s instead of %s"):format(what and what .. ": " or "", show(actual), show(wanted)), 2)
end

-- Raises unless `value` is true-like; returns it.
function tap.ok(value, what)
  made = made + 1
  if not value then error(tostring(what or "a false value"), 2) end
  return value
end

-- Raises unless `fn` raises a text in which `pattern` is found; returns what it raised.
function tap.raises(fn, pattern)
  made = made + 1
  local ok, raised = pcall(fn)
  if ok then error("nothing was raised", 2) end
  if pattern and not tostring(raised):find(pattern) then
    error(("raised %s, in which %s is not found"):format(show(tostring(raised)), show(pattern)), 2)
  end
  return raised
end

-- Raises unless the results are `nil, err` with that code; returns err. Call it as tap.fails("invalid", f(x)).
function tap.fails(code, value, err)
  made = made + 1
  if value ~= nil or type(err) ~= "table" then error("it did not fail: " .. show(value), 2) end
  if err.code ~= code then error(("failed with %s instead of %s"):format(tostring(err), code), 2) end
  return err
end

return tap
