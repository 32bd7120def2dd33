--- How PostgREST behind Supabase's gateway is asked, and what its answers mean.
---
--- The HTTP client of a connection is `conn.http`, so that a test can stand in for it; `tidewire.http` otherwise.

local connector = require "tidewire.connector"
local hash = require "tidewire.hash"
local json = require "tidewire.json"
local url = require "tidewire.url"

local M = {}

-- Names that mean something else in a query.
local reserved = { select = true, columns = true, on_conflict = true, order = true, limit = true, offset = true,
  ["or"] = true, ["and"] = true, ["not"] = true, apikey = true }

local function quoted(value) return '"' .. value:gsub("[\\\"]", "\\%0") .. '"' end

--- A column as it stands in a query.
function M.column(name)
  if name:match "^[%a_][%w_]*$" and not reserved[name] then return name end
  return quoted(name)
end

--- A value inside `in.(...)`, `or=(...)`, `and(...)`, where commas and brackets mean something. At the top of a query a
--- value stands as it is.
function M.inside(value) return quoted(connector.plain(value)) end

--- Whether the key passes row-level security: a secret key, or a JWT of the role service_role.
function M.is_service(key)
  key = connector.secret(key)
  if key:sub(1, 10) == "sb_secret_" then return true end
  local claims = key:match "^[^.]+%.([^.]+)%.[^.]+$"
  if not claims then return false end
  local standard = claims:gsub("-", "+"):gsub("_", "/")
  local text = hash.from_base64(standard .. ("="):rep(-#standard % 4))
  local decoded = text and json.decode(text)
  return type(decoded) == "table" and decoded.role == "service_role"
end

-- Refused because of another row.
local in_the_way = { ["23503"] = "reference", ["23001"] = "reference", ["23505"] = "taken", ["23P01"] = "taken" }

local row_of_grants = "row%-level security"

-- Classes of an SQLSTATE that say nothing against the statement, which may pass later: those of sql/sqlstate.cpp, and a foreign server's
-- trouble.
local passing = { ["08"] = true, ["40"] = true, ["53"] = true, ["55"] = true, ["57"] = true, ["58"] = true, F0 = true, HV = true, XX = true }

-- A session of the API planned for columns of other types: another one, or the same in half an hour, does not.
local function is_outdated(code, message)
  return code == "0A000" and message:find("cached plan", 1, true) or code == "42804" and message:find("when preparing the plan", 1, true)
end

local function may_pass(status, code, message, writes)
  if is_outdated(code, message) then return true end
  -- The database takes no writes now: 0A000 is the word of a standby to a request that is to write.
  if code == "25006" or code == "0A000" and message:find "during recovery" then return writes end
  if code:match "^PT" or not code:match "^%w%w%w%w%w$" then return status >= 500 end
  return passing[code:sub(1, 2)] or false
end

-- Of an error that carries an SQLSTATE or a PGRST code. The database has rolled back, except where the connection to it
-- was lost (PGRST001: while it was asked), which may have been after the commit.
local function code_of(status, code, message, writes)
  if code == "42501" then return message:find(row_of_grants) and "invalid" or "denied" end
  if status == 401 or status == 403 or code == "22023" and message:find '^role ".*" does not exist' then return "denied" end
  if in_the_way[code] then return "blocked" end
  if code == "PGRST000" or code == "PGRST002" or code == "PGRST003" then return "unavailable" end
  if code:match "^08" or code:match "^57P0" then return writes and "unknown" or "unavailable" end
  if code:match "^PGRST" and status >= 500 then return writes and "unknown" or "unavailable" end
  return may_pass(status, code, message, writes) and "unavailable" or "invalid"
end

local hints = {
  PGRST204 = "a column that is not there, or a schema cache that has not seen it: NOTIFY pgrst, 'reload schema'",
  PGRST205 = "a table that is not there, not granted, or not in the schema cache yet",
  ["42P01"] = "a table that is not there, not granted, or not in the schema cache yet",
  PGRST106 = "a schema that the API does not expose: see `schema`",
  ["42501"] = "the role of the key has no right on it: grant select, insert, update, delete on the table to that role, or a policy of row-level security",
  ["57014"] = "the statement took longer than the role may: limits = { batch = 100 } asks for less at a time, an index or a longer statement_timeout of the role helps, too",
  ["25006"] = "the database takes no writes now: a standby answers, or it was set read-only; it is tried again by itself",
}

--- Whether the server ended the statement for its time.
function M.took_too_long(err) return err.message:find "^57014" ~= nil end

local telling_details = { ["23505"] = true, ["23503"] = true }    -- the details of other codes show the whole row

local function explain(reply, writes)
  local body = reply.body
  local message = type(body.message) == "string" and body.message or nil
  local code = type(body.code) == "string" and body.code or ""
  if not message then
    if reply.status == 404 and next(body) == nil then return "invalid", "no such table", hints.PGRST205 end
    return nil
  end
  if code == "" then
    -- A word of the gateway, not of PostgREST.
    local refused = reply.status == 401 or reply.status == 403
    return refused and "denied" or nil, message, type(body.hint) == "string" and body.hint or nil
  end
  local details = telling_details[code] and type(body.details) == "string" and " " .. body.details or ""
  local hint = hints[code] or type(body.hint) == "string" and body.hint or connector.in_the_way[in_the_way[code]]
  if is_outdated(code, message) then hint = "a column has another type by now, and sessions of the API have planned for the former one: it is tried again; NOTIFY pgrst, 'reload schema'" end
  if code == "42703" and message:find "xmin" then
    hint = "a view has no xmin: give it a version column, `{ version = \"updated_at\" }`, or `{ version = false }`"
  end
  return code_of(reply.status, code, message, writes), code .. ": " .. message .. details, hint
end

--- The headers that say who asks.
function M.credentials(conn)
  local key = connector.secret(conn.config.key)
  return { apikey = key, Authorization = key:sub(1, 3) ~= "sb_" and "Bearer " .. key or nil }
end

local function headers_of(conn, collection, method, more)
  local headers = M.credentials(conn)
  headers.Accept = "application/json"
  local schema = collection and collection.options and connector.given(collection.options.schema) or conn.config.schema
  if schema then headers[method == "GET" and "Accept-Profile" or "Content-Profile"] = schema end
  if method ~= "GET" then headers["Content-Type"] = "application/json" end
  for name, value in pairs(more or {}) do headers[name] = value end
  return headers
end

-- A write without a filter would reach every row of the table.
local function filters_exist(query)
  for _, pair in ipairs(query) do
    if pair.filter then return true end
  end
  return false
end

--- One request. `query` is a list of `{ name, value }`, those that narrow the rows marked `filter = true`. The names of
--- columns go through `column`. The answer's `total` is the count of all rows where the request asked for it.
function M.request(conn, collection, method, query, body, headers)
  if (method == "PATCH" or method == "DELETE") and not filters_exist(query) then
    return connector.fail("invalid", "a write without a filter is never sent")
  end
  local target = connector.base(conn.config.url) .. "/rest/v1/" .. (collection and url.encode(collection.name) or "")
  if #query > 0 then target = target .. "?" .. url.query(query) end
  local reply, err = connector.call(conn, {
    method = method, url = target, headers = headers_of(conn, collection, method, headers), body = body,
    writes = method ~= "GET", explain = explain,
  })
  if not reply then return nil, err end
  reply.total = tonumber((reply.headers["content-range"] or ""):match "/(%d+)$")
  return reply
end

local longest_filter = 6000     -- bytes; edges before PostgREST refuse a request line of 8 KB

--- Whether a filter is longer than one request line may hold.
function M.is_long(pair) return #url.query { pair } > longest_filter end

--- A filter of one column at the top of a query.
function M.equals(column, value)
  if value == json.null then return { M.column(column), "is.null", filter = true } end
  return { M.column(column), "eq." .. connector.plain(value), filter = true }
end

return M
