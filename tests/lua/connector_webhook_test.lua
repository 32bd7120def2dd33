-- profile: io
-- A connector's own `webhook`: what it is given, and what becomes of its answer.
local tap = require "tap"
local host = require "tidewire.host.connector"
local json = require "tidewire.json"

local test, equal = tap.test, tap.equal

local function telling(webhook)
  local main = { kind = "shop", read = function() end, list = function() end, describe = function() end, webhook = webhook }
  local functions = host(function() return main end, { name = "app" }).functions
  return function(request)
    request.method, request.target, request.headers = "POST", request.target or "/webhook/app", request.headers or {}
    return functions.webhook(request)
  end
end

local function refused(webhook)
  local ran, why = pcall(telling(webhook), { body = "" })
  equal(ran, false)
  return why
end

test("it is given the query and the JSON body, read", function()
  local seen
  telling(function(request, payload) seen = { request.query, payload, request.headers } end) { body = '{"id":7}', target = "/webhook/app?event=a%20b&event=c&x=", headers = { ["x-kind"] = "order" } }
  equal(seen[1], { event = "a b", x = "" })
  equal(seen[2], { id = 7 })
  equal(seen[3], { ["x-kind"] = "order" })
end)

test("a body that is no JSON is its own to read", function()
  local told = telling(function(request, payload)
    equal(payload, nil)
    return { { collection = "orders", key = request.body:match "id=(%d+)" } }
  end) { body = "id=12" }
  equal(told, { { collection = "orders", key = "12", event = "upsert", parents = {} } })
end)

test("keys are the texts that rows have: numbers, of several columns a list, of rows below records their parents'", function()
  local told = telling(function()
    return { { collection = "orders", key = 7, event = "delete" }, { collection = "lines", key = { 7, "a" } }, { collection = "notes", parents = { order_id = { 7, 8 } } } }
  end) { body = "" }
  equal({ told[1].key, told[1].event, told[2].key, told[2].event }, { "7", "delete", '[7,"a"]', "upsert" })
  equal({ told[3].key, told[3].parents.order_id }, { "", { "7", "8" } })
end)

test("nothing told is an empty list, and an error is an error", function()
  local told = telling(function() end) { body = "" }
  equal(told, {})
  equal(json.encode(told), "[]")
  local answer, err = telling(function() return nil, { code = "invalid", message = "no form" } end) { body = "" }
  equal({ answer, err.message }, { nil, "no form" })
end)

test("what is no such list is refused in words", function()
  equal(refused(function() return "orders" end), "connector shop: webhook must return a list of { collection, key, event, parents }: it returned a string")
  equal(refused(function() return { { key = "1" } } end), "connector shop: webhook must return a list of { collection, key, event, parents }: entry 1 names no collection")
  equal(refused(function() return { { collection = "orders", key = "1", event = "gone" } } end),
    "connector shop: webhook must return a list of { collection, key, event, parents }: 'event' is \"upsert\" or \"delete\", not gone")
end)
