--- Times as numbers: seconds since 1970, days of a spreadsheet.

local decimal = require "tidewire.decimal"
local outcome = require "tidewire.mapping.outcome"
local pairs_of = require "tidewire.transform.pair"
local time = require "tidewire.time"
local times = require "tidewire.transform.times"
local values = require "tidewire.mapping.values"

local M = {}

local dec = decimal.dec

local function no_time(value) return outcome.dead(("'%s' is no time"):format(values.shown(value))) end
local function beyond(value) return outcome.dead(("'%s' is a time beyond the years 1 to 9999"):format(values.shown(value))) end
local function no_number(value) return outcome.dead(("'%s' is no number"):format(values.shown(value))) end

-- Microseconds since 1970 as an exact number; nil for what is no time. `zone` is that of a text without offset.
local function micros_of(value, zone)
  if type(value) ~= "string" then return nil end
  if #value == 10 then value = value .. " 00:00:00" end
  local instant = value:find "[Zz]$" and value or value:find "%d[+-]%d%d:?%d%d$" and value or times.from_local(value, zone)
  if not instant then return nil end
  local seconds, micros = time.parse(instant)
  return seconds and dec(seconds) * 1000000 + (micros or 0)
end

local first_micro, last_micro = dec "-62135596800000000", dec "253402300799999999"

-- nil beyond the years 1 to 9999, which is as far as times can be written.
local function iso_of(micros)
  if micros < first_micro or last_micro < micros then return nil end
  local whole = decimal.divide(micros, 1000000, 20):text()
  local seconds = tonumber(whole:match "^(-?%d+)")
  local rest = tonumber((micros - dec(seconds) * 1000000):text())
  if rest < 0 then seconds, rest = seconds - 1, rest + 1000000 end
  return time.format(seconds, rest)
end

local function is_local(t) return t ~= nil and t.kind == "datetime" and t.form == "local" end

local units = { s = 1000000, ms = 1000 }

local function unix(unit)
  return {
    bind = function(context)
      local zone = is_local(context.left_type) and context.left_type.zone or nil
      return {
        lossy = true,
        to_right = function(value)
          if values.empty(value) then return nil end
          local micros = micros_of(value, zone or "UTC")
          if not micros then return no_time(value) end
          return values.plain(decimal.divide(micros, units[unit], unit == "s" and 6 or 3))
        end,
        to_left = function(value)
          if values.empty(value) then return nil end
          local number = values.number(value, "decimal")
          if not number then return no_number(value) end
          local iso = iso_of((number * units[unit]):round(0))
          if iso and zone then iso = times.to_local(iso, zone) end
          return iso or beyond(value)
        end,
      }
    end,
  }
end

--- A time on the left <-> seconds since 1970 on the right; t.unix "ms" for milliseconds. Fractions go along.
M.unix = pairs_of.bare("t.unix", unix "s", function(unit)
  if not units[unit] then error("t.unix takes \"s\" or \"ms\"", 2) end
  return pairs_of.make("t.unix", unix(unit))
end)

local day = 86400 * 1000000
local first_day = 25569  -- 1970-01-01; 1 is the first of January 1900, and 60 a day that never was

local function serial_of(value)
  if values.empty(value) then return nil end
  local micros = micros_of(value, "UTC")
  if not micros then return no_time(value) end
  local serial = decimal.divide(micros, day, 12) + first_day
  if serial < dec(61) then return outcome.dead(("'%s' is before March 1900, where spreadsheets count a day too many"):format(value)) end
  return values.plain(serial)
end

local function date_of(with_time)
  return function(value)
    if values.empty(value) then return nil end
    local number = values.number(value, "decimal")
    if not number then return no_number(value) end
    if number < dec(61) then return outcome.dead(number:text() .. " is before March 1900, where spreadsheets count a day too many") end
    local iso = iso_of(((number - first_day) * 86400):round(0) * 1000000)
    if not iso then return beyond(value) end
    return with_time and iso:sub(1, 10) .. " " .. iso:sub(12, 19) or iso:sub(1, 10)
  end
end

--- A date, or a local time to the second, on the left <-> the day's number in a spreadsheet on the right.
M.excel = pairs_of.bare("t.excel", {
  to_right = serial_of, to_left = date_of(false),
  bind = function(context)
    local with_time = context.left_type ~= nil and context.left_type.kind == "datetime"
    return { to_right = serial_of, to_left = date_of(with_time), lossy = true }
  end,
})

return M
