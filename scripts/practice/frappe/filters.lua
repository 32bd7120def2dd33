-- Filters of a list as SQL conditions.
--
-- A site compares through MariaDB with Frappe's ifnull() rules on top, and both changed over the versions; each quirk
-- that a synchroniser can meet is one line here.

local errors = require "practice.frappe.errors"
local json = require "tidewire.json"
local python = require "practice.shared.python"
local schema = require "practice.frappe.schema"
local site = require "practice.frappe.site"
local store = require "practice.frappe.store"
local time = require "tidewire.time"
local values = require "practice.frappe.values"

local M = {}
local null = json.null

local operators = {}
for word in ("=|!=|>|<|>=|<=|like|not like|in|not in|is|between|timespan|descendants of|ancestors of|not descendants of|not ancestors of|previous|next"):gmatch "[^|]+" do
  operators[word] = true
end

local standard_kinds = { name = "name", owner = "text", modified_by = "text", creation = "datetime", modified = "datetime",
  docstatus = "int", idx = "int", parent = "text", parentfield = "text", parenttype = "text" }

--- The column of a field: { sql, kind, field }; nil when the DocType has no such field.
function M.column(meta, fieldname)
  local alias = store.table_of(meta.name)
  if fieldname == "name" then
    return { sql = alias .. ".name_key", show = alias .. ".name", kind = "name", integer = meta.autoname == "autoincrement" }
  end
  local kind = standard_kinds[fieldname]
  local family = fieldname == "parent" or fieldname == "parentfield" or fieldname == "parenttype"
  local field = meta.by_name[fieldname]
  if kind and not (family and not meta.istable) then
    local sql = alias .. "." .. store.quote(fieldname)
    return { sql = sql, show = sql, kind = kind }
  end
  if not field or not field.kind then return nil end
  local sql = alias .. "." .. store.quote(fieldname)
  return { sql = sql, show = sql, kind = field.kind, field = field }
end

local function parser_error(value)
  errors.raise("ParserError", "Unknown string format: " .. tostring(value))
end

local function date_operand(column, value, end_of_day)
  value = python.str(value)
  if value == "" then return "" end
  local plain = value:gsub("Z$", "")
  if column.kind == "date" then return values.parse_date(plain) or parser_error(value) end
  if end_of_day and not plain:find ":" then plain = plain .. " 23:59:59.999999" end
  return values.parse_datetime(plain) or parser_error(value)
end

local function is_number_kind(kind)
  return kind == "int" or kind == "check" or kind == "float" or kind == "rating" or kind == "duration"
end

local function operand(column, value)
  if value == true or value == false then value = value and 1 or 0 end
  if column.kind == "name" then
    if column.integer then return tonumber(python.str(value)) or 0 end
    return store.key(python.str(value))
  end
  if is_number_kind(column.kind) then return column.kind == "int" and python.cint(value) or python.flt(value) end
  if column.kind == "date" or column.kind == "datetime" then return date_operand(column, value) end
  if column.kind == "time" then return values.parse_time(python.str(value)) or 0 end
  return (python.str(value):gsub(" +$", ""))
end

local function fallback(column)
  if is_number_kind(column.kind) then return "0" end
  if column.kind == "time" then return "0" end
  if column.kind == "date" then return "'0001-01-01'" end
  if column.kind == "datetime" then return "'0001-01-01 00:00:00.000000'" end
  return "''"
end

local function or_null(column)
  return ("ifnull(%s, %s)"):format(column.sql, fallback(column))
end

local function is_text(column)
  return column.kind == "text" or column.kind == "json" or column.kind == "password"
end

local function is_set(column, wanted)
  if is_text(column) or column.kind == "name" then return ("ifnull(%s, '') %s ''"):format(column.sql, wanted and "!=" or "=") end
  if is_number_kind(column.kind) and site.level >= 1582 then return ("ifnull(%s, 0) %s 0"):format(column.sql, wanted and "!=" or "=") end
  return column.sql .. (wanted and " IS NOT NULL" or " IS NULL")
end

local function against_null(column, operator)
  if site.level >= 1582 then return column.sql .. (operator == "=" and " IS NULL" or " IS NOT NULL") end
  if operator == "!=" and is_text(column) then return ("CAST(ifnull(%s, '') AS REAL) != 0"):format(column.sql) end
  if operator == "!=" then return or_null(column) .. " != 0" end
  return "0"
end

local function list_operand(value)
  if type(value) == "string" then
    local items = {}
    for item in value:gmatch "[^,]+" do items[#items + 1] = item:match "^%s*(.-)%s*$" end
    return items
  end
  if type(value) == "table" and not python.is_dec(value) then return value end
  return { value }
end

local function membership(column, operator, value, out)
  local items, marks, with_empty = list_operand(value), {}, false
  for _, item in ipairs(items) do
    if item == null or item == "" then
      with_empty = true
    else
      marks[#marks + 1] = "?"
      out[#out + 1] = operand(column, item)
    end
  end
  local found = #marks > 0 and ("%s IN (%s)"):format(column.sql, table.concat(marks, ", ")) or "0"
  if with_empty then found = ("(%s OR %s = %s)"):format(found, or_null(column), fallback(column)) end
  if operator == "in" then return found end
  return ("NOT ifnull(%s, 0)"):format(found)
end

local function between(column, value, out)
  local items = list_operand(value)
  local dated = column.kind == "date" or column.kind == "datetime"
  out[#out + 1] = dated and date_operand(column, items[1] or "") or operand(column, items[1] or "")
  out[#out + 1] = dated and date_operand(column, items[2] or items[1] or "", true) or operand(column, items[2] or "")
  return ("%s BETWEEN ? AND ?"):format(column.sql)
end

local function shift_days(date, days)
  return time.add(date .. "T00:00:00Z", days * 86400):sub(1, 10)
end

local function month_start(date, shift)
  local year, month = tonumber(date:sub(1, 4)), tonumber(date:sub(6, 7)) + shift
  year, month = year + math.floor((month - 1) / 12), (month - 1) % 12 + 1
  return ("%04d-%02d-01"):format(year, month)
end

local spans = {
  today = function(today) return today, today end,
  yesterday = function(today) return shift_days(today, -1), shift_days(today, -1) end,
  tomorrow = function(today) return shift_days(today, 1), shift_days(today, 1) end,
  ["last 7 days"] = function(today) return shift_days(today, -7), shift_days(today, -1) end,
  ["last 14 days"] = function(today) return shift_days(today, -14), shift_days(today, -1) end,
  ["last 30 days"] = function(today) return shift_days(today, -30), shift_days(today, -1) end,
  ["last 90 days"] = function(today) return shift_days(today, -90), shift_days(today, -1) end,
  ["last month"] = function(today) return month_start(today, -1), shift_days(month_start(today, 0), -1) end,
  ["this month"] = function(today) return month_start(today, 0), shift_days(month_start(today, 1), -1) end,
  ["next month"] = function(today) return month_start(today, 1), shift_days(month_start(today, 2), -1) end,
  ["last year"] = function(today) local y = today:sub(1, 4) - 1 return y .. "-01-01", y .. "-12-31" end,
  ["this year"] = function(today) local y = today:sub(1, 4) return y .. "-01-01", y .. "-12-31" end,
  ["next year"] = function(today) local y = today:sub(1, 4) + 1 return y .. "-01-01", y .. "-12-31" end,
}

local function timespan(column, value, out)
  local span = spans[python.str(value):lower()]
  if not span then errors.throw("ValidationError", "timespan " .. python.str(value) .. " is not known to this practice server") end
  local from, to = span(site.now():sub(1, 10))
  return between(column, { from, to }, out)
end

local function comparison(column, operator, value, out)
  if value == null or value == nil then
    if operator == "=" or operator == "!=" then return against_null(column, operator) end
    value = ""
  end
  local numeric = type(value) == "number" or python.is_dec(value)
  if is_text(column) and numeric and site.level < 1582 then
    out[#out + 1] = python.to_number(value)
    return ("CAST(%s AS REAL) %s ?"):format(column.sql, operator)
  end
  if operator == "=" and value == "" and not is_number_kind(column.kind) then return ("%s = %s"):format(or_null(column), fallback(column)) end
  out[#out + 1] = operand(column, value)
  local can_be_null = column.field ~= nil and operator ~= "=" and operator ~= ">" and operator ~= ">="
  local left = can_be_null and or_null(column) or column.sql
  return ("%s %s ?"):format(left, operator)
end

local function pattern(column, operator, value, out)
  out[#out + 1] = python.str(value == null and "" or value)
  local left = column.kind == "datetime" and column.sql or column.show or column.sql
  if operator == "not like" then left = ("ifnull(%s, '')"):format(left) end
  return ("%s %s ?"):format(left, operator == "like" and "LIKE" or "NOT LIKE")
end

local function condition(column, operator, value, out)
  if operator == "is" then
    local word = python.str(value):lower()
    if word ~= "set" and word ~= "not set" then errors.throw("ValidationError", "Invalid value for is: " .. word) end
    return is_set(column, word == "set")
  end
  if operator == "in" or operator == "not in" then return membership(column, operator, value, out) end
  if operator == "like" or operator == "not like" then return pattern(column, operator, value, out) end
  if operator == "between" then return between(column, value, out) end
  if operator == "timespan" then return timespan(column, value, out) end
  if operator:find "of$" or operator == "previous" or operator == "next" then
    errors.throw("ValidationError", "operator " .. operator .. " is not known to this practice server")
  end
  return comparison(column, operator, value, out)
end

local function check_operator(operator)
  operator = type(operator) == "string" and operator:lower() or tostring(operator)
  if not operators[operator] then
    errors.throw("ValidationError", "Operator must be one of =, !=, >, <, >=, <=, like, not like, in, not in, is, between, timespan, previous, next")
  end
  return operator
end

local function unknown_field(meta, fieldname)
  if type(fieldname) == "string" and fieldname:find(".", 1, true) then
    errors.raise("OperationalError", ("(1054, \"Unknown column 'tab%s.%s' in 'WHERE'\")"):format(meta.name, fieldname))
  end
  errors.throw("DataError", "Field not permitted in query: " .. tostring(fieldname), { status = 417 })
end

local function one(meta, item, out, joins)
  local doctype, fieldname, operator, value
  if #item >= 4 then doctype, fieldname, operator, value = item[1], item[2], item[3], item[4]
  elseif #item == 3 then fieldname, operator, value = item[1], item[2], item[3]
  else fieldname, operator, value = item[1], "=", item[2] end
  operator = check_operator(operator)
  local target = meta
  if doctype and doctype ~= meta.name then
    target = schema.find(doctype)
    if not target then errors.not_found("DocType", doctype) end
    joins[doctype] = true
  end
  local column = M.column(target, fieldname)
  if not column then unknown_field(target, fieldname) end
  return condition(column, operator, value, out)
end

local function as_items(filters)
  local items = {}
  if python.is_list(filters) then
    if type(filters[1]) == "string" then return { filters } end
    for i, item in ipairs(filters) do items[i] = item end
    return items
  end
  for _, key in ipairs(python.sorted_keys(filters)) do
    local value = filters[key]
    if python.is_list(value) then items[#items + 1] = { key, value[1], value[2] }
    else items[#items + 1] = { key, "=", value } end
  end
  return items
end

--- Conditions of `filters`, a list of SQL texts; parameters go to `out`, child DocTypes to join to `joins`.
function M.conditions(meta, filters, out, joins)
  local texts = {}
  if filters == nil or filters == null or filters == "" then return texts end
  if type(filters) ~= "table" then filters = { { "name", "=", filters } } end
  for i, item in ipairs(as_items(filters)) do
    if type(item) ~= "table" then errors.raise("TypeError", "filters must be lists") end
    texts[i] = one(meta, item, out, joins)
  end
  return texts
end

return M
