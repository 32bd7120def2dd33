--- Supabase and any PostgREST: tables over /rest/v1, versions 12 to 16.
---
--- A row's version is its `xmin`, which every update of a table moves; a view, or a table with a version column that is
--- to be trusted more, names one with `version`. An update and a delete carry it as a filter and ask for exactly one row,
--- which PostgREST answers with 406, and nothing done, where the row has moved on.

local connector = require "tidewire.connector"
local creates = require "tidewire.creates"
local json = require "tidewire.json"
local page_size = require "tidewire.page_size"
local sql_tables = require "tidewire.tables"
local text = require "tidewire.text"
local time = require "tidewire.time"
local describe = require "connectors.supabase.describe"
local files = require "connectors.supabase.files"
local install = require "connectors.supabase.install"
local tables = require "connectors.supabase.rows"
local wire = require "connectors.supabase.wire"

local array = json.array
local fail, given = connector.fail, connector.given

local M = { kind = "supabase" }

M.config = {
  url = { type = "url", required = true, without = { "/rest/v1", "/auth/v1" } },
  key = { secret = true, required = true },
  schema = { type = "text" },
  version = { type = "text", default = "xmin" },
  modified = { type = "text", default = "updated_at" },
  zone = { type = "zone" },
  overlap = { type = "duration", default = 60 },
  bucket = { type = "text" }, file_urls = { type = "boolean", default = false },
}
M.collections = {
  table = { schema = { type = "text" }, version = { type = "any" }, modified = { type = "any" }, bucket = { type = "text" } },
}

function M.capabilities(config)
  return {
    guarded_writes = true, guarded_deletes = true, version_covers = "all", ordered_versions = false, payload = false,
    answer = "stored", bulk_read = 100, bulk_find = 50, bulk_create = 500, client_keys = true, incarnation = false,
    absence_proves_delete = wire.is_service(config.key), page_reads = true, settle = 60, time_resolution = 0.000001,
    overlap = config.overlap, delete_events = true, poll_deletes = false,
  }
end

-- Supabase's own webhooks carry what is configured, usually a fixed secret in a header. A signature is the work of a
-- trigger function that signs the body.
function M.proof(config)
  return config.webhook and connector.webhook_proof(config.webhook) or { kind = "none" }
end

M.payload = {
  collection = { "table" }, key = { "record.{key}", "old_record.{key}" }, event = { "type" }, deletes = { "DELETE" },
}

M.test, M.catalog, M.describe = describe.test, describe.catalog, describe.describe
M.install, M.uninstall = install.install, install.uninstall
M.download, M.has_file, M.file_marks, M.upload = files.download, files.has_file, files.file_marks, files.upload

-- Reading -------------------------------------------------------------------------------------------------------------

local counted = { Prefer = "count=exact" }

-- What `ask` gives for either half of a list, in one.
local function in_halves(list, ask)
  local all, half = array {}, math.floor(#list / 2)
  for _, part in ipairs { array { unpack(list, 1, half) }, array { unpack(list, half + 1) } } do
    local some, err = ask(part)
    if not some then return nil, err end
    for _, one in ipairs(some) do all[#all + 1] = one end
  end
  return all
end

-- A server cuts answers off without a word (1000 rows, or fewer): only the count says that all came.
local function read_some(conn, collection, shape, keys)
  local filter, err = tables.any_of(shape, keys)
  if not filter then return nil, err end
  local function fewer() return in_halves(keys, function(part) return read_some(conn, collection, shape, part) end) end
  if #keys > 1 and wire.is_long(filter) then return fewer() end
  local rows, reply = tables.select(conn, collection, shape, { filter }, counted)
  if not rows and #keys > 1 and (wire.took_too_long(reply) or page_size.is_too_large(reply)) then return fewer() end
  if not rows then return nil, reply end
  if reply.total == #rows then return tables.records(shape, rows) end
  if #keys == 1 then return fail("unavailable", "the answer has not all its rows") end
  return fewer()
end

local smallest_page = 25

-- The rows of a page that takes longer than the role's statement timeout, or is too large, are asked for smaller.
local function fitting(conn, collection, limit, ask)
  return page_size.rows(conn, collection.name, limit, function(err)
    return wire.took_too_long(err) and smallest_page or page_size.is_too_large(err) and 1
  end, ask)
end

function M.read(conn, collection, keys)
  local shape, err = tables.plan(conn, collection)
  if not shape then return nil, err end
  local list = array {}
  for _, chunk in ipairs(connector.chunks(keys, 50)) do
    local some
    some, err = read_some(conn, collection, shape, chunk)
    if not some then return nil, err end
    for _, one in ipairs(some) do list[#list + 1] = one end
  end
  return list
end

local function list_page(conn, collection, shape, cursor, limit)
  local query = { tables.order(shape.key) }
  for _, condition in ipairs(connector.conditions(collection.scope)) do query[#query + 1] = tables.condition(condition) end
  if cursor then
    local after, err = connector.key_parts(cursor.after, shape.key)
    if not after then return nil, err end
    query[#query + 1] = tables.after(shape.key, after)
  end
  local rows, err = fitting(conn, collection, limit, function(size)
    return tables.select(conn, collection, shape, { { "limit", connector.plain(size) }, unpack(query) })
  end)
  if not rows then return nil, err end
  local records = tables.records(shape, rows)
  return { records = records, cursor = #records > 0 and { after = records[#records].key } or nil }
end

function M.list(conn, collection, cursor, limit)
  local shape, err = tables.plan(conn, collection)
  if not shape then return nil, err end
  return list_page(conn, collection, shape, cursor, limit)
end

-- A count looks at every row, and may take longer than the role's statement timeout: then nobody knows.
function M.count(conn, collection)
  local query = { { "select", wire.column(collection.key[1]) }, { "limit", "0" } }
  for _, condition in ipairs(connector.conditions(collection.scope)) do query[#query + 1] = tables.condition(condition) end
  for _, name in ipairs(collection.key) do query[#query + 1] = { wire.column(name), "not.is.null", filter = true } end
  local reply, err = wire.request(conn, collection, "GET", query, nil, counted)
  if reply and reply.total then return reply.total end
  if reply then return fail("unavailable", "the answer tells no count") end
  if wire.took_too_long(err) then return nil end
  return nil, err
end

-- Text without case is searched by ilike, blanks around it being nothing; whatever that widens is looked through again here.
local function query_term(part)
  if part.fold and type(part.value) == "string" then
    return tables.term(part.field, "ilike", "%" .. text.trim(part.value):gsub("[%%_\\]", "\\%0") .. "%")
  end
  return tables.term(part.field, "eq", part.value)
end

local function find_some(conn, collection, shape, queries)
  local terms = {}
  for i, query in ipairs(queries) do
    local parts = {}
    for n, part in ipairs(query) do parts[n] = query_term(part) end
    terms[i] = "and(" .. table.concat(parts, ",") .. ")"
  end
  local filter = { "or", "(" .. table.concat(terms, ",") .. ")", filter = true }
  local function fewer() return in_halves(queries, function(part) return find_some(conn, collection, shape, part) end) end
  if #queries > 1 and wire.is_long(filter) then return fewer() end
  local rows, reply = tables.select(conn, collection, shape, { filter }, counted)
  if not rows and #queries > 1 and (wire.took_too_long(reply) or page_size.is_too_large(reply)) then return fewer() end
  if not rows then return nil, reply end
  local answers = array {}
  connector.deal(queries, tables.records(shape, rows), answers)
  if reply.total == #rows then return answers end
  -- More rows than an answer holds. Of one query the first three are all that is asked for, if they are there.
  if #queries == 1 then
    if #answers[1] == 3 then return answers end
    return fail("invalid", "too many rows are like the one searched for", "match by fields that are nearly unique")
  end
  for i, query in ipairs(queries) do
    local single, err = find_some(conn, collection, shape, { query })
    if not single then return nil, err end
    answers[i] = single[1]
  end
  return answers
end

function M.find(conn, collection, queries)
  local asked = {}
  for i, part in ipairs(queries[1] or {}) do asked[i] = part.field end
  local shape, err = tables.plan(conn, collection, asked)
  if not shape then return nil, err end
  return find_some(conn, collection, shape, queries)
end

-- Changes -------------------------------------------------------------------------------------------------------------

function M.start(conn, collection)
  local shape, err = tables.plan(conn, collection)
  if not shape then return nil, err end
  if not shape.modified then return { whole = true } end
  local column = wire.column(shape.modified)
  local rows
  rows, err = tables.select(conn, collection, shape, { { "order", column .. ".desc.nullslast" }, { "limit", "1" } })
  if not rows then return nil, err end
  local newest = rows[1] and given(rows[1][shape.modified]) or "1900-01-01T00:00:00+00:00"
  return connector.cursor(conn, newest)
end

-- Without a time column every poll reads the whole table.
local function whole_table(conn, collection, shape, cursor, limit)
  local everything = { name = collection.name, options = collection.options, key = collection.key }
  local page, err = list_page(conn, everything, shape, given(cursor.page), limit)
  if not page then return nil, err end
  local following = { whole = true, page = page.cursor }
  return { records = page.records, deleted = array {}, cursor = following, more = page.cursor ~= nil }
end

-- A row is stamped before it is committed, so later polls begin before the mark. Of a column without a zone they begin at what its clocks showed.
local function floor_of(conn, cursor)
  local zone = not tables.is_zoned(cursor.mark) and given(conn.config.zone) or nil
  return function(mark, polled)
    return sql_tables.earliest(zone, time.add(connector.mark_of(tables.in_utc(mark, zone) or polled, polled), -conn.config.overlap))
  end
end

function M.changes(conn, collection, cursor, limit)
  local shape, err = tables.plan(conn, collection)
  if not shape then return nil, err end
  if not shape.modified then return whole_table(conn, collection, shape, cursor, limit) end
  if cursor.whole then
    return connector.change_over(cursor, function() return M.start(conn, collection) end, function()
      return whole_table(conn, collection, shape, cursor, limit)
    end)
  end
  local columns = { shape.modified, unpack(shape.key) }
  local function page(floor, after, size)
    local query = { tables.order(columns) }
    if after then
      local parts, why = connector.key_parts(after.key, shape.key)
      if not parts then return nil, why end
      query[#query + 1] = tables.after(columns, { after.time, unpack(parts) })
    else
      query[#query + 1] = { wire.column(shape.modified), "gte." .. floor, filter = true }
    end
    local rows, why = fitting(conn, collection, size, function(some)
      return tables.select(conn, collection, shape, { { "limit", connector.plain(some) }, unpack(query) })
    end)
    if not rows then return nil, why end
    return tables.records(shape, rows)
  end
  return connector.scan(conn, cursor, limit, { floor = floor_of(conn, cursor), page = page,
    last = function(records) return #records == 0 end })
end

-- Writes --------------------------------------------------------------------------------------------------------------

-- Exactly one row, or nothing done.
local exactly_one = { Accept = "application/vnd.pgrst.object+json", Prefer = "return=representation" }

-- Why a write met no row: gone, moved on, or hidden from writing by a policy.
local function why_none(conn, collection, key, guard)
  local found, err = M.read(conn, collection, { key })
  if not found then return nil, err end
  if #found == 0 then return fail("not_found", "no row " .. key) end
  if guard and found[1].version ~= guard then return fail("stale", "row " .. key .. " has changed") end
  return fail("invalid", "row " .. key .. " can be read but not written", "a row-level security policy may refuse it")
end

local function write_one(conn, collection, method, key, guard, body)
  local shape, err = tables.plan(conn, collection)
  if not shape then return nil, err end
  local query
  query, err = tables.by_key(shape, key)
  if not query then return nil, err end
  if guard and shape.version then query[#query + 1] = wire.equals(shape.version, guard) end
  query[#query + 1] = { "select", shape.select }
  local reply
  reply, err = wire.request(conn, collection, method, query, body, exactly_one)
  if reply and not connector.has_key(reply.body, shape.key) then return fail("unknown", "the answer is not the row that was written") end
  if reply then return tables.record(shape, reply.body) end
  if not err.message:find("^PGRST116") then return nil, err end
  return why_none(conn, collection, key, shape.version and guard)
end

function M.update(conn, collection, key, values, guard)
  return write_one(conn, collection, "PATCH", key, guard, values)
end

function M.delete(conn, collection, key, guard)
  local gone, err = write_one(conn, collection, "DELETE", key, guard)
  if not gone then return nil, err end
  return true
end

local insert_only = { Prefer = "resolution=ignore-duplicates,return=representation" }

local function taken(err)
  if not err.message:find "^23505" then return err end
  return select(2, fail("stale", err.message, "a row with this unique value exists"))
end

-- The records of one row made alone, what is in its way being refused.
local function make_alone(conn, collection, shape, item)
  local reply, err = wire.request(conn, collection, "POST", { { "select", shape.select } }, array { item.row }, { Prefer = "return=representation" })
  if not reply then return nil, taken(err) end
  if tables.are_rows(shape, reply.body) then return tables.records(shape, reply.body) end
  return fail("unknown", "the answer is no list of rows")
end

-- Of a list those from `from` on, where one row alone took too long: whatever holds it up holds up the others.
local function held_up(group, from, outcomes, err)
  for n = from, #group do outcomes[group[n].at] = { error = err } end
  return err
end

-- The refusal of a row that alone took too long; nil where there was none.
local function insert(conn, collection, shape, group, outcomes)
  local rows = array {}
  for i, item in ipairs(group) do rows[i] = item.row end
  local reply, err = wire.request(conn, collection, "POST", { { "select", shape.select } }, rows, insert_only)
  if reply and tables.are_rows(shape, reply.body) then
    local missing = creates.deal(group, tables.records(shape, reply.body), shape.key, outcomes)
    creates.settle(missing, shape.key, outcomes, function(keys) return M.read(conn, collection, keys) end,
      function(item) return make_alone(conn, collection, shape, item) end)
    return nil
  end
  if reply then err = select(2, fail("unknown", "the answer is no list of rows")) end
  if wire.took_too_long(err) and #group > 1 then      -- ended, and with it what it had made
    local half = math.floor(#group / 2)
    local late = insert(conn, collection, shape, { unpack(group, 1, half) }, outcomes)
    if late then return held_up(group, half + 1, outcomes, late) end
    return insert(conn, collection, shape, { unpack(group, half + 1) }, outcomes)
  end
  -- One statement: refused with a clear word, none was made and each may be tried alone.
  if (err.code == "invalid" or err.code == "blocked") and #group > 1 then
    for n, item in ipairs(group) do
      local late = insert(conn, collection, shape, { item }, outcomes)
      if late then return held_up(group, n + 1, outcomes, late) end
    end
    return nil
  end
  if wire.took_too_long(err) then return held_up(group, 1, outcomes, err) end
  for _, item in ipairs(group) do outcomes[item.at] = { error = taken(err) } end
end

function M.create(conn, collection, entries)
  local shape, err = tables.plan(conn, collection)
  if not shape then return nil, err end
  local outcomes, late = array {}, nil
  for _, group in ipairs(connector.by_columns(entries, shape.key)) do
    if late then held_up(group, 1, outcomes, late) else late = insert(conn, collection, shape, group, outcomes) end
  end
  return outcomes
end

return M
