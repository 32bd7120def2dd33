--- How a Frappe site is asked and what its answers mean.

local connector = require "tidewire.connector"
local json = require "tidewire.json"
local text = require "tidewire.text"
local url = require "tidewire.url"

local fail = connector.fail

local M = {}

local longest_target = 3500     -- gunicorn refuses a request line over 4094 bytes, with HTML

-- What version 14 says by its status alone where tracebacks are switched off.
local bare = { [401] = "AuthenticationError", [403] = "PermissionError", [409] = "DuplicateEntryError", [417] = "ValidationError" }

-- The class of an exception. Version 14 leaves `exc_type` out where the exception was raised bare, or keeps that of one which was
-- caught before.
local function class_of(body, status)
  local exception = type(body.exception) == "string" and body.exception or ""
  -- Of a text of several lines the site shows the last one, which may begin with any word.
  local raised = exception:match "^[%w_]+%.[%w_.]-([%w_]+)$" or exception:match "^[%w_]+%.[%w_.]-([%w_]+):"
  if raised then return raised end
  if type(body.exc_type) == "string" then return body.exc_type end
  raised = exception:match "^([%w_]+)$" or exception:match "^([%w_]+):"
  if raised then return raised end
  return type(body._server_messages) == "string" and bare[status] or ""
end

local function without_tags(message) return text.trim((message:gsub("<[^<>]*>", ""))) end

local function message_of(body, class)
  local said = {}
  local outer = type(body._server_messages) == "string" and json.decode(body._server_messages) or {}
  for _, inner in ipairs(outer) do
    local one = type(inner) == "string" and json.decode(inner)
    if type(one) == "table" and type(one.message) == "string" then said[#said + 1] = without_tags(one.message) end
  end
  if #said == 0 and type(body._error_message) == "string" then said[1] = without_tags(body._error_message) end
  if #said == 0 and type(body.exception) == "string" then said[1] = body.exception:match "^[%w_.]+: (.+)$" end
  return class .. (said[1] and ": " .. table.concat(said, "; ") or "")
end

local codes = {
  TimestampMismatchError = "stale", DocumentLockedError = "unavailable", TooManyRequestsError = "throttled",
  RateLimitExceededError = "throttled", AuthenticationError = "denied", SessionExpired = "denied",
  InvalidAuthorizationToken = "denied", PermissionError = "denied",
  -- Raised in the handler, so the transaction is rolled back.
  QueryTimeoutError = "unavailable", QueryDeadlockError = "unavailable", SessionStopped = "unavailable",
  InReadOnlyMode = "unavailable", QueueOverloaded = "unavailable", DataError = "invalid", ProgrammingError = "invalid",
  -- Refused because of another document.
  LinkExistsError = "blocked", LinkValidationError = "blocked", DuplicateEntryError = "blocked", UniqueValidationError = "blocked",
}

local hints = {
  PermissionError = "give the user of the key a role with this right on the DocType: Role Permissions Manager",
  AuthenticationError = "are `api_key` and `api_secret` those of an enabled user, and were they not made anew since?",
  LinkExistsError = connector.in_the_way.reference, LinkValidationError = connector.in_the_way.reference,
  DuplicateEntryError = connector.in_the_way.taken, UniqueValidationError = connector.in_the_way.taken,
}

-- MariaDB's numbers for a value it refuses.
local refused_values = { [1264] = true, [1292] = true, [1366] = true, [1406] = true, [4025] = true }

--- What an answer outside 2xx says: code, message, hint; nil where the site says nothing.
function M.explain(reply, writes)
  local body, status = reply.body, reply.status
  if type(body) ~= "table" then return nil end
  local class = class_of(body, status)
  -- Version 14's word for deleting what is gone; of a read it would be too little to believe.
  if class == "" and status == 404 and writes and next(body) == nil then return "not_found", "no such document" end
  if class == "" then return nil end
  local message = message_of(body, class)
  local code = codes[class]
  if status >= 500 and class == "OperationalError" then
    local number = tonumber(tostring(body.exception):match "%((%d+),")
    code = refused_values[number] and "invalid" or nil
  end
  if status == 401 or status == 403 then code = "denied" end
  if status == 404 then code = class == "DoesNotExistError" and "not_found" or nil end
  if not code and status < 500 and status ~= 404 then code = "invalid" end
  if not code and status >= 500 then code = writes and "unknown" or "unavailable" end
  return code, message, hints[class]
end

local reading = { ["/api/method/frappe.client.get_list"] = true, ["/api/method/frappe.client.get_count"] = true }

--- The header that says who asks.
function M.credentials(conn)
  local config = conn.config
  return { Authorization = "token " .. connector.secret(config.api_key) .. ":" .. connector.secret(config.api_secret) }
end

--- Sends a file in a form; `reply`, or nil, err.
function M.send(conn, path, body, content_type)
  local headers = M.credentials(conn)
  headers.Accept, headers["Content-Type"] = "application/json", content_type
  return connector.call(conn, { method = "POST", url = connector.base(conn.config.url) .. path, raw = body, headers = headers, explain = M.explain, writes = true })
end

--- One request; `reply`, or nil, err.
function M.request(conn, method, path, query, body)
  local target = connector.base(conn.config.url) .. path
  if query then target = target .. "?" .. url.query(query) end
  local headers = M.credentials(conn)
  headers.Accept, headers["Content-Type"] = "application/json", body and "application/json" or nil
  return connector.call(conn, { method = method, url = target, body = body, explain = M.explain, headers = headers, writes = method ~= "GET" and not reading[path] })
end

--- The path of a document, or of its DocType.
function M.path(doctype, name)
  return "/api/resource/" .. url.encode(doctype) .. (name and "/" .. url.encode(name) or "")
end

--- The answer of a whitelisted function that only reads.
function M.method(conn, name, query)
  local reply, err = M.request(conn, "GET", "/api/method/" .. name, query)
  if not reply then return nil, err end
  return reply.body
end

--- Rows of a DocType, nulls included. By POST where the request line would be too long; only there do lists go as lists.
function M.get_list(conn, doctype, arguments)
  local query = {}
  for _, name in ipairs { "fields", "filters", "or_filters", "order_by", "limit_page_length", "parent" } do
    local value = arguments[name]
    if type(value) == "table" then value = json.encode(value) end
    if value ~= nil then query[#query + 1] = { name, connector.plain(value) } end
  end
  local path, member = M.path(doctype), "data"
  local reply, err
  if #path + #url.query(query) < longest_target then
    reply, err = M.request(conn, "GET", path, query)
  else
    local body = { doctype = doctype }
    for name, value in pairs(arguments) do body[name] = value end
    member = "message"
    reply, err = M.request(conn, "POST", "/api/method/frappe.client.get_list", nil, body)
  end
  if err and err.code == "not_found" then return fail("invalid", "there is no DocType " .. doctype) end
  if not reply then return nil, err end
  if not json.is_array(reply.body[member]) then return fail("unavailable", "a list without '" .. member .. "'") end
  return reply.body[member]
end

--- How many documents of a DocType fit the filters, as the site counts.
function M.get_count(conn, doctype, filters)
  local path, query = "/api/method/frappe.client.get_count", { { "doctype", doctype }, { "filters", json.encode(filters) } }
  local reply, err
  if #path + #url.query(query) < longest_target then
    reply, err = M.request(conn, "GET", path, query)
  else
    reply, err = M.request(conn, "POST", path, nil, { doctype = doctype, filters = filters })
  end
  if err and err.code == "not_found" then return fail("invalid", "there is no DocType " .. doctype) end
  if not reply then return nil, err end
  if type(reply.body.message) ~= "number" then return fail("unavailable", "a count without a number") end
  return reply.body.message
end

return M
