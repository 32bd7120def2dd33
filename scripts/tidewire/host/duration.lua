--- Durations, sizes and rates as people write them.

local M = {}

local milliseconds = { ms = 1, s = 1000, m = 60000, min = 60000, h = 3600000, d = 86400000 }

--- Milliseconds of "500ms", "1s", "5m", "2h", "30d" or a number of seconds; nil for anything else.
function M.milliseconds(value)
  if type(value) == "number" and value >= 0 then return math.floor(value * 1000 + 0.5) end
  if type(value) ~= "string" then return nil end
  local number, unit = value:match "^(%d+%.?%d*)%s*(%a+)$"
  return number and milliseconds[unit] and math.floor(tonumber(number) * milliseconds[unit] + 0.5) or nil
end

local multiples = { KB = 1000, MB = 1000 ^ 2, GB = 1000 ^ 3, TB = 1000 ^ 4 }

--- Bytes of "500KB", "10MB", "1GB", "2TB"; nil for anything else.
function M.bytes(value)
  local number, unit = tostring(value):match "^(%d+%.?%d*)%s*(%a%a)$"
  return number and multiples[unit] and math.floor(tonumber(number) * multiples[unit]) or nil
end

--- True for "20/s", "100/m", "1000/h": whole numbers, as whoever keeps to it reads them.
function M.is_rate(value)
  local number = type(value) == "string" and value:match "^(%d+)/[smh]$"
  return number and tonumber(number) > 0 or false
end

return M
