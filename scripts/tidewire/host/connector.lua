--- Loads a connector and checks a connection's options against what the connector declares.
---
--- The endpoint calls the functions by number; each is bound to `conn`, so that only plain values cross.

local json = require "tidewire.json"
local text = require "tidewire.text"
local url = require "tidewire.url"
local connector = require "tidewire.connector"
local files = require "tidewire.files"
local hash = require "tidewire.hash"
local time = require "tidewire.time"
local duration = require "tidewire.host.duration"

local given = connector.given

-- Every kind understands these.
local common = {
  limits = { type = "table", keys = { "rate", "parallel", "batch", "inbound", "max_file_size" } },
  timeout = { type = "duration" },
  webhook = { type = "table", keys = { "header", "secret", "hmac", "encoding", "prefix" } },
}

local verbs = { "test", "accept", "catalog", "describe", "read", "list", "count", "start", "changes", "find", "create", "update", "update_many", "delete", "trash", "put_back",
  "download", "has_file", "file_marks", "upload", "webhook", "listen", "unlisten", "install", "uninstall" }
local needed = { "describe", "read", "list" }
local members = { "kind", "config", "collections", "capabilities", "proof", "payload", "verbs", "owners" }
local capabilities = { "guarded_writes", "guarded_deletes", "version_covers", "ordered_versions", "payload", "answer",
  "bulk_read", "bulk_find", "bulk_create", "bulk_update", "client_keys", "incarnation", "absence_proves_delete", "settle",
  "time_resolution", "overlap", "delete_events", "poll_deletes", "listens", "page_reads" }

local function names_of(...)
  local names = {}
  for _, set in ipairs { ... } do
    for name in pairs(set) do names[#names + 1] = name end
  end
  table.sort(names)
  return names
end

local function check_name(what, name, known)
  for _, one in ipairs(known) do
    if one == name then return end
  end
  name = tostring(name)
  error(what .. ": unknown option '" .. name .. "'" .. text.did_you_mean(name, known), 0)
end

local checks = {
  url = function(value) return type(value) == "string" and value:match "^https?://[^/%s]+[^%s]*$" and value end,
  text = function(value) return type(value) == "string" and value end,
  number = function(value) return type(value) == "number" and value end,
  boolean = function(value) if type(value) == "boolean" then return value end end,
  table = function(value) return type(value) == "table" and value end,
  duration = function(value)
    local milliseconds = duration.milliseconds(value)
    return milliseconds and milliseconds / 1000
  end,
}

local expected = { url = "an address that begins with http:// or https://", duration = "seconds or a text such as \"30s\"" }

-- Nil and why, where it is none.
local function zone_of(value)
  if type(value) ~= "string" then return nil, "an IANA name such as \"Europe/Berlin\"" end
  local known, err = time.to_local("2024-05-01T00:00:00Z", value)
  return known and value or nil, not known and err.message or nil
end

local function is_secret(value)
  if type(value) == "table" then return #value > 0 and type(value[1]) == "string" end
  return type(value) == "string" and value ~= ""
end

-- What stands between the scheme and the path. The last @ ends what the client takes for the login, or the first: which of them is told then
-- is a part of the password.
local function check_login(what, address)
  local authority = type(address) == "string" and address:match "^%w[%w+.-]*://([^/?#]*)"
  if authority and select(2, authority:gsub("@", "@")) > 1 then error(what .. ": the password has an @ in it: write it %40", 0) end
end

-- An address that was copied with a path of the system's own.
local function check_path(what, name, value, without)
  local path = value:match "^%w+://[^/]*([^?#]*)" .. "/"
  for _, own in ipairs(without or {}) do
    if path:find(own .. "/", 1, true) then error(("%s: '%s' is the site's address without a path: take %s and what follows it away"):format(what, name, own), 0) end
  end
end

local function checked(what, name, rule, value)
  if rule.type == "url" or rule.address then
    for _, one in ipairs(type(value) == "table" and value or { value }) do check_login(what, one) end
  end
  if rule.secret then
    if not is_secret(value) then error(what .. ": '" .. name .. "' must be a secret, or a list of two", 0) end
    return value
  end
  if rule.options then
    for _, option in ipairs(rule.options) do
      if option == value then return value end
    end
    error(what .. ": '" .. name .. "' must be one of " .. table.concat(rule.options, ", "), 0)
  end
  if rule.type == "zone" then
    local zone, why = zone_of(value)
    if not zone then error(what .. ": '" .. name .. "' must be a time zone: " .. why, 0) end
    return zone
  end
  if not rule.type or rule.type == "any" then return value end
  if not checks[rule.type] then error("the connector declares '" .. name .. "' of an unknown type " .. rule.type, 0) end
  local result = checks[rule.type](value)
  if result == nil or result == false and rule.type ~= "boolean" then
    error(what .. ": '" .. name .. "' must be " .. (expected[rule.type] or "a " .. rule.type), 0)
  end
  if rule.type == "url" then check_path(what, name, result, rule.without) end
  if rule.keys then
    for key in pairs(value) do check_name(what .. ", " .. name, key, rule.keys) end
  end
  return result
end

local function check_config(what, declared, config)
  local names, result = names_of(declared, common), {}
  for name, value in pairs(config) do
    check_name(what, name, names)
    if given(value) ~= nil then result[name] = checked(what, name, declared[name] or common[name], value) end
  end
  for _, name in ipairs(names) do
    local rule = declared[name] or common[name]
    if result[name] == nil then result[name] = rule.default end
    if result[name] == nil and rule.required then error(what .. ": '" .. name .. "' is missing", 0) end
  end
  local most = result.limits and result.limits.max_file_size
  if most ~= nil and not files.size(most) then error(what .. ": limits.max_file_size must be a size such as \"20MB\", at most 25MB", 0) end
  if result.webhook and not is_secret(result.webhook.secret) then error(what .. ": webhook has no 'secret'", 0) end
  return result
end

local function check_connector(what, main)
  if type(main) ~= "table" or type(main.kind) ~= "string" then
    error(what .. ": the file must return a table with `kind`", 0)
  end
  local known = names_of {}
  for _, name in ipairs(members) do known[#known + 1] = name end
  for _, name in ipairs(verbs) do known[#known + 1] = name end
  for name in pairs(main) do check_name("connector " .. main.kind, name, known) end
  for _, name in ipairs(needed) do
    if type(main[name]) ~= "function" then error("connector " .. main.kind .. ": the function '" .. name .. "' is missing", 0) end
  end
end

-- The options that hold secrets, with dots for depth.
local function secrets_of(declared)
  local list = json.array { "webhook.secret" }
  for name, rule in pairs(declared) do
    if rule.secret then list[#list + 1] = name end
  end
  return list
end

local function evaluated(value, config)
  if type(value) == "function" then return value(config) end
  return value
end

-- What is null on the other side is nil here: `guard`, a first `cursor`.
local function bound(conn, call)
  return function(a, b, c, d)
    return call(conn, given(a), given(b), given(c), given(d))
  end
end

local most_told = 12

-- `describe`, whose refusal of a collection that is not there names the one that was probably meant, where the system lists its collections.
local function described(main)
  if type(main.catalog) ~= "function" then return main.describe end
  return function(conn, collection)
    local answer, err = main.describe(conn, collection)
    if answer or type(err) ~= "table" or err.code ~= "invalid" or tostring(err.message):find("did you mean", 1, true) then return answer, err end
    local ran, list = pcall(main.catalog, conn)
    local names = {}
    for _, one in ipairs(ran and list or {}) do
      local fits = one.word == nil or collection.word == nil or one.word == collection.word
      if fits then names[#names + 1] = one.name end
      if fits and one.name == collection.name then return nil, err end
    end
    local meant = text.did_you_mean(collection.name, names)
    if meant == "" and #names > 0 then
      table.sort(names)
      meant = " (there are: " .. table.concat(names, ", ", 1, math.min(#names, most_told)) .. (#names > most_told and ", …)" or ")")
    end
    err.message = err.message .. meant
    return nil, err
  end
end

local untold = { denied = true, not_found = true, invalid = true }

-- Bytes of a file cross as base64: a text that crosses is UTF-8.
local crossing = {
  download = function(call)
    return function(...)
      local file, err = call(...)
      if not file then return err == nil and json.null or nil, err end
      return { base64 = hash.base64(file.bytes), name = file.name, type = file.type, mark = file.mark }
    end
  end,
  has_file = function(call)
    return function(...)
      local value, err = call(...)
      if value == nil or value == false then return err == nil and json.null or nil, err end
      return value
    end
  end,
  file_marks = function(call)
    return function(...)
      local marks, err = call(...)
      -- What may not be seen, or is no place any more, tells nothing, and keeps no record of the page waiting.
      if not marks and type(err) == "table" and untold[err.code] then marks, err = {}, nil end
      return marks and json.object(marks), err
    end
  end,
  install = function(call)
    return function(conn, collection, options)
      local address = given((options or {}).address)
      if address and not address:find "^https?://[^/]" then
        return connector.fail("invalid", "--address must begin with https:// or http://", "as the system sees this daemon: --address https://sync.example.org")
      end
      return call(conn, collection, options)
    end
  end,
  upload = function(call)
    return function(conn, collection, file)
      local bytes, err = hash.from_base64(file.base64)
      if not bytes then return nil, err end
      if #bytes > files.most(conn) then return files.too_large(conn, file.name) end
      local name, type = files.called(file.name, given(file.type), bytes)
      return call(conn, collection, { field = file.field, sha256 = file.sha256, name = name, type = type, bytes = bytes })
    end
  end,
}

-- `webhook`, which finds query and JSON body read already, and whose answer is checked: what it names goes into the state.
local function extracting(kind, call)
  local function bad(what) error("connector " .. kind .. ": webhook must return a list of { collection, key, event, parents }: " .. what, 0) end
  local function plain(value) return type(value) == "table" and json.encode(json.array(value)) or value ~= nil and connector.plain(value) or "" end
  return function(request)
    request.query = {}
    for _, pair in ipairs(url.parse_query(request.target:match "%?(.*)$" or "")) do
      request.query[pair[1]] = request.query[pair[1]] or pair[2]
    end
    local answer, err = call(request, (json.decode(request.body)))
    if not answer and err then return nil, err end
    local list = json.array {}
    if answer ~= nil and type(answer) ~= "table" then bad("it returned a " .. type(answer)) end
    for i, one in ipairs(answer or {}) do
      if type(one) ~= "table" or type(one.collection) ~= "string" then bad("entry " .. i .. " names no collection") end
      if one.event and one.event ~= "upsert" and one.event ~= "delete" then bad("'event' is \"upsert\" or \"delete\", not " .. tostring(one.event)) end
      local parents = {}
      for column, keys in pairs(one.parents or {}) do
        parents[column] = json.array {}
        for n, key in ipairs(keys) do parents[column][n] = plain(key) end
      end
      list[i] = { collection = one.collection, key = plain(given(one.key)), event = one.event or "upsert", parents = parents }
    end
    return list
  end
end

crossing.uninstall = crossing.install

local function opened(load_main, argument)
  local main = load_main()
  local what = "connection " .. tostring(argument.name)
  check_connector(what, main)
  local config = check_config(what, main.config or {}, given(argument.config) or {})
  local conn = { name = argument.name, config = config, environment = given(argument.environment), state = {} }
  conn.http, conn.sql = argument.http, argument.sql      -- of a test

  local able = evaluated(main.capabilities, config) or {}
  for name in pairs(able) do check_name("connector " .. main.kind .. ", capabilities", name, capabilities) end
  local functions = {}
  for _, name in ipairs(verbs) do
    local call = main[name]
    if type(call) == "function" and crossing[name] then call = crossing[name](call) end
    if type(call) == "function" and name ~= "webhook" then functions[name] = bound(conn, call) end
  end
  functions.describe = bound(conn, described(main))
  if main.webhook then functions.webhook = extracting(main.kind, main.webhook) end
  functions.verbs = {}
  local known = json.array {}
  for name, call in pairs(main.verbs or {}) do
    functions.verbs[name], known[#known + 1] = bound(conn, call), name
  end
  table.sort(known)  -- the version of a mapping is made of what its connections say
  return {
    verbs = known,
    files = { download = functions.download ~= nil, upload = functions.upload ~= nil, shared = functions.has_file ~= nil },
    owners = main.owners or {},
    kind = main.kind,
    capabilities = able,
    collections = main.collections or {},
    proof = evaluated(main.proof, config) or { kind = "none" },
    payload = evaluated(main.payload, config) or json.null,
    secrets = secrets_of(main.config or {}),
    limits = config.limits or json.null,
    timeout = config.timeout or json.null,
    functions = functions,
  }
end

--- Raising as the last call leaves no line of this library in the message.
return function(load_main, argument)
  local ok, result = pcall(opened, load_main, argument)
  if not ok then return error(result, 0) end
  return result
end
