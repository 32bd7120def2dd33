--- What an API exposes: `test` and `describe`, from the OpenAPI document at its root.

local connector = require "tidewire.connector"
local json = require "tidewire.json"
local tables = require "connectors.supabase.rows"
local sql_tables = require "tidewire.tables"
local wire = require "connectors.supabase.wire"

local array, option = json.array, sql_tables.option

local M = {}

local types = {
  integer = "int", bigint = "int", smallint = "int", numeric = "decimal", real = "float", ["double precision"] = "float",
  boolean = "bool", date = "date", uuid = "uuid", json = "json", jsonb = "json", bytea = "binary",
  int2 = "int", int4 = "int", int8 = "int", int32 = "int", int64 = "int", float4 = "float", float8 = "float",
  ["time without time zone"] = "time", ["timestamp with time zone"] = "datetime",
  ["timestamp without time zone"] = "datetime",
}

local function type_of(property, zone)
  local format = property.format or property.type or "text"
  if format:sub(-2) == "[]" then
    return { kind = "list", of = type_of({ format = format:sub(1, -3) }, zone) }
  end
  if json.is_array(property.enum) then return { kind = "enum", options = property.enum } end
  local kind = types[format:match "^([^(]+)" or format] or "text"
  if kind == "text" then return { kind = "text", length = property.maxLength } end
  if kind == "bool" then return { kind = "bool", form = "json" } end
  if kind == "uuid" then return { kind = "uuid", empty = "null" } end
  if format == "real" or format == "float4" then return { kind = "float", form = "single" } end
  if kind == "decimal" then return { kind = "decimal", form = "endless" } end
  if kind == "date" then return { kind = "date", form = "endless", zone = zone } end
  if kind == "time" then return { kind = "time", resolution = 0.000001 } end
  if kind == "datetime" and format:find("without", 1, true) then
    return { kind = "datetime", form = "local", zone = zone or "UTC", resolution = 0.000001 }
  end
  if kind == "datetime" then return { kind = "datetime", form = "instant", resolution = 0.000001 } end
  return { kind = kind }
end

-- The API's description of itself: `definitions` by table. Refused to public keys on Supabase.
local function document(conn, collection)
  local query = {}
  local reply, err = wire.request(conn, nil, "GET", query, nil, {
    Accept = "application/openapi+json",
    ["Accept-Profile"] = collection and collection.options and connector.given(collection.options.schema) or conn.config.schema,
  })
  if not reply then return nil, err end
  if type(reply.body.paths) ~= "table" and type(reply.body.definitions) ~= "table" then
    return connector.fail("unavailable", "the answer describes no API of PostgREST", "does `url` name the project, as https://NAME.supabase.co?")
  end
  return reply.body
end

local function in_set(list)
  local set = {}
  for _, name in ipairs(list or {}) do set[name] = true end
  return set
end

local function no_key(of)
  if of.kind == "json" then return "JSON has many spellings of one value" end
  return of.kind == "list" and "a list is no single value" or nil
end

-- What a row's text is in a webhook hangs on the zone or style of the session that wrote it; the API has its own.
local by_session = in_set { "timestamp with time zone", "timestamptz", "interval", "bytea", "tstzrange", "tstzmultirange" }

local function describe_fields(definition, zone)
  local required, names, fields, key = in_set(definition.required), {}, array {}, array {}
  for name in pairs(definition.properties or {}) do names[#names + 1] = name end
  table.sort(names)
  for i, name in ipairs(names) do
    local property = definition.properties[name]
    local note = property.description or ""
    local is_key = note:find("<pk/>", 1, true) ~= nil
    if is_key then key[#key + 1] = name end
    local own = type_of(property, zone)
    fields[i] = {
      name = name, type = own, no_key = no_key(own), by_session = by_session[property.format] or nil,
      required = (required[name] or false) and property.default == nil and not (is_key and own.kind == "int"),      -- a number may count itself, untold
      unique = false, read_only = false, default = property.default, references = note:match "<fk table='([^']*)'",
      label = note:match "^[^\n<]+" and not note:match "^Note:" and note:match "^[^\n<]+" or nil,
    }
  end
  for _, field in ipairs(fields) do field.unique = #key == 1 and key[1] == field.name end
  return fields, key
end

local function place(conn, collection) return (option(conn, collection, "schema") or "public") .. "." .. collection.name end

-- A key that is told nothing: the table itself says whether the columns that a mapping names are there and may be read.
local function described_by_mapping(conn, collection)
  local key = connector.given(collection.key)
  if not key or #key == 0 then key = array { "id" } end
  local names, columns, fields = connector.heads(key, collection.fields), {}, array {}
  for i, name in ipairs(names) do
    columns[i], fields[i] = wire.column(name), { name = name, type = { kind = "json" }, unique = #key == 1 and name == key[1] }
  end
  local reply, err = wire.request(conn, collection, "GET", { { "select", table.concat(columns, ",") }, { "limit", "0" } })
  if not reply then return nil, err end
  return { key = key, fields = fields, place = place(conn, collection), warnings = array {
    "the API does not describe itself to this key (a secret key may): types come from the mapping, values compare as they are" } }
end

function M.describe(conn, collection)
  tables.forget(conn)
  local api, err = document(conn, collection)
  if not api and err.code == "denied" then return described_by_mapping(conn, collection) end
  if not api then return nil, err end
  local definition = api.definitions and api.definitions[collection.name]
  if not definition then
    return connector.fail("invalid", "there is no table " .. collection.name .. " that this key may use",
      "is it in the exposed schema and granted? Then: NOTIFY pgrst, 'reload schema'")
  end
  local fields, key = describe_fields(definition, connector.given(conn.config.zone))
  local warnings, kept = array {}, {}
  for _, name in ipairs { "modified", "version" } do kept[option(conn, collection, name) or ""] = true end
  for _, field in ipairs(fields) do field.kept = kept[field.name] end
  if place(conn, collection) == "storage.objects" then
    for _, field in ipairs(fields) do field.file = field.name == "name" or nil end
  end
  -- A primary key shows through a view; the columns of a table's primary key are never null.
  local is_view = definition.required == nil
  local verbs = (api.paths or {})["/" .. collection.name] or {}
  local closed = is_view and verbs.get ~= nil and verbs.patch == nil      -- a view that groups or joins
  for _, field in ipairs(closed and fields or {}) do field.read_only, field.because = true, "a view that cannot be written" end
  if is_view then
    warnings[1] = "a view, or a table without a primary key: name a `version` column; absence proves no deletion"
  end
  local parents = connector.given(collection.parents) or {}
  if not connector.given(conn.config.webhook) then
    warnings[#warnings + 1] = sql_tables.untold("polls do", parents[1], "; a webhook tells it (`webhook` of the connection, then `tidewire install`)")
  end
  if #key == 0 and #(connector.given(collection.key) or {}) == 0 then warnings[#warnings + 1] = "no primary key: name the key in the mapping, of columns that are unique and never null" end
  local nameable, refused = sql_tables.nameable(fields)
  return { key = key, fields = nameable, refused = refused, warnings = warnings, place = place(conn, collection), absence_proves_delete = not is_view and nil, tells_unique = false,
    creates = not closed and nil, delete_events = not is_view and nil, needs_version = is_view and option(conn, collection, "version") == "xmin", tells_times = (definition.properties or {})[option(conn, collection, "modified") or ""] ~= nil and nil }
end

--- The tables and views that the API shows this key.
function M.catalog(conn)
  local api, err = document(conn)
  if not api then return nil, err end
  local list = array {}
  for name in pairs(api.definitions or {}) do list[#list + 1] = { name = name, word = "table" } end
  table.sort(list, function(a, b) return a.name < b.name end)
  return list
end

function M.test(conn)
  local key = connector.secret(conn.config.key)
  local api, err = document(conn)
  local warnings = array {}
  if not api and err.code ~= "denied" then return nil, err end
  if not api then
    -- A public key is refused here and may still read tables. So is a key that is nobody's, and by whoever answers at a wrong address.
    if err.message:find "[Aa][Pp][Ii] key" or err.message:find "^PGRST30" or err.message:find "^the server answered" then return nil, err end
    warnings[1] = "the API does not describe itself to this key: " .. err.message
  end
  local service = wire.is_service(key)
  if not service then
    warnings[#warnings + 1] = "row-level security hides rows from this key, so a missing row is not taken for a deleted one"
  end
  local host = connector.without_login(conn.config.url):match "^%w+://([^/]+)"
  return {
    user = service and "service_role" or "anon or a user", version = api and api.info and api.info.version,
    site = host .. "/" .. (conn.config.schema or ""), zone = connector.given(conn.config.zone) or "UTC",
    server_time = conn.state.server_date or connector.server_now(conn), warnings = warnings,
  }
end

return M
