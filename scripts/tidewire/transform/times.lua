--- Conversions of dates and times.

local time = require "tidewire.time"
local outcome = require "tidewire.mapping.outcome"
local values = require "tidewire.mapping.values"

local M = {}

-- The day of a date or a time; nil for what is none, as the 30th of February and the year 0 are.
local function day_of(value)
  local day = type(value) == "string" and (value:match "^%d%d%d%d%-%d%d%-%d%d$" or value:match "^(%d%d%d%d%-%d%d%-%d%d)[T ]%d")
  return day and time.parse(day .. "T00:00:00Z") and day or nil
end

local function is_local(t) return t ~= nil and t.kind == "datetime" and t.form == "local" end
local function is_instant(t) return t ~= nil and t.kind == "datetime" and t.form ~= "local" end

local function no_time(value) return outcome.dead(("'%s' is no date or time"):format(values.shown(value))) end

local function reason(err) return tostring(err and err.message or err or "no time") end

--- An instant as the clocks of a zone show it; nil, and why, for what is none, or beyond the years 1 to 9999 there.
function M.to_local(instant, zone)
  local there, err = time.to_local(instant, zone)
  if not there then return nil, reason(err) end
  if not time.from_local(there, "UTC") then return nil, "beyond the years 1 to 9999 in " .. zone end
  return there
end

--- The instant of a local time; nil, and why, as above. Of an hour that comes twice it is the first, of one that is left out its end.
function M.from_local(written, zone)
  local instant, err = time.from_local(written, zone)
  if not instant then return nil, reason(err) end
  if not time.parse(instant) then return nil, "beyond the years 1 to 9999 in UTC" end
  return instant
end

--- True for a zone that the program knows.
function M.is_zone(zone)
  local ok, instant = pcall(time.from_local, "2024-05-01 00:00:00", zone)
  return ok and instant ~= nil
end

local function has_offset(value) return value:find "[Zz]$" ~= nil or value:find "%d[+-]%d%d:?%d?%d?$" ~= nil and value:find ":" ~= nil end

-- With a zone the day of an instant is that zone's, and a day's beginning as an instant is midnight there.
local function zoned_day_towards(target, zone)
  return function(value)
    if values.empty(value) then return nil end
    local day = day_of(value)
    if not day then return no_time(value) end
    if has_offset(value) then
      local there, err = M.to_local(value, zone)
      if not there then return outcome.dead(("'%s': %s"):format(value, err)) end
      day = there:sub(1, 10)
    end
    if is_local(target) then return day .. " 00:00:00" end
    if not is_instant(target) then return day end
    local instant, err = M.from_local(day .. " 00:00:00", zone)
    return instant or outcome.dead(("'%s': %s"):format(value, err))
  end
end

local function date_towards(target)
  return function(value)
    if values.empty(value) then return nil end
    local day = day_of(value)
    if not day then return no_time(value) end
    if has_offset(value) then
      local there, err = M.to_local(value, "UTC")
      if not there then return outcome.dead(("'%s': %s"):format(value, err)) end
      day = there:sub(1, 10)
    end
    if is_local(target) then return day .. " 00:00:00" end
    if is_instant(target) then return day .. "T00:00:00Z" end
    return day
  end
end

local function dates(towards)
  return {
    name = "t.date", lossy = true, to_right = towards(nil), to_left = towards(nil),
    bind = function(context) return { to_right = towards(context.right_type), to_left = towards(context.left_type) } end,
  }
end

M.date = dates(date_towards)

--- t.date "ZONE".
function M.date_in(zone)
  return dates(function(target) return zoned_day_towards(target, zone) end)
end

-- The UTC text of a value, or nil and why; a local one is in `zone`.
local function instant_of(value, zone)
  if #value > 10 and has_offset(value) then
    local seconds, err = time.parse(value)
    if not seconds then return nil, reason(err) end
    return value
  end
  return M.from_local(#value == 10 and value .. " 00:00:00" or value, zone)
end

-- Between what the two sides hold; `target` says how the result is written.
local function time_towards(source_zone, target_zone, target)
  return function(value)
    if values.empty(value) then return nil end
    if not day_of(value) then return no_time(value) end
    local instant, err = instant_of(value, source_zone)
    if not instant then return outcome.dead(("'%s': %s"):format(value, err)) end
    if target == "instant" then return instant end
    local there, why = M.to_local(instant, target_zone)
    if not there then return outcome.dead(("'%s': %s"):format(value, why)) end
    return target == "date" and there:sub(1, 10) or there
  end
end

local function target_of(t, otherwise)
  if t == nil or t.kind ~= "datetime" and t.kind ~= "date" then return otherwise end
  return t.kind == "date" and "date" or t.form == "local" and "local" or "instant"
end

function M.datetime(zone)
  local function zone_of(t, other) return zone or t and t.zone or other and other.zone end
  return {
    name = "t.datetime", lossy = true,      -- an hour a year comes twice, and another is left out
    bind = function(context)
      local left, right = context.left_type, context.right_type
      local zone_left, zone_right = zone_of(left, right), zone_of(right, left)
      if not zone_left then
        context.problem "t.datetime needs a time zone here: t.datetime \"Europe/Berlin\""
        return {}
      end
      local swapped = target_of(right) == "local" and target_of(left) ~= "local"
      return {
        to_right = time_towards(zone_left, zone_right, target_of(right, swapped and "local" or "instant")),
        to_left = time_towards(zone_right, zone_left, target_of(left, swapped and "instant" or "local")),
        left_type = { kind = "datetime", form = swapped and "instant" or "local", zone = not swapped and zone_left or nil },
        right_type = { kind = "datetime", form = swapped and "local" or "instant", zone = swapped and zone_right or nil },
      }
    end,
  }
end

return M
