--- Changes by logical decoding: the server's own log, read through a slot with the plugin pgoutput.
---
--- The slot is read by plain statements (peek), so it works wherever the role may replicate, and moves only when a later
--- call brings the cursor back, which proves that its page was kept. A slot keeps the log from being recycled until it
--- moves: one that nobody reads any more fills the disk, so `uninstall` drops those of its table. Of a change only the key is
--- taken; the row is read.

local connector = require "tidewire.connector"
local hash = require "tidewire.hash"
local json = require "tidewire.json"
local valid = require("tidewire.text").valid
local damaged = require "connectors.postgres.damaged"
local db = require "connectors.postgres.db"
local page_size = require "tidewire.page_size"

local array = json.array
local fail, given = connector.fail, connector.given

local M = {}

-- One message ---------------------------------------------------------------------------------------------------------

-- A bytea as text, "\x4f01...", read from the front.
local function reader(text)
  local at, self = 3, {}
  function self.byte()
    at = at + 2
    return tonumber(text:sub(at - 2, at - 1), 16)
  end
  function self.number(bytes)
    at = at + 2 * bytes
    return tonumber(text:sub(at - 2 * bytes, at - 1), 16)
  end
  function self.skip(bytes) at = at + 2 * bytes end
  function self.lsn() return ("%X/%X"):format(self.number(4), self.number(4)) end
  function self.text(bytes)
    at = at + 2 * bytes
    return (text:sub(at - 2 * bytes, at - 1):gsub("%x%x", function(pair) return string.char(tonumber(pair, 16)) end))
  end
  function self.name()
    local from = at
    while self.byte() ~= 0 do end
    local length = (at - from) / 2 - 1
    at = from
    local name = self.text(length)
    self.skip(1)
    return name
  end
  return self
end

local function relation(message)
  local id, about = message.number(4), { columns = {} }
  about.place = message.name() .. "." .. message.name()
  message.skip(1)
  for i = 1, message.number(2) do
    message.skip(1)
    about.columns[i] = message.name()
    message.skip(8)
  end
  return id, about
end

-- The values of the wanted columns; what was not sent, or is null, is left out.
local function tuple(message, about, wanted)
  local values = {}
  for i = 1, message.number(2) do
    if string.char(message.byte()) == "t" then
      local length = message.number(4)
      if wanted[about.columns[i]] then values[about.columns[i]] = damaged.shown(message.text(length)) else message.skip(length) end
    end
  end
  return values
end

local function parts_of(shape, values)
  local key = array {}
  for n, name in ipairs(shape.key) do
    local text = values[name]
    if text == nil then return nil end
    local cast = shape.about.by_name[name].cast
    local whole = cast == "integer" or cast == "bigint" or cast == "smallint"
    key[n] = whole and json.decode(text) or text      -- other types are spelled as they are read by `changes`
  end
  return key
end

-- The row as it was, as far as the log has it, and as it is.
local function tuples(kind, message, about, wanted)
  local old, new, mark
  if kind ~= "I" then
    mark = string.char(message.byte())
    if mark ~= "N" then old = tuple(message, about, wanted) end
  end
  if kind ~= "D" then
    if mark ~= "N" then message.skip(1) end
    new = tuple(message, about, wanted)
  end
  return old, new
end

-- An event, or two where an update moved the key, and whose row is gone.
local function add_change(events, shape, parents, old, new)
  local before, after = old and parts_of(shape, old), new and parts_of(shape, new)
  for _, name in ipairs(parents) do
    if old and old[name] and not (new and new[name] == old[name]) then events[#events + 1] = { op = "PARENT", key = { [name] = old[name] } } end
  end
  local moved = before and after and json.encode(before) ~= json.encode(after)
  if before and (moved or not new) then events[#events + 1] = { op = "DELETE", key = before } end
  if after then events[#events + 1] = { op = "UPDATE", key = after } end
end

-- Of several tables that one statement emptied, ours.
local function emptied(message, relations, place)
  local count = message.number(4)
  message.skip(1)
  for _ = 1, count do
    local about = relations[message.number(4)]
    if about and about.place == place then return true end
  end
  return false
end

-- Events of our table, and the end of the last transaction.
local function decode(messages, shape, place, parents)
  local events, relations, wanted, last = {}, {}, {}, nil
  for _, list in ipairs { shape.key, parents } do
    for _, name in ipairs(list) do wanted[name] = true end
  end
  for _, row in ipairs(messages) do
    local message = reader(row.data)
    local kind = string.char(message.byte())
    if kind == "R" then
      local id, about = relation(message)
      relations[id] = about
    elseif kind == "C" then
      message.skip(9)
      last = message.lsn()
    elseif kind == "T" then
      if emptied(message, relations, place) then events[#events + 1] = { op = "TRUNCATE" } end
    elseif kind == "I" or kind == "U" or kind == "D" then
      local about = relations[message.number(4)]
      if about and about.place == place then add_change(events, shape, parents, tuples(kind, message, about, wanted)) end
    end
  end
  return events, last
end

-- The slot ------------------------------------------------------------------------------------------------------------

local function place_of(conn, collection)
  local schema, name = db.place(conn, collection)
  return schema .. "." .. name
end

-- The name of the publication of a collection's table, and the one that earlier versions gave it, which two tables may share. Where the parts
-- joined by "_" might be those of another table, or are too long for a name, a part of a hash tells them apart.
local function publication_names(conn, collection)
  local schema, name = db.place(conn, collection)
  local plain = ("tidewire_" .. schema .. "_" .. name):gsub("%.", "_")
  if not schema:find "[_.]" and not name:find(".", 1, true) and #plain <= 60 then return plain, plain end
  local head = plain:sub(1, 51)
  while not valid(head) do head = head:sub(1, -2) end
  return head .. "_" .. hash.sha256(json.encode(array { schema, name })):sub(1, 8), plain:sub(1, 60)
end

--- The publication of a collection's table { name, there, whole, holds, tells, shared }: its name, whether it is there, tells the changes of
--- partitions under the table's name, has the table, which one loses that is dropped and made anew, tells every kind of change, and has
--- other tables, too. One that an earlier version made counts for the table that it has.
function M.published(conn, collection)
  local own, former = publication_names(conn, collection)
  local found, err = db.query(conn, [[
select * from (select p.pubname as name, p.pubviaroot as whole, p.puballtables or exists (select from pg_publication_rel r where r.prpubid = p.oid and r.prrelid = to_regclass($3)) as holds,
  p.pubinsert and p.pubupdate and p.pubdelete and p.pubtruncate as tells,
  exists (select from pg_publication_rel r where r.prpubid = p.oid and r.prrelid is distinct from to_regclass($3)) as shared
from pg_publication p where p.pubname in ($1, $2)) q where name = $1 or holds order by name = $1 desc]], { own, former, db.table_name(conn, collection) })
  if not found then return nil, err end
  local one = found[1] or { name = own, whole = false, holds = false, tells = false, shared = false }
  one.there = found[1] ~= nil
  return one
end

local function unpublished(published)
  return fail("invalid", "there is no publication " .. published.name .. " of the table", "tidewire install postgres MAPPING --yes")
end

--- How the slots of a collection's table begin.
function M.slots(conn, collection)
  return "tidewire_" .. hash.sha256(place_of(conn, collection)):sub(1, 8) .. "_"
end

--- A new slot: from now on.
function M.start(conn, collection)
  local found, err = M.published(conn, collection)
  if not found then return nil, err end
  if not (found.holds and found.tells) then return unpublished(found) end
  local slot = M.slots(conn, collection) .. hash.sha256(hash.id()):sub(1, 12)
  local made
  made, err = db.query(conn, "select lsn::text as lsn, clock_timestamp() as now from pg_create_logical_replication_slot($1, 'pgoutput')", { slot })
  if not made then
    if err.code == "denied" then err.hint = "the role needs REPLICATION, and the server wal_level = logical" end
    if db.took_too_long(err) then err.hint = "a slot begins when the transactions that are open have ended: end them, or look for the oldest in pg_stat_activity; it is tried again" end
    return nil, err
  end
  return { slot = slot, lsn = made[1].lsn, at = made[1].now }
end

-- A cursor that the slot has passed is that of an older state put back: what came between is not in the slot any more.
local advance = [[
select pg_replication_slot_advance(slot_name, $2::pg_lsn) from pg_replication_slots
where slot_name = $1 and wal_status is distinct from 'lost' and confirmed_flush_lsn <= $2::pg_lsn]]

-- A slot that was passed, or whose log the server threw away, stands there still, and is of no use.
local drop = "select pg_drop_replication_slot(slot_name) from pg_replication_slots where slot_name = $1 and not active"

-- A peek ends with a transaction, however long that is: of one that is longer than a page, so much at a time, behind the `within` messages that
-- were taken of it. What names its tables ("R") comes once, so it is taken along with every page and is no part of its measure: of a table with
-- many partitions it would leave no room for anything else.
local peek = [[
select data, n from pg_logical_slot_peek_binary_changes($1, null, $2, 'proto_version', '1', 'publication_names', $3) with ordinality m(lsn, xid, data, n)
where n <= $2 and (n > $4 or get_byte(data, 0) = ascii('R')) order by n]]

local function too_long(err, slot)
  if page_size.is_too_large(err) then
    err.hint = ("a row that was changed is larger than what is read of the log at once: let the table be read once as a whole instead: select pg_drop_replication_slot('%s')"):format(slot)
  elseif db.took_too_long(err) or err.message:find("time limit", 1, true) then
    err.hint = ("the log behind this slot takes more than %d minutes to be read: where that stays so, let the table be read once as a whole instead: select pg_drop_replication_slot('%s')")
      :format(db.patience / 60, slot)
  end
  return nil, err
end

--- Events after the cursor: { events, cursor, more }; `gone` where the slot does not hold them.
function M.events(conn, collection, shape, cursor, limit)
  local published, err = M.published(conn, collection)
  if not published then return nil, err end
  if not (published.holds and published.tells) then
    -- What was changed meanwhile is not in the slot, whatever is published later.
    db.query(conn, drop, { cursor.slot }, true)
    return unpublished(published)
  end
  local moved
  moved, err = db.read_log(conn, { { advance, { cursor.slot, cursor.lsn } } })
  if not moved then return too_long(err, cursor.slot) end
  if #moved[1] == 0 then
    db.query(conn, drop, { cursor.slot }, true)
    return { gone = true }
  end
  local within, at_once = given(cursor.within) or 0, nil
  local answers
  -- Each page of a long transaction costs decoding all of it, so it is a large one, as long as its rows are not.
  answers, err = page_size.rows(conn, cursor.slot, 4 * limit, function(failure) return page_size.is_too_large(failure) and 1 end, function(size)
    at_once = size
    return db.read_log(conn, { { "select pg_current_wal_flush_lsn()::text as lsn, clock_timestamp() as now" },
      { peek, { cursor.slot, within + at_once, db.quoted(published.name), within } } })
  end)
  if not answers then return too_long(err, cursor.slot) end
  local messages = answers[2]
  local events, last = decode(messages, shape, place_of(conn, collection), given(collection.parents) or {})
  local following = { slot = cursor.slot, lsn = last or cursor.lsn, at = answers[1][1].now }
  local reached = messages[#messages] and messages[#messages].n or 0
  local more = reached >= within + at_once
  if more and not last then
    following.within = reached
  elseif not more then
    following.lsn = given(answers[1][1].lsn) or following.lsn      -- all that was flushed before the peek has been looked at, so an idle table holds nothing up
  end
  return { events = events, more = more, cursor = following }
end

return M
