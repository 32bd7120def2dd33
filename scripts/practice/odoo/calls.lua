-- One call of a method of a model: who asks, in one transaction, without a wait.

local errors = require "practice.odoo.errors"
local hooks = require "practice.odoo.automation"
local json = require "tidewire.json"
local methods = require "practice.odoo.methods"
local registry = require "practice.odoo.registry"
local site = require "practice.odoo.site"
local store = require "practice.odoo.store"
local values = require "practice.odoo.values"

local M = {}

--- What a method that returns None returned.
M.none = {}

-- Users ---------------------------------------------------------------------------------------------------------------

local function now_text() return site.now() end

local function holds(uid, secret, kind)
  for _, row in ipairs(store.query("SELECT kind, secret, expires FROM secrets WHERE user = ?1", uid)) do
    if row.secret == secret and (not kind or row.kind == kind) and not (row.expires and row.expires < now_text()) then return true end
  end
  return false
end

local function active_user(login)
  return store.query("SELECT id FROM res_users WHERE login = ?1 AND active = 1", tostring(login))[1]
end

--- The uid of a login with its password, or with an API key where `kind` is nil; nil where it is wrong.
function M.authenticate(login, secret, kind)
  local user = active_user(login)
  return user and holds(user.id, secret, kind) and user.id or nil
end

--- Raises unless the uid has that password or API key.
function M.check(uid, secret)
  local user = type(uid) == "number" and store.row(registry.get "res.users", uid)
  if not user or user.active ~= 1 or not holds(uid, secret) then errors.raise("AccessDenied", "Access Denied") end
end

--- The uid of an API key, or nil.
function M.owner_of_key(key)
  for _, row in ipairs(store.query("SELECT user, expires FROM secrets WHERE kind = 'key' AND secret = ?1", key)) do
    if not (row.expires and row.expires < now_text()) then return row.user end
  end
end

function site.login_of(uid)
  local row = store.row(registry.get "res.users", uid)
  return row and row.login or "?"
end

-- Calls ---------------------------------------------------------------------------------------------------------------

local function check_context(context)
  local lang = context.lang
  if type(lang) == "string" and not site.langs[lang] then errors.raise("UserError", "Invalid language code: " .. lang) end
end

local function perform(call)
  check_context(site.env.context)
  local model = registry.get(call.model)
  local method = methods.find(model, call.method)
  local args = call.named or methods.named(method, call.args or {}, call.keywords or {})
  if call.transport == "json2" and args.ids ~= nil and not method.ids then
    errors.raise("TypeError", "cannot call " .. model.name .. "." .. call.method .. " with ids", { status = 422 })
  end
  local result = method.run(model, args, call.transport)
  if result == nil then return M.none end
  return result
end

--- Runs `work` in a transaction as `uid`; its result, or nil and the failure. `stamp`: when it began.
function M.transaction(uid, context, stamp, work)
  local env = site.begin(uid, context, stamp)
  store.exec "BEGIN"
  local ok, result = pcall(work)
  if not ok then
    store.exec "ROLLBACK"
    site.env = nil
    site.begin(uid, context)
    return nil, errors.of(result)
  end
  store.exec "COMMIT"
  hooks.release(env.events)
  return result, env.writes
end

--- `call`: model, method, transport, and args with keywords, or named. The result and the writes, or nil and the failure.
function M.run(uid, call, stamp)
  local context = call.context
  if values.nothing(context) or json.is_array(context) then context = {} end
  return M.transaction(uid, context, stamp, function() return perform(call) end)
end

return M
