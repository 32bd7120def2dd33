-- /jsonrpc, and the session of the web client: every answer is HTTP 200, failures too.

local calls = require "practice.odoo.calls"
local errors = require "practice.odoo.errors"
local json = require "tidewire.json"
local python = require "practice.shared.python"
local hash = require "tidewire.hash"
local service = require "practice.odoo.service"
local site = require "practice.odoo.site"
local store = require "practice.odoo.store"

local M = {}

local sessions = {}

local function html(status, title)
  return { status = status, headers = { ["Content-Type"] = "text/html; charset=utf-8" },
    body = ("<!doctype html>\n<html lang=en>\n<title>%d %s</title>\n<h1>%s</h1>\n"):format(status, title, title) }
end
M.html = html

--- The decoded body, or an answer that says why there is none.
function M.body_of(request)
  if request.method ~= "POST" or not (request.headers["content-type"] or ""):find "^application/json" then
    return nil, html(415, "Unsupported Media Type")
  end
  local body = json.decode(request.body or "")
  if type(body) ~= "table" then return nil, { status = 400, headers = { ["Content-Type"] = "text/html; charset=utf-8" }, body = "Invalid JSON data" } end
  return service.plain(body)
end

local function answer(id, result, failure)
  local parts = { { "jsonrpc", "2.0" }, { "id", id == nil and json.null or id } }
  if failure then parts[3] = { "error", errors.jsonrpc(failure) }
  elseif result ~= calls.none then parts[3] = { "result", result } end
  return { status = 200, headers = { ["Content-Type"] = "application/json; charset=utf-8" }, body = python.compact(python.record(parts)) }
end

--- The answer of a failure, to the request that asked.
function M.failed(request, failure)
  local body = json.decode(request.body or "")
  return answer(type(body) == "table" and body.id or nil, nil, failure)
end

--- POST /jsonrpc. The answer and what was written.
function M.rpc(request, stamp)
  local body, refusal = M.body_of(request)
  if not body then return refusal end
  local params = type(body.params) == "table" and body.params or {}
  local result, more = service.call(params.service, params.method, params.args or {}, stamp, "jsonrpc")
  if result == nil then return answer(body.id, nil, more) end
  return answer(body.id, result), more
end

-- The session ---------------------------------------------------------------------------------------------------------

local function session_of(request)
  local id = (request.headers.cookie or ""):match "session_id=([%w_-]+)"
  return id and sessions[id], id
end

local function about(uid)
  local row = store.query("SELECT name, login, company_id FROM res_users WHERE id = ?1", uid)[1]
  return { uid = uid, db = site.database, username = row.login, name = row.name, is_admin = true, server_version = site.version,
    server_version_info = service.version().server_version_info, user_context = { lang = "en_US", tz = "UTC", uid = uid }, company_id = row.company_id }
end

-- An API key is no password here.
local function log_in(params)
  local uid = params.db == site.database and calls.authenticate(params.login, params.password, "password")
  if not uid then return nil, { exception = "AccessDenied", message = "Access Denied" } end
  local id = hash.id():gsub("[^%w]", "")
  sessions[id] = uid
  return about(uid), nil, ("session_id=%s; Max-Age=604800; HttpOnly; Path=/"):format(id)
end

local function call_kw(uid, params, stamp)
  local keywords = {}
  for key, value in pairs(params.kwargs or {}) do keywords[key] = value end
  local context = keywords.context
  keywords.context = nil
  return calls.run(uid, { model = params.model, method = params.method, args = params.args, keywords = keywords, context = context, transport = "jsonrpc" }, stamp)
end

local open = {
  ["session/authenticate"] = log_in,
  ["webclient/version_info"] = function() return service.version() end,
  ["database/list"] = function() return json.array { site.database } end,
}

local function with_session(route, params, stamp, request)
  local uid, id = session_of(request)
  if not uid then return nil, { exception = "SessionExpired" } end
  if route == "session/get_session_info" then return about(uid) end
  if route == "session/destroy" then
    sessions[id] = nil
    return calls.none
  end
  if route:find "^dataset/call_kw" then return call_kw(uid, params, stamp) end
  return nil, { exception = "NotFound", message = "404 Not Found: The requested URL was not found on the server." }
end

--- POST /web/... The answer and what was written.
function M.web(request, stamp)
  local body, refusal = M.body_of(request)
  if not body then return refusal end
  local route = table.concat(request.segments, "/", 2)
  local params = type(body.params) == "table" and body.params or {}
  local known = open[route]
  local result, more, cookie
  if known then result, more, cookie = known(params) else result, more = with_session(route, params, stamp, request) end
  if result == nil then return answer(body.id, nil, more) end
  local reply = answer(body.id, result)
  reply.headers["Set-Cookie"] = cookie
  return reply, not known and more or nil
end

--- Forgets every session, as a restart without its session store does.
function M.forget_sessions() sessions = {} end

return M
