--- What changed: from the outbox that triggers write, from the server's log, by the time column with an overlap, or the whole table.
---
--- An outbox row is read only once every transaction that began before its own has ended (its xid is below the oldest one
--- still running), and rows are read in the order of (xid, seq): so a transaction that commits late is never passed over.
--- What waits behind that mark is asked for again soon.

local connector = require "tidewire.connector"
local json = require "tidewire.json"
local log = require "tidewire.log"
local tables = require "tidewire.tables"
local time = require "tidewire.time"
local catalog = require "connectors.postgres.catalog"
local damaged = require "connectors.postgres.damaged"
local db = require "connectors.postgres.db"
local logical = require "connectors.postgres.logical"
local notes = require "connectors.postgres.notes"
local rows = require "connectors.postgres.rows"

local array = json.array
local given = connector.given

local M = {}

-- One that notes another mapping's key says nothing of ours.
local function uses_outbox(conn, collection, shape)
  return conn.config.changes == "auto" and catalog.notes(conn, collection, shape.about)
end

local table_id = catalog.place

-- The outbox --------------------------------------------------------------------------------------------------------

local position = [[
select pg_snapshot_xmin(pg_current_snapshot())::text as xid, clock_timestamp() as now]]

local waiting = [[
select exists (select from tidewire.outbox where "table" = $1 and xid >= pg_snapshot_xmin(pg_current_snapshot())) as pending,
  (select extract(epoch from clock_timestamp() - min(xact_start))::int from pg_stat_activity where backend_xid is not null) as held,
  clock_timestamp() as now]]

-- A cursor ahead of the whole cluster comes from another one, before a restore: all that is there is read.
local next_rows = [[
select seq, xid::text as xid, op, KEY as key from tidewire.outbox
where "table" = $1 and xid < pg_snapshot_xmin(pg_current_snapshot())
  and (xid, seq) > (case when $2::xid8 > pg_snapshot_xmax(pg_current_snapshot()) then '0'::xid8 else $2::xid8 end, $3::int8)
order by xid, seq limit $4]]

-- A key of other bytes than UTF-8 cannot be told as JSON: each byte is then told as the letter of Latin-1 that it would be.
local bytewise = "encode(convert(convert_to(key::text, 'SQL_ASCII'), 'LATIN1', 'UTF8'), 'hex')"

local function read_outbox(conn, id, from, limit)
  local function read(key) return db.transaction(conn, { { (next_rows:gsub("KEY", key)), array { id, from.xid, from.seq, limit } }, { waiting, array { id } } }) end
  local answers, err = read "key"
  if answers or not db.is_damaged(err) then return answers, err end
  answers, err = read(bytewise)
  for _, row in ipairs(answers and answers[1] or {}) do
    local latin = json.decode((row.key:gsub("%x%x", function(pair) return string.char(tonumber(pair, 16)) end)))
    row.key = latin and array(damaged.parts(latin))
    if row.op == "PARENT" then row.key = latin and damaged.parts(latin) end
  end
  return answers, err
end

local function outbox_start(conn)
  local found, err = db.query(conn, position)
  if not found then return nil, err end
  tables.note_clock(conn, found[1].now)
  return { outbox = { xid = found[1].xid, seq = -1 }, at = found[1].now }
end

-- A writer that stays open holds every later change back; somebody should know.
local function warn_of_writer(conn, id, about)
  local warned = conn.state.warned or {}
  conn.state.warned = warned
  local seconds = about.pending and given(about.held) or 0
  if seconds < 60 or warned[id] and time.clock() - warned[id] < 300 then return end
  warned[id] = time.clock()
  log.warn(("changes of %s wait for a transaction that has been open for %d s: end it, or look for it in pg_stat_activity"):format(id, seconds))
end

-- Rows that every cursor we know of has passed, once an hour. A week is kept for other readers of the same outbox.
local function prune(conn, id, seen)
  local pruned = conn.state.pruned or {}
  conn.state.pruned = pruned
  if pruned[id] and time.clock() - pruned[id] < 3600 then return end
  pruned[id] = time.clock()
  db.query(conn, [[delete from tidewire.outbox where "table" = $1 and (xid, seq) <= ($2::xid8, $3::int8)
    and at < now() - interval '7 days']], { id, seen.xid, seen.seq }, true)
end

local function parents_of(conn, shape, events)
  return tables.parents(shape, events, function(column, values)
    local keys, texts = array {}, {}
    for n, value in ipairs(values) do keys[n] = array { value } end
    local spelled, err = rows.spelled(conn, { about = shape.about, name = shape.name, key = { column.name }, is_parent = true }, keys)
    if not spelled then return nil, err end
    for n in ipairs(values) do texts[n] = spelled[n] and spelled[n][1] end
    return texts
  end)
end

-- What events come to, their keys spelled as rows are read, whoever wrote them in whatever session.
local function outcome(conn, shape, events)
  local keys, whole = array {}, {}
  for _, event in ipairs(events) do
    if event.op ~= "PARENT" and given(event.key) and #event.key == #shape.key then
      keys[#keys + 1], whole[#whole + 1] = event.key, event
    end
  end
  local spelled, err = rows.spelled(conn, shape, keys)
  if not spelled then return nil, err end
  for i, event in ipairs(whole) do event.key = spelled[i] end
  local answer, parents
  answer, err = tables.outcome(conn, shape, whole)
  if not answer then return nil, err end
  parents, err = parents_of(conn, shape, events)
  if err then return nil, err end
  answer.parents = parents
  for _, event in ipairs(events) do answer.sweep = answer.sweep or event.op == "TRUNCATE" end
  return answer
end

local function outbox_changes(conn, collection, shape, cursor, limit)
  local id, from = table_id(conn, collection), cursor.outbox
  local answers, err = read_outbox(conn, id, from, limit)
  if not answers then return nil, err end
  local events, about = answers[1], answers[2][1]
  local answer
  answer, err = outcome(conn, shape, events)
  if not answer then return nil, err end
  local last, more = events[#events], #events == limit
  local pending = conn.state.pending or {}
  conn.state.pending = pending
  pending[collection.name] = about.pending and not more or nil
  warn_of_writer(conn, id, about)
  answer.cursor, answer.more = { outbox = last and { xid = last.xid, seq = last.seq } or from, at = about.now }, more
  if not more then prune(conn, id, from) end
  return answer
end

-- The time column ---------------------------------------------------------------------------------------------------

local function newest(conn, shape)
  local name = db.quoted(shape.modified.name)
  local found, err = db.query(conn, "select " .. shape.select .. " from " .. shape.name .. " where " .. name
    .. " is not null order by " .. name .. " desc limit 1")
  if not found then return nil, err end
  local about
  about, err = db.query(conn, "select clock_timestamp() as now")
  if not about then return nil, err end
  tables.note_clock(conn, about[1].now)
  return tables.cursor(conn, shape, found[1] and given(found[1]["$stamp"]) or "1900-01-01T00:00:00.000000Z")
end

-- All -----------------------------------------------------------------------------------------------------------------

function M.start(conn, collection)
  local shape, err = rows.plan(conn, collection)
  if not shape then return nil, err end
  if conn.config.changes == "logical" then return logical.start(conn, collection) end
  if uses_outbox(conn, collection, shape) then return outbox_start(conn) end
  if not shape.modified then return { whole = true } end
  return newest(conn, shape)
end

-- Where the slot is gone, what it held is not known: a new one is made, the whole table read once, and what is missing looked for.
local function logical_changes(conn, collection, shape, cursor, limit)
  local found, err
  if cursor.slot then
    found, err = logical.events(conn, collection, shape, cursor, limit)
    if not found then return nil, err end
  end
  if not found or found.gone then
    local from = found and { whole = true } or cursor
    return connector.change_over(from, function() return logical.start(conn, collection) end, function()
      return tables.poll(conn, shape, from, limit)
    end, true)
  end
  local answer
  answer, err = outcome(conn, shape, found.events)
  if not answer then return nil, err end
  answer.cursor, answer.more = found.cursor, found.more
  return answer
end

function M.changes(conn, collection, cursor, limit)
  local shape, err = rows.plan(conn, collection)
  if not shape then return nil, err end
  if conn.config.changes == "logical" then return logical_changes(conn, collection, shape, cursor, limit) end
  if uses_outbox(conn, collection, shape) then
    if cursor.outbox then return outbox_changes(conn, collection, shape, cursor, limit) end
    return connector.change_over(cursor, function() return outbox_start(conn) end, function()
      return tables.poll(conn, shape, cursor, limit)
    end, true)
  end
  if cursor.outbox or cursor.slot then return tables.poll_after(conn, shape, cursor, limit) end
  return tables.poll(conn, shape, cursor, limit)
end

-- Listening ---------------------------------------------------------------------------------------------------------

local function hints(names)
  local list = array {}
  for _, name in ipairs(names) do list[#list + 1] = { collection = name } end
  return list
end

-- Those whose last poll left rows behind the mark.
local function held_back(conn, collections)
  local names, pending = {}, conn.state.pending or {}
  for _, collection in ipairs(collections) do
    if pending[collection.name] then names[#names + 1] = collection.name end
  end
  return names
end

--- The connection was replaced: nothing is heard with its credentials any more.
function M.unlisten(conn)
  if conn.state.listener then conn.state.listener:close() end
  conn.state.listener = nil
end

--- Waits until one of the collections may have changed; returns at once after connecting.
function M.listen(conn, collections)
  local handle, err = db.handle(conn)
  if not handle then return nil, err end
  conn.state.listener = conn.state.listener or handle:listen { notes.channel }
  local held = held_back(conn, collections)
  conn.state.held_turns = #held > 0 and (conn.state.held_turns or 0) + 1 or 0
  local payloads
  payloads, err = conn.state.listener:wait(#held > 0 and math.min(0.25 * conn.state.held_turns, 2) or 50)
  if not payloads then
    M.unlisten(conn)
    return nil, err
  end
  local told = {}
  for _, payload in ipairs(payloads) do told[payload] = true end
  for _, name in ipairs(held) do told[name] = true end
  local list = {}
  for _, collection in ipairs(collections) do
    if told[table_id(conn, collection)] or told[collection.name] then list[#list + 1] = collection.name end
  end
  return hints(list)
end

return M
