-- What goes wrong on purpose. A rule of practice.shared.rules, and of what happens:
--
--   status, code, message, retry_after, headers   an error of the API instead of the work
--   html           an edge proxy's page with that status (502), which is no JSON
--   body           with `status`: exactly this text
--   delay, delay_after   seconds before and after the work
--   drop           "before" or "after" the work: closed without an answer
--   committed      the work is done, and the answer is the error of `status`
--   late           the answer is lost at once and the work is done that many seconds later
--   truncate       bytes of the body that still arrive
local json = require "tidewire.json"
local practice = require "tidewire.practice"
local rules = require "practice.shared.rules"
local server = require "tidewire.server"
local task = require "tidewire.task"

local M = {}

local codes = { [400] = "validation_error", [401] = "unauthorized", [403] = "restricted_resource", [404] = "object_not_found",
  [409] = "conflict_error", [429] = "rate_limited", [500] = "internal_server_error", [502] = "bad_gateway", [503] = "service_unavailable",
  [504] = "gateway_timeout", [529] = "service_overload" }
local messages = { [409] = "Conflict occurred while saving. Please try again.", [429] = "You have been rate limited. Please try again in a few minutes." }

function M.new()
  return rules.new({ status = "status", code = "text", message = "text", retry_after = "seconds", headers = "table", html = "page", body = "body",
    delay = "seconds", delay_after = "seconds", drop = "drop", committed = "yes", late = "seconds", truncate = "count" }, { route = "text" })
end

local function spoiled(rule, request_id)
  if rule.html then
    local page = rules.proxy_page(tonumber(rule.html) or 502)
    page.headers["cf-ray"] = "practice"
    return page
  end
  local headers = { ["Content-Type"] = "application/json; charset=utf-8" }
  for name, value in pairs(rule.headers or {}) do headers[name] = value end
  if rule.retry_after then headers["Retry-After"] = ("%d"):format(rule.retry_after) end
  local status = rule.status
  local body = rule.body or json.encode { object = "error", status = status, code = rule.code or codes[status] or "internal_server_error",
    message = rule.message or messages[status] or "Something went wrong.", request_id = request_id }
  return { status = status, headers = headers, body = body }
end

--- What is done before the work: an answer that replaces it, or nil. `work` does it.
function M.before(rule, request_id, work)
  if rule.delay then task.sleep(rule.delay) end
  if rule.drop == "before" then return server.drop end
  if rule.late then
    practice.start(function()
      task.sleep(rule.late)
      work()
    end)
    return server.drop
  end
  if (rule.status or rule.html) and not rule.committed then return spoiled(rule, request_id) end
end

--- What becomes of the answer after the work.
function M.after(rule, answer, request_id)
  if rule.delay_after then task.sleep(rule.delay_after) end
  if rule.drop == "after" then return server.drop end
  if rule.committed then return spoiled(rule, request_id) end
  if rule.truncate then answer.body = answer.body:sub(1, rule.truncate) end
  return answer
end

return M
