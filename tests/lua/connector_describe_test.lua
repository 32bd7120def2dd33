-- profile: io
-- A collection that is not there is named with the one that was meant, where the system lists what it has.
local tap = require "tap"
local connector = require "tidewire.connector"
local host = require "tidewire.host.connector"
local json = require "tidewire.json"

local test, equal = tap.test, tap.equal
local array = json.array

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
  equal(refusal(opened(), "zebra").message, "there is no table zebra (there are: customers, orders)")
end)

test("what was meant is of the same word, where the system has several", function()
  local functions = opened { catalog = function() return { { name = "page", word = "post_type" }, { name = "customers", word = "table" } } end,
    collections = { table = {}, post_type = {} } }
  equal(refusal(functions, "custmers").message, "there is no table custmers (did you mean 'customers'?)")
  equal(refusal(functions, "pag").message, "there is no table pag (there are: customers)")
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

-- What a connection of this kind with these options is refused with.
local function refused(kind, options)
  local ok, why = pcall(host, function() return require("connectors." .. kind) end, { name = "app", config = options })
  return not ok and tostring(why) or "nothing"
end

test("an @ in a password is told without a part of it, wherever an address has a login", function()
  local wanted = "the password has an @ in it: write it %40"
  for _, one in ipairs { { "postgres", { url = "postgresql://tide:pg@pass@127.0.0.1:1/shop" } }, { "postgres", { url = { "postgresql://a:b@c/d", "postgresql://a:pg@pass@c/d" } } },
    { "neon", { url = "postgresql://tide:pg@pass@db.neon.tech/shop" } }, { "http", { url = "https://tide:pg@pass@shop.example.org/api" } } } do
    local why = refused(one[1], one[2])
    equal({ why:sub(-#wanted), why:find("pass@", 1, true), why:find("tide", 1, true) }, { wanted })
  end
  for _, url in ipairs { "postgresql://tide:pg%40pass@127.0.0.1:1/shop", "postgresql://tide:x@127.0.0.1:1/shop?options=a@b@c", "host=a password=a@b@c" } do
    equal(refused("postgres", { url = url }), "nothing")
  end
end)

test("a time zone that there is not is refused by its name, of every kind that takes one", function()
  for kind, options in pairs { postgres = { host = "db" }, neon = { url = "postgresql://a:b@c/d" }, mysql = { database = "shop", user = "u" },
    supabase = { url = "https://app.example.org", key = "k" }, frappe = { url = "https://erp.example.org", api_key = "k", api_secret = "s" } } do
    options.zone = "America/NewYork"
    tap.ok(refused(kind, options):find("connection app: 'zone' must be a time zone: no time zone 'America/NewYork' (did you mean 'America/New_York'?)", 1, true), refused(kind, options))
    options.zone = 1
    equal(refused(kind, options), "connection app: 'zone' must be a time zone: an IANA name such as \"Europe/Berlin\"")
    options.zone = "America/New_York"
    equal(refused(kind, options), "nothing")
  end
end)

test("supabase: a time that says no zone is of the connection's, in polls too", function()
  local http = require("fake_http").new { { "GET /rest/v1/people", { body = array {} }, { body = array { { id = 1, at = "2026-07-01T08:00:00.5", xmin = "7" } } }, { body = array {} } } }
  local call = host(function() return require "connectors.supabase" end, { name = "app", config = { url = "https://app.example.org", key = "sb_secret_x", zone = "America/New_York" }, http = http }).functions
  local people = { name = "people", key = array { "id" }, fields = array {}, options = { modified = "at" } }
  local page = assert(call.changes(people, { mark = "2026-07-01T07:00:00", polled = "2026-07-01T12:30:00Z", id = "x", turn = 1 }, 10))
  equal({ page.records[1].modified, page.records[1].stamp, http.asked(".*")[2].query.at }, { "2026-07-01T12:00:00.5Z", "2026-07-01T08:00:00.5", "gte.2026-07-01T06:59:00Z" })
end)

test("an address that was copied with a path of the system's own is refused", function()
  for kind, path in pairs { supabase = "/rest/v1/", frappe = "/api", odoo = "/web/login?a=b", wordpress = "/wp-json/wp/v2" } do
    local key = kind == "frappe" and { api_key = "k", api_secret = "s" } or kind == "supabase" and { key = "k" } or kind == "odoo" and { api_key = "k", database = "d" } or {}
    key.url = "https://app.example.org" .. path
    local why = refused(kind, key)
    equal({ kind, why:find("'url' is the site's address without a path", 1, true) ~= nil, why }, { kind, true, why })
    key.url = kind == "frappe" and "https://api.example.org" or "https://app.example.org/shop/"
    equal({ kind, refused(kind, key) }, { kind, "nothing" })
  end
end)

test("an address where webhooks are to arrive has a scheme, of every kind", function()
  local functions = opened { install = function() return { steps = {} } end, uninstall = function() return { steps = {} } end }
  for _, verb in ipairs { "install", "uninstall" } do
    local done, err = functions[verb]({ name = "order" }, { address = "127.0.0.1:21820/webhook/erp" })
    equal({ done, err.code, err.message }, { nil, "invalid", "--address must begin with https:// or http://" })
    equal({ functions[verb]({ name = "order" }, { address = "http://127.0.0.1:21820" }) ~= nil, functions[verb]({ name = "order" }, {}) ~= nil }, { true, true })
  end
end)

test("a database that is not there is told apart from a server that is not", function()
  local tables = require "tidewire.tables"
  local function hint(message, code)
    local err = { code = code or "unavailable", message = "no connection: " .. message }
    tables.hint_unreached(err)
    return err.hint:sub(1, 8)
  end
  equal(hint 'connection to server at "127.0.0.1", port 1 failed: FATAL:  database "nosuch" does not exist', "the addr")
  equal({ hint "1049: Unknown database 'nosuch'", hint("1044: Access denied for user 'a'@'%' to database 'nosuch'", "denied") }, { "the addr", "the addr" })
  equal({ hint "2002: Can't connect to server on '127.0.0.1' (115)", hint("1045: Access denied", "denied") }, { "do host ", "are user" })
end)
