--- Described types: finding a field's, and saying which convert into which without a transform.
---
--- What is allowed here is what the engine's conversion attempts; a value that does not fit is refused one by one.

local report = require "tidewire.host.report"

local M = {}

M.kinds = { "binary", "bool", "date", "datetime", "decimal", "enum", "float", "int", "json", "list", "reference", "rows", "set",
  "text", "time", "uuid" }

local lists = { list = true, set = true }
local numbers = { int = true, decimal = true, float = true }

--- "datetime (local, Europe/Berlin)"; how a type reads in a message.
function M.name(t)
  if t == nil then return "json" end
  local details = {}
  if t.form then details[#details + 1] = t.form end
  if t.zone and t.kind ~= "date" then details[#details + 1] = t.zone end
  if t.to then details[#details + 1] = "to " .. tostring(t.to) end
  if lists[t.kind] and type(t.of) == "table" and t.of.kind then details[#details + 1] = "of " .. t.of.kind end
  return t.kind .. (#details > 0 and " (" .. table.concat(details, ", ") .. ")" or "")
end

-- Kinds that a kind can become besides itself, json and text.
local becomes = {
  int = { decimal = true, float = true, bool = true },
  decimal = { int = true, float = true, bool = true },
  float = { int = true, decimal = true, bool = true },
  bool = { int = true, decimal = true, float = true },
  text = { int = true, decimal = true, float = true, bool = true, date = true, time = true, datetime = true, enum = true,
    reference = true, uuid = true, binary = true },
  enum = { int = true, reference = true },
  reference = { enum = true },
  datetime = { date = true },
  uuid = {},
  list = { set = true },
  set = { list = true },
}

local hints = {
  ["reference>uuid"] = "t.ref \"MAPPING\" translates keys",
  ["reference>int"] = "t.ref \"MAPPING\" translates keys",
  ["uuid>reference"] = "t.ref \"MAPPING\" translates keys",
  ["int>reference"] = "t.ref \"MAPPING\" translates keys",
  ["date>datetime"] = "t.date or t.datetime says which time of day",
  ["enum>bool"] = "t.bool(\"Yes\", \"No\")",
  ["bool>enum"] = "t.bool(\"Yes\", \"No\")",
  ["text>list"] = "t.json, or a function",
}

--- nil where `from` converts into `to`; else a hint, "" where there is none.
function M.obstacle(from, to)
  if from == nil or to == nil then return nil end
  local a, b = from.kind, to.kind
  if a == "rows" or b == "rows" then return "rows { ... } says what a row has" end
  if a == "json" or b == "json" then return nil end
  if a == "datetime" and b == "datetime" then
    local unzoned = (from.form == "local" and not from.zone and from) or (to.form == "local" and not to.zone and to)
    if unzoned and (from.form == "local") ~= (to.form == "local") then return "t.datetime \"ZONE\" says which zone" end
    return nil
  end
  if lists[a] and lists[b] and from.of and to.of then
    local obstacle = M.obstacle(from.of, to.of)
    return obstacle and (obstacle ~= "" and obstacle or "t.list(t.ref \"MAPPING\") translates keys")
  end
  if a == b then return nil end
  if b == "text" and a ~= "list" and a ~= "set" then return nil end
  if becomes[a] and becomes[a][b] then return nil end
  return hints[a .. ">" .. b] or ""
end

--- A type as a row writes it: "date", or { kind = "decimal", scale = 2 }. nil and a problem where it is none.
function M.written(r, value, near)
  if type(value) == "string" then value = { kind = value } end
  if type(value) ~= "table" or type(value.kind) ~= "string" then
    r:problem(near, "type must be a kind such as \"date\", or { kind = \"decimal\", scale = 2 }")
    return nil
  end
  for _, kind in ipairs(M.kinds) do
    if kind == value.kind then
      r:keys(value, { "kind", "length", "empty", "trim", "form", "scale", "precision", "zero_is_null", "null_is_false", "zone", "resolution", "options", "to", "of" },
        "type", near)
      return value
    end
  end
  r:problem(near, "unknown type '%s'%s", value.kind, report.suggest(value.kind, M.kinds))
end

--- By name of field: what describe said, with what a type carries of the field itself.
function M.described(description)
  if type(description) ~= "table" or type(description.fields) ~= "table" then return nil end
  local fields = {}
  for _, field in ipairs(description.fields) do
    local t = {}
    if type(field.type) == "table" then
      for key, value in pairs(field.type) do t[key] = value end
    else
      t.kind = type(field.type) == "string" and field.type or "json"
    end
    for _, key in ipairs { "read_only", "required", "unique", "editable_after" } do t[key] = field[key] == true or nil end
    fields[field.name] = { name = field.name, type = t, label = field.label, default = field.default, all = field.all, file = field.file == true or field.file == "elsewhere" or field.file == "one", one = field.file == "one", elsewhere = field.file == "elsewhere", content = field.file == "content", by_part = field.by_part == true, former = field.former,
      no_key = type(field.no_key) == "string" and field.no_key or nil, by_session = field.by_session == true, because = field.because, marked = type(field.marked) == "table" and field.marked or nil, verbs = type(field.verbs) == "table" and field.verbs or nil }
  end
  return fields
end

--- Why a field that the system has is none to be mapped by now, in its connector's words; nil where it says nothing of it.
function M.refused(description, name)
  local told = type(description) == "table" and description.refused
  return type(told) == "table" and type(told[name]) == "string" and told[name] or nil
end

--- The zone that the local times of a system are in; nil where it has none or several. `fields` as `described` gives them.
function M.zone_of(fields)
  local found
  for _, field in pairs(fields or {}) do
    local zone = field.type.kind == "datetime" and field.type.form == "local" and field.type.zone
    if zone and found and zone ~= found then return nil end
    found = zone or found
  end
  return found
end

--- The two types as the pair of them keeps values: a column of small numbers that is taken for true or false (`numbers`: 0, 1 and, seldom,
--- others) stays a number where the other side holds numbers, or such a column.
function M.paired(left, right)
  local function counted(own, there)
    if not own or not there or not own.numbers or not (numbers[there.kind] or there.numbers) then return own end
    return { kind = "int", read_only = own.read_only, required = own.required, unique = own.unique, editable_after = own.editable_after }
  end
  return counted(left, right), counted(right, left)
end

local with_parts = { json = true, list = true, rows = true }

--- Whether values of a type have parts that a path with dots may name.
function M.has_parts(t) return with_parts[t.kind] or false end

--- `overlay` laid over a copy of `t`.
function M.with(t, overlay)
  local result = {}
  for key, value in pairs(t or {}) do result[key] = value end
  for key, value in pairs(overlay or {}) do result[key] = value end
  return result
end

--- The type that a transform says where nothing is described; of a described one it only sets the scale.
function M.fitted(described, said)
  if described == nil then return said end
  if said and said.scale and numbers[described.kind] then return M.with(described, { scale = said.scale }) end
  return described
end

return M
