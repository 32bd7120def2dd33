--- Notion, over its public API (versions 2022-06-28 to 2026-03-11): a data source is a table, its pages are the records.
---
--- Nothing of Notion guards a write and its times are whole minutes, so what changed is told by content. A page in the trash
--- is deleted; one that cannot be reached is not.

local connector = require "tidewire.connector"
local json = require "tidewire.json"
local log = require "tidewire.log"
local files = require "connectors.notion.files"
local filters = require "connectors.notion.filters"
local install = require "connectors.notion.install"
local pages = require "connectors.notion.pages"
local search = require "connectors.notion.search"
local sources = require "connectors.notion.source"
local time = require "tidewire.time"
local windows = require "connectors.notion.windows"
local wire = require "connectors.notion.wire"

local array = json.array
local fail = connector.fail

local M = { kind = "notion" }

M.config = {
  url = { type = "url", default = "https://api.notion.com" },
  token = { secret = true, required = true },
  version = { options = { "2025-09-03", "2026-03-11", "2022-06-28" }, default = "2025-09-03" },
  verification_token = { secret = true },
  overlap = { type = "duration", default = 120 },
  limits = { type = "table", keys = { "rate", "parallel", "batch", "inbound", "max_file_size" }, default = { rate = "3/s", parallel = 3 } },
}
M.collections = {
  data_source = { times = { type = "table" }, single = { type = "table" } },
  database = { times = { type = "table" }, single = { type = "table" } },
}

function M.capabilities(config)
  return {
    guarded_writes = false, guarded_deletes = false, version_covers = "most", ordered_versions = false, payload = false,
    answer = "stored", bulk_read = 1, bulk_find = 20, bulk_create = 1, client_keys = false, incarnation = false,
    absence_proves_delete = true, settle = 120, time_resolution = 60, overlap = config.overlap, delete_events = true,
    poll_deletes = true,
  }
end

-- Notion makes up the secret and tells it once, to the address of the subscription.
function M.proof(config)
  local header, prefix = "X-Notion-Signature", "sha256="
  if not config.verification_token then
    return { kind = "none", handshake = { member = "verification_token", header = header, prefix = prefix } }
  end
  return { kind = "hmac-sha256", encoding = "hex", header = header, prefix = prefix, secret = "verification_token" }
end

M.payload = {
  collection = { "data.parent.data_source_id", "data.parent.id" }, key = { "entity.id" }, event = { "type" },
  deletes = { "page.deleted" },
}

M.test, M.catalog, M.describe, M.accept = sources.test, sources.catalog, sources.describe, sources.accept
M.install, M.uninstall = install.install, install.uninstall
M.find = search.find
M.download, M.upload = files.download, files.upload

-- Reading -------------------------------------------------------------------------------------------------------------

function M.read(conn, collection, keys)
  local shape, err = sources.plan(conn, collection)
  if not shape then return nil, err end
  local found
  found, err = connector.each(keys, 3, function(key)
    local page, why = pages.get(conn, shape, key)
    if not page then return page, why end
    return pages.record(conn, shape, page)
  end)
  if not found then return nil, err end
  local list = array {}
  for _, record in ipairs(found) do
    if record then list[#list + 1] = record end
  end
  return list
end

-- The records of a page of rows that were not handed out by a page before: those share its first minute.
local function unseen(conn, shape, collection, rows, seen)
  local list = array {}
  for _, row in ipairs(rows) do
    if not seen[row.id] then
      local record, err = pages.listed(conn, shape, row)
      if not record then return nil, err end
      seen[row.id] = row.created_time
      if not record.version or filters.in_scope(record, collection.scope) then list[#list + 1] = record end
    end
  end
  return list
end

local function kept_from(seen, from)
  local kept = json.object {}
  for id, created in pairs(seen) do
    if from and created >= from then kept[id] = created end
  end
  return kept
end

function M.list(conn, collection, cursor, limit)
  if cursor and cursor.done then return { records = array {} } end
  local shape, err = sources.plan(conn, collection, filters.fields_of(collection.scope))
  if not shape then return nil, err end
  local place, seen = cursor and cursor.place or {}, cursor and cursor.seen or {}
  local asked = filters.of_scope(shape, collection.scope)
  local list
  repeat
    local rows, following = windows.page(conn, shape, { by = "created_time", place = place, size = limit, filters = asked, twice = true })
    if not rows then return nil, following end
    list, err = unseen(conn, shape, collection, rows, seen)
    if not list then return nil, err end
    if not following and #list == 0 then return { records = list } end
    if not following then return { records = list, cursor = { done = true } } end
    place, seen = following, kept_from(seen, following.from)
  until #list > 0
  return { records = list, cursor = { place = place, seen = seen } }
end

-- Changes -------------------------------------------------------------------------------------------------------------

local function minute_of(iso) return iso:sub(1, 16) .. ":00.000Z" end

function M.start(conn, collection)
  local source, err = sources.of(conn, collection, true)
  if not source then return nil, err end
  local now = minute_of(connector.server_now(conn))
  return { live = connector.cursor(conn, now), gone = connector.cursor(conn, now) }
end

-- A minute is over only when the next has begun, so every poll begins before its mark.
local function floor_of(conn)
  return function(mark, polled) return minute_of(time.add(connector.mark_of(mark, minute_of(polled)), -conn.config.overlap)) end
end

local function scan(conn, cursor, limit, options)
  return connector.scan(conn, cursor, limit, { floor = floor_of(conn), page = function(floor, after, size)
    local rows, following = windows.page(conn, options.shape, { by = "last_edited_time", place = after or { from = floor }, size = size,
      twice = true, trash = options.trash })
    if not rows then return nil, following end
    local records, err = options.records(rows)
    if not records then return nil, err end
    return records, nil, following
  end })
end

-- What was trashed lately. Trashing by a person may not move a page's time; the sweep finds what is missed here.
local function trashed(conn, shape, cursor, limit)
  return scan(conn, cursor, limit, { shape = shape, trash = true, records = function(rows)
    local list = array {}
    for i, row in ipairs(rows) do list[i] = { key = row.id, stamp = row.last_edited_time } end
    return list
  end })
end

-- What is in the trash cannot be asked for: edits are told all the same, and deletions are found by sweeps.
local function without_trash(conn, collection, cursor, err)
  local warned = conn.state.trash_warned or {}
  conn.state.trash_warned = warned
  if not warned[collection.name] then log.warn(("the trash of %s cannot be asked for, so only sweeps find what is deleted: %s"):format(collection.name, err.message)) end
  warned[collection.name] = true
  return { records = array {}, deleted = array {}, more = false, cursor = { live = cursor.live, gone = cursor.gone } }
end

function M.changes(conn, collection, cursor, limit)
  local shape, err = sources.plan(conn, collection)
  if not shape then return nil, err end
  local answer
  if not cursor.through then
    answer, err = scan(conn, cursor.live, limit, { shape = shape, records = function(rows) return pages.records(conn, shape, rows) end })
    if not answer then return nil, err end
    local following = { live = answer.cursor, gone = cursor.gone, through = not answer.more or nil }
    return { records = answer.records, deleted = array {}, cursor = following, more = true }
  end
  answer, err = trashed(conn, shape, cursor.gone, limit)
  if not answer and err.code == "invalid" then return without_trash(conn, collection, cursor, err) end
  if not answer then return nil, err end
  local keys = array {}
  for i, one in ipairs(answer.records) do keys[i] = one.key end
  return { records = array {}, deleted = keys, more = answer.more,
    cursor = { live = cursor.live, gone = answer.cursor, through = answer.more or nil } }
end

-- Writes --------------------------------------------------------------------------------------------------------------

local function create_one(conn, collection, shape, entry)
  local properties, err = pages.properties(conn, collection, entry.values)
  if not properties then return nil, err end
  local reply
  reply, err = wire.request(conn, "POST", "pages", { body = { parent = sources.parent(shape.source), properties = properties } })
  if not reply and err.code == "stale" then return fail("unavailable", err.message) end
  if not reply and err.code == "not_found" then return fail("invalid", err.message, err.hint) end
  if not reply then return nil, err end
  local record
  record, err = pages.record(conn, shape, reply.body)
  if record then return record end
  return fail("unknown", "the page " .. tostring(reply.body.id) .. " was made, but cannot be read: " .. err.message, err.hint)
end

function M.create(conn, collection, entries)
  local shape, err = sources.plan(conn, collection)
  if not shape then return nil, err end
  local outcomes = array {}
  for i, entry in ipairs(entries) do
    local record, why = create_one(conn, collection, shape, entry)
    outcomes[i] = record and { record = record } or { error = why }
  end
  return outcomes
end

-- Why Notion calls a page archived: it lies in the trash, its database does, or it was restored a moment ago.
local function why_archived(conn, shape, key, refusal)
  local page, err = pages.get(conn, shape, key)
  if page == nil then return nil, err end
  if not page then return fail("not_found", "the page " .. key .. " lies in the trash") end
  if refusal.message:find "ancestor" then return fail("invalid", refusal.message, "restore the database in Notion") end
  return fail("unavailable", "the page " .. key .. " was restored a moment ago and cannot be written yet")
end

local function patch(conn, shape, key, body)
  local reply, err = wire.request(conn, "PATCH", pages.path_of(key), { body = body })
  if reply then return reply.body end
  if err.code == "invalid" and err.message:find "archived" then return why_archived(conn, shape, key, err) end
  return nil, err
end

function M.update(conn, collection, key, values)
  local shape, err = sources.plan(conn, collection)
  if not shape then return nil, err end
  local properties
  properties, err = pages.properties(conn, collection, values, function()
    local page, why = pages.get(conn, shape, key)
    if page == false then return fail("not_found", "the page " .. key .. " lies in the trash") end
    return page, why
  end)
  if not properties then return nil, err end
  local page
  page, err = patch(conn, shape, key, { properties = properties })
  if not page then return nil, err end
  local record
  record, err = pages.record(conn, shape, page)
  if record then return record end
  return fail("unknown", "the page " .. key .. " was written, but cannot be read: " .. err.message, err.hint)
end

local function trash_word(conn) return conn.config.version < wire.with_data_sources and "archived" or "in_trash" end

function M.delete(conn, collection, key)
  local shape, err = sources.plan(conn, collection)
  if not shape then return nil, err end
  local page
  page, err = pages.get(conn, shape, key)
  if page == nil then return nil, err end
  if not page then return fail("not_found", "the page " .. key .. " lies in the trash already") end
  page, err = patch(conn, shape, key, { [trash_word(conn)] = true })
  if not page then return nil, err end
  return true
end

function M.trash(conn, collection, key)
  local shape, err = sources.plan(conn, collection)
  if not shape then return nil, err end
  local page
  page, err = pages.get(conn, shape, key, true)
  if not page then return nil, err end
  local record
  record, err = pages.record(conn, shape, page)
  if not record then return nil, err end
  record.deleted_at = page.last_edited_time
  return record
end

function M.put_back(conn, collection, key)
  local shape, err = sources.plan(conn, collection)
  if not shape then return nil, err end
  local page
  page, err = pages.get(conn, shape, key)
  if page == nil then return nil, err end
  if not page then page, err = patch(conn, shape, key, { [trash_word(conn)] = false }) end
  if not page then return nil, err end
  return pages.record(conn, shape, page)
end

return M
