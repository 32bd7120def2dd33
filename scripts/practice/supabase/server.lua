-- The server as a whole: its options and state, and one HTTP request from the wire to the answer.
local practice = require "tidewire.practice"
local sqlite = require "tidewire.sqlite"
local admin = require "practice.supabase.admin"
local api = require "practice.supabase.api"
local arguments = require "practice.shared.options"
local catalog = require "practice.supabase.catalog"
local clock = require "practice.supabase.clock"
local errors = require "practice.supabase.errors"
local faults = require "practice.supabase.faults"
local gateway = require "practice.supabase.gateway"
local hooks = require "practice.supabase.hooks"
local query = require "practice.supabase.query"
local storage = require "practice.supabase.storage"

local M = {}

local known = { "port", "db", "fixture", "service-key", "anon-key", "jwt-secret", "legacy", "max-rows", "max-url",
  "safeupdate", "allow-rollback", "webhook-interval", "seed" }

local function new_stats()
  return { requests = 0, by_method = {}, by_table = {}, by_status = {}, rows_written = {}, webhooks_queued = 0,
    webhooks_sent = 0, webhooks_failed = 0 }
end

local function reset(stats)
  for name, value in pairs(new_stats()) do stats[name] = value end
  stats.webhook_error = nil
end

--- The state that the command line asks for.
function M.new(options)
  arguments.check("supabase", options, known)
  local state = { stats = new_stats(), clock = clock.new(), faults = faults.new() }
  state.db = assert(sqlite.open(options.db or ":memory:"))
  state.legacy = arguments.is_on(options.legacy, false)
  state.safeupdate = arguments.is_on(options.safeupdate, true)
  state.allow_rollback = arguments.is_on(options["allow-rollback"], false)
  state.max_rows = tonumber(options["max-rows"]) or 1000
  state.max_url = tonumber(options["max-url"]) or 50 * 1024
  state.jwt_secret = options["jwt-secret"] or "practice-practice-practice-practice"
  state.hooks = hooks.new(state.stats, tonumber(options["webhook-interval"]) or 0.1)

  function state.set_keys(service, anon)
    state.service_key, state.anon_key = service, anon
    state.keys = { [service] = "service_role", [anon] = "anon" }
  end

  function state.reset_stats()
    reset(state.stats)
  end

  state.set_keys(options["service-key"] or "sb_secret_practice", options["anon-key"] or "sb_publishable_practice")
  state.catalog = catalog.open(state.db)
  state.storage = storage.new()
  if options.fixture then admin.load(state, assert(practice.read(options.fixture))) end
  return state
end

local function count(map, name)
  map[name] = (map[name] or 0) + 1
end

local function plain(status, message)
  return { status = status, headers = { ["Content-Type"] = "text/plain" }, body = message }
end

local function json_message(status, message)
  return { status = status, headers = { ["Content-Type"] = "application/json" }, body = ('{"message":"%s"}'):format(message) }
end

-- The gateway consumes its own parameter.
local function take_key(parameters)
  for i, pair in ipairs(parameters) do
    if pair[1] == "apikey" then
      table.remove(parameters, i)
      return pair[2]
    end
  end
end

local function rest(state, request, segments, action)
  local parameters = query.pairs(request.query_string)
  local ok, role, refusal = pcall(gateway.role, state, request.headers, take_key(parameters))
  if not ok then
    if errors.is_fault(role) then return errors.answer(role, "anon", state.legacy) end
    error(role, 0)
  end
  if not role then return refusal end
  local it = api.new_request(state, role, request.method, parameters, request.headers, request.body)
  return api.answer(it, segments, action)
end

local function routed(state, request)
  if #request.target > state.max_url then return plain(400, "Bad Request") end
  local segments = request.segments
  local stores = segments[1] == "storage" and segments[2] == "v1"
  if not stores and (segments[1] ~= "rest" or segments[2] ~= "v1") then return json_message(404, "no Route matched with those values") end
  local action = state.faults.pick(request, request.path, {})
  if action then
    local answer = faults.before(action)
    if answer then return answer end
  end
  if stores then
    local answer = storage.answer(state, request)
    return action and faults.after(action, answer) or answer
  end
  local rest_of = { unpack(segments, 3) }
  count(state.stats.by_table, rest_of[1] == "rpc" and "rpc/" .. tostring(rest_of[2]) or rest_of[1] or "/")
  local answer = rest(state, request, rest_of, action)
  return action and faults.after(action, answer) or answer
end

--- The answer to one HTTP request.
function M.answer(state, request)
  if request.segments[1] == "practice" then
    return admin.answer(state, request.method, request.segments[2], request.body)
  end
  state.stats.requests = state.stats.requests + 1
  count(state.stats.by_method, request.method)
  local answer = routed(state, request)
  if answer.status then count(state.stats.by_status, ("%d"):format(answer.status)) end
  return answer
end

return M
