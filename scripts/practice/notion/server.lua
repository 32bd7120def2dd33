-- The server as a whole: its options and state, and one HTTP request from the wire to the answer.
local json = require "tidewire.json"
local practice = require "tidewire.practice"
local admin = require "practice.notion.admin"
local arguments = require "practice.shared.options"
local clock = require "practice.shared.clock"
local errors = require "practice.notion.errors"
local faults = require "practice.notion.faults"
local fixture = require "practice.notion.fixture"
local hooks = require "practice.notion.hooks"
local ids = require "practice.notion.ids"
local limiter = require "practice.notion.limiter"
local routes = require "practice.notion.routes"
local server = require "tidewire.server"
local store = require "practice.notion.store"
local uploads = require "practice.notion.uploads"

local M = {}

local known = { "port", "db", "fixture", "token", "rate", "window", "max-rows", "exact-times", "case-sensitive", "short-pages",
  "split-runs", "restore-lag", "quiet-blocks", "webhook-interval", "seed" }
local versions = { ["2022-06-28"] = true, ["2025-09-03"] = true, ["2026-03-11"] = true }
local longest_body = 500 * 1024

--- The state that the command line asks for.
function M.new(options)
  arguments.check("notion", options, known)
  local state = { stats = admin.new_stats(), clock = clock.new(), faults = faults.new(), cursors = {} }
  state.token = options.token or "secret_practice"
  state.max_rows = tonumber(options["max-rows"]) or 10000
  state.exact_times, state.case_sensitive = arguments.is_on(options["exact-times"]), arguments.is_on(options["case-sensitive"])
  state.split_runs, state.short_pages = arguments.is_on(options["split-runs"]), tonumber(options["short-pages"]) or 0
  state.quiet_blocks = arguments.is_on(options["quiet-blocks"])
  state.restore_lag = tonumber(options["restore-lag"]) or 0
  state.limiter = limiter.new(tonumber(options.rate), tonumber(options.window))
  state.store = store.open(options.db or ":memory:")
  state.hooks = hooks.new(state, tonumber(options["webhook-interval"]) or 0.1)
  fixture.found(state)
  if options.fixture then fixture.load(state, assert(json.decode(assert(practice.read(options.fixture))))) end
  return state
end

local function check_head(state, request)
  if (request.headers.authorization or ""):match "^[Bb]earer%s+(.*)$" ~= state.token then
    errors.raise(401, "unauthorized", "API token is invalid.")
  end
  local version = request.headers["notion-version"]
  if not version then
    errors.raise(400, "missing_version", "body failed validation: Notion-Version header should be defined, instead was `undefined`.")
  end
  if not versions[version] then
    errors.raise(400, "missing_version", ("Notion-Version header should be a known version, instead was `%s`."):format(version))
  end
  return version
end

local function read_body(request)
  if request.method == "GET" or request.method == "DELETE" or request.body == "" then return json.object {} end
  if #request.body > longest_body then errors.validation("body failed validation: body.length should be ≤ `%d`, instead was `%d`.", longest_body, #request.body) end
  local body = json.decode(request.body)
  if type(body) ~= "table" then errors.raise(400, "invalid_json", "Error parsing JSON body.") end
  return body
end

local function work(state, request, request_id)
  local ok, result = pcall(function()
    local version = check_head(state, request)
    state.limiter.admit()
    local body = uploads.is_sent(request.segments) and json.object {} or read_body(request)
    return routes.answer(state, { method = request.method, segments = request.segments, query = request.query, query_string = request.query_string,
      body = body, version = version, user = state.bot, raw = request.body, content_type = request.headers["content-type"] })
  end)
  if ok then return { status = 200, headers = { ["Content-Type"] = "application/json; charset=utf-8" }, body = json.encode(result) } end
  if errors.is_fault(result) then return errors.answer(result, request_id) end
  error(result, 0)
end

local function serve(state, request, request_id)
  if request.segments[1] ~= "v1" then return { status = 404, headers = {}, body = "" } end
  local rule = state.faults.pick(request, "/" .. table.concat(request.segments, "/"), { route = routes.name(request.segments) })
  if not rule then return work(state, request, request_id) end
  state.stats.faults = state.stats.faults + 1
  local function do_it() return work(state, request, request_id) end
  return faults.before(rule, request_id, do_it) or faults.after(rule, do_it(), request_id)
end

--- The answer to one HTTP request.
function M.answer(state, request)
  if request.segments[1] == "practice" then return admin.answer(state, request) end
  state.address = request.headers.host and "http://" .. request.headers.host or state.address
  if request.segments[1] == "files" then return uploads.served(state, request) end
  local request_id = ids.new()
  local answer = serve(state, request, request_id)
  admin.count(state, request.method, routes.name(request.segments), answer == server.drop and "dropped" or answer.status)
  if answer == server.drop then return answer end
  answer.headers["x-notion-request-id"] = answer.headers["cf-ray"] == nil and request_id or nil
  return answer
end

return M
