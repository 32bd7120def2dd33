-- A practice server that speaks as an Odoo server with one database does.
--
--   --port N | --listen 127.0.0.1:N   8069; 0 takes any
--   --version 16|17|18|19             19: field names, states, comparison of times; JSON-2 from 19 on
--   --db FILE                         keeps the records; ":memory:" by default
--   --database NAME                   practice
--   --login, --password, --api-key    practice, practice, practice-key; there is also admin with password admin
--   --fixture FILE                    models, users and records for a new database (odoo/setup.lua), or that JSON itself
--   --langs fr_FR,de_DE               languages besides en_US
--   --wizard                          button_validate asks about backorders by an action
--
-- Modules: contacts, product, stock, sale_stock, purchase_stock. It misbehaves on request: POST /practice/faults and its
-- neighbours in odoo/admin.lua, none of which a real server has.

local clock = require "practice.shared.clock"
local practice = require "tidewire.practice"
local server = require "tidewire.server"
local site = require "practice.odoo.site"
local task = require "tidewire.task"

site.configure()

local admin = require "practice.odoo.admin"
local faults = require "practice.odoo.faults"
local json2 = require "practice.odoo.json2"
local jsonrpc = require "practice.odoo.jsonrpc"
local setup = require "practice.odoo.setup"
local xmlrpc = require "practice.odoo.xmlrpc"

local function is(request, ...)
  for i, word in ipairs { ... } do
    if request.segments[i] ~= word then return false end
  end
  return true
end

-- The answer and what was written.
local function routed(request, stamp)
  local newer = site.major >= 19
  if is(request, "jsonrpc") then return jsonrpc.rpc(request, stamp) end
  if is(request, "xmlrpc") and request.method == "POST" then return xmlrpc.answer(request, stamp) end
  if newer and is(request, "json", "2") and request.segments[4] then
    return json2.answer(request, stamp)
  end
  if request.method == "GET" and newer and (is(request, "json", "version") or is(request, "web", "version")) then return json2.version() end
  if request.method == "GET" and is(request, "web", "health") then
    return { status = 200, headers = { ["Content-Type"] = "application/json" }, body = '{"status": "pass"}' }
  end
  if is(request, "web") and request.method == "POST" then return jsonrpc.web(request, stamp) end
  return jsonrpc.html(404, "Not Found")
end

local function apply(request, rule)
  local stamp
  if rule and rule.late then
    stamp = site.now()
    task.sleep(rule.late)
  end
  local answer, writes = routed(request, stamp)
  admin.count_writes(writes)
  return rule and faults.after(rule, answer) or answer
end

local function handler(request)
  if request.segments[1] == "practice" then return admin.answer(request) end
  local model, call = faults.about(request)
  local rule, answer = faults.pick(request, model, call), nil
  if rule then
    admin.stats.faults = admin.stats.faults + 1
    answer = faults.before(rule, request)
  end
  answer = answer or apply(request, rule)
  admin.count_request(request, model, call, answer == server.drop and "dropped" or answer.status)
  return answer
end

setup.run()
practice.ready(assert(server.listen(site.options.listen or "127.0.0.1:" .. (site.options.port or "8069"), clock.dated(site.clock, handler))))
while true do task.sleep(3600) end
