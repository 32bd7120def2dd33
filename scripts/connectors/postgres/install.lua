--- What a table needs so that its changes are known at once and without gaps: an outbox, and triggers that write it.
---
--- The trigger's function runs with the rights of who installed it, so that no application needs rights on the outbox. A row
--- of it holds the key alone; its xid is what `changes` orders by.

local connector = require "tidewire.connector"
local json = require "tidewire.json"
local tables = require "tidewire.tables"
local catalog = require "connectors.postgres.catalog"
local db = require "connectors.postgres.db"
local notes = require "connectors.postgres.notes"
local logical = require "connectors.postgres.logical"

local array = json.array
local given = connector.given
local quoted, literal = db.quoted, db.literal

local M = {}

local outbox = {
  { "the schema of the outbox", "create schema if not exists tidewire" },
  { "the outbox: one row per change, kept for a week", [[
create table if not exists tidewire.outbox (
  seq bigint generated always as identity primary key, xid xid8 not null default pg_current_xact_id(),
  at timestamptz not null default clock_timestamp(), "table" text not null, op text not null, key jsonb not null)]] },
  { "the order in which it is read", [[create index if not exists outbox_order on tidewire.outbox ("table", xid, seq)]] },
}

-- In one statement, so that no row passes between the two, also where a person runs them by hand.
local function replaced(about, name, text)
  if not about.triggers[name] then return text end
  return "do $tidewire$\nbegin\n  drop trigger " .. name .. " on " .. about.name .. ";\n  " .. text .. ";\nend $tidewire$"
end

local function trigger(conn, collection, about)
  local names = {}
  for n, name in ipairs((catalog.noting(conn, collection))) do names[n] = literal(name) end
  return "create trigger tidewire_outbox after insert or update or delete on " .. about.name
    .. " for each row execute function tidewire.note(" .. table.concat(names, ", ") .. ")"
end

-- What a subscription brings fires no other.
local function always_step(about, name, add)
  add("that it notes what a subscription brings, too", "alter table " .. about.name .. " enable always trigger " .. name)
end

-- Of several mappings each may name a column; the trigger tells them all.
local function parents_steps(conn, collection, about, add)
  local untold, list = catalog.untold(conn, collection, about), { literal(catalog.place(conn, collection)) }
  if #untold == 0 then return end
  for _, names in ipairs { catalog.told(conn, collection, about), untold } do
    for _, name in ipairs(names) do list[#list + 1] = literal(name) end
  end
  if not about.functions.note_parents then add("the function that notes whose a row was that is gone", notes.text "note_parents") end
  local text = "create trigger tidewire_parents after update or delete on " .. about.name .. " for each row execute function tidewire.note_parents("
    .. table.concat(list, ", ") .. ")"
  add("the trigger that notes whose a row of " .. about.name .. " was" .. (about.told and ", instead of one that notes less" or ""),
    replaced(about, "tidewire_parents", text))
  always_step(about, "tidewire_parents", add)
end

local function emptied_steps(conn, collection, about, add)
  if catalog.notes_emptied(conn, collection, about) then return end
  local text = "create trigger tidewire_emptied after truncate on " .. about.name .. " for each statement execute function tidewire.note_emptied("
    .. literal(catalog.place(conn, collection)) .. ")"
  if not about.functions.note_emptied then add("the function that notes that a table was emptied", notes.text "note_emptied") end
  add("the trigger that notes that " .. about.name .. " was emptied", replaced(about, "tidewire_emptied", text))
  always_step(about, "tidewire_emptied", add)
end

local function time_steps(conn, collection, about, add)
  local name = tables.option(conn, collection, "modified")
  local column = name and about.by_name[name]
  local elsewhere = column and catalog.is_kept_elsewhere(conn, about, column)
  if not name or column and (not catalog.time_column(conn, collection, about) or catalog.is_kept(about, column) and not elsewhere) then return end
  if not column then
    -- Without a default at first: nobody knows when the rows that are there were changed, and as edited now they would win by `newest`.
    add("when a row was changed, unknown of those that are there: who wins by `newest` is decided by it", "alter table " .. about.name
      .. " add column " .. quoted(name) .. " timestamptz")
    add("the time of a new row", "alter table " .. about.name .. " alter column " .. quoted(name) .. " set default clock_timestamp()")
  end
  local zone = column and column.cast == "timestamp without time zone" and given(conn.config.zone) or nil
  add("the function that keeps the time of a change", notes.text(zone and "touch_local" or "touch"))
  local call = zone and "touch_local(" .. literal(name) .. ", " .. literal(zone) .. ")" or "touch(" .. literal(name) .. ")"
  add(elsewhere and "its trigger, instead of one for another zone" or "its trigger: no other keeps " .. quoted(name),
    replaced(about, "tidewire_touch", "create trigger tidewire_touch before update on " .. about.name .. " for each row execute function tidewire." .. call))
end

-- Replaced in its place: the trigger that calls it stays.
local function add_renewed(about, add)
  for _, name in ipairs(notes.former(about)) do add("the function tidewire." .. name .. ", which is that of a former version", notes.text(name)) end
end

local function wanted_steps(conn, collection, about)
  local steps, noting = array {}, catalog.notes(conn, collection, about)
  local function add(title, text) steps[#steps + 1] = { title = title, sql = text } end
  if not noting then
    for _, step in ipairs(outbox) do add(step[1], step[2]) end
  end
  add_renewed(about, add)
  if not about.functions.note then add("the function that notes a change and tells who listens", notes.text "note") end
  time_steps(conn, collection, about, add)
  if not noting then
    local text = trigger(conn, collection, about)
    add("the trigger that notes the changes of " .. about.name .. (about.noted and ", instead of one that notes something else" or ""),
      replaced(about, "tidewire_outbox", text))
    always_step(about, "tidewire_outbox", add)
  end
  for name in pairs(given(about.deaf) or {}) do
    if noting then always_step(about, name, add) end
  end
  emptied_steps(conn, collection, about, add)
  parents_steps(conn, collection, about, add)
  return steps
end

-- The log carries the old key of what is deleted by the primary key, unless told to carry the whole row.
local function identity_step(conn, collection, about, add)
  local carried, missing = {}, nil
  for _, name in ipairs(catalog.carried(about)) do carried[name] = true end
  for _, name in ipairs(collection.key) do
    if not carried[name] then missing = "old rows whole in the log, because the key is no part of a primary key" end
  end
  if not missing and #catalog.untold(conn, collection, about) > 0 then missing = "old rows whole in the log, so that it tells whose a row was that is gone" end
  if not missing then return end
  local text = "alter table " .. about.name .. " replica identity full"
  if about.kind == "p" then
    text = "do $identity$\ndeclare\n  part regclass;\nbegin\n  for part in select relid from pg_partition_tree(" .. literal(about.name) .. ") loop\n"
      .. "    execute format('alter table %s replica identity full', part);\n  end loop;\nend $identity$"
  end
  add(missing, text)
end

local function publish_steps(conn, collection, about, published, add)
  local name = quoted(published.name)
  if not published.there then
    return add("what is published of the log", "create publication " .. name .. " for table " .. about.name .. " with (publish_via_partition_root = true)")
  end
  if not published.whole then add("the changes of partitions under the table's name", "alter publication " .. name .. " set (publish_via_partition_root = true)") end
  if not published.tells then add("changes of every kind in what is published", "alter publication " .. name .. " set (publish = 'insert, update, delete, truncate')") end
  if not published.holds then add("the table, which was made anew, in what is published", "alter publication " .. name .. " add table " .. about.name) end
end

local function install_logical(conn, collection, about, options)
  local published, err = logical.published(conn, collection)
  if not published then return nil, err end
  local steps = array {}
  local function add(title, text) steps[#steps + 1] = { title = title, sql = text } end
  identity_step(conn, collection, about, add)
  if not (published.whole and published.holds and published.tells) then publish_steps(conn, collection, about, published, add) end
  add_renewed(about, add)
  local column = catalog.time_column(conn, collection, about)
  if column and (not catalog.is_kept(about, column) or catalog.is_kept_elsewhere(conn, about, column)) then
    add("the schema of the function", outbox[1][2])
    time_steps(conn, collection, about, add)
  end
  return M.carried_out(conn, steps, options)
end

-- Who else has an outbox, and what keeps a time column.
local others = [[
select count(*) filter (where tgname = 'tidewire_outbox' and tgrelid <> to_regclass($1))::int as noting,
  count(*) filter (where tgname in ('tidewire_parents', 'tidewire_emptied') and tgrelid <> to_regclass($1))::int as telling,
  count(*) filter (where tgname = 'tidewire_touch' and tgrelid = to_regclass($1))::int as touching,
  count(*) filter (where tgname = 'tidewire_touch')::int as touched from pg_trigger]]

-- A time that nobody keeps any more would be believed by polls and by `newest`, so what keeps it goes only by a person's word.
local function add_kept(steps, about, used)
  if used.touching == 0 then return end
  local text = "drop trigger tidewire_touch on " .. about.name
  if used.touched == 1 then text = text .. "; drop function if exists tidewire.touch(), tidewire.touch_local()" end
  if used.touched == 1 and used.noting == 0 then text = text .. "; drop schema tidewire" end
  steps[#steps + 1] = { title = "left as it is, for its time column is read by polls and by whoever else knows it: the trigger tidewire_touch of " .. about.name,
    todo = "where nothing reads the column any more: " .. text }
end

local function uninstall_logical(conn, collection, about, used, options)
  local published, err = logical.published(conn, collection)
  if not published then return nil, err end
  local steps, slots = array {}, literal(logical.slots(conn, collection):gsub("_", "\\_") .. "%")
  if published.there then
    steps[1] = { title = "the slots of the table, which keep the log", sql = "select pg_drop_replication_slot(slot_name) from pg_replication_slots where slot_name like " .. slots .. " and not active" }
    steps[2] = { title = "the publication", sql = "drop publication if exists " .. quoted(published.name) }
    if published.shared then steps[2] = { title = "the table in the publication, which has others too", sql = "alter publication " .. quoted(published.name) .. " drop table " .. about.name } end
    if about.identity == "f" then
      steps[3] = { title = "left as it is, for others may read it: old rows of " .. about.name .. " whole in the log",
        todo = "where nobody else does: alter table " .. about.name .. " replica identity default" .. (about.kind == "p" and ", and so for each partition" or "") }
    end
    add_kept(steps, about, used)
  end
  return M.carried_out(conn, steps, options)
end

-- A trigger waits for every transaction that has written to the table, and whoever comes after waits behind it: not for long.
local function apply(conn, steps)
  local statements = { { "set local lock_timeout = '3s'" } }
  for _, step in ipairs(steps) do
    if step.sql then statements[#statements + 1] = { step.sql } end
  end
  local done, err = db.transaction(conn, statements, true)
  tables.forget(conn)
  if done then return true end
  if db.state_of(err) == "55P03" then err.hint = "a transaction that has written to the table is still open: wait for its end, or look for it in pg_stat_activity, and run it again" end
  if err.code == "denied" then err.hint = "the owner of the table, with the right to create a schema, may run these statements by hand" end
  return nil, err
end

-- Shown, and carried out where `options.apply`.
function M.carried_out(conn, steps, options)
  if options and options.apply and #steps > 0 then
    local done, err = apply(conn, steps)
    if not done then return nil, err end
  end
  return { steps = steps, applied = options and options.apply or false }
end

function M.install(conn, collection, options)
  tables.forget(conn)
  local about, err = catalog.table(conn, collection)
  if not about then return nil, err end
  if catalog.is_elsewhere(about) then
    local what = about.kind == "f" and "a table of another server" or "a view"
    return connector.fail("invalid", about.name .. " is " .. what .. ": its changes cannot be noted", "install on the tables below it, or poll")
  end
  if about.unlogged and conn.config.changes == "logical" then
    return connector.fail("invalid", about.name .. " is unlogged: the log tells nothing of it", "use a connection with changes = \"auto\" for it")
  end
  if conn.config.changes == "logical" then return install_logical(conn, collection, about, options) end
  if catalog.notes_another_key(conn, collection, about) then
    return connector.fail("invalid", "the outbox of " .. about.name .. " notes another key than " .. table.concat(collection.key, ", "),
      "give the mappings of one table the same key; this one is polled until then. To change the key, uninstall first")
  end
  return M.carried_out(conn, wanted_steps(conn, collection, about), options)
end

--- Takes the trigger of the outbox away, and the outbox with the last of them. Columns stay, since they hold data, and so does what keeps
--- the time in them, which the plan says.
function M.uninstall(conn, collection, options)
  tables.forget(conn)
  local about, err = catalog.table(conn, collection)
  if not about then return nil, err end
  -- What notes another key serves none of them.
  local left = not catalog.notes_another_key(conn, collection, about) and connector.left_to_others(options)
  if left then return left end
  local used
  used, err = db.query(conn, others, { about.name })
  if not used then return nil, err end
  if conn.config.changes == "logical" then return uninstall_logical(conn, collection, about, used[1], options) end
  local steps = array {}
  local function add(title, text) steps[#steps + 1] = { title = title, sql = text } end
  if about.triggers.tidewire_outbox then add("the trigger of " .. about.name, "drop trigger if exists tidewire_outbox on " .. about.name) end
  if about.triggers.tidewire_parents then add("the trigger that notes whose its rows were", "drop trigger if exists tidewire_parents on " .. about.name) end
  if about.triggers.tidewire_emptied then add("the trigger that notes that it was emptied", "drop trigger if exists tidewire_emptied on " .. about.name) end
  if about.triggers.tidewire_outbox and used[1].noting + used[1].telling == 0 then
    add("the outbox", "drop table if exists tidewire.outbox")
    add("its function", "drop function if exists tidewire.note()")
    add("the function of rows below records", "drop function if exists tidewire.note_parents()")
    add("the function of tables that were emptied", "drop function if exists tidewire.note_emptied()")
  end
  if about.triggers.tidewire_outbox then add_kept(steps, about, used[1]) end
  return M.carried_out(conn, steps, options)
end

return M
