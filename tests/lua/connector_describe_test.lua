-- profile: io
-- A collection that is not there is named with the one that was meant, where the system lists what it has.
local tap = require "tap"
local connector = require "tidewire.connector"
local host = require "tidewire.host.connector"

local test, equal = tap.test, tap.equal

local asked
local function opened(more)
  asked = 0
  local main = { kind = "shop", read = function() end, list = function() end,
    describe = function(_, collection)
      if collection.name == "orders" then return { key = { "id" }, fields = {} } end
      if collection.name == "away" then return connector.fail("unavailable", "nobody answers") end
      return connector.fail("invalid", "there is no table " .. collection.name, "name it otherwise")
    end,
    catalog = function()
      asked = asked + 1
      return { { name = "orders", word = "table" }, { name = "customers", word = "table" } }
    end }
  for name, value in pairs(more or {}) do main[name] = value end
  if main.catalog == false then main.catalog = nil end
  return host(function() return main end, { name = "app" }).functions
end

local function refusal(functions, name)
  local answer, err = functions.describe { name = name, word = "table" }
  equal(answer, nil)
  return err
end

test("a collection that is not there is named with the one that was meant", function()
  local err = refusal(opened(), "custmers")
  equal(err.message, "there is no table custmers (did you mean 'customers'?)")
  equal({ err.code, err.hint, asked }, { "invalid", "name it otherwise", 1 })
  equal(refusal(opened(), "zebra").message, "there is no table zebra")
end)

test("what was meant is of the same word, where the system has several", function()
  local functions = opened { catalog = function() return { { name = "page", word = "post_type" }, { name = "customers", word = "table" } } end,
    collections = { table = {}, post_type = {} } }
  equal(refusal(functions, "custmers").message, "there is no table custmers (did you mean 'customers'?)")
  equal(refusal(functions, "pag").message, "there is no table pag")
end)

test("the list is asked for only where a collection is refused by a system that has one", function()
  equal(opened().describe { name = "orders" }.key, { "id" })
  equal(asked, 0)
  equal(refusal(opened(), "away").message, "nobody answers")
  equal(asked, 0)
  equal(refusal(opened { catalog = false }, "custmers").message, "there is no table custmers")
  equal(refusal(opened { catalog = function() error "refused" end }, "custmers").message, "there is no table custmers")
end)

test("what is refused of a collection that is listed is said as it is", function()
  local functions = opened { catalog = function() return { { name = "order", word = "table" }, { name = "ordes", word = "table" } } end }
  equal(refusal(functions, "order").message, "there is no table order")
end)
