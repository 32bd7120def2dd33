--- What the triggers of an outbox write of a row: its key, spelled as the connector reads it, whatever the writer's session is set to.

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
  if kind == "bit" then
    local width = 2 * math.ceil(tonumber(column.type:match "%((%d+)%)" or 1) / 8)
    return hexed("lpad(lower(hex(" .. value .. " + 0)), " .. width .. ", '0')")
  end
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

--- What the two triggers of rows below records do: { event = statements }, of the columns (a list) that name a record.
function M.parents(list, note)
  local gone, moved = {}, {}
  for n, column in ipairs(list) do
    local old = "old." .. db.quoted(column.name)
    gone[n] = ("if %s is not null then %s; end if"):format(old, note(parent(column)))
    moved[n] = ("if %s is not null and not (cast(%s as binary) <=> cast(%s as binary)) then %s; end if"):format(old, part("old", column), part("new", column), note(parent(column)))
  end
  return { update = table.concat(moved, "; "), delete = table.concat(gone, "; ") }
end

--- Whether this trigger notes the old values of all these columns.
function M.tells(trigger, columns)
  for _, column in ipairs(columns) do
    if not trigger.text:find(parent(column), 1, true) then return false end
  end
  return true
end

--- The names of the columns whose old values the table's triggers note, for both events.
function M.told(about)
  local list = {}
  for _, column in ipairs(about.columns) do
    local events = {}
    for _, one in ipairs(about.parent_triggers) do
      if M.tells(one, { column }) then events[one.event] = true end
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

--- A noted part in today's spelling: former versions left bytes that are letters as they are, and MySQL told six places of each time.
function M.spelled(column, value)
  if type(value) ~= "string" then return value end
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
