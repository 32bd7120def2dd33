--- tidewire.lua: its words, its checks, and what the program gets of it.
---
--- `argument.files` are connections that stand in files of their own (connections/NAME.lua), read before.

local json = require "tidewire.json"
local after = require "tidewire.mapping.after"
local alerts = require "tidewire.host.alerts"
local duration = require "tidewire.host.duration"
local environment = require "tidewire.host.environment"
local kinds = require "tidewire.host.kinds"
local mark = require "tidewire.mapping.mark"
local report = require "tidewire.host.report"
local settings = require "tidewire.host.settings"

local members = { "listen", "connections", "defaults", "environments", "log", "state", "keep", "exchanges", "cors", "admin", "dry_run", "mail", "backup", "alerts", "tls", "traces", "webhook_names" }
local path = "tidewire.lua"

local function words_for(names)
  local words = kinds.words(names)
  words.mail, words.post = after.mail, alerts.post
  function words.project(content)
    if type(content) ~= "table" then report.refuse(report.where(), "project takes a table: project { connections = { ... } }") end
    return mark.make("project", content)
  end
  return words
end

local whole = { env = true, secret = true, mail = true, post = true }

local function is_whole(value) return whole[mark.word(value)] or false end

--- A connection laid over another keeps the kind that was said last.
local function laid_connections(under, over)
  local result = {}
  for name, value in pairs(under) do result[name] = value end
  for name, value in pairs(over) do
    local before = result[name]
    local kind = kinds.of(value) or kinds.of(before)
    result[name] = before == nil and value or settings.laid(before, value, is_whole)
    if kind and result[name] ~= value then kinds.made(kind, result[name], mark.at(value) or mark.at(before)) end
  end
  return result
end

local function with_environment(r, content, chosen, near)
  local environments = r:typed(content, "environments", "table", "project", near) or {}
  local at = r:key("environments", near)
  for _, name in ipairs(report.names(environments)) do
    local place = r:key(tostring(name), at)
    if type(environments[name]) ~= "table" then
      r:problem(place, "the environment '%s' must be a table", tostring(name))
    else
      local known = {}
      for _, member in ipairs(members) do if member ~= "environments" then known[#known + 1] = member end end
      r:keys(environments[name], known, "environment " .. tostring(name), place)
    end
  end
  if chosen == nil then return content end
  local over = environments[chosen]
  if type(over) ~= "table" then
    r:problem(at, "there is no environment '%s'%s", chosen, report.suggest(chosen, report.names(environments)))
    return content
  end
  local result = settings.laid(content, over, is_whole)
  if type(content.connections) == "table" and type(over.connections) == "table" then
    result.connections = laid_connections(content.connections, over.connections)
  end
  return result
end

local function check_limits(r, limits, near)
  if limits == nil then return end
  if type(limits) ~= "table" then return r:problem(near, "limits must be a table such as { rate = \"20/s\", parallel = 8, batch = 200 }") end
  r:keys(limits, { "rate", "inbound", "parallel", "batch", "max_file_size" }, "limits", near)
  for _, key in ipairs { "rate", "inbound" } do
    if limits[key] ~= nil and not duration.is_rate(limits[key]) then
      r:problem(r:key(key, near), "%s of limits must be a rate such as \"20/s\" or \"600/m\", not '%s'", key, tostring(limits[key]))
    end
  end
  for _, key in ipairs { "parallel", "batch" } do settings.whole(r, limits, key, 1, "limits", near) end
end

local function check_name(r, name, known, near)
  if type(name) ~= "string" or not name:find "^%a[%w_]*$" then
    return r:problem(near, "'%s' cannot be the name of a connection: letters, digits and _ only, a letter first", tostring(name))
  end
  local taken = name
  for _, list in ipairs { environment.reserved, known } do
    for _, word in ipairs(list) do
      if word == taken then return r:problem(near, "a connection cannot be called '%s', which is a word of the language", name) end
    end
  end
end

local function connections_of(r, content, known, near)
  local at = r:key("connections", near)
  local connections = r:typed(content, "connections", "table", "project", near)
  if content.connections == nil then r:problem(near, "connections is missing: name at least one system") end
  local result = {}
  for _, name in ipairs(report.names(connections or {})) do
    local value = connections[name]
    local kind, place = kinds.of(value), mark.at(value) or r:key(tostring(name), at)
    check_name(r, name, known, place)
    if not kind then
      r:problem(place, "the connection '%s' has no kind: write %s = %s { ... }", tostring(name), tostring(name), known[1] or "frappe")
    else
      check_limits(r, value.limits, r:key("limits", place))
      result[name] = { kind = kind, config = kinds.plain(r, value, tostring(name), place) or {}, at = place }
    end
  end
  return result
end

local function log_of(r, content, near)
  local log, at = r:typed(content, "log", "table", "project", near) or {}, r:key("log", near)
  r:keys(log, { "level", "format", "file", "rotate", "keep" }, "log", at)
  local rotate = log.rotate ~= nil and duration.bytes(log.rotate) or nil
  if log.rotate ~= nil and (rotate or 0) == 0 then r:problem(r:key("rotate", at), "rotate of log must be a size such as \"10MB\", not '%s'", tostring(log.rotate)) end
  return { level = r:one_of(log, "level", { "debug", "info", "warn", "error" }, "log", at) or "info",
    format = r:one_of(log, "format", { "text", "json" }, "log", at), file = r:typed(log, "file", "string", "log", at), rotate = rotate,
    keep = settings.whole(r, log, "keep", 0, "log", at) }
end

local function origins_of(r, content, near)
  local cors = content.cors
  if type(cors) == "string" then cors = { cors } end
  if cors ~= nil and type(cors) ~= "table" then r:problem(r:key("cors", near), "cors must be a list of origins") end
  local list = json.array {}
  for i, origin in ipairs(type(cors) == "table" and cors or {}) do
    if type(origin) ~= "string" or not (origin == "*" or origin:find "^https?://[^/%s]+$") then
      r:problem(r:key("cors", near), "'%s' is no origin: write \"https://desk.example.org\"", tostring(origin))
    end
    list[i] = origin
  end
  return list
end

-- The server that mails leave by.
local function mail_of(r, content, near)
  local mail, at = r:typed(content, "mail", "table", "project", near), r:key("mail", near)
  if not mail then return nil end
  r:keys(mail, { "url", "from", "user", "password" }, "mail", at)
  local url = mail.url
  if mark.word(url) == nil and (type(url) ~= "string" or not url:find "^smtps?://[^/%s]+$") then
    r:problem(r:key("url", at), "url of mail must be a server such as \"smtp://mail.example.org:587\"")
  end
  if mark.word(mail.from) == nil and (type(mail.from) ~= "string" or not mail.from:find "^[^%s@<>]+@[^%s@<>]+$") then
    r:problem(r:key("from", at), "from of mail must be an address such as \"sync@example.org\"")
  end
  return kinds.plain(r, mail, "mail", at)
end

--- Copies of the state by a schedule, and how many are kept.
local function backup_of(r, content, near)
  local backup, at = r:typed(content, "backup", "table", "project", near), r:key("backup", near)
  if not backup then return nil end
  r:keys(backup, { "every", "keep", "folder" }, "backup", at)
  local every = settings.schedule(r, backup, "every", "backup", at)
  if backup.every == nil then r:problem(at, "backup has no `every`: when shall a copy be made? such as \"daily 03:00\"") end
  return { every = every, keep = settings.whole(r, backup, "keep", 1, "backup", at) or 14, folder = r:typed(backup, "folder", "string", "backup", at) }
end

-- The listener's own certificate and key.
local function tls_of(r, content, near)
  local tls, at = r:typed(content, "tls", "table", "project", near), r:key("tls", near)
  if not tls then return nil end
  r:keys(tls, { "certificate", "key" }, "tls", at)
  for _, name in ipairs { "certificate", "key" } do
    if mark.word(tls[name]) ~= "env" and (type(tls[name]) ~= "string" or tls[name] == "") then
      r:problem(r:key(name, at), "%s of tls must be a file such as \"/etc/tidewire/%s.pem\"", name, name)
    end
  end
  return kinds.plain(r, tls, "tls", at)
end

--- Where spans of operations go.
local function traces_of(r, content, near)
  local traces, at = r:typed(content, "traces", "table", "project", near), r:key("traces", near)
  if not traces then return nil end
  r:keys(traces, { "endpoint", "headers", "service", "every" }, "traces", at)
  local endpoint = traces.endpoint
  if not is_whole(endpoint) and (type(endpoint) ~= "string" or not endpoint:find "^https?://[^/%s]+") then
    r:problem(r:key("endpoint", at), "endpoint of traces must be a collector's address such as \"http://127.0.0.1:4318/v1/traces\"")
  end
  settings.whole(r, traces, "every", 1, "traces", at)
  r:typed(traces, "headers", "table", "traces", at)
  r:typed(traces, "service", "string", "traces", at)
  return kinds.plain(r, traces, "traces", at)
end

--- Who may reach the API: names of this server, and a token of an administrator.
local function admin_of(r, content, near)
  local admin, at = r:typed(content, "admin", "table", "project", near), r:key("admin", near)
  if not admin then return nil end
  r:keys(admin, { "token", "hosts", "connections_per_address" }, "admin", at)
  local hosts = admin.hosts
  if type(hosts) == "string" then hosts = { hosts } end
  if hosts ~= nil and type(hosts) ~= "table" then r:problem(r:key("hosts", at), "hosts must be a list of names") end
  local list = json.array {}
  for i, host in ipairs(type(hosts) == "table" and hosts or {}) do
    if type(host) ~= "string" or not host:find "^[%w][%w%.%-]*$" then
      r:problem(r:key("hosts", at), "'%s' is no name of a host: write \"sync.example.org\"", tostring(host))
    end
    list[i] = host
  end
  if admin.token ~= nil and not kinds.is_marker(admin.token) then
    r:problem(r:key("token", at), "token must be a secret: write token = secret \"TIDEWIRE_TOKEN\"")
  end
  return { token = kinds.plain(r, admin.token, "token", at), hosts = list,
    connections_per_address = settings.whole(r, admin, "connections_per_address", 1, "admin", at) }
end

--- What senders of an earlier service call a connection in /webhook/NAME, where it is neither its name nor its kind.
local function webhook_names_of(r, content, connections, near)
  local names, at = r:typed(content, "webhook_names", "table", "project", near) or {}, r:key("webhook_names", near)
  local result = json.object {}
  for _, name in ipairs(report.names(names)) do
    local connection, place = names[name], r:key(tostring(name), at)
    if type(name) ~= "string" or not name:find "^[%w_%-%.]+$" then
      r:problem(place, "'%s' is no name of webhook_names: write webhook_names = { cloud = \"erp\" }", tostring(name))
    elseif connections[name] then
      r:problem(place, "webhook_names: '%s' is a connection itself", name)
    elseif not connections[connection] then
      r:problem(place, "webhook_names: there is no connection '%s'%s", tostring(connection), report.suggest(tostring(connection), report.names(connections)))
    else
      result[name] = connection
    end
  end
  return result
end

--- The content with the connections that have a file of their own.
local function with_files(r, content, files)
  if not files or next(files) == nil or content.connections ~= nil and type(content.connections) ~= "table" then return content end
  local result, connections = {}, {}
  for key, value in pairs(content) do result[key] = value end
  for name, value in pairs(content.connections or {}) do connections[name] = value end
  for _, name in ipairs(report.names(files)) do
    local file = files[name]
    if connections[name] ~= nil then
      r:problem(file.at, "the connection '%s' is declared in tidewire.lua too: keep one of them", name)
    else
      connections[name] = kinds.made(file.kind, kinds.marked(file.config), file.at)
    end
  end
  result.connections = connections
  return result
end

local function compile(r, content, argument)
  local near = mark.at(content) or r.start
  r:keys(content, members, "project", near)
  local chosen = argument.environment
  if chosen == json.null or chosen == "" then chosen = nil end
  content = with_environment(r, with_files(r, content, argument.files), chosen, near)
  local listen = r:typed(content, "listen", "string", "project", near)
  if listen and not listen:find "^%[?[%x%.:%a%-]*%]?:%d+$" then
    r:problem(r:key("listen", near), "listen must be an address such as \"127.0.0.1:8080\", not '%s'", listen)
  end
  local keep = type(content.keep) ~= "number" and duration.milliseconds(content.keep == nil and "30d" or content.keep)   -- 30 of what?
  if not keep then
    r:problem(r:key("keep", near), "keep must be a duration such as \"30d\", not '%s'", tostring(content.keep))
  elseif keep == 0 then
    r:problem(r:key("keep", near), "keep must be longer than '%s': what was done would be forgotten at once", content.keep)
  end
  local defaults = r:typed(content, "defaults", "table", "project", near) or {}
  local connections, kind_of = connections_of(r, content, argument.kinds or {}, near), {}
  for name, one in pairs(connections) do kind_of[name] = one.kind end
  settings.defaults(r, defaults, kind_of, r:key("defaults", near))
  return {
    listen = listen or "127.0.0.1:8080",
    connections = connections,
    defaults = kinds.plain(r, defaults, "defaults", near),
    log = log_of(r, content, near),
    state = r:typed(content, "state", "string", "project", near) or "state/tidewire.db",
    keep = ("%.0fms"):format(keep or 0), exchanges = r:one_of(content, "exchanges", { "all", "failed", "none" }, "project", near) or "all",
    cors = origins_of(r, content, near),
    webhook_names = webhook_names_of(r, content, connections, near),
    admin = admin_of(r, content, near),
    mail = mail_of(r, content, near),
    backup = backup_of(r, content, near),
    traces = traces_of(r, content, near),
    tls = tls_of(r, content, near),
    alerts = alerts.compile(r, content, near),
    dry_run = r:typed(content, "dry_run", "boolean", "project", near) or false,
    environment = chosen,
  }
end

local function run(load_main, argument)
  local used = {}
  local words, settle = environment.new(words_for(argument.kinds or {}), used)
  local r = report.new(argument.path or path, argument.text)
  local content = load_main(words)
  settle()
  r.start = used.project
  if mark.word(content) ~= "project" then
    r:problem(r.path, "the file must end with: return project { ... }")
    return r:message()
  end
  -- A call that ends a file has no line; where its word was looked up is where it stands.
  if not mark.at(content) then mark.make("project", content, used.project) end
  local result = compile(r, content, argument)
  return r:message(), result
end

--- Raising as the last call leaves no line of this library in the message.
return function(load_main, argument)
  local ok, failure, result = pcall(run, load_main, argument)
  if not ok then return error(type(failure) == "table" and failure.refused and failure.message or failure, 0) end
  if failure then return error(failure, 0) end
  return result
end
