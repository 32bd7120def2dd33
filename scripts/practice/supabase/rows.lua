-- What inserts, updates and deletes have in common: cells on their way into SQLite, its refusals as PostgreSQL's
-- errors, the rows shown afterwards and the effects that triggers and webhooks get to see.
local catalog = require "practice.supabase.catalog"
local errors = require "practice.supabase.errors"
local filter = require "practice.supabase.filter"
local json = require "practice.supabase.json"
local read = require "practice.supabase.read"
local shown = require "practice.supabase.shown"

local M = {}

--- A stored value or key as JSON, the form in which whole batches go into SQLite.
function M.cell(value)
  if value == nil then return "null" end
  if type(value) == "string" then return json.quote(value) end
  if value == 1 / 0 then return "9e999" end
  if value == -1 / 0 then return "-9e999" end
  return ("%.17g"):format(value)
end

-- Their texts never need an escape.
local harmless = { uuid = true, timestamptz = true, timestamp = true, date = true, time = true }

--- As M.cell for a column. `raw` is the JSON slice that the value was read from, if any.
function M.column_cell(column, value, raw)
  if value == nil then return "null" end
  if type(value) == "number" then return ("%d"):format(value) end
  local kind = column.type.kind
  -- Integers beyond 2^53 are text, but must not be quoted.
  if column.type.limit then return value end
  if harmless[kind] then return '"' .. value .. '"' end
  -- Of the same length, hence without escapes.
  if raw and (kind == "text" or kind == "varchar") and #raw == #value + 2 then return raw end
  return json.quote(value)
end

function M.id_list(ids)
  local out = {}
  for i, id in ipairs(ids) do out[i] = ("%.0f"):format(id) end
  return "[" .. table.concat(out, ",") .. "]"
end

--- The columns called `names`; raises PGRST204. A column that the schema cache has not seen is unknown to writes.
function M.columns(request, relation, names)
  local out = {}
  for i, name in ipairs(names) do
    local column = relation.by_name[name]
    if not column or relation.pending_columns[name] then
      local text = request.legacy and "Column '%s' of relation '%s' does not exist"
        or "Could not find the '%s' column of '%s' in the schema cache"
      error(errors.pgrst("204", 400, text:format(name, relation.name)))
    end
    out[i] = column
  end
  return out
end

function M.need_right(request, relation, right)
  if not catalog.granted(relation, request.role, right) then
    error(errors.pg("42501", "permission denied for " .. (relation.is_view and "view " or "table ") .. relation.name))
  end
end

local function texts(relation, names, stored)
  local out = {}
  for i, name in ipairs(names) do out[i] = shown.text_of(relation.by_name[name].type, stored[name]) end
  return table.concat(out, ", ")
end

local function failing_row(relation, stored)
  local out = {}
  for i, column in ipairs(relation.columns) do out[i] = shown.text_of(column.type, stored[column.name]) end
  return "Failing row contains (" .. table.concat(out, ", ") .. ")."
end

local function unique_of(relation, list)
  for _, unique in ipairs(relation.uniques) do
    local wanted = {}
    for i, name in ipairs(unique.columns) do
      wanted[i] = relation.name .. "." .. (relation.by_name[name].key_name or name)
    end
    if table.concat(wanted, ", ") == list then return unique end
  end
end

-- The first foreign key that the row `stored` breaks.
local function broken_reference(request, relation, stored)
  for _, foreign in ipairs(relation.foreign) do
    local value = stored[foreign.column]
    local sql = ("SELECT 1 AS x FROM %s WHERE %s = ?1"):format(catalog.quoted(foreign.parent), catalog.quoted(foreign.target))
    if value ~= nil and #assert(request.db:query(sql, value)) == 0 then
      return errors.pg("23503", ('insert or update on table "%s" violates foreign key constraint "%s"'):format(
        relation.name, foreign.name), ('Key (%s)=(%s) is not present in table "%s".'):format(foreign.column,
        texts(relation, { foreign.column }, stored), foreign.parent))
    end
  end
end

-- The first table that still points at a row of `relation`.
local function still_referenced(request, relation, stored)
  for _, name in ipairs(request.catalog.order) do
    local child = request.catalog.relations[name]
    for _, foreign in ipairs(not child.is_view and child.foreign or {}) do
      local sql = ("SELECT 1 AS x FROM %s WHERE %s = ?1"):format(child.source, catalog.quoted(foreign.column))
      if foreign.parent == relation.name and #assert(request.db:query(sql, stored[foreign.target])) > 0 then
        return errors.pg("23503", ('update or delete on table "%s" violates foreign key constraint "%s" on table "%s"'):format(
          relation.name, foreign.name, name), ('Key (%s)=(%s) is still referenced from table "%s".'):format(
          foreign.target, texts(relation, { foreign.target }, stored), name))
      end
    end
  end
end

--- SQLite's refusal of a row as PostgreSQL's error. `stored` is the row as it would be.
function M.refusal(request, relation, err, stored)
  local text = tostring(err.message or err)
  local unique = text:match("UNIQUE constraint failed: ([^\n]-)%s*$")
  unique = unique and unique_of(relation, unique)
  if unique then
    return errors.pg("23505", ('duplicate key value violates unique constraint "%s"'):format(unique.name),
      ("Key (%s)=(%s) already exists."):format(table.concat(unique.columns, ", "), texts(relation, unique.columns, stored)))
  end
  local column = text:match("NOT NULL constraint failed: [^.]+%.([^\n]-)%s*$")
  if column then
    return errors.pg("23502", ('null value in column "%s" of relation "%s" violates not-null constraint'):format(column,
      relation.name), failing_row(relation, stored))
  end
  local check = text:match("CHECK constraint failed: ([%w_]+)")
  if check then
    return errors.pg("23514", ('new row for relation "%s" violates check constraint "%s"'):format(relation.name, check),
      failing_row(relation, stored))
  end
  if text:find("FOREIGN KEY constraint failed", 1, true) then
    return broken_reference(request, relation, stored) or still_referenced(request, relation, stored)
      or errors.pg("23503", text)
  end
  if text:find("ON CONFLICT clause does not match", 1, true) then
    return errors.pg("42P10", "there is no unique or exclusion constraint matching the ON CONFLICT specification")
  end
  return errors.pg("XX000", text)
end

--- Raises 42501 unless all rows `ids` meet the policy of `command` and `side`.
function M.check_policy(request, relation, ids, command, side)
  local builder = filter.builder(request.db)
  local policy = catalog.policy_sql(builder, relation, request.role, command, side)
  if not policy then return end
  local sql = ('SELECT count(*) AS n FROM %s WHERE "r$id" IN (SELECT value FROM json_each(%s)) AND NOT ifnull(%s,0)'):format(
    relation.source, builder.bind(M.id_list(ids)), policy)
  if request.query_rows(sql, builder)[1].n > 0 then
    error(errors.pg("42501", ('new row violates row-level security policy for table "%s"'):format(relation.name)))
  end
end

--- Row number -> JSON of the row, for the rows `ids`.
function M.snapshot(request, relation, ids)
  local base, out = relation.base or relation, {}
  local sql = ('SELECT "r$id" AS id, %s AS row FROM %s WHERE "r$id" IN (SELECT value FROM json_each(?1))'):format(
    read.whole_row_sql(base), base.source)
  for _, row in ipairs(assert(request.db:query(sql, M.id_list(ids)))) do out[row.id] = row.row end
  return out
end

--- Whether anybody wants to see the changes of `relation`.
function M.watched(request, relation)
  local base = relation.base or relation
  for _, trigger in ipairs(base.triggers) do
    if trigger.kind == "log" then return true end
  end
  return request.hooks.listens(base.name)
end

--- The body that `Prefer: return=representation` asks for: body, number of rows. `extra` is a further condition.
function M.representation(request, relation, ids, extra)
  local builder = filter.builder(request.db)
  local list = builder.bind(M.id_list(ids))
  local tail = ('JOIN (SELECT key AS "e$k", value AS "e$v" FROM json_each(%s)) ON "r$id" = "e$v"'):format(list)
  tail = tail .. " WHERE " .. filter.all(builder, relation, extra or {}) .. read.inner(builder, relation, request)
  local order = filter.order(builder, relation, request.query.order)
  return read.rows(request, builder, relation, tail .. (order ~= "" and order or ' ORDER BY "e$k"') .. " LIMIT -1")
end

--- What touch triggers write with an update: list of { column, value }.
function M.touch(relation, request)
  local out = {}
  if request.untouched then return out end
  for _, trigger in ipairs(relation.triggers) do
    if trigger.kind == "touch" then
      local column = relation.by_name[trigger.column]
      out[#out + 1] = { column = column, value = trigger.clock == "statement" and request.clock() or request.now }
    end
  end
  return out
end

return M
