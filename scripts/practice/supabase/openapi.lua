-- The root document: Swagger 2.0 of what a role may see, with PostgREST's marks for keys inside descriptions.
local json = require "tidewire.json"
local catalog = require "practice.supabase.catalog"

local M = {}

local kinds = { int2 = "integer", int4 = "integer", int8 = "integer", numeric = "number", float4 = "number",
  float8 = "number", bool = "boolean", array = "array" }

local function notes(relation, column)
  local out = {}
  if column.pk then out[#out + 1] = "Note:\nThis is a Primary Key.<pk/>" end
  for _, foreign in ipairs(relation.foreign or {}) do
    if foreign.column == column.name then
      out[#out + 1] = ("Note:\nThis is a Foreign Key to `%s.%s`.<fk table='%s' column='%s'/>"):format(foreign.parent,
        foreign.target, foreign.parent, foreign.target)
    end
  end
  return #out > 0 and table.concat(out, "\n\n") or nil
end

local function property(relation, column)
  local type = column.type
  local out = { type = kinds[type.kind] or (type.kind ~= "json" and type.kind ~= "jsonb" and "string") or nil,
    format = type.kind == "enum" and "public." .. type.name or type.name, description = notes(relation, column),
    maxLength = type.maxlen, enum = type.values and json.array(type.values) or nil, default = column.default_text }
  if type.kind == "array" then out.items = { type = kinds[type.item.kind] or "string" } end
  return out
end

local function definition(relation)
  local properties, required = {}, {}
  for _, column in ipairs(relation.columns) do
    if not relation.pending_columns[column.name] then
      properties[column.name] = property(relation, column)
      if not column.nullable then required[#required + 1] = column.name end
    end
  end
  return { type = "object", properties = properties,
    required = (#required > 0 and not relation.is_view) and json.array(required) or nil }
end

--- The document's text.
function M.document(request)
  local definitions, paths = json.object {}, { ["/"] = { get = { tags = json.array { "Introspection" } } } }
  for _, name in ipairs(request.catalog.order) do
    local relation = request.catalog.relations[name]
    if not relation.pending and catalog.granted(relation, request.role, "select") then
      definitions[name] = definition(relation)
      local verbs = { get = { tags = json.array { name } }, post = { tags = json.array { name } },
        patch = { tags = json.array { name } }, delete = { tags = json.array { name } } }
      paths["/" .. name] = verbs
    end
  end
  for name in pairs(request.catalog.functions) do paths["/rpc/" .. name] = { post = { tags = json.array { "(rpc) " .. name } } } end
  return json.encode { swagger = "2.0", info = { title = "standard public schema", version = request.legacy and "12.0.2" or "14.5" },
    host = request.headers.host, basePath = "/", schemes = json.array { "http" }, definitions = definitions, paths = paths }
end

return M
