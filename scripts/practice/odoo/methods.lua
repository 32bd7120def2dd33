-- The methods of every model that may be called from outside, with the names of their arguments.

local errors = require "practice.odoo.errors"
local external = require "practice.odoo.external"
local groups = require "practice.odoo.groups"
local json = require "tidewire.json"
local orm = require "practice.odoo.orm"
local registry = require "practice.odoo.registry"
local rights = require "practice.odoo.rights"
local site = require "practice.odoo.site"
local values = require "practice.odoo.values"
local write = require "practice.odoo.write"

local M = {}

local array = json.array
local nothing = values.nothing

local function id_list(ids)
  if type(ids) == "number" then return { ids } end
  return nothing(ids) and {} or ids
end

local function required(args, ...)
  for _, name in ipairs { ... } do
    if args[name] == nil then errors.raise("TypeError", ("missing a required argument: '%s'"):format(name), { status = 422 }) end
  end
end

-- A method of the model itself takes no ids; one of records takes them first.
local function of_model(names, run) return { names = names, run = run } end
local function of_records(names, run) return { names = names, run = run, ids = true } end

local function copy_of(model, id, default)
  local skipped, vals = { id = true, create_date = true, write_date = true, create_uid = true, write_uid = true, display_name = true }, {}
  for name, value in pairs(orm.read(model, { id }, nil, "")[1]) do
    local field = model.fields[name]
    local kept = not skipped[name] and not field.readonly and (field.store or field.inherited) and field.type ~= "one2many" and name ~= "barcode"
    if kept and not require("practice.shared.python").is_raw(value) then vals[name] = value end
  end
  if type(vals.name) == "string" then vals.name = vals.name .. " (copy)" end
  for name, value in pairs(nothing(default) and {} or default) do vals[name] = value end
  return write.create(model, { vals })[1]
end

M.common = {
  search = of_model({ "domain", "offset", "limit", "order" }, function(model, args) return orm.search(model, args.domain, args) end),
  search_count = of_model({ "domain", "limit" }, function(model, args) return orm.count(model, args.domain) end),
  search_read = of_model({ "domain", "fields", "offset", "limit", "order", "load" }, function(model, args)
    return orm.read(model, orm.search(model, args.domain, args), args.fields, args.load)
  end),
  read = of_records({ "fields", "load" }, function(model, args) return orm.read(model, id_list(args.ids), args.fields, args.load) end),
  create = of_model({ "vals_list" }, function(model, args, transport)
    required(args, "vals_list")
    local given = args.vals_list
    if json.is_array(given) then return write.create(model, given) end
    local ids = write.create(model, { given })
    if transport == "json2" then return ids end
    return ids[1]
  end),
  write = of_records({ "vals" }, function(model, args)
    required(args, "vals")
    return write.write(model, id_list(args.ids), args.vals)
  end),
  unlink = of_records({}, function(model, args) return write.unlink(model, id_list(args.ids)) end),
  copy = of_records({ "default" }, function(model, args, transport)
    local ids = array {}
    for i, id in ipairs(id_list(args.ids)) do ids[i] = copy_of(model, id, args.default) end
    if transport ~= "json2" and type(args.ids) == "number" then return ids[1] end
    return ids
  end),
  fields_get = of_model({ "allfields", "attributes" }, function(model, args) return orm.fields_get(model, args.allfields or args.fields, args.attributes) end),
  default_get = of_model({ "fields" }, function(model, args)
    local found = json.object {}
    for _, name in ipairs(nothing(args.fields) and registry.field_names(model) or args.fields) do
      local field = model.fields[name]
      if field and field.default ~= nil and type(field.default) ~= "function" then found[name] = field.default end
    end
    return found
  end),
  name_search = of_model({ "name", "domain", "operator", "limit" }, function(model, args)
    return orm.name_search(model, args.name, args.domain or args.args, args.operator, args.limit)
  end),
  read_group = of_model({ "domain", "fields", "groupby", "offset", "limit", "orderby", "lazy" }, groups.read_group),
  formatted_read_group = of_model({ "domain", "groupby", "aggregates" }, groups.formatted_read_group),
  has_access = of_records({ "operation" }, function(model, args)
    required(args, "operation")
    return rights.may(model, args.operation)
  end),
  check_access_rights = of_model({ "operation", "raise_exception" }, function(model, args)
    if args.raise_exception ~= false then rights.check(model, args.operation) end
    return rights.may(model, args.operation)
  end),
  get_external_id = of_records({}, function(model, args) return external.of(model, id_list(args.ids)) end),
  load = of_model({ "fields", "data" }, function(model, args)
    required(args, "fields", "data")
    return external.load(model, args.fields, args.data)
  end),
}
M.common.fields_get.names[1] = "allfields"

local users_own = { context_get = of_model({}, function()
  return { lang = site.lang() or "en_US", tz = "UTC", uid = site.env.uid }
end) }

local private = { exists = true, browse = true, sudo = true, with_context = true, with_user = true, mapped = true, filtered = true, ensure_one = true }

local function refuse(model, name)
  if name:sub(1, 1) == "_" or private[name] then
    errors.raise("AccessError", ("Private methods (such as '%s.%s') cannot be called remotely."):format(model.name, name))
  end
  errors.raise("AttributeError", ("The method '%s.%s' does not exist"):format(model.name, name), { status = 404, fault = 1 })
end

local function action_of(model, name)
  local run = model.methods[name]
  return run and of_records({}, function(_, args) return run(id_list(args.ids)) end)
end

--- What `name` calls on the model.
function M.find(model, name)
  local found = model.name == "res.users" and users_own[name] or action_of(model, name) or M.common[name]
  return found or refuse(model, tostring(name))
end

--- Arguments by name, of a call with a list and named ones.
function M.named(method, positional, keywords)
  local args, names = {}, { unpack(method.names) }
  if method.ids then table.insert(names, 1, "ids") end
  for i, value in ipairs(positional) do
    if not names[i] then errors.raise("TypeError", ("takes %d positional arguments but %d were given"):format(#names + 1, #positional + 1)) end
    if value ~= json.null then args[names[i]] = value end
  end
  for name, value in pairs(keywords) do
    if value ~= json.null or name == "load" then args[name] = value end
  end
  return args
end

return M
