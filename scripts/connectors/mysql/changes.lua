--- What changed: from the outbox that triggers write, else by the time column with an overlap, else the whole table.
---
--- The outbox is read with a lock that waits for rows not yet committed, and stays a second behind, by when a number that was
--- given out is in the table: so a transaction that commits late is never passed over. One that runs for long holds the
--- reading up; it goes on when that ends. It ends before the first row that is younger: a later number may bear an earlier time.

local connector = require "tidewire.connector"
local json = require "tidewire.json"
local tables = require "tidewire.tables"
local time = require "tidewire.time"
local db = require "connectors.mysql.db"
local notes = require "connectors.mysql.notes"
local rows = require "connectors.mysql.rows"

local array = json.array
local given = connector.given

local M = {}

local iso = "date_format(utc_timestamp(6), '%Y-%m-%dT%H:%i:%s.%fZ')"

local function uses_outbox(conn, shape)
  return conn.config.changes ~= "poll" and notes.noted(shape.about, shape.key) ~= nil
end

--- The outbox beside a collection's table.
function M.outbox(conn, collection)
  local database, name = db.place(conn, collection)
  return db.quoted(database) .. ".`tidewire_outbox`", name
end

-- Read with the same lock: what a transaction that is still open has noted may have a smaller number than the newest, and no load sees it.
local function outbox_start(conn, collection)
  local outbox, name = M.outbox(conn, collection)
  local answers, err = db.transaction(conn, {
    { "select coalesce(max(case when at < utc_timestamp(6) - interval 1 minute then seq end), 0) as seq from " .. outbox .. " where tbl = ? lock in share mode", array { name } },
    { "select " .. iso .. " as now" } })
  if not answers then return nil, err end
  local now = answers[2][1].now
  tables.note_clock(conn, now)
  return { outbox = answers[1][1].seq, at = now }
end

-- Rows that every cursor we know of has passed, once an hour. A week is kept for other readers of the same outbox.
local function prune(conn, outbox, name, seen)
  local pruned = conn.state.pruned or {}
  conn.state.pruned = pruned
  local id = outbox .. name
  if pruned[id] and time.clock() - pruned[id] < 3600 then return end
  pruned[id] = time.clock()
  db.query(conn, "delete from " .. outbox .. " where tbl = ? and seq <= ? and at < utc_timestamp(6) - interval 7 day limit 10000", { name, seen }, true)
end

-- Rows up to the first that may have others before it that are still to come; a time far ahead is a clock's that was put back.
local function until_young(read)
  local events = array {}
  for n, row in ipairs(read) do
    if row.settled ~= 1 then break end
    events[n] = row
  end
  return events
end

local function parent_texts(column, values)
  local texts = {}
  for n, value in ipairs(values) do texts[n] = notes.spelled(column, value) end
  return texts
end

local function outbox_changes(conn, collection, shape, cursor, limit)
  local outbox, name = M.outbox(conn, collection)
  local answers, err = db.transaction(conn, {
    { "select seq, op, `keys`, at < utc_timestamp(6) - interval 1 second or at > utc_timestamp(6) + interval 1 minute as settled from " .. outbox
      .. " where tbl = ? and seq > ? order by seq limit ? lock in share mode", array { name, cursor.outbox, limit } },
    { "select " .. iso .. " as now" } })
  if not answers then return nil, err end
  local events = until_young(answers[1])
  for _, event in ipairs(events) do
    event.key = json.decode(event.keys)
    for n, part in ipairs(event.op ~= "PARENT" and shape.key or {}) do event.key[n] = notes.spelled(shape.about.by_name[part], event.key[n]) end
  end
  local answer
  answer, err = tables.outcome(conn, shape, events)
  if not answer then return nil, err end
  answer.parents = tables.parents(shape, events, parent_texts)
  local last = events[#events]
  answer.cursor, answer.more = { outbox = last and last.seq or cursor.outbox, at = answers[2][1].now }, #events == limit
  if not answer.more then prune(conn, outbox, name, cursor.outbox) end
  return answer
end

local function newest(conn, shape)
  local found, err = db.query(conn, "select date_format(max(" .. db.quoted(shape.modified.name) .. "), '%Y-%m-%dT%H:%i:%s.%fZ') as stamp, "
    .. iso .. " as now from " .. shape.name)
  if not found then return nil, err end
  tables.note_clock(conn, found[1].now)
  return tables.cursor(conn, shape, given(found[1].stamp) or "1970-01-01T00:00:01.000000Z")
end

function M.start(conn, collection)
  local shape, err = rows.plan(conn, collection)
  if not shape then return nil, err end
  if uses_outbox(conn, shape) then return outbox_start(conn, collection) end
  if not shape.modified then return { whole = true } end
  return newest(conn, shape)
end

function M.changes(conn, collection, cursor, limit)
  local shape, err = rows.plan(conn, collection)
  if not shape then return nil, err end
  if uses_outbox(conn, shape) then
    if cursor.outbox then return outbox_changes(conn, collection, shape, cursor, limit) end
    return connector.change_over(cursor, function() return outbox_start(conn, collection) end, function()
      return tables.poll(conn, shape, cursor, limit)
    end, true)
  end
  if cursor.outbox then return tables.poll_after(conn, shape, cursor, limit) end
  return tables.poll(conn, shape, cursor, limit)
end

return M
