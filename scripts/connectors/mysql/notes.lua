--- What the triggers of an outbox write of a row: its key, spelled as the connector reads it, whatever the writer's session is set to.

local decimal = require "tidewire.decimal"
local hash = require "tidewire.hash"
local db = require "connectors.mysql.db"

local M = {}

local bytes = { binary = true, varbinary = true, tinyblob = true, blob = true, mediumblob = true, longblob = true }
local numbers = { tinyint = true, smallint = true, mediumint = true, int = true, bigint = true, year = true, decimal = true, double = true }
local times = { date = true, time = true, datetime = true }

local function hexed(digits) return "concat(char(92, 120 using utf8mb4), " .. digits .. ")" end

-- A part of the key. A timestamp is told in the writer's zone; unix_timestamp gives what is stored.
local function part(row, column)
  local value, kind = row .. "." .. db.quoted(column.name), column.kind
  if bytes[kind] then return hexed("lower(hex(" .. value .. "))") end
  if kind == "bit" then return value .. " + 0" end
  if kind == "timestamp" then
    return ("cast(cast('1970-01-01' + interval unix_timestamp(%s) second as datetime(%d)) as char)"):format(value, db.places(column))
  end
  if times[kind] then return "cast(" .. value .. " as char)" end
  if kind == "float" then return value .. " + 0e0" end
  if numbers[kind] then return column.type:find "zerofill" and value .. " + 0" or value end
  return "convert(" .. value .. " using utf8mb4)"
end

local function listed(about, row, key, spell)
  local parts = {}
  for n, name in ipairs(key) do
    if not about.by_name[name] then return nil end
    parts[n] = spell(row, about.by_name[name])
  end
  return "json_array(" .. table.concat(parts, ", ") .. ")"
end

--- The list of a row's key: `row` is "new" or "old". Nil where the table has not all its columns.
function M.list(about, row, key) return listed(about, row, key, part) end

-- Of rows below records: { "order_id": 5 }, the record that a row belonged to.
local function parent(column)
  return "json_object('" .. column.name:gsub("'", "''") .. "', " .. part("old", column) .. ")"
end

--- Triggers that note whose a row was have names that begin so.
M.parent_prefix = "tidewire_parent_"

--- The names of the columns whose old values the table's triggers note, for both events.
function M.told(about)
  local list = {}
  for _, column in ipairs(about.columns) do
    local events = {}
    for _, one in ipairs(about.parent_triggers) do
      if one.text:find(parent(column), 1, true) then events[one.event] = true end
    end
    if events.update and events.delete then list[#list + 1] = column.name end
  end
  return list
end

--- Those of the columns `parents` that they do not.
function M.untold(about, parents)
  local known, missing = {}, {}
  for _, name in ipairs(M.told(about)) do known[name] = true end
  for _, name in ipairs(parents) do
    if not known[name] then missing[#missing + 1] = name end
  end
  return missing
end

-- As versions before this one wrote it, of which bytes and other texts than utf8mb4 were refused.
local function former(about, row, key)
  return listed(about, row, key, function(place, column) return place .. "." .. db.quoted(column.name) end)
end

local rows = { insert = "new", update = "new", delete = "old" }

-- Triggers of this version's names begin so.
M.prefix = "tidewire_note_"

-- Whether some trigger, of this version or of a former one, notes the key for each event, by the list that `make` makes.
local function each_noted(about, key, make, present)
  for event, row in pairs(rows) do
    local list, found = make(about, row, key), false
    for _, one in ipairs(about.triggers) do
      local ours = one.name:sub(1, #M.prefix) == M.prefix
      found = found or list ~= nil and ours == present and one.event == event and one.text:find(list, 1, true) ~= nil
    end
    if not found then return false end
  end
  return true
end

--- Whether the triggers of the table note this collection's key, and not that of another mapping: "now" as this version spells it,
--- "formerly" as an older one did, else nil.
function M.noted(about, key)
  if each_noted(about, key, M.list, true) then return "now" end
  return each_noted(about, key, former, false) and "formerly" or nil
end

--- Whether they note another key than this one: not the same columns, of which one may have become another type.
function M.notes_another(about, key)
  for _, one in ipairs(about.triggers) do
    if one.event == "insert" then
      local seen, list = {}, {}
      for name in one.text:gmatch "new%.(`[^`]+`)" do
        if not seen[name] then list[#list + 1] = name end
        seen[name] = true
      end
      local wanted = {}
      for n, name in ipairs(key) do wanted[n] = db.quoted(name) end
      if table.concat(list, ",") ~= table.concat(wanted, ",") then return true end
    end
  end
  return false
end

-- The triggers that there should be -------------------------------------------------------------------------------------

--- A trigger's name is one of its database, of 64 letters at most. Former versions left out `note`, so that theirs stand beside ours
--- until ours are there.
function M.trigger_name(what, table_name)
  if #table_name <= 40 then return "tidewire_" .. what .. "_" .. table_name end
  local front = table_name:sub(1, 27):gsub("[\xC0-\xFF][\x80-\xBF]*$", "")
  return "tidewire_" .. what .. "_" .. front .. "_" .. hash.sha256(table_name):sub(1, 12)
end

-- In a trigger utc_timestamp is when the statement began, perhaps long ago; sysdate is now, in the session's zone.
local moment = "timestampadd(microsecond, timestampdiff(microsecond, now(6), utc_timestamp(6)), sysdate(6))"

-- A statement that writes a row of the outbox.
local function note(conn, collection, op, list)
  local database, table_name = db.place(conn, collection)
  return "insert into " .. db.quoted(database) .. ".`tidewire_outbox` (at, tbl, op, `keys`) values (" .. moment .. ", '" .. table_name:gsub("'", "''") .. "', '" .. op .. "', " .. list .. ")"
end

-- What cannot be written down, since a key's column has become another type, is left out (the outbox is not believed any more then):
-- the application's statement does not fail for it.
local function body(statements)
  return "begin declare continue handler for 1048, 1264, 1292, 1366, 1406, 3144 begin end; " .. statements .. "; end"
end

--- Those that note the key of each changed row, { what, event, text }; none where the table has not all its columns. A key that changes even
--- in its spelling alone is a deletion and a new row.
function M.wanted(conn, collection, about)
  local old, new = M.list(about, "old", collection.key), M.list(about, "new", collection.key)
  if not old then return {} end
  local gone = note(conn, collection, "DELETE", old)
  local moved = "if not (cast(" .. old .. " as binary) <=> cast(" .. new .. " as binary)) then " .. gone .. "; end if; "
  return {
    { what = "note_insert", event = "insert", text = body(note(conn, collection, "INSERT", new)) },
    { what = "note_update", event = "update", text = body(moved .. note(conn, collection, "UPDATE", new)) },
    { what = "note_delete", event = "delete", text = body(gone) },
  }
end

--- Those that note whose a row was that went or moved, by the columns `parents` and those which are told already.
function M.wanted_parents(conn, collection, about, parents)
  local tells, gone, moved = {}, {}, {}
  for _, names in ipairs { M.told(about), parents } do
    for _, name in ipairs(names) do tells[name] = true end
  end
  for _, column in ipairs(about.columns) do
    if tells[column.name] then
      local old, noted = "old." .. db.quoted(column.name), note(conn, collection, "PARENT", parent(column))
      gone[#gone + 1] = ("if %s is not null then %s; end if"):format(old, noted)
      moved[#moved + 1] = ("if %s is not null and not (cast(%s as binary) <=> cast(%s as binary)) then %s; end if"):format(old, part("old", column), part("new", column), noted)
    end
  end
  if #gone == 0 then return {} end
  return { { what = "parent_update", event = "update", text = body(table.concat(moved, "; ")) }, { what = "parent_delete", event = "delete", text = body(table.concat(gone, "; ")) } }
end

-- MySQL tells a quote within a name once where it was written twice.
local function plainly(text) return (text:gsub("''", "'"):gsub("%s+", " "):gsub(" $", "")) end

--- The one of the triggers `list` that does just what `wanted` says, or nil.
function M.same(list, wanted)
  for _, one in ipairs(list) do
    if one.event == wanted.event and plainly(one.text) == plainly(wanted.text) then return one end
  end
end

--- Whether some of the triggers, which note this collection's key, are not what this version would make.
function M.outdated(conn, collection, about, key)
  local here = { name = collection.name, key = key }
  for _, one in ipairs(M.wanted(conn, here, about)) do
    if not M.same(about.triggers, one) then return true end
  end
  for _, one in ipairs(#about.parent_triggers > 0 and M.wanted_parents(conn, here, about, {}) or {}) do
    if not M.same(about.parent_triggers, one) then return true end
  end
  return false
end

-- The number whose bytes are told in hex, exact beyond 2^53.
local function number_of(hex)
  local number = decimal.dec(0)
  for pair in hex:gmatch "%x%x" do number = number * 256 + tonumber(pair, 16) end
  return number
end

--- A noted part in today's spelling: former versions left bytes that are letters as they are and told bits as bytes, and MySQL told six
--- places of each time.
function M.spelled(column, value)
  if type(value) ~= "string" then return value end
  if column.kind == "bit" then return value:find "^\\x%x+$" and number_of(value:sub(3)) or value end
  if bytes[column.kind] and not value:find "^\\x%x*$" then
    return "\\x" .. value:gsub(".", function(byte) return ("%02x"):format(byte:byte()) end)
  end
  if column.kind ~= "time" and column.kind ~= "datetime" and column.kind ~= "timestamp" then return value end
  local whole, fraction = value:match "^([^.]+)%.?(%d*)$"
  local places = db.places(column)
  if not whole or #fraction <= places then return value end
  return places == 0 and whole or whole .. "." .. fraction:sub(1, places)
end

return M
