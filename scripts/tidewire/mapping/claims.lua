--- `app.table("partners", { where = { kind = "customer" }, claims = "kind" })`: several mappings on one collection, each with its
--- own records. What `where` says is a condition of the scope and, where it is one value, what new records get.

local json = require "tidewire.json"
local flow = require "tidewire.mapping.flow"
local rules = require "tidewire.mapping.rules"

local M = {}

local sides = { "left", "right" }

--- Lays the conditions of `where` into the scope of each side.
function M.narrow(c)
  for _, side in ipairs(sides) do
    local at = c.r:key(side, c.at)
    local own = c[side].options
    for field, condition in pairs(rules.conditions(c, side, own.where or {}, c.r:key("where", at), "where")) do
      if c.scope[side][field] then
        c.r:problem(at, "'%s' has a condition in scope and in where", field)
      end
      c.scope[side][field] = condition
    end
    local claimed = own.claims
    if claimed ~= nil and not (own.where and own.where[claimed] ~= nil) then
      c.r:problem(c.r:key("claims", at), "claims names '%s', of which where says nothing: where = { %s = \"...\" }", claimed, claimed)
    end
  end
end

--- A constant for every field of `where` with one value that no row, stamp or key fills.
function M.rows(c)
  local list = {}
  for _, side in ipairs(sides) do
    for field in pairs(c[side].options.where or {}) do
      local condition = c.scope[side][field]
      local free = c.written[side][field] == nil and not c.is_key(field, side)
      if condition and condition.op == "=" and free and flow.reaches(c.flow, side) then
        local row = { value = condition.value, when = "create", name = "where " .. side .. "." .. field }
        row[side] = field
        list[#list + 1] = { row = row, at = c.r:key("where", c.r:key(side, c.at)), paths = { [side] = { field } } }
      end
    end
  end
  return list
end

--- { field, values } of what a side's mapping claims; nil where it claims nothing or no list of values.
function M.of(c, side)
  local field = c[side].options.claims
  local condition = field and c.scope[side][field]
  if not condition or condition.op ~= "=" and condition.op ~= "in" then
    if field and condition then
      c.r:problem(c.r:key("claims", c.at), "what is claimed of '%s' must be a value or one_of { ... }, so that others can be told apart", field)
    end
    return nil
  end
  return { field = field, values = condition.op == "in" and condition.value or json.array { condition.value } }
end

return M
