-- What tests on a real PostgreSQL share: `require "live_postgres_case"(url)`.
local tap = require "tap"
local host = require "tidewire.host.connector"
local json = require "tidewire.json"
local sql = require "tidewire.sql"

local array, object = json.array, json.object

local function fails(code, pattern, value, err)
  tap.equal(value, nil)
  tap.equal(err and err.code, code)
  tap.ok(tostring(err and err.message):find(pattern), tostring(err and err.message) .. " has no " .. pattern)
end

local function collection(name, key, fields, options)
  return { name = name, key = array(key), fields = array(fields), options = object(options or {}) }
end

-- All that changes tell from `cursor` on, by key ("gone" of a deletion), and the cursor after it.
local function drained(call, rows, cursor, seen)
  seen = seen or {}
  local turns = 0
  repeat
    local page = assert(call.changes(rows, cursor, 50))
    for _, record in ipairs(page.records) do seen[record.key] = record.fields.name end
    for _, key in ipairs(page.deleted) do seen[key] = "gone" end
    cursor, turns = page.cursor, turns + 1
  until not page.more or turns > 50
  return seen, cursor
end

return function(url)
  local function connect(config)
    return host(function() return require "connectors.postgres" end, { name = "subject", config = config or { url = url } })
  end

  return { db = assert(sql.postgres { url = url }), fails = fails, connect = connect, collection = collection, drained = drained }
end
