-- One field's value in its three forms: what a client sends, what the database holds, what a read shows.

local errors = require "practice.frappe.errors"
local json = require "tidewire.json"
local python = require "practice.shared.python"
local site = require "practice.frappe.site"
local text = require "tidewire.text"

local M = {}
local floor, format = math.floor, string.format
local days_in = { 31, 29, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31 }

local function valid_day(year, month, day)
  if month == 0 and day == 0 then return true end
  if month < 1 or month > 12 or day < 1 or day > days_in[month] then return false end
  return not (month == 2 and day == 29 and (year % 4 ~= 0 or (year % 100 == 0 and year % 400 ~= 0)))
end

--- "2024-05-01" from what MariaDB takes as a date, nil otherwise. A time part is cut.
function M.parse_date(value)
  local year, month, day, rest = value:match "^(%d%d%d%d)-(%d%d?)-(%d%d?)(.*)$"
  if not year then year, month, day, rest = value:match "^(%d%d%d%d)(%d%d)(%d%d)()$" end
  if not year or (rest ~= "" and type(rest) == "string" and not rest:find "^[ T]%d") then return nil end
  if not valid_day(tonumber(year), tonumber(month), tonumber(day)) then return nil end
  return format("%s-%02d-%02d", year, month, day)
end

--- "2024-05-01 10:11:12.000013" (always six digits) from what MariaDB takes as a datetime, nil otherwise.
function M.parse_datetime(value)
  if value:find "^%d%d%d%d%d%d%d%d%d%d%d%d%d%d$" then
    value = value:gsub("^(%d%d%d%d)(%d%d)(%d%d)(%d%d)(%d%d)(%d%d)$", "%1-%2-%3 %4:%5:%6")
  end
  local date, rest = value:match "^(%d%d%d%d%-%d%d?%-%d%d?)(.*)$"
  if not date then return nil end
  date = M.parse_date(date)
  if not date then return nil end
  if rest == "" then return date .. " 00:00:00.000000" end
  local hour, minute, tail = rest:match "^[ T](%d%d?):(%d%d?)(.*)$"
  if not hour then return nil end
  local second, fraction = "0", ""
  if tail ~= "" then
    second, tail = tail:match "^:(%d%d?)(.*)$"
    if not second then return nil end
    fraction, tail = tail:match "^%.?(%d*)(.*)$"
    if tail ~= "" then return nil end
  end
  if tonumber(hour) > 23 or tonumber(minute) > 59 or tonumber(second) > 59 then return nil end
  return format("%s %02d:%02d:%02d.%s", date, hour, minute, second, (fraction .. "000000"):sub(1, 6))
end

--- Microseconds from what MariaDB takes as a time, nil otherwise.
function M.parse_time(value)
  local sign, hour, minute, rest = value:match "^(-?)(%d+):(%d%d?)(.*)$"
  if not hour then return nil end
  local second, fraction = "0", ""
  if rest ~= "" then
    second, fraction, rest = rest:match "^:(%d%d?)%.?(%d*)(.*)$"
    if not second or rest ~= "" then return nil end
  end
  if tonumber(hour) > 838 or tonumber(minute) > 59 or tonumber(second) > 59 then return nil end
  local micros = ((hour * 60 + minute) * 60 + second) * 1000000 + tonumber((fraction .. "000000"):sub(1, 6))
  return sign == "-" and -micros or micros
end

local function split_time(micros)
  local sign = micros < 0 and "-" or ""
  micros = math.abs(micros)
  local seconds = floor(micros / 1000000)
  return sign, floor(seconds / 3600), floor(seconds / 60) % 60, seconds % 60, micros % 1000000
end

--- A Time as a read shows it: neither the hour nor a fractional second is padded.
function M.show_time(micros)
  local sign, hour, minute, second, fraction = split_time(micros)
  if fraction == 0 then return format("%s%d:%02d:%02d", sign, hour, minute, second) end
  return format("%s%d:%02d:%s", sign, hour, minute, python.float(second + fraction / 1000000))
end

--- A Time as a webhook of a loaded document shows it: str(timedelta).
function M.spell_time(micros)
  local sign, hour, minute, second, fraction = split_time(micros)
  local out = format("%s%d:%02d:%02d", sign, hour, minute, second)
  return fraction == 0 and out or format("%s.%06d", out, fraction)
end

--- A stored datetime as a read shows it: no fraction when it is 0, nothing at all for the years 0 and 1.
function M.show_datetime(stored)
  if stored:find "^000[01]-" then return nil end
  return (stored:gsub("%.000000$", ""))
end

--- The value of a field as loaded from its row.
function M.from_row(field, value)
  local kind = field.kind
  if value == nil then
    if kind == "int" or kind == "check" or kind == "float" or kind == "rating" then return 0 end
    return nil
  end
  if kind == "datetime" then return M.show_datetime(value) end
  if kind == "time" then return M.show_time(value) end
  if kind == "float" or kind == "rating" or kind == "duration" then return python.to_number(value) end
  return value
end

--- Brings numbers of a document in memory to what the site makes of them before it writes.
function M.coerce(field, value)
  local kind = field.kind
  if python.is_list(value) then return value end
  if kind == "check" then return python.cint(value) ~= 0 and 1 or 0 end
  if kind == "int" then return type(value) == "boolean" and value or python.cint(value) end
  if kind == "float" then return python.flt(value) end
  if kind == "rating" then return math.max(0, math.min(1, python.flt(value))) end
  if kind == "json" and type(value) == "table" and not python.is_dec(value) then
    return site.v14 and python.indented(value) or python.compact(value)
  end
  if (kind == "date" or kind == "datetime" or kind == "time") and value == "" then return nil end
  return value
end

local function bad_value(meta, field, word, value)
  errors.raise("OperationalError", format("(1292, \"Incorrect %s value: '%s' for column `practice`.`tab%s`.`%s` at row 1\")",
    word, tostring(value), meta.name, field.fieldname))
end

local function decimal_for_row(field, value)
  local number = python.flt(value)
  if number ~= number or number == math.huge or number == -math.huge then
    errors.raise("ProgrammingError", (number ~= number and "nan" or "inf") .. " can not be used with MySQL")
  end
  if math.abs(number) >= 1e12 then
    errors.raise("DataError", format("(1264, \"Out of range value for column '%s' at row 1\")", field.fieldname), { status = 500 })
  end
  return tonumber(format("%.9f", number))
end

local function text_for_row(field, value)
  if type(value) == "table" and not python.is_dec(value) then errors.raise("TypeError", "dict can not be used as parameter") end
  value = python.str(value)
  if not text.valid(value) then
    errors.raise("UnicodeEncodeError", "'utf-8' codec can't encode character: surrogates not allowed")
  end
  if field.bytes and #value > field.bytes then
    errors.raise("DataError", format("(1406, \"Data too long for column '%s' at row 1\")", field.fieldname), { status = 500 })
  end
  return value
end

local function json_for_row(meta, field, value)
  value = python.str(value)
  if json.decode(value) == nil then
    errors.raise("OperationalError", format("(4025, 'CONSTRAINT `tab%s.%s` failed for `practice`.`tab%s`')", meta.name, field.fieldname, meta.name))
  end
  return value
end

--- The database value of a field, or the failure that the database would raise.
function M.to_row(meta, field, value)
  if value == nil then return nil end
  local kind = field.kind
  if python.is_list(value) then errors.throw("ValidationError", ("Value for %s cannot be a list"):format(field.label)) end
  if kind == "int" or kind == "check" then return python.cint(value) end
  if kind == "float" or kind == "rating" or kind == "duration" then return decimal_for_row(field, value) end
  if kind == "json" then return json_for_row(meta, field, value) end
  if kind == "text" or kind == "password" then return text_for_row(field, value) end
  local parse = kind == "date" and M.parse_date or kind == "datetime" and M.parse_datetime or M.parse_time
  local given = type(value) == "string" and value or python.str(value)
  local parsed = parse(given)
  if parsed == nil then bad_value(meta, field, kind, given) end
  return parsed
end

--- Whether two values of a field are stored alike; null and "" count as one.
function M.same(meta, field, a, b)
  local function stored(value)
    if value == nil or value == "" then
      return (field.kind == "int" or field.kind == "check" or field.kind == "float" or field.kind == "rating") and 0 or ""
    end
    local ok, row = pcall(M.to_row, meta, field, value)
    return ok and row or value
  end
  return stored(a) == stored(b)
end

return M
