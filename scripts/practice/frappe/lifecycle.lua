-- Deleting, renaming, merging, restoring.

local controllers = require "practice.frappe.controllers"
local documents = require "practice.frappe.documents"
local errors = require "practice.frappe.errors"
local json = require "tidewire.json"
local naming = require "practice.frappe.naming"
local output = require "practice.frappe.output"
local permissions = require "practice.frappe.permissions"
local python = require "practice.shared.python"
local schema = require "practice.frappe.schema"
local site = require "practice.frappe.site"
local store = require "practice.frappe.store"
local values = require "practice.frappe.values"

local M = {}

--- Inserts a row of a log-like DocType without hooks and events, as db_insert does.
function M.log(doctype, fields)
  local meta = schema.get(doctype)
  local stamp = site.now()
  local row = { name = site.random_name(), owner = site.user(), modified_by = site.user(), creation = stamp, modified = stamp, docstatus = 0, idx = 0 }
  for key, value in pairs(fields) do row[key] = value end
  store.insert_row(meta, row)
  return row.name
end

--- Calls `visit(meta, field)` for every Link field of the site that leads to a DocType.
local function each_link_to(doctype, visit)
  for _, row in ipairs(store.query([[
      SELECT parent, fieldname FROM "tabDocField" WHERE fieldtype = 'Link' AND options = ?1
      UNION SELECT dt, fieldname FROM "tabCustom Field" WHERE fieldtype = 'Link' AND options = ?1]], doctype)) do
    local meta = schema.find(row.parent)
    local field = meta and meta.by_name[row.fieldname]
    if field and field.kind and not meta.issingle then visit(meta, field) end
  end
end

local function each_dynamic_link(visit)
  for _, row in ipairs(store.query [[
      SELECT parent, fieldname FROM "tabDocField" WHERE fieldtype = 'Dynamic Link'
      UNION SELECT dt, fieldname FROM "tabCustom Field" WHERE fieldtype = 'Dynamic Link']]) do
    local meta = schema.find(row.parent)
    local field = meta and meta.by_name[row.fieldname]
    if field and not meta.issingle then visit(meta, field) end
  end
end

local ignored = { Comment = true, Version = true, ["Deleted Document"] = true, ["Webhook Request Log"] = true, DocField = true,
  ["Custom Field"] = true, ["Property Setter"] = true, ["User Permission"] = true, Webhook = true }

local function linking_row(meta, field, doc, submitted_only)
  local sql = ("SELECT * FROM %s WHERE %s = ?%s LIMIT 2"):format(store.table_of(meta.name), store.quote(field.fieldname),
    submitted_only and " AND docstatus = 1" or "")
  for _, row in ipairs(store.query(sql, tostring(doc.name))) do
    local own = (meta.name == doc.doctype and row.name == doc.name) or (meta.istable and row.parenttype == doc.doctype and row.parent == tostring(doc.name))
    if not own and (submitted_only or row.docstatus ~= 2) then return row end
  end
  return nil
end

--- Fails when some document links here; with `submitted_only` drafts do not count.
function M.check_links(doc, submitted_only)
  local function visit(meta, field)
    if ignored[meta.name] then return end
    local row = linking_row(meta, field, doc, submitted_only)
    if not row then return end
    local from, name = meta.name, tostring(row.name)
    if meta.istable then from, name = row.parenttype, row.parent end
    errors.throw("LinkExistsError", ('Cannot delete or cancel because %s <a href="/app/Form/%s/%s">%s</a> is linked with %s <a href="/app/Form/%s/%s">%s</a>')
      :format(doc.doctype, doc.doctype, doc.name, doc.name, from, from, name, name))
  end
  each_link_to(doc.doctype, visit)
  each_dynamic_link(function(meta, field)
    local sql = ("SELECT 1 FROM %s WHERE %s = ? AND %s = ? LIMIT 1"):format(store.table_of(meta.name), store.quote(field.options), store.quote(field.fieldname))
    if not ignored[meta.name] and #store.query(sql, doc.doctype, tostring(doc.name)) > 0 then visit(meta, field) end
  end)
end

function documents.check_cancel(doc)
  M.check_links(doc, true)
end

local function remove_rows(doc)
  for _, field in ipairs(doc.__meta.tables) do
    store.run(("DELETE FROM %s WHERE parent = ? AND parenttype = ?"):format(store.table_of(field.options)), tostring(doc.name), doc.doctype)
  end
  store.run("DELETE FROM secrets WHERE doctype = ? AND name = ?", doc.doctype, tostring(doc.name))
end

local function remember(doc)
  M.log("Deleted Document", { deleted_doctype = doc.doctype, deleted_name = tostring(doc.name), restored = 0, data = python.indented(output.dict(doc)) })
  M.log("Comment", { comment_type = "Deleted", reference_doctype = doc.doctype, subject = doc.doctype .. " " .. tostring(doc.name),
    comment_email = site.user(), comment_by = site.user() })
end

local function refuse_submitted(doc)
  local text = ("%s %s: Submitted Record cannot be deleted. You must <a href='https://docs.erpnext.com'>Cancel</a> it first."):format(doc.doctype, doc.name)
  site.message(text, { indicator = "red", raise_exception = 1 })
  errors.raise("ValidationError", text)
end

--- Deletes a document that was read.
function M.remove(doc, options)
  options = options or {}
  if doc.docstatus == 1 and not options.force then refuse_submitted(doc) end
  documents.on_event("on_trash", doc)
  controllers.run("on_trash", doc)
  documents.on_event("on_change", doc)
  if not options.force then M.check_links(doc) end
  naming.revert(doc.__meta, doc.name)
  remove_rows(doc)
  store.delete_row(doc.doctype, doc.name)
  if not options.silently then remember(doc) end
  documents.count_write(doc, "delete")
end

--- Deletes by name, as the API does. Deleting a Single that exists answers without doing anything.
function M.delete(doctype, name)
  local meta = schema.find(doctype)
  local doc = meta and documents.load(meta, name)
  if not doc then
    errors.raise("DoesNotExistError")
  end
  if not permissions.allowed(meta, "delete") then
    local text = ("User not allowed to delete %s: %s"):format(doctype, name)
    errors.throw("PermissionError", text)
  end
  if meta.issingle then return end
  if meta.istable then
    store.delete_row(meta.name, doc.name)
    documents.count_write(doc, "delete")
    return
  end
  M.remove(doc)
end

local function move_links(doctype, old, new)
  each_link_to(doctype, function(meta, field)
    store.run(("UPDATE %s SET %s = ? WHERE %s = ?"):format(store.table_of(meta.name), store.quote(field.fieldname), store.quote(field.fieldname)), new, old)
  end)
  each_dynamic_link(function(meta, field)
    store.run(("UPDATE %s SET %s = ? WHERE %s = ? AND %s = ?"):format(store.table_of(meta.name), store.quote(field.fieldname),
      store.quote(field.options), store.quote(field.fieldname)), new, doctype, old)
  end)
end

local function move_document(doc, new)
  local meta = doc.__meta
  local row = store.row(meta, doc.name)
  local fieldname = (meta.autoname or ""):match "^field:(.+)$"
  row.name = new
  if fieldname then row[fieldname] = new end
  store.update_row(meta, store.key(doc.name), row)
  for _, field in ipairs(meta.tables) do
    store.run(("UPDATE %s SET parent = ? WHERE parent = ? AND parenttype = ?"):format(store.table_of(field.options)), new, tostring(doc.name), meta.name)
  end
  store.run("UPDATE OR REPLACE secrets SET name = ? WHERE doctype = ? AND name = ?", new, meta.name, tostring(doc.name))
end

local function check_rename(meta, doc, new, merge)
  if not meta.allow_rename then errors.throw("ValidationError", meta.name .. " not allowed to be renamed") end
  if tostring(doc.name) == new then errors.throw("ValidationError", "No changes made because old and new name are the same.") end
  local exists = store.name_of(meta, new)
  if exists and not merge and store.key(exists) ~= store.key(doc.name) then
    errors.throw("ValidationError", ("Another %s with name %s exists, select another name"):format(meta.name, new))
  end
  if merge and not exists then errors.throw("ValidationError", ("%s %s does not exist, select a new target to merge"):format(meta.name, new)) end
  naming.check(meta, new)
end

--- Renames or merges; the new name.
function M.rename(doctype, old, new, merge)
  local meta = schema.get(doctype)
  if not python.truthy(new) or not python.truthy(old) then
    errors.raise("TypeError", "{doctype, old, new} or {doc, new} are required arguments for frappe.model.rename_doc")
  end
  new = python.str(new):match "^%s*(.-)%s*$"
  local doc = documents.get(doctype, old)
  permissions.check(meta, "write", doc.name)
  check_rename(meta, doc, new, merge)
  if merge then
    new = store.name_of(meta, new)
    move_links(doctype, tostring(doc.name), new)
    M.remove(doc, { force = true })
  else
    move_document(doc, new)
    move_links(doctype, tostring(doc.name), new)
  end
  local word = merge and "merged" or "renamed"
  M.log("Comment", { comment_type = "Edit", reference_doctype = doctype, reference_name = new, comment_email = site.user(), comment_by = site.user(),
    content = merge and ("merged <strong>%s</strong> into <strong>%s</strong>"):format(doc.name, new)
      or ("%s from <strong>%s</strong> to <strong>%s</strong>"):format(word, doc.name, new) })
  site.message(("Document renamed from <strong>%s</strong> to <strong>%s</strong>"):format(doc.name, new), { indicator = "green", alert = 1 })
  documents.count_write(doc, "rename")
  return new
end

local function shown(value)
  if value == nil then return python.raw "null" end
  return value
end

--- The Version row of a save: which fields changed, from what to what.
function documents.on_change(doc, before)
  local changed = {}
  for _, field in ipairs(doc.__meta.columns) do
    local old, new = before[field.fieldname], doc[field.fieldname]
    if not values.same(doc.__meta, field, old, new) then changed[#changed + 1] = { field.fieldname, shown(old), shown(new) } end
  end
  if #changed == 0 then return end
  local data = python.compact { added = json.array {}, changed = changed, data_import = json.null, removed = json.array {},
    row_changed = json.array {}, updater_reference = json.null }
  M.log("Version", { ref_doctype = doc.doctype, docname = tostring(doc.name), data = data })
end

--- Brings a deleted document back under the name its rule gives now.
function M.restore(name)
  local deleted = documents.get("Deleted Document", name)
  if deleted.restored == 1 then
    errors.throw("DocumentAlreadyRestored", ("Document %s Already Restored"):format(name))
  end
  local data = json.decode(deleted.data)
  data.name, data.modified, data.docstatus = nil, nil, nil
  local doc = documents.new(deleted.deleted_doctype, data)
  documents.insert(doc)
  store.run([[UPDATE "tabDeleted Document" SET restored = 1, new_name = ? WHERE name_key = ?]], tostring(doc.name), store.key(name))
  site.message("Document Restored")
  return doc
end

return M
