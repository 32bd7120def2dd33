-- Moments. What is stored is exact; what is shown is floored to the minute.
local time = require "tidewire.time"

local M = {}

--- "2026-11-20T21:50:00.000Z" of a stored moment.
function M.minute(iso)
  return iso:sub(1, 16) .. ":00.000Z"
end

--- "2026-11-20T21:50:12.345Z".
function M.milliseconds(iso)
  local fraction = iso:match "%.(%d+)" or ""
  return iso:sub(1, 19) .. "." .. (fraction .. "000"):sub(1, 3) .. "Z"
end

--- Seconds since 1970 with a fraction; a day alone is its midnight in UTC. Nil where it is no time.
function M.seconds(text)
  if type(text) ~= "string" then return nil end
  if text:match "^%d%d%d%d%-%d%d%-%d%d$" then text = text .. "T00:00:00Z" end
  if text:match "T" and not (text:match "[zZ]$" or text:match "[+-]%d%d:?%d%d$") then text = text .. "Z" end
  local seconds, micros = time.parse(text)
  if not seconds then return nil end
  return seconds + micros / 1e6
end

function M.is_day(text)
  return type(text) == "string" and text:match "^%d%d%d%d%-%d%d%-%d%d$" ~= nil
end

local relative = { today = 0, yesterday = -1, tomorrow = 1, one_week_ago = -7, one_week_from_now = 7, one_month_ago = -30, one_month_from_now = 30 }

--- The day that "today", "yesterday", "one_week_ago" stand for at `now`, or the text itself.
function M.resolve(text, now)
  local days = relative[text]
  if not days then return text end
  return time.add(now, days * 86400):sub(1, 10)
end

return M
