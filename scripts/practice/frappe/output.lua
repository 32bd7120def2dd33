-- Documents as JSON text.

local permissions = require "practice.frappe.permissions"
local python = require "practice.shared.python"
local site = require "practice.frappe.site"
local values = require "practice.frappe.values"

local M = {}
local quote = python.quote

local head = { "name", "owner", "creation", "modified", "modified_by", "docstatus", "idx" }
local family = { "parent", "parentfield", "parenttype" }

--- Fields that exist in the answer alone.
local computed = {
  Webhook = function()
    if site.v14 then return {} end
    return { { "meets_condition", "Yes" }, { "preview_request_body", "Select a document to preview request data" } }
  end,
}

local function field_text(doc, field, value)
  if value == nil then return "null" end
  local kind = field.kind
  if type(value) == "number" then
    if kind == "float" or ((kind == "rating" or kind == "duration") and doc.__stored) then return python.float(value) end
    return python.number(value)
  end
  if type(value) == "string" then return quote(value) end
  return python.compact(value)
end

local function add(out, key, text)
  out[#out + 1] = quote(key) .. ":" .. text
end

local function standard(out, doc, nulls)
  for _, key in ipairs(head) do
    local value = doc[key]
    if value ~= nil or nulls then add(out, key, python.compact(value)) end
  end
end

local write_document

local function rows_text(doc, field, nulls)
  local rows = {}
  for i, row in ipairs(doc[field.fieldname] or {}) do rows[i] = write_document(row, nulls) end
  return "[" .. table.concat(rows, ",") .. "]"
end

write_document = function(doc, nulls, levels)
  local out, meta = {}, doc.__meta
  standard(out, doc, nulls)
  for _, field in ipairs(meta.columns) do
    local value = doc[field.fieldname]
    if levels and not levels[field.permlevel] then value = nil end
    if value ~= nil or nulls then add(out, field.fieldname, field_text(doc, field, value)) end
  end
  if computed[meta.name] then
    for _, pair in ipairs(computed[meta.name]()) do add(out, pair[1], quote(pair[2])) end
  end
  if meta.istable then
    for _, key in ipairs(family) do
      if doc[key] ~= nil or nulls then add(out, key, python.compact(doc[key])) end
    end
  end
  add(out, "doctype", quote(doc.doctype))
  for _, field in ipairs(meta.tables) do
    if not levels or levels[field.permlevel] then add(out, field.fieldname, rows_text(doc, field, nulls)) end
  end
  if doc.__unsaved then add(out, "__unsaved", "1") end
  return "{" .. table.concat(out, ",") .. "}"
end

--- A document for a response; `nulls` keeps the fields that hold nothing.
function M.document(doc, nulls)
  return python.raw(write_document(doc, nulls))
end

--- A document as its reader may see it: fields above the permlevel are left out.
function M.readable(doc, nulls)
  return python.raw(write_document(doc, nulls, permissions.read_levels(doc.__meta)))
end

local function dict_value(doc, field)
  local value = doc[field.fieldname]
  if value == nil then return python.raw "null" end
  if field.kind == "time" and doc.__times and doc.__times[field.fieldname] and value == values.show_time(doc.__times[field.fieldname]) then
    return values.spell_time(doc.__times[field.fieldname])
  end
  if type(value) == "string" then return value end
  return python.raw(field_text(doc, field, value))
end

--- as_dict of a document with its keys in the order Python would write them; nothing is left out.
function M.dict(doc)
  local keys, object, meta = {}, {}, doc.__meta
  local function put(key, value)
    keys[#keys + 1] = key
    object[key] = value == nil and python.raw "null" or value
  end
  for _, key in ipairs(head) do put(key, doc[key]) end
  for _, field in ipairs(meta.columns) do put(field.fieldname, dict_value(doc, field)) end
  if meta.istable then
    for _, key in ipairs(family) do put(key, doc[key]) end
  end
  put("doctype", doc.doctype)
  for _, field in ipairs(meta.tables) do
    local rows = {}
    for i, row in ipairs(doc[field.fieldname] or {}) do rows[i] = M.dict(row) end
    put(field.fieldname, #rows > 0 and rows or python.raw "[]")
  end
  if doc.__unsaved then put("__unsaved", 1) end
  object.__keys = keys
  return object
end

return M
