-- The services common and object, which /jsonrpc and /xmlrpc share.

local calls = require "practice.odoo.calls"
local errors = require "practice.odoo.errors"
local json = require "tidewire.json"
local site = require "practice.odoo.site"
local values = require "practice.odoo.values"

local M = {}

local array = json.array

--- What the server says of itself.
function M.version()
  return { server_version = site.version, server_version_info = array { site.major, 0, 0, "final", 0, "" }, server_serie = site.version, protocol_version = 1 }
end

local function check_database(name)
  if name ~= site.database then
    errors.raise("psycopg2.OperationalError", ("connection to server failed: FATAL:  database \"%s\" does not exist\n"):format(tostring(name)))
  end
end

local common = {
  version = M.version,
  authenticate = function(database, login, secret)
    check_database(database)
    return calls.authenticate(login, secret) or false
  end,
}
common.login = common.authenticate

local function object(method, args, stamp, transport)
  local database, uid, secret, model, name = args[1], args[2], args[3], args[4], args[5]
  check_database(database)
  calls.check(uid, secret)
  local positional, keywords = args[6] or {}, args[7] or {}
  if method == "execute" then positional, keywords = { unpack(args, 6) }, {} end
  local rest = {}
  for key, value in pairs(keywords) do rest[key] = value end
  local context = rest.context
  rest.context = nil
  return calls.run(uid, { model = model, method = name, args = positional, keywords = rest, context = context, transport = transport }, stamp)
end

--- One call of a service: the result and the writes, or nil and the failure.
function M.call(service, method, args, stamp, transport)
  site.begin(0)
  local ok, result, writes = pcall(function()
    if service == "db" and method == "list" then return array { site.database } end
    if service == "common" and common[method] then return common[method](unpack(args)) end
    if service == "object" and (method == "execute_kw" or method == "execute") then return object(method, args, stamp, transport) end
    errors.raise("AttributeError", ("'%s' object has no attribute '%s'"):format(tostring(service), tostring(method)))
  end)
  if not ok then return nil, errors.of(result) end
  return result, writes
end

--- The arguments of a body, fractions as numbers.
function M.plain(body) return values.plain(body) end

return M
