-- POST and PUT: rows into a table, as inserts or upserts.
local catalog = require "practice.supabase.catalog"
local errors = require "practice.supabase.errors"
local json = require "practice.supabase.json"
local prefer = require "practice.supabase.prefer"
local query = require "practice.supabase.query"
local rows_of = require "practice.supabase.rows"
local types = require "practice.supabase.types"

local M = {}

-- CSV with a header line; NULL is null.
local function csv_rows(body)
  local lines, cells, at = {}, {}, 1
  while at <= #body do
    local cell, stop
    if body:sub(at, at) == '"' then
      stop = at
      repeat
        stop = (body:find('"', stop + 1, true) or #body) + 1
      until body:sub(stop, stop) ~= '"'
      cell = json.quote((body:sub(at + 1, stop - 2):gsub('""', '"')))
    else
      stop = body:find("[,\r\n]", at) or #body + 1
      local text = body:sub(at, stop - 1)
      cell = text == "NULL" and "null" or json.quote(text)
    end
    cells[#cells + 1] = cell
    local behind = body:match("^\r?\n()", stop)
    if behind or stop > #body then
      lines[#lines + 1], cells = cells, {}
    end
    at = behind or stop + 1
  end
  local header, out, names = table.remove(lines, 1) or {}, {}, {}
  for i, line in ipairs(lines) do
    out[i], names[i] = {}, {}
    for j, name in ipairs(header) do
      names[i][j] = types.unquote(name)
      out[i][names[i][j]] = line[j] or "null"
    end
  end
  return out, names, true
end

local function form_row(body)
  local row, names = {}, {}
  for i, pair in ipairs(query.pairs(body)) do row[pair[1]], names[i] = json.quote(pair[2]), pair[1] end
  return { row }, { names }
end

--- Takes the identity values of `count` rows out of turn, for a transaction that writes later than it began.
function M.reserve(request, relation, count)
  local numbers = {}
  for i = 1, count do
    relation.sequence = relation.sequence + 1
    numbers[i] = relation.sequence
  end
  request.reserved = { [relation.name] = numbers }
end

--- The rows of the request's body: list of {name = JSON slice}, and the names they all have. Raises PGRST102.
function M.body_rows(request)
  local kind = (request.headers["content-type"] or "application/json"):match("^%s*([^;%s]*)")
  local rows, names
  if kind == "text/csv" then
    rows, names = csv_rows(request.body)
  elseif kind == "application/x-www-form-urlencoded" then
    rows, names = form_row(request.body)
  elseif kind == "application/json" or kind == "" then
    rows, names = json.rows(request.body)
    if not rows then error(errors.bad_body()) end
  else
    error(errors.bad_body("Content-Type not acceptable: " .. kind))
  end
  if request.query.columns then return rows, request.query.columns end
  local first = names[1] or {}
  for i = 2, #rows do
    local same = #names[i] == #first
    for _, name in ipairs(first) do same = same and rows[i][name] ~= nil end
    if not same then error(errors.bad_body("All object keys must match")) end
  end
  return rows, first
end

-- Every given value read by its column's type, before anything is numbered: stored and key by name.
local function convert(rows, columns)
  local out = {}
  for i, row in ipairs(rows) do
    local stored, keys = {}, {}
    for _, column in ipairs(columns) do
      local raw = row[column.name]
      if raw then stored[column.name], keys[column.name] = types.from_json(column.type, raw) end
    end
    out[i] = { stored = stored, keys = keys, row = row }
  end
  return out
end

local function next_identity(request, relation)
  local reserved = request.reserved and request.reserved[relation.name]
  if reserved and #reserved > 0 then return table.remove(reserved, 1) end
  relation.sequence = relation.sequence + 1
  return relation.sequence
end

-- Fills in what was not given. An identity column that is listed but absent gets null, as PostgreSQL does it.
local function fill(request, relation, item, is_given, use_default)
  local stored, keys = item.stored, item.keys
  for _, column in ipairs(relation.columns) do
    local name = column.name
    if not is_given[name] or (use_default and not item.row[name]) then
      if column.identity then
        stored[name] = next_identity(request, relation)
      else
        stored[name], keys[name] = column.default(request)
      end
    end
  end
end

local function row_cells(request, relation, item)
  local out = { ("%.0f"):format(item.id), ("%.0f"):format(request.xid()) }
  for _, column in ipairs(relation.columns) do
    out[#out + 1] = rows_of.column_cell(column, item.stored[column.name], item.row[column.name])
    if column.key_name then out[#out + 1] = rows_of.cell(item.keys[column.name]) end
  end
  return "[" .. table.concat(out, ",") .. "]"
end

local function insert_sql(relation)
  if relation.insert_sql and relation.insert_width == #relation.columns then return relation.insert_sql end
  local names, values = { '"r$id"', '"x$min"' }, { "json_extract(v,'$[0]')", "json_extract(v,'$[1]')" }
  for _, column in ipairs(relation.columns) do
    for _, name in ipairs { column.sql, column.key_name and column.key } do
      names[#names + 1] = name
      values[#values + 1] = ("json_extract(v,'$[%d]')"):format(#values)
    end
  end
  relation.insert_width = #relation.columns
  -- The LIMIT keeps SQLite from writing the row's text anew for each column.
  relation.insert_sql = ("INSERT INTO %s (%s) SELECT %s FROM (SELECT value AS v FROM json_each(?1) LIMIT -1) WHERE 1"):format(
    relation.source, table.concat(names, ", "), table.concat(values, ", "))
  return relation.insert_sql
end

local function conflict_sql(request, relation, mode, columns)
  if not mode then return "" end
  local target = catalog.keys_of(relation, request.query.on_conflict or relation.pk)
  if mode == "ignore-duplicates" then return (" ON CONFLICT (%s) DO NOTHING"):format(target) end
  local sets = { '"x$min" = excluded."x$min"' }
  for _, column in ipairs(columns) do
    sets[#sets + 1] = ("%s = excluded.%s"):format(column.sql, column.sql)
    if column.key_name then sets[#sets + 1] = ("%s = excluded.%s"):format(column.key, column.key) end
  end
  for _, touched in ipairs(rows_of.touch(relation, request)) do
    sets[#sets + 1] = ("%s = '%s'"):format(touched.column.sql, touched.value)
  end
  return (" ON CONFLICT (%s) DO UPDATE SET %s"):format(target, table.concat(sets, ", "))
end

-- Runs the statement over all items at once; a refusal is looked for row by row, as PostgreSQL meets them.
local function run(request, relation, sql, items)
  local cells = {}
  for i, item in ipairs(items) do cells[i] = row_cells(request, relation, item) end
  sql = sql .. ' RETURNING "r$id" AS id'
  local done, err = request.db:query(sql, "[" .. table.concat(cells, ",") .. "]")
  if done then
    local ids = {}
    for i, row in ipairs(done) do ids[i] = row.id end
    return ids
  end
  for i, item in ipairs(items) do
    local ok, why = request.db:query(sql, "[" .. cells[i] .. "]")
    if not ok then
      -- The rows behind the refused one were never numbered.
      for _, column in ipairs(relation.columns) do
        local number = item.stored[column.name]
        if column.identity and #items > i and type(number) == "number" then relation.sequence = number end
      end
      error(rows_of.refusal(request, relation, why, item.stored))
    end
  end
  error(rows_of.refusal(request, relation, err, items[1].stored))
end

local function number_rows(relation, items)
  for _, item in ipairs(items) do
    item.id = relation.next_row
    relation.next_row = relation.next_row + 1
  end
end

local function no_twice(request, relation, items)
  local seen, names = {}, request.query.on_conflict or relation.pk
  for _, item in ipairs(items) do
    local parts = {}
    for i, name in ipairs(names) do
      if item.stored[name] == nil then parts = nil break end
      parts[i] = rows_of.cell(item.keys[name] or item.stored[name])
    end
    local key = parts and table.concat(parts, ",")
    if key and seen[key] then
      local it = errors.pg("21000", "ON CONFLICT DO UPDATE command cannot affect row a second time", nil,
        "Ensure that no rows proposed for insertion within the same command have duplicate constrained values.")
      it.status = request.legacy and 400 or 500
      error(it)
    end
    if key then seen[key] = true end
  end
end

-- Row number -> JSON of the rows that a merge is going to change; only asked where somebody watches.
local function merged_before(request, relation, items)
  local names, values = request.query.on_conflict or relation.pk, {}
  for i, item in ipairs(items) do
    local parts = {}
    for j, name in ipairs(names) do
      parts[j] = rows_of.column_cell(relation.by_name[name], item.keys[name] or item.stored[name])
    end
    values[i] = "[" .. table.concat(parts, ",") .. "]"
  end
  local picks = {}
  for i = 1, #names do picks[i] = ("json_extract(value,'$[%d]')"):format(i - 1) end
  local sql = ('SELECT "r$id" AS id FROM %s WHERE (%s) IN (SELECT %s FROM json_each(?1))'):format(relation.source,
    catalog.keys_of(relation, names), table.concat(picks, ", "))
  local ids = {}
  for i, row in ipairs(assert(request.db:query(sql, "[" .. table.concat(values, ",") .. "]"))) do ids[i] = row.id end
  return rows_of.snapshot(request, relation, ids)
end

local function note_effects(request, relation, ids, before, first_new)
  local after = rows_of.snapshot(request, relation, ids)
  for _, id in ipairs(ids) do
    local op = id >= first_new and "INSERT" or "UPDATE"
    request.effects[#request.effects + 1] = { op = op, relation = relation, old = before[id], new = after[id] }
  end
end

local function check_conflict_columns(relation, names)
  for _, name in ipairs(names or {}) do
    if not relation.by_name[name] then error(errors.pg("42703", ('column "%s" does not exist'):format(name))) end
  end
end

--- Inserts or upserts `rows`: row numbers in order, how many are new.
function M.store(request, view, rows, names, mode)
  local relation = view.base or view
  rows_of.need_right(request, view, "insert")
  check_conflict_columns(relation, mode and request.query.on_conflict)
  local columns, is_given = rows_of.columns(request, view, names), {}
  for _, name in ipairs(names) do is_given[name] = true end
  local items = convert(rows, columns)
  for _, item in ipairs(items) do fill(request, relation, item, is_given, request.prefer.missing == "default") end
  local first_new = relation.next_row
  number_rows(relation, items)
  if mode == "merge-duplicates" then no_twice(request, relation, items) end
  local watched = rows_of.watched(request, relation)
  local before = (watched and mode == "merge-duplicates") and merged_before(request, relation, items) or {}
  local ids = run(request, relation, insert_sql(relation) .. conflict_sql(request, relation, mode, columns), items)
  rows_of.check_policy(request, view, ids, "insert", "check")
  if watched then note_effects(request, relation, ids, before, first_new) end
  local new = 0
  for _, id in ipairs(ids) do
    if id >= first_new then new = new + 1 end
  end
  request.applied(relation.name, #ids)
  return ids, new
end

local function location(relation, row)
  local parts = {}
  for i, name in ipairs(relation.pk) do parts[i] = name .. "=eq." .. tostring(row["c" .. i]) end
  return "/" .. relation.name .. "?" .. table.concat(parts, "&")
end

local function location_of(request, relation, ids)
  if request.prefer["return"] ~= "headers-only" or #ids ~= 1 or #relation.pk == 0 then return nil end
  local list = {}
  for i, name in ipairs(relation.pk) do list[i] = ("CAST(%s AS TEXT) AS c%d"):format(relation.by_name[name].sql, i) end
  local sql = ('SELECT %s FROM %s WHERE "r$id" = ?1'):format(table.concat(list, ", "), relation.source)
  return location(relation, assert(request.db:query(sql, ids[1]))[1])
end

-- What a write answers with: the rows where they were asked for, else nothing.
local function reply(request, relation, ids, status, applied, range)
  local headers = { ["Content-Range"] = range, ["Preference-Applied"] = prefer.applied(request.prefer, applied),
    Location = location_of(request, relation, ids) }
  local body = ""
  if request.accept == "object" and #ids ~= 1 then error(errors.not_singular(#ids)) end
  if request.prefer["return"] == "representation" then
    rows_of.check_policy(request, relation, ids, "select", "using")
    body = rows_of.representation(request, relation, ids)
    headers["Content-Type"] = prefer.content_type[request.accept]
  end
  return { status = status, headers = headers, body = body }
end

--- POST.
function M.post(request, relation)
  local rows, names = M.body_rows(request)
  local mode = (#relation.pk > 0 or request.query.on_conflict) and request.prefer.resolution or nil
  local ids, new = M.store(request, relation, rows, names, mode)
  local merged = mode == "merge-duplicates" and #rows > 0 and new == 0
  local applied = { ["return"] = true, count = true, tx = true, missing = true, handling = true, timezone = true,
    resolution = #relation.pk > 0 or request.query.on_conflict ~= nil }
  local range = prefer.content_range(0, 0, request.prefer.count and #ids or nil)
  return reply(request, relation, ids, merged and 200 or 201, applied, range)
end

local function only_the_key(request, relation)
  local asked, seen = request.query, {}
  local fine = #relation.pk > 0 and #asked.logic == 0 and #asked.filters == #relation.pk
  for _, it in ipairs(asked.filters) do
    local column = relation.by_name[it.field.column]
    fine = fine and column and column.pk and it.op == "eq" and not it.negated and not seen[column.name]
    seen[it.field.column] = it.value
  end
  if not fine then
    error(errors.pgrst("105", 405, "Filters must include all and only primary key columns with 'eq' operators"))
  end
  return seen
end

--- PUT: one whole row by its key.
function M.put(request, relation)
  if request.query.limit or request.query.offset then
    error(errors.pgrst("114", 400, "limit/offset querystring parameters are not allowed for PUT"))
  end
  local key = only_the_key(request, relation)
  local rows, names = M.body_rows(request)
  local matches = #rows == 1
  for name, text in pairs(key) do
    local column, raw = relation.by_name[name], rows[1] and rows[1][name]
    matches = matches and raw and types.from_json(column.type, raw) == types.read(column.type, text)
  end
  if not matches then error(errors.pgrst("115", 400, "Payload values do not match URL in primary key column(s)")) end
  request.query.on_conflict = nil
  local ids, new = M.store(request, relation, rows, names, "merge-duplicates")
  local shows = request.prefer["return"] == "representation"
  local status = shows and (new > 0 and 201 or 200) or 204
  local applied = { ["return"] = true, count = true, tx = true, handling = true, timezone = true }
  return reply(request, relation, ids, status, applied)
end

return M
