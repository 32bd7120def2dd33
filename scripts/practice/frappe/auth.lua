-- Who is asking.

local errors = require "practice.frappe.errors"
local hash = require "tidewire.hash"
local schema = require "practice.frappe.schema"
local site = require "practice.frappe.site"
local store = require "practice.frappe.store"

local M = {}
local sessions = {}

local function refuse()
  errors.raise("AuthenticationError")
end

local function user_of_key(key, secret)
  local row = store.query([[SELECT name, enabled FROM tabUser WHERE api_key = ? COLLATE BINARY]], key)[1]
  if not row then return refuse() end
  local stored = store.query("SELECT value FROM secrets WHERE doctype = 'User' AND name = ? AND field = 'api_secret'", row.name)[1]
  if not stored or not hash.equal(stored.value, secret) then return refuse() end
  if site.level >= 1582 and row.enabled == 0 then return refuse() end
  return row.name
end

local function split_pair(text)
  local key, secret = text:match "^([^:]*):([^:]*)$"
  if not key then return refuse() end
  return user_of_key(key, secret)
end

local function basic(text)
  local alphabet = text:gsub("[^%w+/=]", "")
  if #alphabet % 4 ~= 0 then
    errors.throw("InvalidAuthorizationToken", "Failed to decode token, please provide a valid base64-encoded token.")
  end
  local decoded = hash.from_base64(alphabet)
  if not decoded then return refuse() end
  return split_pair(decoded)
end

local function bearer(token)
  if token == "" then return refuse() end
  local row = store.query([[SELECT user, status, expiration_time FROM "tabOAuth Bearer Token" WHERE name_key = ?]], store.key(token))[1]
  if not row or row.status ~= "Active" then return refuse() end
  if row.expiration_time and row.expiration_time < site.now() then return refuse() end
  return row.user
end

local schemes = { token = split_pair, basic = basic, bearer = bearer }

local function from_header(header)
  local scheme, value = header:match "^([^ ]+) ([^ ]*)$"
  if not scheme then return nil end
  local check = schemes[scheme:lower()]
  if not check then return refuse() end
  return check(value)
end

local function cookie(request, name)
  local header = request.headers.cookie
  return header and (header:match("^" .. name .. "=([^;]*)") or header:match("; *" .. name .. "=([^;]*)"))
end

--- The user of a request; "Guest" when nobody claims to be anybody.
function M.user(request)
  local sid = cookie(request, "sid")
  local user = "Guest"
  if sid and sid ~= "Guest" and sid ~= "" then
    user = sessions[sid]
    site.request.cookie = user and sid
    if not user then
      site.request.session_expired = 1
      user = "Guest"
    end
  end
  local header = request.headers.authorization
  return header and from_header(header) or user
end

--- Starts a session; the answer of `login`.
function M.login(args)
  local user = args.usr
  if user == "Administrator" and args.pwd == site.admin_password then
    local sid = hash.id()
    sessions[sid] = user
    site.request.cookie = sid
    site.request.user = user
    return { home_page = "/app", full_name = "Administrator" }
  end
  errors.raise("AuthenticationError", nil, { extra_message = site.v14 and "Invalid login credentials" or "Invalid login credentials" })
end

function M.logout(request)
  local sid = cookie(request, "sid")
  if sid then sessions[sid] = nil end
end

--- New keys for a user, as generate_keys gives them.
function M.generate_keys(user)
  local row = store.row(schema.get "User", user)
  if not row then errors.not_found("User", user) end
  local key = row.api_key or site.random_name(15)
  local secret = site.random_name(15)
  M.set_keys(row.name, key, secret)
  return key, secret
end

--- Gives a user this key and secret.
function M.set_keys(user, key, secret)
  store.run("UPDATE tabUser SET api_key = ?, api_secret = ? WHERE name_key = ?", key, ("*"):rep(#secret), store.key(user))
  store.run("INSERT OR REPLACE INTO secrets VALUES ('User', ?, 'api_secret', ?)", user, secret)
end

return M
