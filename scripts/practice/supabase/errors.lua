-- The errors of PostgREST and of PostgreSQL behind it, and the answers that carry them.
--
-- Whoever finds a fault raises it with error(fault); api.lua turns it into an answer after rolling back.
local json = require "practice.supabase.json"

local M = {}

local Fault = { __tostring = function(fault) return fault.code .. ": " .. fault.message end }

local function fault(status, code, message, details, hint)
  return setmetatable({ status = status, code = code, message = message, details = details, hint = hint }, Fault)
end

function M.is_fault(value)
  return getmetatable(value) == Fault
end

-- PostgREST's mapping of SQLSTATE to a status: whole codes first, then classes.
local by_code = {
  ["23503"] = 409, ["23505"] = 409, ["25006"] = 405, ["42883"] = 404, ["42P01"] = 404, ["42P17"] = 500,
  ["42501"] = 403, ["53300"] = 503, ["P0001"] = 400,
}
local by_class = {
  ["08"] = 503, ["09"] = 500, ["0L"] = 403, ["0P"] = 403, ["25"] = 500, ["28"] = 403, ["2D"] = 500, ["38"] = 500,
  ["39"] = 500, ["3B"] = 500, ["40"] = 500, ["53"] = 503, ["54"] = 500, ["55"] = 500, ["57"] = 500, ["58"] = 500,
  ["F0"] = 500, ["HV"] = 500, ["P0"] = 500, ["XX"] = 500,
}

local function pg_status(code)
  return by_code[code] or by_class[code:sub(1, 2)] or 400
end

function M.pg(code, message, details, hint)
  return fault(pg_status(code), code, message, details, hint)
end

function M.pgrst(number, status, message, details, hint)
  return fault(status, "PGRST" .. number, message, details, hint)
end

function M.undefined_column(relation, column)
  return M.pg("42703", ("column %s.%s does not exist"):format(relation, column))
end

function M.undefined_operator(left, operator, right)
  return M.pg("42883", ("operator does not exist: %s %s %s"):format(left, operator, right or "unknown"), nil,
    "No operator matches the given name and argument types. You might need to add explicit type casts.")
end

function M.bad_syntax(kind, text, position, unexpected, expecting)
  local wanted = expecting and (" expecting " .. expecting) or ""
  return M.pgrst("100", 400, ('"failed to parse %s (%s)" (line 1, column %d)'):format(kind, text, position),
    "unexpected " .. unexpected .. wanted)
end

function M.bad_body(message)
  return M.pgrst("102", 400, message or "Empty or invalid json")
end

function M.not_embedded(name)
  return M.pgrst("108", 400, ("'%s' is not an embedded resource in this request"):format(name), nil,
    ("Verify that '%s' is included in the 'select' query parameter."):format(name))
end

function M.not_to_one(number, action, relation, name)
  return M.pgrst(number, 400, ("A %s on '%s' is not possible"):format(action, name),
    ("'%s' and '%s' do not form a many-to-one or one-to-one relationship"):format(relation, name))
end

function M.not_singular(count)
  return M.pgrst("116", 406, "JSON object requested, multiple (or no) rows returned",
    ("The result contains %d rows"):format(count))
end

local function text_or_null(value)
  return value == nil and "null" or json.quote(value)
end

function M.body(it)
  if it.empty then return "{}" end
  return ('{"code":%s,"details":%s,"hint":%s,"message":%s}'):format(
    json.quote(it.code), it.details_json or text_or_null(it.details), text_or_null(it.hint), json.quote(it.message))
end

local function authenticate_header(it, role)
  if it.code == "PGRST301" or it.code == "PGRST303" then
    return ('Bearer error="invalid_token", error_description="%s"'):format(it.message)
  end
  return it.code == "42501" and role == "anon" and "Bearer" or nil
end

--- The answer to a request that ended in `it`. Missing rights are 401 to those who have not said who they are.
function M.answer(it, role, legacy)
  local headers = { ["Content-Type"] = "application/json; charset=utf-8", ["Content-Range"] = it.range }
  local status = it.status
  if it.code == "42501" and role == "anon" then status = 401 end
  headers["WWW-Authenticate"] = authenticate_header(it, role)
  headers["Preference-Applied"] = it.applied
  if not legacy then headers["Proxy-Status"] = "PostgREST; error=" .. it.code end
  return { status = status, headers = headers, body = M.body(it) }
end

return M
