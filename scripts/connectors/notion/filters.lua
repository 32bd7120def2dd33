--- Conditions and searches: what Notion can be asked, and what is looked through again here.
---
--- Whether its text filters heed case is not written down. They are used only where they may find too much, never too little
--- (but see `fold` in `query`), and every row is looked at again.

local connector = require "tidewire.connector"
local json = require "tidewire.json"
local decimal = require "tidewire.decimal"

local array, null = json.array, json.null

local M = {}

local texts = { title = true, rich_text = true, url = true, email = true, phone_number = true }
local exact = { select = true, status = true, number = true, checkbox = true }
local lists = { multi_select = true, people = true, relation = true }
local longest = 2000

local optioned = { select = true, status = true, multi_select = true }

-- An option that the property does not have is refused in a filter, and no page can have it.
local function has_option(property, name)
  for _, option in ipairs(property.config and property.config.options or {}) do
    if option.name == name then return true end
  end
  return false
end

local function is_nothing(value)
  return value == nil or value == null or value == "" or json.is_array(value) and #value == 0
end

local function property_filter(property, operator, value)
  return { property = property.id, [property.type] = { [operator] = value } }
end

-- The filter that lets at least the rows through whose value is `value`; nil where there is none.
local function equal(property, value)
  local kind = property.type
  if is_nothing(value) then
    if kind == "checkbox" or not (texts[kind] or exact[kind] or lists[kind] or kind == "date" or kind == "files") then return nil end
    return property_filter(property, "is_empty", true)
  end
  if optioned[kind] and not has_option(property, json.is_array(value) and value[1] or value) then return nil end
  if texts[kind] and type(value) == "string" and #value <= longest then return property_filter(property, "equals", value) end
  if exact[kind] and type(value) ~= "table" then return property_filter(property, "equals", value) end
  if lists[kind] then return property_filter(property, "contains", json.is_array(value) and value[1] or value) end
  if kind == "unique_id" then
    local number = tonumber(connector.plain(value):match "(%d+)$")
    return number and property_filter(property, "equals", number)
  end
end

local function any_of(parts)
  return #parts == 1 and parts[1] or { ["or"] = array(parts) }
end

local function in_list(property, value)
  local parts = {}
  for i, one in ipairs(value) do
    parts[i] = equal(property, one)
    if not parts[i] then return nil end
  end
  return #parts > 0 and #parts <= 100 and any_of(parts) or nil
end

local asks = {
  ["="] = equal, ["in"] = in_list,
  is_null = function(property) return equal(property, null) end,
  not_null = function(property) return equal(property, null) and property_filter(property, "is_not_empty", true) end,
}

--- The filters that a scope can be sent as; they let through at least what the scope means.
function M.of_scope(shape, scope)
  local filters = {}
  for _, condition in ipairs(connector.conditions(scope)) do
    local property = shape.source.by_name[condition.field]
    local ask = property and asks[condition.op]
    filters[#filters + 1] = ask and ask(property, condition.value) or nil
  end
  return filters
end

--- The fields that a scope names.
function M.fields_of(scope)
  local names = {}
  for _, condition in ipairs(connector.conditions(scope)) do names[#names + 1] = condition.field end
  return names
end

local function comparable(a, b)
  if decimal.is(a) then a = a:number() end
  if decimal.is(b) then b = b:number() end
  return type(a) == type(b) and (type(a) == "number" or type(a) == "string") and a, b
end

local function ordered(test)
  return function(value, asked)
    if is_nothing(value) then return false end
    local a, b = comparable(value, asked)
    return a and test(a, b) or false
  end
end

local function among(value, list)
  for _, one in ipairs(list) do
    if connector.same(value, one) or is_nothing(value) and is_nothing(one) then return true end
  end
  return false
end

local tests = {
  ["="] = connector.same, ["!="] = function(value, asked) return not connector.same(value, asked) end,
  ["in"] = among, not_in = function(value, list) return not among(value, list) end,
  is_null = is_nothing, not_null = function(value) return not is_nothing(value) end,
  [">"] = ordered(function(a, b) return a > b end), [">="] = ordered(function(a, b) return a >= b end),
  ["<"] = ordered(function(a, b) return a < b end), ["<="] = ordered(function(a, b) return a <= b end),
}

--- Whether a record lies in a scope.
function M.in_scope(record, scope)
  for _, condition in ipairs(connector.conditions(scope)) do
    if not tests[condition.op](record.fields[condition.field], condition.value) then return false end
  end
  return true
end

--- Whether no page can answer a query, because it names an option that there is not.
function M.is_hopeless(shape, query)
  for _, part in ipairs(query) do
    local property = shape.source.by_name[part.field]
    if property and optioned[property.type] and not is_nothing(part.value) then
      for _, name in ipairs(json.is_array(part.value) and part.value or { part.value }) do
        if not has_option(property, name) then return true end
      end
    end
  end
  return false
end

-- Without case: the spellings that people use, in case the filter heeds it.
local function spellings(value)
  local list, seen = {}, {}
  for _, one in ipairs { value, value:lower(), value:upper(), value:sub(1, 1):upper() .. value:sub(2):lower() } do
    if not seen[one] then list[#list + 1] = one end
    seen[one] = true
  end
  return list
end

-- One part of a query: filters of which one must hold; nil where Notion cannot be asked.
local function part_of(shape, part)
  local property = shape.source.by_name[part.field]
  if not property then return nil end
  if not (part.fold and texts[property.type] and type(part.value) == "string" and part.value ~= "") then return { equal(property, part.value) } end
  local list = {}
  for i, one in ipairs(spellings(part.value)) do list[i] = equal(property, one) end
  return list
end

--- The filters of a search, of which one must hold; nil where Notion cannot be asked. Groups may lie only two deep, `or` of
--- `and`, so one part of several spellings is multiplied out and a second one is left to the look here.
function M.of_query(shape, query)
  local single, several = {}, nil
  for _, part in ipairs(query) do
    local list = part_of(shape, part) or {}
    if #list == 1 then single[#single + 1] = list[1] end
    if #list > 1 then several = several or list end
  end
  if not several then return #single > 0 and { { ["and"] = array(single) } } or nil end
  local parts = {}
  for i, one in ipairs(several) do parts[i] = { ["and"] = array { one, unpack(single) } } end
  return parts
end

return M
