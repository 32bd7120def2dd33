--- How an Odoo server is called, and what its failures mean: JSON-2 from version 19 on, /jsonrpc before.
---
--- One call is one transaction there. A failure that the server names was rolled back, so it is never of unknown outcome, but where the
--- server lost its own database, which may have been while it committed; what a proxy says, or nobody, may be.

local connector = require "tidewire.connector"
local cut = require "tidewire.cut"
local json = require "tidewire.json"

local array, object = json.array, json.object
local fail = connector.fail

local M = {}

-- Failures ------------------------------------------------------------------------------------------------------------

local codes = {
  ["odoo.exceptions.AccessDenied"] = "denied", ["odoo.exceptions.AccessError"] = "denied",
  ["werkzeug.exceptions.Unauthorized"] = "denied", ["werkzeug.exceptions.Forbidden"] = "denied",
  ["odoo.http.SessionExpiredException"] = "denied", ["odoo.exceptions.MissingError"] = "not_found",
  ["odoo.exceptions.LockError"] = "unavailable", ["psycopg2.errors.SerializationFailure"] = "unavailable",
  ["psycopg2.errors.LockNotAvailable"] = "unavailable", ["psycopg2.errors.DeadlockDetected"] = "unavailable",
  ["psycopg2.errors.QueryCanceled"] = "unavailable", ["psycopg2.errors.InFailedSqlTransaction"] = "unavailable",
  ["psycopg2.pool.PoolError"] = "unavailable", ["odoo.sql_db.PoolError"] = "unavailable",
}

local hints = {
  ["werkzeug.exceptions.Unauthorized"] = "an API key of an ordinary user ends after three months at most: make a new one",
  ["odoo.exceptions.AccessDenied"] = "a wrong login, password or API key, or a key that has ended",
  ["odoo.exceptions.AccessError"] = "the user lacks a group, or the record belongs to another company",
  ["odoo.exceptions.LockError"] = "somebody else holds the record",
  ["odoo.http.SessionExpiredException"] = "the session has ended",
}

local function one_line(message)
  local line = tostring(message):gsub("%s+", " ")
  if #line > 300 then return cut.text(line, 297) .. "..." end
  return line
end

-- The connection to the database broke: of a write nobody knows whether the commit was through.
local broken = { ["psycopg2.OperationalError"] = true, ["psycopg2.InterfaceError"] = true, ["psycopg2.errors.AdminShutdown"] = true,
  ["psycopg2.errors.CrashShutdown"] = true }

local function code_of(name, message, writes)
  if name == "psycopg2.OperationalError" and message:find "does not exist" then return "invalid", "is `database` right?" end
  if broken[name] then return writes and "unknown" or "unavailable", "Odoo lost its own database: look at the server" end
  return codes[name] or "invalid", hints[name]
end

-- Code, message and hint of a failure by its Python name.
local function explained(failure, writes)
  local name, message = tostring(failure.name), one_line(failure.message or "")
  local code, hint = code_of(name, message, writes)
  if message:find "How about archiving" then hint = "deletes = \"soft\" with the field `active` archives it instead" end
  return code, name:match "[^.]+$" .. ": " .. message, hint
end

-- A database that is not there is a page, no JSON.
local function explain_status(reply, writes)
  if type(reply.body) ~= "table" then
    if reply.status ~= 404 then return nil end
    return "unavailable", "the server answered 404 without a word of Odoo", "does `url` name the server, and `database` one of its databases?"
  end
  if type(reply.body.name) ~= "string" then return nil end
  return explained(reply.body, writes)
end

-- Of an `error` inside a 200.
local function explain_error(err, writes)
  local data = type(err.data) == "table" and err.data or {}
  if type(data.name) ~= "string" then return fail("invalid", one_line(err.message or "an error without a name")) end
  return fail(explained(data, writes))
end

-- /jsonrpc ------------------------------------------------------------------------------------------------------------

-- `file`: "sent" where the request holds what is in a file, "answer" where the answer does: a record of what was said keeps its size only.
local function post(conn, path, headers, body, writes, file)
  headers["Content-Type"], headers.Accept = "application/json; charset=utf-8", "application/json"
  local reply, err = connector.call(conn, { method = "POST", url = connector.base(conn.config.url) .. path, headers = headers, body = body,
    writes = writes, bare = true, file = file, explain = explain_status, explain_pages = true })
  if not reply or file ~= "answer" or reply.body ~= nil then return reply, err end
  reply.body = json.decode(reply.text)
  if reply.body == nil then return fail("unavailable", "the answer is not the JSON that was promised") end
  return reply
end

local function rpc(conn, service, method, args, writes, file)
  local body = { jsonrpc = "2.0", method = "call", id = 1, params = { service = service, method = method, args = args } }
  local reply, err = post(conn, "/jsonrpc", {}, body, writes, file)
  if not reply then return nil, err end
  local answer = reply.body
  if type(answer) ~= "table" or answer.jsonrpc == nil then
    return fail(writes and "unknown" or "unavailable", "the answer is no JSON-RPC", "does `url` name an Odoo server?")
  end
  if type(answer.error) == "table" then return explain_error(answer.error, writes) end
  if answer.result == nil then return json.null end
  return answer.result
end

local function credentials(conn)
  local config = conn.config
  local secret = config.api_key or config.password
  if not secret then return fail("invalid", "neither `api_key` nor `password` is given") end
  if not config.database or not config.login then
    return fail("invalid", "`database` and `login` are needed: this server is spoken to over JSON-RPC")
  end
  return connector.secret(secret)
end

local function user_id(conn, secret)
  if conn.state.uid then return conn.state.uid end
  local uid, err = rpc(conn, "common", "authenticate", array { conn.config.database, conn.config.login, secret, object {} })
  if uid == nil then return nil, err end
  if type(uid) ~= "number" then return fail("denied", "login or secret are wrong", hints["odoo.exceptions.AccessDenied"]) end
  conn.state.uid = uid
  return uid
end

-- What these methods take stands in order; the rest goes by name.
local positions = { create = { "vals_list" }, write = { "ids", "vals" }, unlink = { "ids" }, read = { "ids" }, default_get = { "fields" },
  has_access = { "ids", "operation" } }

local function execute(conn, model, method, arguments, writes, file)
  local secret, err = credentials(conn)
  if not secret then return nil, err end
  local uid
  uid, err = user_id(conn, secret)
  if not uid then return nil, err end
  local args, keywords = array {}, object {}
  for name, value in pairs(arguments) do keywords[name] = value end
  for i, name in ipairs(positions[method] or {}) do args[i], keywords[name] = arguments[name], nil end
  return rpc(conn, "object", "execute_kw", array { conn.config.database, uid, secret, model, method, args, keywords }, writes, file)
end

-- JSON-2 --------------------------------------------------------------------------------------------------------------

local function json2(conn, model, method, arguments, writes, file)
  local headers = { Authorization = "Bearer " .. connector.secret(conn.config.api_key), ["X-Odoo-Database"] = conn.config.database }
  local reply, err = post(conn, "/json/2/" .. model .. "/" .. method, headers, arguments, writes, file)
  if not reply then return nil, err end
  return reply.body
end

-- Which of them -------------------------------------------------------------------------------------------------------

local function ask_version(conn)
  local reply = connector.call(conn, { method = "GET", url = connector.base(conn.config.url) .. "/json/version",
    headers = { Accept = "application/json" } })
  local info = reply and reply.body.version_info
  if type(info) == "table" and type(info[1]) == "number" then return { major = info[1], text = connector.plain(reply.body.version) } end
  local found, err = rpc(conn, "common", "version", array {})
  if not found then return nil, err end
  info = type(found) == "table" and found.server_version_info
  if type(info) ~= "table" then return fail("unavailable", "the server does not tell its version", "does `url` name an Odoo server?") end
  -- Odoo Online says "saas~18".
  return { major = tonumber(tostring(info[1]):match "%d+") or 0, text = connector.plain(found.server_version) }
end

--- { major, text, json2 }: the server's version and whether JSON-2 is spoken with it; asked once.
function M.version(conn)
  if conn.state.server then return conn.state.server end
  local server, err = ask_version(conn)
  if not server then return nil, err end
  local asked = conn.config.api
  server.json2 = asked == "json2" or asked == "auto" and server.major >= 19 and conn.config.api_key ~= nil
  if asked == "json2" and not conn.config.api_key then return fail("invalid", "JSON-2 takes an `api_key`") end
  conn.state.server = server
  return server
end

local function context_of(conn)
  local companies = conn.config.company
  if type(companies) == "number" then companies = array { companies } end
  return { active_test = false, lang = conn.config.lang, allowed_company_ids = companies }
end

-- A field that is gone: what is known of the model is asked again, and the next call says which one it is.
local function names_a_field(err)
  return err.code == "invalid" and (err.message:find "nvalid field" or err.message:find "^KeyError") ~= nil
end

--- Calls a method of a model with named arguments, `ids` among them and what its `context` says besides; its result, null where it has none.
--- `file`: "sent" or "answer" where what is in a file goes along.
function M.call(conn, model, method, arguments, writes, file)
  local server, err = M.version(conn)
  if not server then return nil, err end
  local all = { context = context_of(conn) }
  for name, value in pairs(arguments) do
    if name == "context" then
      for key, one in pairs(value) do all.context[key] = one end
    else
      all[name] = value
    end
  end
  local result
  result, err = (server.json2 and json2 or execute)(conn, model, method, all, writes, file)
  if result == nil and names_a_field(err) then (conn.state.models or {})[model] = nil end
  return result, err
end

--- Whether the user may do that ("write", "create", "unlink") with records of the model at all; what a record rule takes away of single ones does
--- not tell. nil, err where Odoo does not say.
function M.may(conn, model, operation)
  local server, err = M.version(conn)
  if not server then return nil, err end
  local answer
  if server.major >= 18 then
    answer, err = M.call(conn, model, "has_access", { ids = array {}, operation = operation })
  else
    answer, err = M.call(conn, model, "check_access_rights", { operation = operation, raise_exception = false })
  end
  if answer == nil then return nil, err end
  return answer == true
end

--- Rows of a domain in that order; a list is promised.
function M.search_read(conn, model, arguments)
  local rows, err = M.call(conn, model, "search_read", arguments)
  if rows == nil then return nil, err end
  if not json.is_array(rows) then return fail("unavailable", "the answer is no list of records") end
  return rows
end

return M
