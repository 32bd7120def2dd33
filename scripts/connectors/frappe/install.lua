--- The webhooks of a DocType: signed, one per event, the event in the URL.
---
--- `on_change` and not `on_update`: it comes for submitted documents and for `db_set` too. The body is the table of fields and
--- no Jinja template, because a template that meets a quote or an unset field sends nothing at all.

local connector = require "tidewire.connector"
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

local function document(conn, collection, event, options)
  local data = array {}
  for i, field in ipairs(sent) do data[i] = { fieldname = field, key = field } end
  return {
    name = "Tidewire " .. conn.name .. " " .. collection.name .. " " .. event, webhook_doctype = collection.name, webhook_docevent = event,
    request_url = address_of(options, collection, event), request_method = "POST", request_structure = "Form URL-Encoded", enabled = 1,
    enable_security = 1, webhook_secret = connector.secret(conn.config.webhook_secret), webhook_data = data,
    webhook_headers = array { { key = "Content-Type", value = "application/json" } },
  }
end

-- Ours are known by their address.
local function present(conn, collection, options)
  local found, err = wire.get_list(conn, "Webhook", { fields = array { "name", "request_url", "webhook_docevent", "enabled" },
    filters = array { array { "webhook_doctype", "=", collection.name } }, limit_page_length = 0 })
  if not found then return nil, err end
  local by_event = {}
  for _, one in ipairs(found) do
    for _, event in ipairs(events) do
      if one.request_url == address_of(options, collection, event) and one.webhook_docevent == event then by_event[event] = one end
    end
  end
  return by_event
end

local function checked(conn, options)
  if not given(options.address) then
    return fail("invalid", "where do webhooks reach this daemon?", "--address https://sync.example.org, as the site sees it")
  end
  if not conn.config.webhook_secret then
    return fail("invalid", "the connection has no `webhook_secret`", "webhook_secret = secret \"ERP_WEBHOOK_SECRET\" in tidewire.lua")
  end
  return true
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

-- The webhooks that are there, by event, where the login may look after them.
local function found(conn, collection, options)
  local ready, err = checked(conn, options)
  if not ready then return nil, err end
  return present(conn, collection, options)
end

function M.install(conn, collection, options)
  local there, err = found(conn, collection, options)
  if not there then return nil, err end
  local steps = array {}
  for _, event in ipairs(events) do
    local one = there[event]
    if not one then
      steps[#steps + 1] = step("the webhook of " .. event, "POST", wire.path "Webhook", document(conn, collection, event, options))
    elseif one.enabled ~= 1 then
      steps[#steps + 1] = step("the webhook of " .. event .. " is switched on", "PUT", wire.path("Webhook", one.name), { enabled = 1 })
    end
  end
  return carried_out(conn, steps, options)
end

function M.uninstall(conn, collection, options)
  local there, err = found(conn, collection, options)
  if not there then return nil, err end
  local steps = array {}
  for _, event in ipairs(events) do
    if there[event] then steps[#steps + 1] = step("the webhook of " .. event, "DELETE", wire.path("Webhook", there[event].name)) end
  end
  return carried_out(conn, steps, options)
end

return M
