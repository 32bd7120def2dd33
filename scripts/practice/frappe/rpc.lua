-- /api/method: names of functions to functions.

local auth = require "practice.frappe.auth"
local client = require "practice.frappe.client"
local documents = require "practice.frappe.documents"
local errors = require "practice.frappe.errors"
local files = require "practice.frappe.files"
local json = require "tidewire.json"
local lifecycle = require "practice.frappe.lifecycle"
local meta = require "practice.frappe.meta"
local output = require "practice.frappe.output"
local permissions = require "practice.frappe.permissions"
local python = require "practice.shared.python"
local schema = require "practice.frappe.schema"
local site = require "practice.frappe.site"

local M = {}

local functions = {}

local function define(name, run, options)
  options = options or {}
  functions[name] = { run = run, post = options.post, guest = options.guest }
end

local only_post = { post = true }
for name, run in pairs(client) do
  local reads = name == "get_list" or name == "get_count" or name == "get" or name == "get_value" or name == "get_single_value"
    or name == "get_time_zone" or name == "has_permission"
  local helper = name == "parsed" or name == "list_arguments" or name == "replace"
  if not helper then define("frappe.client." .. name, run, { post = not reads, guest = name == "get_time_zone" }) end
end

define("ping", function() return "pong" end, { guest = true })
define("frappe.ping", function() return "pong" end, { guest = true })
define("frappe.auth.get_logged_user", function() return site.user() end)
define("frappe.utils.change_log.get_versions", function() return meta.version_title(site.version) end)

define("login", function(args)
  site.request.extra = auth.login(args)
  return "Logged In"
end, { guest = true, post = true })

define("upload_file", files.upload, only_post)

define("logout", function() auth.logout(site.request.raw) end)

define("frappe.core.doctype.user.user.generate_keys", function(args)
  if not permissions.roles(site.user())["System Manager"] and site.user() ~= "Administrator" then errors.raise("PermissionError") end
  local key, secret = auth.generate_keys(args.user)
  if site.level >= 1582 then return { api_key = key, api_secret = secret } end
  return { api_secret = secret }
end, only_post)

define("frappe.desk.form.load.getdoctype", function(args)
  local bundle = meta.bundle(args.doctype)
  site.request.extra = bundle
  return nil
end)

define("frappe.core.doctype.deleted_document.deleted_document.restore", function(args)
  lifecycle.restore(args.name)
end, only_post)

define("frappe.client.get_doc_permissions", function(args)
  return { permissions = meta.rights(schema.get(args.doctype), permissions.allowed) }
end)

define("frappe.client.validate_link", function(args)
  return meta.link_target(args.doctype, args.docname, client.parsed(args.fields) or {})
end)

--- Deletes up to ten documents one by one; a failure stops nothing.
define("frappe.desk.reportview.delete_items", function(args)
  for _, name in ipairs(client.parsed(args.items) or {}) do
    pcall(lifecycle.delete, args.doctype, name)
  end
end, only_post)

local function bulk_step(doctype, name, action, data)
  if action == "submit" then return documents.update(doctype, name, { docstatus = 1 }) end
  if action == "cancel" then return documents.update(doctype, name, { docstatus = 2 }) end
  return documents.update(doctype, name, data)
end

define("frappe.desk.doctype.bulk_update.bulk_update.submit_cancel_or_update_docs", function(args)
  local names, data = client.parsed(args.docnames), client.parsed(args.data) or {}
  local failed = {}
  for _, name in ipairs(names) do
    if not pcall(bulk_step, args.doctype, name, args.action or "submit", data) then failed[#failed + 1] = name end
  end
  return json.array(failed)
end, only_post)

define("frappe.desk.form.utils.add_comment", function(args)
  local doc = documents.get(args.reference_doctype, args.reference_name)
  local comment = documents.new("Comment", { comment_type = "Comment", reference_doctype = doc.doctype, reference_name = tostring(doc.name),
    content = args.content, comment_email = args.comment_email, comment_by = args.comment_by })
  return output.document(documents.insert(comment), false)
end, only_post)

local function add_comment(doc, args)
  local comment = documents.new("Comment", { comment_type = args.comment_type or "Comment", reference_doctype = doc.doctype,
    reference_name = tostring(doc.name), content = args.text, comment_email = site.user(), comment_by = site.user() })
  return documents.insert(comment)
end

local methods = {
  submit = function(doc) return documents.update(doc.doctype, doc.name, { docstatus = 1 }) end,
  cancel = function(doc) return documents.update(doc.doctype, doc.name, { docstatus = 2 }) end,
  add_comment = add_comment,
}
local not_whitelisted = { get_title = true, save = true, insert = true, delete = true, db_set = true, reload = true }

--- Runs a whitelisted method of a document: what it returns, and the document after it.
function M.document_method(doctype, name, method, args)
  local doc = documents.get(doctype, name)
  permissions.check_read(doc.__meta)
  if not_whitelisted[method] then
    errors.throw("PermissionError", ("<details><summary>You are not permitted to access this resource.</summary>Function <strong>%s</strong> is not whitelisted.</details>"):format(method))
  end
  if not methods[method] then
    errors.abort(404, errors.page(404, "Not Found", ""))
  end
  local result = methods[method](doc, args)
  return result
end

define("run_doc_method", function(args)
  local result
  if args.docs ~= nil then
    local data = client.parsed(args.docs)
    data.docstatus = args.method == "submit" and 1 or args.method == "cancel" and 2 or data.docstatus
    result = client.replace(data)
  else
    result = M.document_method(args.dt, args.dn, args.method, args)
  end
  site.request.extra = { docs = json.array { output.document(result, false) } }
  return output.document(result, false)
end)

local function refuse_guest(name)
  errors.throw("PermissionError", ("<details><summary>You are not permitted to access this resource.</summary>Function <strong>%s</strong> is not whitelisted.</details>"):format(name),
    { title = "Method Not Allowed" })
end

--- Calls a function by its dotted name.
function M.call(name, method, args)
  local entry = functions[name] or functions[name:gsub("^frappe%.handler%.", "")]
  if not entry then
    errors.throw("ValidationError", ("Failed to get method for command %s with App %s is not installed"):format(name, python.str(name:match "^[^.]*")))
  end
  if site.user() == "Guest" and not entry.guest then refuse_guest(name) end
  if entry.post and method ~= "POST" and method ~= "PUT" then errors.throw("PermissionError", "Not permitted") end
  return entry.run(args)
end

return M
