-- A practice server that speaks as a Frappe site does.
--
--   --port N | --listen 127.0.0.1:N   8000; 0 takes any
--   --version 14|15.55|15.82|16       15.55: which behaviour
--   --zone NAME                       Europe/Berlin: the site's clock
--   --db FILE                         keeps the documents; ":memory:" by default
--   --fixture FILE                    { "doctypes", "custom_fields", "documents" } for a new database, or that JSON itself
--   --api-key, --api-secret           practice-key, practice-secret: practice@example.com, a System Manager
--   --admin-password                  admin: for a session of Administrator
--   --rate-limit S, --rate-window S   server seconds per window
--   --max-body N, --workers N         25 MiB; 2 webhook workers
--
-- DocTypes are made over the API itself. It misbehaves on request: POST /practice/faults and its neighbours in
-- frappe/admin.lua, none of which a real site has.

local admin = require "practice.frappe.admin"
local clock = require "practice.shared.clock"
local documents = require "practice.frappe.documents"
local errors = require "practice.frappe.errors"
local faults = require "practice.frappe.faults"
local limiter = require "practice.frappe.limiter"
local log = require "tidewire.log"
local practice = require "tidewire.practice"
local routes = require "practice.frappe.routes"
local schema = require "practice.frappe.schema"
local server = require "tidewire.server"
local setup = require "practice.frappe.setup"
local site = require "practice.frappe.site"
local task = require "tidewire.task"
local time = require "tidewire.time"
local webhooks = require "practice.frappe.webhooks"

--- gunicorn's own limit on a request line.
local longest_line = 4094

local function bad_request()
  return { status = 400, headers = { ["Content-Type"] = "text/html" },
    body = "<html>\n  <head>\n    <title>Bad Request</title>\n  </head>\n  <body>\n    <h1><p>Bad Request</p></h1>\n    Request Line is too large\n  </body>\n</html>\n" }
end

local function too_large()
  return { status = 413, headers = { ["Content-Type"] = "text/html; charset=utf-8" },
    body = errors.page(413, "Request Entity Too Large", "The data value transmitted exceeds the capacity limit.") }
end

--- What a request is about, for statistics and for rules: its route without names, and its DocType.
local function describe(request)
  local segments = request.segments
  local at = (segments[2] == "v1" or segments[2] == "v2") and 3 or 2
  local kind = segments[at]
  local doctype = (kind == "resource" or kind == "document" or kind == "doctype") and segments[at + 1] or nil
  if not doctype then
    doctype = (request.body or ""):match '"doctype"%s*:%s*"([^"]*)"'
    return "/" .. table.concat(segments, "/"), doctype
  end
  local shape = "/" .. table.concat(segments, "/", 1, at + 1)
  return segments[at + 2] and segments[at + 2] ~= "" and shape .. "/*" or shape, doctype
end

local function follow_up(rule, writes)
  for _, write in ipairs(writes) do
    if schema.find(write.doctype) and not schema.find(write.doctype).istable and write.what ~= "delete" then
      webhooks.later(rule.follow_up.delay or 0.05, function()
        site.begin(rule.follow_up.user or "Administrator")
        local doc = documents.load(schema.get(write.doctype), write.name)
        site.request = nil
        if doc then
          local values = rule.follow_up.values or {}
          local done, problem = admin.write { doctype = write.doctype, name = write.name, user = rule.follow_up.user, values = values }
          if not done then log.warn("practice frappe: follow_up: " .. problem) end
        end
      end)
    end
  end
end

local function before_it(rule)
  if rule.delay then task.sleep(rule.delay) end
  if rule.drop == "before" then return server.drop end
  return faults.instead(rule)
end

local function after_it(rule, answer, writes)
  if rule.follow_up then follow_up(rule, writes) end
  if rule.delay_after then task.sleep(rule.delay_after) end
  if rule.drop == "after" then return server.drop end
  if rule.committed_500 then return faults.broken_page() end
  return answer
end

local function stop_for(request)
  if not site.maintenance then return nil end
  return function() admin.maintenance(request.method) end
end

local function apply(request, rule, rate_headers)
  local stamp
  if rule and rule.late then
    stamp = site.now()
    task.sleep(rule.late)
  end
  local started = time.clock()
  local answer, writes = routes.answer(request, stamp, stop_for(request))
  limiter.bill(time.clock() - started, rate_headers)
  for name, value in pairs(rate_headers) do answer.headers[name] = value end
  admin.count_writes(writes, nil)
  if rule then answer = after_it(rule, answer, writes) end
  return answer
end

local function serve(request, shape, doctype)
  local limited, rate_headers = limiter.admit(request.segments[2] == "v2" and 2 or 1)
  if limited then return limited end
  local rule = faults.pick(request, "/" .. table.concat(request.segments, "/"), doctype)
  if rule then
    admin.stats.faults = admin.stats.faults + 1
    local answer = before_it(rule)
    if answer then return answer end
  end
  return apply(request, rule, rate_headers)
end

local function handler(request)
  if request.segments[1] == "practice" then return admin.answer(request) end
  if #request.method + #request.target + 10 > longest_line then return bad_request() end
  if #(request.body or "") > site.max_body then return too_large() end
  if request.method == "OPTIONS" then return { status = 200, headers = { Allow = "GET, HEAD, POST, PUT, DELETE, PATCH, OPTIONS" }, body = "" } end
  local shape, doctype = describe(request)
  local answer = serve(request, shape, doctype)
  admin.count_request(request.method, shape, answer == server.drop and "dropped" or answer.status)
  if request.method == "HEAD" and answer ~= server.drop then answer.body = "" end
  return answer
end

local function address()
  if site.options.listen then return site.options.listen end
  return "127.0.0.1:" .. (site.options.port or "8000")
end

site.configure()
setup.run()
practice.ready(assert(server.listen(address(), clock.dated(site.clock, handler))))

local workers = {}
for i = 1, tonumber(site.options.workers) or 2 do workers[i] = webhooks.work end
task.all(workers)
