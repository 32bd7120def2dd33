-- A server's own clock: ahead of the machine's, or begun at a moment of choice, running or stopped.

local server = require "tidewire.server"
local time = require "tidewire.time"

local M = {}

local days = { "Thu", "Fri", "Sat", "Sun", "Mon", "Tue", "Wed" }  -- from 1970 on
local months = { "Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec" }

--- clock.set { skew = seconds } or { at = UTC, frozen }; clock.utc() -> UTC; clock.turned(): it is not the machine's.
function M.new()
  local now = { skew = 0 }
  local clock = {}

  function clock.set(change)
    if change.skew then now = { skew = change.skew } end
    if change.at then now = { at = change.at, since = time.clock(), frozen = change.frozen == true } end
  end

  function clock.turned() return now.at ~= nil or now.skew ~= 0 end

  function clock.utc()
    if now.at then return now.frozen and now.at or time.add(now.at, time.clock() - now.since) end
    return now.skew == 0 and time.now() or time.add(time.now(), now.skew)
  end

  return clock
end

--- "Sun, 06 Nov 1994 08:49:37 GMT" of a UTC time.
function M.http_date(utc)
  local seconds = assert(time.parse(utc))
  local year, month, day, hour = time.format(seconds):match "^(%d+)%-(%d+)%-(%d+)T(%d+:%d+:%d+)"
  return ("%s, %s %s %s %s GMT"):format(days[math.floor(seconds / 86400) % 7 + 1], day, months[tonumber(month)], year, hour)
end

--- The handler with what `clock` says as the Date of its answers while it is turned: by this header a client knows the server's time.
function M.dated(clock, handler)
  return function(request)
    local answer = handler(request)
    if answer == server.drop or not clock.turned() then return answer end
    local headers = { Date = M.http_date(clock.utc()) }
    for name, value in pairs(answer.headers or {}) do headers[name] = value end
    return { status = answer.status, headers = headers, body = answer.body }
  end
end

return M
