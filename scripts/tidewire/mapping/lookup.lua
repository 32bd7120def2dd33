--- `lookup = { manager = { from = erp.doctype "Employee", key = "reports_to", fields = { "employee_name" } } }`: records of other
--- collections that functions look at, and t.find, which turns a value into another one of the same record there.
---
--- They are data, so that the program gathers them for many records at once and keeps them with the operation.

local json = require "tidewire.json"
local duration = require "tidewire.host.duration"
local conflict = require "tidewire.mapping.conflict"
local flow = require "tidewire.mapping.flow"
local further = require "tidewire.mapping.further"
local mark = require "tidewire.mapping.mark"
local report = require "tidewire.host.report"
local values = require "tidewire.mapping.values"

local M = {}

local function field_of(c, own, known, name, what, at)
  if type(name) ~= "string" or name == "" then
    c.r:problem(at, "%s must be a field's name of %s", what, further.title(own))
    return nil
  end
  local head = name:match "^[^.]+"
  if known and not known[head] then
    c.r:problem(at, "'%s' is no field of %s%s", head, further.title(own), report.suggest(head, report.names(known)))
  end
  return name
end

local function cache_of(c, value, at)
  if value == nil then return nil end
  local time = duration.milliseconds(value)
  if not time then c.r:problem(c.r:key("cache", at), "cache must be a duration such as \"1h\", not '%s'", tostring(value)) end
  return time
end

-- The key of a collection, where it is one field.
local function own_key(entry) return #entry.key == 1 and entry.key[1] or nil end

local function side_of(c, said, own, at)
  if said == nil then return conflict.side_of(c, own.connection) or "left" end
  if said == "left" or said == "right" then return said end
  local side = conflict.side_of(c, said)
  if not side then c.r:problem(at, "of must be left, right or a connection of this mapping, not '%s'", tostring(said)) end
  return side or "left"
end

local members = { "from", "key", "by", "of", "fields", "cache", "watch" }

local function one(c, name, said, at)
  if type(said) ~= "table" or mark.word(said) then
    return c.r:problem(at, "a lookup is a table: %s = { from = erp.doctype \"Employee\", key = \"reports_to\", fields = { ... } }", name)
  end
  c.r:keys(said, members, "the lookup " .. name, at)
  local own = said.from
  if mark.word(own) ~= "end" then
    return c.r:problem(at, "from of the lookup %s must be a collection of a connection", name)
  end
  local side = side_of(c, said.of, own, at)
  if type(said.key) ~= "string" or said.key == "" then
    return c.r:problem(at, "key of the lookup %s must be the field of %s that names the record", name, c.title[side])
  end
  local described = c.described[side]
  if described and not described[said.key:match "^[^.]+"] and not c.is_key(said.key, side) then
    c.r:problem(c.r:key("key", at), "'%s' is no field of %s%s", said.key, c.title[side], report.suggest(said.key, report.names(described)))
  end
  local entry, known = further.use(c, own)
  local list = c.r:typed(said, "fields", "table", "the lookup " .. name, at) or {}
  local fields, declared = json.array {}, {}
  for _, field in ipairs(list) do
    fields[#fields + 1] = field_of(c, own, known, field, "fields of the lookup " .. name, c.r:key("fields", at))
    declared[tostring(field)] = true
  end
  if #fields == 0 then c.r:problem(at, "the lookup %s says what is read: fields = { \"employee_name\" }", name) end
  local by = said.by ~= nil and field_of(c, own, known, said.by, "by of the lookup " .. name, at) or nil
  if by == nil and #entry.key == 0 and known then c.r:problem(at, "the key of %s is not known: say by = \"...\"", further.title(own)) end
  local watch = c.r:typed(said, "watch", "boolean", "the lookup " .. name, at)
  if watch and by and by ~= own_key(entry) then
    c.r:problem(c.r:key("watch", at), "watch is for a lookup by the key of %s, not by '%s'", further.title(own), by)
  end
  further.read(entry, fields)
  if by then further.read(entry, { by }) end
  return { name = name, id = entry.id, side = side, path = said.key, by = by ~= own_key(entry) and by or nil, fields = fields,
    cache_ms = cache_of(c, said.cache, at), watch = watch or nil, at = at, strict = values.strict(declared, "the lookup " .. name) }
end

--- `lookup` of a mapping: a list of { name, id, side, path, by, fields, cache_ms }. Before the rows, whose functions use it.
function M.compile(c, content)
  local near = c.r:key("lookup", c.at)
  local said = c.r:typed(content, "lookup", "table", "the mapping", c.at) or {}
  local result = json.array {}
  c.lookups = { left = {}, right = {} }
  for _, name in ipairs(report.names(said)) do
    local at = c.r:key(tostring(name), near)
    if type(name) ~= "string" then c.r:problem(near, "lookup has an entry without a name: write manager = { from = ... }")
    else
      local entry = one(c, name, said[name], at)
      if entry then
        c.lookups[entry.side][name], entry.strict = entry.strict, nil
        result[#result + 1] = entry
      end
    end
  end
  return result
end

local missing = { "dead", "clear", "keep", "create" }

--- Fits t.find to a mapping: { id, side, by, take, missing, values, cache_ms }; nil and a problem where it does not.
function M.finder(c, find, at)
  local own = find.from
  local entry, known = further.use(c, own)
  local by = field_of(c, own, known, find.by, "by of t.find", at)
  local take = find.take or own_key(entry)
  if take == nil and not known then return { id = entry.id, side = "right", by = by, take = "id", missing = "dead" } end
  take = field_of(c, own, known, take, "take of t.find", at)
  if not by or not take then return nil end
  further.read(entry, { by, take })
  local side = find.of and side_of(c, find.of, own, at) or conflict.side_of(c, own.connection) or "right"
  local policy = c.r:one_of(find, "missing", missing, "t.find", at) or "dead"
  if policy == "create" and not flow.reaches(c.flow, side) then
    c.r:problem(at, "missing = \"create\" of t.find, but this mapping writes nothing to the %s", side)
  end
  if policy == "create" and known and #entry.key == 0 then
    c.r:problem(at, "%s has no primary key: nothing would tell what missing = \"create\" makes there", further.title(own))
  end
  local key = own_key(entry)
  return { id = entry.id, side = side, by = by, take = take, by_key = by == key, take_key = take == key, missing = policy, values = find.values,
    cache_ms = cache_of(c, find.cache, at), by_type = known and known[by] and known[by].type, take_type = known and known[take] and known[take].type }
end

return M
