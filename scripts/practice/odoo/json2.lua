-- POST /json/2/MODEL/METHOD with a bearer key: named arguments, the bare result, failures by status.

local calls = require "practice.odoo.calls"
local errors = require "practice.odoo.errors"
local json = require "tidewire.json"
local jsonrpc = require "practice.odoo.jsonrpc"
local methods = require "practice.odoo.methods"
local python = require "practice.shared.python"
local registry = require "practice.odoo.registry"
local service = require "practice.odoo.service"
local site = require "practice.odoo.site"

local M = {}

local function reply(status, body)
  return { status = status, headers = { ["Content-Type"] = "application/json; charset=utf-8" }, body = body }
end

local function failed(failure)
  local status, body = errors.json2(failure)
  local answer = reply(status, python.compact(body))
  if status == 401 then answer.headers["WWW-Authenticate"] = "Bearer" end
  return answer
end

--- The answer of a failure.
function M.failed(_, failure) return failed(failure) end

-- Arguments that the method does not have are refused before it runs.
local function check_arguments(model_name, method_name, named)
  local model = registry.find(model_name)
  if not model then return { exception = "werkzeug.exceptions.NotFound", message = ("the model '%s' does not exist"):format(model_name), status = 404 } end
  local ok, method = pcall(methods.find, model, method_name)
  if not ok then return method end
  for name in pairs(named) do
    local known = name == "ids"
    for _, one in ipairs(method.names) do known = known or one == name end
    if not known and not (method_name == "fields_get" and name == "fields") then
      return { exception = "TypeError", message = ("got an unexpected keyword argument '%s'"):format(name), status = 422 }
    end
  end
end

local function bearer(request) return (request.headers.authorization or ""):match "^[Bb]earer%s+(.+)$" end

--- The answer and what was written.
function M.answer(request, stamp)
  if request.method ~= "POST" then return jsonrpc.html(404, "Not Found") end
  local body, refusal = jsonrpc.body_of(request)
  if not body then return refusal end
  local database = request.headers["x-odoo-database"]
  if database and database ~= site.database then return jsonrpc.html(404, "Not Found") end
  site.begin(0)
  local uid = bearer(request) and calls.owner_of_key(bearer(request))
  if not uid then return failed { exception = "AccessDenied", message = "Invalid apikey" } end
  local context, named = body.context, {}
  for name, value in pairs(body) do
    if name ~= "context" and value ~= json.null then named[name] = value end
  end
  site.begin(uid)
  local model, method = request.segments[3], request.segments[4]
  local problem = check_arguments(model, method, named)
  if problem then return failed(problem) end
  local result, more = calls.run(uid, { model = model, method = method, named = named, context = context, transport = "json2" }, stamp)
  if result == nil then return failed(more) end
  if result == calls.none then return reply(200, "null"), more end
  return reply(200, python.compact(result)), more
end

--- GET /json/version and /web/version.
function M.version()
  return reply(200, python.compact(python.record { { "version_info", service.version().server_version_info }, { "version", site.version } }))
end

return M
