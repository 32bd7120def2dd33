--- What a site and its DocTypes are: `test` and `describe`.

local connector = require "tidewire.connector"
local json = require "tidewire.json"
local text = require "tidewire.text"
local shapes = require "connectors.frappe.shape"
local wire = require "connectors.frappe.wire"

local array = json.array

local M = {}

local function words(list)
  local set = {}
  for word in list:gmatch "[^,]+" do set[text.trim(word)] = true end
  return set
end

local short_texts = words "Data,Phone,Color,Icon,Autocomplete,Read Only,Dynamic Link"
local numbers = { Float = 9, Currency = 9, Percent = 9, Duration = 9, Rating = 2 }

local function options_of(field)
  local options = array {}
  for line in (field.options or ""):gmatch "[^\n]+" do
    local option = text.trim(line)
    if option ~= "" then options[#options + 1] = option end
  end
  return options
end

local describe_fields

-- Section 2.4 of how Frappe stores values: numbers are never null, and an empty text is the same as none.
local function type_of(field, known, zone)
  local kind = field.fieldtype
  local length = tonumber(field.length) or 0
  if kind == "Check" then return { kind = "bool", form = "01", null_is_false = true } end
  if kind == "Int" or kind == "Long Int" then return { kind = "int", zero_is_null = true } end
  if numbers[kind] then return { kind = "decimal", scale = numbers[kind], form = "number", zero_is_null = true } end
  if kind == "Date" then return { kind = "date" } end
  if kind == "Time" then return { kind = "time", resolution = 0.000001 } end
  if kind == "Datetime" then return { kind = "datetime", form = "local", zone = zone or nil, resolution = 0.000001 } end
  if kind == "JSON" then return { kind = "json", form = "text" } end
  if kind == "Link" then return { kind = "reference", to = field.options, empty = "null", length = 140 } end
  if kind == "Select" then return { kind = "enum", options = options_of(field), empty = "null" } end
  if shapes.tables[kind] then
    local child = known.children and known.children[field.options]
    return { kind = "rows", to = field.options, fields = child and describe_fields(child, known, zone) or nil }
  end
  if short_texts[kind] then return { kind = "text", length = length > 0 and length or 140, empty = "null" } end
  return { kind = "text", empty = "null" }
end

-- Fields that hold the address of a file, or the name of a File, which is a document about one.
local attached = { Attach = true, ["Attach Image"] = true }

local function is_file(field, known)
  return attached[field.fieldtype] or field.fieldtype == "Link" and field.options == "File" or known.meta.name == "File" and field.fieldname == "file_url" or nil
end

local function describe_field(field, known, zone)
  local fetched = (field.fetch_from or "") ~= "" and (tonumber(field.fetch_if_empty) or 0) == 0
  local default = field.default
  return {
    name = field.fieldname, label = field.label, type = type_of(field, known, zone),
    required = field.reqd == 1, unique = field.unique == 1, default = default ~= "" and default or nil,
    read_only = fetched or field.is_virtual == 1,
    references = field.fieldtype == "Link" and field.options or nil,
    editable_after = field.allow_on_submit == 1 or nil,
    file = is_file(field, known),
    drafted = field.read_only == 1 and "from" or nil,      -- of the form alone: most of these the site computes, some an integration writes
  }
end

function describe_fields(known, whole, zone)
  local list = array {}
  for _, field in ipairs(known.meta.fields or {}) do
    if not shapes.no_column[field.fieldtype] then list[#list + 1] = describe_field(field, whole, zone) end
  end
  return list
end

local function standard_fields(meta, zone, named_by_client)
  local moment = { kind = "datetime", form = "local", zone = zone or nil, resolution = 0.000001 }
  local name = { kind = "text", length = 140, trim = "both" }
  if meta.autoname == "autoincrement" then name = { kind = "int" } end
  local function fixed(field, type)
    return { name = field, type = type, required = false, unique = false, read_only = true }
  end
  local fields = array {
    { name = "name", label = "ID", type = name, required = named_by_client, unique = true, read_only = not named_by_client },
    fixed("creation", moment), fixed("modified", moment),
    fixed("owner", { kind = "text", length = 140 }), fixed("modified_by", { kind = "text", length = 140 }),
    { name = "docstatus", type = { kind = "int", options = array { 0, 1, 2 } }, required = false, unique = false, read_only = meta.is_submittable ~= 1, all = false,
      verbs = { submit = 1, cancel = 2 } },
    { name = "idx", type = { kind = "int" }, required = false, unique = false, read_only = false, all = false },
  }
  for _, one in ipairs(meta.istable == 1 and shapes.of_rows or {}) do fields[#fields + 1] = fixed(one, { kind = "text", length = 140 }) end
  return fields
end

-- The fields that a mapping names; all of them where nobody has named any.
local function fields_in_use(known, names)
  local named, list = {}, {}
  for _, name in ipairs(names) do named[name] = true end
  for _, field in ipairs(known.meta.fields or {}) do
    if #names == 0 or named[field.fieldname] then list[#list + 1] = field end
  end
  return list
end

local function warnings_of(known, zone, names)
  local warnings = array {}
  local function warn(message) warnings[#warnings + 1] = message end
  for _, field in ipairs(fields_in_use(known, names)) do
    if (tonumber(field.permlevel) or 0) > 0 then
      warn(field.fieldname .. " has permission level " .. field.permlevel
        .. ": without that right it cannot be read and writes are dropped")
    elseif tonumber(field.mask) == 1 then
      warn(field.fieldname .. " is masked for users without that right: a value that reads as X is refused, so give the API user the permission to see it")
    elseif field.fieldtype == "Password" then
      warn(field.fieldname .. " is a password: it reads as stars")
    elseif field.is_virtual == 1 then
      warn(field.fieldname .. " is computed by the site and no column, so it costs a request for each document")
    elseif field.fieldname:find("_seen", 1, true) then
      warn(field.fieldname .. " is left out of lists by the site, so it costs a request for each document")
    end
  end
  if not zone then warn "the zone of the site cannot be read: give `zone`, or System Settings to the API user" end
  if known.meta.issingle == 1 then warn "a Single has one document and cannot be listed" end
  if known.meta.istable == 1 then warn "a child table: map it as rows of its parent" end
  return warnings
end

function M.describe(conn, collection)
  if conn.state.meta then conn.state.meta[collection.name] = nil end
  conn.state.zone = nil
  local known, err = shapes.definition(conn, collection.name)
  if not known then return nil, err end
  local zone
  zone, err = shapes.zone(conn)
  if zone == nil then return nil, err end
  local naming = tostring(known.meta.autoname or ""):lower()
  local named_by_client = naming == "prompt" or naming == "uuid"
  local fields = standard_fields(known.meta, zone, naming == "prompt")
  for _, field in ipairs(describe_fields(known, known, zone)) do fields[#fields + 1] = field end
  return { key = array { "name" }, fields = fields, warnings = warnings_of(known, zone, connector.heads({}, collection.fields)), client_keys = named_by_client }
end

-- The site has no id that a common user may read; the birth of its first user is as good where it can be read. A question that
-- met no answer says nothing of the site: without that part it would look like another one.
local function site_of(conn)
  local host = connector.without_login(conn.config.url):match "^%w+://([^/]+)"
  local rows, err = wire.get_list(conn, "User", { fields = array { "creation" }, limit_page_length = 1,
    filters = array { array { "name", "=", "Administrator" } } })
  if not rows and (err.code == "unavailable" or err.code == "throttled") then return nil, err end
  return host .. "|" .. (rows and rows[1] and rows[1].creation or "")
end

local function check_trash(conn, warn)
  local rows, err = wire.get_list(conn, "Deleted Document", { fields = array { "name" }, limit_page_length = 1 })
  if not rows and err.code == "denied" then
    warn("Deleted Document cannot be read: a poll does not learn of deletions, and a delete cannot be looked at "
      .. "afterwards (role System Manager)")
  end
end

local function check_zone(conn, zone, warn)
  local configured = conn.config.zone
  if not zone then warn "the zone of the site cannot be read: give `zone`" end
  if configured and conn.state.zone_told and configured ~= conn.state.zone_told then
    warn("the site says its zone is " .. conn.state.zone_told .. "; `zone` is not used")
  end
end

--- The DocTypes that have documents of their own and may be read.
function M.catalog(conn)
  local rows, err = wire.get_list(conn, "DocType", { fields = array { "name", "module" }, limit_page_length = 0, order_by = "name asc",
    filters = array { array { "istable", "=", 0 }, array { "issingle", "=", 0 } } })
  if not rows then return nil, err end
  local list = array {}
  for i, row in ipairs(rows) do list[i] = { name = row.name, word = "doctype", label = connector.given(row.module) } end
  return list
end

function M.test(conn)
  local body, err = wire.method(conn, "frappe.auth.get_logged_user")
  if not body then return nil, err end
  local user, server_time = body.message, conn.state.server_date
  if type(user) ~= "string" then return connector.fail("unavailable", "the answer names no user of a Frappe site", "does `url` name the site?") end
  conn.state.zone = nil
  local zone
  zone, err = shapes.zone(conn)
  if zone == nil then return nil, err end
  local site
  site, err = site_of(conn)
  if not site then return nil, err end
  local warnings = array {}
  local function warn(message) warnings[#warnings + 1] = message end
  local versions = wire.method(conn, "frappe.utils.change_log.get_versions")
  local apps = versions and versions.message or {}
  check_zone(conn, zone, warn)
  check_trash(conn, warn)
  return {
    user = user, version = apps.frappe and apps.frappe.version, site = site, zone = zone or nil,
    server_time = server_time or connector.server_now(conn), warnings = warnings,
  }
end

return M
