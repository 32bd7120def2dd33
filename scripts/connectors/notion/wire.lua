--- How Notion's API is asked and what its answers mean.

local connector = require "tidewire.connector"
local json = require "tidewire.json"
local url = require "tidewire.url"

local M = {}

--- The version in which a database holds data sources, and rows belong to those.
M.with_data_sources = "2025-09-03"

local codes = {
  unauthorized = "denied", restricted_resource = "denied", object_not_found = "not_found", service_overload = "throttled",
  rate_limited = "throttled", validation_error = "invalid", invalid_json = "invalid", invalid_request = "invalid",
  invalid_request_url = "invalid", missing_version = "invalid", invalid_grant = "denied", invalid_beta = "invalid",
}

local hints = {
  restricted_resource = "give the integration the capability: Notion, Settings, Connections",
  object_not_found = "share the database with the integration: its menu, Connections",
  unauthorized = "is `token` the secret of the integration, and not withdrawn?",
}

-- What is not applied for sure is said so; a save that clashed with another one wants a new look first.
local function explain(reply, writes)
  local body, status = reply.body, reply.status
  if type(body) ~= "table" then
    if status ~= 401 and status ~= 403 then return nil end
    return "unavailable", "a proxy before Notion answered " .. status, "its answer is no word of Notion; see x-notion-request-id"
  end
  if body.object ~= "error" or type(body.code) ~= "string" then return nil end
  local message = body.code .. ": " .. tostring(body.message)
  if status >= 500 and status ~= 529 then return writes and "unknown" or "unavailable", message, "Notion's own trouble; status.notion.so tells more" end
  if body.code == "conflict_error" then return writes and "stale" or "unavailable", message end
  return codes[body.code], message, hints[body.code]
end

--- One request: `reply`, or nil, err. `reads`: a POST that only asks. `query` may hold a name several times;
--- `raw` with its `content_type` stands in place of `body`.
function M.request(conn, method, path, options)
  options = options or {}
  local config = conn.config
  local target = connector.base(config.url) .. "/v1/" .. path
  if options.query and #options.query > 0 then target = target .. "?" .. url.query(options.query) end
  return connector.call(conn, {
    method = method, url = target, body = options.body, raw = options.raw, explain = explain, explain_pages = true,
    writes = method ~= "GET" and not options.reads,
    headers = {
      Authorization = "Bearer " .. connector.secret(config.token), ["Notion-Version"] = config.version, Accept = "application/json",
      ["Content-Type"] = options.content_type or options.body ~= nil and "application/json" or nil,
    },
  })
end

--- The results of a list that comes in pages of a hundred, all of them.
function M.all(conn, path)
  local results, cursor = json.array {}, nil
  repeat
    local query = { { "page_size", "100" } }
    if cursor then query[2] = { "start_cursor", cursor } end
    local reply, err = M.request(conn, "GET", path, { query = query })
    if not reply then return nil, err end
    local body = reply.body
    if not json.is_array(body.results) then return connector.fail("unavailable", "a list without results") end
    for _, one in ipairs(body.results) do results[#results + 1] = one end
    cursor = body.has_more and connector.given(body.next_cursor) or nil
  until not cursor
  return results
end

return M
