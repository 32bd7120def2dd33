-- Models whose records stand in a tree: complete_name, and no circles.

local errors = require "practice.odoo.errors"
local registry = require "practice.odoo.registry"
local store = require "practice.odoo.store"

local M = {}

local function writing() return require "practice.odoo.write" end

local function check_circle(model, parent_name, id)
  local seen, at = {}, id
  while at do
    if seen[at] then errors.raise("UserError", "Recursion Detected.") end
    seen[at] = true
    at = (store.row(model, at) or {})[parent_name]
  end
end

local function rename(model, parent_name, id)
  local row = store.row(model, id)
  local parent = row[parent_name] and store.row(model, row[parent_name])
  local name = parent and parent.complete_name .. model.separator .. row.name or row.name
  local changed = writing().recompute(model, id, { complete_name = name })
  if not changed then return end
  for _, child in ipairs(store.ids_where(model, parent_name, id)) do rename(model, parent_name, child) end
end

-- "1/7/": the ids from the root down. It moves no write_date.
local function place(model, parent_name, id)
  local row = store.row(model, id)
  local parent = row[parent_name] and store.row(model, row[parent_name])
  local path = (parent and parent.parent_path or "") .. ("%d/"):format(id)
  if row.parent_path == path then return end
  store.update(model, id, { parent_path = path })
  for _, child in ipairs(store.ids_where(model, parent_name, id)) do place(model, parent_name, child) end
end

--- Hooks that keep `complete_name`: of every record below a renamed one too, which moves their write_date.
function M.hooks(name, parent_name)
  local function level(ids)
    local model = registry.get(name)
    for _, id in ipairs(ids) do
      check_circle(model, parent_name, id)
      place(model, parent_name, id)
      rename(model, parent_name, id)
    end
  end
  return { created = level, written = level }
end

return M
