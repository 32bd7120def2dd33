-- Searching and reading.

local attachments = require "practice.odoo.attachments"
local domains = require "practice.odoo.domain"
local errors = require "practice.odoo.errors"
local json = require "tidewire.json"
local registry = require "practice.odoo.registry"
local rights = require "practice.odoo.rights"
local site = require "practice.odoo.site"
local store = require "practice.odoo.store"
local values = require "practice.odoo.values"

local M = {}

local array = json.array
local quoted, nothing = store.quoted, values.nothing

-- Searching -----------------------------------------------------------------------------------------------------------

local function order_expression(model, name, direction)
  local field = model.fields[name]
  if not field then errors.raise("ValueError", ("Invalid field %s on model %s for order"):format(name, model.name)) end
  if field.inherited then
    local parent = registry.get(field.inherited.model)
    return ("(SELECT p.%s FROM %s p WHERE p.id = t0.%s) %s"):format(quoted(name), quoted(parent.table), quoted(field.inherited.link), direction)
  end
  if not store.is_column(field) and name ~= "id" then errors.raise("ValueError", ("Cannot convert %s.%s to SQL because it is not stored"):format(model.name, name)) end
  return ("t0.%s IS NULL, t0.%s %s"):format(quoted(name), quoted(name), direction)
end

local function order_sql(model, order)
  local parts = {}
  for part in (nothing(order) and model.order or order):gmatch "[^,]+" do
    local name, direction = part:match "^%s*([%w_]+)%s*(%a*)%s*$"
    direction = (direction or ""):upper()
    if not name or direction ~= "" and direction ~= "ASC" and direction ~= "DESC" then
      errors.raise("UserError", "Invalid \"order\" specified (" .. order .. "). A valid \"order\" specification is a comma-separated list of valid field names (optionally followed by asc/desc for the direction)")
    end
    parts[#parts + 1] = order_expression(model, name, direction)
  end
  return table.concat(parts, ", ")
end

local function hides_archived(model, domain)
  return model.fields.active and site.env.context.active_test ~= false and not domains.names_active(domain)
end

local function where(model, domain)
  local query = domains.query()
  local sql = domains.sql(query, model, "t0", domain)
  if hides_archived(model, domain) then sql = "(" .. sql .. ") AND t0.active = 1" end
  local files = model.name == "ir.attachment" and attachments.visible(query, domain, "t0")
  if files then sql = "(" .. sql .. ") AND " .. files end
  local visible = rights.visible(query, model, "t0")
  if visible then sql = "(" .. sql .. ") AND " .. visible end
  return sql, query.parameters
end

--- The ids of a domain. A limit of 0 or none is no limit.
function M.search(model, domain, options)
  options = options or {}
  rights.check(model, "read")
  local sql, parameters = where(model, nothing(domain) and {} or domain)
  local text = ("SELECT t0.id FROM %s t0 WHERE %s ORDER BY %s"):format(quoted(model.table), sql, order_sql(model, options.order))
  local limit, offset = tonumber(options.limit or 0) or 0, tonumber(options.offset or 0) or 0
  if limit > 0 or offset > 0 then text = text .. (" LIMIT %d OFFSET %d"):format(limit > 0 and limit or -1, offset) end
  local ids = array {}
  for i, row in ipairs(store.query(text, unpack(parameters))) do ids[i] = row.id end
  return ids
end

function M.count(model, domain)
  rights.check(model, "read")
  local sql, parameters = where(model, nothing(domain) and {} or domain)
  return store.query(("SELECT count(*) AS n FROM %s t0 WHERE %s"):format(quoted(model.table), sql), unpack(parameters))[1].n
end

-- Reading -------------------------------------------------------------------------------------------------------------

--- What a record is called; nil where it is gone.
function M.display_name(model, id)
  local row = store.row(model, id)
  if not row then return nil end
  if model.display_name then return model.display_name(row) end
  for parent, link in pairs(model.inherits or {}) do
    if not (model.fields[model.rec_name] or {}).store then return M.display_name(registry.get(parent), row[link]) end
  end
  local name = row[model.rec_name]
  if nothing(name) then return model.name .. "," .. ("%d"):format(id) end
  local lang = site.lang()
  return lang and store.translation(model, model.fields[model.rec_name], id, lang) or name
end

local function related_ids(field, id)
  if field.type == "many2many" then return store.linked(field, id) end
  local other = registry.get(field.to)
  local ids = {}
  for _, one in ipairs(store.ids_where(other, field.inverse_name, id)) do
    local hidden = other.fields.active and site.env.context.active_test ~= false and store.row(other, one).active == 0
    if not hidden then ids[#ids + 1] = one end
  end
  return ids
end

local function pair_of(field, id, bare)
  if nothing(id) then return false end
  if bare then return id end
  return array { id, M.display_name(registry.get(field.to), id) or "" }
end

--- One field of one row as a client sees it. `bare` asks for ids without names.
function M.value(model, field, row, bare)
  if field.inherited then
    local parent = registry.get(field.inherited.model)
    return M.value(parent, parent.fields[field.name], store.row(parent, row[field.inherited.link]), bare)
  end
  if field.name == "display_name" then return M.display_name(model, row.id) end
  if field.related then return M.related(model, field.related, row, bare) end
  if field.type == "one2many" and not field.compute or field.type == "many2many" then return array(related_ids(field, row.id)) end
  local value = row[field.name]
  if field.compute then value = field.compute(row) end
  if field.type == "binary" and field.attachment then value = attachments.content(model.name, row.id, field.name) end
  if field.type == "one2many" then return array(value) end
  if field.type == "many2one" then return pair_of(field, value, bare) end
  local lang = field.translate and site.lang()
  if lang then value = store.translation(model, field, row.id, lang) or value end
  return values.to_wire(field, value)
end

--- The value at the end of a path of many2one fields.
function M.related(model, path, row, bare)
  local head, rest = path:match "^([^.]+)%.?(.*)$"
  local field = model.fields[head]
  if rest == "" then return M.value(model, field, row, bare) end
  local target = field.inherited and store.row(registry.get(field.inherited.model), row[field.inherited.link]) or row
  local comodel = registry.get(field.to)
  local next_row = target[head] and store.row(comodel, target[head])
  if not next_row then return values.to_wire(comodel.fields[rest:match "^[^.]+"], nil) end
  return M.related(comodel, rest, next_row, bare)
end

local function wanted_fields(model, names)
  if nothing(names) or #names == 0 then return registry.field_names(model) end
  for _, name in ipairs(names) do
    if not model.fields[name] then errors.raise("ValueError", ("Invalid field '%s' on '%s'"):format(tostring(name), model.name)) end
  end
  return names
end

--- Records by id in that order; ids that are not there are left out, those that may not be seen are an error.
function M.read(model, ids, names, load)
  rights.check(model, "read")
  local wanted, bare = wanted_fields(model, names), load ~= nil and load ~= "_classic_read"
  local rows, list = store.rows(model, ids), array {}
  for _, id in ipairs(ids) do
    local row = rows[id]
    if row then
      rights.see(model, row)
      if model.name == "ir.attachment" then attachments.see(row) end
      local record = { id = id }
      for _, name in ipairs(wanted) do record[name] = M.value(model, model.fields[name], row, bare) end
      list[#list + 1] = record
    end
  end
  return list
end

-- What describes a model ----------------------------------------------------------------------------------------------

local function described(model, field)
  local about = { type = field.type, string = field.string, required = field.required == true, readonly = field.readonly == true,
    store = field.store == true and not field.inherited, name = field.name,
    related = field.inherited and field.inherited.link .. "." .. field.name or field.related or false, help = field.help or false,
    searchable = field.store or field.related ~= nil or field.inherited ~= nil or field.type == "one2many" or field.search ~= nil,
    sortable = field.store and field.type ~= "many2many" or field.inherited ~= nil, company_dependent = field.company_dependent == true }
  if field.to then about.relation, about.relation_field, about.domain, about.context = field.to, field.inverse_name, array {}, {} end
  if field.selection then about.selection = array {} end
  for i, option in ipairs(field.selection and values.selection(field) or {}) do about.selection[i] = array { option[1], option[2] } end
  about.depends = array(field.depends or {})
  if field.type == "binary" then about.attachment = about.store and field.attachment == true end
  if field.digits then about.digits = array { 16, field.digits } end
  if field.type == "monetary" then about.currency_field = "currency_id" end
  if field.type == "char" or field.type == "text" or field.type == "html" then about.translate = field.translate == true end
  return about
end

function M.fields_get(model, names, attributes)
  local answer = json.object {}
  for _, name in ipairs((nothing(names) or #names == 0) and registry.field_names(model) or names) do
    local field = model.fields[name]
    if field then
      local about, picked = described(model, field), {}
      for _, key in ipairs(nothing(attributes) and {} or attributes) do picked[key] = about[key] end
      answer[name] = nothing(attributes) and about or json.object(picked)
    end
  end
  return answer
end

--- Pairs of id and name of what is called like that.
function M.name_search(model, name, domain, op, limit)
  local narrowed = { unpack(nothing(domain) and {} or domain) }
  if not nothing(name) and name ~= "" then table.insert(narrowed, { "display_name", nothing(op) and "ilike" or op, name }) end
  local list = array {}
  for i, id in ipairs(M.search(model, narrowed, { limit = nothing(limit) and 100 or limit })) do
    list[i] = array { id, M.display_name(model, id) }
  end
  return list
end

return M
