local tap = require "tap"
local decimal = require "tidewire.decimal"
local json = require "tidewire.json"

local test, equal = tap.test, tap.equal
local dec, null, array = decimal.dec, json.null, json.array

local function decide(name, dispute)
  if dispute.right_as_left == nil then dispute.right_as_left = dispute.right end
  return require("strategies." .. name)(dispute)
end

test("newest: the later edit, in a tie the tie side", function()
  equal(decide("newest", { newer = "right", tie = "left" }), "right")
  equal(decide("newest", { tie = "right" }), "right")
  equal(decide("newest", {}), "left")
end)

test("left and right are constant", function()
  equal(decide("left", { newer = "right" }), "left")
  equal(decide("right", { newer = "left" }), "right")
end)

test("max and min compare exactly", function()
  equal(decide("max", { left = 3, right = 10 }), "right")
  equal(decide("min", { left = 3, right = 10 }), "left")
  equal(decide("max", { left = dec "1.10", right = dec "1.1" }), "left")
  equal(decide("max", { left = dec "0.30000000000000000001", right = dec "0.3" }), "left")
  equal(decide("max", { left = "2024-05-01", right = "2024-05-02" }), "right")
  equal(decide("min", { left = "2024-05-01", right = "2024-05-02" }), "left")
end)

test("max and min: a number written as text is a number where the type says so", function()
  equal(decide("max", { left = "9.5", right = "10.0", kind = "decimal" }), "right")
  equal(decide("max", { left = "9.5", right = "10.0", kind = "text" }), "left")
end)

test("max and min: nothing loses, and what cannot be compared waits for a person", function()
  equal(decide("max", { right = 1 }), "right")
  equal(decide("min", { left = 1 }), "left")
  equal(decide("max", { left = { 1 }, right = { 2 } }), "manual")
  equal(require "strategies.max" { left = 1, right = "x" }, "manual")
end)

test("sum_delta adds what both added, exactly", function()
  equal(decide("sum_delta", { base = { left = 10 }, left = 12, right = 9 }), { value = 11 })
  local result = decide("sum_delta", { base = { left = dec "0.1" }, left = dec "0.3", right = dec "0.4" })
  equal(tostring(result.value), "0.6")
  equal(decide("sum_delta", { base = {}, left = 5, right = 3 }), { value = 8 })
  equal(decide("sum_delta", { base = { left = 2 }, right = 3 }), { value = 1 })
end)

test("sum_delta without a base, or without numbers, is left to a person", function()
  equal(decide("sum_delta", { left = 5, right = 3 }), "manual")
  equal(decide("sum_delta", { base = { left = 1 }, left = "many", right = 3 }), "manual")
  equal(require "strategies.sum_delta" { base = { left = 1 }, left = 2, right = "x" }, "manual")
end)

test("union has every element once", function()
  local result = decide("union", { left = array { "a", "b" }, right = array { "b", "c" } })
  equal(result, { value = { "a", "b", "c" } })
  equal(decide("union", { left = nil, right = array { "c" } }), { value = { "c" } })
  equal(json.encode(decide("union", { left = array {}, right = array {} }).value), "[]")
  equal(decide("union", { left = array { { id = 1 } }, right = array { { id = 1 }, { id = 2 } } }), { value = { { id = 1 }, { id = 2 } } })
  equal(decide("union", { left = 5, right = 6 }), "manual")
end)

test("append keeps both additions, of lists and of lines", function()
  local base = { left = array { "a" } }
  equal(decide("append", { base = base, left = array { "a", "b" }, right = array { "a", "c" } }), { value = { "a", "b", "c" } })
  equal(decide("append", { base = base, left = array { "a", "b" }, right = array { "a", "b" } }), { value = { "a", "b" } })
  equal(decide("append", { base = base, left = array {}, right = array { "a", "c" } }), { value = { "c" } })
  equal(decide("append", { base = { left = "one" }, left = "one\ntwo", right = "zero\none" }), { value = "one\ntwo\nzero" })
end)

test("nonempty: who has something, else the later edit", function()
  equal(decide("nonempty", { left = "", right = "x" }), "right")
  equal(decide("nonempty", { left = "x" }), "left")
  equal(decide("nonempty", { left = "x", right = "y", newer = "right" }), "right")
  equal(decide("nonempty", { left = array {}, right = array { 1 } }), "right")
end)

test("merge: disjoint edits of an object both count", function()
  local base = { left = { a = 1, b = 1, c = 1 } }
  local result = decide("merge", { base = base, left = { a = 2, b = 1, c = 1 }, right = { a = 1, b = 3 } })
  equal(result, { value = { a = 2, b = 3 } })
end)

test("merge: a clash inside goes to the tie side, the rest is merged", function()
  local base = { left = { a = 1, deep = { x = 1, y = 1 } } }
  local dispute = { base = base, left = { a = 2, deep = { x = 2, y = 1 } }, right = { a = 3, deep = { x = 1, y = 2 } }, tie = "right" }
  equal(decide("merge", dispute), { value = { a = 3, deep = { x = 2, y = 2 } } })
end)

test("merge: lists take additions and removals of both", function()
  local base = { left = { tags = array { "a", "b", "c" } } }
  local result = decide("merge", { base = base, left = { tags = array { "a", "c", "d" } }, right = { tags = array { "a", "b", "e" } } })
  equal(result, { value = { tags = { "a", "d", "e" } } })
end)

test("merge: single values go to the tie side", function()
  equal(decide("merge", { left = "x", right = "y", tie = "right" }), "right")
  equal(decide("merge", { left = null, right = "y" }), "left")
end)
