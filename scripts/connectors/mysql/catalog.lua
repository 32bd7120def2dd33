--- What the database says of its tables.

local connector = require "tidewire.connector"
local json = require "tidewire.json"
local tables = require "tidewire.tables"
local db = require "connectors.mysql.db"
local notes = require "connectors.mysql.notes"

local array = json.array
local fail, given = connector.fail, connector.given

local M = {}

-- The names of information_schema are upper case in MySQL; they are renamed here so that both spell them alike.
local columns = [[
select column_name as name, data_type as kind, column_type as type, is_nullable = 'NO' as required, column_default as `default`,
  extra, column_comment as label, character_maximum_length as length, character_set_name as charset, collation_name as collation, numeric_scale as scale,
  numeric_precision as `precision`, datetime_precision as places,
  column_key as keyed, ordinal_position as position
from information_schema.columns where table_schema = ? and table_name = ? order by ordinal_position]]

local keys = [[
select index_name as `index`, column_name as name, seq_in_index as position from information_schema.statistics
where table_schema = ? and table_name = ? and non_unique = 0 order by index_name, seq_in_index]]

local references = [[
select column_name as name, referenced_table_schema as `schema`, referenced_table_name as `table`, referenced_column_name as `key`, constraint_name as `constraint`,
  (select count(*) from information_schema.columns c where c.table_schema = k.referenced_table_schema and c.table_name = k.referenced_table_name
    and c.column_name = k.referenced_column_name and find_in_set('select', c.privileges)) as readable
from information_schema.key_column_usage k where table_schema = ? and table_name = ? and referenced_table_name is not null]]

-- What another table's rows do to these by a foreign key.
local cascades = [[
select k.column_name as name, r.referenced_table_name as `table`, lower(r.delete_rule) as deleted, lower(r.update_rule) as updated
from information_schema.referential_constraints r join information_schema.key_column_usage k
  on k.table_schema = ? and k.table_name = ? and k.constraint_name = r.constraint_name
where r.constraint_schema = ? and r.table_name = ? and (r.delete_rule in ('CASCADE', 'SET NULL', 'SET DEFAULT') or r.update_rule in ('CASCADE', 'SET NULL', 'SET DEFAULT'))
order by k.constraint_name, k.ordinal_position]]

local about_table = [[
select table_type as type, engine, (select count(*) from information_schema.tables where table_schema = ? and table_name = 'tidewire_outbox') as noticed,
  (select is_updatable from information_schema.views v where v.table_schema = t.table_schema and v.table_name = t.table_name) as updatable
from information_schema.tables t where table_schema = ? and table_name = ?]]

local triggers = [[
select trigger_name as name, lower(event_manipulation) as event, lower(action_timing) as timing, action_statement as text
from information_schema.triggers where event_object_schema = ? and event_object_table = ? order by trigger_name]]

-- JSON of MariaDB is a longtext that is checked to be JSON. A definition that this user may not see tells of none.
local function mark_json(conn, collection, about)
  local long = false
  for _, column in ipairs(about.columns) do long = long or column.kind == "longtext" end
  if not long or about.type ~= "BASE TABLE" then return end
  local database, name = db.place(conn, collection)
  local found = db.query(conn, "show create table " .. db.quoted(database) .. "." .. db.quoted(name))
  local definition = found and found[1] and tostring(given(found[1]["Create Table"]) or ""):lower() or ""
  for _, column in ipairs(about.columns) do
    column.json = column.kind == "longtext" and definition:find("check (json_valid(" .. db.quoted(column.name):lower() .. "))", 1, true) ~= nil
  end
end

-- Those that note a change in the outbox, of any version, those that note whose a row was, and those that may set a column before one.
local function sort_triggers(about, list)
  local events, count = {}, 0
  about.triggers, about.parent_triggers, about.before_update = {}, {}, {}
  for _, one in ipairs(list) do
    if one.timing == "after" and one.name:sub(1, #notes.parent_prefix) == notes.parent_prefix then
      table.insert(about.parent_triggers, one)
    elseif one.timing == "after" and one.name:find "^tidewire_" and one.text:find("`tidewire_outbox`", 1, true) then
      table.insert(about.triggers, one)
      if not events[one.event] then count = count + 1 end
      events[one.event] = true
    elseif one.timing == "before" and one.event == "update" then
      table.insert(about.before_update, one)
    end
  end
  about.outbox = count == 3
end

local function read_table(conn, collection)
  local database, name = db.place(conn, collection)
  local place = { database, name }
  local answers, err = db.transaction(conn, { { about_table, { database, database, name } }, { columns, place }, { keys, place },
    { references, place }, { triggers, place }, { cascades, { database, name, database, name } } })
  if not answers then return nil, err end
  local about = answers[1][1]
  if not about then
    return fail("invalid", "there is no table " .. db.table_name(conn, collection) .. " that this user may see", "name it as \"database.table\", or grant rights on it")
  end
  about.name, about.columns, about.keys, about.references = db.table_name(conn, collection), answers[2], answers[3], answers[4]
  about.cascades = answers[6]
  sort_triggers(about, answers[5])
  mark_json(conn, collection, about)
  -- Of these a session in another zone speaks by that: a write's.
  for _, column in ipairs(about.columns) do column.by_session = given(conn.config.zone) ~= nil and column.kind == "timestamp" end
  return about
end

--- What is known of a collection's table: { name, type, outbox, triggers, parent_triggers, before_update, columns, by_name, keys, references,
--- cascades }.
function M.table(conn, collection)
  return tables.known(conn, db.table_name(conn, collection), function() return read_table(conn, collection) end)
end

local kinds = {
  tinyint = "int", smallint = "int", mediumint = "int", int = "int", bigint = "int", year = "int", decimal = "decimal",
  float = "float", double = "float", date = "date", time = "time", json = "json", binary = "binary", varbinary = "binary",
  blob = "binary", tinyblob = "binary", mediumblob = "binary", longblob = "binary", bit = "int", uuid = "uuid",
}

-- The words of "enum('a','it''s, b')".
local function options_of(type)
  local options, at = array {}, 1
  while true do
    local from = type:find("'", at, true)
    if not from then return options end
    local to = from
    repeat
      to = type:find("'", to + 1, true)
      local doubled = to and type:sub(to + 1, to + 1) == "'"
      if doubled then to = to + 1 end
    until not doubled
    if not to then return options end
    options[#options + 1] = (type:sub(from + 1, to - 1):gsub("''", "'"))
    at = to + 1
  end
end

local function type_of(column, zone)
  local kind = column.kind
  if column.json then return { kind = "json" } end
  local small = column.type == "tinyint(1)"
  if small or column.type == "bit(1)" then return { kind = "bool", form = "01", numbers = small or nil, null_is_false = column.required == 1 or nil } end
  if kind == "enum" then return { kind = "enum", options = options_of(column.type) } end
  if kind == "timestamp" then return { kind = "datetime", form = "local", zone = "UTC", resolution = 10 ^ -(given(column.places) or 0) } end
  if kind == "datetime" then return { kind = "datetime", form = "local", zone = zone or "UTC", resolution = 10 ^ -(given(column.places) or 0) } end
  if kinds[kind] == "decimal" then return { kind = "decimal", form = "number", scale = given(column.scale), precision = given(column.precision) } end
  if kinds[kind] == "time" then return { kind = "time", resolution = 10 ^ -(given(column.places) or 0) } end
  if kind == "float" then return { kind = "float", form = "single" } end
  if kind == "date" then return { kind = "date", zone = zone } end
  if kinds[kind] then return { kind = kinds[kind], empty = kind == "uuid" and "null" or nil } end
  return { kind = "text", length = given(column.length), trim = kind == "char" and "right" or nil }
end

-- MariaDB writes the absence of a default as the word NULL.
local function default_of(column)
  local default = given(column.default)
  return default ~= "NULL" and default or nil
end

local function unique_of(about)
  local indexes, key, unique = {}, array {}, {}
  for _, part in ipairs(about.keys) do
    indexes[part.index] = indexes[part.index] or {}
    table.insert(indexes[part.index], part.name)
  end
  for name, list in pairs(indexes) do
    if name == "PRIMARY" then key = array(list) end
    if #list == 1 then unique[list[1]] = true end
  end
  return key, unique
end

--- Whether the table itself keeps a key from coming twice; nobody knows of a view.
function M.is_unique(about, key)
  local named, within = {}, {}
  for _, name in ipairs(key) do named[name] = true end
  for _, part in ipairs(about.keys) do within[part.index] = within[part.index] ~= false and named[part.name] == true end
  for _, all in pairs(within) do
    if all then return true end
  end
  return about.type ~= "BASE TABLE"
end

-- Whether triggers that this user may not see write the outbox.
local function told_unseen(conn, collection)
  local database, name = db.place(conn, collection)
  local found = db.query(conn, "select 1 as one from " .. db.quoted(database) .. ".`tidewire_outbox` where tbl = ? and at > utc_timestamp(6) - interval 1 day limit 1", { name })
  return found and #found > 0
end

--- The column that tells when a row was changed; nil where the table has none.
function M.time_column(conn, collection, about)
  local name = tables.option(conn, collection, "modified")
  local column = name and about.by_name[name]
  return column and (column.kind == "timestamp" or column.kind == "datetime") and column or nil
end

--- Whether the database itself seems to set a time column whenever a row is changed: the column does so, or a trigger names it.
function M.is_kept(about, column)
  if about.type ~= "BASE TABLE" or (given(column.extra) or ""):lower():find "on update" then return true end
  for _, one in ipairs(about.before_update) do
    if one.text:lower():find(column.name:lower(), 1, true) then return true end
  end
  return false
end

--- The trigger that `install` made to keep the column, where it does so for another zone than the connection's; nil where none does.
function M.kept_elsewhere(conn, about, column)
  if column.kind ~= "datetime" then return nil end
  for _, one in ipairs(about.before_update) do
    local for_utc = one.text:lower():find("utc_timestamp", 1, true) ~= nil
    if one.name:find "^tidewire_touch" and for_utc == (given(conn.config.zone) ~= nil) then return one end
  end
end

--- What of this table's rows goes or changes by a foreign key, and so fires no trigger and moves no time column: a text each. Of rows below
--- records the deletion of their record is told.
function M.silent(about, collection)
  local list, told, quiet = array {}, {}, { cascade = true, ["set null"] = true, ["set default"] = true }
  for _, name in ipairs(given(collection.parents) or {}) do told[name] = true end
  for _, one in ipairs(about.cascades or {}) do
    local rules = {}
    if quiet[one.deleted] and not told[one.name] then rules[1] = "on delete " .. one.deleted end
    if quiet[one.updated] then rules[#rules + 1] = "on update " .. one.updated end
    if #rules > 0 then
      list[#list + 1] = ("what %s does to rows here (%s, %s) fires no trigger and moves no time: a sweep finds it"):format(db.quoted(one.table), db.quoted(one.name), table.concat(rules, ", "))
    end
  end
  return list
end

-- The zone that the server's clock goes by, where that is not UTC. What an application sets for itself nobody tells.
local clock_zone = [[
select if(@@global.time_zone = 'SYSTEM', @@system_time_zone, @@global.time_zone) as zone from dual
where convert_tz('2024-01-01', '+00:00', @@global.time_zone) <> '2024-01-01' or convert_tz('2024-07-01', '+00:00', @@global.time_zone) <> '2024-07-01']]

local function add_zoneless(conn, about, column, warn)
  if not column or column.kind ~= "datetime" then return end
  local function server_zone()
    local found = (db.query(conn, clock_zone) or {})[1]
    return found and found.zone
  end
  tables.warn_of_zone(conn, db.quoted(column.name), M.kept_elsewhere(conn, about, column), server_zone, "Make it a timestamp", warn)
end

local function add_warnings(conn, collection, about, key, warnings)
  local is_view, column = about.type ~= "BASE TABLE", M.time_column(conn, collection, about)
  local function warn(text) warnings[#warnings + 1] = text end
  if is_view then warn "a view: what is missing in it was not surely deleted" end
  if not is_view and given(about.engine) ~= "InnoDB" then warn("the engine " .. tostring(about.engine) .. " has no transactions: writes are not guarded against a crash") end
  if given(about.engine) == "MEMORY" then warn "a table in memory: a start of the server empties it, so a missing row is not taken for a deleted one" end
  if #key > 0 and not M.is_unique(about, key) then
    warn(("nothing keeps its key (%s) from coming twice: a row that shares it with another is never written. Make a unique index, or name another key"):format(table.concat(key, ", ")))
  end
  local hidden = not about.outbox and about.noticed > 0 and told_unseen(conn, collection)
  if hidden then warn "the outbox has new rows of this table, but no triggers of it are seen: MySQL shows them to who has TRIGGER on it; until then the table is polled" end
  if column and not hidden and not M.is_kept(about, column) then
    warn(("nothing keeps %s (no ON UPDATE, no trigger): where who edits a row does not set it, `newest` and polls see the older time (`tidewire install` makes a trigger)")
      :format(db.quoted(column.name)))
  end
  add_zoneless(conn, about, column, warn)
  local parents = given(collection.parents) or {}
  local untold, parent = notes.untold(about, parents)[1], parents[1] and db.quoted(parents[1])
  if parent and (is_view or conn.config.changes == "poll") then
    warn(tables.untold("polls do", parent))
  elseif parent and not notes.noted(about, key) then
    warn(tables.untold("polls do", parent, "; `tidewire install` makes an outbox that tells it"))
  elseif untold then
    warn(tables.untold("the outbox does", db.quoted(untold), "; run `tidewire install` again"))
  end
  for _, text in ipairs(M.silent(about, collection)) do warn(text) end
  if notes.noted(about, key) and notes.outdated(conn, collection, about, key) then warn "the outbox's triggers are those of a former version: run `tidewire install` again" end
end

function M.describe(conn, collection)
  tables.forget(conn)
  local about, err = M.table(conn, collection)
  if not about then return nil, err end
  err = tables.why_no_key(db, about, collection)
  if err then return nil, err end
  local key, unique = unique_of(about)
  local points, fields, warnings = {}, array {}, array {}
  local modified, version = M.time_column(conn, collection, about), tables.option(conn, collection, "version")
  for _, reference in ipairs(about.references) do points[reference.name] = reference.table end
  local closed = given(about.updatable) == "NO"      -- a view that groups or joins
  for i, column in ipairs(about.columns) do
    local filled = default_of(column) ~= nil or (given(column.extra) or ""):find "auto_increment" ~= nil
    fields[i] = {
      name = column.name, type = type_of(column, given(conn.config.zone)), label = column.label ~= "" and given(column.label) or nil,
      required = column.required == 1 and not filled, unique = unique[column.name] or false,
      read_only = closed or (given(column.extra) or ""):upper():find "GENERATED" ~= nil and (given(column.extra) or ""):find "DEFAULT_GENERATED" == nil,
      because = closed and "a view that cannot be written" or nil,
      references = points[column.name], default = default_of(column), file = kinds[column.kind] == "binary" and "content" or nil, kept = column == modified or column.name == version or nil,
      no_key = (column.json or column.kind == "json") and "JSON has many spellings of one value" or nil,
    }
  end
  add_warnings(conn, collection, about, given(collection.key) or key, warnings)
  if #key == 0 and #(given(collection.key) or {}) == 0 then warnings[#warnings + 1] = "no primary key: name the key in the mapping, of columns that are unique and never null" end
  local nameable, refused = tables.nameable(fields)
  return { key = key, fields = nameable, refused = refused, warnings = warnings, place = table.concat({ db.place(conn, collection) }, "."), absence_proves_delete = about.type == "BASE TABLE" and given(about.engine) ~= "MEMORY" and nil,
    creates = not closed and nil, needs_version = false, tells_times = modified ~= nil and nil, poll_deletes = conn.config.changes ~= "poll" and notes.noted(about, given(collection.key) or key) ~= nil,
    delete_events = about.type == "BASE TABLE" and nil }
end

--- The tables and views that this user may see.
function M.catalog(conn)
  local rows, err = db.query(conn, "select table_name as name, table_type as type from information_schema.tables where table_schema = ? order by table_name limit 1000",
    { conn.config.database })
  if not rows then return nil, err end
  local list = array {}
  for i, row in ipairs(rows) do list[i] = { name = row.name, word = "table", label = row.type == "VIEW" and "view" or nil } end
  return list
end

function M.test(conn)
  local rows, err = db.query(conn, [[select current_user() as user, version() as version, database() as `database`, @@hostname as host,
    @@port as port, @@read_only as standby, date_format(utc_timestamp(6), '%Y-%m-%dT%H:%i:%s.%fZ') as now]])
  if not rows then return nil, err end
  local about, warnings = rows[1], array {}
  local named = db.query(conn, "select @@server_uuid as id")  -- MySQL; MariaDB has its host's name and port
  local site = named and named[1].id or about.host .. ":" .. connector.plain(about.port)
  if about.standby == 1 then warnings[1] = "a read-only server answers here" end
  tables.note_clock(conn, about.now)
  return { user = about.user, version = about.version, site = site .. "/" .. tostring(given(about.database)), zone = given(conn.config.zone) or "UTC", server_time = about.now, warnings = warnings }
end

return M
