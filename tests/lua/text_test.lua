local tap = require "tap"
local text = require "tidewire.text"
local url = require "tidewire.url"
local decimal = require "tidewire.decimal"

local test, equal = tap.test, tap.equal

test("text: folds, trims and counts code points", function()
  equal(text.fold "ÄÖÜ Straße ABC", text.fold "äöü straße abc")
  equal(text.trim "  a b\n", "a b")
  equal(text.length "äö€😀", 4)
  equal(text.valid "äö", true)
  equal(text.valid "\255", false)
end)

test("text: suggests what was meant", function()
  equal(text.did_you_mean("timout", { "timeout", "body" }), " (did you mean 'timeout'?)")
  equal(text.did_you_mean("xyz", { "timeout" }), "")
  local long, many = ("timeou"):rep(20), {}
  for i = 1, 200 do many[i] = long end
  equal(text.did_you_mean(long:sub(1, 100), many), "")
end)

test("text: writes scalars as JSON would", function()
  equal(text.of(9007199254740991), "9007199254740991")
  equal(text.of(0.5), "0.5")
  equal(text.of(decimal.dec "12.50"), "12.50")
  equal(text.of(true), "true")
  tap.raises(function() text.of {} end, "must be a text or a number, not a table")
end)

test("url: encodes and decodes", function()
  equal(url.encode "a b/ü?&=", "a%20b%2F%C3%BC%3F%26%3D")
  equal(url.decode "a%20b%2F", "a b/")
  equal(url.encode(9007199254740991), "9007199254740991")
end)

test("url: queries keep their order and repeats", function()
  local query = url.query { { "b", 2 }, { "a", "x y" }, { "b", "&" } }
  equal(query, "b=2&a=x%20y&b=%26")
  equal(url.parse_query(query), { { "b", "2" }, { "a", "x y" }, { "b", "&" } })
  equal(url.query {}, "")
  tap.raises(function() url.query { "a" } end, "entry 1 must be {name, value}")
  tap.raises(function() url.query { { "a" } } end, "a value must be a text or a number, not a nil")
end)
