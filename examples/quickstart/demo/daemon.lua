-- Tidewire as its own commands see it: the API on the Unix socket.

local task = require "tidewire.task"
local time = require "tidewire.time"
local api = require "demo.api"

local M = {}

--- The daemon that listens at `socket`.
function M.at(socket)
  local call = api.client("http://tidewire", { socket = socket })
  local daemon = {}

  function daemon.status() return call("GET", "/api/v1/status") end

  --- Starts the load of everything; progress(mapping, part) hears of it until all is done. The job as it ended.
  function daemon.sync(progress)
    local id = call("POST", "/api/v1/sync", {}).job
    while true do
      local job = call("GET", "/api/v1/jobs/" .. id)
      progress(job)
      if job.state ~= "running" then return job end
      task.sleep(0.05)
    end
  end

  --- The newest operation of a mapping, or of one of its keys.
  function daemon.newest(mapping, key)
    local query = "/api/v1/operations?limit=1&mapping=" .. mapping .. (key and "&key=" .. key or "")
    return call("GET", query).operations[1]
  end

  --- The first operation of the key after the one called `after` that is `wanted` (any), within ten seconds.
  function daemon.next_of(mapping, key, after, wanted)
    local started = time.clock()
    repeat
      local operations = call("GET", ("/api/v1/operations?limit=20&mapping=%s&key=%s"):format(mapping, key)).operations
      for i = #operations, 1, -1 do
        local one = operations[i]
        local ended = one.outcome ~= "announced"
        if ended and (not after or one.id > after) and (not wanted or wanted(one)) then return one end
      end
      task.sleep(0.005)
    until time.clock() - started > 10
    error(("no operation for %s of %s within ten seconds"):format(key, mapping), 0)
  end

  --- Every operation after the one called `after`, newest first.
  function daemon.operations(after)
    local found, page = {}, nil
    repeat
      local answer = call("GET", "/api/v1/operations?limit=1000" .. (page and "&after=" .. page or ""))
      for _, operation in ipairs(answer.operations) do
        if after and operation.id <= after then return found end
        found[#found + 1] = operation
      end
      page = answer.next
    until not page
    return found
  end

  function daemon.conflicts() return call("GET", "/api/v1/conflicts").conflicts end

  --- What waits in the queues, and the counters of all mappings together.
  function daemon.work()
    local status = daemon.status()
    local open, counters = status.not_fanned_out or 0, {}
    for _, mapping in pairs(status.mappings) do
      open = open + mapping.waiting + mapping.backing_off + mapping.waiting_for + (mapping.under_way or 0)
      for name, value in pairs(mapping.counters or {}) do counters[name] = (counters[name] or 0) + value end
    end
    return open, counters, status
  end

  return daemon
end

return M
