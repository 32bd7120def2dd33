-- PostgreSQL's date and time texts, read and written the way its JSON shows them.
--
-- The stored text is the shown text: trimmed fractions and a fixed "+00:00" sort rightly as bytes.
local errors = require "practice.supabase.errors"

local M = {}

local names = { timestamptz = "timestamp with time zone", timestamp = "timestamp", date = "date", time = "time" }
local lengths = { 31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31 }

local function month_days(year, month)
  if month == 2 and (year % 4 == 0 and (year % 100 ~= 0 or year % 400 == 0)) then return 29 end
  return lengths[month]
end

-- Days since 1970-01-01, by the civil calendar.
local function days_of(year, month, day)
  if month <= 2 then year = year - 1 end
  local era = math.floor(year / 400)
  local of_era = year - era * 400
  local of_year = math.floor((153 * (month + (month > 2 and -3 or 9)) + 2) / 5) + day - 1
  return era * 146097 + of_era * 365 + math.floor(of_era / 4) - math.floor(of_era / 100) + of_year - 719468
end

local function date_of(days)
  local z = days + 719468
  local era = math.floor(z / 146097)
  local of_era = z - era * 146097
  local year = math.floor((of_era - math.floor(of_era / 1460) + math.floor(of_era / 36524) - math.floor(of_era / 146096)) / 365)
  local of_year = of_era - (365 * year + math.floor(year / 4) - math.floor(year / 100))
  local m = math.floor((5 * of_year + 2) / 153)
  local day = of_year - math.floor((153 * m + 2) / 5) + 1
  local month = m + (m < 10 and 3 or -9)
  return year + era * 400 + (month <= 2 and 1 or 0), month, day
end

local function bad(kind, text)
  error(errors.pg("22007", ("invalid input syntax for type %s: %s"):format(names[kind], '"' .. text .. '"')))
end

local function out_of_range(text, hint)
  error(errors.pg("22008", ('date/time field value out of range: "%s"'):format(text), nil, hint))
end

local function fraction(micros)
  return micros == 0 and "" or (("." .. ("%06d"):format(micros)):gsub("0+$", ""))
end

-- Seven and more digits are rounded, which may carry into the seconds.
local function micros_of(digits)
  if digits == "" then return 0 end
  return math.floor(tonumber("0." .. digits) * 1000000 + 0.5)
end

local function check_date(year, month, day, text)
  if month < 1 or month > 12 then out_of_range(text, 'Perhaps you need a different "datestyle" setting.') end
  if day < 1 or day > month_days(year, month) then out_of_range(text) end
end

local function read_date(text)
  local year, month, day, rest = text:match("^%s*(%d%d%d%d)%-(%d%d?)%-(%d%d?)(.*)$")
  if not year then year, month, day, rest = text:match("^%s*(%d%d%d%d)(%d%d)(%d%d)(.*)$") end
  if not year then return nil end
  return tonumber(year), tonumber(month), tonumber(day), rest
end

-- "T10:11:12.5" -> seconds of the day, micros, rest
local function read_clock(text, whole)
  local hour, minute, rest = text:match("^[Tt ]?%s*(%d%d?):(%d%d)(.*)$")
  if not hour then return nil end
  local second, digits = 0, ""
  local with_seconds, after = rest:match("^:(%d%d)(.*)$")
  if with_seconds then
    second, rest = tonumber(with_seconds), after
    local some, behind = rest:match("^%.(%d*)(.*)$")
    if some then digits, rest = some, behind end
  end
  hour, minute = tonumber(hour), tonumber(minute)
  if hour > 24 or minute > 59 or second > 60 then out_of_range(whole) end
  return hour * 3600 + minute * 60 + second, micros_of(digits), rest
end

-- The offset's seconds; nil where `text` is none.
local function read_zone(text)
  text = text:match("^%s*(.-)%s*$")
  if text == "" or text:upper() == "Z" or text:upper() == "UTC" then return 0 end
  local sign, hours, minutes = text:match("^([+-])(%d%d?):?(%d?%d?)$")
  if not sign then return nil end
  local seconds = tonumber(hours) * 3600 + (tonumber(minutes) or 0) * 60
  return sign == "-" and -seconds or seconds
end

local function assemble(kind, days, seconds, micros)
  if micros >= 1000000 then seconds, micros = seconds + 1, micros - 1000000 end
  days = days + math.floor(seconds / 86400)
  seconds = seconds % 86400
  local year, month, day = date_of(days)
  local clock = ("T%02d:%02d:%02d%s"):format(math.floor(seconds / 3600), math.floor(seconds / 60) % 60, seconds % 60, fraction(micros))
  return ("%04d-%02d-%02d%s%s"):format(year, month, day, clock, kind == "timestamptz" and "+00:00" or "")
end

local function read_timestamp(kind, text)
  local word = text:lower():match("^%s*(.-)%s*$")
  if word == "infinity" or word == "-infinity" then return word end
  if word == "now" then return nil end
  local year, month, day, rest = read_date(text)
  if not year then bad(kind, text) end
  check_date(year, month, day, text)
  local seconds, micros = 0, 0
  if rest:find("^[Tt ]%s*%d") then
    seconds, micros, rest = read_clock(rest, text)
    if not seconds then bad(kind, text) end
  end
  local zone = read_zone(rest)
  if not zone then bad(kind, text) end
  if kind == "timestamp" then zone = 0 end
  return assemble(kind, days_of(year, month, day), seconds - zone, micros)
end

local function read_day(text)
  local word = text:lower()
  if word == "infinity" or word == "-infinity" then return word end
  local year, month, day, rest = read_date(text)
  if not year or (rest ~= "" and not rest:find("^[Tt ]")) then bad("date", text) end
  check_date(year, month, day, text)
  return ("%04d-%02d-%02d"):format(year, month, day)
end

local function read_time(text)
  local seconds, micros, rest = read_clock(text, text)
  if not seconds or not read_zone(rest) then bad("time", text) end
  if micros >= 1000000 then seconds, micros = seconds + 1, 0 end
  return ("%02d:%02d:%02d%s"):format(math.floor(seconds / 3600), math.floor(seconds / 60) % 60, seconds % 60, fraction(micros))
end

--- What is stored for the literal `text` in a column of `kind`; raises 22007 or 22008.
function M.read(kind, text)
  if kind == "date" then return read_day(text) end
  if kind == "time" then return read_time(text) end
  local out = read_timestamp(kind, text)
  if not out then bad(kind, text) end
  return out
end

--- The stored form of the ISO time that tidewire.time.now() gives.
function M.from_iso(iso)
  return read_timestamp("timestamptz", iso)
end

--- "2026-01-02T03:04:05+00:00" -> "2026-01-02 03:04:05+00", the way an error's detail shows it.
function M.plain(text)
  return (text:gsub("T", " ", 1):gsub("%+00:00$", "+00"))
end

return M
