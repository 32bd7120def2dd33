--- MariaDB 10.5 and later, MySQL 8: tables over their own protocol.
---
--- A row's version is a hash over all it holds, computed by the server, unless the table has a version column: an update or
--- a delete carries it in its condition. Changes come from an outbox that triggers write (`tidewire install`), or from polls
--- of a time column. Sessions are strict, so that a value that does not fit is an error and never a nearer one.

local connector = require "tidewire.connector"
local json = require "tidewire.json"
local tables = require "tidewire.tables"
local catalog = require "connectors.mysql.catalog"
local changes = require "connectors.mysql.changes"
local db = require "connectors.mysql.db"
local install = require "connectors.mysql.install"
local rows = require "connectors.mysql.rows"
local table_files = require "tidewire.table_files"

local array = json.array
local fail = connector.fail
local quoted = db.quoted

local M = { kind = "mysql" }

M.config = {
  host = { type = "text", default = "127.0.0.1" }, port = { type = "number", default = 3306 }, socket = { type = "text" },
  database = { type = "text", required = true }, user = { type = "text", required = true }, password = { secret = true },
  tls = { options = { "off", "require", "verify" } }, ca = { type = "text" },
  version = { type = "text", default = "content" },
  modified = { type = "text", default = "updated_at" },
  zone = { type = "zone" },
  changes = { options = { "auto", "poll" }, default = "auto" },
  overlap = { type = "duration", default = 60 },
  idle = { type = "duration" }, connect_timeout = { type = "duration" },
  statement_timeout = { type = "duration", default = 30 },
}
M.collections = { table = { version = { type = "any" }, modified = { type = "any" } } }

function M.capabilities(config)
  return {
    guarded_writes = true, guarded_deletes = true, version_covers = "all", ordered_versions = false, payload = false,
    answer = "stored", bulk_read = 200, bulk_find = 50, bulk_create = 200, client_keys = true, incarnation = false,
    absence_proves_delete = true, page_reads = true, settle = config.statement_timeout + 10, time_resolution = 1, overlap = config.overlap,
    delete_events = true, poll_deletes = true,
  }
end

M.test, M.catalog, M.describe, M.start = catalog.test, catalog.catalog, catalog.describe, changes.start
M.install, M.uninstall = install.install, install.uninstall

-- Reading -------------------------------------------------------------------------------------------------------------

M.read, M.list, M.count = tables.reads(rows.plan)
M.changes = changes.changes

local function find_text(shape, queries, parameters)
  local parts = {}
  for i, query in ipairs(queries) do
    local terms = {}
    for n, part in ipairs(query) do
      local term, err = rows.comparison(shape, part, parameters)
      if not term then return nil, err end
      terms[n] = term
    end
    parts[i] = "(select " .. i .. " as `$query`, " .. shape.select .. " from " .. shape.name .. " where " .. table.concat(terms, " and ") .. " limit 3)"
  end
  return table.concat(parts, " union all ")
end

local function find_some(conn, shape, queries)
  local parameters = rows.parameters()
  local text, err = find_text(shape, queries, parameters)
  if not text then return nil, err end
  local found
  found, err = db.query(conn, text, parameters.list)
  if not found then return nil, err end
  return tables.answers(shape, found, #queries)
end

function M.find(conn, collection, queries)
  local asked = {}
  for i, part in ipairs(queries[1] or {}) do asked[i] = part.field end
  local shape, err = rows.plan(conn, collection, asked)
  if not shape then return nil, err end
  return tables.in_parts(queries, function(some) return find_some(conn, shape, some) end)
end

-- Writes --------------------------------------------------------------------------------------------------------------

local function why_none(conn, shape, key, guard)
  local found, err = tables.read(conn, shape, array { key })
  if not found then return nil, err end
  if #found > 1 then
    return fail("invalid", "several rows of " .. shape.name .. " have the key " .. key, "nothing keeps it from coming twice: make them one, and a unique index, or name another key in the mapping")
  end
  return tables.why_none(key, shape.version and guard, found[1])
end

-- The condition of one row as it was seen.
local function as_seen(shape, key, guard, parameters)
  local condition, err = rows.with_keys(shape, { key }, parameters)
  if not condition then return nil, err end
  -- Of several rows with one key none is meant more than another.
  if not catalog.is_unique(shape.about, shape.key) then
    condition = condition .. " and (select count(*) from (select 1 from " .. shape.name .. " where " .. rows.with_keys(shape, { key }, parameters) .. " limit 2) same) = 1"
  end
  if not (guard and shape.version) then return condition end
  return condition .. " and " .. shape.version .. " = " .. parameters.add(guard)
end

function M.update(conn, collection, key, values, guard)
  local shape, err = rows.plan(conn, collection)
  if not shape then return nil, err end
  local parameters, sets = rows.parameters(), {}
  for name, value in pairs(values) do
    local column
    column, err = tables.column(shape, name)
    if not column then return nil, err end
    sets[#sets + 1] = quoted(name) .. " = " .. rows.place(column, value, parameters)
  end
  local condition
  condition, err = as_seen(shape, key, guard, parameters)
  if not condition then return nil, err end
  local asked = rows.parameters()
  local answers, counts = db.transaction(conn, {
    { db.writing(conn, "update " .. shape.name .. " set " .. table.concat(sets, ", ") .. " where " .. condition), parameters.list },
    { "select " .. shape.select .. " from " .. shape.name .. " where " .. rows.with_keys(shape, { key }, asked), asked.list } }, true, table_files.sends(shape, { { row = values } }))
  if not answers then return nil, counts end
  if counts[1] == 0 or not answers[2][1] then return why_none(conn, shape, key, guard) end
  return tables.record(shape, answers[2][1])
end

function M.delete(conn, collection, key, guard)
  local shape, err = rows.plan(conn, collection)
  if not shape then return nil, err end
  local parameters = rows.parameters()
  local condition
  condition, err = as_seen(shape, key, guard, parameters)
  if not condition then return nil, err end
  local gone, count = db.query(conn, db.writing(conn, "delete from " .. shape.name .. " where " .. condition), parameters.list, true)
  if not gone then return nil, count end
  if count == 0 then return why_none(conn, shape, key, guard) end
  return true
end

local function insert_text(shape, row, parameters)
  local names, places = {}, {}
  for name, value in pairs(row) do
    local column, err = tables.column(shape, name)
    if not column then return nil, err end
    names[#names + 1], places[#places + 1] = quoted(name), rows.place(column, value, parameters)
  end
  return "insert into " .. shape.name .. " (" .. table.concat(names, ", ") .. ") values (" .. table.concat(places, ", ") .. ")"
end

-- The row just made, by the key that we gave or the number that it got.
local function made_text(shape, row, parameters)
  local text = "select " .. shape.select .. " from " .. shape.name .. " where "
  if connector.has_key(row, shape.key) then return text .. rows.with_keys(shape, { connector.key_of(row, shape.key) }, parameters) end
  local column = shape.about.by_name[shape.key[1]]
  if #shape.key == 1 and tostring(column.extra):find "auto_increment" then return text .. quoted(shape.key[1]) .. " = last_insert_id()" end
  return fail("invalid", "the key of " .. shape.name .. " is made by the database in a way that it does not tell",
    "let the key be copied over, or be an auto_increment column")
end

-- Made, and not there under the key that it was given.
local function not_shown(shape)
  return select(2, fail("invalid", "a row was made, and " .. shape.name .. " does not show it under its key", "a trigger gives it another key, or the view shows other rows"))
end

-- All in one transaction: any refusal takes all back, and each is tried alone.
local function insert(conn, shape, group, outcomes)
  local statements, err = {}
  for i, item in ipairs(group) do
    local values, asked = rows.parameters(), rows.parameters()
    statements[2 * i - 1] = { nil, values.list }
    statements[2 * i - 1][1], err = insert_text(shape, item.row, values)
    statements[2 * i] = { nil, asked.list }
    if not err then
      statements[2 * i - 1][1] = db.writing(conn, statements[2 * i - 1][1])
      statements[2 * i][1], err = made_text(shape, item.row, asked)
    end
    if err then break end
  end
  local answers
  if not err then answers, err = db.transaction(conn, statements, true, table_files.sends(shape, group)) end
  if answers then
    for i, item in ipairs(group) do
      local row = answers[2 * i][1]
      outcomes[item.at] = row and { record = tables.record(shape, row) } or { error = not_shown(shape) }
    end
    return
  end
  if (err.code == "invalid" or err.code == "blocked") and #group > 1 then
    for _, item in ipairs(group) do insert(conn, shape, { item }, outcomes) end
    return
  end
  if db.number_of(err) == 1062 then err = select(2, fail("stale", err.message, "a row with this key or unique value exists")) end
  for _, item in ipairs(group) do outcomes[item.at] = { error = err } end
end

function M.download(conn, _, ref) return table_files.download(conn, ref, rows) end
function M.upload(_, _, file) return table_files.upload(file) end

function M.create(conn, collection, entries)
  local shape, err = rows.plan(conn, collection)
  if not shape then return nil, err end
  local outcomes = array {}
  for _, group in ipairs(connector.by_columns(entries, shape.key)) do
    for _, part in ipairs(connector.chunks(group, 50)) do insert(conn, shape, part, outcomes) end
  end
  return outcomes
end

return M
