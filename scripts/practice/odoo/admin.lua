-- /practice/...: what a real server does not have. The knobs of the tests, all JSON.
--
--   POST faults       rules (faults.lua); GET lists them with their hits, DELETE clears them
--   POST call         { model, method, args, kwargs, login, hold }: a call as a colleague; with `hold` its transaction
--                     begins now, commits that many seconds later, or where it is true with POST release, and carries
--                     the stamp of its beginning
--   POST edit         { model, id, values, delete }: changes a row as SQL would, without a stamp
--   POST fixture      models, users, records (setup.lua)
--   POST keys         { login, key, expires, password, drop }: adds or drops API keys, sets a password
--   POST automation   { model, url, on, fields, repeats }: a rule that calls a URL; GET, DELETE
--   POST settings     { wizard }
--   POST clock        { skew: seconds } or { at: UTC, frozen }; answers say it as their Date
--   DELETE sessions   every session cookie is forgotten
--   GET stats         calls, statuses, writes by model; DELETE sets them to zero

local automation = require "practice.odoo.automation"
local calls = require "practice.odoo.calls"
local faults = require "practice.odoo.faults"
local json = require "tidewire.json"
local jsonrpc = require "practice.odoo.jsonrpc"
local python = require "practice.shared.python"
local registry = require "practice.odoo.registry"
local setup = require "practice.odoo.setup"
local site = require "practice.odoo.site"
local store = require "practice.odoo.store"
local task = require "tidewire.task"
local values = require "practice.odoo.values"

local M = {}

local function new_stats() return { calls = {}, statuses = {}, writes = {}, faults = 0, held = 0 } end
M.stats = new_stats()

local function add(map, key, count) map[key] = (map[key] or 0) + (count or 1) end

--- Counts a request by what it called.
function M.count_request(request, model, call, status)
  add(M.stats.calls, model and model .. "." .. tostring(call) or request.method .. " /" .. table.concat(request.segments, "/"))
  add(M.stats.statuses, tostring(status))
end

--- Counts what a commit wrote.
function M.count_writes(writes)
  for model, by_kind in pairs(writes or {}) do
    M.stats.writes[model] = M.stats.writes[model] or {}
    for what, count in pairs(by_kind) do add(M.stats.writes[model], what, count) end
  end
end

local function user_id(login)
  local row = store.query("SELECT id FROM res_users WHERE login = ?1", login or "admin")[1]
  return row and row.id or error("no user " .. tostring(login), 0)
end

local releases = 0

local function hold(how)
  local before = releases
  M.stats.held = M.stats.held + 1
  if how ~= true then task.sleep(how) end
  while how == true and releases == before do task.sleep(0.01) end
  M.stats.held = M.stats.held - 1
end

local function call(body)
  local uid, stamp = user_id(body.login), site.now()
  if body.hold then hold(body.hold) end
  local keywords = body.kwargs or {}
  local context = keywords.context
  keywords.context = nil
  local result, more = calls.run(uid, { model = body.model, method = body.method, args = body.args, keywords = keywords, context = context,
    transport = "jsonrpc" }, stamp)
  if result == nil then return nil, more.exception .. ": " .. more.message end
  M.count_writes(more)
  return { result = result ~= calls.none and result or json.null }
end

local function edit(body)
  local model = registry.find(body.model)
  if not model or not store.row(model, body.id) then return nil, "no such record" end
  if body.delete then
    store.delete(model, body.id)
    return { deleted = true }
  end
  local columns = {}
  for name, value in pairs(body.values or {}) do
    local raw = name == "write_date" or name == "create_date"
    columns[name] = raw and value or values.to_column(model.fields[name], value)
  end
  store.update(model, body.id, columns)
  return {}
end

local function keys(body)
  local uid = user_id(body.login or site.login)
  if body.drop then setup.drop_keys(uid) end
  if body.key then setup.set_secret(uid, "key", body.key, body.expires) end
  if body.password then setup.set_secret(uid, "password", body.password) end
  return { uid = uid }
end

local function settings(body)
  for name in pairs(body) do
    if name ~= "wizard" then return nil, "unknown setting '" .. name .. "'" end
  end
  site.wizard = body.wizard == true
  return {}
end

local routes = {
  ["POST faults"] = function(body)
    local problem = faults.set(json.is_array(body) and body or body.rules or { body })
    if problem then return nil, problem end
    return { rules = faults.list() }
  end,
  ["GET faults"] = function() return { rules = faults.list() } end,
  ["DELETE faults"] = function() return { rules = faults.set {} or faults.list() } end,
  ["POST call"] = call, ["POST edit"] = edit, ["POST keys"] = keys, ["POST settings"] = settings,
  ["POST fixture"] = function(_, raw)
    setup.load(raw)
    return {}
  end,
  ["POST automation"] = function(body) return { id = automation.add(body) } end,
  ["POST release"] = function()
    releases = releases + 1
    return {}
  end,
  ["GET automation"] = function() return { rules = json.array(automation.all()), stats = automation.stats } end,
  ["DELETE automation"] = function() return automation.clear() or {} end,
  ["POST clock"] = function(body)
    site.clock.set { skew = python.to_number(body.skew), at = body.at, frozen = body.frozen }
    return { now = site.now() }
  end,
  ["DELETE sessions"] = function() return jsonrpc.forget_sessions() or {} end,
  ["GET stats"] = function()
    return { calls = M.stats.calls, statuses = M.stats.statuses, writes = M.stats.writes, faults = M.stats.faults, held = M.stats.held,
      automation = automation.stats }
  end,
  ["DELETE stats"] = function()
    local held = M.stats.held
    M.stats = new_stats()
    M.stats.held = held
    return {}
  end,
}

local function reply(status, value)
  return { status = status, headers = { ["Content-Type"] = "application/json" }, body = python.compact(value) }
end

--- Answers a request below /practice.
function M.answer(request)
  local route = routes[request.method .. " " .. (request.segments[2] or "")]
  if not route then return reply(404, { error = "no such practice route" }) end
  local body, problem = {}, nil
  if request.body and request.body ~= "" then body, problem = json.decode(request.body) end
  if type(body) ~= "table" then return reply(400, { error = tostring(problem or "an object is needed") }) end
  local ok, result, why = pcall(route, values.plain(body), request.body)
  if not ok then result, why = nil, type(result) == "table" and tostring(result.message) or tostring(result) end
  if result == nil then return reply(400, { error = why }) end
  return reply(200, result)
end

return M
