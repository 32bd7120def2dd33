-- Creating, changing and removing records.
--
-- Every record of a call gets the stamp at which its transaction began. What a model does besides is in its `hooks`:
-- prepare(vals), created(ids, list of vals), written(ids, vals), unlinking(ids).

local attachments = require "practice.odoo.attachments"
local errors = require "practice.odoo.errors"
local json = require "tidewire.json"
local registry = require "practice.odoo.registry"
local rights = require "practice.odoo.rights"
local site = require "practice.odoo.site"
local store = require "practice.odoo.store"
local values = require "practice.odoo.values"

local M = {}

local null, array = json.null, json.array
local nothing = values.nothing
local numeric = { integer = true, float = true, monetary = true, boolean = true }
local ignored = { id = true, create_date = true, create_uid = true, write_date = true, write_uid = true, display_name = true }

local function note(model, id, what, row)
  local env = site.env
  env.events[#env.events + 1] = { model = model.name, id = id, what = what, row = row }
  env.writes[model.name] = env.writes[model.name] or {}
  env.writes[model.name][what] = (env.writes[model.name][what] or 0) + 1
end

-- One record's row ----------------------------------------------------------------------------------------------------

-- Values by where they go: own columns, x2many commands, parents by link, computed fields that can be set, contents of files.
local function sorted_out(model, vals, unknown)
  local out = { columns = {}, commands = {}, parents = {}, inverse = {}, files = {} }
  for name, value in pairs(vals) do
    local field = model.fields[name]
    if not field then unknown(name) end
    if field.inherited then
      out.parents[field.inherited.link] = out.parents[field.inherited.link] or {}
      out.parents[field.inherited.link][name] = value
    elseif field.type == "binary" and field.attachment then out.files[name] = value
    elseif field.inverse then out.inverse[name] = value
    elseif field.type == "one2many" or field.type == "many2many" then out.commands[name] = value
    elseif field.store and not ignored[name] then out.columns[name] = value end
  end
  return out
end

local function translate(model, id, columns)
  local lang = site.lang()
  if not lang then return columns end
  local rest = {}
  for name, value in pairs(columns) do
    local field = model.fields[name]
    if field.translate and value ~= null then store.translate(model, field, id, lang, value) else rest[name] = value end
  end
  return rest
end

local function converted(model, columns)
  local row = {}
  for name, value in pairs(columns) do
    row[name] = values.to_column(model.fields[name], value)
    if row[name] == null and model.fields[name].required then
      errors.raise("ValidationError", ("The operation cannot be completed:\n- Create/update: a mandatory field is not set.\n- Delete: another model requires the record being deleted. If possible, archive it instead.\n\nModel: %s (%s)\nField: %s (%s)\n")
        :format(model.description, model.name, model.fields[name].string, name))
    end
  end
  return row
end

local function check_unique(model, id)
  local row = store.row(model, id)
  for _, rule in ipairs(model.unique or {}) do
    local terms, parameters, given = {}, { id }, true
    for _, name in ipairs(rule.fields) do
      given = given and not nothing(row[name])
      terms[#terms + 1], parameters[#parameters + 1] = store.quoted(name) .. " IS ?", row[name] == nil and null or row[name]
    end
    if given and store.query(("SELECT 1 AS one FROM %s WHERE id <> ? AND %s"):format(store.quoted(model.table), table.concat(terms, " AND ")), unpack(parameters))[1] then
      errors.raise("ValidationError", rule.message)
    end
  end
end

-- x2many --------------------------------------------------------------------------------------------------------------

local function link(field, id, other)
  if field.type == "many2many" then
    if not store.row(registry.get(field.to), other) then errors.missing(field.to, other) end
    return store.link(field, id, other)
  end
  M.write(registry.get(field.to), { other }, { [field.inverse_name] = id })
end

local function unlink(field, id, other)
  if field.type == "many2many" then return store.unlink(field, id, other) end
  local comodel = registry.get(field.to)
  if comodel.fields[field.inverse_name].ondelete == "cascade" then return M.unlink(comodel, { other }) end
  M.write(comodel, { other }, { [field.inverse_name] = false })
end

local function current(field, id)
  if field.type == "many2many" then return store.linked(field, id) end
  return store.ids_where(registry.get(field.to), field.inverse_name, id)
end

local function replace(field, id, ids)
  local keep = {}
  for _, one in ipairs(ids) do keep[one] = true end
  for _, one in ipairs(current(field, id)) do
    if not keep[one] then unlink(field, id, one) end
    keep[one] = nil
  end
  for _, one in ipairs(ids) do
    if keep[one] then link(field, id, one) end
  end
end

local commands = {
  [0] = function(field, id, command)
    local vals = {}
    for name, value in pairs(command[3]) do vals[name] = value end
    if field.type == "one2many" then vals[field.inverse_name] = id end
    local made = M.create(registry.get(field.to), { vals })[1]
    if field.type == "many2many" then store.link(field, id, made) end
  end,
  function(field, _, command) M.write(registry.get(field.to), { command[2] }, command[3]) end,
  function(field, _, command) M.unlink(registry.get(field.to), { command[2] }) end,
  function(field, id, command) unlink(field, id, command[2]) end,
  function(field, id, command) link(field, id, command[2]) end,
  function(field, id) replace(field, id, {}) end,
  function(field, id, command) replace(field, id, command[3]) end,
}

local function is_plain_list(value)
  for _, one in ipairs(value) do
    if type(one) ~= "number" then return false end
  end
  return true
end

local function apply(field, id, value)
  if nothing(value) then return replace(field, id, {}) end
  if type(value) ~= "table" then errors.raise("ValueError", ("Wrong value for %s.%s: %s"):format(field.model, field.name, values.repr(value))) end
  if is_plain_list(value) then return replace(field, id, value) end
  for _, command in ipairs(value) do
    local run = type(command) == "table" and commands[command[1]]
    if not run then errors.raise("ValueError", ("Wrong value for %s.%s: %s"):format(field.model, field.name, values.repr(value))) end
    run(field, id, command)
  end
end

local function after_row(model, id, parts)
  for name, value in pairs(parts.commands) do apply(model.fields[name], id, value) end
  for name, value in pairs(parts.files) do attachments.keep(model.name, id, name, value) end
  for name, value in pairs(parts.inverse) do model.fields[name].inverse(id, value) end
  check_unique(model, id)
end

-- Create --------------------------------------------------------------------------------------------------------------

local function with_defaults(model, vals)
  local full = {}
  for name, field in pairs(model.fields) do
    if field.default ~= nil and vals[name] == nil then
      if type(field.default) == "function" then full[name] = field.default(vals) else full[name] = field.default end
    elseif vals[name] == nil and store.is_column(field) and (field.required or numeric[field.type]) and not ignored[name] then
      full[name] = false
    end
  end
  for name, value in pairs(vals) do full[name] = value end
  return full
end

local function create_one(model, given)
  local vals = model.hooks.prepare and model.hooks.prepare(given) or given
  local parts = sorted_out(model, with_defaults(model, vals), function(name)
    errors.raise("ValueError", ("Invalid field '%s' in '%s'"):format(tostring(name), model.name))
  end)
  for parent, link_name in pairs(model.inherits or {}) do
    if nothing(parts.columns[link_name]) then
      parts.columns[link_name] = M.create(registry.get(parent), { parts.parents[link_name] or {} }, { child = model.name })[1]
    elseif parts.parents[link_name] then
      M.write(registry.get(parent), { parts.columns[link_name] }, parts.parents[link_name])
    end
  end
  local row, env = converted(model, parts.columns), site.env
  row.create_date, row.write_date, row.create_uid, row.write_uid = env.now, env.now, env.uid, env.uid
  local id = store.insert(model, row)
  translate(model, id, parts.columns)
  after_row(model, id, parts)
  note(model, id, "create")
  return id, vals
end

--- Creates records in one go; their ids. `how.child` names the model whose record a parent is made for.
function M.create(model, list, how)
  rights.check(model, "create")
  local ids, made = array {}, {}
  for i, vals in ipairs(list) do
    if type(vals) ~= "table" then errors.raise("AttributeError", "'" .. type(vals) .. "' object has no attribute 'items'") end
    ids[i], made[i] = create_one(model, vals)
  end
  if model.hooks.created then model.hooks.created(ids, made, how or {}) end
  return ids
end

-- Write ---------------------------------------------------------------------------------------------------------------

--- Stamps a record as written in this call.
function M.touch(model, id)
  store.update(model, id, { write_date = site.env.now, write_uid = site.env.uid })
  note(model, id, "write")
end

--- Sets stored computed columns, which stamps a record only where one of them changed.
function M.recompute(model, id, columns)
  local row, changed = store.row(model, id), {}
  for name, value in pairs(columns) do
    if row[name] ~= (value ~= null and value or nil) then changed[name] = value end
  end
  if not next(changed) then return false end
  store.update(model, id, changed)
  M.touch(model, id)
  return true
end

local function write_one(model, id, vals)
  local row = store.row(model, id)
  if not row then errors.missing(model.name, id) end
  rights.see(model, row)
  local parts = sorted_out(model, vals, function(name) errors.raise("KeyError", "'" .. tostring(name) .. "'") end)
  for link_name, parent_vals in pairs(parts.parents) do
    M.write(registry.get(model.fields[link_name].to), { row[link_name] }, parent_vals)
  end
  store.update(model, id, converted(model, translate(model, id, parts.columns)))
  M.touch(model, id)
  after_row(model, id, parts)
end

--- Writes the same values to all records.
function M.write(model, ids, vals)
  rights.check(model, "write")
  if model.hooks.writing then model.hooks.writing(ids, vals) end
  for _, id in ipairs(ids) do write_one(model, id, vals) end
  if model.hooks.written then model.hooks.written(ids, vals) end
  return true
end

-- Unlink --------------------------------------------------------------------------------------------------------------

local function refused(model, reference)
  errors.raise("ValidationError", ("The operation cannot be completed: another model requires the record being deleted. If possible, archive it instead.\n\nAnother model is using the record you are trying to delete.\n\nThe troublemaker is: '%s' (%s)\nThanks to the following constraint: %s_%s_fkey\n\nHow about archiving the record instead?")
    :format(reference.model.description, reference.model.name, reference.model.table, reference.field.name))
end

local function release(model, id)
  for _, reference in ipairs(registry.references_to(model.name)) do
    local users = store.ids_where(reference.model, reference.field.name, id)
    local policy = reference.field.ondelete or reference.field.required and "restrict" or "set null"
    if #users > 0 and policy == "restrict" then refused(model, reference) end
    for _, user in ipairs(users) do
      if policy == "set null" then store.update(reference.model, user, { [reference.field.name] = null })
      else M.remove(reference.model, user) end
    end
  end
end

--- Removes one record and what goes with it. No trace is left.
function M.remove(model, id)
  local row = store.row(model, id)
  if not row then return end
  release(model, id)
  store.delete(model, id)
  for _, field in pairs(model.fields) do
    if field.type == "many2many" and not field.inherited then store.unlink(field, id) end
  end
  attachments.drop_of(model.name, id)
  store.run("DELETE FROM ir_model_data WHERE model = ?1 AND res_id = ?2", model.name, id)
  note(model, id, "unlink", row)
  if model.hooks.removed then model.hooks.removed(row) end
end

function M.unlink(model, ids)
  rights.check(model, "unlink")
  for _, id in ipairs(ids) do
    local row = store.row(model, id)
    if not row then errors.missing(model.name, id) end
    rights.see(model, row)
  end
  if model.hooks.unlinking then model.hooks.unlinking(ids) end
  for _, id in ipairs(ids) do M.remove(model, id) end
  return true
end

return M
