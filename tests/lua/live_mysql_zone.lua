-- A server whose clock does not go by UTC: `tidewire lua live_mysql_zone.lua --profile io -- PORT`, its time_zone being -05:00.
local port = ...
local tap = require "tap"
local host = require "tidewire.host.connector"
local json = require "tidewire.json"
local sql = require "tidewire.sql"

local array = json.array
local config = { port = tonumber(port), user = "practice", password = "practice", database = "practice" }
local db = sql.mysql(config)

tap.test("a key that the table does not have is an error of describe; a time column without a zone is told, one that has one is not", function()
  assert(db:query "create table local_times (id int primary key, at datetime, told timestamp)")
  local call = host(function() return require "connectors.mysql" end, { name = "subject", config = config }).functions
  local function described(key, modified)
    return call.describe { name = "local_times", key = array { key }, fields = array { "at" }, options = { modified = modified } }
  end
  local nothing, err = described("number", "at")
  tap.equal({ nothing or false, err.code, err.message:find("the key: .*local_times.* has no column `number`") ~= nil }, { false, "invalid", true })
  local function zone(modified)
    return table.concat(assert(described("id", modified)).warnings, "\n"):match "has no zone and counts as UTC, but the server goes by (%S+):"
  end
  tap.equal({ zone "at", zone "told" or false }, { "-05:00", false })
end)

return require "live" "mysql zone"
