-- Values that nobody writes: times and authors, numbers, formulas and rollups.
--
-- Of formulas this server understands a property, and two of them joined by + - * or ==: prop("A") + prop("B").
local json = require "tidewire.json"
local schema = require "practice.notion.schema"
local times = require "practice.notion.times"

local array, null = json.array, json.null

local M = {}

local references_computed_over = 25

local function source_of(state, page) return state.store.sources[page.source] end

local function operand(state, page, word, values)
  local name = word:match '^prop%("(.-)"%)$'
  if not name then return tonumber(word) or word:match '^"(.*)"$' end
  local property = schema.find(source_of(state, page), name)
  return property and values.comparable(state, page, property)
end

local joined = {
  ["+"] = function(a, b) if type(a) == "number" and type(b) == "number" then return a + b end return tostring(a) .. tostring(b) end,
  ["-"] = function(a, b) return a - b end,
  ["*"] = function(a, b) return a * b end,
  ["=="] = function(a, b) return a == b end,
}

local function formula(state, page, property, values)
  local expression = property.config.expression
  local left, operator, right = expression:match '^(prop%b())%s*([-+*=]+)%s*(.+)$'
  if not left then return operand(state, page, expression, values) end
  local a, b = operand(state, page, left, values), operand(state, page, right, values)
  if a == nil or b == nil or not joined[operator] then return nil end
  return joined[operator](a, b)
end

local function related(state, page, property)
  local config = property.config
  local relation = schema.find(source_of(state, page), config.relation_property_id or config.relation_property_name)
  local list = {}
  for _, id in ipairs(relation and page.values[relation.id] or {}) do
    if #list < references_computed_over and state.store.pages[id] then list[#list + 1] = state.store.pages[id] end
  end
  return list
end

local function rollup(state, page, property, values)
  local config = property.config
  local items, sum = array {}, 0
  for _, other in ipairs(related(state, page, property)) do
    local target = schema.find(source_of(state, other), config.rollup_property_id or config.rollup_property_name)
    if target then
      items[#items + 1] = { type = target.type, [target.type] = values.bare(state, other, target, references_computed_over) }
      local value = values.comparable(state, other, target)
      if type(value) == "number" then sum = sum + value end
    end
  end
  local what = config["function"]
  if what == "count" then return { type = "number", number = #items, ["function"] = what } end
  if what == "sum" then return { type = "number", number = sum, ["function"] = what } end
  if what == "show_original" then return { type = "array", array = items, ["function"] = what } end
  return { type = "unsupported", unsupported = json.object {}, ["function"] = what }
end

local function shown_formula(value)
  if type(value) == "table" then value = table.concat(value, ",") end
  local kind = type(value)
  if value == nil then return { type = "string", string = null } end
  return { type = kind, [kind] = value }
end

local makers = {
  created_time = function(_, page) return times.minute(page.created) end,
  last_edited_time = function(_, page) return times.minute(page.edited) end,
  created_by = function(state, page, _, values) return values.user(state, page.created_by) end,
  last_edited_by = function(state, page, _, values) return values.user(state, page.edited_by) end,
  unique_id = function(_, page, property) return { prefix = property.config.prefix, number = page.values[property.id] or null } end,
  button = function() return json.object {} end,
  formula = function(state, page, property, values) return shown_formula(formula(state, page, property, values)) end,
  rollup = rollup,
}

--- The value as a page shows it.
function M.value(state, page, property, values)
  return makers[property.type](state, page, property, values)
end

--- The value as a filter compares it.
function M.comparable(state, page, property, values)
  local kind = property.type
  if kind == "created_time" then return page.created end
  if kind == "last_edited_time" then return page.edited end
  if kind == "created_by" then return { page.created_by } end
  if kind == "last_edited_by" then return { page.edited_by } end
  if kind == "unique_id" then return page.values[property.id] end
  if kind == "formula" then return formula(state, page, property, values) end
  if kind ~= "rollup" then return nil end
  local shown = rollup(state, page, property, values)
  return shown.number
end

return M
