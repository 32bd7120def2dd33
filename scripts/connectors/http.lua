--- Any REST system that speaks JSON: where things stand is said by tables in tidewire.lua, nothing is guessed.
---
--- What such a system guarantees is unknown, so little is promised: unless `version` names a field or "etag", a version is a
--- digest of the content; unless `guard` names a header, writes are not guarded and follow a read.

local connector = require "tidewire.connector"
local json = require "tidewire.json"
local time = require "tidewire.time"
local pages = require "connectors.http.pages"
local shapes = require "connectors.http.shape"
local wire = require "connectors.http.wire"

local array = json.array
local fail, given = connector.fail, connector.given

local M = { kind = "http" }

M.config = {
  url = { type = "url", required = true },
  auth = { type = "table", keys = { "bearer", "basic", "header", "query", "secret", "prefix", "oauth" } }, headers = { type = "table" },
  collections = { type = "table", required = true },
  overlap = { type = "duration", default = 120 }, settle = { type = "duration", default = 120 },
  payload = { type = "table", keys = { "collection", "key", "event", "deletes" } },
}
M.collections = { collection = {} }

-- One collection that is guarded or not speaks for itself alone in `describe`; the whole promises what all of them keep.
local function all_have(config, name)
  for _, one in pairs(config.collections) do
    if type(one) ~= "table" or one[name] == nil then return false end
  end
  return true
end

function M.capabilities(config)
  return {
    guarded_writes = all_have(config, "guard"), guarded_deletes = all_have(config, "guard"), version_covers = "all",
    ordered_versions = false, payload = false, answer = "none", bulk_read = 20, bulk_find = 1, bulk_create = 1, client_keys = false,
    incarnation = false, absence_proves_delete = true, settle = config.settle, time_resolution = 1, overlap = config.overlap,
    delete_events = config.webhook ~= nil and config.payload ~= nil and config.payload.deletes ~= nil, poll_deletes = false,
  }
end

function M.proof(config)
  return config.webhook and connector.webhook_proof(config.webhook) or { kind = "none" }
end

function M.payload(config) return config.payload end

-- Who is there ----------------------------------------------------------------------------------------------------------

function M.test(conn)
  local names = shapes.names(conn.config)
  local shape, err = shapes.plan(conn, { name = names[1], fields = {} })
  if not shape then return nil, err end
  local page
  page, err = pages.first(conn, shape, 1)
  if not page then return nil, err end
  local warnings = array {}
  if not conn.config.auth then warnings[1] = "no `auth`: everybody may do what we do there" end
  return { user = conn.config.auth and "auth" or "nobody", version = "", site = connector.without_login(conn.config.url), shared = true,
    server_time = conn.state.server_date or time.now(), warnings = warnings }
end

function M.catalog(conn)
  local list = array {}
  for i, name in ipairs(shapes.names(conn.config)) do list[i] = { name = name, word = "collection" } end
  return list
end

function M.describe(conn, collection)
  local shape, err = shapes.plan(conn, collection)
  if not shape then return nil, err end
  local fields, warnings = array {}, array {}
  for _, name in ipairs(shapes.field_names(shape, collection)) do
    local said = shape.about.fields and shape.about.fields[name]
    local about = type(said) == "table" and said or { kind = said or "json" }
    fields[#fields + 1] = { name = name, type = about, required = about.required, read_only = about.read_only or name == shape.key or nil,
      unique = about.unique or name == shape.key or nil, file = about.file or nil }
  end
  if not shape.about.fields then warnings[1] = "`fields` of " .. shape.name .. " says no types: values compare as JSON" end
  if shape.update == "PUT" and shape.about.whole == nil then
    warnings[#warnings + 1] = "`update = \"PUT\"` of " .. shape.name .. " sends the changed fields alone: say `whole = true` where the system takes that for the record, `whole = false` where it does not"
  end
  if shape.about.whole and not shape.about.guard then
    warnings[#warnings + 1] = "`whole = true` of " .. shape.name .. " without `guard`: an edit of another field between the read and the update is undone; name the header that carries the version if the system heeds one"
  end
  return { key = array { shape.key }, fields = fields, warnings = warnings, tells_times = shape.about.modified ~= nil and nil }
end

-- Reading ---------------------------------------------------------------------------------------------------------------

-- The record and its row as the system shows it; false where it is not there.
local function read_one(conn, shape, key)
  local reply, err = wire.get(conn, shapes.item(shape, key))
  if not reply and err.code == "not_found" or reply and shapes.is_nothing(shape, reply) then return false end
  if not reply then return nil, err end
  local row = shapes.one(shape, reply)
  local record
  record, err = shapes.record(shape, row, reply)
  if not record then return nil, err end
  if record.key == key then return record, row end
  -- One that was merged into another, or a system that does not heed `item`: what it shows is no word about this key.
  return fail("invalid", ("%s was asked for the key %s and answered with %s"):format(shape.name, key, record.key),
    "is `item` as the system has it, and the key spelled as it is there, in its letters too? If the record was merged into another one there, delete its copy on the other side")
end

function M.read(conn, collection, keys)
  local shape, err = shapes.plan(conn, collection)
  if not shape then return nil, err end
  local found
  found, err = connector.each(keys, 4, function(key)
    local record, why = read_one(conn, shape, key)
    return record, record == nil and why or nil
  end)
  if not found then return nil, err end
  local records = array {}
  for _, record in ipairs(found) do
    if record then records[#records + 1] = record end
  end
  return records
end

function M.list(conn, collection, cursor, limit)
  local shape, err = shapes.plan(conn, collection)
  if not shape then return nil, err end
  return pages.next(conn, shape, { cursor = cursor, limit = limit, conditions = connector.conditions(collection.scope) })
end

-- What of a scope is looked at here the system counts all the same.
function M.count(conn, collection)
  local shape, err = shapes.plan(conn, collection)
  if not shape then return nil, err end
  if #connector.conditions(collection.scope) > 0 then return nil end
  return pages.count(conn, shape)
end

-- Every page until three are found; the system may heed case or not, so what it answers is looked through again.
local function find_one(conn, shape, query)
  local conditions = {}
  for i, part in ipairs(query) do
    conditions[i] = { field = part.field, op = "=", value = part.value, fold = part.fold }
  end
  local answers, cursor = array {}, nil
  for _ = 1, 10000 do
    local page, err = pages.next(conn, shape, { cursor = cursor, limit = shape.size, conditions = conditions })
    if not page then return nil, err end
    if connector.deal({ query }, page.records, answers) or not page.cursor then return answers[1] or array {} end
    cursor = page.cursor
  end
  return fail("unavailable", shape.name .. " has pages without end", "is `page` as the system has it?")
end

function M.find(conn, collection, queries)
  local asked = {}
  for i, part in ipairs(queries[1] or {}) do asked[i] = part.field end
  local shape, err = shapes.plan(conn, collection, asked)
  if not shape then return nil, err end
  local answers = array {}
  for i, query in ipairs(queries) do
    answers[i], err = find_one(conn, shape, query)
    if not answers[i] then return nil, err end
  end
  return answers
end

-- Changes -----------------------------------------------------------------------------------------------------------------

function M.start(conn, collection)
  local shape, err = shapes.plan(conn, collection)
  if not shape then return nil, err end
  if not conn.state.server_date then
    local page
    page, err = pages.first(conn, shape, 1)
    if not page then return nil, err end
  end
  return connector.cursor(conn, connector.server_now(conn))
end

-- A scan of what changed since the mark less the overlap; without `since` of the whole collection. The mark moves, to the time
-- at which the scan began, when it is through.
function M.changes(conn, collection, cursor, limit)
  local shape, err = shapes.plan(conn, collection)
  if not shape then return nil, err end
  local floor = given(cursor.floor) or time.add(cursor.mark, -conn.config.overlap)
  local began = given(cursor.began) or connector.server_now(conn)
  local page
  page, err = pages.next(conn, shape, { cursor = given(cursor.page), limit = limit, since = shape.since and floor })
  if not page then return nil, err end
  local records = connector.fresh(conn, cursor, page.records, shape.since and time.add(began, -conn.config.overlap) or nil)
  local following = { id = cursor.id, turn = cursor.turn + 1, mark = page.cursor and cursor.mark or began, polled = began,
    page = page.cursor, floor = page.cursor and floor or nil, began = page.cursor and began or nil }
  if not page.cursor and shape.since then connector.forget(conn, cursor, floor) end
  return { records = records, deleted = array {}, cursor = following, more = page.cursor ~= nil }
end

-- Writes ------------------------------------------------------------------------------------------------------------------

-- What the system made of it is read, because nobody knows what its answer shows.
local function read_back(conn, shape, key)
  local record, err = read_one(conn, shape, key)
  if record then return record end
  if record == false then return fail("unknown", "written, but it is not there any more") end
  return fail("unknown", "written, but it could not be read back: " .. err.message, err.hint)
end

-- What is sent to a system whose update replaces the record: all that it shows now, with the changes laid over.
local function laid_over(conn, shape, key, values, guard)
  local record, row = read_one(conn, shape, key)
  if record == nil then return nil, row end
  if not record then return fail("not_found", "there is no " .. shape.name .. " " .. key) end
  if shapes.guard(shape, guard) and record.version ~= guard then return fail("stale", shape.name .. " " .. key .. " was changed meanwhile") end
  local all = {}
  for _, part in ipairs { row, values } do
    for name, value in pairs(part) do all[name] = value end
  end
  return all
end

function M.update(conn, collection, key, values, guard)
  local shape, err = shapes.plan(conn, collection)
  if not shape then return nil, err end
  local sent = values
  if shape.about.whole then sent, err = laid_over(conn, shape, key, values, guard) end
  if not sent then return nil, err end
  local reply
  reply, err = wire.write(conn, shape.update, shapes.item(shape, key), shapes.body(shape, sent), shapes.guard(shape, guard))
  if not reply then return nil, err end
  if shapes.is_nothing(shape, reply) then return fail("not_found", "there is no " .. shape.name .. " " .. key) end
  return read_back(conn, shape, key)
end

function M.delete(conn, collection, key, guard)
  local shape, err = shapes.plan(conn, collection)
  if not shape then return nil, err end
  local reply
  reply, err = wire.write(conn, "DELETE", shapes.item(shape, key), nil, shapes.guard(shape, guard))
  if not reply then return nil, err end
  if shapes.is_nothing(shape, reply) then return fail("not_found", "there is no " .. shape.name .. " " .. key) end
  return true
end

local function create_one(conn, shape, entry)
  local reply, err = wire.write(conn, "POST", shape.path, shapes.body(shape, entry.values))
  if not reply then return { error = err } end
  local made = shapes.one(shape, reply)
  local key = type(made) == "table" and made[shape.key]
  if key == nil or key == json.null then
    return { error = select(2, fail("unknown", "the answer does not tell the key of what was made", "`one` says where the record stands in an answer")) }
  end
  local record
  record, err = read_back(conn, shape, connector.plain(key))
  return record and { record = record } or { error = err }
end

function M.create(conn, collection, entries)
  local shape, err = shapes.plan(conn, collection)
  if not shape then return nil, err end
  local outcomes = array {}
  for i, entry in ipairs(entries) do outcomes[i] = create_one(conn, shape, entry) end
  return outcomes
end

return M
