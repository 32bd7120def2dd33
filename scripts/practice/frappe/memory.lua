-- Documents in memory: made from what a client sent or from rows of the database.
--
-- A document is a table of its field values with `__meta`; nil stands for null. Tables of rows hang under their
-- fieldname. `__islocal`: not stored yet. `__unsaved`: a row added by this save. `__stored`: as read, not yet written.

local errors = require "practice.frappe.errors"
local json = require "tidewire.json"
local permissions = require "practice.frappe.permissions"
local python = require "practice.shared.python"
local schema = require "practice.frappe.schema"
local site = require "practice.frappe.site"
local store = require "practice.frappe.store"
local validate = require "practice.frappe.validate"
local values = require "practice.frappe.values"

local M = {}
local null = json.null

local standard = {
  owner = true, creation = true, modified = true, modified_by = true, docstatus = true, idx = true, parent = true,
  parentfield = true, parenttype = true,
}

local function python_kind(value)
  local kind = type(value)
  return kind == "string" and "str" or kind == "boolean" and "bool" or kind == "table" and "list" or "int"
end

local function make_row(field, child, value, position)
  if type(value) ~= "table" or python.is_dec(value) or python.is_list(value) then
    errors.raise("TypeError", ("'%s' object does not support item assignment"):format(python_kind(value)))
  end
  local row = { __meta = child, doctype = child.name }
  M.assign(row, value)
  if python.truthy(value.name) then row.name = value.name else row.__islocal, row.__unsaved = true, true end
  if not python.truthy(row.idx) then row.idx = position end
  row.parentfield = field.fieldname
  return row
end

local function make_rows(field, value)
  if not python.truthy(value) then return {} end
  if type(value) ~= "table" or (not python.is_list(value) and next(value)) then
    errors.raise("TypeError", ("'%s' object does not support item assignment"):format(python_kind(value)))
  end
  local child, rows = schema.get(field.options), {}
  for i, item in ipairs(value) do rows[i] = make_row(field, child, item, i) end
  return rows
end

--- Puts what a client sent into a document; keys that are no fields are ignored.
function M.assign(doc, data)
  local by_name = doc.__meta.by_name
  for key, value in pairs(data) do
    local field = by_name[key]
    if field and field.is_table then doc[key] = make_rows(field, value)
    elseif (field and field.kind) or standard[key] then
      if value == null then doc[key] = nil else doc[key] = value end
    end
  end
  return doc
end

--- A document not stored yet.
function M.new(doctype, data)
  local meta = schema.get(doctype)
  local doc = { __meta = meta, doctype = meta.name, __islocal = true }
  for _, field in ipairs(meta.tables) do doc[field.fieldname] = {} end
  M.assign(doc, data or {})
  doc.__given_name = data and data.name ~= null and data.name or nil
  return doc
end

local function default_of(field)
  local default = field.default
  if default and default ~= "" then
    local word = default:lower()
    if field.kind == "date" and (word == "today" or word == "__today") then return site.now():sub(1, 10) end
    if field.kind == "datetime" and word == "now" then return site.now() end
    if field.kind == "time" and word == "now" then return site.now():sub(12) end
    return default
  end
  if field.kind == "time" then return site.now():sub(12) end
  if field.fieldtype == "Select" and field.options and field.options ~= "" then return (field.options:match "^([^\n]*)") end
  if field.fieldtype == "Link" then
    local confined = permissions.confinement()
    local names = confined and confined[field.options]
    return names and #names == 1 and names[1] or nil
  end
  return nil
end

--- Fills what the client left out or null, in the document and its rows.
function M.set_defaults(document)
  validate.each(document, function(doc, meta)
    for _, field in ipairs(meta.columns) do
      if doc[field.fieldname] == nil then doc[field.fieldname] = default_of(field) end
    end
  end)
end

--- A document from a row of the database, without its tables.
function M.from_row(meta, row)
  local doc = { __meta = meta, doctype = meta.name, __stored = true }
  for _, column in ipairs(store.standard) do doc[column[1]] = row[column[1]] end
  if meta.istable then
    for _, column in ipairs(store.of_children) do doc[column[1]] = row[column[1]] end
  end
  for key in pairs { creation = 1, modified = 1 } do
    if doc[key] then doc[key] = values.show_datetime(doc[key]) end
  end
  doc.docstatus, doc.idx = doc.docstatus or 0, doc.idx or 0
  for _, field in ipairs(meta.columns) do
    local value = row[field.fieldname]
    doc[field.fieldname] = values.from_row(field, value)
    if field.kind == "time" and value then
      doc.__times = doc.__times or {}
      doc.__times[field.fieldname] = value
    end
  end
  return doc
end

local function load_single(meta)
  local doc = { __meta = meta, doctype = meta.name, name = meta.name, owner = site.user(), docstatus = 0, idx = 0, __stored = true }
  local stored = {}
  for _, row in ipairs(store.query("SELECT field, value FROM singles WHERE doctype = ?", meta.name)) do
    stored[row.field] = row.value
    if row.field == "modified" or row.field == "modified_by" or row.field == "owner" or row.field == "idx" then doc[row.field] = row.value end
  end
  for _, field in ipairs(meta.columns) do
    local value = stored[field.fieldname]
    if value == nil and stored.modified == nil then
      value = field.default or (field.fieldtype == "Select" and field.options and field.options:match "^[^\n]*") or nil
    end
    if field.kind == "int" or field.kind == "check" then value = python.cint(value)
    elseif field.kind == "float" or field.kind == "rating" then value = python.flt(value)
    end
    doc[field.fieldname] = value
  end
  for _, field in ipairs(meta.tables) do doc[field.fieldname] = {} end
  return doc
end

--- The stored document, nil when absent.
function M.load(meta, name)
  if meta.issingle then return load_single(meta) end
  if meta.autoname == "autoincrement" then name = tonumber(name) or name end
  local row = name ~= nil and name ~= null and store.row(meta, type(name) == "table" and tostring(name) or name)
  if not row then return nil end
  local doc = M.from_row(meta, row)
  for _, field in ipairs(meta.tables) do
    local child, rows = schema.get(field.options), {}
    for i, child_row in ipairs(store.children(child, doc.name, meta.name, field.fieldname)) do rows[i] = M.from_row(child, child_row) end
    doc[field.fieldname] = rows
  end
  return doc
end

--- A copy that shares nothing with the original.
function M.copy(doc)
  local out = {}
  for key, value in pairs(doc) do out[key] = value end
  for _, field in ipairs(doc.__meta.tables) do
    local rows = {}
    for i, row in ipairs(doc[field.fieldname] or {}) do rows[i] = M.copy(row) end
    out[field.fieldname] = rows
  end
  return out
end

return M
