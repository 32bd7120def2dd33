--- What a DocType is made of, and how its documents become records.

local connector = require "tidewire.connector"
local json = require "tidewire.json"
local time = require "tidewire.time"
local url = require "tidewire.url"
local wire = require "connectors.frappe.wire"

local null, array = json.null, json.array
local fail = connector.fail

local M = {}

--- Field types whose values are rows of a child DocType, and those without a value.
M.tables = { Table = true, ["Table MultiSelect"] = true }
M.no_column = { ["Section Break"] = true, ["Column Break"] = true, ["Tab Break"] = true, HTML = true, Button = true,
  Image = true, Fold = true, Heading = true }

local tables, no_column = M.tables, M.no_column

local function index_fields(meta)
  local by_name = {}
  for _, field in ipairs(meta.fields or {}) do by_name[field.fieldname] = field end
  return { meta = meta, fields = by_name }
end

-- The merged definition with those of its child tables; where the desk's call is closed, version 15's own call has the
-- DocType alone.
local function load_meta(conn, doctype)
  local body, err = wire.method(conn, "frappe.desk.form.load.getdoctype", { { "doctype", doctype } })
  local docs = body and (body.docs or type(body.message) == "table" and body.message.docs)
  if not docs and (not err or err.code == "denied" or err.code == "invalid") then
    local reply = wire.request(conn, "GET", "/api/v2/doctype/" .. url.encode(doctype) .. "/meta")
    docs = reply and { reply.body.data }
  end
  if docs and docs[1] then
    local known = index_fields(docs[1])
    known.children = {}
    for _, doc in ipairs(docs) do known.children[doc.name] = index_fields(doc) end
    return known
  end
  if err and err.code == "not_found" then return fail("invalid", "there is no DocType " .. doctype) end
  if err then return nil, err end
  return fail("invalid", "the definition of " .. doctype .. " cannot be read")
end

--- The definition of a DocType: `meta`, `fields` by name, `children` by name of child DocType. Kept while the VM lives.
function M.definition(conn, doctype)
  conn.state.meta = conn.state.meta or {}
  local known = conn.state.meta[doctype]
  if known then return known end
  local err
  known, err = load_meta(conn, doctype)
  conn.state.meta[doctype] = known
  return known, err
end

--- The zone of the site; false where nobody tells. frappe.client.get_time_zone is the caller's own and no help.
function M.zone(conn)
  local state = conn.state
  if state.zone ~= nil then return state.zone end
  local body, err = wire.method(conn, "frappe.client.get_single_value",
    { { "doctype", "System Settings" }, { "field", "time_zone" } })
  if err and (err.code == "unavailable" or err.code == "throttled") then return nil, err end
  local zone = body and type(body.message) == "string" and body.message ~= "" and body.message
  state.zone_told = zone or nil
  state.zone = zone or conn.config.zone or false
  return state.zone
end

--- A time stamp in its stored form: shown without a fraction of zero, but an answer to a write still has it.
function M.stamp(value)
  if type(value) ~= "string" then return nil end
  return (value:gsub("%.000000$", ""))
end

-- "9:05:1.5" -> "09:05:01.5"
local function clock_text(value)
  if type(value) ~= "string" then return value end
  local sign, hour, minute, second, fraction = value:match "^(-?)(%d+):(%d+):(%d+)(%.?%d*)$"
  if not hour then return value end
  return string.format("%s%02d:%02d:%02d%s", sign, tonumber(hour), tonumber(minute), tonumber(second),
    fraction:match "^%.0*$" and "" or fraction)
end

-- A JSON field shows its text; what is no JSON stays the text that it is.
local function json_of(value)
  if type(value) ~= "string" then return value end
  local decoded = json.decode(value)
  if decoded == nil then return value end
  return decoded
end

local function child_of(field, known) return known.children and known.children[field.options] or { fields = {} } end

local function in_form(value, field, known)
  if value == nil then return null end
  if field and field.fieldtype == "Time" then return clock_text(value) end
  if field and field.fieldtype == "JSON" then return json_of(value) end
  if not field or not tables[field.fieldtype] or type(value) ~= "table" then return value end
  local child = child_of(field, known)
  for _, row in ipairs(value) do
    for name, cell in pairs(row) do row[name] = in_form(cell, child.fields[name], child) end
    for name, one in pairs(child.fields) do
      if row[name] == nil and not no_column[one.fieldtype] then row[name] = null end
    end
  end
  return value
end

--- The record of a row or a document; `fields` are the names wanted.
function M.record(row, fields, known, zone)
  local values = {}
  for _, name in ipairs(fields) do values[name] = in_form(row[name], known.fields[name], known) end
  local modified = M.stamp(row.modified)
  return {
    key = connector.plain(row.name), version = modified, incarnation = M.stamp(row.creation), stamp = modified,
    modified = modified and zone and time.from_local(modified, zone) or nil, fields = values,
  }
end

--- A value as a write sends it: a JSON field takes text alone.
function M.sent(value, field, known)
  if not field or type(value) ~= "table" then return value end
  if field.fieldtype == "JSON" then return json.encode(value) end
  if not tables[field.fieldtype] then return value end
  local child, rows = child_of(field, known), array {}
  for i, row in ipairs(value) do
    rows[i] = {}
    for name, cell in pairs(row) do rows[i][name] = M.sent(cell, child.fields[name], child) end
  end
  return rows
end

local everywhere = { name = true, owner = true, creation = true, modified = true, modified_by = true, docstatus = true, idx = true }

--- What a row of a child table has besides: whose it is.
M.of_rows = { "parent", "parenttype", "parentfield" }
local whose = {}
for _, name in ipairs(M.of_rows) do whose[name] = true end

--- What a mapping's fields mean for a request. A list never has child tables, refuses a field that is computed and no column, and drops any
-- column whose name contains `_seen`: those take a read of each document.
function M.plan(conn, collection)
  local known, err = M.definition(conn, collection.name)
  if not known then return nil, err end
  local zone
  zone, err = M.zone(conn)
  if zone == nil then return nil, err end
  local shape = { known = known, zone = zone, fields = connector.heads({}, collection.fields), columns = array {} }
  for _, name in ipairs(connector.heads({ "name", "creation", "modified" }, collection.fields)) do
    local field = known.fields[name]
    if not field and not everywhere[name] and name:sub(1, 1) ~= "_" and not (whose[name] and known.meta.istable == 1) then
      return fail("invalid", collection.name .. " has no field '" .. name .. "'", "renamed or removed there?")
    end
    if field and (tables[field.fieldtype] or field.is_virtual == 1) or name:find("_seen", 1, true) then
      shape.singly = true
    else
      shape.columns[#shape.columns + 1] = name
    end
  end
  return shape
end

-- As version 16 shows a value to who may not see it: X eight times, parted by "-" as a date, or before the @ of an address.
local function is_masked(value)
  return type(value) == "string" and #value > 2 and (value:find "^X+$" or value:find "^X+%-X+%-X+$" or value:find "^X+@") ~= nil
end

--- true, or nil, err where the site shows a mask in place of a value.
function M.unmasked(shape, row)
  for _, name in ipairs(shape.fields) do
    local field = shape.known.fields[name]
    if field and tonumber(field.mask) == 1 and is_masked(row[name]) then
      return fail("invalid", "the site masks " .. name, "give the API user the permission to see masked fields")
    end
  end
  return true
end

--- The record of a listed row.
function M.from_row(shape, row)
  for _, name in ipairs(shape.columns) do
    if row[name] == nil then
      return fail("invalid", "the site leaves out " .. name, "the API user may not read it: see its permission level")
    end
  end
  local clear, err = M.unmasked(shape, row)
  if not clear then return nil, err end
  return M.record(row, shape.fields, shape.known, shape.zone)
end

return M
