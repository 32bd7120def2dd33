--- Updates, each under its own guard, many in one statement; deletes; creates that never touch an existing row.

local connector = require "tidewire.connector"
local creates = require "tidewire.creates"
local json = require "tidewire.json"
local table_files = require "tidewire.table_files"
local tables = require "tidewire.tables"
local catalog = require "connectors.postgres.catalog"
local db = require "connectors.postgres.db"
local rows = require "connectors.postgres.rows"

local null, array = json.null, json.array
local fail, given = connector.fail, connector.given
local quoted = db.quoted

local M = {}

-- The condition of the guard, which stands in `place`, of a row.
local function as_seen(shape, place)
  if not shape.version then return "true" end
  if shape.version == "xmin" then return "t.xmin = " .. place .. "::xid" end
  return shape.versioned .. " = " .. place
end

-- The entries as the rows of one document: "$@" their place, "$k1" the key's parts, "$g" the guard, "$v1" the values.
local function update_text(shape, names)
  local types, sets, terms = { '"$@" int' }, {}, {}
  for n, name in ipairs(shape.key) do
    local column, err = tables.column(shape, name)
    if not column then return nil, err end
    types[#types + 1], terms[#terms + 1] = quoted("$k" .. n) .. " " .. column.cast, "t." .. quoted(name) .. " = u." .. quoted("$k" .. n)
  end
  types[#types + 1] = '"$g" text'
  for n, name in ipairs(names) do
    local column, err = tables.column(shape, name)
    if not column then return nil, err end
    local value = "u." .. quoted("$v" .. n)
    if column.required and rows.is_document(column) then value = "coalesce(" .. value .. ", 'null')" end
    types[#types + 1], sets[n] = quoted("$v" .. n) .. " " .. column.cast, quoted(name) .. " = " .. value
  end
  -- Of several rows with one key none is meant more than another.
  if not catalog.is_unique(shape.about, shape.key) then
    local same = {}
    for n, name in ipairs(shape.key) do same[n] = "x." .. quoted(name) .. " = u." .. quoted("$k" .. n) end
    terms[#terms + 1] = "(select count(*) from " .. shape.name .. " x where " .. table.concat(same, " and ") .. ") = 1"
  end
  terms[#terms + 1] = '(u."$g" is null or ' .. as_seen(shape, 'u."$g"') .. ")"
  return "update " .. shape.name .. " t set " .. table.concat(sets, ", ") .. " from json_to_recordset($1::json) u(" .. table.concat(types, ", ")
    .. ") where " .. table.concat(terms, " and ") .. " returning u.\"$@\", " .. shape.answer
end

local function update_document(shape, group, names)
  local list = array {}
  for i, item in ipairs(group) do
    local row = { ["$@"] = i, ["$g"] = shape.version and item.guard or null }
    local parts, err = connector.key_parts(item.key, shape.key)
    if not parts then return nil, err end
    for n, part in ipairs(parts) do row["$k" .. n] = part end
    for n, name in ipairs(names) do row["$v" .. n] = item.row[name] end
    list[i] = row
  end
  return json.encode(list)
end

-- Why each of these keys met no row, told by one read: { key = error }.
local function why_none(conn, shape, keys, guards)
  local found, twice, why = {}, {}, {}
  local records, err = tables.read(conn, shape, keys)
  for _, one in ipairs(records or {}) do found[one.key], twice[one.key] = one, found[one.key] ~= nil end
  for _, key in ipairs(keys) do
    why[key] = err
    if twice[key] then
      why[key] = select(2, fail("invalid", "several rows of " .. shape.name .. " have the key " .. key, "nothing keeps it from coming twice: make them one, and a unique index, or name another key in the mapping"))
    elseif records then
      why[key] = select(2, tables.why_none(key, shape.version and guards[key], found[key]))
    end
  end
  return why
end

local function explain_missing(conn, shape, missing, outcomes)
  local keys, guards = array {}, {}
  for i, item in ipairs(missing) do keys[i], guards[item.key] = item.key, item.guard end
  local why = why_none(conn, shape, keys, guards)
  for _, item in ipairs(missing) do outcomes[item.at] = { error = why[item.key] } end
end

local function update_group(conn, shape, group, outcomes)
  local names = {}
  for name in pairs(group[1].row) do names[#names + 1] = name end
  table.sort(names)
  local text, err = update_text(shape, names)
  local document, written
  if text then document, err = update_document(shape, group, names) end
  if document then written, err = db.write(conn, text, { document }, table_files.sends(shape, group)) end
  if not written and db.refused(err) and #group > 1 then
    for _, item in ipairs(group) do update_group(conn, shape, { item }, outcomes) end
    return
  end
  if not written then
    for _, item in ipairs(group) do outcomes[item.at] = { error = err } end
    return
  end
  for _, row in ipairs(written) do
    local item = group[row["$@"]]
    outcomes[item.at], item.done = { record = tables.record(shape, row) }, true
  end
  local missing = {}
  for _, item in ipairs(group) do
    if not item.done then missing[#missing + 1] = item end
  end
  if #missing > 0 then explain_missing(conn, shape, missing, outcomes) end
end

function M.update_many(conn, collection, entries)
  local shape, err = rows.plan(conn, collection)
  if not shape then return nil, err end
  local outcomes = array {}
  for _, group in ipairs(connector.by_columns(entries, {})) do
    for _, item in ipairs(group) do item.key, item.guard = entries[item.at].key, given(entries[item.at].guard) end
    update_group(conn, shape, group, outcomes)
  end
  return outcomes
end

function M.update(conn, collection, key, values, guard)
  local outcomes, err = M.update_many(conn, collection, { { key = key, values = values, guard = guard } })
  if not outcomes then return nil, err end
  if outcomes[1].error then return nil, outcomes[1].error end
  return outcomes[1].record
end

function M.delete(conn, collection, key, guard)
  local shape, err = rows.plan(conn, collection)
  if not shape then return nil, err end
  local parameters = rows.parameters()
  local condition
  condition, err = rows.with_keys(shape, { key }, parameters)
  if not condition then return nil, err end
  if not catalog.is_unique(shape.about, shape.key) then
    condition = condition .. " and (select count(*) from " .. shape.name .. " where " .. rows.with_keys(shape, { key }, parameters) .. ") = 1"
  end
  guard = shape.version and guard
  if guard then condition = condition .. " and " .. as_seen(shape, parameters.add(guard)) end
  local gone, count = db.write(conn, "delete from " .. shape.name .. " t where " .. condition, parameters.list)
  if not gone then return nil, count end
  if count > 0 then return true end
  return nil, why_none(conn, shape, array { key }, { [key] = guard })[key]
end

local function insert_text(shape, group, parameters)
  local names, tuples = {}, {}
  for name in pairs(group[1].row) do names[#names + 1] = name end
  table.sort(names)
  for i, item in ipairs(group) do
    local places = {}
    for n, name in ipairs(names) do
      local column, err = tables.column(shape, name)
      if not column then return nil, err end
      places[n] = parameters.add(rows.value(column, item.row[name]))
    end
    tuples[i] = "(" .. table.concat(places, ", ") .. ")"
  end
  for n, name in ipairs(names) do names[n] = quoted(name) end
  if #names == 0 then return "insert into " .. shape.name .. " default values" end
  return "insert into " .. shape.name .. " (" .. table.concat(names, ", ") .. ") values " .. table.concat(tuples, ", ")
end

-- Rows whose keys the database makes are told apart by their order alone, so all come or none: one that a trigger keeps out is a division
-- by zero, which takes all back, and each is tried alone.
local function all_or_none(text, count)
  return "with made as (" .. text .. ") select * from made where 1 / (case when (select count(*) from made) = " .. count .. " then 1 else 0 end) = 1"
end

-- The rows that an insert made. One into a partitioned table cannot answer with xmin; there the rows are selected in the same
-- transaction, ours by the transaction's own number.
local function run_insert(conn, shape, group, text, parameters, keyed)
  if not (shape.about.kind == "p" and shape.version == "xmin") then
    text = text .. " returning " .. shape.answer
    if not keyed and #group > 1 then text = all_or_none(text, #group) end
    return db.write(conn, text, parameters.list, table_files.sends(shape, group))
  end
  if not keyed then
    return fail("invalid", shape.name .. " is partitioned: a row cannot be made there without its key", "let keys be copied over, or name a `version` column")
  end
  local keys, asked = {}, rows.parameters()
  for i, item in ipairs(group) do keys[i] = item.key end
  local condition, why = rows.with_keys(shape, keys, asked)
  if not condition then return nil, why end
  local zone = given(conn.config.zone) or "UTC"
  local answers, err = db.transaction(conn, { { db.in_zone, { zone } }, { text, parameters.list }, { db.in_zone, { "UTC" } },
    { "select " .. shape.select .. " from " .. shape.name .. " where xmin = pg_current_xact_id()::xid and " .. condition, asked.list } }, true, table_files.sends(shape, group))
  return answers and answers[4], err
end

-- Each item with its key as it will be read: what is given may be 1.5 where the column makes it 1.50.
local function with_spelling(conn, shape, group, text)
  local keys = array {}
  for i, item in ipairs(group) do
    keys[i] = array {}
    for n, name in ipairs(shape.key) do keys[i][n] = item.row[name] end
  end
  local spelled, err = rows.spelled(conn, shape, keys)
  if not spelled then return nil, err end
  for i, item in ipairs(group) do
    local row = {}
    for n, name in ipairs(shape.key) do row[name] = (spelled[i] or keys[i])[n] end
    item.key = connector.key_of(row, shape.key)
  end
  return text
end

local function taken(err)
  if db.state_of(err) ~= "23505" then return err end
  return select(2, fail("stale", err.message, "a row with this unique value exists"))
end

-- The records of one row made alone, what is in its way being refused.
local function make_alone(conn, shape, item)
  local parameters = rows.parameters()
  local text, err = insert_text(shape, { item }, parameters)
  local made
  if text then made, err = run_insert(conn, shape, { item }, text, parameters, true) end
  if not made then return nil, taken(err) end
  return tables.records(shape, made)
end

-- Whose keys we gave are known by them, and an existing row is left alone. Of the others any refusal takes all back and each is tried alone.
local function insert(conn, shape, group, outcomes)
  local parameters, keyed = rows.parameters(), connector.has_key(group[1].row, shape.key)
  local text, err = insert_text(shape, group, parameters)
  if text and keyed then text, err = with_spelling(conn, shape, group, text) end
  local made
  if text then
    made, err = run_insert(conn, shape, group, text .. (keyed and " on conflict do nothing" or ""), parameters, keyed)
  end
  if made then
    local missing = creates.deal(group, tables.records(shape, made), shape.key, outcomes)
    return creates.settle(missing, shape.key, outcomes, function(keys) return tables.read(conn, shape, keys) end,
      function(item) return make_alone(conn, shape, item) end)
  end
  if db.refused(err) and #group > 1 then
    for _, item in ipairs(group) do insert(conn, shape, { item }, outcomes) end
    return
  end
  for _, item in ipairs(group) do outcomes[item.at] = { error = taken(err) } end
end

-- A statement has at most 65535 parameters; one without columns makes one row.
local function rows_at_once(row)
  local width = 0
  for _ in pairs(row) do width = width + 1 end
  return width == 0 and 1 or math.max(1, math.floor(60000 / width))
end

function M.create(conn, collection, entries)
  local shape, err = rows.plan(conn, collection)
  if not shape then return nil, err end
  local outcomes = array {}
  for _, group in ipairs(connector.by_columns(entries, shape.key)) do
    for _, part in ipairs(connector.chunks(group, rows_at_once(group[1].row))) do insert(conn, shape, part, outcomes) end
  end
  return outcomes
end

return M
