-- /api/resource and /api/v2/document: one handler per route, in the order the router tries them.

local client = require "practice.frappe.client"
local documents = require "practice.frappe.documents"
local errors = require "practice.frappe.errors"
local json = require "tidewire.json"
local lifecycle = require "practice.frappe.lifecycle"
local meta = require "practice.frappe.meta"
local output = require "practice.frappe.output"
local permissions = require "practice.frappe.permissions"
local python = require "practice.shared.python"
local query = require "practice.frappe.query"
local rpc = require "practice.frappe.rpc"
local schema = require "practice.frappe.schema"
local site = require "practice.frappe.site"

local M = {}
local null = json.null

local function object_or_fail(value, creating)
  if type(value) == "table" and not python.is_list(value) and not python.is_dec(value) and value ~= null then return value end
  if creating and python.is_list(value) then errors.raise("TypeError", "pop expected at most 1 argument, got 2") end
  errors.raise("AttributeError", "'list' object has no attribute 'items'")
end

--- The document a client sent: the raw body, or the value of a top-level `data` when that is JSON.
local function body_document(call, creating)
  local source = call.args.data
  if source == nil or source == null then
    if not call.valid_text then errors.raise("AttributeError", "'bytes' object has no attribute 'pop'") end
    source = call.body
  end
  if type(source) == "table" or type(source) == "number" or type(source) == "boolean" then return object_or_fail(source, creating) end
  local value = json.decode(source)
  if value == nil then return call.args end
  return object_or_fail(value, creating)
end

--- JSON text in a query parameter; a real array there breaks a version 1 list.
local function json_text(value)
  if value == nil or value == null or value == "" then return nil end
  if type(value) ~= "string" then errors.raise("TypeError", "the JSON object must be str, bytes or bytearray, not list") end
  local out = json.decode(value)
  if out == nil then errors.raise("JSONDecodeError", "Expecting value: line 1 column 1 (char 0)") end
  return out
end

local function list(call)
  local args = client.list_arguments(call.args)
  args.fields = json_text(call.args.fields)
  if args.fields == nil then args.fields = { "name" } end
  args.filters, args.or_filters = json_text(call.args.filters), json_text(call.args.or_filters)
  if python.truthy(call.args.debug) then site.request.extra = { _debug_messages = python.dumps { "select" } } end
  return (query.list(call.doctype, args))
end

local function read(call)
  local doc = documents.get(call.doctype, call.name)
  permissions.check_read(doc.__meta)
  if not permissions.within(doc) then errors.raise("PermissionError", nil, { error_message = "No permission for " .. call.doctype }) end
  return output.readable(doc, call.nulls)
end

local function create(call)
  local data = body_document(call, true)
  local keep = call.api == 2 and site.level >= 1582 and python.truthy(data.name)
  local doc = documents.insert(documents.new(call.doctype, data), { keep_name = keep })
  return output.document(doc, site.v14 and call.api == 1 or call.nulls)
end

local function touch_parent(doc)
  if not doc.__meta.istable or not python.truthy(doc.parent) then return end
  local before = documents.load(schema.get(doc.parenttype), doc.parent)
  if before then documents.save(documents.copy(before), before) end
end

local function update(call)
  local doc = documents.update(call.doctype, call.name, body_document(call, false))
  touch_parent(doc)
  return output.document(doc, call.nulls)
end

local function delete(call)
  lifecycle.delete(call.doctype, call.name)
  site.request.status = 202
  if site.v14 then
    site.request.message = "ok"
    return nil
  end
  return "ok"
end

local function run_method(call)
  local method = call.args.run_method
  if method == nil then
    if site.v14 then return nil end
    errors.raise("KeyError", "'run_method'")
  end
  local doc = rpc.document_method(call.doctype, call.name, method, call.args)
  return output.document(doc, false)
end

local function read_or_run(call)
  if call.args.run_method ~= nil then return run_method(call) end
  return read(call)
end

local function nothing(call)
  if call.api == 1 and not site.v14 then errors.raise("DoesNotExistError") end
  return nil
end

local function collection_other()
  if site.v14 then return nil end
  return errors.method_not_allowed()
end

M.collection = { GET = list, HEAD = list, POST = create, PUT = collection_other, DELETE = collection_other, PATCH = collection_other }
M.document = { GET = read_or_run, HEAD = read_or_run, POST = run_method, PUT = update, DELETE = delete, PATCH = nothing }

local function list_v2(call)
  local args = client.list_arguments(call.args)
  args.limit_page_length = nil
  args.limit = call.args.limit
  args.limit_start = site.level >= 1582 and call.args.start or call.args.limit_start
  args.zero_is_zero = site.level >= 1600
  args.default_direction = site.level >= 1600 and "desc" or nil
  local wanted = args.limit == nil and 20 or python.cint(args.limit)
  if site.level >= 1600 then args.or_filters, args.limit = nil, wanted + 1 end
  local text, count = query.list(call.doctype, args)
  if site.level < 1600 then return text end
  local rows = json.decode(text.text)
  if count > wanted then rows[count] = nil end
  site.request.extra = { has_next_page = count > wanted }
  return json.array(rows)
end

M.collection_v2 = { GET = list_v2, HEAD = list_v2, POST = create, PUT = collection_other, DELETE = collection_other, PATCH = collection_other }
M.document_v2 = { GET = read, HEAD = read, PUT = update, PATCH = update, DELETE = delete, POST = collection_other }

--- POST /api/v2/document/<DT>/<name>/method/<m>
function M.method_v2(call)
  local doc = rpc.document_method(call.doctype, call.name, call.method_name, call.args)
  if site.level >= 1600 then site.request.extra = { docs = json.array { output.document(doc, true) } } end
  return output.document(doc, call.nulls)
end

local function need_user()
  if site.user() == "Guest" then
    errors.raise("PermissionError")
  end
end

--- GET /api/v2/doctype/<DT>/meta
function M.meta(call)
  need_user()
  return (meta.merged(call.doctype))
end

--- GET /api/v2/doctype/<DT>/count
function M.count(call)
  need_user()
  return query.count(call.doctype, { filters = client.parsed(call.args.filters) })
end

return M
