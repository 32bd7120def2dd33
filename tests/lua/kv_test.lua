-- profile: io
local tap = require "tap"
local kv = require "tidewire.kv"
local json = require "tidewire.json"
local log = require "tidewire.log"

local test, equal = tap.test, tap.equal

test("kv: keeps values", function()
  equal(kv.get "absent", nil)
  equal(kv.set("a", { list = json.array {}, n = 1, none = json.null }), true)
  equal(json.encode(kv.get "a"), '{"list":[],"n":1,"none":null}')
  equal(kv.set("a", "text", 60), true)
  equal(kv.get "a", "text")
  equal(kv.delete "a", true)
  equal(kv.get "a", nil)
end)

test("kv: misuse is told", function()
  tap.raises(function() kv.set("a", nil) end, "kv.delete")
  tap.raises(function() kv.set("a") end, "value expected")
  tap.raises(function() kv.set("a", function() end) end, "a function is no data")
  tap.raises(function() kv.get "" end, "1 to 512 bytes")
end)

test("log: takes a message and fields", function()
  tap.expect(2)
  log.debug("quiet", { count = 1 })
  tap.raises(function() log.info({}) end, "the message must be a text")
  tap.raises(function() log.info("x", "y") end, "table expected")
end)
