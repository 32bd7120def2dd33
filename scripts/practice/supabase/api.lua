-- One request as PostgREST answers it: in one transaction, which a fault undoes.
local task = require "tidewire.task"
local text = require "tidewire.text"
local change = require "practice.supabase.change"
local embed = require "practice.supabase.embed"
local errors = require "practice.supabase.errors"
local hooks_of = require "practice.supabase.hooks"
local insert = require "practice.supabase.insert"
local openapi = require "practice.supabase.openapi"
local prefer = require "practice.supabase.prefer"
local query = require "practice.supabase.query"
local read = require "practice.supabase.read"
local rows_of = require "practice.supabase.rows"
local rpc = require "practice.supabase.rpc"

local M = {}

local writes = { POST = insert.post, PATCH = change.patch, PUT = insert.put, DELETE = change.delete }

--- A request to the tables of `state`, as all modules here take it.
function M.new_request(state, role, method, parameters, headers, body)
  local request = { state = state, db = state.db, catalog = state.catalog, hooks = state.hooks, legacy = state.legacy,
    safeupdate = state.safeupdate, max_rows = state.max_rows, role = role, method = method, parameters = parameters,
    headers = headers, body = body, effects = {}, counted = {}, clock = state.clock.now, now = state.clock.now() }

  function request.xid()
    request.its_xid = request.its_xid or state.catalog:next_xid()
    return request.its_xid
  end

  function request.query_rows(sql, builder)
    local rows, err = state.db:query(sql, unpack(builder.params, 1, builder.n))
    if not rows then error(errors.pg("XX000", tostring(err))) end
    return rows
  end

  function request.applied(name, count)
    request.counted[name] = (request.counted[name] or 0) + count
  end

  return request
end

local function unknown_table(request, name)
  if request.legacy then
    if request.method == "POST" or request.method == "PATCH" or request.method == "PUT" then
      local it = errors.pgrst("000", 404, "")
      it.empty = true
      error(it)
    end
    error(errors.pg("42P01", ('relation "public.%s" does not exist'):format(name)))
  end
  local guess = text.did_you_mean(name, request.catalog.order):match("'(.*)'")
  error(errors.pgrst("205", 404, ("Could not find the table 'public.%s' in the schema cache"):format(name), nil,
    guess and ("Perhaps you meant the table 'public.%s'"):format(guess) or nil))
end

local function no_path(request)
  local it = errors.pgrst("125", 404, "Invalid path specified in request URL")
  it.empty = request.legacy
  error(it)
end

local function relation_of(request, name)
  local relation = request.catalog.relations[name]
  local hidden = relation and relation.pending
  -- Before 13 reads did not ask the schema cache.
  if hidden and request.legacy and (request.method == "GET" or request.method == "HEAD") then hidden = false end
  if not relation or hidden then unknown_table(request, name) end
  return relation
end

local function check_profile(request)
  local reading = request.method == "GET" or request.method == "HEAD"
  local profile = request.headers[reading and "accept-profile" or "content-profile"]
  if not profile or profile == "public" then return profile end
  if request.legacy then
    error(errors.pgrst("106", 406, "The schema must be one of the following: public"))
  end
  error(errors.pgrst("106", 406, "Invalid schema: " .. profile, nil, "Only the following schemas are exposed: public"))
end

-- Triggers that log write inside the same transaction.
local function run_log_triggers(request)
  for name, list in pairs(hooks_of.logged(request, request.effects)) do
    local inner = M.new_request(request.state, "service_role", "POST", {}, request.headers, "")
    inner.query, inner.prefer, inner.its_xid, inner.now = { filters = {}, logic = {} }, {}, request.xid(), request.now
    insert.store(inner, request.catalog.relations[name], list, list.names)
    for _, effect in ipairs(inner.effects) do table.insert(request.effects, effect) end
  end
end

--- Runs `work(request)` in a transaction that its fault, or a preferred rollback, undoes. Returns its answer.
function M.transaction(request, work)
  local db = request.db
  assert(db:exec("BEGIN"))
  local ok, answer = pcall(function()
    local out = work(request)
    run_log_triggers(request)
    return out
  end)
  if not ok or request.prefer.tx == "rollback" then
    assert(db:exec("ROLLBACK"))
    if not ok then error(answer, 0) end
    return answer
  end
  assert(db:exec("COMMIT"))
  request.committed = true
  local stats = request.state.stats
  for name, count in pairs(request.counted) do stats.rows_written[name] = (stats.rows_written[name] or 0) + count end
  if not request.silent then request.hooks.emit(request.effects) end
  return answer
end

-- A held write has its transaction's time and numbers from now and becomes visible later.
local function hold(request, relation, seconds)
  request.xid()
  if request.method == "POST" then
    local _, rows = request.body:gsub("{", "")
    for _, column in ipairs(relation.columns) do
      if column.identity then insert.reserve(request, relation.base or relation, rows) end
    end
  end
  task.sleep(seconds)
end

local function root(request)
  if request.role == "anon" and not request.legacy then
    error(errors.pg("42501", "Access to schema is forbidden"))
  end
  local body = request.method == "HEAD" and "" or openapi.document(request)
  return { status = 200, body = body, headers = { ["Content-Type"] = "application/openapi+json; charset=utf-8" } }
end

local function on_table(request, name, action)
  if request.method == "OPTIONS" then
    relation_of(request, name)
    return { status = 200, body = "", headers = { Allow = "OPTIONS,GET,HEAD,POST,PUT,PATCH,DELETE",
      ["Access-Control-Allow-Origin"] = "*" } }
  end
  request.query = query.parse(request.parameters)
  local relation = relation_of(request, name)
  request.location = "/" .. name
  request.plan = embed.plan(request, relation)
  if request.method == "GET" or request.method == "HEAD" then
    rows_of.need_right(request, relation, "select")
    return read.page(request, relation)
  end
  local work = writes[request.method]
  if not work then error(errors.pgrst("117", 405, "Unsupported HTTP method: " .. request.method)) end
  if action and action.hold then hold(request, relation, action.hold) end
  return M.transaction(request, function() return work(request, relation) end)
end

local function on_function(request, name)
  if request.method ~= "GET" and request.method ~= "HEAD" and request.method ~= "POST" then
    error(errors.pgrst("101", 405, "Cannot use the " .. request.method .. " method on RPC"))
  end
  request.query = query.parse(request.method == "POST" and request.parameters or {})
  if request.method ~= "POST" then return rpc.call(request, name) end
  return M.transaction(request, function() return rpc.call(request, name) end)
end

local function dispatch(request, segments, action)
  request.prefer = prefer.parse(request.headers.prefer, request.legacy)
  if not request.state.allow_rollback then request.prefer.tx = nil end
  local profile = check_profile(request)
  request.accept = prefer.accept(request.headers.accept, request.legacy)
  local answer
  if #segments == 0 then answer = root(request)
  elseif segments[1] == "rpc" and #segments == 2 then answer = on_function(request, segments[2])
  elseif #segments == 1 then answer = on_table(request, segments[1], action)
  else no_path(request) end
  answer.headers["Content-Profile"] = profile
  if request.method == "HEAD" then answer.body = "" end
  return answer
end

--- The answer to `request` for the path segments behind /rest/v1. `action` is the fault rule that is due, if any.
function M.answer(request, segments, action)
  local ok, result = pcall(dispatch, request, segments, action)
  if ok then return result end
  if not errors.is_fault(result) then error(result, 0) end
  local answer = errors.answer(result, request.role, request.legacy)
  if request.method == "HEAD" then answer.body = "" end
  return answer
end

return M
