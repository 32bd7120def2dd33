-- /rpc/NAME: the declared functions, whose bodies are one SQL statement over $1, $2 ...
local errors = require "practice.supabase.errors"
local json = require "practice.supabase.json"
local prefer = require "practice.supabase.prefer"
local query = require "practice.supabase.query"
local read = require "practice.supabase.read"
local rows_of = require "practice.supabase.rows"
local types = require "practice.supabase.types"

local M = {}

local function listed(given)
  local names = {}
  for name in pairs(given) do names[#names + 1] = name end
  table.sort(names)
  return names
end

local function signature(fn)
  local names = {}
  for i, argument in ipairs(fn.args or {}) do names[i] = argument.name end
  return table.concat(names, ", ")
end

local function not_found(name, fn, given)
  local names = listed(given)
  local list = table.concat(names, ", ")
  local call = #names == 0 and name .. " without parameters" or ("%s(%s)"):format(name, list)
  local with = #names == 0 and "without parameters" or ("with parameter%s %s"):format(#names > 1 and "s" or "", list)
  error(errors.pgrst("202", 404, ("Could not find the function public.%s in the schema cache"):format(call),
    ("Searched for the function public.%s %s or with a single unnamed json/jsonb parameter, but no matches were found in "
      .. "the schema cache."):format(name, with),
    fn and ("Perhaps you meant to call the function public.%s(%s)"):format(name, signature(fn)) or nil))
end

local function wanted_names(fn)
  local out = {}
  for _, argument in ipairs(fn and fn.args or {}) do out[argument.name] = argument end
  return out
end

-- Argument name -> JSON slice (POST) or text (GET).
local function given_arguments(request, fn)
  if request.method == "POST" then
    local body = request.body ~= "" and json.slice(request.body) or (request.body == "" and "{}")
    if not body then error(errors.bad_body()) end
    return (json.object(body))
  end
  local arguments, rest = query.split_arguments(request.parameters, wanted_names(fn))
  request.query = query.parse(rest)
  return arguments
end

local function values_of(request, fn, given)
  local values = {}
  for i, argument in ipairs(fn.args or {}) do
    local type = types.resolve(argument.type, request.catalog.enums)
    local raw = given[argument.name]
    if raw == nil then
      raw = argument.default and argument.default:gsub("^'(.*)'$", "%1")
      values[i] = raw and (types.read(type, raw)) or nil
    elseif request.method == "POST" then
      values[i] = (types.from_json(type, raw))
    else
      values[i] = (types.read(type, raw))
    end
  end
  return values
end

local function check_names(name, fn, given)
  local wanted = wanted_names(fn)
  for key in pairs(given) do
    if not wanted[key] then not_found(name, fn, given) end
  end
  for _, argument in ipairs(fn.args or {}) do
    if given[argument.name] == nil and not argument.default then not_found(name, fn, given) end
  end
end

local function refuse_write_by_get(request, fn)
  local verb = fn.sql:match("^%s*(%a+)"):upper()
  if request.method ~= "POST" and verb ~= "SELECT" and verb ~= "WITH" then
    error(errors.pg("25006", ("cannot execute %s in a read-only transaction"):format(verb)))
  end
end

local function run(request, sql, fn, values)
  local rows, err = request.db:query(sql, unpack(values, 1, #(fn.args or {})))
  if not rows then error(errors.pg("P0001", tostring(err))) end
  return rows
end

local function scalar(request, fn, sql, values)
  local row = run(request, sql, fn, values)[1] or {}
  local _, value = next(row)
  if fn.returns == "void" then return { status = 204, headers = { ["Content-Range"] = "*/*" }, body = "" } end
  local body = types.json_of(types.resolve(fn.returns, request.catalog.enums), value)
  return { status = 200, body = body, headers = { ["Content-Type"] = prefer.content_type.json, ["Content-Range"] = "0-0/*" } }
end

--- Calls the function `name`. Raises PGRST202 where no declared function takes these arguments.
function M.call(request, name)
  local fn = request.catalog.functions[name]
  local given = given_arguments(request, fn)
  if not fn then not_found(name, nil, given) end
  check_names(name, fn, given)
  local values = values_of(request, fn, given)
  refuse_write_by_get(request, fn)
  local sql = fn.sql:gsub("%$(%d+)", "?%1")
  local set = fn.returns:match("^setof (%w+)$")
  if not set then return scalar(request, fn, sql, values) end
  local ids = {}
  for i, row in ipairs(run(request, ('SELECT "r$id" AS id FROM (%s)'):format(sql), fn, values)) do ids[i] = row.id end
  request.only = rows_of.id_list(ids)
  return read.page(request, request.catalog.relations[set])
end

return M
