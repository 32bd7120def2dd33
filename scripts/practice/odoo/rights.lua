-- Who may do what: rights of a user by model, and the company rule.

local errors = require "practice.odoo.errors"
local site = require "practice.odoo.site"
local store = require "practice.odoo.store"

local M = {}

--- Rights of users that have not all of them: [uid] = { [model or "*"] = { read = true, write = ... } }.
M.limited = {}

local letters = { read = "r", write = "w", create = "c", unlink = "d" }
local words = { read = "access", write = "modify", create = "create", unlink = "delete" }

--- Whether the user may do that with any record of the model.
function M.may(model, operation)
  local mine = M.limited[site.env.uid]
  if not mine or site.env.su then return true end
  local rights = mine[model.name] or mine["*"] or ""
  return rights:find(letters[operation], 1, true) ~= nil
end

function M.check(model, operation)
  if M.may(model, operation) then return end
  errors.raise("AccessError", ("You are not allowed to %s '%s' (%s) records.\n\nNo group currently allows this operation.\n\nContact your administrator to request access if necessary.")
    :format(words[operation], model.description, model.name))
end

local function user_companies(uid)
  local registry = require "practice.odoo.registry"
  local users = registry.get "res.users"
  local allowed = store.linked(users.fields.company_ids, uid)
  local row = store.row(users, uid)
  if #allowed == 0 and row then allowed = { row.company_id } end
  return allowed
end

local function has(list, value)
  for _, one in ipairs(list) do
    if one == value then return true end
  end
  return false
end

--- The companies of the call; those of the context must be the user's.
function M.companies()
  if site.env.companies then return site.env.companies end
  local mine, asked = user_companies(site.env.uid), site.env.context.allowed_company_ids
  for _, id in ipairs(asked or {}) do
    if not has(mine, id) then errors.raise("AccessError", "Access to unauthorized or invalid companies.") end
  end
  site.env.companies = asked or mine
  return site.env.companies
end

local function ruled(model)
  local field = model.fields.company_id
  return field and field.store and model.company_rule ~= false and site.env.uid ~= 1 and not site.env.su
end

--- The condition that rows must meet to be found, nil where all may be.
function M.visible(query, model, alias)
  if not ruled(model) then return nil end
  local marks = {}
  for i, id in ipairs(M.companies()) do
    query.parameters[#query.parameters + 1] = id
    marks[i] = "?"
  end
  return ("(%s.company_id IS NULL OR %s.company_id IN (%s))"):format(alias, alias, table.concat(marks, ","))
end

--- Raises where a row that is there may not be seen.
function M.see(model, row)
  if not ruled(model) or not row.company_id or has(M.companies(), row.company_id) then return end
  errors.raise("AccessError", ("Uh-oh! Looks like you have stumbled upon some top-secret records.\n\nSorry, %s (id=%d) doesn't have 'read' access to:\n- %s (%s)")
    :format(site.login_of(site.env.uid), site.env.uid, model.description, model.name))
end

return M
