--- Tokens by client credentials (RFC 6749, 4.4): asked for with our id and secret, kept in memory until they end.

local connector = require "tidewire.connector"
local cut = require "tidewire.cut"
local hash = require "tidewire.hash"
local json = require "tidewire.json"
local time = require "tidewire.time"
local url = require "tidewire.url"

local fail = connector.fail

local M = {}

-- Seconds before its end at which a token is no more used, and how long one lasts that does not tell.
local margin, lasts = 30, 300

-- The id and the secret go into the header, as the RFC wants it of every server, or into the body.
local function asked(oauth)
  local id, secret = connector.secret(oauth.id), connector.secret(oauth.secret)
  local form, headers = { { "grant_type", "client_credentials" } }, { Accept = "application/json", ["Content-Type"] = "application/x-www-form-urlencoded" }
  for _, name in ipairs { "scope", "audience" } do
    if oauth[name] then form[#form + 1] = { name, oauth[name] } end
  end
  if oauth.body then
    form[#form + 1], form[#form + 2] = { "client_id", id }, { "client_secret", secret }
  else
    headers.Authorization = "Basic " .. hash.base64(url.encode(id) .. ":" .. url.encode(secret))
  end
  return { method = "POST", url = oauth.url, headers = headers, body = url.query(form), same_origin = true }
end

-- Nothing is written by it, so whatever fails may be asked again.
local function fetch(conn, oauth)
  local http, request = conn.http or require "tidewire.http", asked(oauth)
  request.timeout = conn.config.timeout
  local response, err = http.request(request)
  if not response then return fail("unavailable", "no token of oauth: " .. err.message, err.hint, err.retry_after) end
  local answer, status = json.decode(response.body), response.status
  if type(answer) ~= "table" then answer = {} end
  if status >= 200 and status < 300 and type(answer.access_token) == "string" then return answer end
  local said = ("no token of oauth: %s answered %d: %s"):format(connector.without_login(oauth.url), status, cut.text(tostring(connector.given(answer.error_description or answer.error) or "no token in it"), 300))
  if status == 429 then return fail("throttled", said, nil, connector.retry_after(response.headers or {})) end
  if status == 400 or status == 401 or status == 403 then return fail("denied", said, "check `id`, `secret` and `scope` of oauth") end
  return fail("unavailable", said, "does `url` of oauth name the token's address?")
end

--- The present token, or nil, err.
function M.of(conn)
  local kept = conn.state.token
  if kept and time.clock() < kept.until_clock then return kept.text end
  local answer, err = fetch(conn, conn.config.auth.oauth)
  if not answer then return nil, err end
  local seconds = tonumber(connector.plain(connector.given(answer.expires_in) or lasts)) or lasts
  conn.state.token = { text = answer.access_token, until_clock = time.clock() + math.max(0, seconds - margin) }
  return answer.access_token
end

--- The system refused it: it is not used again.
function M.drop(conn, text)
  if conn.state.token and conn.state.token.text == text then conn.state.token = nil end
end

return M
