-- Faults on demand: what spoils matching requests. A rule of practice.shared.rules, and of what happens:
--
--   status, body, headers, retry_after   an answer instead of the work
--   html         a proxy's page with that status (502)
--   delay        seconds before the work
--   hold         the transaction begins now and commits that many seconds later
--   drop         "before" or "after" the work: closed without an answer
--   truncate     bytes of the body that still arrive
--   committed    the work is done and its answer replaced, as when the database was lost behind the commit: 503 and PGRST001
--                unless said
local rules = require "practice.shared.rules"
local server = require "tidewire.server"
local task = require "tidewire.task"

local M = {}

local html = "<html><head><title>%d</title></head><body><center><h1>%d</h1></center><hr>cloudflare</body></html>"

local lost = '{"code":"PGRST001","details":null,"hint":null,"message":"Database client error. Retrying the connection."}'

local messages = { [429] = "Too many requests", [503] = "Could not query the database for the schema cache. Retrying.",
  [504] = "Timed out acquiring connection from connection pool.", [500] = "canceling statement due to statement timeout" }
local codes = { [503] = "PGRST002", [504] = "PGRST003", [500] = "57014" }

local function spoiled(action)
  local headers = { ["Content-Type"] = "application/json; charset=utf-8" }
  for name, value in pairs(action.headers or {}) do headers[name] = value end
  if action.retry_after then headers["Retry-After"] = ("%d"):format(action.retry_after) end
  local status = action.status or tonumber(action.html) or 502
  local body = action.body
  if action.html then
    headers["Content-Type"] = "text/html"
    body = html:format(status, status)
  elseif not body and codes[status] then
    body = ('{"code":"%s","details":null,"hint":null,"message":"%s"}'):format(codes[status], messages[status])
  end
  return { status = status, headers = headers, body = body or ('{"message":"%s"}'):format(messages[status] or "practice fault") }
end

function M.new()
  return rules.new({ status = "status", body = "text", headers = "table", html = "page", retry_after = "seconds", delay = "seconds", hold = "seconds",
    drop = "drop", truncate = "count", committed = "yes" }, {})
end

--- What is done before the work: an answer that replaces it, or nil.
function M.before(action)
  if action.delay then task.sleep(action.delay) end
  if action.drop == "before" then return server.drop end
  if (action.status or action.html) and not action.committed then return spoiled(action) end
end

--- What becomes of the answer after the work.
function M.after(action, answer)
  if action.drop == "after" then return server.drop end
  if action.committed then return spoiled { status = action.status or 503, html = action.html, body = action.body or lost } end
  if action.truncate then answer.body = answer.body:sub(1, action.truncate) end
  return answer
end

return M
