-- Exceptions by their Python names, and how each transport tells them.

local python = require "practice.shared.python"

local M = {}

local exceptions = { UserError = true, ValidationError = true, MissingError = true, AccessError = true, AccessDenied = true, LockError = true,
  RedirectWarning = true }
local statuses = { AccessDenied = 401, AccessError = 403, MissingError = 404, ValidationError = 422, UserError = 422, LockError = 409 }
local faults = { AccessDenied = 3, AccessError = 4, MissingError = 2, ValidationError = 2, UserError = 2, LockError = 2 }

--- Raises. `more.status` is the status of JSON-2 where the name alone does not say it.
function M.raise(name, message, more)
  error({ exception = name, message = message, status = more and more.status, fault = more and more.fault }, 0)
end

function M.missing(model, id)
  M.raise("MissingError", ("Record does not exist or has been deleted.\n(Record: %s(%d,), User: %d)"):format(model, id, require("practice.odoo.site").env.uid))
end

--- "odoo.exceptions.UserError", "builtins.ValueError", "psycopg2.errors.SerializationFailure".
function M.full_name(failure)
  local name = failure.exception
  if exceptions[name] then return "odoo.exceptions." .. name end
  if name:find(".", 1, true) then return name end
  return "builtins." .. name
end

local function data(failure)
  local name = M.full_name(failure)
  return python.record { { "name", name }, { "message", failure.message }, { "arguments", python.list { failure.message } }, { "context", {} },
    { "debug", "Traceback (most recent call last):\n  File \"/odoo/http.py\", line 1, in _transactioning\n" .. name .. ": " .. failure.message .. "\n" } }
end

--- The `error` of /jsonrpc and of /web.
function M.jsonrpc(failure)
  if failure.exception == "SessionExpired" then
    failure = { exception = "odoo.http.SessionExpiredException", message = "Session expired" }
    return python.record { { "code", 100 }, { "message", "Odoo Session Expired" }, { "data", data(failure) } }
  end
  if failure.exception == "NotFound" then
    return python.record { { "code", 404 }, { "message", "404: Not Found" }, { "data", data { exception = "werkzeug.exceptions.NotFound", message = failure.message } } }
  end
  return python.record { { "code", 0 }, { "message", "Odoo Server Error" }, { "data", data(failure) } }
end

--- Status and body of JSON-2.
function M.json2(failure)
  local status = failure.status or statuses[failure.exception] or 500
  if failure.exception == "AccessDenied" then
    failure = { exception = "werkzeug.exceptions.Unauthorized", message = "Invalid apikey" }
  end
  return status, data(failure)
end

--- Code and text of an XML-RPC fault. Names that are no Odoo exceptions are told with their traceback.
function M.fault(failure)
  local code = failure.fault or faults[failure.exception]
  if code then return code, failure.message end
  return 1, "Traceback (most recent call last):\n" .. M.full_name(failure) .. ": " .. failure.message .. "\n"
end

--- What a raised value is as a failure.
function M.of(raised)
  if type(raised) == "table" and raised.exception then return raised end
  require("tidewire.log").error("practice odoo: " .. tostring(raised))
  return { exception = "RuntimeError", message = tostring(raised) }
end

return M
