-- /practice/...: what a real site does not have. The knobs of the tests, all JSON.
--
--   POST faults       rules and webhook chances (faults.lua); GET lists them with their hits, DELETE clears them
--   POST edit         {doctype, name, values, touch_modified, user}: changes a row as SQL would; {delete: true} removes it
--   POST write        {doctype, name, values, user, delete}: saves, inserts or deletes as a colleague, with webhooks
--   POST fire         {doctype, name, event}: a webhook event without a write
--   POST clock        {skew: seconds} or {at: UTC, frozen}; answers say it as their Date
--   POST limit        {budget: seconds, window, cost}: the rate limit; {} lifts it
--   POST maintenance  {mode: "full" | "read_only" | "off"}
--   POST quiet        {quiet}: holds webhooks back
--   GET stats         requests by route, statuses, writes by DocType, webhooks; DELETE sets them to zero
--   GET writes        the newest ten thousand committed writes, in order

local documents = require "practice.frappe.documents"
local errors = require "practice.frappe.errors"
local faults = require "practice.frappe.faults"
local json = require "tidewire.json"
local limiter = require "practice.frappe.limiter"
local lifecycle = require "practice.frappe.lifecycle"
local python = require "practice.shared.python"
local schema = require "practice.frappe.schema"
local site = require "practice.frappe.site"
local store = require "practice.frappe.store"
local values = require "practice.frappe.values"
local webhooks = require "practice.frappe.webhooks"

local M = {}

M.stats = { requests = {}, statuses = {}, writes = {}, faults = 0 }
local log_of_writes, first_write = {}, 1

--- Counts a request by method and route.
function M.count_request(method, shape, status)
  local key = method .. " " .. shape
  M.stats.requests[key] = (M.stats.requests[key] or 0) + 1
  M.stats.statuses[tostring(status)] = (M.stats.statuses[tostring(status)] or 0) + 1
end

--- Counts what a commit wrote, and keeps the newest ten thousand writes.
function M.count_writes(writes, user)
  for _, write in ipairs(writes) do
    local of_type = M.stats.writes[write.doctype] or {}
    M.stats.writes[write.doctype] = of_type
    of_type[write.what] = (of_type[write.what] or 0) + 1
    log_of_writes[#log_of_writes + 1] = { doctype = write.doctype, name = write.name, what = write.what, user = user, at = site.now() }
    if #log_of_writes - first_write >= 10000 then
      log_of_writes[first_write] = nil
      first_write = first_write + 1
    end
  end
end

local function set_faults(body)
  local rules = python.is_list(body) and body or body.rules
  if body.webhooks then
    local problem = faults.check_chances(body.webhooks)
    if problem then return nil, problem end
    for name, value in pairs(body.webhooks) do webhooks.chances[name] = value end
  end
  local problem = rules and faults.set(rules) or (not rules and not body.webhooks and next(body) == nil and faults.set {})
  if problem then return nil, problem end
  return { rules = faults.list(), webhooks = webhooks.chances }
end

local function clear_faults()
  faults.set {}
  for name in pairs(webhooks.chances) do webhooks.chances[name] = name == "delay_seconds" and 1 or 0 end
  return {}
end

local function row_values(meta, given)
  local out = {}
  for key, value in pairs(given) do
    local field = meta.by_name[key]
    if value == json.null then value = nil end
    if key == "modified" or key == "creation" then out[key] = values.parse_datetime(value)
    elseif key == "owner" or key == "modified_by" or key == "docstatus" or key == "idx" then out[key] = value
    elseif field and field.kind then out[key] = { values.to_row(meta, field, values.coerce(field, value)) }
    else return nil, "unknown field '" .. key .. "' of " .. meta.name end
  end
  return out
end

--- Changes a row as SQL would: no checks, no events, and `modified` only when asked. `delete` removes it without a trace.
local function edit(body)
  local meta = schema.find(body.doctype)
  local row = meta and store.row(meta, body.name)
  if not row then return nil, "no such document" end
  if body.delete then
    for _, field in ipairs(meta.tables) do
      store.run(("DELETE FROM %s WHERE parent = ? AND parenttype = ?"):format(store.table_of(field.options)), tostring(row.name), meta.name)
    end
    store.delete_row(meta.name, row.name)
    return { deleted = true }
  end
  local changes, problem = row_values(meta, body.values or {})
  if not changes then return nil, problem end
  for key, value in pairs(changes) do
    if type(value) == "table" then row[key] = value[1] else row[key] = value end
  end
  if body.touch_modified then
    row.modified, row.modified_by = site.now(), body.user or "Administrator"
  end
  store.update_row(meta, store.key(row.name), row)
  return { modified = values.show_datetime(row.modified) }
end

--- Saves a document as another user would, with checks, events and webhooks: the colleague at the desk.
local function write(body)
  site.begin(body.user or "Administrator").unlimited = true
  store.exec "BEGIN"
  local ok, result = pcall(function()
    if body.delete then return lifecycle.delete(body.doctype, body.name) end
    if body.name and store.row(schema.get(body.doctype), body.name) then return documents.update(body.doctype, body.name, body.values or {}) end
    local data = body.values or {}
    data.name = body.name
    return documents.insert(documents.new(body.doctype, data), { keep_name = body.name ~= nil })
  end)
  local state = site.request
  if not ok then
    store.exec "ROLLBACK"
    site.request = nil
    return nil, type(result) == "table" and (result.class .. ": " .. tostring(result.message)) or tostring(result)
  end
  store.exec "COMMIT"
  webhooks.release(state.events)
  site.request = nil
  M.count_writes(state.writes or {}, body.user or "Administrator")
  return { name = result and result.name or body.name, modified = result and result.modified }
end
M.write = write

local function fire(body)
  local doc = documents.load(schema.get(body.doctype), body.name)
  if not doc then return nil, "no such document" end
  site.begin(body.user or "Administrator")
  webhooks.phantom(body.event, doc)
  webhooks.release(site.request.events)
  site.request = nil
  return {}
end

local function set_clock(body)
  site.set_clock { skew = python.to_number(body.skew), at = body.at, frozen = body.frozen }
  return { now = site.now(), utc = site.utc() }
end

local function set_limit(body)
  site.limit = { budget = python.to_number(body.budget), window = python.to_number(body.window) or 60, cost = python.to_number(body.cost) }
  limiter.reset()
  return {}
end

local function stats()
  return { requests = M.stats.requests, statuses = M.stats.statuses, writes = M.stats.writes, faults = M.stats.faults,
    webhooks = webhooks.stats, webhooks_waiting = webhooks.waiting() }
end

local function clear_stats()
  M.stats = { requests = {}, statuses = {}, writes = {}, faults = 0 }
  log_of_writes, first_write = {}, 1
  for name in pairs(webhooks.stats) do webhooks.stats[name] = 0 end
  return {}
end

local function writes()
  local out = {}
  for i = first_write, #log_of_writes do out[#out + 1] = log_of_writes[i] end
  return json.array(out)
end

local routes = {
  ["POST faults"] = set_faults, ["DELETE faults"] = clear_faults,
  ["GET faults"] = function() return { rules = faults.list(), webhooks = webhooks.chances } end,
  ["POST edit"] = edit, ["POST write"] = write, ["POST fire"] = fire, ["POST clock"] = set_clock, ["POST limit"] = set_limit,
  ["POST quiet"] = function(body)
    webhooks.quiet = body.quiet ~= false
    return { quiet = webhooks.quiet, waiting = webhooks.waiting() }
  end,
  ["POST maintenance"] = function(body)
    site.maintenance = body.mode ~= "off" and body.mode or nil
    return {}
  end,
  ["GET stats"] = stats, ["DELETE stats"] = clear_stats, ["GET writes"] = writes,
}

--- Answers a request below /practice.
function M.answer(request)
  local handler = routes[request.method .. " " .. (request.segments[2] or "")]
  if not handler then return { status = 404, headers = {}, body = "no such practice route\n" } end
  local body = {}
  if request.body and request.body ~= "" then
    local problem
    body, problem = json.decode(request.body)
    if type(body) ~= "table" then return { status = 400, headers = {}, body = tostring(problem or "an object is needed") .. "\n" } end
  end
  local ok, result, problem = pcall(handler, body)
  if not ok then result, problem = nil, type(result) == "table" and tostring(result.message) or tostring(result) end
  if result == nil then return { status = 400, headers = { ["Content-Type"] = "application/json" }, body = python.compact { error = problem } } end
  return { status = 200, headers = { ["Content-Type"] = "application/json" }, body = python.compact(result) }
end

--- The answer of a site in maintenance, nil when the request may go on.
function M.maintenance(method)
  if site.maintenance == "full" then errors.raise("SessionStopped", "Session Stopped") end
  if site.maintenance == "read_only" and method ~= "GET" and method ~= "HEAD" then
    errors.throw("InReadOnlyMode", "Site is running in read only mode for maintenance or site update, this action can not be performed right now. Please try again later.")
  end
end

return M
