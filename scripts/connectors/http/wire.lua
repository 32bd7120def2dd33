--- Requests with their credentials, and what the failures of an unknown system mean.

local connector = require "tidewire.connector"
local cut = require "tidewire.cut"
local hash = require "tidewire.hash"
local url = require "tidewire.url"
local tokens = require "connectors.http.token"

local fail = connector.fail

local M = {}

-- Adds the credentials to headers or query; `token` is that of oauth.
local function authorise(conn, headers, query, token)
  local auth = conn.config.auth
  if not auth then return end
  if token then headers.Authorization = "Bearer " .. token end
  if auth.bearer then headers.Authorization = "Bearer " .. connector.secret(auth.bearer) end
  if auth.basic then headers.Authorization = "Basic " .. hash.base64(auth.basic[1] .. ":" .. connector.secret(auth.basic[2])) end
  if auth.header then headers[auth.header] = (auth.prefix or "") .. connector.secret(auth.secret) end
  if auth.query then query[#query + 1] = { auth.query, connector.secret(auth.secret) } end
end

-- The words of an error, wherever systems put them.
local function words_of(body)
  for _, name in ipairs { "message", "error_description", "detail", "title", "error", "errors" } do
    local said = body[name]
    if type(said) == "string" and said ~= "" then return said end
    if type(said) == "table" then
      local inner = said.message or said[1]
      if type(inner) == "table" then inner = inner.message or inner.detail end
      if type(inner) == "string" then return inner end
    end
  end
end

local codes = { [400] = "invalid", [404] = "not_found", [410] = "not_found", [409] = "stale", [412] = "stale", [422] = "invalid", [428] = "invalid" }

local function explain(reply)
  local code = codes[reply.status]
  if not code then return nil end
  return code, ("the server answered %d: %s"):format(reply.status, cut.text(words_of(reply.body) or "no reason given", 300))
end

-- One request; `refused` where the server did not know us.
local function send(conn, token, method, address, query, body, more)
  local headers, all = { Accept = "application/json" }, {}
  for name, value in pairs(conn.config.headers or {}) do headers[name] = value end
  for name, value in pairs(more or {}) do headers[name] = value end
  if body then headers["Content-Type"] = "application/json" end
  for _, pair in ipairs(query or {}) do all[#all + 1] = pair end
  authorise(conn, headers, all, token)
  local text = url.query(all)
  local writes, refused = method ~= "GET", false
  local function judge(answer)
    refused = answer.status == 401
    if type(answer.body) == "table" then return explain(answer) end
  end
  local reply, err = connector.call(conn, { method = method, url = address .. (text ~= "" and (address:find("?", 1, true) and "&" or "?") .. text or ""),
    headers = headers, body = body, writes = writes, empty = writes, explain = judge, explain_pages = true })
  return reply, err, refused
end

-- A token that the server refuses is asked for anew, once: what was refused so was surely not done.
local function call(conn, ...)
  local auth = conn.config.auth
  if not auth or not auth.oauth then
    local reply, err = send(conn, nil, ...)
    return reply, err
  end
  local reply, err, refused
  for _ = 1, 2 do
    local token, why = tokens.of(conn)
    if not token then return nil, why end
    reply, err, refused = send(conn, token, ...)
    if not refused then return reply, err end
    tokens.drop(conn, token)
  end
  return nil, err
end

local function address_of(conn, path) return connector.base(conn.config.url) .. path end

--- One answer of a GET below the connection's url.
function M.get(conn, path, query) return call(conn, "GET", address_of(conn, path), query) end

--- One answer of a write.
function M.write(conn, method, path, body, headers) return call(conn, method, address_of(conn, path), nil, body, headers) end

-- Addresses that the system gives ---------------------------------------------------------------------------------------

-- Scheme and host as they compare: a login is no part of them, and the port that goes without saying neither.
local function origin(address)
  local scheme, host = connector.without_login(address):match "^(%a[%w+.-]*)://([^/?#]*)"
  if not scheme then return nil end
  scheme, host = scheme:lower(), host:lower()
  return scheme .. "://" .. host:gsub(scheme == "https" and ":443$" or ":80$", "")
end

-- An address as it is meant on the page at `from`.
local function whole(from, address)
  if address:find "^%a[%w+.-]*://" then return address end
  local scheme, host, path = from:match "^(%a[%w+.-]*:)(//[^/?#]*)([^?#]*)"
  if address:sub(1, 2) == "//" then return scheme .. address end
  if address:sub(1, 1) == "/" then return scheme .. host .. address end
  if address:sub(1, 1) == "?" then return scheme .. host .. path .. address end
  return scheme .. host .. (path:match "^.*/" or "/") .. address
end

--- The cursor of the page that an answer names; `address` nil, null or empty: there is none.
function M.following(shape, cursor, address)
  if type(address) ~= "string" or address == "" then return { done = true } end
  return { address = whole(cursor.address or shape.base .. shape.path, address) }
end

--- The address of a Link header's `next` (RFC 8288), or nil.
function M.next_link(header)
  for address, about in header:gmatch "<([^>]*)>([^<]*)" do
    local relation = about:match ';%s*[Rr][Ee][Ll]%s*=%s*"([^"]*)"' or about:match ";%s*[Rr][Ee][Ll]%s*=%s*([^%s;,]+)"
    for word in (relation or ""):gmatch "%S+" do
      if word:lower() == "next" then return address end
    end
  end
end

--- One answer of such an address; nil, err where it leads to another host.
function M.follow(conn, address)
  if origin(address) ~= origin(conn.config.url) then
    return fail("invalid", "the next page is said to be at " .. tostring(origin(address)) .. ", another host: credentials stay here")
  end
  return call(conn, "GET", conn.config.url:match "^%w+://[^/?#]+" .. address:match "^%a[%w+.-]*://[^/?#]*(.*)$")
end

return M
