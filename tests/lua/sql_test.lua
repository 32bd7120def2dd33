-- profile: io
-- Handles of databases that nothing else holds. The databases themselves: the live tests.

local tap = require "tap"
local sql = require "tidewire.sql"
local task = require "tidewire.task"

local function garbage()
  for _ = 1, 20 do
    local list = {}
    for at = 1, 20000 do list[at] = { at } end
    tap.equal(#list, 20000)
  end
  return true
end

tap.test("a handle lives for as long as its statement waits, whether or not the script still has it", function()
  local function ask(database)
    return function()
      local rows, err = database():query "select 1"
      return { rows == nil, tostring(err and err.message) }
    end
  end
  local done = assert(task.all { ask(function() return sql.postgres { host = "127.0.0.1", port = "1", connect_timeout = 3 } end),
    ask(function() return sql.mysql { host = "127.0.0.1", port = 1, connect_timeout = 3 } end), garbage })
  for at = 1, 2 do
    tap.ok(done[at][1])
    tap.ok(not done[at][2]:find("closed", 1, true), done[at][2])
  end
end)

tap.test("a port that is none opens nothing", function()
  for _, port in ipairs { 0, 65536, 68842 } do
    local db, err = sql.mysql { host = "127.0.0.1", port = port }
    tap.equal({ db == nil, err and err.code }, { true, "invalid" })
    tap.ok(err.message:find(tostring(port), 1, true), err.message)
  end
end)

tap.test("what the connector of MySQL is asked says that the port is none", function()
  local db = require "connectors.mysql.db"
  local conn = { config = { port = 68842 }, state = {} }
  tap.fails("invalid", db.query(conn, "select 1"))
  tap.fails("invalid", db.transaction(conn, { { "select 1" } }))
  tap.equal(conn.state.db, nil)
end)

return tap
