-- How stored values are shown: as SQL that writes JSON or text, so that whole pages are made inside SQLite.
local errors = require "practice.supabase.errors"
local json = require "practice.supabase.json"
local times = require "practice.supabase.times"
local types = require "practice.supabase.types"

local M = {}

local raw = { int2 = true, int4 = true, int8 = true, numeric = true, float4 = true, float8 = true, json = true,
  jsonb = true, array = true }

--- SQL that gives the JSON of the expression `sql`.
function M.json_sql(type, sql)
  if raw[type.kind] then return "ifnull(" .. sql .. ",'null')" end
  if type.kind == "bool" then return ("CASE %s WHEN 1 THEN 'true' WHEN 0 THEN 'false' ELSE 'null' END"):format(sql) end
  return "json_quote(" .. sql .. ")"
end

-- "ARRAY literal" of a JSON array, for casts to text and for details.
local function array_text(stored)
  local out = json.items(stored)
  for i, item in ipairs(out) do
    local first = item:sub(1, 1)
    if first == "[" then
      out[i] = array_text(item)
    elseif item == "null" then
      out[i] = "NULL"
    elseif first == '"' then
      local text = json.text(item)
      local needs = text == "" or text:find('[%s{},"\\]') or text:upper() == "NULL"
      out[i] = needs and '"' .. text:gsub('["\\]', "\\%0") .. '"' or text
    end
  end
  return "{" .. table.concat(out, ",") .. "}"
end

--- PostgreSQL's text of a stored value, as in "Failing row contains (...)"; nil is null.
function M.text_of(type, stored)
  if stored == nil then return "null" end
  local kind = type.kind
  if kind == "bool" then return stored == 1 and "t" or "f" end
  if kind == "timestamptz" or kind == "timestamp" then return times.plain(stored) end
  if kind == "array" then return array_text(stored) end
  if type.limit then return types.digits(stored) end
  return (stored:gsub('^"(.*)"$', "%1"))
end

--- SQL of the expression cast to text.
function M.text_sql(type, sql)
  local kind = type.kind
  if kind == "bool" then return ("CASE %s WHEN 1 THEN 'true' WHEN 0 THEN 'false' END"):format(sql) end
  if kind == "timestamptz" then return ("replace(replace(%s,'T',' '),'+00:00','+00')"):format(sql) end
  if kind == "timestamp" then return ("replace(%s,'T',' ')"):format(sql) end
  if type.keyed then return ("trim(%s,'\"')"):format(sql) end
  if type.limit then return ("CAST(%s AS TEXT)"):format(sql) end
  return sql
end

local function through_text(type, sql)
  return { kind = "text", name = "text" }, M.text_sql(type, sql)
end

--- The type and the SQL of `sql` cast to the type called `name`; raises 42704 for an unknown one.
function M.cast(type, sql, name, enums)
  local target = types.resolve(name, enums)
  if not target then error(errors.pg("42704", ('type "%s" does not exist'):format(name))) end
  if target.kind == type.kind then return target, sql end
  if target.kind == "text" or target.kind == "varchar" then return through_text(type, sql) end
  local _, text = through_text(type, sql)
  if target.limit then return target, ("CAST(round(%s) AS INTEGER)"):format(type.kind == "bool" and sql or text) end
  if target.kind == "date" then return target, ("substr(%s,1,10)"):format(text) end
  if target.keyed then return target, text end
  error(errors.pg("42846", ("cannot cast type %s to %s"):format(type.name, target.name)))
end

--- SQL of a json path on a column: type of the result, expression. `path` is a list of {arrow, key}.
function M.path_sql(sql, path, bind)
  local steps = {}
  for _, step in ipairs(path) do
    if step.key:find("^%-?%d+$") then
      steps[#steps + 1] = step.key:sub(1, 1) == "-" and ("[#%s]"):format(step.key) or ("[%s]"):format(step.key)
    else
      steps[#steps + 1] = '."' .. step.key:gsub('"', '') .. '"'
    end
  end
  local at = bind("$" .. table.concat(steps))
  local value = ("(%s -> %s)"):format(sql, at)
  if path[#path].arrow == "->" then return { kind = "jsonb", name = "jsonb" }, value end
  -- SQLite's own ->> turns true into 1 and 1.50 into 1.5.
  local text = ("(CASE json_type(%s,%s) WHEN 'text' THEN %s ->> %s WHEN 'null' THEN NULL ELSE %s END)"):format(
    sql, at, sql, at, value)
  return { kind = "text", name = "text" }, text
end

return M
