-- Every pair of tidewire.transform over values that no one thought of, in both directions: each comes back as it went, or is a dead
-- letter that says why, or the pair says of itself that it is lossy. None is an error of the script.
local tap = require "tap"
local decimal = require "tidewire.decimal"
local json = require "tidewire.json"
local outcome = require "tidewire.mapping.outcome"
local t = require "tidewire.transform"
local values = require "tidewire.mapping.values"

local test, equal, ok = tap.test, tap.equal, tap.ok
local null, dec, array = json.null, decimal.dec, json.array

local texts = { "", " ", " a ", "a", "a,b", "x -", "- y", "-", ", ", ",", "\n", "a\n\nb", "a\r\nb", '"', '"a" b', "n/a", "\194\160", "ẞß", "Ơ", "日本", "e\204\129",
  "0", "-0", "007", "1", "1e5", "1.50", "1.", "12345678901234567890", "true", "null", "[]", "{}", "<b>", "&amp;", "x@y", "+1", "+44 7700 900123", "07700 900123",
  "2024-05-01", "2024-02-30", "2024-99-99", "0000-01-01", "0001-01-01", "9999-12-31", "10000-01-01", "2024-05-01x", "2024-03-31 02:30:00", "2024-10-27 02:30:00",
  "2024-10-27T01:30:00Z", "2024-10-27T00:30:00Z", "9999-12-31T23:59:59Z", "0001-01-01T00:00:00Z", "0001-01-01 00:00:00", "2024-99-01T00:00:00Z",
  "2024-05-01T10:00:00.123456Z", "1969-12-31T23:59:59.5Z", "-62135596801", "253402300800", "100000000000000000000", ("9"):rep(60) }
local others = { 0, -0.0, 1, -1, 60, 61, 1.5, 0.1, 1e15, 1e20, -1e20, 1e300, 253402300800, 2958466, dec "100000000000000000000", dec "1.50", dec "-0.000", true, false,
  array {}, array { null }, array { "a", null, "b" }, array { "" }, array { "", "" }, array { "a", "a" }, array { "b", "a" }, array { 10, 9 }, array { 1, "1" },
  array { true }, array { " a " }, array { "a,b", 'c"d' }, array { "a\nb" }, array { array { "a" } }, array { "-0" }, array { dec "1.50" }, { a = 1 }, { a = { b = null } } }

local function each_value(call)
  for _, value in ipairs(texts) do call(value) end
  for _, value in ipairs(others) do call(value) end
end

local function shown(value)
  local kind, why = outcome.of(value)
  if kind then return why end
  return value == nil and "nil" or type(value) == "table" and json.encode(value) or tostring(value)
end
local function given(value) if value ~= null then return value end end
local function blank(value) return values.empty(value) or type(value) == "table" and next(value) == nil end

-- A boolean has as many forms as there are systems, and a number is one also where it was a text; the field's type says which it has.
local truths = { ["1"] = true, ["true"] = true, ["0"] = false, ["false"] = false }
local function same_scalar(returned, value)
  if type(returned) == "boolean" then return truths[values.text(value) or ""] == returned end
  if type(value) == "boolean" then return returned == (value and 1 or 0) end
  local number = type(returned) ~= "string" and type(returned) ~= "table" and values.number(returned)
  return number and number == values.number(value, "decimal")
end

-- Nothing is nothing, whether null, "" or an empty list.
local function same(a, b)
  if blank(a) and blank(b) or values.same(a, b) or same_scalar(a, b) then return true end
  if type(a) ~= "table" or type(b) ~= "table" or #a ~= #b then return false end
  for name, part in pairs(a) do
    if not same(part, b[name]) then return false end
  end
  return true
end

local function fitted(pair, context)
  context.left_paths, context.right_paths = context.left_paths or { "a" }, context.right_paths or { "b" }
  context.problem = function(message) error(message, 0) end
  context.warn = function() end
  local result = pair.bind and pair.bind(context) or pair
  if result.lossy == nil then result.lossy = pair.lossy or false end
  return result
end

local function one_way(name, lossy, there, back, value)
  local went, result = pcall(there, value)
  ok(went, ("%s: %s is an error of the script: %s"):format(name, shown(value), tostring(result)))
  local kind, why = outcome.of(result)
  if kind then return ok(not why:find "0x" and not why:find "table:" and not why:find "userdata:", name .. ": " .. why) end
  if lossy then return end
  local returned
  went, returned = pcall(back, given(result))
  ok(went, ("%s: the way back of %s is an error of the script: %s"):format(name, shown(value), tostring(returned)))
  ok(same(returned, value), ("%s: %s -> %s -> %s, and it is not lossy"):format(name, shown(value), shown(result), shown(returned)))
end

local function both_ways(name, pair, context)
  test(name .. ": what is ugly comes back, is a dead letter, or is said to be lossy", function()
    local p = fitted(pair, context or {})
    each_value(function(value)
      one_way(name, p.lossy, p.to_right, p.to_left, value)
      one_way(name .. " to the left", p.lossy, p.to_left, p.to_right, value)
    end)
    ok(pcall(p.to_right, nil))
    ok(pcall(p.to_left, nil))
  end)
end

local function of(kind, more)
  local result = { kind = kind }
  for key, value in pairs(more or {}) do result[key] = value end
  return result
end
local instant, berlin = of("datetime", { form = "instant" }), of("datetime", { form = "local", zone = "Europe/Berlin" })

both_ways("t.phone", t.phone "GB")
both_ways("t.date", t.date)
both_ways("t.date of dates", t.date, { left_type = of "date", right_type = of "date" })
both_ways("t.date of an instant", t.date, { left_type = instant, right_type = of "date" })
both_ways("t.datetime", t.datetime "Europe/Berlin")
both_ways("t.datetime of instants", t.datetime "Europe/Berlin", { left_type = instant, right_type = instant })
both_ways("t.datetime of local times", t.datetime, { left_type = berlin, right_type = instant })
both_ways("t.enum", t.enum { A = "a", ["1"] = "one", ["-0"] = "zero" })
both_ways("t.enum of numbers", t.enum { [0] = "zero", [1] = "one" })
both_ways("t.enum of described numbers", t.enum { ["0"] = "zero", ["1"] = "one" }, { left_type = of "decimal" })
both_ways("t.decimal", t.decimal(2))
both_ways("t.bool", t.bool("Yes", "No"))
both_ways("t.bool of numbers", t.bool(1, 2))
both_ways("t.invert", t.invert)
both_ways("t.json", t.json)
both_ways("t.trim", t.trim)
both_ways("t.lower", t.lower)
both_ways("t.upper", t.upper)
both_ways("t.email", t.email)
both_ways("t.default", t.default "n/a")
both_ways("t.default of a number", t.default(0))
both_ways("t.html", t.html)
both_ways("t.markdown", t.markdown)
both_ways("t.scale(100)", t.scale(100))
both_ways("t.scale(1.19)", t.scale "1.19")
both_ways("t.percent", t.percent)
both_ways("t.minor", t.minor "EUR")
both_ways("t.unix", t.unix)
both_ways("t.unix ms of local times", t.unix "ms", { left_type = berlin })
both_ways("t.excel", t.excel)
both_ways("t.excel of times", t.excel, { left_type = berlin })
both_ways("t.csv", t.csv)
both_ways("t.csv ;", t.csv ";")
both_ways("t.lines", t.lines)
both_ways("t.set", t.set)
both_ways("t.flip(t.csv)", t.flip(t.csv))
both_ways("t.list(t.trim)", t.list(t.trim))
both_ways("t.list(t.enum)", t.list(t.enum { a = "x", b = "y" }))
both_ways("t.list(t.minor)", t.list(t.minor "EUR"))
both_ways("t.list(t.invert)", t.list(t.invert))

test("t.matches answers to every value", function()
  local matches = t.matches "^%+"
  each_value(function(value) ok(pcall(matches, value), shown(value)) end)
end)

-- All pairs of ugly values in two fields, and every one of them alone in the third.
for name, pair in pairs { ["t.names"] = t.names, ['t.concat " - "'] = t.concat " - ", ['t.concat "--"'] = t.concat "--", ['t.concat ", "'] = t.concat ", " } do
  test(name .. ": fields come back, or are a dead letter that names one, or it is lossy", function()
    local p = fitted(pair, { left_paths = { "first", "second", "third" } })
    local function tried(form)
      local went, whole = pcall(p.to_right, form)
      ok(went, ("%s: %s: %s"):format(name, shown(form), shown(whole)))
      if outcome.of(whole) or name == "t.names" then return end
      local back = p.to_left(given(whole))
      for path, part in pairs(form) do      -- numbers come back as texts
        ok(same(back[path], values.text(part) or part), ("%s: %s -> %s -> %s"):format(name, shown(form), shown(whole), shown(back)))
      end
    end
    for _, first in ipairs(texts) do
      for _, second in ipairs(texts) do tried { first = first, second = second } end
    end
    each_value(function(value)
      tried { first = "a", third = value }
      tried { first = value, second = "", third = "b" }
      ok(pcall(p.to_left, value), name .. " to the left: " .. shown(value))
    end)
    equal(p.lossy, true)
  end)
end

test("white space is no address and no number, and an empty text is neither true nor false: all of it is nothing", function()
  local yes_no = t.bool("Yes", "No").bind {}
  for _, blank_text in ipairs { "", " ", "\t\n" } do
    equal({ t.email.to_right(blank_text) }, {})
    equal({ t.phone("GB").to_left(blank_text) }, {})
  end
  equal({ yes_no.to_right "" }, {})
  equal(outcome.of(yes_no.to_right " "), "dead")
end)

test("false is a value, not nothing", function()
  equal({ t.html.to_right(false), t.markdown.to_left(false) }, { false, false })
  equal(t.json.bind({}).to_right(false), false)
end)
