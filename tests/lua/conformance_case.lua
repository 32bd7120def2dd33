--- What the parts of the conformance suite share: connections to a subject, also ones whose answers get lost, and records of its own.

local tap = require "tap"
local host = require "tidewire.host.connector"
local json = require "tidewire.json"

local array = json.array

local M = {}

function M.connect(subject, config, http, sql)
  return host(function() return require("connectors." .. subject.kind) end,
    { name = "subject", config = config, http = http, sql = sql })
end

-- The client whose next write (`what` "reads": whose reads) is carried out and whose answer is lost, or that never gets out.
function M.failing_http(how, what)
  local http = require "tidewire.http"
  return { request = function(request)
    if type(how) == "table" then return { status = how.status or 403, headers = { ["content-type"] = "application/json" }, body = json.encode(how.body) } end
    local meant = (request.once or false) == (what ~= "reads")
    if how == "throttled" then return { status = 429, headers = { ["retry-after"] = "7" }, body = "<html>Too Many Requests</html>" } end
    if meant and how == "refused" then return nil, { code = "unavailable", message = "connection refused" } end
    if meant and how == "login" then return { status = 200, headers = { ["content-type"] = "text/html" }, body = "<html>Sign in</html>" } end
    if meant and how == "moved" then return { status = 404, headers = {}, body = "<html>Not Found</html>" } end
    local response, err = http.request(request)
    if not meant or not response then return response, err end
    if how == "lost" then return nil, { code = "unknown", message = "connection lost" } end
    if how == "html" then return { status = 502, headers = {}, body = "<html>Bad Gateway</html>" } end
    if how == "cut" then return { status = response.status, headers = response.headers, body = response.body:sub(1, -2) } end
    if how == "bytes" then return { status = response.status, headers = response.headers, body = '["\255\254", ' .. response.body .. "]" } end
    return response
  end }
end

-- The same of a database.
function M.failing_sql(subject, how, reads)
  if not subject.open then return nil end
  local function unlucky(run)
    return function(_, what, parameters, options)
      if type(how) == "table" then return nil, { code = "denied", message = how.message } end
      local writes = ((options or parameters or {}).write or false) == (reads ~= "reads")
      if writes and reads == "reads" then return nil, { code = "unavailable", message = "connection lost" } end
      if writes and how == "refused" then return nil, { code = "unavailable", message = "connection refused" } end
      local rows, affected = run(what, parameters, options)
      if not writes or not rows then return rows, affected end
      return nil, { code = "unknown", message = "connection lost" }
    end
  end
  return function(conn)
    local db = subject.open(conn)
    return { query = unlucky(function(...) return db:query(...) end),
      transaction = unlucky(function(statements, options) return db:transaction(statements, options) end) }
  end
end

function M.copy(values, changes)
  local all = {}
  for name, value in pairs(values) do all[name] = value end
  for name, value in pairs(changes or {}) do all[name] = value end
  return all
end

local serial = 0
function M.next_number()
  serial = serial + 1
  return serial
end

function M.must(value, err)
  if value == nil then error("failed: " .. tostring(err and err.code) .. ": " .. tostring(err and err.message), 2) end
  return value
end

-- Where the connector neither makes nor deletes, others do it: another connection to the same system.
local function with_others(functions, others)
  if not others then return functions end
  local people = M.connect(others, others.config).functions
  return setmetatable({}, { __index = function(_, name)
    if name == "create" or name == "delete" then return function(_, ...) return people[name](others.collection, ...) end end
    return functions[name]
  end })
end

--- A subject, a connection to it (`call`, `able`) and what makes and reads its records.
function M.world(subject)
  local side = M.connect(subject, subject.config)
  local call, collection = with_others(side.functions, subject.others), subject.collection
  local function create(values, key)
    local outcomes = M.must(call.create(collection, array { { values = values, key = key } }))
    if outcomes[1].error then error("create: " .. tostring(outcomes[1].error.message), 2) end
    return outcomes[1].record
  end
  local function read(key) return M.must(call.read(collection, array { key }))[1] end
  local function new(changes) return read(create(M.copy(subject.make(M.next_number()), changes)).key) end
  local function fails(code, value, err, what)
    tap.equal(value, nil, what)
    tap.equal(err and err.code, code, what or err and err.message)
    return err
  end

  return { subject = subject, call = call, able = side.capabilities, collection = collection, create = create, read = read, new = new, fails = fails }
end

return M
