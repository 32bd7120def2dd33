--- What a server and its models are: `test` and `describe`.

local connector = require "tidewire.connector"
local json = require "tidewire.json"
local shapes = require "connectors.odoo.shape"
local wire = require "connectors.odoo.wire"

local array = json.array

local M = {}

local function decimal(field)
  local digits = type(field.digits) == "table" and field.digits[2] or nil
  return { kind = digits and "decimal" or "float", scale = digits, form = digits and "number" or nil, zero_is_null = true }
end

local function options(field)
  local list = array {}
  for i, option in ipairs(type(field.selection) == "table" and field.selection or {}) do list[i] = option[1] end
  return { kind = "enum", options = list }
end

local function plain_text(field)
  local length = type(field.size) == "number" and field.size > 0 and field.size or nil
  return { kind = "text", empty = "null", length = length }
end

local types = {
  char = plain_text, text = plain_text, html = plain_text, selection = options, float = decimal,
  monetary = function() return { kind = "decimal", form = "number", zero_is_null = true } end,
  integer = function() return { kind = "int", zero_is_null = true } end,
  boolean = function() return { kind = "bool", form = "01", null_is_false = true } end,
  date = function() return { kind = "date" } end,
  datetime = function() return { kind = "datetime", form = "local", zone = "UTC", resolution = 1 } end,
  many2one = function(field) return { kind = "reference", to = field.relation } end,
  many2many = function(field) return { kind = "set", of = { kind = "int" }, to = field.relation } end,
  binary = function() return { kind = "binary", form = "base64" } end,
  many2one_reference = function() return { kind = "int" } end,
}
types.image, types.one2many = types.binary, types.many2many

local kept_by_odoo = { id = true, create_date = true, create_uid = true, write_date = true, write_uid = true, display_name = true }

local function describe_field(name, field)
  local type_of = types[field.type] or function() return { kind = field.type == "reference" and "text" or "json" } end
  return { name = name, type = type_of(field), label = field.string, required = field.required == true and not kept_by_odoo[name] or nil,
    read_only = (field.readonly == true or kept_by_odoo[name]) and true or nil, unique = name == "id" or nil,
    references = type(field.relation) == "string" and field.relation or nil, file = field.type == "binary" and "content" or field.relation == "ir.attachment" or nil }
end

-- Of the lists that the mapping names: whether ids can be written to them, and that they change unseen.
local function describe_lists(conn, collection, fields, described, warnings)
  for _, name in ipairs(connector.heads({}, collection.fields)) do
    local field = fields[name]
    if field and field.type == "one2many" then
      local why, err = shapes.unlinkable(conn, field)
      if err then return nil, err end
      if why then described[name].read_only, described[name].because = true, why end
    end
    if field and (field.type == "one2many" or field.type == "many2many") then
      warnings[#warnings + 1] = ("'%s' is a list of ids: what is changed from the side of %s moves no write_date here, so only sweeps find it"):format(name, field.relation)
    end
  end
  return true
end

-- The list whose one record a field is that of, as a template's reference is its only variant's; nil where it is a field of its own.
local function of_the_only_one(fields, name)
  local field = fields[name]
  for _, path in ipairs(field.readonly ~= true and type(field.depends) == "table" and field.depends or {}) do
    local list, inner = tostring(path):match "^([%w_]+)%.([%w_]+)$"
    if inner == name and fields[list] and fields[list].type == "one2many" then return list end
  end
end

-- What Odoo puts into required fields and flags of a new record by itself. A model that does not say is none the worse for it.
local function defaults_of(conn, model, fields)
  local wanted = array {}
  for name, field in pairs(fields) do
    local asked = field.required == true or field.type == "boolean" and field.store ~= false
    if asked and field.readonly ~= true and not kept_by_odoo[name] then wanted[#wanted + 1] = name end
  end
  local values = #wanted > 0 and wire.call(conn, model, "default_get", { fields = wanted }) or nil
  return type(values) == "table" and values or {}
end

-- Whether a link leads to the record whose fields this model has as its own, as a variant has its template's: Odoo makes that record
-- together with the new one. Fields that are merely shown through a link (a line's order) do not come with all of the other's.
local function made_along(conn, fields, name)
  local field, shown = fields[name], false
  if field.type ~= "many2one" or field.required ~= true then return false end
  for other, one in pairs(fields) do shown = shown or one.store == false and one.related == name .. "." .. other end
  local there = shown and shapes.fields(conn, field.relation)
  for other in pairs(there or {}) do
    if not fields[other] then return false end
  end
  return there ~= nil and shown
end

-- Whether Odoo computes a stored field by others where a new record comes without it, as a line's text by its product.
local function computed_at_first(field)
  return field.store == true and type(field.related) ~= "string" and type(field.depends) == "table" and #field.depends > 0
end

local function default_value(value)
  if type(value) == "table" or value == json.null or value == false then return nil end
  return value
end

function M.describe(conn, collection)
  local fields, err = shapes.fields(conn, collection.name, true)
  if not fields then return nil, err end
  local names, list, warnings = {}, array {}, array {}
  for name in pairs(fields) do names[#names + 1] = name end
  table.sort(names)
  local computed, by_name, defaults = {}, {}, defaults_of(conn, collection.name, fields)
  for i, name in ipairs(names) do
    list[i] = describe_field(name, fields[name])
    if made_along(conn, fields, name) or computed_at_first(fields[name]) then list[i].required = nil end
    by_name[name] = list[i]
    if fields[name].type == "one2many" then list[i].all = false end
    list[i].default = default_value(defaults[name])
    local apart = fields[name].store == false and not kept_by_odoo[name] and not shapes.shown_through(fields, name)
    if apart and fields[name].type ~= "one2many" then computed[name] = true end
  end
  for _, name in ipairs(connector.heads({}, collection.fields)) do
    local only = fields[name] and of_the_only_one(fields, name)
    if only then
      warnings[#warnings + 1] = ("'%s' is that of the only record of '%s': with several of them it is empty, and what is written is dropped; map %s instead"):format(name, only, fields[only].relation)
    elseif computed[name] then
      warnings[#warnings + 1] = "'" .. name .. "' is computed when it is read: its changes move no write_date, so only sweeps find them"
    end
  end
  local done
  done, err = describe_lists(conn, collection, fields, by_name, warnings)
  if not done then return nil, err end
  if not fields.write_date then warnings[#warnings + 1] = "this model keeps no write_date, so it cannot be polled" end
  return { key = array { "id" }, fields = list, warnings = warnings, tells_unique = false, tells_times = fields.write_date ~= nil and nil }
end

-- Who we are: JSON-2 knows it from the key.
local function user(conn)
  local context, err = wire.call(conn, "res.users", "context_get", {})
  if context == nil then return nil, err end
  local uid = type(context) == "table" and context.uid or conn.state.uid
  local rows
  rows, err = wire.search_read(conn, "res.users", { domain = array { array { "id", "=", uid or 0 } }, fields = array { "login", "company_ids" }, limit = 1 })
  if not rows then return nil, err end
  return rows[1] or { login = "uid " .. connector.plain(uid), company_ids = array {} }
end

-- Without it where the user may not read it. A question that met no answer is a failure: the database would look like another one.
local function database_id(conn)
  local rows, err = wire.search_read(conn, "ir.config_parameter", { domain = array { array { "key", "=", "database.uuid" } },
    fields = array { "value" }, limit = 1 })
  if not rows and (err.code == "unavailable" or err.code == "throttled") then return nil, err end
  return rows and rows[1] and rows[1].value or ""
end

--- The models with records that stay, for whoever may read the list of models.
function M.catalog(conn)
  local rows, err = wire.search_read(conn, "ir.model", { domain = array { array { "transient", "=", false } }, fields = array { "model", "name" }, order = "model" })
  if not rows then return nil, err end
  local list = array {}
  for i, row in ipairs(rows) do list[i] = { name = row.model, word = "model", label = connector.given(row.name) or nil } end
  return list
end

function M.test(conn)
  local server, err = wire.version(conn)
  if not server then return nil, err end
  local me
  me, err = user(conn)
  if not me then return nil, err end
  local warnings = array {}
  local database
  database, err = database_id(conn)
  if not database then return nil, err end
  if database == "" then
    warnings[1] = "the database's own id can be read by administrators only: address and name must tell this database from another"
  end
  if server.major >= 19 and not server.json2 then
    warnings[#warnings + 1] = "JSON-RPC is to be removed from Odoo 22: give an `api_key`, then JSON-2 is spoken"
  end
  if not conn.config.company and #me.company_ids > 1 then
    warnings[#warnings + 1] = "the user sees several companies: name one with `company`, for values that differ by company"
  end
  local languages = not conn.config.lang and wire.call(conn, "res.lang", "search_count", { domain = array { array { "active", "=", true } } }) or nil
  if type(languages) == "number" and languages > 1 then
    warnings[#warnings + 1] = "the database has several languages: name one with `lang`, so that texts stay in it when the user's own is changed"
  end
  local host = conn.config.url:match "^%w+://([^/]+)"
  return { user = me.login, version = server.text, site = host .. "/" .. (conn.config.database or "") .. "/" .. database, zone = "UTC",
    server_time = conn.state.server_date or connector.server_now(conn), warnings = warnings }
end

return M
