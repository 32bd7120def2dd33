--- What a model's fields are, which are asked for, and how values go to Odoo and come back.
---
--- Odoo says `false` for nothing, except of booleans and numbers; here that is null. A many2one comes as [id, name] and is
--- its id. Times are UTC to the second.

local connector = require "tidewire.connector"
local cut = require "tidewire.cut"
local files = require "connectors.odoo.files"
local hash = require "tidewire.hash"
local json = require "tidewire.json"
local text = require "tidewire.text"
local time = require "tidewire.time"
local wire = require "connectors.odoo.wire"

local null, array = json.null, json.array
local fail = connector.fail

local M = {}

local attributes = array { "type", "string", "required", "readonly", "relation", "relation_field", "selection", "store", "digits",
  "translate", "size", "company_dependent", "related", "depends", "attachment" }

--- The fields of a model by name; asked once, again where `fresh`.
function M.fields(conn, model, fresh)
  local known = conn.state.models or {}
  conn.state.models = known
  if known[model] and not fresh then return known[model] end
  local fields, err = wire.call(conn, model, "fields_get", { attributes = attributes })
  if fields == nil then return nil, err end
  if type(fields) ~= "table" then return fail("unavailable", "fields_get was not answered with fields") end
  known[model] = fields
  return fields
end

local function unknown_field(collection, name, fields)
  local names = {}
  for known in pairs(fields) do names[#names + 1] = known end
  return fail("invalid", ("%s has no field '%s'%s"):format(collection.name, name, text.did_you_mean(name, names)),
    "names of fields differ between the versions of Odoo")
end

--- The many2one field through which a field shows another record's value (of a variant, its template's name), or nil.
function M.shown_through(fields, name)
  local field = fields[name]
  local link = field.store == false and type(field.related) == "string" and field.related:match "^([%w_]+)%.[%w_]+$"
  return link and fields[link] and fields[link].type == "many2one" and link or nil
end

--- Why a list of ids cannot be written to a one2many, or nil; nil, err where it could not be found out.
function M.unlinkable(conn, field)
  local inverse = field.relation_field
  local there, err = M.fields(conn, field.relation)
  if not there then return nil, err end
  local link = inverse and there[inverse]
  if not link or link.type ~= "many2one" or link.readonly == true then return "its records are linked by Odoo itself" end
  if link.required ~= true then return nil end
  return ("a %s cannot be without its '%s': map its records, as rows { left = CONNECTION.model(\"%s\", { parent = \"%s\" }), ... } or by a mapping of their own")
    :format(field.relation, inverse, field.relation, inverse)
end

--- The field by which records of a model lie below others of it, where Odoo keeps them as a tree.
function M.above(model, fields)
  local field = fields.parent_path and fields.parent_id
  return field and field.type == "many2one" and field.relation == model and "parent_id" or nil
end

--- Whether Odoo deletes what lies below a record along with it; true where this user is not told. Asked once per model.
function M.deletes_below(conn, model, above)
  local known = conn.state.on_delete or {}
  conn.state.on_delete = known
  if known[model] then return known[model] == "cascade" end
  local rows, err = wire.search_read(conn, "ir.model.fields", { domain = array { array { "model", "=", model }, array { "name", "=", above } }, fields = array { "on_delete" }, limit = 1 })
  if not rows and (err.code == "unavailable" or err.code == "throttled") then return nil, err end
  known[model] = rows and rows[1] and connector.given(rows[1].on_delete) or nil
  return known[model] == nil or known[model] == "cascade"
end

-- A change of a record behind such a field moves its own write_date, not that of the records which show it.
local function links_of(fields, names)
  local links, seen = {}, {}
  for _, name in ipairs(names) do
    local link = M.shown_through(fields, name)
    if link and not seen[link] then
      seen[link] = true
      links[#links + 1] = { field = link, model = fields[link].relation }
    end
  end
  return links
end

--- Which fields to ask for. `more` are fields that the records shall have besides those of the mapping.
function M.plan(conn, collection, more)
  if #collection.key ~= 1 or collection.key[1] ~= "id" then return fail("invalid", "the key of an Odoo model is `id`") end
  local fields, err = M.fields(conn, collection.name)
  if not fields then return nil, err end
  local own = connector.heads({}, collection.fields)
  local all = connector.heads(own, more)
  for _, name in ipairs(all) do
    if not fields[name] then return unknown_field(collection, name, fields) end
  end
  local links, besides, mine, asked = links_of(fields, own), { "id" }, files.of(fields, collection), {}
  local is_file = {}
  for _, list in ipairs { mine.kept, mine.held } do
    for _, name in ipairs(list) do is_file[name] = true end
  end
  for _, name in ipairs(all) do
    if not is_file[name] then asked[#asked + 1] = name end
  end
  for _, link in ipairs(links) do besides[#besides + 1] = link.field end
  if fields.write_date then besides[#besides + 1] = "write_date" end
  return { model = collection.name, fields = fields, own = own, all = all, columns = array(connector.heads(besides, asked)), links = links,
    files = mine, stamped = fields.write_date ~= nil }
end

-- From Odoo -----------------------------------------------------------------------------------------------------------

local as_it_is = { boolean = true, integer = true, float = true, monetary = true }
local lists = { one2many = true, many2many = true }

--- The id of a many2one, which comes as [id, name]; 0 where it is empty.
function M.target(value)
  if type(value) == "table" then return value[1] end
  return type(value) == "number" and value or 0
end

-- Odoo lists the ids in the order of their model, which means nothing here.
local function sorted(ids)
  local list = array {}
  for i, id in ipairs(ids) do list[i] = id end
  table.sort(list)
  return list
end

local function read_value(field, value)
  if value == nil then return null end
  if as_it_is[field.type] then return value end
  if value == false then return lists[field.type] and array {} or null end
  if lists[field.type] and json.is_array(value) then return sorted(value) end
  if field.type == "many2one" and type(value) == "table" then return value[1] end
  return value
end

-- Seconds are too coarse to tell two edits apart, and some edits move no write_date: the content goes into the version.
local function version_of(shape, fields, stamp)
  local parts = {}
  for i, name in ipairs(shape.own) do parts[i] = json.encode(fields[name]) end
  return stamp .. "/" .. hash.sha256(table.concat(parts, "\n")):sub(1, 12)
end

--- The UTC ISO time of Odoo's "2026-11-20 22:01:35".
function M.iso(stamp) return (stamp:gsub(" ", "T") .. "Z") end

--- The record of a row.
function M.record(shape, row)
  local fields = {}
  for _, name in ipairs(shape.all) do fields[name] = read_value(shape.fields[name], row[name]) end
  local stamp = type(row.write_date) == "string" and row.write_date or nil
  return { key = connector.plain(row.id), version = version_of(shape, fields, stamp or ""), stamp = stamp or "", modified = stamp and M.iso(stamp),
    fields = fields }
end

--- The records of rows; nil, err where their files cannot be told.
function M.records(conn, shape, rows)
  local done, err = files.add(conn, shape, rows)
  if not done then return nil, err end
  local list = array {}
  for i, row in ipairs(rows) do list[i] = M.record(shape, row) end
  return list
end

-- To Odoo -------------------------------------------------------------------------------------------------------------

--- The id in a key or a reference, or nil.
function M.id_of(value)
  local id = tonumber(connector.plain(value))
  if not id or id ~= math.floor(id) or id < 1 or id > 2147483647 then return nil end
  return id
end

-- UTC to the second, as Odoo takes it; a text with another offset is moved there.
local function datetime(value)
  local said = tostring(value)
  local utc = time.parse(said) and time.add(said, 0) or said
  local day, clock = utc:match "^(%d%d%d%d%-%d%d%-%d%d)[T ](%d%d:%d%d:%d%d)"
  if day then return day .. " " .. clock end
  return value
end

local function number_or_text(value) return value end

-- A list of ids as ids, each once; nil where it holds anything else.
local function ids_of(value)
  local ids, seen = array {}, {}
  for _, one in ipairs(value) do
    local id = one ~= null and type(one) ~= "table" and M.id_of(one)
    if not id then return nil end
    if not seen[id] then ids[#ids + 1] = id end
    seen[id] = true
  end
  return sorted(ids)
end

-- Ids replace what is linked; commands go as they are; rows of a one2many are made, or changed where they carry an id.
local function commands(value)
  if type(value) ~= "table" then return nil end
  local ids = ids_of(value)
  if ids then return array { array { 6, 0, ids } } end
  local list = array {}
  for i, one in ipairs(value) do
    if json.is_array(one) then list[i] = one
    elseif type(one) == "table" then
      local vals = {}
      for name, item in pairs(one) do
        if name ~= "id" then vals[name] = item == null and false or item end
      end
      local id = one.id and M.id_of(one.id)
      list[i] = id and array { 1, id, vals } or array { 0, 0, vals }
    else
      return nil
    end
  end
  return list
end

local writers = {
  many2one = M.id_of, one2many = commands, many2many = commands, integer = number_or_text, float = number_or_text, monetary = number_or_text,
  boolean = function(value) return value ~= 0 and value ~= "0" and value ~= "" and value ~= "false" and value ~= false end,
  datetime = datetime, date = function(value) return tostring(value):sub(1, 10) end,
}

local function plain_text(value) return type(value) == "table" and value or connector.plain(value) end

--- The value as a write or a domain takes it; nil where it cannot be one of that field.
function M.value(field, value)
  if value == null then return false end
  local writer = field and writers[field.type]
  if writer then return writer(value) end
  if not field then return value end
  return plain_text(value)
end

-- Ids that a one2many shall have are links of the records there: [6] would delete those that it lets go where the field that
-- links them cascades, so each is let go by an edit of that field. nil, err where the link may not be empty.
local function relinked(conn, shape, name, wanted, id)
  local field = shape.fields[name]
  local why, err = M.unlinkable(conn, field)
  if err then return nil, err end
  if why then return fail("invalid", name .. ": " .. why) end
  local now = array {}
  if id then
    local rows
    rows, err = wire.call(conn, shape.model, "read", { ids = array { id }, fields = array { name } })
    if rows == nil then return nil, err end
    if not json.is_array(rows) then return fail("unavailable", "the answer is no list of records") end
    now = rows[1] and rows[1][name] or now
  end
  local list, keep, has = array {}, {}, {}
  for _, one in ipairs(wanted) do keep[one] = true end
  for _, one in ipairs(sorted(now)) do
    has[one] = true
    if not keep[one] then list[#list + 1] = array { 1, one, { [field.relation_field] = false } } end
  end
  for _, one in ipairs(wanted) do
    if not has[one] then list[#list + 1] = array { 4, one, 0 } end
  end
  return list
end

--- The values of a create, or of a write to the record `id`; nil, err names the field that does not take its value.
function M.values(conn, shape, values, id)
  local sent = json.object {}
  for name, value in pairs(values) do
    local field = shape.fields[name]
    if not field then return unknown_field({ name = shape.model }, name, shape.fields) end
    if value == null and lists[field.type] then value = array {} end
    local ids = field.type == "one2many" and type(value) == "table" and ids_of(value)
    if ids then
      local err
      sent[name], err = relinked(conn, shape, name, ids, id)
      if err then return nil, err end
    else
      sent[name] = M.value(field, value)
    end
    if sent[name] == nil then
      return fail("invalid", ("%s: %s is no value of a %s"):format(name, cut.text(json.encode(value), 80), field.type),
        lists[field.type] and "a list of ids, rows or commands is" or nil)
    end
  end
  return sent
end

return M
