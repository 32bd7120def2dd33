-- Values on the wire and in the database. Nothing is `false`, or 0 where it is a number; a text may be empty as well.

local errors = require "practice.odoo.errors"
local json = require "tidewire.json"
local python = require "practice.shared.python"
local time = require "tidewire.time"

local M = {}

local null = json.null

--- Whether a value stands for nothing.
function M.nothing(value) return value == nil or value == null or value == false end

local nothing = M.nothing

--- Fractions of a request as numbers: Python has floats there.
function M.plain(value)
  if python.is_dec(value) then return value:number() end
  if type(value) ~= "table" then return value end
  for key, item in pairs(value) do value[key] = M.plain(item) end
  return value
end

--- A number as a float: 12.0 rather than 12.
function M.float(number) return python.raw(python.float(number)) end

local function wrong(field, value)
  errors.raise("ValueError", ("Wrong value for %s.%s: %s"):format(field.model, field.name, M.repr(value)))
end

--- repr() of a value, for messages.
function M.repr(value)
  if nothing(value) then return value == false and "False" or "None" end
  if value == true then return "True" end
  if type(value) == "string" then return "'" .. value .. "'" end
  if type(value) ~= "table" then return python.number(value) end
  local parts = {}
  for i, item in ipairs(value) do parts[i] = M.repr(item) end
  return "[" .. table.concat(parts, ", ") .. "]"
end

-- To the database -----------------------------------------------------------------------------------------------------

local to_column = {}

local function text_of(value)
  local text = type(value) == "table" and python.dumps(value) or value == true and "True" or python.str(value)
  if text:find("\0", 1, true) then errors.raise("ValueError", "A string literal cannot contain NUL (0x00) characters.") end
  return text
end

function to_column.char(_, value) return text_of(value) end
to_column.text, to_column.binary = to_column.char, to_column.char

-- The sanitiser as far as it shows: scripts go, bare text gets its paragraph.
function to_column.html(_, value)
  local text = text_of(value):gsub("<[sS][cC][rR][iI][pP][tT].-</[sS][cC][rR][iI][pP][tT]>", "")
  if text == "" or text:find "^%s*<" then return text end
  return "<p>" .. text .. "</p>"
end

function to_column.json(_, value) return python.compact(value) end

local function number_of(value, word)
  if value == true then return 1 end
  local number = type(value) == "number" and value or type(value) == "string" and tonumber(value) or nil
  if number then return number end
  if type(value) == "table" then errors.raise("TypeError", word .. "() argument must be a string or a real number, not 'list'") end
  errors.raise("ValueError", word == "int" and "invalid literal for int() with base 10: " .. M.repr(value) or "could not convert string to float: " .. M.repr(value))
end

function to_column.integer(_, value)
  local number = number_of(value, "int")
  number = number < 0 and math.ceil(number) or math.floor(number)
  if number > 2147483647 or number < -2147483648 then errors.raise("psycopg2.errors.NumericValueOutOfRange", "integer out of range\n") end
  return number
end

--- Rounded half away from zero, as float_round does, with an epsilon for what binary fractions lose.
function M.round(number, digits)
  local factor = 10 ^ digits
  local scaled = math.abs(number) * factor
  local rounded = math.floor(scaled + 0.5 + scaled * 2 ^ -50) / factor
  return number < 0 and -rounded or rounded
end

function to_column.float(field, value)
  local number = number_of(value, "float")
  return field.digits and M.round(number, field.digits) or number
end

function to_column.monetary(_, value) return M.round(number_of(value, "float"), 2) end

function to_column.boolean(_, value) return python.truthy(value) and 1 or 0 end

function to_column.date(_, value)
  local day = type(value) == "string" and value:match "^(%d%d%d%d%-%d%d%-%d%d)"
  if not day or not time.parse(day .. "T00:00:00Z") then errors.raise("ValueError", "time data " .. M.repr(value) .. " does not match format '%Y-%m-%d'") end
  return day
end

function to_column.datetime(_, value)
  local text = type(value) == "string" and value or ""
  if text:match "^%d%d%d%d%-%d%d%-%d%d$" then text = text .. " 00:00:00" end
  local day, clock = text:match "^(%d%d%d%d%-%d%d%-%d%d) (%d%d:%d%d:%d%d)$"
  if not day or not time.parse(day .. "T" .. clock .. "Z") then
    errors.raise("ValueError", "time data " .. M.repr(value) .. " does not match format '%Y-%m-%d %H:%M:%S'")
  end
  return text
end

function to_column.selection(field, value)
  for _, option in ipairs(M.selection(field)) do
    if option[1] == value then return value end
  end
  errors.raise("ValueError", ("Wrong value for %s.%s: %s"):format(field.model, field.name, M.repr(value)))
end

function to_column.many2one(field, value)
  if type(value) ~= "number" or value ~= math.floor(value) then wrong(field, value) end
  local registry, store = require "practice.odoo.registry", require "practice.odoo.store"
  if not store.row(registry.get(field.to), value) then errors.missing(field.to, value) end
  return value
end

local zero = { integer = 0, float = 0, monetary = 0, boolean = 0 }

--- The column's value; null for nothing.
function M.to_column(field, value)
  if nothing(value) then return zero[field.type] or null end
  return to_column[field.type](field, value)
end

--- The pairs of a selection; a declaration may ask for them by version.
function M.selection(field)
  return type(field.selection) == "function" and field.selection() or field.selection
end

-- From the database ---------------------------------------------------------------------------------------------------

local to_wire = {
  integer = function(value) return value end,
  float = M.float, monetary = M.float,
  boolean = function(value) return value ~= 0 end,
  datetime = function(value) return value:sub(1, 19) end,
  json = function(value) return json.decode(value) end,
  binary = function(value) return require("practice.odoo.attachments").shown(value) end,
}
local empty = { integer = 0, float = M.float(0), monetary = M.float(0) }

--- What a column holds as a client sees it; not for relations.
function M.to_wire(field, value)
  if value == nil or value == null then return empty[field.type] or false end
  local convert = to_wire[field.type]
  if convert then return convert(value) end
  return value
end

return M
