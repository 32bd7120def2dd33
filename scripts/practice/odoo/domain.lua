-- Domains as SQL: prefix operators & | !, an implied & between what stands side by side, paths with dots.

local errors = require "practice.odoo.errors"
local json = require "tidewire.json"
local registry = require "practice.odoo.registry"
local site = require "practice.odoo.site"
local store = require "practice.odoo.store"
local time = require "tidewire.time"
local values = require "practice.odoo.values"

local M = {}

local null = json.null
local quoted, nothing = store.quoted, values.nothing
local format = string.format

local operators = { ["="] = true, ["!="] = true, ["<>"] = true, ["=="] = true, [">"] = true, [">="] = true, ["<"] = true, ["<="] = true,
  ["in"] = true, ["not in"] = true, like = true, ilike = true, ["not like"] = true, ["not ilike"] = true, ["=like"] = true,
  ["=ilike"] = true, child_of = true, parent_of = true, ["=?"] = true }
local negative = { ["!="] = "=", ["not in"] = "in", ["not like"] = "like", ["not ilike"] = "ilike" }

local condition                 -- condition(query, model, alias, path, op, value)

local function bind(query, value)
  if value == true then value = 1 elseif value == false then value = 0 end
  query.parameters[#query.parameters + 1] = value
  return "?"
end

local function bad_leaf(model, path, op, value)
  local leaf = format("('%s', '%s', %s)", path, op, values.repr(value))
  errors.raise("ValueError", format(site.major >= 19 and "Invalid field %s.%s in condition %s" or "Invalid field %s.%s in leaf %s", model.name, path, leaf))
end

local function list_of(value)
  if type(value) == "table" then return value end
  return { value }
end

-- Scalars -------------------------------------------------------------------------------------------------------------

local function moment(query, field, value, op)
  if type(value) ~= "string" then errors.raise("ValueError", "Invalid datetime " .. values.repr(value)) end
  local text = value
  if site.major >= 19 then text = text:gsub("^(%d%d%d%d%-%d%d%-%d%d)T", "%1 ") end
  if text:match "^%d%d%d%d%-%d%d%-%d%d$" then text = text .. ((op == ">" or op == "<=") and " 23:59:59" or " 00:00:00") end
  if not text:match "^%d%d%d%d%-%d%d%-%d%d %d%d:%d%d:%d%d%.?%d*$" then errors.raise("ValueError", "Invalid isoformat string: " .. values.repr(value)) end
  return text
end

local function second_after(text)
  local later = time.add(text:sub(1, 19):gsub(" ", "T") .. "Z", 1)
  return (later:sub(1, 19):gsub("T", " "))
end

-- From 19 on a datetime is compared by whole seconds; before, the microseconds that are stored are compared with the text.
local function compare_moment(query, field, expr, op, value)
  local text = moment(query, field, value, op)
  if site.major < 19 then return format("%s %s %s", expr, op, bind(query, text)) end
  text = text:sub(1, 19)
  if op == ">" or op == "<=" then return format("%s %s %s", expr, op == ">" and ">=" or "<", bind(query, second_after(text))) end
  if op ~= "=" then return format("%s %s %s", expr, op, bind(query, text)) end
  local from = bind(query, text)
  return format("(%s >= %s AND %s < %s)", expr, from, expr, bind(query, second_after(text)))
end

local function scalar_value(field, value)
  if field.type == "char" or field.type == "text" or field.type == "html" or field.type == "selection" then
    return type(value) == "number" and require("practice.shared.python").number(value) or value
  end
  if type(value) == "string" and (field.type == "integer" or field.type == "float" or field.type == "monetary") then
    return tonumber(value) or errors.raise("ValueError", "invalid literal for int() with base 10: " .. values.repr(value))
  end
  return value
end

local function is_nothing(field, expr)
  if field.type == "boolean" then return format("(%s IS NULL OR %s = 0)", expr, expr) end
  return expr .. " IS NULL"
end

local function compare(query, field, expr, op, value)
  if op == "=" and (nothing(value) or field.type == "boolean" and value == 0) then return is_nothing(field, expr) end
  if field.type == "datetime" then return compare_moment(query, field, expr, op, value) end
  if nothing(value) then value = 0 end
  return format("%s %s %s", expr, op, bind(query, scalar_value(field, value)))
end

local function among(query, field, expr, value)
  local parts, marks = {}, {}
  for _, one in ipairs(list_of(value)) do
    if nothing(one) then parts[#parts + 1] = is_nothing(field, expr)
    elseif field.type == "datetime" then parts[#parts + 1] = compare_moment(query, field, expr, "=", one)
    else marks[#marks + 1] = bind(query, scalar_value(field, one)) end
  end
  if #marks > 0 then parts[#parts + 1] = format("%s IN (%s)", expr, table.concat(marks, ",")) end
  return #parts == 0 and "0" or "(" .. table.concat(parts, " OR ") .. ")"
end

local function like(query, expr, op, value)
  local pattern = op:sub(1, 1) == "=" and value or "%" .. tostring(nothing(value) and "" or value) .. "%"
  if op == "ilike" or op == "=ilike" then
    return format("lower(%s) LIKE lower(%s) ESCAPE '\\'", expr, bind(query, pattern))
  end
  return format("%s LIKE %s ESCAPE '\\'", expr, bind(query, pattern))
end

local function scalar(query, field, expr, op, value)
  if op == "in" then return among(query, field, expr, value) end
  if op:find "like" then return like(query, expr, op, value) end
  if op == "child_of" or op == "parent_of" then op = "=" end
  return compare(query, field, expr, op, value)
end

-- Relations -----------------------------------------------------------------------------------------------------------

local function next_alias(query)
  query.aliases = query.aliases + 1
  return "t" .. query.aliases
end

local function subselect(query, model, column, path, op, value)
  local alias = next_alias(query)
  return format("SELECT %s.%s FROM %s %s WHERE %s", alias, quoted(column), quoted(model.table), alias, condition(query, model, alias, path, op, value))
end

local function tree(query, model, op, ids)
  local parent = quoted(model.parent_name or "parent_id")
  local marks = {}
  for i, id in ipairs(ids) do marks[i] = bind(query, id) end
  local step = op == "child_of" and format("c.%s = t.id", parent) or format("c.id = (SELECT p.%s FROM %s p WHERE p.id = t.id)", parent, quoted(model.table))
  return format("WITH RECURSIVE t(id) AS (SELECT id FROM %s WHERE id IN (%s) UNION SELECT c.id FROM %s c JOIN t ON %s) SELECT id FROM t",
    quoted(model.table), #marks > 0 and table.concat(marks, ",") or "NULL", quoted(model.table), step)
end

local function has_text(value)
  for _, one in ipairs(list_of(value)) do
    if type(one) == "string" then return true end
  end
  return false
end

-- The ids of `comodel` that a relational leaf speaks of, as a subselect.
local function meant(query, comodel, op, value)
  if op == "child_of" or op == "parent_of" then return tree(query, comodel, op, list_of(value)) end
  if op:find "like" then return subselect(query, comodel, "id", comodel.rec_name, op, value) end
  if has_text(value) then return subselect(query, comodel, "id", comodel.rec_name, "in", list_of(value)) end
  local marks = {}
  for _, one in ipairs(list_of(value)) do
    if not nothing(one) then marks[#marks + 1] = bind(query, one) end
  end
  return format("SELECT id FROM %s WHERE id IN (%s)", quoted(comodel.table), #marks > 0 and table.concat(marks, ",") or "NULL")
end

local function has_nothing(value)
  for _, one in ipairs(type(value) == "table" and value or { value == nil and null or value }) do
    if nothing(one) then return true end
  end
  return false
end

local function many2one(query, field, expr, op, value)
  if op == "=" or op == "in" then
    local part = format("%s IN (%s)", expr, meant(query, registry.get(field.to), op, value))
    if has_nothing(value) then return format("(%s OR %s IS NULL)", part, expr) end
    return part
  end
  if op == ">" or op == ">=" or op == "<" or op == "<=" then return format("%s %s %s", expr, op, bind(query, value)) end
  return format("%s IN (%s)", expr, meant(query, registry.get(field.to), op, value))
end

-- The ids of the model whose x2many leads to `target`, a subselect of ids of the other model, or to anything.
local function x2many_owners(query, field, target)
  if field.type == "one2many" then
    local other = registry.get(field.to)
    return format("SELECT %s FROM %s WHERE %s IS NOT NULL%s", quoted(field.inverse_name), quoted(other.table), quoted(field.inverse_name),
      target and format(" AND id IN (%s)", target) or "")
  end
  local relation = bind(query, store.relation_of(field))
  return format("SELECT a FROM pairs WHERE relation = %s%s", relation, target and format(" AND b IN (%s)", target) or "")
end

-- Parameters are bound in the order of the text, so what stands first is made first.
local function x2many(query, field, alias, op, value)
  if (op == "=" or op == "in") and has_nothing(value) and (type(value) ~= "table" or #value < 2) then
    return format("%s.id NOT IN (%s)", alias, x2many_owners(query, field))
  end
  if field.type == "one2many" then
    local target = meant(query, registry.get(field.to), op, value)
    return format("%s.id IN (%s)", alias, x2many_owners(query, field, target))
  end
  local relation = bind(query, store.relation_of(field))
  return format("%s.id IN (SELECT a FROM pairs WHERE relation = %s AND b IN (%s))", alias, relation, meant(query, registry.get(field.to), op, value))
end

local function through(query, field, alias, rest, op, value)
  local comodel = registry.get(field.to)
  if field.type == "many2one" then
    return format("%s.%s IN (%s)", alias, quoted(field.name), subselect(query, comodel, "id", rest, op, value))
  end
  if field.type == "one2many" then
    return format("%s.id IN (%s)", alias, subselect(query, comodel, field.inverse_name, rest, op, value))
  end
  local relation = bind(query, store.relation_of(field))
  return format("%s.id IN (SELECT a FROM pairs WHERE relation = %s AND b IN (%s))", alias, relation, subselect(query, comodel, "id", rest, op, value))
end

-- Leaves --------------------------------------------------------------------------------------------------------------

local function stored(query, model, field, alias, op, value)
  if field.type == "one2many" or field.type == "many2many" then return x2many(query, field, alias, op, value) end
  local expr = alias .. "." .. quoted(field.name)
  if field.name == "id" and (op == "child_of" or op == "parent_of") then return format("%s IN (%s)", expr, tree(query, model, op, list_of(value))) end
  if field.type == "many2one" then return many2one(query, field, expr, op, value) end
  return scalar(query, field, expr, op, value)
end

local function positive(query, model, alias, path, op, value)
  local head, rest = path:match "^([^.]+)%.(.+)$"
  local name = head or path
  local field = model.fields[name]
  if not field or rest and not field.to then bad_leaf(model, path, op, value) end
  if field.inherited then
    return format("%s.%s IN (%s)", alias, quoted(field.inherited.link), subselect(query, registry.get(field.inherited.model), "id", path, op, value))
  end
  if field.related then return positive(query, model, alias, field.related .. (rest and "." .. rest or ""), op, value) end
  if rest then return through(query, field, alias, rest, op, value) end
  if name == "display_name" then return positive(query, model, alias, model.rec_name, op, value) end
  if field.search then return positive(query, model, alias, field.search, op, value) end
  if not field.store and field.type ~= "one2many" then
    errors.raise("ValueError", format("Cannot convert %s.%s to SQL because it is not stored", model.name, name))
  end
  return stored(query, model, field, alias, op, value)
end

function condition(query, model, alias, path, op, value)
  if op == "=?" then
    if nothing(value) then return "1" end
    op = "="
  end
  if op == "<>" then op = "!=" elseif op == "==" then op = "=" end
  if (op == "in" or op == "not in") and type(value) ~= "table" then value = { value } end
  if op == "=" and type(value) == "table" then op = "in" elseif op == "!=" and type(value) == "table" then op = "not in" end
  local plain = negative[op]
  if not plain then return positive(query, model, alias, path, op, value) end
  return format("NOT coalesce((%s), 0)", positive(query, model, alias, path, plain, value))
end

-- The whole -----------------------------------------------------------------------------------------------------------

local function malformed(domain)
  errors.raise("ValueError", "Domain() invalid item in domain: " .. values.repr(domain))
end

local function leaf(query, model, alias, item)
  if type(item) ~= "table" or #item ~= 3 then malformed(item) end
  local path, op, value = item[1], item[2], item[3]
  if path == 1 and value == 1 then return "1" elseif path == 0 and value == 1 then return "0" end
  if type(path) ~= "string" or type(op) ~= "string" or not operators[op:lower()] then malformed(item) end
  return condition(query, model, alias, path, op:lower(), value)
end

local function term(query, model, alias, domain, at)
  local item = domain[at]
  if item == nil then malformed(domain) end
  if item == "!" then
    local part, following = term(query, model, alias, domain, at + 1)
    return format("NOT coalesce((%s), 0)", part), following
  end
  if item == "&" or item == "|" then
    local a, middle = term(query, model, alias, domain, at + 1)
    local b, following = term(query, model, alias, domain, middle)
    return format("(%s %s %s)", a, item == "&" and "AND" or "OR", b), following
  end
  return leaf(query, model, alias, item), at + 1
end

--- A query under construction: `parameters` in the order of its text.
function M.query() return { parameters = {}, aliases = 0 } end

--- Whether a domain says something of `active` itself.
function M.names_active(domain)
  for _, item in ipairs(domain) do
    if type(item) == "table" and item[1] == "active" then return true end
  end
  return false
end

--- The SQL of a domain on the rows called `alias`.
function M.sql(query, model, alias, domain)
  if type(domain) ~= "table" then malformed(domain) end
  local parts, at = {}, 1
  while at <= #domain do
    local part
    part, at = term(query, model, alias, domain, at)
    parts[#parts + 1] = part
  end
  return #parts == 0 and "1" or table.concat(parts, " AND ")
end

return M
