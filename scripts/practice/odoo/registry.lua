-- The models of the database and their fields.

local errors = require "practice.odoo.errors"
local fields = require "practice.odoo.fields"

local M = {}

local models = {}

--- Declares a model: { description, order, rec_name, fields, inherits = { model = link }, unique, ... }.
function M.define(name, spec)
  local model = spec
  model.name, model.table = name, (name:gsub("%.", "_"))
  model.order, model.rec_name = spec.order or "id", spec.rec_name or "name"
  model.hooks, model.methods = spec.hooks or {}, spec.methods or {}
  for field_name, field in pairs(fields.magic()) do model.fields[field_name] = model.fields[field_name] or field end
  for field_name, field in pairs(model.fields) do field.name, field.model = field_name, name end
  models[name] = model
  return model
end

-- Of an inherited field the child keeps a view, which leads to the parent through `link`.
local function inherit(model, parent_name, link)
  for name, field in pairs(models[parent_name].fields) do
    if not model.fields[name] then
      local view = {}
      for key, value in pairs(field) do view[key] = value end
      view.store, view.inherited, view.model = false, { link = link, model = parent_name }, model.name
      view.required, view.default = false, nil
      model.fields[name] = view
    end
  end
end

--- After the last `define`: gives children the fields of their parents.
function M.finish()
  for _, model in pairs(models) do
    for parent, link in pairs(model.inherits or {}) do inherit(model, parent, link) end
  end
end

function M.all() return models end

function M.find(name) return models[name] end

--- The model, or the error of a name that is none.
function M.get(name)
  local model = models[name]
  if not model then
    errors.raise("UserError", ("Object %s doesn't exist"):format(tostring(name)), { status = 404 })
  end
  return model
end

--- The names of a model's fields in alphabetical order.
function M.field_names(model)
  local names = {}
  for name in pairs(model.fields) do names[#names + 1] = name end
  table.sort(names)
  return names
end

--- Every stored many2one that leads to `name`: list of { model, field }.
function M.references_to(name)
  local found = {}
  for _, model in pairs(models) do
    for _, field in pairs(model.fields) do
      if field.type == "many2one" and field.to == name and field.store then found[#found + 1] = { model = model, field = field } end
    end
  end
  table.sort(found, function(a, b) return a.model.name .. "." .. a.field.name < b.model.name .. "." .. b.field.name end)
  return found
end

return M
