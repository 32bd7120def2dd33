-- Webhook conditions: comparisons of `doc.field` with a text, a number, None, True or False, joined by and / or.
--
-- A real site evaluates Python. What is not of this form is refused when the Webhook is saved, so that nobody believes
-- in a condition that this server would not evaluate as a site does.

local errors = require "practice.frappe.errors"
local python = require "practice.shared.python"

local M = {}

local function literal(text)
  local quoted = text:match '^"([^"]*)"$' or text:match "^'([^']*)'$"
  if quoted then return { value = quoted } end
  if tonumber(text) then return { value = tonumber(text) } end
  if text == "None" then return { value = nil } end
  if text == "True" then return { value = 1 } end
  if text == "False" then return { value = 0 } end
  return nil
end

local function comparison(text)
  local negated = text:match "^not%s+(.+)$"
  local bare = (negated or text):match "^doc%.([%w_]+)$"
  if bare then return { field = bare, truth = negated == nil } end
  local field, operator, right = text:match "^doc%.([%w_]+)%s*([=!<>]=?)%s*(.-)$"
  local value = field and literal(right)
  if not value or operator == "=" or operator == "!" then return nil end
  return { field = field, operator = operator, value = value.value }
end

--- Parses a condition; nil when it is not of the form this server knows.
function M.parse(text)
  local either = {}
  for branch in (text .. " or "):gmatch "(.-)%s+or%s+" do
    local all = {}
    for part in (branch .. " and "):gmatch "(.-)%s+and%s+" do
      local one = comparison(part:match "^%s*(.-)%s*$")
      if not one then return nil end
      all[#all + 1] = one
    end
    either[#either + 1] = all
  end
  return #either > 0 and either or nil
end

local function ordered(left, right, operator)
  if type(left) ~= type(right) then errors.raise("TypeError", ("'%s' not supported between these types"):format(operator)) end
  if operator == "<" then return left < right end
  if operator == "<=" then return left <= right end
  if operator == ">" then return left > right end
  return left >= right
end

local function holds(one, doc)
  local meta = doc.__meta
  local known = meta.by_name[one.field] or doc[one.field] ~= nil
  if not known then errors.raise("AttributeError", ("'%s' object has no attribute '%s'"):format(meta.name:gsub(" ", ""), one.field)) end
  local value = doc[one.field]
  if one.truth ~= nil then return python.truthy(value) == one.truth end
  value = python.to_number(value) or value
  if value == true then value = 1 elseif value == false then value = 0 end
  if one.operator == "==" then return value == one.value end
  if one.operator == "!=" then return value ~= one.value end
  return ordered(value, one.value, one.operator)
end

--- Whether a parsed condition holds for a document. A field the document does not have breaks the writer's request.
function M.holds(either, doc)
  for _, all in ipairs(either) do
    local ok = true
    for _, one in ipairs(all) do ok = ok and holds(one, doc) end
    if ok then return true end
  end
  return false
end

return M
