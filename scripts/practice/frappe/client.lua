-- frappe.client: the functions a synchroniser calls in batches.

local documents = require "practice.frappe.documents"
local errors = require "practice.frappe.errors"
local json = require "tidewire.json"
local lifecycle = require "practice.frappe.lifecycle"
local output = require "practice.frappe.output"
local permissions = require "practice.frappe.permissions"
local python = require "practice.shared.python"
local query = require "practice.frappe.query"
local schema = require "practice.frappe.schema"
local site = require "practice.frappe.site"

local M = {}
local null = json.null

--- A value that may be sent as JSON text; text that is no JSON stays text.
local function parsed(value)
  if type(value) ~= "string" then return value end
  local out = json.decode(value)
  if out == nil then return value end
  return out
end
M.parsed = parsed

--- A document argument: an object, or JSON text of one.
local function document_of(value)
  local data = parsed(value)
  if type(data) ~= "table" or python.is_list(data) then errors.raise("AttributeError", "'str' object has no attribute 'get'") end
  return data
end

local function need(name, args, words)
  local missing = {}
  for _, word in ipairs(words) do
    if args[word] == nil then missing[#missing + 1] = "'" .. word .. "'" end
  end
  if #missing == 0 then return end
  errors.raise("TypeError", ("%s() missing %d required positional argument%s: %s"):format(name, #missing, #missing > 1 and "s" or "", table.concat(missing, " and ")))
end

local function check_doctype(value)
  if type(value) ~= "string" then
    if not site.v14 then site.message "Wrong type" end
    errors.raise("TypeError", "unhashable type: 'list'")
  end
end

--- The arguments of a list as this server's query takes them.
function M.list_arguments(args)
  return {
    fields = parsed(args.fields), filters = parsed(args.filters), or_filters = parsed(args.or_filters), order_by = args.order_by,
    group_by = args.group_by, limit_start = args.limit_start, limit_page_length = args.limit_page_length, limit = args.limit,
    as_dict = args.as_dict, parent = args.parent,
  }
end

function M.get_list(args)
  need("get_list", args, { "doctype" })
  check_doctype(args.doctype)
  return (query.list(args.doctype, M.list_arguments(args)))
end

function M.get_count(args)
  need("get_count", args, { "doctype" })
  return query.count(args.doctype, { filters = parsed(args.filters) })
end

local function first_name(doctype, filters)
  local list = query.list(doctype, { fields = { "name" }, filters = filters, limit_page_length = 1, order_by = "creation asc" })
  local row = json.decode(list.text)[1]
  return row and row.name
end

function M.get(args)
  need("get", args, { "doctype" })
  local name = args.name
  if (name == nil or name == null) and args.filters ~= nil then
    name = first_name(args.doctype, parsed(args.filters))
    if not name then errors.throw("DoesNotExistError", "No document found for given filters") end
  end
  local doc = documents.get(args.doctype, name or args.doctype)
  permissions.check_read(doc.__meta)
  return output.readable(doc, site.level < 1700)
end

local function field_list(value)
  value = parsed(value)
  return type(value) == "table" and value or { value }
end

local function single_values(meta, fields)
  local doc, out = documents.load(meta, meta.name), {}
  for i, field in ipairs(fields) do out[i] = { field, doc[field] == nil and null or doc[field] } end
  return python.record(out)
end

function M.get_value(args)
  need("get_value", args, { "doctype", "fieldname" })
  local meta = query.meta_for(args.doctype)
  local fields = field_list(args.fieldname)
  if meta.issingle then return single_values(meta, fields) end
  local filters = parsed(args.filters)
  if type(filters) == "number" then filters = tostring(filters) end
  if type(filters) == "string" then filters = { name = filters } end
  local list, count = query.list(args.doctype, { fields = fields, filters = filters, limit_page_length = 1, order_by = "creation asc", parent = args.parent })
  if count == 0 then return json.object {} end
  return python.raw(list.text:sub(2, -2))
end

function M.get_single_value(args)
  need("get_single_value", args, { "doctype", "field" })
  local meta = schema.get(args.doctype)
  permissions.check_read(meta)
  return documents.load(meta, meta.name)[args.field]
end

local locked_fields = { name = true, owner = true, creation = true, modified = true, modified_by = true, docstatus = true, idx = true,
  parent = true, parenttype = true, parentfield = true, doctype = true }

function M.set_value(args)
  need("set_value", args, { "name", "fieldname" })
  check_doctype(args.doctype)
  local given = parsed(args.fieldname)
  local changes = type(given) == "table" and given or { [args.fieldname] = python.truthy(args.value) and args.value or "" }
  for field in pairs(changes) do
    if locked_fields[field] then errors.throw("ValidationError", "Cannot edit standard fields") end
  end
  return output.document(documents.update(args.doctype, args.name, changes), true)
end

local function insert_row(data)
  local parent_meta = schema.get(data.parenttype)
  local before = documents.get(data.parenttype, data.parent)
  local doc = documents.copy(before)
  local rows = doc[data.parentfield]
  if not rows then errors.raise("AttributeError", ("'%s' object has no attribute '%s'"):format(parent_meta.name, tostring(data.parentfield))) end
  local row = documents.new(data.doctype, data)
  row.__islocal, row.__unsaved, row.idx, row.name = true, true, #rows + 1, nil
  rows[#rows + 1] = row
  return documents.save(doc, before)
end

--- Inserts one document or, for a row of a table, saves its parent.
local function insert_one(data)
  if not python.truthy(data.doctype) then errors.raise("KeyError", "'doctype'") end
  local meta = schema.get(data.doctype)
  if meta.istable and python.truthy(data.parent) then return insert_row(data) end
  return documents.insert(documents.new(data.doctype, data))
end

function M.insert(args)
  need("insert", args, { "doc" })
  return output.document(insert_one(document_of(args.doc)), true)
end

function M.insert_many(args)
  need("insert_many", args, { "docs" })
  local docs = parsed(args.docs)
  if #docs > 200 then errors.throw("ValidationError", "Only 200 inserts allowed in one request") end
  local names = {}
  for i, data in ipairs(docs) do names[i] = insert_one(document_of(data)).name end
  return json.array(names)
end

--- A document made of the payload alone, to be saved over the stored one.
local function replace(data)
  local meta = schema.get(data.doctype)
  if not python.truthy(data.name) or python.truthy(data.__islocal) then return documents.insert(documents.new(data.doctype, data)) end
  local before = documents.get(data.doctype, data.name)
  local doc = { __meta = meta, doctype = meta.name, name = before.name }
  for _, field in ipairs(meta.tables) do doc[field.fieldname] = {} end
  documents.assign(doc, data)
  doc.creation, doc.owner = doc.creation or before.creation, doc.owner or before.owner
  doc.docstatus, doc.idx = doc.docstatus or 0, doc.idx or 0
  return documents.save(doc, before)
end
M.replace = replace

function M.save(args)
  need("save", args, { "doc" })
  return output.document(replace(document_of(args.doc)), true)
end

function M.submit(args)
  need("submit", args, { "doc" })
  local data = document_of(args.doc)
  data.docstatus = 1
  return output.document(replace(data), true)
end

function M.cancel(args)
  need("cancel", args, { "doctype", "name" })
  return output.document(documents.update(args.doctype, args.name, { docstatus = 2 }), true)
end

function M.delete(args)
  need("delete", args, { "doctype", "name" })
  lifecycle.delete(args.doctype, args.name)
  return nil
end

function M.rename_doc(args)
  need("rename_doc", args, { "doctype", "old_name", "new_name" })
  return lifecycle.rename(args.doctype, args.old_name, args.new_name, python.truthy(args.merge) and args.merge ~= "0")
end

local function failure_text(failure)
  if type(failure) == "table" and failure.exception then return errors.traceback_text(failure) end
  error(failure, 0)
end

--- Saves one by one; what fails is listed, what it half did stays.
function M.bulk_update(args)
  need("bulk_update", args, { "docs" })
  if type(args.docs) ~= "string" then
    errors.raise("TypeError", "the JSON object must be str, bytes or bytearray, not list")
  end
  local failed = {}
  for _, data in ipairs(json.decode(args.docs) or {}) do
    local changes = {}
    for key, value in pairs(data) do changes[key] = value end
    changes.doctype, changes.docname = nil, nil
    local ok, failure = pcall(documents.update, data.doctype, data.docname, changes)
    if not ok then
      failed[#failed + 1] = { doc = data, exc = failure_text(failure) }
      if site.v14 and failure.thrown then site.request.extra = { exc_type = failure.class } end
    end
  end
  return { failed_docs = json.array(failed) }
end

--- Not the site's zone but the caller's own default: the trap of a real site.
function M.get_time_zone()
  local row = documents.load(schema.get "User", site.user())
  return { time_zone = row and python.truthy(row.time_zone) and row.time_zone or "Asia/Kolkata" }
end

function M.has_permission(args)
  return { has_permission = permissions.allowed(schema.get(args.doctype), args.perm_type or "read") }
end

return M
