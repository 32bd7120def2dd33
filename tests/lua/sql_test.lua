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

return tap
