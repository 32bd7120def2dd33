-- Faults on demand: rules that spoil matching requests.
--
-- A rule is { match = { method, path (a Lua pattern) }, action, count, probability, skip }. The action's keys:
-- status, body, headers, html, retry_after (an answer instead of the work), delay (seconds before the work), hold
-- (the transaction begins now and commits that much later), drop = "before" | "after", truncate (bytes of the body), after (the work is
-- done and its answer replaced, as when the database was lost behind the commit: 503 and PGRST001 unless said).
local practice = require "tidewire.practice"
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
  local status = action.status or 502
  local body = action.body
  if action.html then
    headers["Content-Type"] = "text/html"
    body = html:format(status, status)
  elseif not body and codes[status] then
    body = ('{"code":"%s","details":null,"hint":null,"message":"%s"}'):format(codes[status], messages[status])
  end
  return { status = status, headers = headers, body = body or ('{"message":"%s"}'):format(messages[status] or "practice fault") }
end

local function matches(rule, method, path)
  local match = rule.match or {}
  if match.method and match.method ~= method then return false end
  return not match.path or path:find(match.path) ~= nil
end

local function due(rule)
  if rule.skip and rule.skip > 0 then
    rule.skip = rule.skip - 1
    return false
  end
  if rule.count and rule.count <= 0 then return false end
  if rule.probability and practice.random() >= rule.probability then return false end
  if rule.count then rule.count = rule.count - 1 end
  rule.hits = (rule.hits or 0) + 1
  return true
end

--- faults.find(method, path) -> the action that is due, or nil; faults.add, faults.all, faults.clear.
function M.new()
  local rules = {}
  local faults = {}

  function faults.find(method, path)
    for _, rule in ipairs(rules) do
      if matches(rule, method, path) and due(rule) then return rule.action end
    end
  end

  function faults.add(rule)
    rules[#rules + 1] = rule
  end

  function faults.all()
    return rules
  end

  function faults.clear()
    rules = {}
  end

  return faults
end

--- What is done before the work: an answer that replaces it, or nil.
function M.before(action)
  if action.delay then task.sleep(action.delay) end
  if action.drop == "before" then return server.drop end
  if (action.status or action.html) and not action.after then return spoiled(action) end
end

--- What becomes of the answer after the work.
function M.after(action, answer)
  if action.drop == "after" then return server.drop end
  if action.after then return spoiled { status = action.status or 503, html = action.html, body = action.body or lost } end
  if action.truncate then answer.body = answer.body:sub(1, action.truncate) end
  return answer
end

return M
