--- Durations and rates as people write them.

local M = {}

local milliseconds = { ms = 1, s = 1000, m = 60000, min = 60000, h = 3600000, d = 86400000 }

--- Milliseconds of "500ms", "1s", "5m", "2h", "30d" or a number of seconds; nil for anything else.
function M.milliseconds(value)
  if type(value) == "number" and value >= 0 then return math.floor(value * 1000 + 0.5) end
  if type(value) ~= "string" then return nil end
  local number, unit = value:match "^(%d+%.?%d*)%s*(%a+)$"
  return number and milliseconds[unit] and math.floor(tonumber(number) * milliseconds[unit] + 0.5) or nil
end

--- True for "20/s", "100/m", "1000/h".
function M.is_rate(value)
  local number = type(value) == "string" and value:match "^(%d+%.?%d*)/[smh]$"
  return number and tonumber(number) > 0 or false
end

--- True for a schedule: "every 5m", "hourly", "daily 03:00 [ZONE]", "weekly mon 03:00 [ZONE]", five cron fields [ZONE].
--- A rough look, so that a slip is met with its line; the scheduler reads the rest.
function M.is_schedule(value)
  if type(value) ~= "string" then return false end
  local every = value:match "^every%s+(.+)$"
  if every then
    local time = M.milliseconds(every)
    return time ~= nil and time > 0
  end
  if value == "hourly" then return true end
  if value:find "^daily%s+%d%d?:%d%d%s*[%w_/+-]*$" then return true end
  if value:find "^weekly%s+%a+%s+%d%d?:%d%d%s*[%w_/+-]*$" then return true end
  return value:find "^[%d*/,-]+%s+[%d*/,-]+%s+[%d*/,-]+%s+[%w*/,-]+%s+[%w*/,-]+%s*[%w_/+-]*$" ~= nil
end

return M
