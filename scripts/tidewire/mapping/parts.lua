--- Several records as one: `join { erp.doctype "Customer", address = part { erp.doctype "Address", owner = ... } }`, whose fields
--- are `address.city`, and `odoo.model("product.product", { with = { tmpl = via("product_tmpl_id", odoo.model "product.template") } })`.
---
--- A part is a record of its own: its collection is described and read like an end, its row in the plan stands with the end.

local json = require "tidewire.json"
local flow = require "tidewire.mapping.flow"
local further = require "tidewire.mapping.further"
local literal = require "tidewire.mapping.literal"
local mark = require "tidewire.mapping.mark"
local report = require "tidewire.host.report"

local M = {}

local example = "join { erp.doctype \"Customer\", address = part { erp.doctype \"Address\", owner = erp.dynamic_link \"Customer\" } }"
local part_example = "part { erp.doctype \"Address\", owner = erp.dynamic_link \"Customer\", pick = { is_primary_address = 1 }, missing = \"create\" }"
local via_example = "via(\"product_tmpl_id\", erp.model \"product.template\")"
local options = { "owner", "pick", "missing", "values" }

local function split(value)
  local own, named = value[1], {}
  for key, one in pairs(value) do
    if key ~= 1 then named[key] = one end
  end
  return own, named
end

--- `part { COLLECTION, owner = ... }`
function M.part(value)
  local place = report.where()
  local own = type(value) == "table" and value[1]
  if mark.word(own) ~= "end" then report.refuse(place, "part begins with a collection: " .. part_example) end
  local _, named = split(value)
  return mark.make("part", { own = own, options = named }, place)
end

--- `via("FIELD", COLLECTION)`
function M.via(field, own, more)
  local place = report.where()
  if type(field) ~= "string" or mark.word(own) ~= "end" then report.refuse(place, "via takes a field and a collection: " .. via_example) end
  return mark.make("part", { own = own, via = field, options = more or {} }, place)
end

-- A copy of an end with parts of its own.
local function with_parts(own, parts, place)
  local copy = {}
  for key, value in pairs(own) do copy[key] = value end
  copy.parts = {}
  for _, list in ipairs { own.parts or {}, parts } do
    for name, one in pairs(list) do
      if type(name) ~= "string" or not name:find "^[%a_][%w_]*$" then
        report.refuse(place, ("a part has a name: address = part { ... }, not %s"):format(tostring(name)))
      end
      if mark.word(one) ~= "part" then report.refuse(place, ("%s must be a part: %s"):format(name, part_example)) end
      copy.parts[name] = one
    end
  end
  return mark.make("end", copy, place)
end

--- `join { COLLECTION, name = part { ... } }`: the collection, with its parts.
function M.join(value)
  local place = report.where()
  if type(value) ~= "table" or mark.word(value[1]) ~= "end" then report.refuse(place, "join begins with a collection: " .. example) end
  local own, named = split(value)
  if next(named) == nil then report.refuse(place, "join has no part: " .. example) end
  return with_parts(own, named, place)
end

--- The option `with` of a collection.
function M.with(own, parts, place)
  if type(parts) ~= "table" or mark.word(parts) or next(parts) == nil then report.refuse(place, "with names parts: with = { tmpl = " .. via_example .. " }") end
  return with_parts(own, parts, place)
end

local function plain_values(c, value, what, at)
  if value == nil then return {} end
  if type(value) ~= "table" or mark.word(value) then
    c.r:problem(at, "%s of a part is a table of fields: { is_primary_address = 1 }", what)
    return {}
  end
  for field, one in pairs(value) do
    if type(field) ~= "string" or type(one) == "table" or type(one) == "function" then
      c.r:problem(at, "%s of a part is a table of fields and plain values", what)
      return {}
    end
  end
  return value
end

local function check_values(c, known, own, values, what, at)
  for _, field in ipairs(known and report.names(values) or {}) do
    literal.check(c, at, what, values[field], known[field] and known[field].type, field, further.title(own))
  end
end

local function check_names(c, known, own, names, what, at)
  for _, name in ipairs(known and names or {}) do
    if not known[name] then
      c.r:problem(at, "'%s' of %s is no field of %s%s", name, what, further.title(own), report.suggest(name, report.names(known)))
    end
  end
end

-- How a part says whose it is: a column, or rows of the part that name it.
local function owner_of(c, side, said, at)
  if type(said) == "string" and said ~= "" then return { how = "column", field = said } end
  if mark.word(said) ~= "owner" then
    c.r:problem(at, "a part says whose it is: owner = \"customer_id\", or owner = erp.dynamic_link \"Customer\"")
    return nil
  end
  if said.connection ~= c[side].connection then c.r:problem(at, "owner is of the connection %s, the part of %s", said.connection, c[side].connection) end
  if said.of ~= c[side].collection then
    c.r:problem(at, "the part belongs to %s, but the record is a %s", said.of, c[side].collection)
  end
  local rule = said.rule
  return { how = "list", field = rule.list, column = rule.column, also = { [rule.of] = said.of } }
end

local function via_of(c, side, part, at)
  local described = c.described[side]
  local field = described and described[part.via]
  if described and not field then
    c.r:problem(at, "'%s' of via is no field of %s%s", part.via, c.title[side], report.suggest(part.via, report.names(described)))
  end
  return { how = "via", field = part.via, key_type = field and field.type or nil }
end

local function compile(c, side, name, part)
  local at, own, said = mark.at(part), part.own, part.options
  c.r:keys(said, part.via and { "missing", "values" } or options, "part", at)
  if own.connection ~= c[side].connection then
    c.r:problem(at, "the part %s must be on the connection %s too, not on %s", name, c[side].connection, own.connection)
  end
  if own.parts then c.r:problem(at, "a part of a part") end
  local row = part.via and via_of(c, side, part, at) or owner_of(c, side, said.owner, at)
  if not row then return nil end
  row.pick, row.values = plain_values(c, said.pick, "pick", at), plain_values(c, said.values, "values", at)
  row.missing = c.r:one_of(said, "missing", { "create", "ignore" }, "part", at) or "ignore"
  row.emptied = "clear"
  local read = report.names(row.pick)
  if row.how ~= "via" then read[#read + 1] = row.field end
  local entry, known = further.use(c, own, read)
  check_names(c, known, own, report.names(row.pick), "pick", at)
  check_names(c, known, own, report.names(row.values), "values", at)
  check_values(c, known, own, row.pick, "pick", at)
  check_values(c, known, own, row.values, "values", at)
  if row.how ~= "via" then check_names(c, known, own, { row.field }, "owner", at) end
  if row.how == "column" then row.key_type = known and known[row.field] and known[row.field].type or nil end
  row.pick_types = {}
  for field in pairs(known and row.pick or {}) do row.pick_types[field] = known[field] and known[field].type end
  if known and #entry.key ~= 1 then c.r:problem(at, "%s needs a key of one field to be a part", further.title(own)) end
  row.name, row.id, row.entry, row.known, row.own, row.at, row.columns = name, entry.id, entry, known, own, at, json.array {}
  return row
end

--- Compiles the parts of both ends; their fields become fields of the side, under the part's name.
function M.begin(c)
  c.parts = { left = {}, right = {} }
  for _, side in ipairs { "left", "right" } do
    for _, name in ipairs(report.names(c[side].parts or {})) do
      local row = compile(c, side, name, c[side].parts[name])
      local described = c.described[side]
      if row and described then
        if described[name] then c.r:problem(row.at, "the part '%s' has the name of a field of %s", name, c.title[side]) end
        described[name] = { name = name, type = { kind = "part" }, part = row.known or {}, title = further.title(row.own) }
      end
      if row then c.parts[side][name] = row end
    end
  end
end

--- The described field of "address.city", nil and false where it is no field of a part.
function M.field(described, path)
  local head, rest = path:match "^([^.]+)%.?(.*)$"
  local whole = described and described[head]
  if not whole or not whole.part then return nil, false end
  return whole.part[rest:match "^[^.]*"], true, rest
end

--- What the compiled rows read of each part, and what fills a part that has to be made.
function M.read(c)
  for side, list in pairs(c.parts) do
    for name, row in pairs(list) do
      local seen, towards = {}, "to_" .. side
      for _, field in ipairs(c.fields) do
        for _, path in ipairs(field[side] or {}) do
          local head, rest = path:match "^([^.]+)%.?(.*)$"
          if head == name and flow.reaches(field.flow or c.flow, flow.other[side]) then towards = "both" end
          if head == name and rest ~= "" and not seen[rest] then
            seen[rest] = true
            row.columns[#row.columns + 1] = rest:match "^[^.]+"
          elseif head == name and rest == "" then c.r:problem(field.at, "'%s' is a part: name a field of it, %s.city", name, name) end
        end
      end
      further.must_show_all(c, row.own, side, towards, row.at)
      further.read(row.entry, row.columns)
      if #row.columns == 0 then c.r:problem(row.at, "no row uses the part '%s'", name) end
      M.check_required(c, side, row, seen)
    end
  end
end

--- Required fields of a part that is made and that nothing fills.
function M.check_required(c, side, row, filled)
  if row.missing ~= "create" or not flow.reaches(c.flow, side) then return end
  for _, name in ipairs(row.known and report.names(row.known) or {}) do
    local field = row.known[name]
    local has_default = field.default ~= nil and tostring(field.default) ~= "null"
    local given = filled[name] or row.pick[name] ~= nil or row.values[name] ~= nil or name == row.field or name == row.entry.key[1]
    if field.type.required and not field.type.read_only and not given and not has_default then
      c.r:warn(row.at, "'%s' of %s is required there and neither a row nor values fill it: making the part '%s' will fail", name,
        further.title(row.own), row.name)
    end
  end
end

--- What `deletes` says of parts: what becomes of one that is emptied, or whose record is deleted.
function M.deletes(c, deletes, near)
  local known = {}
  for side, list in pairs(c.parts) do
    for name, row in pairs(list) do
      known[#known + 1] = name
      local policies = row.how == "via" and { "clear", "detach" } or { "clear", "detach", "delete" }
      row.emptied = c.r:one_of(deletes, name, policies, "deletes", near) or "clear"
      if deletes[name] ~= nil and not flow.reaches(c.flow, side) then
        c.r:problem(c.r:key(name, near), "%s of deletes is \"%s\", but this mapping writes nothing to the %s", name, row.emptied, side)
      end
    end
  end
  return known
end

--- The one side that has parts, nil where none or both have.
function M.side(c)
  local left, right = next(c.parts.left) ~= nil, next(c.parts.right) ~= nil
  if left == right then return nil end
  return left and "left" or "right"
end

--- The parts of a side as the program gets them, nil where it has none.
function M.of(c, side)
  local list = json.array {}
  for _, name in ipairs(report.names(c.parts[side])) do
    local row = c.parts[side][name]
    list[#list + 1] = { name = row.name, id = row.id, how = row.how, field = row.field, column = row.column, also = row.also, key_type = row.key_type,
      pick = row.pick, pick_types = row.pick_types, values = row.values, create = row.missing == "create", emptied = row.emptied,
      columns = row.columns, at = row.at }
  end
  return #list > 0 and list or nil
end

return M
