--- How a WordPress site is asked, and what its answers mean.

local connector = require "tidewire.connector"
local hash = require "tidewire.hash"
local json = require "tidewire.json"
local url = require "tidewire.url"

local fail = connector.fail

local M = {}

-- Failures ------------------------------------------------------------------------------------------------------------

local credentials = "is `password` an application password of `user` (not the one of the login form), and not revoked? HTTPS is needed for them, "
  .. "and a server that drops the Authorization header needs a rewrite rule"

local codes = {
  rest_post_invalid_id = "not_found", rest_term_invalid = "not_found", rest_user_invalid_id = "not_found", rest_already_trashed = "not_found",
  term_exists = "stale", existing_user_login = "stale", existing_user_email = "stale",
  rest_cannot_create = "denied", rest_forbidden = "denied", rest_forbidden_context = "denied", rest_cannot_view = "denied", rest_user_cannot_view = "denied",
  rest_trash_not_supported = "invalid", rest_invalid_stored_value = "invalid", wp_die = false,
}

local hints = {
  term_exists = "a term of this name or slug exists", existing_user_login = "a user of this name exists", existing_user_email = "a user of this address exists",
  rest_trash_not_supported = 'deleted for good where it is said: post_type("page", { force = true })',
  rest_no_route = "is the type shown in REST (`show_in_rest`), and its plugin active?",
  rest_cannot_edit = "the role of the user may not edit this: give it the role Editor",
  rest_cannot_create = "the role of the user may not create these: give it the role Editor",
  rest_forbidden_context = "the role of the user may not edit these, so their raw values are not shown: give it the role Editor",
  rest_forbidden = "the role of the user may not do this: give it the role Editor, or look for a plugin that closes the API",
  rest_invalid_stored_value = "what the site has stored there does not fit what the key is registered as: mend it in WordPress",
  empty_content = "a post has a title, a content or an excerpt",
}

-- What each parameter was refused for.
local function details(body)
  local data = type(body.data) == "table" and body.data or {}
  local said = {}
  for _, reason in pairs(type(data.params) == "table" and data.params or {}) do
    if type(reason) == "string" then said[#said + 1] = reason end
  end
  for _, more in ipairs(json.is_array(body.additional_data) and body.additional_data or {}) do
    if type(more) == "string" then said[#said + 1] = more end
  end
  table.sort(said)
  return #said > 0 and " (" .. table.concat(said, "; ") .. ")" or ""
end

-- A status or another parameter that the user may not ask for comes as one that is invalid.
local function is_forbidden(body)
  local data = type(body.data) == "table" and body.data or {}
  for _, one in pairs(type(data.details) == "table" and data.details or {}) do
    if type(one) == "table" and tostring(one.code):find "^rest_forbidden" then return true end
  end
  return false
end

-- Of the database's own refusals, those that are about the value.
local function refused_value(message) return message:find "too long" or message:find "invalid data" or message:find "Incorrect" end

local function explain(reply, writes)
  local body, status = reply.body, reply.status
  if type(body) ~= "table" or type(body.code) ~= "string" then
    if status ~= 401 and status ~= 403 then return nil end
    return writes and "unknown" or "unavailable", "the server answered " .. status .. " without a word of WordPress",
      "a firewall, a security plugin or a proxy stands before it"
  end
  local message = body.code .. ": " .. tostring(body.message):gsub("<[^<>]*>", "") .. details(body)
  local code, hint = codes[body.code], hints[body.code]
  if status == 401 then return "denied", "not logged in: " .. message, credentials end
  if body.code == "rest_post_invalid_page_number" then return "not_found", message end
  if code then return code, message, hint end
  if body.code == "rest_invalid_param" and is_forbidden(body) then return "denied", message, hints.rest_forbidden end
  if body.code:find "^db_" then return refused_value(message) and "invalid" or writes and "unknown" or "unavailable", message end
  if code == false then return nil end
  if status >= 500 then return writes and "unknown" or "unavailable", "the server answered " .. status .. ": " .. message, hint end
  return "invalid", message, hint
end

-- Where the API is ------------------------------------------------------------------------------------------------------

local function call(conn, request)
  local config = conn.config
  local text = url.query(request.query or {})
  local address = request.root .. request.path
  if text ~= "" then address = address .. (address:find("?", 1, true) and "&" or "?") .. text end
  local headers = { Accept = "application/json", ["Content-Type"] = request.body ~= nil and "application/json" or nil,
    Authorization = "Basic " .. hash.base64(config.user .. ":" .. connector.secret(config.password)) }
  for name, value in pairs(request.headers or {}) do headers[name] = value end
  return connector.call(conn, {
    method = request.method, url = address, body = request.body, raw = request.raw, writes = request.writes, explain = explain, explain_pages = true, headers = headers,
  })
end

local index_fields = { "_fields", "name,url,home,gmt_offset,timezone_string,namespaces,authentication" }

local function index(conn, root)
  local reply, err = call(conn, { method = "GET", root = root, path = "/", query = { index_fields } })
  if not reply then return nil, err end
  if not json.is_array(reply.body.namespaces) then return fail("unavailable", "the answer is no index of a WordPress API", "does `url` name the site?") end
  return reply.body
end

--- What the site says of itself: { url, gmt_offset, timezone_string, namespaces, authentication }; asked again where `fresh`.
--- Without pretty permalinks the API has its path in the query.
function M.site(conn, fresh)
  local state = conn.state
  if state.site and not fresh then return state.site end
  local base = connector.base(conn.config.url)
  local roots = state.root and { state.root } or { base .. "/wp-json", base .. "/?rest_route=" }
  local site, err, first
  for _, root in ipairs(roots) do
    site, err = index(conn, root)
    if site then
      state.root, state.site = root, site
      return site
    end
    first = first or err
    if err.code ~= "unavailable" and err.code ~= "invalid" then break end
  end
  return nil, first
end

--- Whether the plugin that `install` gives is there.
function M.has_plugin(site)
  for _, name in ipairs(site.namespaces) do
    if name == "tidewire/v1" then return true end
  end
  return false
end

-- Requests --------------------------------------------------------------------------------------------------------------

local function request(conn, method, path, query, body, writes)
  local site, err = M.site(conn)
  if not site then return nil, err end
  local reply
  reply, err = call(conn, { method = method, root = conn.state.root, path = path, query = query, body = body, writes = writes })
  -- A page in the place of the API: the permalinks may have been switched, so both its places are looked at with the next request.
  if not reply and (err.message:find "^the server answered 404" or err.message:find("it is a page of HTML", 1, true)) then conn.state.root, conn.state.site = nil, nil end
  return reply, err
end

--- One answer of a question; `path` as "/wp/v2/posts".
function M.get(conn, path, query) return request(conn, "GET", path, query) end

--- The schema of a route, by its OPTIONS.
function M.options(conn, path) return request(conn, "OPTIONS", path) end

--- One answer of a write.
function M.write(conn, method, path, query, body) return request(conn, method, path, query, body, true) end

--- One answer of a file that is sent as it is.
function M.send(conn, path, query, bytes, headers)
  local site, err = M.site(conn)
  if not site then return nil, err end
  return call(conn, { method = "POST", root = conn.state.root, path = path, query = query, raw = bytes, headers = headers, writes = true })
end

--- Rows of a list and how many there are in all.
function M.rows(conn, path, query)
  local reply, err = M.get(conn, path, query)
  if not reply and err.code == "not_found" then return fail("invalid", err.message, err.hint) end
  if not reply then return nil, err end
  local total = tonumber(reply.headers["x-wp-total"])
  if not json.is_array(reply.body) or not total then return fail("unavailable", "the answer is no list with its X-WP-Total", "a proxy or a plugin may have taken it away") end
  return reply.body, total
end

--- One row by its key; `not_found` where it is surely not there.
function M.item(conn, shape, key)
  if not key:match "^%d+$" then return fail("not_found", "there is no " .. shape.target.name .. " " .. key) end
  local query = { { "context", "edit" }, { "_fields", shape.columns } }
  local reply, err = M.get(conn, shape.target.route .. "/" .. key, query)
  if reply then return reply.body end
  if err.code == "denied" and err.message:find "^rest_forbidden_context" and conn.state.me then
    return fail("invalid", err.message, "the role of the user may not see " .. shape.target.name .. " " .. key)
  end
  return nil, err
end

return M
