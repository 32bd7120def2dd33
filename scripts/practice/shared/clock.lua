-- A server's own clock: ahead of the machine's, or begun at a moment of choice, running or stopped.

local time = require "tidewire.time"

local M = {}

--- clock.set { skew = seconds } or { at = UTC, frozen }; clock.utc() -> UTC.
function M.new()
  local now = { skew = 0 }
  local clock = {}

  function clock.set(change)
    if change.skew then now = { skew = change.skew } end
    if change.at then now = { at = change.at, since = time.clock(), frozen = change.frozen == true } end
  end

  function clock.utc()
    if now.at then return now.frozen and now.at or time.add(now.at, time.clock() - now.since) end
    return now.skew == 0 and time.now() or time.add(time.now(), now.skew)
  end

  return clock
end

return M
