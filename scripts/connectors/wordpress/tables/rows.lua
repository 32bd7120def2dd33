--- Statements over wp_posts and wp_postmeta: which columns are asked for, and rows as records.

local connector = require "tidewire.connector"
local json = require "tidewire.json"
local text = require "tidewire.text"
local db = require "connectors.mysql.db"

local null, array, object = json.null, json.array, json.object
local fail, given = connector.fail, connector.given

local M = {}

local plain, number, moment = { kind = "text", empty = "null" }, { kind = "int", zero_is_null = true }, { kind = "datetime", form = "local", zone = "UTC", resolution = 1 }
local floating = { kind = "datetime", form = "local", resolution = 1 }

-- Names as the REST API has them; `writes` what may be written.
M.columns = {
  id = { "ID", number }, title = { "post_title", plain, writes = true }, content = { "post_content", plain, writes = true }, excerpt = { "post_excerpt", plain, writes = true },
  status = { "post_status", { kind = "enum", options = array { "publish", "future", "draft", "pending", "private" } }, writes = true }, slug = { "post_name", plain },
  menu_order = { "menu_order", number, writes = true }, comment_status = { "comment_status", plain, writes = true }, ping_status = { "ping_status", plain, writes = true },
  author = { "post_author", number }, parent = { "post_parent", number }, password = { "post_password", plain },
  date = { "post_date", floating }, date_gmt = { "post_date_gmt", moment }, modified = { "post_modified", floating }, modified_gmt = { "post_modified_gmt", moment },
}

--- Whether a text is a value that PHP serialised: changed as a text it would be lost as a whole.
function M.is_serialised(value)
  if type(value) ~= "string" then return false end
  return value == "N;" or value:match "^[bid]:[^;]+;$" ~= nil or value:match "^[sSaOC]:%d+:" ~= nil or value:match '^E:%d+:"' ~= nil
end

--- The connection as the database client takes it.
local function inner(conn)
  if conn.state.inner then return conn.state.inner end
  local config = { statement_timeout = 30 }
  for name, value in pairs(conn.config.tables) do config[name] = value end
  config.prefix, config.limits, config.timeout = nil, conn.config.limits, conn.config.timeout
  conn.state.inner = { name = conn.name, config = config, state = {}, sql = conn.sql }
  return conn.state.inner
end

local function table_named(conn, name) return db.quoted(conn.config.tables.database) .. "." .. db.quoted((given(conn.config.tables.prefix) or "wp_") .. name) end

local function known_fields(collection)
  local names = { "meta.KEY" }
  for name in pairs(M.columns) do names[#names + 1] = name end
  return text.did_you_mean(collection, names)
end

--- A text as it stands in a statement.
function M.literal(value) return "'" .. value:gsub("[\\']", "\\%0") .. "'" end

local literal = M.literal

--- How often a meta key is there, and its first value, as expressions.
function M.meta_columns(shape, key)
  local from = " from " .. shape.postmeta .. " m where m.post_id = p.ID and m.meta_key = " .. literal(key)
  return "(select count(*)" .. from .. ")", "(select m.meta_value" .. from .. " order by m.meta_id limit 1)"
end

-- One number for what a post holds, mapped meta included: the guard of its update.
local function version_text(metas)
  local parts = {}
  for _, name in ipairs { "post_title", "post_content", "post_excerpt", "post_status", "post_name", "post_parent", "menu_order", "post_author", "comment_status", "ping_status",
    "post_password", "post_date", "post_modified", "post_modified_gmt" } do
    parts[#parts + 1] = "p." .. name
  end
  for _, meta in ipairs(metas) do parts[#parts + 1], parts[#parts + 2] = meta.count, meta.value end
  return "sha2(json_array(" .. table.concat(parts, ", ") .. "), 256)"
end

--- What a mapping's fields, and `more`, mean: { conn, posts, postmeta, wanted, metas, version, from, select }.
function M.plan(conn, collection, more)
  if collection.word ~= "post_type" then return fail("invalid", "the tables are spoken to for posts only", "leave `tables` out: the REST form has terms and users") end
  local shape = { conn = inner(conn), posts = table_named(conn, "posts"), postmeta = table_named(conn, "postmeta"), options = table_named(conn, "options"), name = collection.name,
    wanted = {}, metas = {} }
  local paths, own = { unpack(collection.fields or {}) }, #(collection.fields or {})
  for _, path in ipairs(more or {}) do paths[#paths + 1] = path end
  local seen, list = {}, { "p.ID", "p.post_status", "cast(p.post_modified_gmt as char) as `$stamp`", "cast(p.post_date_gmt as char) as `$out`" }
  for i, path in ipairs(paths) do
    local key = path:match "^meta%.(.+)"
    local column = M.columns[path] or M.columns[path:match "^(%w+)%.raw$" or ""]
    if not key and not column then return fail("invalid", ("the tables have no '%s'%s"):format(path, known_fields(path))) end
    if key and not seen[path] then
      local count, value = M.meta_columns(shape, key)
      shape.metas[#shape.metas + 1] = { path = path, key = key, count = count, value = value, own = i <= own }
      list[#list + 1] = count .. " as `#" .. #shape.metas .. "`, " .. value .. " as `$" .. #shape.metas .. "`"
    elseif not seen[path] then
      shape.wanted[#shape.wanted + 1] = { path = path, column = column }
      list[#list + 1] = (column[2].kind == "datetime" and "cast(p." .. column[1] .. " as char)" or "p." .. column[1]) .. " as " .. db.quoted(path)
    end
    seen[path] = true
  end
  local guarded = {}
  for _, meta in ipairs(shape.metas) do
    if meta.own then guarded[#guarded + 1] = meta end
  end
  shape.version = version_text(guarded)
  list[#list + 1] = shape.version .. " as `$version`"
  shape.from = " from " .. shape.posts .. " p where p.post_type = " .. literal(collection.name) .. " and p.post_status not in ('auto-draft', 'inherit')"
  shape.select = "select " .. table.concat(list, ", ") .. shape.from
  return shape
end

-- Records -------------------------------------------------------------------------------------------------------------------------

local function in_utc(stored)
  local stamp = given(stored)
  if not stamp or stamp:find "^0000" then return "1970-01-01T00:00:00Z" end
  return stamp:sub(1, 19):gsub(" ", "T") .. "Z"
end

--- The time of a row's last change as it stands in the table, UTC; of drafts that never had one, the beginning of time.
function M.stamp_of(row) return in_utc(row["$stamp"]) end

--- The later of that and the date at which it came out.
function M.shown_at(row)
  local edited, out = in_utc(row["$stamp"]), in_utc(row["$out"])
  return row.post_status == "publish" and out > edited and out or edited
end

local function nested(fields, path, value)
  local head, rest = path:match "^([^.]+)%.(.+)$"
  if not head then
    fields[path] = value
    return
  end
  fields[head] = fields[head] or object {}
  fields[head][rest] = value
end

local function refused(shape, row, meta, why)
  return fail("invalid", ("the meta '%s' of %s %s %s"):format(meta.key, shape.name, connector.plain(row.ID), why), "leave it out of the mapping: as a text it would be damaged")
end

--- The record of a row; nil, err where a mapped meta is no plain single value.
function M.record(shape, row)
  local fields = {}
  for _, one in ipairs(shape.wanted) do
    local value = row[one.path]
    if one.column[2].kind == "datetime" and type(value) == "string" then value = value:find "^0000" and null or value:sub(1, 19) end
    nested(fields, one.path, value)
  end
  for i, meta in ipairs(shape.metas) do
    local value = row["$" .. i]
    if row["#" .. i] > 1 then return refused(shape, row, meta, "has several values") end
    if M.is_serialised(value) then return refused(shape, row, meta, "is serialised") end
    nested(fields, meta.path, value)
  end
  local stamp = M.stamp_of(row)
  return { key = connector.plain(row.ID), version = row["$version"], stamp = stamp, modified = stamp > "1970-01-01T00:00:00Z" and stamp or nil, fields = fields }
end

-- Conditions ------------------------------------------------------------------------------------------------------------------------

-- The expression of a field that the plan has.
local function expression(shape, path)
  for _, one in ipairs(shape.wanted) do
    if one.path == path then return "nullif(p." .. one.column[1] .. ", '')" end
  end
  for _, meta in ipairs(shape.metas) do
    if meta.path == path then return "nullif(" .. meta.value .. ", '')" end
  end
end

--- The fields that a scope names.
function M.fields_of(scope)
  local names = {}
  for i, condition in ipairs(connector.conditions(scope)) do names[i] = condition.field end
  return names
end

local function equal(name, value, parameters)
  if value == null or value == "" then return name .. " is null" end
  parameters[#parameters + 1] = connector.plain(value)
  return "cast(" .. name .. " as binary) = cast(? as binary)"
end

--- A condition of a scope; nothing counts as a value.
function M.condition(shape, condition, parameters)
  local name, op, value = expression(shape, condition.field), condition.op, condition.value
  if op == "is_null" or op == "not_null" then return name .. (op == "is_null" and " is null" or " is not null") end
  if op == "=" or op == "!=" then return (op == "=" and "" or "not ") .. "coalesce(" .. equal(name, value, parameters) .. ", false)" end
  if op ~= "in" and op ~= "not_in" then
    parameters[#parameters + 1] = value
    return name .. " " .. op .. " ?"
  end
  local terms = {}
  for i, one in ipairs(value) do terms[i] = "coalesce(" .. equal(name, one, parameters) .. ", false)" end
  if #terms == 0 then return op == "in" and "false" or "true" end
  return (op == "in" and "(" or "not (") .. table.concat(terms, " or ") .. ")"
end

--- A comparison of a search.
function M.comparison(shape, part, parameters)
  local name = expression(shape, part.field)
  if not part.fold or type(part.value) ~= "string" or part.value == "" then return equal(name, part.value, parameters) end
  parameters[#parameters + 1] = part.value
  return "lower(trim(" .. name .. ")) = lower(trim(?))"
end

-- What is told ----------------------------------------------------------------------------------------------------------------------

local meta_types = { string = plain, integer = number, number = { kind = "decimal", form = "text", zero_is_null = true }, boolean = { kind = "text", empty = "null" } }

--- The types of the posts that are there.
function M.catalog(conn)
  local found, err = db.query(inner(conn), "select distinct post_type from " .. table_named(conn, "posts") .. " where post_type not like 'wp\\_%' and post_type not in " ..
    "('attachment', 'revision', 'nav_menu_item', 'custom_css', 'customize_changeset', 'oembed_cache', 'user_request') order by post_type", array {})
  if not found then return nil, err end
  local list = array {}
  for i, row in ipairs(found) do list[i] = { name = row.post_type, word = "post_type" } end
  return list
end

function M.describe(conn, collection)
  local shape, err = M.plan(conn, collection)
  if not shape then return nil, err end
  local fields, said, zone = array {}, given((collection.options or {}).meta) or {}
  zone, err = M.zone(shape)
  if not zone then return nil, err end
  for name, column in pairs(M.columns) do
    local kind = column[2]
    if kind == floating and zone.name then kind = { kind = "datetime", form = "local", zone = zone.name, resolution = 1 } end
    fields[#fields + 1] = { name = name, type = kind, read_only = not column.writes or nil, unique = name == "id" or nil }
  end
  fields[#fields + 1] = { name = "meta", type = { kind = "json" }, by_part = true }
  for key, kind in pairs(said) do fields[#fields + 1] = { name = "meta." .. key, type = meta_types[kind] or plain, file = key == "_thumbnail_id" or nil } end
  for _, name in ipairs { "title", "content", "excerpt" } do fields[#fields + 1] = { name = name .. ".raw", type = plain } end
  return { key = array { "id" }, fields = fields, creates = false, warnings = array { "the tables are written past WordPress: no hooks, no revisions, and caches go on showing what was" } }
end

--- The zone of the site: { name } or { offset } in seconds.
function M.zone(shape)
  local found, err = db.query(shape.conn, "select option_name as name, option_value as value from " .. shape.options .. " where option_name in ('timezone_string', 'gmt_offset', 'siteurl')")
  if not found then return nil, err end
  local options = {}
  for _, row in ipairs(found) do options[row.name] = row.value end
  local name, offset = options.timezone_string, tonumber(options.gmt_offset) or 0
  if name and name ~= "" then return { name = name, site = options.siteurl } end
  if offset == 0 then return { name = "UTC", site = options.siteurl } end
  return { offset = offset * 3600, site = options.siteurl }
end

function M.test(conn)
  local shape = { conn = inner(conn), options = table_named(conn, "options") }
  local found, err = db.query(shape.conn, "select current_user() as user, version() as version, date_format(utc_timestamp(), '%Y-%m-%dT%H:%i:%sZ') as now")
  if not found then return nil, err end
  local zone
  zone, err = M.zone(shape)
  if not zone then return nil, err end
  local warnings, may = array {}, false
  for _, row in ipairs(db.query(shape.conn, "show grants") or {}) do
    for _, grant in pairs(row) do may = may or type(grant) == "string" and (grant:find "ALL PRIVILEGES" or grant:find "UPDATE") ~= nil end
  end
  if not may then warnings[1] = "the user may read only: one direction, from WordPress, works" end
  return { user = found[1].user, version = found[1].version, site = (zone.site or "") .. "/" .. conn.config.tables.database, zone = zone.name or "", server_time = found[1].now, warnings = warnings }
end

return M
