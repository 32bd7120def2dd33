--- Whether a record meets conditions: for what a system cannot be asked.

local connector = require "tidewire.connector"
local decimal = require "tidewire.decimal"
local json = require "tidewire.json"

local null = json.null

local M = {}

local function has(list, value)
  for _, one in ipairs(list) do
    if connector.same(value, one) then return true end
  end
  return false
end

local function is_number(value) return type(value) == "number" or decimal.is(value) end

local function order(a, b)
  if a == null or b == null or type(a) == "table" or type(b) == "table" then return nil end
  if is_number(a) and is_number(b) then a, b = decimal.dec(a), decimal.dec(b) end
  if type(a) ~= type(b) then a, b = connector.plain(a), connector.plain(b) end
  return a == b and 0 or a < b and -1 or 1
end

local function compares(test)
  return function(value, wanted)
    local result = order(value, wanted)
    return result ~= nil and test(result)
  end
end

local tests = {
  ["="] = function(value, wanted, fold) return connector.same(value, wanted, fold) end,
  ["!="] = function(value, wanted) return not connector.same(value, wanted) end,
  ["in"] = function(value, list) return has(list, value) end,
  not_in = function(value, list) return not has(list, value) end,
  is_null = function(value) return value == null end,
  not_null = function(value) return value ~= null end,
  [">"] = compares(function(r) return r > 0 end), [">="] = compares(function(r) return r >= 0 end),
  ["<"] = compares(function(r) return r < 0 end), ["<="] = compares(function(r) return r <= 0 end),
}

--- Whether every condition (as `connector.conditions` gives them) holds of what `value_of(field)` returns; nil counts as null.
function M.fits(conditions, value_of)
  for _, condition in ipairs(conditions) do
    local value = value_of(condition.field)
    if value == nil then value = null end
    if not tests[condition.op](value, condition.value, condition.fold) then return false end
  end
  return true
end

--- The value at "a.b" in nested tables, or nil.
function M.at(fields, path)
  local value = fields
  for part in path:gmatch "[^.]+" do
    if type(value) ~= "table" then return nil end
    value = value[part]
  end
  return value
end

return M
