--- What the database says of its tables: columns with their types, keys, references, who may see which rows.

local connector = require "tidewire.connector"
local json = require "tidewire.json"
local tables = require "tidewire.tables"
local db = require "connectors.postgres.db"
local logical = require "connectors.postgres.logical"
local notes = require "connectors.postgres.notes"

local array = json.array
local fail, given = connector.fail, connector.given

local M = {}

local relation = [[
select c.relkind::text as kind, row_security_active(c.oid) as filtered,
  (select encode(t.tgargs, 'hex') from pg_trigger t where t.tgrelid = c.oid and t.tgname = 'tidewire_outbox' and t.tgtype = 29 and t.tgenabled in ('O', 'A')) as noted,
  (select encode(t.tgargs, 'hex') from pg_trigger t where t.tgrelid = c.oid and t.tgname = 'tidewire_parents' and t.tgtype = 25 and t.tgenabled in ('O', 'A')) as told,
  (select encode(t.tgargs, 'hex') from pg_trigger t where t.tgrelid = c.oid and t.tgname = 'tidewire_emptied' and t.tgtype = 32 and t.tgenabled in ('O', 'A')) as emptied,
  case when c.relkind <> 'p' then c.relreplident::text when (select bool_and(l.relreplident = 'f') from pg_partition_tree(c.oid) p join pg_class l on l.oid = p.relid
    where p.isleaf) then 'f' else 'd' end as identity, (select json_agg(a.attname) from pg_index i join pg_attribute a on a.attrelid = i.indrelid and a.attnum = any (i.indkey)
    where i.indrelid = c.oid and i.indisreplident) as identified,
  (select json_object_agg(p.proname, json_build_object('text', p.prosrc, 'exact', coalesce(p.proconfig, '{}') @> array['extra_float_digits=1']))
    from pg_trigger t join pg_proc p on p.oid = t.tgfoid where t.tgrelid = c.oid and p.pronamespace = to_regnamespace('tidewire')) as functions,
  (select json_object_agg(t.tgname, true) from pg_trigger t where t.tgrelid = c.oid and t.tgname like 'tidewire\_%') as triggers,
  c.relkind = 'r' and exists (select from pg_inherits where inhparent = c.oid) as inherited, c.relpersistence = 'u' as unlogged,
  (select json_object_agg(t.tgname, true) from pg_trigger t where t.tgrelid = c.oid and t.tgname in ('tidewire_outbox', 'tidewire_parents', 'tidewire_emptied') and t.tgenabled = 'O'
    and exists (select from pg_subscription_rel s where s.srrelid = c.oid or s.srrelid in (select relid from pg_partition_tree(c.oid)))) as deaf,
  has_any_column_privilege(c.oid, 'insert') and has_any_column_privilege(c.oid, 'update') as writable,
  c.relkind in ('v', 'm') and pg_relation_is_updatable(c.oid, true) & 8 = 0 as closed,
  has_column_privilege(c.oid, (-2)::int2, 'select') as shows_xmin
from pg_class c where c.oid = to_regclass($1)]]

-- A domain counts as the type below it, and below that one; `cast` is the type without length or scale ("character" alone would mean one character).
local columns = [[
select a.attname as name, a.attnotnull or b.required as required, a.attgenerated <> '' or a.attidentity = 'a'
    or c.relkind in ('v', 'm') and not pg_column_is_updatable(c.oid, a.attnum, true) as read_only,
  a.atthasdef or a.attidentity <> '' as has_default, pg_get_expr(d.adbin, d.adrelid) as "default",
  col_description(a.attrelid, a.attnum) as label, format_type(b.type, b.modifier) as type, format_type(b.type, -1) as "cast",
  t.typtype = 'c' as composite, t.typname = 'citext' or exists (select from pg_collation l where l.oid = a.attcollation and not l.collisdeterministic) as caseless, (select json_agg(e.enumlabel order by e.enumsortorder) from pg_enum e where e.enumtypid in (b.type, t.typelem)) as labels
from pg_attribute a join pg_class c on c.oid = a.attrelid cross join lateral (
    with recursive domains (type, modifier, required, depth) as (select a.atttypid, a.atttypmod, false, 0 union all
      select t.typbasetype, t.typtypmod, n.required or t.typnotnull, n.depth + 1 from domains n join pg_type t on t.oid = n.type where t.typtype = 'd')
    select type, modifier, required from domains order by depth desc limit 1) b
join pg_type t on t.oid = b.type
left join pg_attrdef d on d.adrelid = a.attrelid and d.adnum = a.attnum
where a.attrelid = to_regclass($1) and a.attnum > 0 and not a.attisdropped order by a.attnum]]

local indexes = [[
select i.indisprimary as "primary", (select json_agg(a.attname order by k.place)
    from unnest(i.indkey::int2[]) with ordinality k(number, place)
    join pg_attribute a on a.attrelid = i.indrelid and a.attnum = k.number) as columns
from pg_index i where i.indrelid = to_regclass($1) and i.indisunique and i.indisvalid and i.indpred is null
  and i.indexprs is null]]

local references = [[
select a.attname as column, n.nspname as schema, t.relname as "table", k.attname as key,
  has_column_privilege(t.oid, k.attnum, 'select') as readable from pg_constraint c
join pg_attribute a on a.attrelid = c.conrelid and a.attnum = c.conkey[1] join pg_attribute k on k.attrelid = c.confrelid and k.attnum = c.confkey[1]
join pg_class t on t.oid = c.confrelid join pg_namespace n on n.oid = t.relnamespace
where c.conrelid = to_regclass($1) and c.contype = 'f' and array_length(c.conkey, 1) = 1]]

-- What runs before a row is changed, on the table or on a partition of it.
local before_update = [[
select t.tgname as name, lower(p.prosrc) as source, lower(encode(t.tgargs, 'escape')) as arguments, l.lanname as language
from pg_trigger t join pg_proc p on p.oid = t.tgfoid join pg_language l on l.oid = p.prolang
where (t.tgrelid = to_regclass($1) or t.tgrelid in (select inhrelid from pg_inherits where inhparent = to_regclass($1)))
  and t.tgenabled <> 'D' and t.tgtype::int & 19 = 19]]

local function read_table(conn, collection)
  local name = db.table_name(conn, collection)
  local parameters = { name }
  local answers, err = db.transaction(conn, { { relation, parameters }, { columns, parameters }, { indexes, parameters },
    { references, parameters }, { before_update, parameters } })
  if not answers then return nil, err end
  local about = answers[1][1]
  if not about then
    local why = "there is no table " .. name .. " that this user may see"
    return fail("invalid", why, "name it as \"schema.table\", or grant usage of its schema")
  end
  about.name, about.columns, about.indexes, about.references = name, answers[2], answers[3], answers[4]
  about.before_update = answers[5]
  about.noted, about.told, about.emptied = given(about.noted), given(about.told), given(about.emptied)
  about.functions, about.triggers = given(about.functions) or {}, given(about.triggers) or {}
  return about
end

--- "schema.table", as the outbox names a collection's table.
function M.place(conn, collection)
  local schema, name = db.place(conn, collection)
  return schema .. "." .. name
end

local function hex(text) return (text:gsub(".", function(byte) return ("%02x"):format(byte:byte()) end)) end

--- What the arguments of the outbox's trigger are for a collection: the table's name, which a partition's own is not, and the key.
function M.noting(conn, collection)
  local list = { M.place(conn, collection), unpack(given(collection.key) or {}) }
  return list, hex(table.concat(list, "\0") .. "\0")
end

--- Whether the trigger of the table notes this collection's key.
function M.notes(conn, collection, about)
  local _, wanted = M.noting(conn, collection)
  return about.noted == wanted
end

--- Whether it is noted that the table was emptied (TRUNCATE); of what is no table there is nothing to note.
function M.notes_emptied(conn, collection, about)
  return about.kind ~= "r" and about.kind ~= "p" or about.emptied == hex(M.place(conn, collection) .. "\0")
end

--- Whether it notes the table by the key of another mapping.
function M.notes_another_key(conn, collection, about)
  local place = hex(M.place(conn, collection) .. "\0")
  return about.noted ~= nil and about.noted:sub(1, #place) == place and not M.notes(conn, collection, about)
end

-- The arguments of a trigger, each of which ends in a zero byte.
local function arguments(text)
  local list, part = {}, {}
  for pair in text:gmatch "%x%x" do
    if pair == "00" then
      list[#list + 1], part = table.concat(part), {}
    else
      part[#part + 1] = string.char(tonumber(pair, 16))
    end
  end
  return list
end

--- The columns that the trigger of rows below records tells the old values of, under the table's name; none where there is no such trigger.
function M.told(conn, collection, about)
  local list = about.told and arguments(about.told) or {}
  return table.remove(list, 1) == M.place(conn, collection) and list or {}
end

--- The columns of `collection.parents` that nothing tells of a row which is gone: not the outbox, and not the log where that is read.
function M.untold(conn, collection, about)
  local known, missing = {}, {}
  local list = M.told(conn, collection, about)
  if conn.config.changes == "logical" then list = M.carried(about) end
  for _, name in ipairs(list) do known[name] = true end
  for _, name in ipairs(given(collection.parents) or {}) do
    if not known[name] then missing[#missing + 1] = name end
  end
  return missing
end

--- The columns whose old values the log carries.
function M.carried(about)
  local list = {}
  if about.identity == "f" then
    for i, column in ipairs(about.columns) do list[i] = column.name end
  elseif about.identity == "i" then
    return given(about.identified) or list
  elseif about.identity == "d" then
    for _, index in ipairs(about.indexes) do
      if index.primary then return index.columns end
    end
  end
  return list
end

--- Whether it is no table of this server: a view, or a table of another one. Nothing of it is noted, and it has no `xmin` that moves.
function M.is_elsewhere(about) return about.kind == "v" or about.kind == "m" or about.kind == "f" end

--- Whether the table itself keeps a key from coming twice; nobody knows of a view.
function M.is_unique(about, key)
  local named = {}
  for _, name in ipairs(key) do named[name] = true end
  for _, index in ipairs(about.indexes) do
    local within = true
    for _, name in ipairs(index.columns) do within = within and named[name] == true end
    if within then return true end
  end
  return M.is_elsewhere(about)
end

--- Whether a row that is not there was deleted: of a table whose rows nothing hides, and no crash of the server takes away.
function M.shows_all(about) return not M.is_elsewhere(about) and not about.filtered and not about.unlogged end

--- What is known of a collection's table: { name, kind, filtered, noted, told, emptied, functions, triggers, inherited, identity, identified, columns, by_name, indexes, references, before_update }.
function M.table(conn, collection)
  return tables.known(conn, db.table_name(conn, collection), function() return read_table(conn, collection) end)
end

local kinds = {
  integer = "int", bigint = "int", smallint = "int", oid = "int", numeric = "decimal", real = "float",
  ["double precision"] = "float", boolean = "bool", date = "date", uuid = "uuid", json = "json", jsonb = "json",
  bytea = "binary", ["time without time zone"] = "time", ["timestamp with time zone"] = "datetime",
  ["timestamp without time zone"] = "datetime",
}

-- "timestamp(3) with time zone" keeps three digits of a second, without a number six.
local function resolution_of(name) return 10 ^ -(tonumber(name:match "%((%d)%)") or 6) end

local function type_of(name, cast, labels, zone)
  if name:sub(-2) == "[]" then
    return { kind = "list", of = type_of(name:sub(1, -3), cast:sub(1, -3), labels, zone) }
  end
  if given(labels) then return { kind = "enum", options = labels } end
  local kind = kinds[cast] or "text"
  if kind == "text" then
    return { kind = "text", length = tonumber(name:match "%((%d+)%)"), trim = cast == "bpchar" and "right" or nil }
  end
  if kind == "bool" then return { kind = "bool", form = "json" } end
  if kind == "decimal" then
    return { kind = "decimal", form = "endless", scale = tonumber(name:match ",(%-?%d+)%)"), precision = tonumber(name:match "%((%d+),"), unlimited = not name:find "%(" or nil }
  end
  if kind == "time" then return { kind = "time", resolution = resolution_of(name) } end
  if cast == "real" then return { kind = "float", form = "single" } end
  if kind == "date" then return { kind = "date", form = "endless", zone = zone } end
  if kind == "uuid" then return { kind = "uuid", empty = "null" } end
  if kind ~= "datetime" then return { kind = kind } end
  if cast:find("without", 1, true) then return { kind = "datetime", form = "local", zone = zone or "UTC", resolution = resolution_of(name) } end
  return { kind = "datetime", form = "instant", resolution = resolution_of(name) }
end

--- The column that tells when a row was changed; nil where the table has none.
function M.time_column(conn, collection, about)
  local name = tables.option(conn, collection, "modified")
  local column = name and about.by_name[name]
  return column and column.cast:find("^timestamp") and column or nil
end

-- Why a column can be no part of a key, nil where it can.
local function no_key(column)
  if column.cast == "json" or column.cast == "jsonb" then return "JSON has many spellings of one value" end
  if column.cast:sub(-2) == "[]" then return "a list is no single value" end
  return column.composite and "a row type is no single value" or nil
end

local function keys_of(about)
  local key, unique = array {}, {}
  for _, index in ipairs(about.indexes) do
    if index.primary then key = array(index.columns) end
    if #index.columns == 1 then unique[index.columns[1]] = true end
  end
  return key, unique
end

--- Whether the database itself seems to set a time column whenever a row is changed: a trigger names it, or makes the whole row anew. Of
--- views and foreign tables nobody here knows.
function M.is_kept(about, column)
  if column.read_only or about.kind ~= "r" and about.kind ~= "p" then return true end
  local name = column.name:lower()
  for _, one in ipairs(about.before_update) do
    local named = one.source:find(name, 1, true) or one.arguments:find(name, 1, true)
    local whole = one.source:find "%f[%w_]new%s*:?=" or one.source:find "into%s+new%f[^%w_.]"
    if named or whole or one.language == "c" and one.arguments == "" then return true end
  end
  return false
end

--- Whether `install` made the trigger that keeps the column for another zone than the connection's.
function M.is_kept_elsewhere(conn, about, column)
  if column.cast ~= "timestamp without time zone" then return false end
  local zone = given(conn.config.zone)
  local wanted = (column.name .. "\\000" .. (zone and zone .. "\\000" or "")):lower()
  for _, one in ipairs(about.before_update) do
    if one.name == "tidewire_touch" and one.arguments ~= wanted then return true end
  end
  return false
end

-- Whether what polls read tells deletions: the outbox or the log, not the time column.
local function polls_tell_deletes(conn, collection, about, key)
  if M.is_elsewhere(about) or conn.config.changes == "poll" then return false end
  return conn.config.changes == "logical" or M.notes(conn, { name = collection.name, options = collection.options, key = given(collection.key) or key }, about)
end

-- Rows below records that are deleted, or move to another one, by themselves.
local function add_untold(conn, collection, about, warnings)
  local parents, how = given(collection.parents) or {}, conn.config.changes
  if #parents == 0 then return end
  local parent, untold = parents[1] and db.quoted(parents[1]), M.untold(conn, collection, about)[1]
  local function warn(...) warnings[#warnings + 1] = tables.untold(...) end
  if how == "poll" or M.is_elsewhere(about) then return warn("polls do", parent) end
  if how == "auto" and not M.notes(conn, collection, about) then
    return warn("polls do", parent, "; `tidewire install` makes an outbox that tells it")
  end
  warn(how == "logical" and "the log does" or "the outbox does", untold and db.quoted(untold), "; run `tidewire install` again")
end

-- What keeps the log from telling all that it should.
local function add_unlogged(conn, collection, about, key, warn)
  if conn.config.changes ~= "logical" or M.is_elsewhere(about) then return end
  if about.unlogged then return warn "the log tells nothing of an unlogged table: use a connection with changes = \"auto\" for it" end
  local published = logical.published(conn, collection)
  if published and not (published.holds and published.tells) then warn "the log is not read: nothing of the table is published; run `tidewire install`" end
  local carried = {}
  for _, name in ipairs(M.carried(about)) do carried[name] = true end
  for _, name in ipairs(key) do
    if not carried[name] then return warn "the log does not carry the key of a row that is deleted (its replica identity): run `tidewire install` again" end
  end
end

-- The zone that the server's clock goes by, of the database or as it was set up, where that is not UTC. What a role or an application
-- sets for itself nobody tells.
local clock_zone = [[
select zone from (select coalesce((select split_part(one, '=', 2) from pg_db_role_setting s, unnest(s.setconfig) one
    where s.setrole = 0 and s.setdatabase in (0, (select oid from pg_database where datname = current_database())) and one ilike 'timezone=%'
    order by s.setdatabase desc limit 1), current_setting('log_timezone')) as zone) z
where timestamptz '2024-01-01 00:00Z' at time zone zone <> '2024-01-01' or timestamptz '2024-07-01 00:00Z' at time zone zone <> '2024-07-01']]

local function add_zoneless(conn, about, modified, warn)
  if not modified or modified.cast ~= "timestamp without time zone" then return end
  local function server_zone()
    local found = (db.query(conn, clock_zone) or {})[1]
    return found and found.zone
  end
  tables.warn_of_zone(conn, db.quoted(modified.name), M.is_kept_elsewhere(conn, about, modified), server_zone, "Make it a timestamptz", warn)
end

local function add_warnings(conn, collection, about, primary, modified, warnings)
  local named = given(collection.key) or {}
  local key = #named > 0 and named or primary
  local function warn(text) warnings[#warnings + 1] = text end
  if about.kind == "v" or about.kind == "m" then warn "a view: name a `version` column; what is missing in it was not surely deleted" end
  if about.kind == "f" then warn "a table of another server: name a `version` column; nothing tells what changes there but polls, and what is missing in it was not surely deleted" end
  if about.unlogged then warn "an unlogged table: a crash of its server empties it, so a missing row is not taken for a deleted one" end
  if about.inherited then warn "other tables inherit from it: their rows are read with its own, and only a sweep tells what changes in them" end
  if about.filtered then warn "row-level security hides rows from this user: a missing row is not taken for a deleted one" end
  if not about.writable then warn "this user may not insert and update here" end
  if tables.option(conn, collection, "version") == "xmin" and about.shows_xmin == false then
    warn "this user may read some columns only, and not the version of a row (xmin): grant select on the whole table, or name a `version` column"
  end
  for name in pairs(given(about.deaf) or {}) do
    warn(("what a subscription brings here does not fire the trigger %s: run `tidewire install` again"):format(name))
  end
  if #key > 0 and not M.is_unique(about, key) then
    warn(("nothing keeps its key (%s) from coming twice: a row that shares it with another is never written. Make a unique index, or name another key"):format(table.concat(key, ", ")))
  end
  if modified and not M.is_kept(about, modified) then
    warn(("no trigger keeps %s: where who edits a row does not set it, `newest` and polls see the older time (`tidewire install` makes one)"):format(db.quoted(modified.name)))
  end
  add_zoneless(conn, about, modified, warn)
  if conn.config.changes == "auto" and M.notes(conn, collection, about) and not M.notes_emptied(conn, collection, about) then
    warn "the outbox does not tell that the table was emptied (truncate): a sweep finds it; run `tidewire install` again"
  end
  add_unlogged(conn, collection, about, key, warn)
  if #notes.former(about) > 0 then warn "the outbox's function is that of a former version: run `tidewire install` again" end
  if #key == 0 then warn "no primary key: name the key in the mapping, of columns that are unique and never null" end
end

-- What `describe` has told of a table, for whoever goes by it.
local function remember_shown(conn, name, shows_all)
  conn.state.shown = conn.state.shown or {}
  conn.state.shown[name] = shows_all
end

--- Nil where rows that are missing may be taken for deleted, or nobody was told that they may; else the error. A policy may have begun to
--- hide rows since the table was described, or a role have lost the right to pass it by.
function M.why_missing(conn, about)
  if not (conn.state.shown and conn.state.shown[about.name]) then return nil end
  local found, err = db.query(conn, "select row_security_active(to_regclass($1)) as filtered", { about.name })
  if not found then return err end
  if found[1].filtered ~= true then return nil end
  tables.forget(conn)
  return select(2, fail("invalid", "row-level security hides rows of " .. about.name .. " from this user since it was last looked at", "a missing row is not taken for a deleted one; grant the role bypassrls, or a policy that shows all rows"))
end

function M.describe(conn, collection)
  tables.forget(conn)
  local about, err = M.table(conn, collection)
  if not about then return nil, err end
  err = tables.why_no_key(db, about, collection)
  if err then return nil, err end
  local key, unique = keys_of(about)
  local points = {}
  for _, reference in ipairs(about.references) do
    local near = reference.schema == (conn.config.schema or "public")
    points[reference.column] = near and reference.table or reference.schema .. "." .. reference.table
  end
  local fields, modified, version = array {}, M.time_column(conn, collection, about), tables.option(conn, collection, "version")
  -- A large object, or a file of Supabase's storage: the number or id travels, what it stands for does not.
  local function is_file(column) return column.type == "oid" or points[column.name] == "storage.objects" end
  for i, column in ipairs(about.columns) do
    fields[i] = {
      name = column.name, type = type_of(column.type, column.cast, column.labels, given(conn.config.zone)), label = given(column.label),
      required = column.required and not column.has_default, read_only = column.read_only,
      unique = unique[column.name] or false, references = points[column.name], default = given(column.default),
      file = column.cast == "bytea" and "content" or is_file(column) and "elsewhere" or nil, no_key = no_key(column), kept = column == modified or column.name == version or nil,
    }
  end
  local shows_all, warnings = M.shows_all(about), array {}
  add_warnings(conn, collection, about, key, modified, warnings)
  add_untold(conn, collection, about, warnings)
  remember_shown(conn, about.name, shows_all)
  local named = given(collection.key) or {}
  if #named == 0 then named = key end
  local own_keys = named[1] and about.by_name[named[1]] and about.by_name[named[1]].read_only
  local nameable, refused = tables.nameable(fields)
  return { key = key, fields = nameable, refused = refused, warnings = warnings, place = table.concat({ db.place(conn, collection) }, "."), absence_proves_delete = shows_all and nil,
    creates = not about.closed and nil, needs_version = version == "xmin" and M.is_elsewhere(about) and not about.by_name.xmin,
    client_keys = not own_keys and nil, tells_times = modified ~= nil and nil, poll_deletes = polls_tell_deletes(conn, collection, about, key), delete_events = not M.is_elsewhere(about) and nil }
end

-- A server made as a copy of another keeps its number, and even a timeline may be the same; when each began to run is its own. A standby has
-- the rows of another server, and is no system of its own until it is promoted.
local who = [[
select current_user as "user", version() as version, current_database() as database, clock_timestamp() as now,
  pg_is_in_recovery() as standby, (select rolbypassrls or rolsuper from pg_roles where rolname = current_user) as sees_all,
  (select oid::text from pg_database where datname = current_database()) as number,
  case when not pg_is_in_recovery() then to_char(pg_postmaster_start_time() at time zone 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.US"Z"') end as began]]

-- The cluster's own number is the surest sign; some hosts keep it to themselves.
local function system_of(conn)
  local rows, err = db.query(conn, "select system_identifier::text as id from pg_control_system()")
  if rows then return rows[1].id end
  if err.code == "denied" or err.code == "invalid" then return conn.config.host or (connector.secret(conn.config.url) or ""):match "@([^:/?]+)" or "unnamed" end
  return nil, err
end

-- A slot of ours that makes the server keep more of its log than it otherwise would (max_wal_size).
local slots = [[
select slot_name, pg_size_pretty(pg_wal_lsn_diff(pg_current_wal_lsn(), restart_lsn)) as size from pg_replication_slots
where slot_name like 'tidewire\_%' and wal_status in ('extended', 'unreserved') and not active]]

local function add_slots(conn, warnings)
  for _, slot in ipairs(db.query(conn, slots) or {}) do
    warnings[#warnings + 1] = ("the slot %s keeps %s of the log, and more until the disk is full; where no daemon reads it: select pg_drop_replication_slot('%s')")
      :format(slot.slot_name, slot.size, slot.slot_name)
  end
end

local readable = [[
select n.nspname as schema, c.relname as name, c.relkind in ('v', 'm') as view from pg_class c join pg_namespace n on n.oid = c.relnamespace
where c.relkind in ('r', 'p', 'v', 'm', 'f') and n.nspname not like 'pg\_%' and n.nspname <> 'information_schema' and not c.relispartition
  and has_schema_privilege(n.oid, 'usage') and has_table_privilege(c.oid, 'select') order by 1, 2 limit 1000]]

--- The tables and views that this user may read.
function M.catalog(conn)
  local rows, err = db.query(conn, readable)
  if not rows then return nil, err end
  local list = array {}
  for i, row in ipairs(rows) do
    local near = row.schema == (conn.config.schema or "public")
    list[i] = { name = near and row.name or row.schema .. "." .. row.name, word = "table", label = row.view and "view" or nil }
  end
  return list
end

function M.test(conn)
  local rows, err = db.query(conn, who)
  if not rows then return nil, err end
  local about = rows[1]
  local system
  system, err = system_of(conn)
  if not system then return nil, err end
  tables.note_clock(conn, about.now)
  local warnings = array {}
  if about.standby then warnings[1] = "a standby answers here: it can be read, not written" else add_slots(conn, warnings) end
  -- Which rows there are depends on the user where policies can hide some.
  local eyes = about.sees_all == true and "" or "/" .. about.user
  return {
    user = about.user, version = about.version:match "^%S+ %S+" or about.version, zone = given(conn.config.zone) or "UTC",
    site = system .. "/" .. about.database .. "." .. about.number .. eyes, server = given(about.began), server_time = about.now, warnings = warnings,
  }
end

return M
