--- An outbox beside the table, and three triggers that write it. A row of it holds the key alone.

local connector = require "tidewire.connector"
local hash = require "tidewire.hash"
local json = require "tidewire.json"
local tables = require "tidewire.tables"
local catalog = require "connectors.mysql.catalog"
local changes = require "connectors.mysql.changes"
local db = require "connectors.mysql.db"
local notes = require "connectors.mysql.notes"

local array = json.array
local given = connector.given

local M = {}

local function outbox_text(name)
  return "create table if not exists " .. name .. [[ (
  seq bigint unsigned not null auto_increment primary key, at datetime(6) not null, tbl varchar(64) not null,
  op varchar(6) not null, `keys` text not null, key by_table (tbl, seq), key by_time (at)
) engine = InnoDB default charset = utf8mb4]]
end

-- A trigger's name is one of its database, of 64 letters at most. Former versions left out `note`, so that theirs stand beside ours
-- until ours are there.
local function trigger_name(what, table_name)
  if #table_name <= 40 then return "tidewire_" .. what .. "_" .. table_name end
  local front = table_name:sub(1, 27):gsub("[\xC0-\xFF][\x80-\xBF]*$", "")
  return "tidewire_" .. what .. "_" .. front .. "_" .. hash.sha256(table_name):sub(1, 12)
end

-- In a trigger utc_timestamp is when the statement began, perhaps long ago; sysdate is now, in the session's zone.
local moment = "timestampadd(microsecond, timestampdiff(microsecond, now(6), utc_timestamp(6)), sysdate(6))"

local function note(outbox, table_name, op, list)
  return "insert into " .. outbox .. " (at, tbl, op, `keys`) values (" .. moment .. ", '" .. table_name:gsub("'", "''") .. "', '" .. op .. "', " .. list .. ")"
end

-- What cannot be written down, since a key's column has become another type, is left out (the outbox is not believed any more then):
-- the application's statement does not fail for it.
local function body(statements)
  return "begin declare continue handler for 1048, 1264, 1292, 1366, 1406, 3144 begin end; " .. statements .. "; end"
end

-- The triggers that there should be: { name, event, text, list }, `list` of the key. A key that changes even in its spelling alone is a deletion and a new row.
local function wanted_triggers(conn, collection, about)
  local outbox, table_name = changes.outbox(conn, collection)
  local old, new = notes.list(about, "old", collection.key), notes.list(about, "new", collection.key)
  local gone = note(outbox, table_name, "DELETE", old)
  local moved = "if not (cast(" .. old .. " as binary) <=> cast(" .. new .. " as binary)) then " .. gone .. "; end if; "
  return {
    { name = trigger_name("note_insert", table_name), event = "insert", list = new, text = body(note(outbox, table_name, "INSERT", new)) },
    { name = trigger_name("note_update", table_name), event = "update", list = new, text = body(moved .. note(outbox, table_name, "UPDATE", new)) },
    { name = trigger_name("note_delete", table_name), event = "delete", list = old, text = body(gone) },
  }
end

local function drop_text(conn, collection, name)
  return "drop trigger if exists " .. db.quoted((db.place(conn, collection))) .. "." .. db.quoted(name)
end

local function create_text(conn, collection, about, one)
  return "create trigger " .. db.quoted((db.place(conn, collection))) .. "." .. db.quoted(one.name) .. " " .. (one.timing or "after") .. " " .. one.event .. " on " .. about.name
    .. " for each row " .. one.text
end

-- A name of two that is free. An installation that was broken off may have left both: one goes, the other notes on meanwhile.
local function free_name(conn, collection, about, what, add)
  local table_name, taken = select(2, changes.outbox(conn, collection)), {}
  for _, one in ipairs(about.parent_triggers) do taken[one.name] = true end
  local first, second = trigger_name(what, table_name), trigger_name(what .. "2", table_name)
  if not taken[first] then return first end
  if taken[second] then add("what an installation that was broken off left", drop_text(conn, collection, second)) end
  return second
end

local function parent_columns(about, parents)
  local columns, seen = {}, {}
  for _, names in ipairs { notes.told(about), parents } do
    for _, name in ipairs(names) do
      if about.by_name[name] and not seen[name] then columns[#columns + 1] = about.by_name[name] end
      seen[name] = true
    end
  end
  return columns
end

-- Of several mappings each may name a column; the triggers tell them all. As with the others, new ones come before old ones go.
local function parent_steps(conn, collection, about, add)
  local parents = given(collection.parents) or {}
  if #notes.untold(about, parents) == 0 then return end
  local outbox, table_name = changes.outbox(conn, collection)
  local wanted = notes.parents(parent_columns(about, parents), function(key) return note(outbox, table_name, "PARENT", key) end)
  local named = {}
  for _, event in ipairs { "update", "delete" } do
    local name = free_name(conn, collection, about, "parent_" .. event, add)
    named[name] = true
    add("what notes whose a row of " .. about.name .. " was", create_text(conn, collection, about, { name = name, event = event, text = body(wanted[event]) }))
  end
  for _, one in ipairs(about.parent_triggers) do
    if not named[one.name] then add("what notes less", drop_text(conn, collection, one.name)) end
  end
end

-- New ones come before old ones go, so that no change passes between them.
local function trigger_steps(conn, collection, about, add)
  local there, wanted = {}, {}
  for _, one in ipairs(about.triggers) do there[one.name] = one end
  for _, one in ipairs(wanted_triggers(conn, collection, about)) do
    local found = there[one.name]
    wanted[one.name] = true
    if not found or not found.text:find(one.list, 1, true) then
      if found then add("what notes something else", drop_text(conn, collection, one.name)) end
      add("what notes each " .. one.event .. " of " .. about.name, create_text(conn, collection, about, one))
    end
  end
  for _, one in ipairs(about.triggers) do
    if not wanted[one.name] then add("a trigger of a former version", drop_text(conn, collection, one.name)) end
  end
end

-- A time that the statement itself sets stands. A datetime is read as UTC.
local function time_steps(conn, collection, about, add)
  local column = catalog.time_column(conn, collection, about)
  if not column or catalog.is_kept(about, column) then return end
  local name, now = db.quoted(column.name), column.kind == "timestamp" and "current_timestamp" or "utc_timestamp"
  local text = ("begin if new.%s <=> old.%s then set new.%s = %s(%d); end if; end"):format(name, name, name, now, db.places(column))
  add("what keeps " .. name .. ", which nothing does", create_text(conn, collection, about,
    { name = trigger_name("touch", select(2, db.place(conn, collection))), timing = "before", event = "update", text = text }))
end

-- Statements that change a schema commit by themselves, so each is a step of its own.
local function carried_out(conn, steps, options)
  local apply = options and options.apply or false
  for _, step in ipairs(apply and steps or {}) do
    local done, err = true, nil
    if step.sql then done, err = db.query(conn, step.sql, {}, true) end
    tables.forget(conn)
    if not done then return nil, err end
  end
  return { steps = steps, applied = apply }
end

local function list()
  local steps = array {}
  return steps, function(title, text) steps[#steps + 1] = { title = title, sql = text } end
end

function M.install(conn, collection, options)
  tables.forget(conn)
  local about, err = catalog.table(conn, collection)
  if not about then return nil, err end
  if about.type ~= "BASE TABLE" then return connector.fail("invalid", about.name .. " is a view: its changes cannot be noted") end
  local steps, add = list()
  for _, names in ipairs { collection.key, given(collection.parents) or {} } do
    for _, name in ipairs(names) do
      if not about.by_name[name] then return connector.fail("invalid", about.name .. " has no column " .. db.quoted(name), "`tidewire schema` lists its columns") end
    end
  end
  if about.outbox and notes.notes_another(about, collection.key) then
    return connector.fail("invalid", "the outbox of " .. about.name .. " notes another key than " .. table.concat(collection.key, ", "),
      "give the mappings of one table the same key; this one is polled until then. To change the key, uninstall first")
  end
  if about.noticed == 0 then add("the outbox: one row per change", outbox_text((changes.outbox(conn, collection)))) end
  time_steps(conn, collection, about, add)
  trigger_steps(conn, collection, about, add)
  parent_steps(conn, collection, about, add)
  for _, text in ipairs(#steps > 0 and catalog.silent(about, collection) or {}) do
    steps[#steps + 1] = { title = "not noted: " .. text, todo = "keep `sweep` often enough, or delete and change such rows by a statement of their own" }
  end
  return carried_out(conn, steps, options)
end

-- A time that nobody keeps any more would be believed by polls and by `newest`, so what keeps it goes only by a person's word.
local function add_kept(conn, collection, about, steps)
  for _, one in ipairs(about.before_update) do
    if one.name:find "^tidewire_touch_" then
      steps[#steps + 1] = { title = "left as it is, for its time column is read by polls and by whoever else knows it: the trigger " .. one.name,
        todo = "where nothing reads the column any more: " .. drop_text(conn, collection, one.name) }
    end
  end
end

--- Takes the triggers of the outbox away. The outbox stays while other tables may use it, and so does what keeps the time, which the plan says.
function M.uninstall(conn, collection, options)
  tables.forget(conn)
  local about, err = catalog.table(conn, collection)
  if not about then return nil, err end
  -- What notes another key serves none of them.
  local left = not notes.notes_another(about, collection.key) and connector.left_to_others(options)
  if left then return left end
  local steps, add = list()
  for _, one in ipairs(about.triggers) do add("what notes each " .. one.event, drop_text(conn, collection, one.name)) end
  for _, one in ipairs(about.parent_triggers) do add("what notes whose rows were", drop_text(conn, collection, one.name)) end
  if #steps > 0 then add_kept(conn, collection, about, steps) end
  return carried_out(conn, steps, options)
end

return M
