--- Conditions and searches as domains that mean the same on every version.

local connector = require "tidewire.connector"
local json = require "tidewire.json"
local text = require "tidewire.text"
local shapes = require "connectors.odoo.shape"

local null, array = json.null, json.array

local M = {}

local texts = { char = true, text = true, html = true, selection = true }
local impossible = array { "id", "=", 0 }

-- An empty text is kept as such, and counts as nothing.
local function nothing(field) return field and texts[field.type] and array { false, "" } or array { false } end

local function value_of(field, value)
  local sent = shapes.value(field, value)
  -- A condition on a many2many or one2many names one id.
  if type(sent) == "table" and field and (field.type == "many2many" or field.type == "one2many") then return shapes.id_of(value) end
  return sent
end

local function list_of(field, values)
  local list = array {}
  for _, one in ipairs(values) do
    if one == null then
      for _, empty in ipairs(nothing(field)) do list[#list + 1] = empty end
    else
      local sent = value_of(field, one)
      if sent ~= nil then list[#list + 1] = sent end
    end
  end
  return list
end

--- The leaf of one condition of a scope. Odoo's `!=` and `not in` let nothing through, as they should.
function M.condition(fields, condition)
  local name, op, value = condition.field, condition.op, condition.value
  local field = fields[name]
  if name == "id" then field = { type = "many2one" } end
  if op == "is_null" then return array { name, "in", nothing(field) } end
  if op == "not_null" then return array { name, "not in", nothing(field) } end
  if op == "in" or op == "not_in" then return array { name, op == "in" and "in" or "not in", list_of(field, value) } end
  return array { name, op, value_of(field, value) }
end

--- The domain of a scope.
function M.scope(fields, scope)
  local domain = array {}
  for i, condition in ipairs(connector.conditions(scope)) do domain[i] = M.condition(fields, condition) end
  return domain
end

local function leaf(fields, part)
  local field = part.field == "id" and { type = "many2one" } or fields[part.field]
  if part.value == null or part.value == "" then return array { part.field, "in", nothing(field) } end
  if part.fold and type(part.value) == "string" then
    return array { part.field, "=ilike", "%" .. text.trim(part.value):gsub("[%%_\\]", "\\%0") .. "%" }
  end
  local sent = value_of(field, part.value)
  if sent == nil then return impossible end
  return array { part.field, "=", sent }
end

--- The domain that finds what answers any of the queries, and perhaps more.
function M.any_of(fields, queries)
  local domain = array {}
  for _ = 2, #queries do domain[#domain + 1] = "|" end
  for _, query in ipairs(queries) do
    for _ = 2, #query do domain[#domain + 1] = "&" end
    for _, part in ipairs(query) do domain[#domain + 1] = leaf(fields, part) end
  end
  return domain
end

return M
