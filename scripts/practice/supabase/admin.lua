-- /practice/...: what a test tells the server and asks it.
--
--   POST tables     a fixture: { enums, tables, functions, rows = { table = [ ... ] } }
--   POST alter      { table, add = column | drop = name | rename = { from, to } }
--   POST schema     { hold = true }: what is new stays unseen; { reload = true }
--   POST webhooks   { table, events, url, headers, secret, timeout, duplicate, drop, reorder, delay }; GET, DELETE
--   POST faults     a rule of faults.lua, or a list, instead of those before; GET, DELETE
--   POST edit       { table, insert = rows } | { table, query, set = values } | { table, query, delete = true };
--                   silent (no webhooks) unless `webhooks`; `touch = false` leaves updated_at; `hold` seconds
--   POST keys       { service, anon }: rotates keys
--   POST settings   { max_rows, safeupdate, legacy, allow_rollback, max_url }
--   POST clock      { advance = seconds, freeze = true | iso, reset = true }; answers say it as their Date
--   GET  storage    the paths in each bucket
--   GET  stats      counts since the start or the last DELETE stats
--   GET  idle       200 when every webhook has been tried, else 409
local json = require "tidewire.json"
local task = require "tidewire.task"
local words = require "tidewire.text"
local api = require "practice.supabase.api"
local change = require "practice.supabase.change"
local errors = require "practice.supabase.errors"
local insert = require "practice.supabase.insert"
local query = require "practice.supabase.query"
local rules = require "practice.shared.rules"
local text_json = require "practice.supabase.json"

local M = {}
local routes = {}

-- Fractions as numbers and null as absent: nothing here is exact, and rows are taken from the text itself.
local function plain(value)
  if value == json.null then return nil end
  if type(value) == "userdata" then return tonumber(tostring(value)) end
  if type(value) ~= "table" then return value end
  for key, item in pairs(value) do value[key] = plain(item) end
  return value
end

local function decode(text)
  local value, err = json.decode(text)
  if value == nil then return nil, err end
  return plain(value)
end

local function reply(status, value)
  return { status = status, headers = { ["Content-Type"] = "application/json" }, body = json.encode(value) }
end

local function edit_request(state, method, it, body)
  local request = api.new_request(state, "service_role", method, query.pairs(it.query or ""), {}, body)
  request.query, request.prefer, request.accept = query.parse(request.parameters), { ["return"] = "minimal" }, "json"
  request.safeupdate, request.silent, request.untouched = false, not it.webhooks, it.touch == false
  return request
end

--- Writes as service_role without PostgREST's manners. `raw` is the JSON of the edit, whose rows keep their digits.
local function edit(state, it, raw)
  local relation = state.catalog.relations[it.table or ""]
  if not relation then return reply(404, { message = "no table " .. tostring(it.table) }) end
  local slices = text_json.object(raw)
  local method = slices.insert and "POST" or slices.set and "PATCH" or "DELETE"
  local request = edit_request(state, method, it, slices.insert or slices.set or "")
  local work = { POST = insert.post, PATCH = change.patch, DELETE = change.delete }
  if it.hold then
    request.xid()
    task.sleep(it.hold)
  end
  local answer = api.transaction(request, function() return work[method](request, relation) end)
  return reply(200, { status = answer.status, counted = request.counted })
end

--- Declares a fixture and inserts its rows. `raw` is its JSON.
function M.load(state, raw)
  local fixture, err = decode(raw)
  if not fixture then error("fixture: " .. tostring(err), 0) end
  state.catalog:declare(fixture)
  local rows = text_json.object(raw).rows
  if not rows then return end
  local slices, names = text_json.object(rows)
  for _, name in ipairs(names) do
    edit(state, { table = name }, ('{"insert":%s}'):format(slices[name]))
  end
end

routes["POST tables"] = function(state, _, raw)
  M.load(state, raw)
  return reply(200, { tables = state.catalog.order })
end

routes["POST alter"] = function(state, it)
  state.catalog:alter(it)
  return reply(200, { altered = it.table })
end

routes["POST schema"] = function(state, it)
  if it.hold then state.catalog:hold() end
  if it.reload then state.catalog:reload() end
  return reply(200, { held = state.catalog.stale == true })
end

local hook_kinds = { table = "text", events = "texts", url = "text", headers = "table", secret = "text", timeout = "seconds", duplicate = "chance",
  drop = "chance", reorder = "chance", delay = "seconds" }
local event_kinds = { INSERT = "yes", UPDATE = "yes", DELETE = "yes" }

-- An error text, or nil.
local function check_hook(state, it)
  local problem = rules.check(it, hook_kinds, "webhook")
  if problem then return problem end
  if not it.table or not it.url then return "a webhook needs table and url" end
  if not state.catalog.relations[it.table] then return ("no table '%s'%s"):format(it.table, words.did_you_mean(it.table, state.catalog.order)) end
  local events = type(it.events) == "string" and { it.events } or it.events
  local named = {}
  for _, event in ipairs(events or {}) do named[tostring(event):upper()] = true end
  it.events = events
  return rules.check(named, event_kinds, "events of the webhook")
end

routes["POST webhooks"] = function(state, it)
  local problem = check_hook(state, it)
  if problem then return reply(400, { message = problem }) end
  return reply(200, { id = state.hooks.add(it) })
end

routes["GET webhooks"] = function(state)
  return reply(200, json.array(state.hooks.all()))
end

routes["DELETE webhooks"] = function(state)
  state.hooks.clear()
  return reply(200, json.object {})
end

routes["POST faults"] = function(state, it)
  local problem = state.faults.set(json.is_array(it) and it or { it })
  if problem then return reply(400, { message = problem }) end
  return reply(200, state.faults.list())
end

routes["GET faults"] = function(state)
  return reply(200, state.faults.list())
end

routes["DELETE faults"] = function(state)
  state.faults.set {}
  return reply(200, json.object {})
end

routes["POST edit"] = edit

routes["POST keys"] = function(state, it)
  state.set_keys(it.service or state.service_key, it.anon or state.anon_key)
  return reply(200, json.object {})
end

local setting_kinds = { max_rows = "count", safeupdate = "yes", legacy = "yes", allow_rollback = "yes", max_url = "count" }

routes["POST settings"] = function(state, it)
  local problem = rules.check(it, setting_kinds, "settings")
  if problem then return reply(400, { message = problem }) end
  for name, value in pairs(it) do state[name] = value end
  return reply(200, json.object {})
end

routes["POST clock"] = function(state, it)
  return reply(200, state.clock.set(it))
end

routes["GET stats"] = function(state)
  return reply(200, state.stats)
end

routes["DELETE stats"] = function(state)
  state.reset_stats()
  return reply(200, json.object {})
end

routes["GET storage"] = function(state)
  local buckets = json.object {}
  for name, bucket in pairs(state.storage.buckets) do
    local paths = json.array {}
    for path in pairs(bucket.objects) do paths[#paths + 1] = path end
    table.sort(paths)
    buckets[name] = paths
  end
  return reply(200, buckets)
end

routes["GET idle"] = function(state)
  local waiting = state.hooks.waiting()
  return reply(waiting == 0 and 200 or 409, { waiting = waiting })
end

--- The answer to /practice/NAME.
function M.answer(state, method, name, body)
  local route = routes[method .. " " .. (name or "")]
  if not route then return reply(404, { message = ("no route %s /practice/%s"):format(method, name or "") }) end
  local it = json.object {}
  if method == "POST" then
    local err
    it, err = decode(body)
    if not it then return reply(400, { message = tostring(err) }) end
  end
  local ok, answer = pcall(route, state, it, body)
  if ok then return answer end
  if errors.is_fault(answer) then return errors.answer(answer, "service_role", false) end
  return reply(400, { message = tostring(answer) })
end

return M
