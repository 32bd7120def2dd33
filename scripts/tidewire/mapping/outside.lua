--- Records that a mapping makes outside its own scope: they leave it as soon as they are made, and their links stand still.

local json = require "tidewire.json"
local flow = require "tidewire.mapping.flow"
local report = require "tidewire.host.report"
local values = require "tidewire.mapping.values"

local M = {}

local function same(a, b)
  if values.empty(a) or values.empty(b) then return values.empty(a) and values.empty(b) end
  return a == b or values.text(a) ~= nil and values.text(a) == values.text(b)
end

local function among(list, value)
  for _, one in ipairs(list) do
    if same(one, value) then return true end
  end
  return false
end

local function truth(value)
  if value == true then return 1 end
  if value == false then return 0 end
  return value
end

-- As the engine compares a record with a condition (runtime/sync/reconcile/reconcile.cpp `meets`); nil where it takes the types to tell.
local function meets(condition, value)
  local op = condition.op
  value = truth(value)
  if op == "is_null" then return values.empty(value) end
  if op == "not_null" then return not values.empty(value) end
  if op == "in" or op == "not_in" then
    local list = {}
    for i, one in ipairs(condition.value) do list[i] = truth(one) end
    return among(list, value) == (op == "in")
  end
  local wanted = truth(condition.value)
  if op == "=" or op == "!=" then return same(value, wanted) == (op == "=") end
  if values.empty(value) then return false end
  if type(value) ~= "number" or type(wanted) ~= "number" then return nil end
  if op == ">" then return value > wanted end
  if op == ">=" then return value >= wanted end
  if op == "<" then return value < wanted end
  return value <= wanted
end

-- Whether anything but a constant of the mapping says what a new record has there.
local function filled_otherwise(c, side, name)
  if c.is_key(name, side) then return true end
  for path in pairs(c.written[side]) do
    if (path .. "."):sub(1, #name + 1) == name .. "." or (name .. "."):sub(1, #path + 1) == path .. "." then return true end
  end
  for _, stamp in ipairs(c.stamps[side]) do
    if stamp.field == name then return true end
  end
  local field = c.described[side] and c.described[side][name]
  return not field or field.type.read_only or field.type.required
end

local begins_with = { bool = 0, int = 0, float = 0, decimal = 0 }
local flags = { ["1"] = 1, ["true"] = 1, ["0"] = 0, ["false"] = 0 }

-- With the default where the system tells one, of which only a flag's is sure to be a value; else systems whose numbers and flags are
-- never null begin with 0.
local function may_begin_inside(c, side, name, condition)
  local field = c.described[side][name]
  local kind, default = field.type.kind, values.given(field.default)
  if default ~= nil then
    local flag = kind == "bool" and flags[tostring(default):lower()]
    return not flag or meets(condition, flag) ~= false
  end
  return meets(condition, nil) ~= false or begins_with[kind] ~= nil and meets(condition, begins_with[kind]) ~= false
end

-- The constant that a new record gets there, and where that is said.
local function constant(c, side, name)
  for _, field in ipairs(c.fields) do
    if field.kind == "constant" and field[side] and field[side][1] == name then return field.constant, field.at end
  end
  for _, stamp in ipairs(c.stamps[side]) do
    if stamp.field == name and stamp.what == "constant" then return stamp.value, stamp.at end
  end
end

local function check(c, side, name, condition)
  local near = c.r:key(name, c.r:key(side, c.r:key("scope", c.at)))
  local value, at = constant(c, side, name)
  if at and meets(condition, value) == false then
    return c.r:warn(at, "every record made in %s gets %s = %s, which the mapping's own scope there leaves out: it leaves the mapping as soon as it is made. "
      .. "Write a value that the scope takes, or let the scope take this one", c.title[side], name, values.shown(value))
  end
  if at or filled_otherwise(c, side, name) or may_begin_inside(c, side, name, condition) then return end
  c.r:warn(near, "the scope of %s goes by '%s', and no row fills that in a record made there: it leaves the mapping as soon as it is made. "
    .. "Add a row, such as { %s = \"%s\", value = %s, when = \"create\" }, or take the condition away", c.title[side], name, side, name,
    condition.op == "=" and json.encode(condition.value) or "...")
end

--- Of each side where the mapping makes records.
function M.check(c)
  for _, side in ipairs { "left", "right" } do
    local creates = flow.reaches(c.flow, side) and not (c.description[side] and c.description[side].creates == false)
    for _, name in ipairs(creates and report.names(c.scope[side]) or {}) do
      if type(c.scope[side][name]) == "table" then check(c, side, name, c.scope[side][name]) end
    end
  end
end

return M
