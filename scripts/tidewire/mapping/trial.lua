--- What a row's conversion makes of each value that a boolean or a choice can have, tried while the file is read.
---
--- A function that looks at the record or at ctx is left alone: what it says depends on more than the value.

local flow = require "tidewire.mapping.flow"
local mark = require "tidewire.mapping.mark"
local outcome = require "tidewire.mapping.outcome"
local values = require "tidewire.mapping.values"

local M = {}

local most_options = 200

-- As the system writes them: a Check of Frappe is 1 or 0, a column of PostgreSQL true or false.
local function values_of(t)
  if t == nil then return nil end
  if t.kind == "bool" and t.form == "01" then return { 1, 0 } end
  if t.kind == "bool" then return { true, false } end
  if t.kind ~= "enum" or type(t.options) ~= "table" or #t.options > most_options then return nil end
  local list = {}
  for _, option in ipairs(t.options) do
    if option ~= "" then list[#list + 1] = option end
  end
  return list
end

local booleans = { ["1"] = true, ["true"] = true, yes = true, t = true, ["0"] = true, ["false"] = true, no = true, f = true, [""] = true }

local function is_boolean(value)
  if type(value) == "table" then return false end
  return type(value) == "number" or booleans[tostring(value):lower()] or false
end

local function shown(value) return type(value) == "string" and "'" .. value .. "'" or tostring(value) end

-- { value, result } or { value, failed = why }; nil where the function looked at more than the value.
local function tried(call, value, target, is_builtin)
  local looked = false
  local spy = setmetatable({}, { __index = function()
    looked = true
    error(nil, 0)
  end })
  local ran, result = pcall(call, value, spy, spy)
  if looked then return nil end
  if not ran then return { value = value, failed = tostring(result) } end
  local kind, why = outcome.of(result)
  if kind == "dead" and is_builtin then return { value = value, failed = why } end
  if not kind and target and target.kind == "bool" and not values.empty(result) and not is_boolean(result) then
    return { value = value, failed = type(result) == "table" and "it gives a table, which is no boolean" or shown(result) .. " is no boolean" }
  end
  return { value = value, result = result, said = kind, why = why }
end

local function same(a, b) return a.said == b.said and a.why == b.why and values.same(a.result, b.result) end

-- Of both values the same: in Lua 0 is as true as 1, so `not v` of a field that is 0 or 1 is false for both.
local function warn_of_one_result(c, spec, title, field_name, to, both)
  if #both ~= 2 or both[1].failed or both[2].failed or both[1].said or both[2].said or not same(both[1], both[2]) then return end
  local numbers = type(both[1].value) == "number"
  c.r:warn(spec.at, "to_%s gives %s for %s and for %s, the two values of '%s' of %s%s", to, shown(both[1].result), shown(both[1].value), shown(both[2].value), field_name, title,
    numbers and ": a function gets 1 or 0 of it, and in Lua 0 is as true as 1; t.invert turns a boolean round, and v == 1 is true for 1 only" or "")
end

local function direction(c, spec, field, pair, to, is_builtin)
  local from = flow.other[to]
  local own, target, call = field[from .. "_type"], field[to .. "_type"], pair["to_" .. to]
  local list = values_of(own)
  if list == nil or #list == 0 or #field[from] ~= 1 or type(call) ~= "function" then return end
  if own.kind == "enum" and pair.name == "t.enum" then return end  -- which compares its words with the options itself
  local results, failures = {}, {}
  for i, value in ipairs(list) do
    local one = tried(call, value, #field[to] == 1 and target or nil, is_builtin)
    if one == nil then return end
    results[i] = one
    if one.failed then failures[#failures + 1] = one end
  end
  local name = pair.name or "to_" .. to
  local title = c.title[from]
  if #failures == #results then
    c.r:problem(spec.at, "%s fails for every value that '%s' of %s can have: for %s, %s", name, field[from][1], title, shown(failures[1].value), failures[1].failed)
    return
  end
  for _, one in ipairs(failures) do
    c.r:warn(spec.at, "%s fails for %s, which '%s' of %s can be: %s", name, shown(one.value), field[from][1], title, one.failed)
  end
  if own.kind == "bool" and not is_builtin then warn_of_one_result(c, spec, title, field[from][1], to, results) end
end

--- Tries the functions of a row's `pair` in the directions that `field` goes. `is_builtin`: of tidewire.transform, not an author's own.
function M.field(c, spec, field, pair, is_builtin)
  for _, to in ipairs { "right", "left" } do
    if flow.reaches(field.flow, to) and mark.word(pair["to_" .. to]) ~= "fn" then direction(c, spec, field, pair, to, is_builtin) end
  end
end

return M
