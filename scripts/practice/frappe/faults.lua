-- What goes wrong on purpose.
--
-- A rule: { match = { method, path ("*" = anything), doctype, contains }, count, after, probability } and what happens:
--   status, body, headers | html (502) | limit ({retry_after}) | error ("QueryDeadlockError")   instead of the site
--   delay, delay_after   seconds before, and after the commit
--   drop                 "before" it is applied or "after": the connection is closed without an answer
--   committed_500        applied, but the answer is a 500 in HTML
--   late                 the write is stamped, and becomes visible that many seconds later
--   follow_up            {delay, user, values}: the site writes the document once more
-- The first rule that matches counts. Webhook chances: duplicate, reorder, drop, delay with delay_seconds.

local errors = require "practice.frappe.errors"
local python = require "practice.shared.python"
local shared = require "practice.shared.rules"

local M = {}

local rules = shared.new({ status = "status", body = "body", headers = "table", delay = "seconds", delay_after = "seconds", drop = "drop",
  committed_500 = "yes", html = "page", limit = "limit", error = "text", late = "seconds", follow_up = "table" }, { doctype = "text" })

M.list = rules.list

--- Replaces all rules; an error text when one is malformed.
function M.set(list)
  for i, rule in ipairs(list) do
    local after = type(rule) == "table" and rule.follow_up
    local problem = type(after) == "table" and shared.check(after, { delay = "seconds", user = "text", values = "table" }, "follow_up of rule " .. i)
    if problem then return problem end
  end
  return rules.set(list)
end

local chance_kinds = { duplicate = "chance", reorder = "chance", drop = "chance", delay = "chance", delay_seconds = "seconds" }

--- An error text where what is said of the chances of webhooks is no such thing.
function M.check_chances(chances)
  return shared.check(chances, chance_kinds, "webhooks")
end

--- The rule for a request, nil when it is to go well.
function M.pick(request, path, doctype)
  return rules.pick(request, path, { doctype = doctype or false })
end

--- What gunicorn shows when a request that was committed breaks afterwards.
function M.broken_page()
  return { status = 500, headers = { ["Content-Type"] = "text/html" },
    body = "<html>\n  <head>\n    <title>Internal Server Error</title>\n  </head>\n  <body>\n    <h1><p>Internal Server Error</p></h1>\n    \n  </body>\n</html>\n" }
end

local function limited(rule)
  local wait = type(rule.limit) == "table" and python.to_number(rule.limit.retry_after) or python.to_number(rule.limit) or 1
  local answer = errors.answer({ exception = true, class = "TooManyRequestsError", status = 429 }, {}, 1, false)
  answer.headers["Retry-After"] = tostring(math.ceil(wait))
  answer.headers["X-RateLimit-Reset"] = tostring(math.ceil(wait))
  answer.headers["X-RateLimit-Limit"], answer.headers["X-RateLimit-Remaining"] = "1000000", "0"
  return answer
end

local function failing(rule)
  local class, status = rule.error, rule.status
  local failure = { exception = true, class = class, message = "(1213, 'Deadlock found when trying to get lock; try restarting transaction')" }
  failure.status = status or (class:find "^Query" and 500) or (class == "SessionStopped" or class == "InReadOnlyMode") and 503 or 500
  return errors.answer(failure, {}, 1, false)
end

--- The answer of a rule that keeps the request from being applied, nil when it lets it through.
function M.instead(rule)
  if rule.html then return shared.proxy_page(python.to_number(rule.html) or 502) end
  if rule.limit then return limited(rule) end
  if rule.error then return failing(rule) end
  if rule.status then
    local body = rule.body
    local headers = rule.headers or { ["Content-Type"] = "application/json" }
    return { status = rule.status, headers = headers, body = type(body) == "table" and python.compact(body) or body or "" }
  end
  return nil
end

return M
