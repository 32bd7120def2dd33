-- PATCH and DELETE: rows found by filters, then changed or removed by their numbers.
local catalog = require "practice.supabase.catalog"
local errors = require "practice.supabase.errors"
local filter = require "practice.supabase.filter"
local insert = require "practice.supabase.insert"
local prefer = require "practice.supabase.prefer"
local rows_of = require "practice.supabase.rows"
local types = require "practice.supabase.types"

local M = {}

local applied = { ["return"] = true, count = true, tx = true, missing = true, handling = true, timezone = true,
  ["max-affected"] = true }

local function refuse_without_filter(request, verb)
  if request.safeupdate and #request.query.filters == 0 and #request.query.logic == 0 then
    error(errors.pg("21000", verb .. " requires a WHERE clause"))
  end
end

-- Before 13 a limit was honoured, but only with an order; later versions ignore both.
local function limit_clause(request, builder, relation)
  if not request.legacy or not request.query.limit then return "" end
  if #request.query.order == 0 then
    error(errors.pgrst("109", 400, "A 'limit' was applied without an explicit 'order'", nil,
      "Apply an 'order' using unique column(s)"))
  end
  return filter.order(builder, relation, request.query.order) .. " LIMIT " .. builder.bind(request.query.limit)
end

-- Row numbers of the rows that the filters and the policies of `command` leave.
local function find(request, relation, command)
  local builder = filter.builder(request.db)
  local condition = filter.all(builder, relation, request.query.filters, request.query.logic)
  for _, side in ipairs { command, "select" } do
    local policy = catalog.policy_sql(builder, relation, request.role, side, "using")
    if policy then condition = condition .. " AND " .. policy end
  end
  local sql = ('SELECT "r$id" AS id FROM %s WHERE %s%s'):format(relation.source, condition,
    limit_clause(request, builder, relation))
  local ids = {}
  for i, row in ipairs(request.query_rows(sql, builder)) do ids[i] = row.id end
  return ids
end

local function check_count(request, ids)
  local most = tonumber(request.prefer["max-affected"])
  if most and request.prefer.handling == "strict" and #ids > most then
    error(errors.pgrst("124", 400, "Query result exceeds max-affected preference constraint",
      ("The query affects %d rows"):format(#ids)))
  end
  if request.accept == "object" and #ids ~= 1 then error(errors.not_singular(#ids)) end
end

-- SET list from one JSON array of cells, and that array.
local function assignments(request, relation, columns, values)
  local sets, cells = {}, {}
  local function set(sql, cell)
    sets[#sets + 1] = ("%s = json_extract(?1,'$[%d]')"):format(sql, #cells)
    cells[#cells + 1] = cell
  end
  for _, column in ipairs(columns) do
    set(column.sql, rows_of.column_cell(column, values.stored[column.name]))
    if column.key_name then set(column.key, rows_of.cell(values.keys[column.name])) end
  end
  for _, touched in ipairs(rows_of.touch(relation, request)) do set(touched.column.sql, rows_of.cell(touched.value)) end
  set('"x$min"', ("%.0f"):format(request.xid()))
  return table.concat(sets, ", "), "[" .. table.concat(cells, ",") .. "]"
end

-- The row `id` as it would be after the change, for the error's text.
local function row_after(request, relation, id, columns, values)
  local list = {}
  for i, column in ipairs(relation.columns) do list[i] = ("%s AS c%d"):format(column.sql, i) end
  local sql = ('SELECT %s FROM %s WHERE "r$id" = ?1'):format(table.concat(list, ", "), relation.source)
  local row, stored = assert(request.db:query(sql, id))[1], {}
  for i, column in ipairs(relation.columns) do stored[column.name] = row["c" .. i] end
  for _, column in ipairs(columns) do stored[column.name] = values.stored[column.name] end
  for _, touched in ipairs(rows_of.touch(relation, request)) do stored[touched.column.name] = touched.value end
  return stored
end

local function update(request, relation, ids, columns, values)
  local sets, cells = assignments(request, relation, columns, values)
  local sql = ('UPDATE %s SET %s WHERE "r$id" IN (SELECT value FROM json_each(?2))'):format(relation.source, sets)
  local done, err = request.db:run(sql, cells, rows_of.id_list(ids))
  if done then return end
  for _, id in ipairs(ids) do
    local ok, why = request.db:run(sql, cells, rows_of.id_list { id })
    if not ok then
      error(rows_of.refusal(request, relation, why, row_after(request, relation, id, columns, values)))
    end
  end
  error(rows_of.refusal(request, relation, err, row_after(request, relation, ids[1], columns, values)))
end

local function body_values(request, relation)
  local rows, names = insert.body_rows(request)
  if not rows[1] or #names == 0 then return nil end
  local columns, values = rows_of.columns(request, relation, names), { stored = {}, keys = {} }
  for _, column in ipairs(columns) do
    local raw = rows[1][column.name]
    if raw then values.stored[column.name], values.keys[column.name] = types.from_json(column.type, raw) end
  end
  return columns, values
end

local function note_effects(request, relation, op, ids, before)
  local after = op == "UPDATE" and rows_of.snapshot(request, relation, ids) or {}
  for _, id in ipairs(ids) do
    request.effects[#request.effects + 1] = { op = op, relation = relation.base or relation, old = before[id], new = after[id] }
  end
end

local function answer(request, count, shown, body)
  local headers = { ["Preference-Applied"] = prefer.applied(request.prefer, applied) }
  if shown then headers["Content-Type"] = prefer.content_type[request.accept] end
  headers["Content-Range"] = prefer.content_range(0, count, request.prefer.count and count or nil)
  return { status = shown and 200 or 204, headers = headers, body = body or "" }
end

-- Before 14.4 a logic filter was applied once more to the rows that came back, which by then had changed.
local function shown_again(request)
  return request.legacy and request.query.logic or nil
end

--- PATCH.
function M.patch(request, relation)
  rows_of.need_right(request, relation, "update")
  local shown = request.prefer["return"] == "representation"
  local columns, values = body_values(request, relation)
  if not columns then
    if request.accept == "object" then error(errors.not_singular(0)) end
    return answer(request, 0, shown, shown and "[]")
  end
  refuse_without_filter(request, "UPDATE")
  local ids = find(request, relation, "update")
  check_count(request, ids)
  local watched = #ids > 0 and rows_of.watched(request, relation)
  local before = watched and rows_of.snapshot(request, relation, ids)
  if #ids > 0 then update(request, relation.base or relation, ids, columns, values) end
  rows_of.check_policy(request, relation, ids, "update", "check")
  if watched then note_effects(request, relation, "UPDATE", ids, before) end
  request.applied((relation.base or relation).name, #ids)
  if not shown then return answer(request, #ids, false) end
  rows_of.check_policy(request, relation, ids, "select", "using")
  local body, count = rows_of.representation(request, relation, ids, shown_again(request))
  return answer(request, count, true, body)
end

--- DELETE.
function M.delete(request, view)
  local relation = view.base or view
  rows_of.need_right(request, view, "delete")
  refuse_without_filter(request, "DELETE")
  local ids = find(request, view, "delete")
  check_count(request, ids)
  local shown = request.prefer["return"] == "representation"
  local body = shown and rows_of.representation(request, view, ids) or ""
  local watched = #ids > 0 and rows_of.watched(request, view)
  local before = watched and rows_of.snapshot(request, view, ids)
  local sql = ('DELETE FROM %s WHERE "r$id" IN (SELECT value FROM json_each(?1))'):format(relation.source)
  local done, err = request.db:run(sql, rows_of.id_list(ids))
  if not done then
    for _, id in ipairs(ids) do
      local ok, why = request.db:run(sql, rows_of.id_list { id })
      if not ok then error(rows_of.refusal(request, relation, why, row_after(request, relation, id, {}, {}))) end
    end
    error(rows_of.refusal(request, relation, err, {}))
  end
  if watched then note_effects(request, view, "DELETE", ids, before) end
  request.applied(relation.name, #ids)
  local out = answer(request, #ids, shown, body)
  out.headers["Content-Range"] = prefer.content_range(0, 0, request.prefer.count and #ids or nil)
  return out
end

return M
