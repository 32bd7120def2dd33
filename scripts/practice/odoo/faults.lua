-- What goes wrong on purpose.
--
-- A rule: { match = { method, path ("*" = anything), model, call, contains }, count, after, probability } and what happens:
--   status, body, headers | html (502: a proxy's page) | limit (429 of a proxy, with that Retry-After)   instead of the server
--   error        "UserError", "psycopg2.errors.SerializationFailure", ... with `message`, as the transport tells it
--   delay, delay_after   seconds before, and after the commit
--   drop         "before" it is applied or "after": the connection is closed without an answer
--   late         the transaction begins, and commits that many seconds later with the stamp of its beginning
-- `call` is the name of the method ("write"). The first rule that matches counts.

local json = require "tidewire.json"
local json2 = require "practice.odoo.json2"
local jsonrpc = require "practice.odoo.jsonrpc"
local python = require "practice.shared.python"
local server = require "tidewire.server"
local shared = require "practice.shared.rules"
local task = require "tidewire.task"
local xmlrpc = require "practice.odoo.xmlrpc"

local M = {}

local rules = shared.new({ status = "status", body = "body", headers = "table", html = "page", limit = "limit", error = "text", message = "text",
  delay = "seconds", delay_after = "seconds", drop = "drop", late = "seconds" }, { model = "text", call = "text" })

M.set, M.list = rules.set, rules.list

--- The model and the method that a request is about, where it is about one.
function M.about(request)
  local segments = request.segments
  if segments[1] == "json" then return segments[3], segments[4] end
  if segments[1] == "web" and segments[4] then return segments[4], segments[5] end
  if segments[1] ~= "jsonrpc" and segments[1] ~= "web" then return nil end
  local body = json.decode(request.body or "")
  local params = type(body) == "table" and body.params
  if type(params) ~= "table" then return nil end
  if params.model then return params.model, params.method end
  if params.service ~= "object" or type(params.args) ~= "table" then return nil end
  return params.args[4], params.args[5]
end

--- The rule for a request, nil when it is to go well.
function M.pick(request, model, call)
  return rules.pick(request, "/" .. table.concat(request.segments, "/"), { model = model or false, call = call or false })
end

local transports = { json = json2, xmlrpc = xmlrpc }

--- The answer of a rule that keeps the request from being applied, nil when it lets it through.
function M.before(rule, request)
  if rule.delay then task.sleep(rule.delay) end
  if rule.drop == "before" then return server.drop end
  if rule.html then return shared.proxy_page(python.to_number(rule.html) or 502) end
  if rule.limit then
    local page = shared.proxy_page(429)
    page.headers["Retry-After"] = ("%d"):format(math.ceil(python.to_number(rule.limit) or 1))
    return page
  end
  if rule.error then
    local failure = { exception = rule.error, message = rule.message or "could not serialize access due to concurrent update\n" }
    return (transports[request.segments[1]] or jsonrpc).failed(request, failure)
  end
  if not rule.status then return nil end
  local body = rule.body
  return { status = rule.status, headers = rule.headers or { ["Content-Type"] = "application/json" },
    body = type(body) == "table" and python.compact(body) or body or "" }
end

--- What becomes of the answer once the request was applied.
function M.after(rule, answer)
  if rule.delay_after then task.sleep(rule.delay_after) end
  if rule.drop == "after" then return server.drop end
  return answer
end

return M
