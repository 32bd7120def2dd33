--- An outbox beside the table, and three triggers that write it. A row of it holds the key alone.

local connector = require "tidewire.connector"
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

local function drop_text(conn, collection, name)
  return "drop trigger if exists " .. db.quoted((db.place(conn, collection))) .. "." .. db.quoted(name)
end

local function create_text(conn, collection, about, one)
  return "create trigger " .. db.quoted((db.place(conn, collection))) .. "." .. db.quoted(one.name) .. " " .. (one.timing or "after") .. " " .. one.event .. " on " .. about.name
    .. " for each row " .. one.text
end

-- A name of two that is free of the triggers in `list`. An installation that was broken off may have left both: one goes, the other notes on meanwhile.
local function free_name(conn, collection, list, what, add)
  local table_name, taken = select(2, db.place(conn, collection)), {}
  for _, one in ipairs(list) do taken[one.name] = true end
  local first, second = notes.trigger_name(what, table_name), notes.trigger_name(what .. "2", table_name)
  if not taken[first] then return first end
  if taken[second] then add("what an installation that was broken off left", drop_text(conn, collection, second)) end
  return second
end

-- New ones come before old ones go, so that no change passes between them. `list`: those that are there, `wanted`: those that there should be.
local function replace(conn, collection, about, list, wanted, title, add)
  local right = {}
  for _, one in ipairs(wanted) do
    local found = notes.same(list, one)
    if not found then
      one.name = free_name(conn, collection, list, one.what, add)
      add(title:format(one.event, about.name), create_text(conn, collection, about, one))
    end
    right[found and found.name or one.name] = true
  end
  for _, one in ipairs(list) do
    if not right[one.name] then add("what notes less, or something else", drop_text(conn, collection, one.name)) end
  end
end

-- Of several mappings each may name a column; the triggers tell them all.
local function parent_steps(conn, collection, about, add)
  local parents = given(collection.parents) or {}
  if #about.parent_triggers == 0 and #parents == 0 then return end
  replace(conn, collection, about, about.parent_triggers, notes.wanted_parents(conn, collection, about, parents), "what notes whose a row was, at each %s of %s", add)
end

local function trigger_steps(conn, collection, about, add)
  replace(conn, collection, about, about.triggers, notes.wanted(conn, collection, about), "what notes each %s of %s", add)
end

-- A time that the statement itself sets stands. A datetime is read as UTC, or in the zone that the connection names, as sessions that write have it.
local function time_steps(conn, collection, about, add)
  local column = catalog.time_column(conn, collection, about)
  local former = column and catalog.kept_elsewhere(conn, about, column)
  if not column or catalog.is_kept(about, column) and not former then return end
  local name, now = db.quoted(column.name), (column.kind == "timestamp" or given(conn.config.zone)) and "current_timestamp" or "utc_timestamp"
  local text = ("begin if new.%s <=> old.%s then set new.%s = %s(%d); end if; end"):format(name, name, name, now, db.places(column))
  add("what keeps " .. name .. ", which nothing does" .. (former and " in this zone" or ""), create_text(conn, collection, about,
    { name = free_name(conn, collection, about.before_update, "touch", add), timing = "before", event = "update", text = text }))
  if former then add("what keeps it in another zone", drop_text(conn, collection, former.name)) end
end

-- Statements that change a schema commit by themselves, so each is a step of its own.
local function carried_out(conn, steps, options)
  local apply = options and options.apply or false
  for _, step in ipairs(apply and steps or {}) do
    local done, err = true, nil
    if step.sql then done, err = db.change_table(conn, step.sql) end
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
    if one.name:find "^tidewire_touch2?_" then
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
