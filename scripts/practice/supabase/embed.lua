-- What a request selects, table within table, as SQL: the columns of a row, and the rows of embedded tables as scalar
-- subqueries of it.
--
-- The plan is a tree of nodes: { relation, select, filters, logic, order, limit, offset, children }; an embedded one
-- has besides { name, alias, way, depth, inner, spread, parent }. An embedded table goes by its name and depth
-- (companies_1), as PostgREST calls it in its errors; its own columns need no prefix, as they are the nearest.
local catalog = require "practice.supabase.catalog"
local errors = require "practice.supabase.errors"
local filter = require "practice.supabase.filter"
local json = require "practice.supabase.json"
local relationships = require "practice.supabase.relationships"
local shown = require "practice.supabase.shown"

local M = {}

local embedded = { kind = "json", name = "json" }
local counted = { kind = "int8", name = "int8", limit = true }

local function renamed(relation, name)
  return setmetatable({ name = name, base = relation.base or relation }, { __index = relation })
end

local function to_one(node)
  return node.way.kind == "many-to-one" or node.way.kind == "one-to-one"
end

local function new_node(relation, select, depth)
  return { relation = relation, select = select, filters = {}, logic = {}, order = {}, children = {}, depth = depth }
end

local function plan_children(request, node, origin)
  for _, item in ipairs(node.select) do
    if item.embed then
      local way = relationships.find(request, origin, item)
      local depth = node.depth + 1
      local child = new_node(renamed(way.far, ("%s_%d"):format(way.far.name, depth)), item.select, depth)
      child.name, child.alias, child.way, child.inner, child.parent = item.column, item.alias, way, item.inner, node
      child.source = catalog.quoted(child.relation.name)
      child.real, child.spread = way.far, item.spread
      if item.spread and not to_one(child) then
        error(errors.not_to_one("119", "spread operation", origin.name, item.column))
      end
      item.node = child
      node.children[#node.children + 1] = child
      plan_children(request, child, way.far)
    end
  end
end

local function find_child(node, name)
  for _, child in ipairs(node.children) do
    if child.name == name or child.alias == name then return child end
  end
  error(errors.not_embedded(name))
end

local function attach(root, said)
  local node = root
  for _, name in ipairs(said.path) do node = find_child(node, name) end
  if said.kind == "filters" or said.kind == "logic" then table.insert(node[said.kind], said.value)
  else node[said.kind] = said.value end
end

local where

local function exists(request, builder, node)
  if node.limit == 0 then return "(0)" end
  if M.counts(node) then return "(1)" end
  return ("EXISTS (SELECT 1 FROM %s AS %s WHERE %s)"):format(node.real.source, node.source, where(request, builder, node))
end

-- "companies=is.null": a filter by the name under which an embedded table is shown.
local function mark_null_filters(request, node, conditions)
  for _, it in ipairs(conditions) do
    if it.logic then mark_null_filters(request, node, it.items)
    elseif it.op == "is" and it.value == "null" and not it.field.path then
      for _, child in ipairs(node.children) do
        if (child.alias or child.name) == it.field.column then
          it.embedded = function(builder) return exists(request, builder, child) end
        end
      end
    end
  end
end

local function order_by_child(request, child)
  local relation = renamed(child.relation, child.parent.relation.name .. "_" .. child.relation.name)
  return function(builder, _, field)
    local type, _, key = filter.expression(builder, relation, field)
    local sql = ("(SELECT %s FROM %s AS %s WHERE %s LIMIT 1)"):format(key, child.real.source, child.source,
      where(request, builder, child))
    return type, sql, sql
  end
end

local function mark_related_orders(request, node)
  for _, term in ipairs(node.order) do
    if term.related then
      local child = find_child(node, term.related)
      if not to_one(child) then error(errors.not_to_one("118", "related order", node.relation.name, child.name)) end
      term.embedded = order_by_child(request, child)
    end
  end
end

local function finish(request, node)
  mark_null_filters(request, node, node.filters)
  mark_null_filters(request, node, node.logic)
  mark_related_orders(request, node)
  for _, child in ipairs(node.children) do finish(request, child) end
end

--- The tree of what the request selects from `relation`. Raises what PostgREST says of embeds that are not to be had.
function M.plan(request, relation)
  local asked = request.query
  local root = new_node(relation, asked.select, 0)
  root.source, root.order = relation.source, asked.order
  -- Only what is read can be asked whether something embedded is null; the rows of a write are found by their columns.
  if request.method ~= "PATCH" and request.method ~= "DELETE" then
    root.filters, root.logic = asked.filters, asked.logic
  end
  plan_children(request, root, relation)
  for _, said in ipairs(asked.nested) do attach(root, said) end
  finish(request, root)
  return root
end

local function need_right(request, relation)
  if not catalog.granted(relation, request.role, "select") then
    error(errors.pg("42501", "permission denied for " .. (relation.is_view and "view " or "table ") .. relation.name))
  end
end

local function joined(node)
  local near = ("%s.%s"):format(node.parent.source, catalog.quoted(node.way.near))
  local target = ("%s.%s"):format(node.source, catalog.quoted(node.way.target))
  local junction = node.way.junction
  if not junction then return ("%s = %s"):format(target, near) end
  return ('%s IN (SELECT "j$".%s FROM %s AS "j$" WHERE "j$".%s = %s)'):format(target, catalog.quoted(junction.far.column),
    junction.source, catalog.quoted(junction.near.column), near)
end

--- SQL that holds for the rows of `node` that have what they embed with !inner; "" where nothing is.
function M.inner(request, builder, node)
  local parts = {}
  for _, child in ipairs(node.children) do
    if child.inner then parts[#parts + 1] = " AND " .. exists(request, builder, child) end
  end
  return table.concat(parts)
end

function where(request, builder, node)
  need_right(request, node.real)
  local condition = joined(node) .. " AND " .. filter.all(builder, node.relation, node.filters, node.logic)
  local policy = catalog.policy_sql(builder, node.real, request.role, "select", "using")
  if policy then condition = condition .. " AND " .. policy end
  return condition .. M.inner(request, builder, node)
end

--- Whether `node` selects nothing but "count", which is how many rows there are.
function M.counts(node)
  local only = #node.select == 1 and node.select[1]
  return only and only.column == "count" and not only.path and not only.embed and not node.relation.by_name.count
end

-- Embedded rows went through jsonb: names in its order, the last of two alike, and blanks between.
local function object_sql(columns)
  local last, names = {}, {}
  for _, column in ipairs(columns) do
    if not last[column.name] then names[#names + 1] = column.name end
    last[column.name] = column
  end
  table.sort(names, function(a, b)
    if #a ~= #b then return #a < #b end
    return a < b
  end)
  local parts = {}
  for i, name in ipairs(names) do
    local lead = (i == 1 and "{" or ", ") .. json.quote(name) .. ": "
    parts[i] = "'" .. lead:gsub("'", "''") .. "'||" .. shown.json_sql(last[name].type, last[name].sql)
  end
  return #parts == 0 and "'{}'" or table.concat(parts, "||") .. "||'}'"
end

local function tail(request, builder, node)
  local limit = node.limit
  if request.method == "GET" or request.method == "HEAD" then limit = math.min(limit or request.max_rows, request.max_rows) end
  local out = where(request, builder, node) .. filter.order(builder, node.relation, node.order)
  if not limit and not node.offset then return out end
  return ("%s LIMIT %d OFFSET %d"):format(out, limit or -1, node.offset or 0)
end

local function value_sql(request, builder, node)
  local columns = M.columns(request, builder, node)
  local object = object_sql(columns)
  local from = ("%s AS %s"):format(node.real.source, node.source)
  if M.counts(node) then
    local sql = ("(SELECT %s FROM %s WHERE %s)"):format(object, from, where(request, builder, node))
    return to_one(node) and sql or "'['||" .. sql .. "||']'"
  end
  if to_one(node) then return ("(SELECT %s FROM %s WHERE %s)"):format(object, from, tail(request, builder, node)) end
  return ("(SELECT '['||ifnull(group_concat(j,', '),'')||']' FROM (SELECT %s AS j FROM %s WHERE %s))"):format(object, from,
    tail(request, builder, node))
end

-- The columns of the one row that is spread out, each a subquery of its own.
local function spread(out, request, builder, node)
  for _, column in ipairs(M.columns(request, builder, node)) do
    out[#out + 1] = { name = column.name, type = column.type, sql = ("(SELECT %s FROM %s AS %s WHERE %s)"):format(column.sql,
      node.real.source, node.source, where(request, builder, node)) }
  end
end

local function all_columns(out, relation)
  for _, column in ipairs(relation.columns) do
    out[#out + 1] = { name = column.name, type = column.type, sql = column.sql }
  end
end

local function one_column(builder, node, item, request)
  local type, sql = filter.expression(builder, node.relation, item)
  if type.kind == "xid" then type, sql = { kind = "text" }, "CAST(" .. sql .. " AS TEXT)" end
  if item.cast then type, sql = shown.cast(type, sql, item.cast, request.catalog.enums) end
  local last = item.path and item.path[#item.path].key
  return { name = item.alias or (last and not last:find("^%-?%d+$") and last) or item.column, type = type, sql = sql }
end

--- The columns that `node` selects: list of { name, type, sql }.
function M.columns(request, builder, node)
  local out = {}
  if M.counts(node) then return { { name = node.select[1].alias or "count", type = counted, sql = "count(*)" } } end
  for _, item in ipairs(node.select) do
    if item.spread then spread(out, request, builder, item.node)
    elseif item.embed then
      if #item.select > 0 then
        out[#out + 1] = { name = item.alias or item.column, type = embedded, sql = value_sql(request, builder, item.node) }
      end
    elseif item.column == "*" then all_columns(out, node.relation)
    else out[#out + 1] = one_column(builder, node, item, request) end
  end
  return out
end

return M
