-- Who may do what: roles of a user against the permission rows of a DocType.

local errors = require "practice.frappe.errors"
local python = require "practice.shared.python"
local schema = require "practice.frappe.schema"
local site = require "practice.frappe.site"
local store = require "practice.frappe.store"

local M = {}

--- Administrator, and whoever writes through /practice, may do everything.
local function unlimited(user)
  return user == "Administrator" or (site.request and site.request.unlimited)
end

--- The roles of a user as a set. Every logged-in user has "All".
function M.roles(user)
  local request = site.request
  request.roles = request.roles or {}
  if request.roles[user] then return request.roles[user] end
  local roles = { Guest = true }
  if user ~= "Guest" then
    roles.All = true
    for _, row in ipairs(store.query([[SELECT role FROM "tabHas Role" WHERE parent = ? AND parenttype = 'User']], user)) do
      roles[row.role] = true
    end
  end
  request.roles[user] = roles
  return roles
end

local function parent_meta(meta)
  local row = store.query([[SELECT parent FROM "tabDocField" WHERE options = ? AND fieldtype LIKE 'Table%' LIMIT 1]], meta.name)[1]
  return row and schema.find(row.parent)
end

--- Whether the user has a right ("read", "write", "create", "delete", "submit", "cancel") on a DocType.
function M.allowed(meta, right, user)
  user = user or site.user()
  if unlimited(user) then
    return not ((right == "submit" or right == "cancel") and not meta.is_submittable)
  end
  if meta.istable then
    meta = parent_meta(meta)
    if not meta then return false end
    if right == "create" or right == "delete" then right = "write" end
  end
  if (right == "submit" or right == "cancel") and not meta.is_submittable then return false end
  local roles = M.roles(user)
  for _, row in ipairs(meta.permissions) do
    if python.cint(row.permlevel) == 0 and roles[row.role] and python.cint(row[right]) ~= 0 then return true end
  end
  return false
end

--- The permlevels of a DocType at which the user has a right, as a set; nil when all.
function M.levels(meta, right)
  local user = site.user()
  if unlimited(user) or meta.istable then return nil end
  local roles, levels, all = M.roles(user), { [0] = true }, true
  for _, row in ipairs(meta.permissions) do
    if roles[row.role] and python.cint(row[right]) ~= 0 then levels[python.cint(row.permlevel)] = true end
  end
  for _, field in ipairs(meta.fields) do all = all and (levels[field.permlevel] or false) end
  return not all and levels or nil
end

--- The levels at which fields are hidden from a read. Version 14 hides none unless told to.
function M.read_levels(meta)
  if site.v14 and not site.permlevel_on_api then return nil end
  return M.levels(meta, "read")
end

local function access_message(meta)
  return ("User <strong>%s</strong> does not have doctype access via role permission for document <strong>%s</strong>")
    :format(site.user(), meta.name)
end

--- Fails the way a list does.
function M.check_list(meta)
  if M.allowed(meta, "read") then return end
  site.message(access_message(meta))
  errors.raise("PermissionError", nil, { error_message = "No permission for " .. meta.name })
end

--- Fails the way a single read does.
function M.check_read(meta)
  if M.allowed(meta, "read") then return end
  site.message(access_message(meta))
  errors.raise("PermissionError")
end

--- Fails the way a write does.
function M.check(meta, right, name)
  if M.allowed(meta, right) then return end
  site.message(access_message(meta))
  local what = name and ("No permission to %s %s %s"):format(right, meta.name, tostring(name)) or "No permission for " .. meta.name
  errors.raise("PermissionError", nil, { error_message = what, quiet = site.level >= 1582 })
end

--- Values a user is confined to: a map from DocType to a list of names, nil when unconfined.
function M.confinement()
  local user = site.user()
  if unlimited(user) then return nil end
  local request = site.request
  if request.confinement == nil then
    local found = false
    for _, row in ipairs(store.query('SELECT allow, for_value FROM "tabUser Permission" WHERE user = ?', user)) do
      found = found or {}
      found[row.allow] = found[row.allow] or {}
      table.insert(found[row.allow], row.for_value)
    end
    request.confinement = found
  end
  return request.confinement or nil
end

local function among(list, value)
  for _, item in ipairs(list) do
    if store.key(item) == store.key(python.str(value)) then return true end
  end
  return false
end

--- Whether a document lies inside the user's confinement.
function M.within(doc)
  local confined = M.confinement()
  if not confined then return true end
  local meta = doc.__meta
  if confined[meta.name] and doc.name and not among(confined[meta.name], doc.name) then return false end
  for _, field in ipairs(meta.links) do
    local names, value = confined[field.options], doc[field.fieldname]
    if names and value ~= nil and value ~= "" and not among(names, value) then return false end
  end
  return true
end

--- Fails for a document that is not there. From 15.82 on, who may not read the DocType learns nothing; a row alone may
--- not be read by anybody.
function M.missing(meta, name)
  if site.level >= 1582 and (meta.istable or not M.allowed(meta, "read")) then
    site.message(access_message(meta))
    errors.raise("PermissionError", nil, { error_message = "No permission for " .. meta.name, quiet = true })
  end
  return errors.not_found(meta.name, name)
end

return M
