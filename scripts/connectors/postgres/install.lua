--- What a table needs so that its changes are known at once and without gaps: an outbox, and triggers that write it.
---
--- The trigger's function runs with the rights of who installed it, so that no application needs rights on the outbox. A row
--- of it holds the key alone; its xid is what `changes` orders by.

local connector = require "tidewire.connector"
local json = require "tidewire.json"
local tables = require "tidewire.tables"
local catalog = require "connectors.postgres.catalog"
local changes = require "connectors.postgres.changes"
local db = require "connectors.postgres.db"
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

-- A changed key is a deletion and a new row. Arguments: the table as mappings name it (a partition is another one), the key's columns.
local note = [[
create or replace function tidewire.note() returns trigger language plpgsql security definer set search_path = pg_catalog as $note$
declare
  place text := tg_argv[0];
  before jsonb;
  after jsonb;
begin
  if tg_op <> 'INSERT' then
    select jsonb_agg(to_jsonb(old) -> name order by n) into before from unnest(tg_argv) with ordinality a(name, n) where n > 1;
  end if;
  if tg_op <> 'DELETE' then
    select jsonb_agg(to_jsonb(new) -> name order by n) into after from unnest(tg_argv) with ordinality a(name, n) where n > 1;
  end if;
  if before is not null and before is distinct from after then
    insert into tidewire.outbox ("table", op, key) values (place, 'DELETE', before);
  end if;
  if after is not null then
    insert into tidewire.outbox ("table", op, key) values (place, tg_op, after);
  end if;
  perform pg_notify('CHANNEL', place);
  return null;
end $note$]]

local function trigger(conn, collection, about)
  local names = {}
  for n, name in ipairs((catalog.noting(conn, collection))) do names[n] = literal(name) end
  return "create trigger tidewire_outbox after insert or update or delete on " .. about.name
    .. " for each row execute function tidewire.note(" .. table.concat(names, ", ") .. ")"
end

local touch = [[
create or replace function tidewire.touch() returns trigger language plpgsql as $touch$
begin
  new := jsonb_populate_record(new, jsonb_build_object(tg_argv[0], clock_timestamp()));
  return new;
end $touch$]]

local function time_steps(conn, collection, about, add)
  local column = given((collection.options or {}).modified)
  if column == nil then column = conn.config.modified end
  if not column or about.by_name[column] then return end
  -- Without a default at first: nobody knows when the rows that are there were changed, and as edited now they would win by `newest`.
  add("when a row was changed, unknown of those that are there: who wins by `newest` is decided by it", "alter table " .. about.name
    .. " add column " .. quoted(column) .. " timestamptz")
  add("the time of a new row", "alter table " .. about.name .. " alter column " .. quoted(column) .. " set default clock_timestamp()")
  add("the function that keeps it", touch)
  add("its trigger", "create trigger tidewire_touch before update on " .. about.name .. " for each row execute function tidewire.touch("
    .. literal(column) .. ")")
end

local function wanted_steps(conn, collection, about)
  local steps = array {}
  local function add(title, text) steps[#steps + 1] = { title = title, sql = text } end
  for _, step in ipairs(outbox) do add(step[1], step[2]) end
  add("the function that notes a change and tells who listens", (note:gsub("CHANNEL", changes.channel)))
  time_steps(conn, collection, about, add)
  if about.noted then add("the trigger that notes something else", "drop trigger tidewire_outbox on " .. about.name) end
  add("the trigger that notes the changes of " .. about.name, trigger(conn, collection, about))
  return steps
end

-- The log carries the old key of what is deleted by the primary key, unless told to carry the whole row.
local function publish_steps(conn, collection, about, published, add)
  local primary = {}
  for _, index in ipairs(about.indexes) do
    if index.primary then
      for _, name in ipairs(index.columns) do primary[name] = true end
    end
  end
  local carried = true
  for _, name in ipairs(collection.key) do carried = carried and primary[name] or false end
  if not carried then add("old rows whole in the log, because the key is no part of a primary key", "alter table " .. about.name .. " replica identity full") end
  if published then
    return add("the changes of partitions under the table's name", "alter publication " .. quoted(logical.publication(conn, collection)) .. " set (publish_via_partition_root = true)")
  end
  add("what is published of the log", "create publication " .. quoted(logical.publication(conn, collection)) .. " for table " .. about.name
    .. " with (publish_via_partition_root = true)")
end

-- Whether there is the publication, and whether it is whole: else the changes of a partitioned table bear the names of partitions.
local function is_published(conn, collection)
  local found, err = db.query(conn, "select pubviaroot as whole from pg_publication where pubname = $1", { logical.publication(conn, collection) })
  if not found then return nil, err end
  return found[1] ~= nil, found[1] ~= nil and found[1].whole
end

local function install_logical(conn, collection, about, options)
  local published, whole = is_published(conn, collection)
  if published == nil then return nil, whole end
  local steps = array {}
  if not whole then
    publish_steps(conn, collection, about, published, function(title, text) steps[#steps + 1] = { title = title, sql = text } end)
  end
  return M.carried_out(conn, steps, options)
end

local function uninstall_logical(conn, collection, options)
  local published, err = is_published(conn, collection)
  if published == nil then return nil, err end
  local steps, slots = array {}, literal(logical.slots(conn, collection):gsub("_", "\\_") .. "%")
  if published then
    steps[1] = { title = "the slots of the table, which keep the log", sql = "select pg_drop_replication_slot(slot_name) from pg_replication_slots where slot_name like " .. slots .. " and not active" }
    steps[2] = { title = "the publication", sql = "drop publication if exists " .. quoted(logical.publication(conn, collection)) }
  end
  return M.carried_out(conn, steps, options)
end

local function apply(conn, steps)
  local statements = {}
  for _, step in ipairs(steps) do
    if step.sql then statements[#statements + 1] = { step.sql } end
  end
  local done, err = db.transaction(conn, statements, true)
  tables.forget(conn)
  if done then return true end
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
  if about.kind == "v" or about.kind == "m" then
    return connector.fail("invalid", about.name .. " is a view: its changes cannot be noted", "install on the tables below it, or poll")
  end
  if conn.config.changes == "logical" then return install_logical(conn, collection, about, options) end
  if catalog.notes(conn, collection, about) then return { steps = array {}, applied = false } end
  if catalog.notes_another_key(conn, collection, about) then
    return connector.fail("invalid", "the outbox of " .. about.name .. " notes another key than " .. table.concat(collection.key, ", "),
      "give the mappings of one table the same key; this one is polled until then. To change the key, uninstall first")
  end
  return M.carried_out(conn, wanted_steps(conn, collection, about), options)
end

-- Who else has an outbox, and what keeps a time column.
local others = [[
select count(*) filter (where tgname = 'tidewire_outbox' and tgrelid <> to_regclass($1))::int as noting,
  count(*) filter (where tgname = 'tidewire_touch' and tgrelid = to_regclass($1))::int as touching,
  count(*) filter (where tgname = 'tidewire_touch')::int as touched from pg_trigger]]

-- A time that nobody keeps any more would be believed by polls and by `newest`, so what keeps it goes only by a person's word.
local function kept(about, used)
  local text = "drop trigger tidewire_touch on " .. about.name
  if used.touched == 1 then text = text .. "; drop function tidewire.touch()" end
  if used.touched == 1 and used.noting == 0 then text = text .. "; drop schema tidewire" end
  return { title = "left as it is, for its time column is read by polls and by whoever else knows it: the trigger tidewire_touch of " .. about.name,
    todo = "where nothing reads the column any more: " .. text }
end

--- Takes the trigger of the outbox away, and the outbox with the last of them. Columns stay, since they hold data, and so does what keeps
--- the time in them, which the plan says.
function M.uninstall(conn, collection, options)
  tables.forget(conn)
  local about, err = catalog.table(conn, collection)
  if not about then return nil, err end
  if conn.config.changes == "logical" then return uninstall_logical(conn, collection, options) end
  local used
  used, err = db.query(conn, others, { about.name })
  if not used then return nil, err end
  local steps = array {}
  if about.noted then steps[1] = { title = "the trigger of " .. about.name, sql = "drop trigger if exists tidewire_outbox on " .. about.name } end
  if about.noted and used[1].noting == 0 then
    steps[2] = { title = "the outbox", sql = "drop table if exists tidewire.outbox" }
    steps[3] = { title = "its function", sql = "drop function if exists tidewire.note()" }
  end
  if about.noted and used[1].touching > 0 then steps[#steps + 1] = kept(about, used[1]) end
  return M.carried_out(conn, steps, options)
end

return M
