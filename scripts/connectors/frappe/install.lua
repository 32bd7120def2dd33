--- The webhooks of a DocType: signed, one per event, the event in the URL.
---
--- `on_change` and not `on_update`: it comes for submitted documents and for `db_set` too. The body is the table of fields and
--- no Jinja template, because a template that meets a quote or an unset field sends nothing at all.

local connector = require "tidewire.connector"
local hash = require "tidewire.hash"
local json = require "tidewire.json"
local url = require "tidewire.url"
local wire = require "connectors.frappe.wire"

local array = json.array
local fail, given = connector.fail, connector.given

local M = {}

local events = { "after_insert", "on_change", "on_trash" }
local sent = { "doctype", "name", "creation", "modified", "modified_by", "docstatus" }

local function address_of(options, collection, event)
  return options.address .. "?" .. url.query { { "collection", collection.name }, { "event", event } }
end

-- Several daemons may watch one site. What tells one from another is the secret it signs with: the address may change.
local function name_of(conn, collection, event)
  local mark = hash.hmac_sha256(connector.secret(conn.config.webhook_secret), "tidewire"):sub(1, 6)
  return table.concat({ "Tidewire", conn.name, collection.name, event, mark }, " ")
end

local function document(conn, collection, event, options)
  local data = array {}
  for i, field in ipairs(sent) do data[i] = { fieldname = field, key = field } end
  return {
    name = name_of(conn, collection, event), webhook_doctype = collection.name, webhook_docevent = event,
    request_url = address_of(options, collection, event), request_method = "POST", request_structure = "Form URL-Encoded", enabled = 1,
    enable_security = 1, webhook_secret = connector.secret(conn.config.webhook_secret), webhook_data = data,
    webhook_headers = array { { key = "Content-Type", value = "application/json" } },
  }
end

-- The webhooks of a DocType, by event: `ours`, and `former`, which go to the address and sign with another secret. Version 14 numbers
-- them itself (HOOK-0001): what goes to the address counts as ours there.
local function present(conn, collection, options)
  if not conn.config.webhook_secret then
    return fail("invalid", "the connection has no `webhook_secret`", "webhook_secret = secret \"ERP_WEBHOOK_SECRET\" in tidewire.lua")
  end
  local rows, err = wire.get_list(conn, "Webhook", { fields = array { "name", "request_url", "webhook_docevent", "enabled" },
    filters = array { array { "webhook_doctype", "=", collection.name } }, limit_page_length = 0 })
  if not rows then return nil, err end
  local found = { ours = {}, former = {} }
  for _, one in ipairs(rows) do
    for _, event in ipairs(events) do
      if one.name == name_of(conn, collection, event) then
        found.ours[event] = one
      elseif given(options.address) and one.request_url == address_of(options, collection, event) and one.webhook_docevent == event then
        local kind = one.name:find "^Tidewire " and "former" or "ours"
        found[kind][event] = found[kind][event] or one
      end
    end
  end
  return found
end

-- A step as it is shown: without the secret.
local function step(title, method, path, body)
  local shown
  if body then
    shown = {}
    for name, value in pairs(body) do shown[name] = name == "webhook_secret" and "(webhook_secret)" or value end
  end
  return { title = title, request = { method = method, path = path, body = shown }, body = body }
end

local function carried_out(conn, steps, options)
  for _, one in ipairs(options.apply and steps or {}) do
    local done, err = wire.request(conn, one.request.method, one.request.path, nil, one.body)
    if not done then return nil, err end
  end
  for _, one in ipairs(steps) do one.body = nil end
  return { steps = steps, applied = options.apply or false }
end

-- What leads from a webhook of ours to the one that is wanted.
local function mended(event, one, address)
  local changes, titles = {}, {}
  if one.request_url ~= address then changes.request_url, titles[#titles + 1] = address, "goes to another address than " .. one.request_url end
  if one.enabled ~= 1 then changes.enabled, titles[#titles + 1] = 1, "is switched on" end
  if #titles == 0 then return nil end
  return step("the webhook of " .. event .. " " .. table.concat(titles, " and "), "PUT", wire.path("Webhook", one.name), changes)
end

local function taken_away(event, one, why)
  return step("the webhook of " .. event .. (why or ""), "DELETE", wire.path("Webhook", one.name))
end

function M.install(conn, collection, options)
  if not given(options.address) then
    return fail("invalid", "where do webhooks reach this daemon?", "--address https://sync.example.org, as the site sees it")
  end
  local found, err = present(conn, collection, options)
  if not found then return nil, err end
  local steps = array {}
  for _, event in ipairs(events) do
    local ours, former = found.ours[event], found.former[event]
    if former then steps[#steps + 1] = taken_away(event, former, " that signs with another secret") end
    if ours then
      steps[#steps + 1] = mended(event, ours, address_of(options, collection, event))
    else
      steps[#steps + 1] = step("the webhook of " .. event, "POST", wire.path "Webhook", document(conn, collection, event, options))
    end
  end
  return carried_out(conn, steps, options)
end

--- Takes ours away, and with an address only what goes there.
function M.uninstall(conn, collection, options)
  local left = connector.left_to_others(options)
  if left then return left end
  local found, err = present(conn, collection, options)
  if not found then return nil, err end
  local steps = array {}
  for _, event in ipairs(events) do
    local ours, former = found.ours[event], found.former[event]
    if ours and (not given(options.address) or ours.request_url == address_of(options, collection, event)) then steps[#steps + 1] = taken_away(event, ours) end
    if former then steps[#steps + 1] = taken_away(event, former) end
  end
  return carried_out(conn, steps, options)
end

return M
