-- What a site tells about its DocTypes.

local documents = require "practice.frappe.documents"
local errors = require "practice.frappe.errors"
local json = require "tidewire.json"
local output = require "practice.frappe.output"
local python = require "practice.shared.python"
local schema = require "practice.frappe.schema"
local store = require "practice.frappe.store"

local M = {}

local function field_object(meta, field, position)
  local source = schema.get(field.row.is_custom_field and "Custom Field" or "DocField")
  local doc = documents.from_row(source, field.row)
  doc.doctype = "DocField"
  local object = json.decode(output.document(doc).text)
  object.idx = position
  object.parent, object.parentfield, object.parenttype = meta.name, "fields", "DocType"
  object.is_custom_field = field.row.is_custom_field
  for _, name in ipairs { "fields", "permissions", "actions", "links", "states" } do object[name] = json.array {} end
  return object
end

--- The merged meta of a DocType: Custom Fields and Property Setters included.
function M.merged(doctype)
  local meta = schema.find(doctype)
  if not meta then errors.not_found("DocType", doctype) end
  local doc = documents.load(schema.get "DocType", meta.name)
  local object = json.decode(output.document(doc).text)
  local fields = {}
  for i, field in ipairs(meta.fields) do fields[i] = field_object(meta, field, i) end
  object.fields = json.array(fields)
  object._table_fields = json.array {}
  object.is_large_table = false
  for key, value in pairs(meta.header) do
    if object[key] == nil and type(value) ~= "table" and key ~= "name_key" then object[key] = value end
  end
  return object, meta
end

local form_extras = { "__js", "__css", "__list_js", "__calendar_js", "__map_js", "__linked_with", "__form_grid_templates",
  "__listview_template", "__tree_js", "__kanban_column_fields", "__templates", "__messages", "search_fields" }

local function form_object(doctype)
  local object, meta = M.merged(doctype)
  for _, key in ipairs(form_extras) do
    if object[key] == nil then object[key] = json.null end
  end
  object.__assets_loaded = true
  object.__custom_js, object.__custom_list_js = "", ""
  object.__kanban_column_fields, object.__print_formats, object.__workflow_docs = json.array {}, json.array {}, json.array {}
  object.__dashboard = { transactions = json.array {}, non_standard_fieldnames = json.object {}, internal_links = json.object {} }
  for _, field in ipairs(object.fields) do
    field.search_fields, field.linked_document_type = json.null, json.null
    field.is_custom_field = field.is_custom_field or json.null
  end
  return object, meta
end

--- The bundle of getdoctype: the DocType, then its child DocTypes.
function M.bundle(doctype)
  local object, meta = form_object(doctype)
  local docs = { object }
  for _, field in ipairs(meta.tables) do docs[#docs + 1] = form_object(field.options) end
  return { docs = json.array(docs), user_settings = "{}" }
end

--- The rights of the caller on one DocType, as get_doc_permissions shows them.
function M.rights(meta, allowed)
  local out = { if_owner = json.object {}, has_if_owner_enabled = false }
  for right in ("select read write create delete submit cancel amend print email report import export share"):gmatch "%a+" do
    out[right] = allowed(meta, right) and 1 or 0
  end
  return out
end

--- Stored names of a DocType that equal `name`, for validate_link.
function M.link_target(doctype, name, fields)
  local meta = schema.get(doctype)
  local doc = documents.load(meta, name)
  if not doc then return json.array {} end
  local out = { name = store.name_of(meta, name) }
  for _, field in ipairs(fields) do out[field] = doc[field] end
  return out
end

M.version_title = function(version)
  return { frappe = python.record { { "title", "Frappe Framework" }, { "description", "Practice server" }, { "branch", "" }, { "version", version } } }
end

return M
