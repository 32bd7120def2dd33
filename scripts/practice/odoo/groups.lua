-- Groups of records: how many, and sums.

local json = require "tidewire.json"
local orm = require "practice.odoo.orm"
local python = require "practice.shared.python"
local store = require "practice.odoo.store"
local values = require "practice.odoo.values"

local M = {}

local array = json.array

local function number(value) return python.is_raw(value) and tonumber(value.text) or value end

-- Groups in the order of their first record: { shown, condition, count, ids }.
local function groups_of(model, domain, name)
  local field = model.fields[name]
  local groups, by_value = {}, {}
  for _, record in ipairs(orm.read(model, orm.search(model, domain), { name })) do
    local shown = record[name]
    local value = type(shown) == "table" and shown[1] or shown
    local group = by_value[value]
    if not group then
      group = { shown = shown, condition = array { name, "=", value }, ids = {} }
      by_value[value], groups[#groups + 1] = group, group
    end
    table.insert(group.ids, record.id)
  end
  return groups, field
end

local function sum(model, group, name)
  local total = 0
  for _, record in ipairs(orm.read(model, group.ids, { name })) do total = total + number(record[name]) end
  if model.fields[name].type == "integer" then return total end
  return values.float(total)
end

local function extended(domain, condition)
  local list = array { unpack(values.nothing(domain) and {} or domain) }
  list[#list + 1] = condition
  return list
end

--- Of several names to group by the first counts, as it does where the call is lazy.
function M.read_group(model, args)
  local by = type(args.groupby) == "table" and args.groupby[1] or args.groupby
  local answer = array {}
  for i, group in ipairs(groups_of(model, args.domain, by)) do
    local row = { [by] = group.shown, [by .. "_count"] = #group.ids, __domain = extended(args.domain, group.condition) }
    for _, name in ipairs(args.fields or {}) do
      local plain = name:match "^[%w_]+"
      local field = model.fields[plain]
      if plain ~= by and store.is_column(field) and (field.type == "integer" or field.type == "float" or field.type == "monetary") then
        row[plain] = sum(model, group, plain)
      end
    end
    answer[i] = row
  end
  return answer
end

function M.formatted_read_group(model, args)
  local by, answer = (args.groupby or {})[1], array {}
  for i, group in ipairs(groups_of(model, args.domain, by)) do
    local row = { [by] = group.shown, __extra_domain = array { group.condition } }
    for _, wanted in ipairs(args.aggregates or {}) do
      local name, how = wanted:match "^([%w_]+):(%w+)$"
      row[wanted] = wanted == "__count" and #group.ids or how == "sum" and sum(model, group, name) or json.null
    end
    answer[i] = row
  end
  return answer
end

return M
