-- Who is asking: the platform's apikey, and the role that the token or the key stands for.
local hash = require "tidewire.hash"
local json = require "tidewire.json"
local errors = require "practice.supabase.errors"

local M = {}

local roles = { anon = true, authenticated = true, service_role = true }

-- The gateway's own refusals are not PostgREST's: no code, no details.
local function refusal(message, hint)
  return { status = 401, headers = { ["Content-Type"] = "application/json" },
    body = ('{"message":"%s","hint":"%s"}'):format(message, hint) }
end

local function from_base64url(text)
  return hash.from_base64((text:gsub("-", "+"):gsub("_", "/")) .. ("="):rep(-#text % 4))
end

local function bad_token(code, message)
  error(errors.pgrst(code, 401, message))
end

-- The claims of an HS256 token; raises PGRST301, PGRST303.
local function claims_of(state, token)
  local head, body, signature, rest = token:match("^([^.]*)%.([^.]*)%.([^.]*)(.*)$")
  if not head or rest ~= "" then
    local _, dots = token:gsub("%.", "")
    bad_token("301", state.legacy and
      ("JWSError (CompactDecodeError Invalid number of parts: Expected 3 parts; got %d)"):format(dots + 1)
      or ("Expected 3 parts in JWT; got %d"):format(dots + 1))
  end
  local wanted = hash.hmac_sha256(state.jwt_secret, head .. "." .. body, "raw")
  local given = from_base64url(signature)
  if not given or not hash.equal(given, wanted) then
    bad_token("301", state.legacy and "JWSError JWSInvalidSignature" or "No suitable key or wrong key type")
  end
  local claims = json.decode(from_base64url(body) or "")
  if not claims then bad_token("301", "JWSError JWSInvalidSignature") end
  if claims.exp and claims.exp <= state.clock.unix() then
    bad_token(state.legacy and "301" or "303", "JWT expired")
  end
  return claims
end

local function role_of(state, token)
  local role = claims_of(state, token).role or "anon"
  if not roles[role] then
    local it = errors.pg("22023", ('role "%s" does not exist'):format(role))
    it.status = state.legacy and 400 or 401
    error(it)
  end
  return role
end

local function legacy_role(state, key)
  local ok, claims = pcall(claims_of, state, key)
  return ok and roles[claims.role] and claims.role or nil
end

--- Role, or nil and the gateway's answer. Raises PostgREST's faults about tokens.
function M.role(state, headers, key_in_query)
  local key = headers.apikey or key_in_query
  if not key then
    return nil, refusal("No API key found in request", "No `apikey` request header or url param was found.")
  end
  local role = state.keys[key] or legacy_role(state, key)
  if not role then
    return nil, refusal("Invalid API key", "Double check your Supabase `anon` or `service_role` API key.")
  end
  if key == state.service_key and (headers["user-agent"] or ""):find("Mozilla", 1, true) then
    return nil, refusal("Forbidden use of secret API key in browser",
      "Secret API keys can only be used in a protected environment.")
  end
  local token = (headers.authorization or ""):match("^[Bb]earer%s+(.*)$")
  if not token or token == key then return role end
  return role_of(state, token)
end

return M
