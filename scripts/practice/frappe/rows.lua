-- Writing documents into their tables, with the failures the database would have.

local errors = require "practice.frappe.errors"
local python = require "practice.shared.python"
local schema = require "practice.frappe.schema"
local site = require "practice.frappe.site"
local store = require "practice.frappe.store"
local values = require "practice.frappe.values"

local M = {}

local function secret_of(doc, field)
  local value = doc[field.fieldname]
  if value ~= nil and value ~= "" then
    value = python.str(value)
    if value:find "^%*+$" then return end
    store.run("INSERT OR REPLACE INTO secrets VALUES (?, ?, ?, ?)", doc.doctype, tostring(doc.name), field.fieldname, value)
    doc[field.fieldname] = ("*"):rep(#value)
  else
    store.run("DELETE FROM secrets WHERE doctype = ? AND name = ? AND field = ?", doc.doctype, tostring(doc.name), field.fieldname)
  end
end

--- The plain text behind a Password field, nil when none was set.
function M.secret(doctype, name, fieldname)
  local row = store.query("SELECT value FROM secrets WHERE doctype = ? AND name = ? AND field = ?", doctype, tostring(name), fieldname)[1]
  return row and row.value
end

local function duplicate(meta, doc, column, inserting)
  if inserting and store.name_of(meta, doc.name) then column = "name" end
  local value = column == "name" and doc.name or doc[column]
  local text = ("('%s', '%s', IntegrityError(1062, \"Duplicate entry '%s' for key '%s'\"))"):format(
    meta.name, tostring(doc.name), tostring(value), column == "name" and "PRIMARY" or column)
  if column == "name" then
    site.message(("%s %s already exists"):format(meta.name, tostring(doc.name)), { title = "Duplicate Name", indicator = "red" })
    errors.raise("DuplicateEntryError", text)
  end
  site.message(meta.by_name[column].label .. " must be unique")
  errors.raise("UniqueValidationError", text)
end

local function to_row(doc)
  local meta, row = doc.__meta, {}
  for _, column in ipairs(store.standard) do row[column[1]] = doc[column[1]] end
  if meta.istable then
    for _, column in ipairs(store.of_children) do row[column[1]] = doc[column[1]] end
  end
  row.creation = row.creation and (values.parse_datetime(python.str(row.creation)) or row.creation)
  row.modified = site.full_datetime(row.modified)
  if type(row.idx) == "string" and not row.idx:find "^%-?%d+$" then
    errors.raise("DataError", ("(1366, \"Incorrect integer value: '%s' for column `practice`.`tab%s`.`idx` at row 1\")"):format(row.idx, meta.name), { status = 500 })
  end
  row.idx = python.cint(row.idx)
  for _, field in ipairs(meta.columns) do
    local value = doc[field.fieldname]
    if field.kind == "password" then secret_of(doc, field) value = doc[field.fieldname] end
    row[field.fieldname] = values.to_row(meta, field, value)
  end
  return row
end

local function settle(doc)
  for _, field in ipairs(doc.__meta.columns) do
    local value = doc[field.fieldname]
    if field.unique and value == "" then value = nil end
    doc[field.fieldname] = values.coerce(field, value)
  end
  doc.__stored = nil
end

--- Inserts the row of a new document or row; fails as the database would.
function M.insert(doc)
  settle(doc)
  local done, column = store.insert_row(doc.__meta, to_row(doc))
  if not done then duplicate(doc.__meta, doc, column, true) end
end

--- Overwrites the row named `key`.
function M.update(doc, key)
  settle(doc)
  local done, column = store.update_row(doc.__meta, key, to_row(doc))
  if not done then duplicate(doc.__meta, doc, column) end
end

--- Puts parent, stamps and names on the rows of all tables; `fresh` when the document is new.
function M.prepare(doc, fresh)
  for _, field in ipairs(doc.__meta.tables) do
    for _, row in ipairs(doc[field.fieldname] or {}) do
      row.parent, row.parenttype, row.parentfield = tostring(doc.name), doc.doctype, field.fieldname
      if fresh then row.name, row.__islocal = nil, true end
      if row.name == nil then row.name = site.random_name() end
      row.docstatus, row.modified, row.modified_by = doc.docstatus, doc.modified, doc.modified_by
      row.owner = (not fresh and row.owner) or doc.owner
      row.creation = (not fresh and row.creation) or doc.creation
    end
  end
end

--- Writes the rows of all tables and removes those that are no longer there.
function M.replace_rows(doc)
  for _, field in ipairs(doc.__meta.tables) do
    local child, kept = schema.get(field.options), {}
    for _, row in ipairs(doc[field.fieldname] or {}) do
      if row.__islocal then M.insert(row) row.__islocal = nil else M.update(row, store.key(python.str(row.name))) end
      kept[store.key(python.str(row.name))] = true
    end
    for _, row in ipairs(store.children(child, doc.name, doc.doctype, field.fieldname)) do
      if not kept[store.key(row.name)] then store.delete_row(child.name, row.name) end
    end
  end
end

--- Writes a Single: one text per field.
function M.write_single(doc)
  settle(doc)
  store.run("DELETE FROM singles WHERE doctype = ?", doc.doctype)
  local function put(field, value)
    if value ~= nil then store.run("INSERT INTO singles VALUES (?, ?, ?)", doc.doctype, field, python.str(value)) end
  end
  for _, key in ipairs { "owner", "modified", "modified_by", "idx" } do put(key, doc[key]) end
  for _, field in ipairs(doc.__meta.columns) do
    local stored = values.to_row(doc.__meta, field, doc[field.fieldname])
    if field.kind == "datetime" and stored then stored = values.show_datetime(stored) end
    if field.kind == "time" and stored then stored = values.show_time(stored) end
    put(field.fieldname, stored)
  end
end

return M
