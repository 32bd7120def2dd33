-- Conditions and orders as SQL for SQLite, literals checked against the type of their column.
--
-- A builder is { out = parts, params = list, n = count }; every literal becomes a parameter, so that the statements of
-- one kind of request are the same text.
local errors = require "practice.supabase.errors"
local json = require "practice.supabase.json"
local jsonb = require "practice.supabase.jsonb"
local regex = require "practice.supabase.regex"
local shown = require "practice.supabase.shown"
local types = require "practice.supabase.types"

local M = {}

local xid = { kind = "xid", name = "xid" }
local compare = { eq = "=", neq = "<>", gt = ">", gte = ">=", lt = "<", lte = "<=" }
local pg_name = { like = "~~", ilike = "~~*", match = "~", imatch = "~*", cs = "@>", cd = "<@", ov = "&&" }

function M.builder(db)
  local builder = { params = {}, n = 0, db = db }
  function builder.bind(value)
    builder.n = builder.n + 1
    builder.params[builder.n] = value
    return "?" .. builder.n
  end
  return builder
end

--- type, SQL to show, SQL to compare of a field of `relation`; raises 42703.
function M.expression(builder, relation, field)
  local column = relation.by_name[field.column]
  if not column then
    if field.column == "xmin" and not relation.is_view then return xid, '"x$min"', '"x$min"' end
    error(errors.undefined_column(relation.name, field.column))
  end
  if not field.path then return column.type, column.sql, column.key end
  local kind = column.type.kind
  if kind ~= "jsonb" and kind ~= "json" and kind ~= "array" then
    local arrow = field.path[1].arrow
    error(errors.undefined_operator(column.type.name, arrow))
  end
  local type, sql = shown.path_sql(column.sql, field.path, builder.bind)
  return type, sql, sql
end

local function float_text(value)
  if value == 1 / 0 then return "9e999" end
  return value == -1 / 0 and "-9e999" or ("%.17g"):format(value)
end

-- A literal as the parameter that compares with the key of its type.
local function literal(builder, type, text)
  if type == xid then return builder.bind(tonumber(text) or 0) end
  if type.kind == "json" then error(errors.undefined_operator("json", "=")) end
  local stored, key = types.read(type, text)
  -- A fraction or an infinity travels as text.
  if _G.type(key) == "number" then return ("CAST(%s AS REAL)"):format(builder.bind(float_text(key))) end
  if key ~= nil then return builder.bind(key) end
  local parameter = builder.bind(stored)
  if type.limit and _G.type(stored) == "string" then return ("CAST(%s AS INTEGER)"):format(parameter) end
  return parameter
end

-- An enum is ordered by its declaration.
local function ordinal(type, sql)
  local whens = {}
  for i, value in ipairs(type.values) do whens[i] = ("WHEN '%s' THEN %d"):format(value:gsub("'", "''"), i) end
  return ("(CASE %s %s END)"):format(sql, table.concat(whens, " "))
end

local function comparison(builder, type, key, operator, text)
  if type == xid and operator ~= "=" and operator ~= "<>" then error(errors.undefined_operator("xid", operator)) end
  if type.kind == "enum" and operator ~= "=" and operator ~= "<>" then
    types.read(type, text)
    return ("%s %s %d"):format(ordinal(type, key), operator, type.order[text])
  end
  -- 1.5 and 1.50 are one jsonb number.
  if type.kind == "jsonb" and text:find("^%-?[%d.]+$") then
    return ("CAST(%s AS REAL) %s CAST(%s AS REAL)"):format(key, operator, builder.bind(text))
  end
  return ("%s %s %s"):format(key, operator, literal(builder, type, text))
end

local function must_be_text(type, op)
  if type.kind ~= "text" and type.kind ~= "varchar" then error(errors.undefined_operator(type.name, pg_name[op])) end
end

-- LIKE's pattern as a GLOB, which minds case and cannot be switched.
local function glob(pattern)
  local out = pattern:gsub("\\?.", function(char)
    if char == "%" or char == "*" then return "*" end
    if char == "_" then return "?" end
    if #char == 2 then char = char:sub(2) end
    return (char:gsub("[%[%*%?]", "[%0]"))
  end)
  return out
end

local function like(builder, type, sql, op, pattern)
  must_be_text(type, op)
  if op == "like" then return ("%s GLOB %s"):format(sql, builder.bind(glob(pattern))) end
  return ("lower(%s) GLOB %s"):format(sql, builder.bind(glob(pattern):lower()))
end

-- What SQLite cannot say is asked of each row here; the answer is a list of row numbers.
local function by_rows(builder, relation, sql, matches)
  local found = {}
  local query = ('SELECT "r$id" AS id, %s AS value FROM %s WHERE %s IS NOT NULL'):format(sql, relation.source, sql)
  local count = sql:find("?", 1, true) and builder.n or 0
  for _, row in ipairs(assert(builder.db:query(query, unpack(builder.params, 1, count)))) do
    if matches(row.value) then found[#found + 1] = ("%.0f"):format(row.id) end
  end
  return ('"r$id" IN (SELECT value FROM json_each(%s))'):format(builder.bind("[" .. table.concat(found, ",") .. "]"))
end

local function containment(builder, relation, type, sql, op, text)
  if type.kind == "jsonb" and op ~= "ov" then
    local part = types.read(type, text)
    return by_rows(builder, relation, sql, function(value)
      if op == "cs" then return jsonb.contains(value, part) end
      return jsonb.contains(part, value)
    end)
  end
  if type.kind ~= "array" then error(errors.undefined_operator(type.name, pg_name[op])) end
  local given = builder.bind((types.read(type, text)))
  local whole, part = sql, given
  if op == "cd" then whole, part = given, sql end
  local inside = ("SELECT 1 FROM json_each(%s) e WHERE e.value %s (SELECT value FROM json_each(%s))")
  if op == "ov" then return ("EXISTS (" .. inside .. ")"):format(part, "IN", whole) end
  return ("%s IS NOT NULL AND NOT EXISTS (" .. inside .. ")"):format(sql, part, "NOT IN", whole)
end

local truths = { ["true"] = 1, ["false"] = 0 }

local function is(type, sql, value)
  if value == "null" then return sql .. " IS NULL" end
  if type.kind ~= "bool" then
    error(errors.pg("42804", ("argument of IS %s must be type boolean, not type %s"):format(value:upper(), type.name)))
  end
  return value == "unknown" and sql .. " IS NULL" or ("%s IS %d"):format(sql, truths[value])
end

local function any_of(builder, type, key, list)
  local values = {}
  for i, text in ipairs(list) do
    local value, sort_key = tonumber(text), nil
    if type ~= xid then value, sort_key = types.read(type, text) end
    if sort_key ~= nil then value = sort_key end
    values[i] = _G.type(value) == "number" and float_text(value) or type.limit and value or json.quote(value)
  end
  return ("%s IN (SELECT value FROM json_each(%s))"):format(key, builder.bind("[" .. table.concat(values, ",") .. "]"))
end

local one

local function quantify(builder, relation, it)
  local items, count = types.array_items(it.value)
  local parts = {}
  for i = 1, count do
    parts[i] = one(builder, relation, { field = it.field, op = it.op, value = items[i] })
  end
  if count == 0 then return it.quantifier == "any" and "0" or "1" end
  return "(" .. table.concat(parts, it.quantifier == "any" and " OR " or " AND ") .. ")"
end

function one(builder, relation, it)
  -- Of an embedded table it can only be said that it is null, or not.
  if it.embedded then return "NOT " .. it.embedded(builder) end
  if it.quantifier == "any" or it.quantifier == "all" then return quantify(builder, relation, it) end
  local op = it.op
  local type, sql, key = M.expression(builder, relation, it.field)
  if it.loose then key = "+" .. key end
  if compare[op] then return comparison(builder, type, key, compare[op], it.value) end
  if op == "in" then return any_of(builder, type, key, it.list) end
  if op == "is" then return is(type, key, it.value) end
  if op == "isdistinct" then return ("%s IS NOT %s"):format(key, literal(builder, type, it.value)) end
  if op == "like" or op == "ilike" then return like(builder, type, sql, op, it.value) end
  if op == "match" or op == "imatch" then
    must_be_text(type, op)
    return by_rows(builder, relation, sql, regex.compile(it.value, op == "imatch"))
  end
  if op == "cs" or op == "cd" or op == "ov" then return containment(builder, relation, type, sql, op, it.value) end
  error(errors.pgrst("100", 501, ("the practice server does not know the operator '%s'"):format(op)))
end

-- Of or=(a.gt.X,and(a.eq.X,b.gt.Y)) the common lower bound on `a`, by which an index can be walked in order.
local function lower_bound(node)
  if node.logic ~= "or" or node.negated or #node.items ~= 2 then return nil end
  local first, second = node.items[1], node.items[2]
  if second.logic ~= "and" or second.negated or first.logic or first.negated or first.op ~= "gt" then return nil end
  local equal = second.items[1]
  if equal.logic or equal.negated or equal.op ~= "eq" or equal.value ~= first.value or equal.field.path
    or equal.field.column ~= first.field.column or first.field.path then return nil end
  return { field = first.field, op = "gte", value = first.value }
end

-- A unary + hides a comparison from SQLite's planner, which would otherwise sort the union of both branches.
local function loosen(node)
  if not node.logic then node.loose = true return end
  for _, item in ipairs(node.items) do loosen(item) end
end

--- SQL of a condition over the columns of `relation`.
function M.condition(builder, relation, it)
  local sql
  if it.logic then
    local bound = lower_bound(it)
    if bound then loosen(it) end
    local parts = {}
    for i, item in ipairs(it.items) do parts[i] = M.condition(builder, relation, item) end
    sql = "(" .. table.concat(parts, it.logic == "and" and " AND " or " OR ") .. ")"
    if bound then sql = "(" .. one(builder, relation, bound) .. " AND " .. sql .. ")" end
  else
    sql = one(builder, relation, it)
  end
  return it.negated and "NOT (" .. sql .. ")" or sql
end

--- SQL that all conditions of the lists hold; "1" for none.
function M.all(builder, relation, ...)
  local parts = {}
  for _, list in ipairs { ... } do
    for _, it in ipairs(list) do parts[#parts + 1] = M.condition(builder, relation, it) end
  end
  return #parts == 0 and "1" or table.concat(parts, " AND ")
end

--- "ORDER BY ..." or "".
function M.order(builder, relation, terms)
  local out = {}
  for i, term in ipairs(terms) do
    local type, _, key = (term.embedded or M.expression)(builder, relation, term.field)
    if type.kind == "enum" then key = ordinal(type, key) end
    local column = not term.embedded and relation.by_name[term.field.column]
    local down = term.direction == "desc"
    local nulls = ""
    if term.field.path or not column or column.nullable then
      local first = term.nulls == "nullsfirst" or (not term.nulls and down)
      nulls = first and " NULLS FIRST" or " NULLS LAST"
    end
    out[i] = key .. (down and " DESC" or "") .. nulls
  end
  return #out == 0 and "" or " ORDER BY " .. table.concat(out, ", ")
end

return M
