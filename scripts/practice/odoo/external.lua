-- External ids, and the import that makes or updates records by them.

local errors = require "practice.odoo.errors"
local json = require "tidewire.json"
local registry = require "practice.odoo.registry"
local store = require "practice.odoo.store"
local values = require "practice.odoo.values"
local write = require "practice.odoo.write"

local M = {}

local array = json.array

--- { "7": "module.name", ... }; "" where there is none.
function M.of(model, ids)
  local found = json.object {}
  for _, id in ipairs(ids) do
    local row = store.query("SELECT module, name FROM ir_model_data WHERE model = ?1 AND res_id = ?2 ORDER BY id LIMIT 1", model.name, id)[1]
    found[("%d"):format(id)] = row and row.module .. "." .. row.name or ""
  end
  return found
end

local function split(xmlid)
  local module, name = xmlid:match "^([^.]+)%.(.+)$"
  return module or "__import__", name or xmlid
end

local function lookup(xmlid, model_name)
  local module, name = split(xmlid)
  local row = store.query("SELECT res_id FROM ir_model_data WHERE module = ?1 AND name = ?2 AND model = ?3", module, name, model_name)[1]
  return row and row.res_id
end

-- One cell: the field it is for and the value. `parent_id/id` has an external id, `parent_id/.id` an id.
local function cell(model, column, value)
  local name, kind = column:match "^([^/]+)/?(.*)$"
  local field = model.fields[name]
  if not field then return nil, nil, ("Invalid field name '%s'"):format(column) end
  if kind == "" or values.nothing(value) or value == "" then return name, value end
  local id = kind == ".id" and tonumber(value) or kind == "id" and lookup(value, field.to)
  if not id then return nil, nil, ("No matching record found for external id '%s' in field '%s'"):format(tostring(value), field.string) end
  return name, id
end

local function row_values(model, columns, row)
  local vals, xmlid = {}, nil
  for i, column in ipairs(columns) do
    if column == "id" then xmlid = row[i]
    else
      local name, value, problem = cell(model, column, row[i])
      if problem then return nil, nil, { field = column, message = problem } end
      vals[name] = value
    end
  end
  return vals, xmlid
end

local function put(model, vals, xmlid)
  local id = xmlid and lookup(xmlid, model.name)
  if id then
    write.write(model, { id }, vals)
    return id
  end
  id = write.create(model, { vals })[1]
  if xmlid then
    local module, name = split(xmlid)
    write.create(registry.get "ir.model.data", { { module = module, name = name, model = model.name, res_id = id } })
  end
  return id
end

local function one_row(model, columns, row)
  local vals, xmlid, problem = row_values(model, columns, row)
  if problem then return nil, problem end
  local ok, result = pcall(put, model, vals, xmlid)
  if ok then return result end
  return nil, { field = columns[1], message = errors.of(result).message }
end

--- All rows or none.
function M.load(model, columns, rows)
  local ids, messages = array {}, array {}
  store.exec "SAVEPOINT load"
  for i, row in ipairs(rows) do
    local id, problem = one_row(model, columns, row)
    if id then ids[#ids + 1] = id else
      messages[#messages + 1] = { type = "error", record = i - 1, rows = { from = i - 1, to = i - 1 }, field = problem.field, message = problem.message }
    end
  end
  if #messages > 0 then store.exec "ROLLBACK TO load" end
  store.exec "RELEASE load"
  return { ids = #messages == 0 and ids or false, messages = messages, nextrow = 0 }
end

return M
