-- The exceptions of a site and the bodies they become.
--
-- Two ways to fail differ on the wire: frappe.throw leaves a message that names the exception (and, in version 14, an
-- exc_type), a bare raise leaves only what was said before it.

local python = require "practice.shared.python"
local site = require "practice.frappe.site"

local M = {}

local statuses = {
  DoesNotExistError = 404, DuplicateEntryError = 409, NameError = 409, PermissionError = 403, AuthenticationError = 401,
  SessionExpired = 401, InvalidAuthorizationToken = 400, CSRFTokenError = 400, TooManyRequestsError = 429,
  RateLimitExceededError = 429, SessionStopped = 503, InReadOnlyMode = 503, QueryTimeoutError = 500,
  QueryDeadlockError = 500,
}

local expectation_failed = [[ValidationError MandatoryError LinkValidationError UniqueValidationError LinkExistsError
  TimestampMismatchError InvalidEmailAddressError InvalidPhoneNumberError NonNegativeError CannotChangeConstantError
  UpdateAfterSubmitError DocstatusTransitionError CharacterLengthExceededError DocumentLockedError FrappeTypeError
  CancelledLinkError WrongOptionsDoctypeLinkError DocumentAlreadyRestored]]
for word in expectation_failed:gmatch "%a+" do statuses[word] = 417 end

local python_modules = {
  OperationalError = "pymysql.err.", ProgrammingError = "pymysql.err.", JSONDecodeError = "json.decoder.",
  ParserError = "dateutil.parser._parser.", TypeError = "", AttributeError = "", KeyError = "", IndexError = "",
  UnicodeEncodeError = "", ValueError = "", ImportError = "",
}

local function qualified(failure)
  local module = python_modules[failure.class]
  if failure.class == "DataError" and failure.status == 500 then module = "pymysql.err." end
  if failure.class == "ImportError" then return "Error" end
  return (module or "frappe.exceptions.") .. failure.class
end

local function fail(class, message, more)
  local failure = more or {}
  failure.exception = true
  failure.class = class
  failure.message = message
  failure.status = failure.status or statuses[class] or 500
  error(failure, 0)
end

--- frappe.throw.
function M.throw(class, message, more)
  more = more or {}
  more.thrown = true
  if site.request then
    site.message(message, { indicator = "red", raise_exception = 1, title = more.title })
  end
  fail(class, message, more)
end

--- A bare `raise`.
function M.raise(class, message, more)
  fail(class, message, more)
end

--- A plain HTTP answer in place of the JSON one.
function M.abort(status, body, headers)
  error({ exception = true, status = status, page = body, headers = headers }, 0)
end

local function message_text(entry)
  local more = entry.more
  local keys = { { "message", entry.message }, { "title", more.title or "Message" }, { "indicator", more.indicator } }
  if more.raise_exception then
    keys[#keys + 1] = { "raise_exception", 1 }
    if not site.v14 then keys[#keys + 1] = { "__frappe_exc_id", site.random_name(56) } end
  end
  if more.alert then keys[#keys + 1] = { "alert", 1 } end
  return python.dumps(python.record(keys))
end

--- The value of `_server_messages`, nil when nothing was said.
function M.server_messages(messages)
  if #messages == 0 then return nil end
  local texts = {}
  for i, entry in ipairs(messages) do texts[i] = message_text(entry) end
  return python.dumps(texts)
end

local function exception_line(failure)
  local line = qualified(failure)
  if failure.message and failure.message ~= "" then line = line .. ": " .. failure.message end
  return line
end

local function traceback(failure)
  return 'Traceback (most recent call last):\n  File "apps/frappe/frappe/app.py", line 114, in application\n'
    .. "    response = frappe.api.handle(request)\n" .. exception_line(failure) .. "\n"
end
M.traceback_text = traceback

local function has_exc_type(failure)
  return not site.v14 or failure.thrown or false
end

local function shows_traceback(failure)
  if failure.status == 404 or not site.traceback or failure.quiet then return false end
  if site.level >= 1600 and site.user() == "Guest" then return false end
  return true
end

local function body_v1(failure, messages)
  local shown = shows_traceback(failure)
  return python.compact(python.record {
    { "session_expired", failure.session_expired },
    { "message", failure.extra_message },
    { "exception", shown and exception_line(failure) or nil },
    { "exc_type", has_exc_type(failure) and failure.class or nil },
    { "exc", shown and python.dumps { traceback(failure) } or nil },
    { "_server_messages", M.server_messages(messages) },
    { "_error_message", failure.error_message },
    { "_debug_messages", failure.debug_messages },
  })
end

local function body_v2(failure, messages)
  local last = messages[#messages]
  local entry = python.record {
    { "type", failure.class },
    { "message", last and last.message },
    { "title", last and (last.more.title or "Message") },
    { "indicator", last and last.more.indicator },
    { "exception", shows_traceback(failure) and traceback(failure) or nil },
  }
  return python.compact(python.record { { "errors", { entry } } })
end

--- The page that Werkzeug or a proxy shows.
function M.page(status, title, text)
  return ("<!doctype html>\n<html lang=en>\n<title>%d %s</title>\n<h1>%s</h1>\n<p>%s</p>\n"):format(status, title, title, text or "")
end

--- The answer for a failure: `api` is 1 or 2, `html` true when the client accepts text first.
function M.answer(failure, messages, api, html)
  if failure.page then
    return { status = failure.status, headers = failure.headers or { ["Content-Type"] = "text/html; charset=utf-8" }, body = failure.page }
  end
  if html then
    local body = "<!DOCTYPE html>\n<html><head><title>" .. failure.class .. "</title></head><body>" .. failure.class .. "</body></html>\n"
    return { status = site.v14 and 200 or failure.status, headers = { ["Content-Type"] = "text/html; charset=utf-8" }, body = body }
  end
  local body = api == 2 and body_v2(failure, messages) or body_v1(failure, messages)
  return { status = failure.status, headers = { ["Content-Type"] = "application/json" }, body = body }
end

function M.not_found(doctype, name)
  M.throw("DoesNotExistError", ("%s %s not found"):format(doctype, tostring(name)))
end

function M.method_not_allowed()
  M.abort(405, M.page(405, "Method Not Allowed", "The method is not allowed for the requested URL."))
end

return M
