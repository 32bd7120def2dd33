--- A collection as tidewire.lua describes it, checked, and records read out of answers by it.

local connector = require "tidewire.connector"
local decimal = require "tidewire.decimal"
local hash = require "tidewire.hash"
local json = require "tidewire.json"
local text = require "tidewire.text"
local time = require "tidewire.time"
local url = require "tidewire.url"

local null = json.null
local fail = connector.fail

local M = {}

local members = { "path", "item", "key", "list", "one", "wrap", "page", "query", "filter", "since", "modified", "count", "version", "guard", "update", "whole", "fields" }
local pages = { "by", "param", "limit", "size", "first", "next" }

--- The names of the collections, in order.
function M.names(config)
  local names = {}
  for name in pairs(config.collections) do names[#names + 1] = name end
  table.sort(names)
  return names
end

local function check_names(what, given, known)
  for name in pairs(given) do
    local fine = false
    for _, one in ipairs(known) do fine = fine or one == name end
    if not fine then return fail("invalid", ("%s: unknown option '%s'%s"):format(what, tostring(name), text.did_you_mean(tostring(name), known))) end
  end
  return true
end

local function check_page(what, page)
  local ok, err = check_names(what .. ", page", page, pages)
  if not ok then return nil, err end
  local kinds = { page = { "param" }, offset = { "param", "limit" }, after = { "param", "next" }, key = { "param" }, next = { "next" }, link = {}, none = {} }
  local needs = kinds[page.by]
  if not needs then return fail("invalid", what .. ": page.by is page, offset, after, key, next, link or none, not " .. tostring(page.by)) end
  for _, name in ipairs(needs) do
    if page[name] == nil then return fail("invalid", ("%s: page.by = \"%s\" needs page.%s"):format(what, page.by, name)) end
  end
  return true
end

local function check_oauth(oauth)
  local ok, err = check_names("auth: oauth", oauth, { "url", "id", "secret", "scope", "audience", "body" })
  if not ok then return nil, err end
  for _, name in ipairs { "url", "id", "secret" } do
    if oauth[name] == nil then return fail("invalid", ("auth: oauth needs %s: { url = ..., id = ..., secret = secret \"X\" }"):format(name)) end
  end
  return true
end

-- One way to say who we are, whole: half of one would ask as nobody.
local function check_auth(auth)
  if not auth then return true end
  local ways = {}
  for _, way in ipairs { "bearer", "basic", "header", "query", "oauth" } do
    if auth[way] ~= nil then ways[#ways + 1] = way end
  end
  if #ways ~= 1 then return fail("invalid", "auth: one of bearer, basic, header, query and oauth is needed, not " .. (#ways == 0 and "none" or table.concat(ways, " and "))) end
  local way = ways[1]
  if (way == "header" or way == "query") ~= (auth.secret ~= nil) then
    return fail("invalid", "auth: `secret` goes with header and query, and with these alone")
  end
  if way == "oauth" then return check_oauth(auth.oauth) end
  if way == "basic" and (type(auth.basic) ~= "table" or auth.basic[2] == nil) then return fail("invalid", "auth: basic is { \"user\", secret \"X\" }") end
  return true
end

local function is_place(count)
  return count == nil or type(count) == "string" or type(count) == "table" and type(count.header) == "string"
end

local function compiled(conn, name)
  local fine, wrong = check_auth(conn.config.auth)
  if not fine then return nil, wrong end
  local about = conn.config.collections[name]
  local what = "collections." .. name
  if type(about) ~= "table" then
    return fail("invalid", ("tidewire.lua describes no collection '%s'%s"):format(name, text.did_you_mean(name, M.names(conn.config))))
  end
  local ok, err = check_names(what, about, members)
  if not ok then return nil, err end
  if type(about.path) ~= "string" then return fail("invalid", what .. ": `path` is missing, such as \"/contacts\"") end
  local page = about.page or { by = "none" }
  ok, err = check_page(what, page)
  if not ok then return nil, err end
  if not is_place(about.count) then return fail("invalid", what .. ": `count` is a place in an answer, or { header = \"X-Total-Count\" }") end
  local item = about.item or about.path .. "/{key}"
  if not item:find("{key}", 1, true) then return fail("invalid", what .. ": `item` has no {key}") end
  return { name = name, about = about, base = connector.base(conn.config.url), path = about.path, item = item, key = about.key or "id", page = page, size = page.size or 100,
    query = about.query or {}, filter = about.filter, since = about.since, update = about.update or "PATCH" }
end

--- The collection with the fields to read, `more` besides those of the mapping; nil, err names what is wrong in tidewire.lua.
function M.plan(conn, collection, more)
  local known = conn.state.shapes or {}
  conn.state.shapes = known
  local shape = known[collection.name]
  if not shape then
    local err
    shape, err = compiled(conn, collection.name)
    if not shape then return nil, err end
    known[collection.name] = shape
  end
  local wanted = connector.heads(connector.heads({}, collection.fields), more)
  return setmetatable({ wanted = wanted }, { __index = shape })
end

--- The described fields and those that the mapping names.
function M.field_names(shape, collection)
  local names, seen = {}, {}
  local function add(name)
    if not seen[name] then names[#names + 1] = name end
    seen[name] = true
  end
  add(shape.key)
  for name in pairs(shape.about.fields or {}) do add(name) end
  for _, name in ipairs(connector.heads({}, collection.fields)) do add(name) end
  table.sort(names)
  return names
end

--- The path of one record.
function M.item(shape, key)
  return (shape.item:gsub("{key}", (url.encode(key):gsub("%%", "%%%%"))))
end

-- Walks "data.items"; the value itself where no path is said.
local function at(value, path)
  for part in (path or ""):gmatch "[^.]+" do
    if type(value) ~= "table" then return nil end
    value = value[part]
  end
  return value
end

--- The record, or the list of records, in an answer; nil where it is not there.
function M.one(shape, reply)
  local found = at(reply.body, shape.about.one)
  if json.is_array(found) then found = found[1] end
  return found
end
function M.many(shape, reply)
  local found = at(reply.body, shape.about.list)
  return json.is_array(found) and found or nil
end
M.at = at

--- An answer that holds an empty list where a record should be: nothing was met.
function M.is_nothing(shape, reply)
  local found = at(reply.body, shape.about.one)
  return json.is_array(found) and #found == 0
end

local function version_of(shape, row, fields, reply)
  local version = shape.about.version
  if version == "etag" then return reply and reply.headers.etag or "" end
  if version then return row[version] ~= nil and row[version] ~= null and connector.plain(row[version]) or "" end
  local parts = {}
  for i, name in ipairs(shape.wanted) do parts[i] = json.encode(fields[name]) end
  return hash.sha256(table.concat(parts, "\n")):sub(1, 16)
end

local last_second, last_millisecond = 1e11, 253402300799999  -- numbers beyond the first are no seconds of this age

--- The UTC ISO time of a field, or nil: an ISO text with an offset, one without where `fields` says its zone, or seconds or
--- milliseconds since 1970.
local function moment(value, about)
  if decimal.is(value) then value = value:number() end
  if type(value) == "number" then
    if value < 0 or value > last_millisecond then return nil end
    if value >= last_second then value = value / 1000 end
    return time.format(math.floor(value), math.floor(value % 1 * 1e3 + 0.5) * 1000 % 1000000)
  end
  if type(value) ~= "string" then return nil end
  local seconds, micros = time.parse(value)
  if seconds then return time.format(seconds, micros or 0) end
  return type(about) == "table" and about.zone and time.from_local((value:gsub("T", " ")), about.zone) or nil
end

--- What the templates of `since` may say of a time.
function M.times(iso)
  local seconds = time.parse(iso)
  return { time = iso, unix = ("%d"):format(seconds), unix_ms = ("%d000"):format(seconds) }
end

--- The key of a row; nil where it has none.
function M.key_of(shape, row)
  local key = nil
  if type(row) == "table" then key = row[shape.key] end
  if key == nil or key == null or key == "" or type(key) == "table" then return nil end
  return connector.plain(key)
end

--- The record of a row; nil, err where the row is none.
function M.record(shape, row, reply)
  local key = M.key_of(shape, row)
  if not key then
    return fail("unavailable", ("an answer for %s has no record with the key '%s'"):format(shape.name, shape.key), "are `one`, `list` and `key` as the system has them?")
  end
  local fields = {}
  for _, name in ipairs(shape.wanted) do
    local value = row[name]
    fields[name] = value == nil and null or value
  end
  local name = shape.about.modified
  local modified = name and moment(row[name], shape.about.fields and shape.about.fields[name]) or nil
  return { key = key, version = version_of(shape, row, fields, reply), modified = modified, stamp = modified or "", fields = fields }
end

--- Values as the system takes them.
function M.body(shape, values)
  local body = json.object {}
  for name, value in pairs(values) do body[name] = value end
  return shape.about.wrap and json.object { [shape.about.wrap] = body } or body
end

--- The headers that carry the version expected.
function M.guard(shape, guard)
  if not guard or guard == "" or not shape.about.guard then return nil end
  return { [shape.about.guard] = guard }
end

--- A pair { name, template } with {field}, {value}, {json}, {time}, {unix}, {unix_ms}, {after} filled in.
function M.filled(pair, what)
  local function fill(template)
    return (template:gsub("{([%w_]+)}", function(name)
      if name == "json" then return json.encode(what.value) end
      local value = what[name]
      return value ~= nil and connector.plain(value) or nil
    end))
  end
  return { fill(pair[1]), fill(pair[2]) }
end

return M
