-- DocTypes as the server uses them: definition rows merged with Custom Fields and Property Setters.

local builtin = require "practice.frappe.builtin"
local errors = require "practice.frappe.errors"
local python = require "practice.shared.python"
local store = require "practice.frappe.store"

local M = {}

local kinds = { Check = "check", Int = "int", Float = "float", Currency = "float", Percent = "float", Rating = "rating",
  Duration = "duration", Date = "date", Datetime = "datetime", Time = "time", JSON = "json", Password = "password" }
local without_column = {
  ["Section Break"] = true, ["Column Break"] = true, ["Tab Break"] = true, HTML = true, Button = true, Image = true,
  Fold = true, Heading = true,
}
local no_limit = {
  ["Small Text"] = true, Text = true, ["Long Text"] = true, ["Text Editor"] = true, Code = true, ["Markdown Editor"] = true,
  ["HTML Editor"] = true, Signature = true, Geolocation = true, Barcode = true, Attach = true, ["Attach Image"] = true,
}
local flags = { "reqd", "unique", "set_only_once", "allow_on_submit", "fetch_if_empty", "non_negative", "ignore_xss_filter", "is_virtual" }

local cache = {}

local function make_field(row)
  local field = {
    row = row, fieldname = row.fieldname, fieldtype = row.fieldtype, label = row.label or row.fieldname,
    options = row.options, default = row.default, permlevel = python.cint(row.permlevel), fetch_from = row.fetch_from,
    length = python.cint(row.length),
  }
  for _, flag in ipairs(flags) do field[flag] = python.cint(row[flag]) ~= 0 end
  if row.fieldtype == "Table" or row.fieldtype == "Table MultiSelect" then field.is_table = true
  elseif not without_column[row.fieldtype] and not field.is_virtual then field.kind = kinds[row.fieldtype] or "text" end
  if field.kind == "text" and not no_limit[row.fieldtype] then field.limit = field.length > 0 and field.length or 140 end
  if no_limit[row.fieldtype] or field.kind == "password" then
    local small = row.fieldtype == "Small Text" or row.fieldtype == "Text" or row.fieldtype:find "^Attach" or field.kind == "password"
    field.bytes = small and 65535 or nil
  end
  return field
end

local function collect(meta, field)
  meta.fields[#meta.fields + 1] = field
  meta.by_name[field.fieldname] = field
  if field.is_table then meta.tables[#meta.tables + 1] = field end
  if not field.kind then return end
  meta.columns[#meta.columns + 1] = field
  if field.fieldtype == "Link" then meta.links[#meta.links + 1] = field end
  if field.fieldtype == "Dynamic Link" then meta.dynamic_links[#meta.dynamic_links + 1] = field end
end

--- Marks fields that some other field is fetched through: their links are not validated by a real site.
local function mark_fetched(meta)
  meta.fetches = {}
  for _, field in ipairs(meta.columns) do
    local link, source = (field.fetch_from or ""):match "^([^.]+)%.(.+)$"
    if link and meta.by_name[link] then
      meta.by_name[link].feeds = true
      meta.fetches[#meta.fetches + 1] = { field = field, link = meta.by_name[link], source = source }
    end
  end
end

--- A meta from a DocType row, field rows in order and permission rows.
function M.build(header, field_rows, permissions)
  local meta = { name = header.name, header = header, fields = {}, by_name = {}, columns = {}, tables = {}, links = {},
    dynamic_links = {}, permissions = permissions, autoname = header.autoname, engine_version = 0 }
  for _, flag in ipairs { "istable", "issingle", "is_submittable", "allow_rename", "track_changes", "custom" } do
    meta[flag] = python.cint(header[flag]) ~= 0
  end
  for _, row in ipairs(field_rows) do collect(meta, make_field(row)) end
  mark_fetched(meta)
  return meta
end

local function place_custom_fields(rows, customs)
  local first = {}
  for _, custom in ipairs(customs) do
    custom.is_custom_field = 1
    local at
    for i, row in ipairs(rows) do
      if custom.insert_after and row.fieldname == custom.insert_after then at = i + 1 end
    end
    if at then table.insert(rows, at, custom) else first[#first + 1] = custom end
  end
  for i, custom in ipairs(first) do table.insert(rows, i, custom) end
end

local function apply_property_setters(doctype, header, rows)
  local meta = cache["Property Setter"]
  if not meta then return end
  for _, setter in ipairs(store.query('SELECT * FROM "tabProperty Setter" WHERE doc_type = ?', doctype)) do
    if setter.field_name and setter.field_name ~= "" then
      for _, row in ipairs(rows) do
        if row.fieldname == setter.field_name then row[setter.property] = setter.value end
      end
    else
      header[setter.property] = setter.value
    end
  end
end

local function load(doctype)
  local header = store.query('SELECT * FROM "tabDocType" WHERE name_key = ?', store.key(doctype))[1]
  if not header then return nil end
  local name = header.name
  local rows = store.query([[SELECT * FROM "tabDocField" WHERE parent = ? AND parentfield = 'fields' ORDER BY idx]], name)
  if cache["Custom Field"] then
    place_custom_fields(rows, store.query('SELECT * FROM "tabCustom Field" WHERE dt = ? ORDER BY creation, name_key', name))
  end
  apply_property_setters(name, header, rows)
  local permissions = store.query([[SELECT * FROM "tabDocPerm" WHERE parent = ? ORDER BY idx]], name)
  return M.build(header, rows, permissions)
end

--- The meta of a DocType, nil when there is none. Names compare without case, as everywhere on a site.
function M.find(doctype)
  if type(doctype) ~= "string" then return nil end
  local meta = cache[doctype]
  if meta == nil then
    meta = load(doctype)
    if meta and meta.name ~= doctype then meta = M.find(meta.name) end
    if meta then cache[doctype] = meta end
  end
  return meta
end

--- The meta of a DocType; the failure of a single read or a create otherwise.
function M.get(doctype)
  local meta = M.find(doctype)
  if not meta then
    errors.raise("ImportError", ("No module named 'frappe.core.doctype.%s'"):format(tostring(doctype):lower():gsub("[ -]", "_")))
  end
  return meta
end

--- Forgets a DocType whose definition changed; nil forgets all. Built-in ones stay known to `load`.
function M.forget(doctype)
  if doctype then cache[doctype] = nil return end
  cache = { ["Custom Field"] = cache["Custom Field"], ["Property Setter"] = cache["Property Setter"] }
end

--- Metas of all DocTypes with a table of their own.
function M.all()
  local list = {}
  for _, row in ipairs(store.query 'SELECT name FROM "tabDocType" WHERE issingle = 0 ORDER BY name_key') do
    list[#list + 1] = M.find(row.name)
  end
  return list
end

local function definition_rows(entry, stamp, position)
  local doctype = entry[1]
  local header = { name = doctype, owner = "Administrator", creation = stamp, modified = stamp, modified_by = "Administrator",
    docstatus = 0, idx = position, module = "Core", autoname = entry.autoname, istable = entry.child and 1 or 0,
    issingle = entry.single and 1 or 0, allow_rename = entry.rename == false and 0 or 1, sort_field = "modified",
    sort_order = "DESC", engine = "InnoDB", track_changes = 0, is_submittable = 0, custom = 0 }
  local function row(values, parentfield, i)
    local out = { name = ("%s-%s-%d"):format(doctype, parentfield, i), owner = "Administrator", creation = stamp,
      modified = stamp, modified_by = "Administrator", docstatus = 0, idx = i, parent = doctype, parentfield = parentfield,
      parenttype = "DocType" }
    for key, value in pairs(values) do out[key] = value end
    return out
  end
  local fields, permissions = {}, {}
  for i, field in ipairs(builtin.fields(entry)) do fields[i] = row(field, "fields", i) end
  for i, permission in ipairs(builtin.permissions(entry)) do permissions[i] = row(permission, "permissions", i) end
  return header, fields, permissions
end

--- Fills an empty database with the built-in DocTypes.
function M.bootstrap(stamp)
  local entries = {}
  for position, entry in ipairs(builtin.list) do
    local header, fields, permissions = definition_rows(entry, stamp, position)
    entries[position] = { header = header, fields = fields, permissions = permissions }
    local meta = M.build(header, fields, permissions)
    cache[header.name] = meta
    store.ensure_table(meta)
  end
  for _, entry in ipairs(entries) do
    store.insert_row(cache.DocType, entry.header)
    for _, field in ipairs(entry.fields) do store.insert_row(cache.DocField, field) end
    for _, permission in ipairs(entry.permissions) do store.insert_row(cache.DocPerm, permission) end
  end
  M.forget()
end

--- Makes the metas that other metas are read through available after a start on an existing database.
function M.open()
  cache["Custom Field"], cache["Property Setter"] = nil, nil
  local custom, setter = load "Custom Field", load "Property Setter"
  cache["Custom Field"], cache["Property Setter"] = custom, setter
end

return M
