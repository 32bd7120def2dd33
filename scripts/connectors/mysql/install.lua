--- An outbox beside the table, and three triggers that write it. A row of it holds the key alone.

local connector = require "tidewire.connector"
local json = require "tidewire.json"
local tables = require "tidewire.tables"
local catalog = require "connectors.mysql.catalog"
local changes = require "connectors.mysql.changes"
local db = require "connectors.mysql.db"

local array = json.array

local M = {}

local function outbox_text(name)
  return "create table if not exists " .. name .. [[ (
  seq bigint unsigned not null auto_increment primary key, at datetime(6) not null, tbl varchar(64) not null,
  op varchar(6) not null, `keys` text not null, key by_table (tbl, seq), key by_time (at)
) engine = InnoDB default charset = utf8mb4]]
end

local function trigger_name(about, event, collection, conn)
  local database, table_name = db.place(conn, collection)
  return db.quoted(database) .. "." .. db.quoted("tidewire_" .. event .. "_" .. table_name:sub(1, 40))
end

local function note(outbox, table_name, op, row, key)
  return "insert into " .. outbox .. " (at, tbl, op, `keys`) values (utc_timestamp(6), '" .. table_name:gsub("'", "''") .. "', '" .. op .. "', "
    .. catalog.key_list(row, key) .. ")"
end

local function key_moved(key)
  local terms = {}
  for n, name in ipairs(key) do terms[n] = "old." .. db.quoted(name) .. " <=> new." .. db.quoted(name) end
  return "not (" .. table.concat(terms, " and ") .. ")"
end

local function triggers(conn, collection, about, add)
  local outbox, table_name = changes.outbox(conn, collection)
  local key = collection.key
  local made, changed, gone = note(outbox, table_name, "INSERT", "new", key), note(outbox, table_name, "UPDATE", "new", key),
    note(outbox, table_name, "DELETE", "old", key)
  local function trigger(event, body)
    add("what notes each " .. event .. " of " .. about.name, "create trigger " .. trigger_name(about, event, collection, conn) .. " after " .. event .. " on "
      .. about.name .. " for each row " .. body)
  end
  trigger("insert", made)
  trigger("update", "begin if " .. key_moved(key) .. " then " .. gone .. "; end if; " .. changed .. "; end")
  trigger("delete", gone)
end

-- Statements that change a schema commit by themselves, so each is a step of its own.
local function carried_out(conn, steps, options)
  local apply = options and options.apply or false
  for _, step in ipairs(apply and steps or {}) do
    local done, err = db.query(conn, step.sql, {}, true)
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
  if catalog.notes(about, collection.key) then return { steps = steps, applied = false } end
  if about.outbox then
    return connector.fail("invalid", "the outbox of " .. about.name .. " notes another key than " .. table.concat(collection.key, ", "),
      "give the mappings of one table the same key; this one is polled until then. To change the key, uninstall first")
  end
  add("the outbox: one row per change", outbox_text((changes.outbox(conn, collection))))
  triggers(conn, collection, about, add)
  return carried_out(conn, steps, options)
end

--- Takes the triggers away. The outbox stays while other tables may use it.
function M.uninstall(conn, collection, options)
  tables.forget(conn)
  local about, err = catalog.table(conn, collection)
  if not about then return nil, err end
  local steps, add = list()
  for _, event in ipairs { "insert", "update", "delete" } do
    if about.triggers > 0 then add("what notes each " .. event, "drop trigger if exists " .. trigger_name(about, event, collection, conn)) end
  end
  return carried_out(conn, steps, options)
end

return M
