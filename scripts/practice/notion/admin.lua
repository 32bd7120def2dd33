-- /practice/...: what a test tells the server and asks it. None of it exists at Notion.
--
--   POST fixture    see fixture.lua; answers the ids of the pages made
--   POST edit       { page, properties, in_trash, user }: a person's edit. { create = data source, properties, count } makes pages.
--                   { page, purge = true } | { page, move = data source } | { page, duplicate = true } | { page, shared = false }
--   POST stamp      { page, created, edited }: sets its times, unseen
--   POST schema     { data_source, properties }: renames, removals, other types, as PATCH /v1/data_sources takes them; { shared = false }
--   POST faults     a rule of faults.lua, or a list; GET, DELETE
--   POST webhooks   a subscription of hooks.lua; GET; DELETE.  POST verify { token };  POST greet { id }
--   POST settings   { token, max_rows, exact_times, case_sensitive, split_runs, short_pages, restore_lag, quiet_blocks, rate, window }
--   POST clock      { skew = seconds } | { at = UTC, frozen }; answers say it as their Date
--   GET  stats      counts since the start or the last DELETE stats;  GET idle: 200 when every event was tried, else 409
local json = require "tidewire.json"
local errors = require "practice.notion.errors"
local fixture = require "practice.notion.fixture"
local ids = require "practice.notion.ids"
local pages = require "practice.notion.pages"
local spaces = require "practice.notion.spaces"

local M = {}
local routes = {}

--- Counts from zero.
function M.new_stats()
  return { requests = 0, by_route = json.object {}, by_status = json.object {}, faults = 0, webhooks_queued = 0, webhooks_sent = 0, webhooks_failed = 0 }
end

--- Counts one request.
function M.count(state, method, route, status)
  local stats, name, code = state.stats, method .. " " .. route, tostring(status)
  stats.requests = stats.requests + 1
  stats.by_route[name] = (stats.by_route[name] or 0) + 1
  stats.by_status[code] = (stats.by_status[code] or 0) + 1
end

local function plain(value)
  return type(value) == "userdata" and value ~= json.null and value:number() or value
end

local function page_of(state, text)
  local page = state.store.pages[ids.read(text) or ""]
  if not page then error("no page " .. tostring(text), 0) end
  return page
end

local function make(state, it)
  local source, made = spaces.source(state, it.create), json.array {}
  for i = 1, it.count or 1 do made[i] = pages.create(state, source, it.properties or {}, it.user or state.person).id end
  return { pages = made }
end

routes["POST edit"] = function(state, it)
  if it.create then return make(state, it) end
  local page, user = page_of(state, it.page), it.user or state.person
  if it.purge then
    state.store.purge("pages", page.id)
  elseif it.move then
    pages.move(state, page, spaces.source(state, it.move), user)
  elseif it.duplicate then
    return { page = pages.duplicate(state, page, user).id }
  elseif it.shared ~= nil then
    page.unshared = not it.shared
    state.store.keep("pages", page)
  else
    pages.update(state, page, it, user)
  end
  return { page = page.id }
end

routes["POST stamp"] = function(state, it)
  local page = page_of(state, it.page)
  page.created, page.edited = it.created or page.created, it.edited or page.edited
  state.store.keep("pages", page)
  return { page = page.id }
end

routes["POST schema"] = function(state, it)
  local source = state.store.sources[ids.read(it.data_source) or ""]
  if not source then error("no data source " .. tostring(it.data_source), 0) end
  if it.shared ~= nil then source.unshared = not it.shared end
  spaces.change_source(state, source, it, state.person)
  return { data_source = source.id }
end

routes["POST fixture"] = fixture.load

routes["POST faults"] = function(state, it)
  local problem = state.faults.set(json.is_array(it) and it or { it })
  if problem then error(problem, 0) end
  return state.faults.list()
end
routes["GET faults"] = function(state) return state.faults.list() end
routes["DELETE faults"] = function(state)
  state.faults.set {}
  return {}
end

routes["POST webhooks"] = function(state, it)
  if not it.url then error("a subscription needs a url", 0) end
  for name, value in pairs(it) do it[name] = plain(value) end
  return { id = state.hooks.add(it).id }
end
routes["GET webhooks"] = function(state) return state.hooks.all() end
routes["DELETE webhooks"] = function(state)
  state.hooks.clear()
  return {}
end
routes["POST verify"] = function(state, it)
  local hook = state.hooks.verify(it.token)
  if not hook then error("no subscription has this token", 0) end
  return { id = hook.id }
end
routes["POST greet"] = function(state, it)
  state.hooks.greet(it.id)
  return {}
end

local settings = { token = true, max_rows = true, exact_times = true, case_sensitive = true, split_runs = true, short_pages = true, restore_lag = true,
  quiet_blocks = true }

routes["POST settings"] = function(state, it)
  for name, value in pairs(it) do
    if settings[name] then state[name] = plain(value)
    elseif name ~= "rate" and name ~= "window" then error("no setting " .. name, 0) end
  end
  if it.rate ~= nil then state.limiter.set { rate = it.rate ~= json.null and it.rate or nil, window = plain(it.window) } end
  return {}
end

routes["POST clock"] = function(state, it)
  state.clock.set { skew = plain(it.skew), at = it.at, frozen = it.frozen }
  return { now = state.clock.utc() }
end

routes["GET stats"] = function(state) return state.stats end
routes["DELETE stats"] = function(state)
  for name, value in pairs(M.new_stats()) do state.stats[name] = value end
  return {}
end

local function reply(status, value)
  return { status = status, headers = { ["Content-Type"] = "application/json" }, body = json.encode(value) }
end

--- The answer to /practice/NAME.
function M.answer(state, request)
  local name = request.method .. " " .. (request.segments[2] or "")
  if name == "GET idle" then
    local waiting = state.hooks.waiting()
    return reply(waiting == 0 and 200 or 409, { waiting = waiting })
  end
  local route = routes[name]
  if not route then return reply(404, { message = "no practice route " .. name }) end
  local it = json.object {}
  if request.body ~= "" then
    it = json.decode(request.body)
    if type(it) ~= "table" then return reply(400, { message = "the body is no JSON" }) end
  end
  local ok, result = pcall(route, state, it)
  if ok then return reply(200, next(result) == nil and json.object {} or result) end
  return reply(400, { message = errors.is_fault(result) and result.message or tostring(result) })
end

return M
