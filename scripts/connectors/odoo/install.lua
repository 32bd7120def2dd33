--- What a model needs so that its changes are told at once: automation rules, as steps to click. Polls need nothing.

local connector = require "tidewire.connector"
local json = require "tidewire.json"

local array = json.array
local fail, given = connector.fail, connector.given

local M = {}

local function rule(collection, trigger, address)
  return ("Settings, developer mode on, Technical, Automation Rules, New. Model: %s. Trigger: %s. Action: Send Webhook Notification, URL: %s"):format(collection.name,
    trigger, address)
end

-- Odoo can put the secret nowhere but into the address, where it would stand in every log on the way.
local function proxy(webhook)
  return ("let the proxy add `%s: %s(the secret)` to requests that come from Odoo's address, and to no others"):format(webhook.header or "Authorization",
    webhook.prefix or "")
end

local function checked(conn, options)
  if options.apply then return fail("invalid", "automation rules are made by hand", "without --yes the steps are shown") end
  if given(options.address) and not conn.config.webhook then
    return fail("invalid", "the connection has no `webhook`", "webhook = { header = \"X-From-Odoo\", secret = secret \"ERP_WEBHOOK_SECRET\" } in tidewire.lua")
  end
  return true
end

function M.install(conn, collection, options)
  local ready, err = checked(conn, options)
  if not ready then return nil, err end
  local address, steps = given(options.address), array {}
  if not address then return { steps = steps, applied = false } end
  steps[1] = { title = "a rule that tells what was created and changed", todo = rule(collection, "On create and edit", address) }
  steps[2] = { title = "a rule that tells what was deleted", todo = rule(collection, "On deletion", address .. "?event=unlink") }
  steps[3] = { title = "the proxy in front of Tidewire proves the sender, because Odoo signs nothing", todo = proxy(conn.config.webhook) }
  return { steps = steps, applied = false }
end

function M.uninstall(conn, collection, options)
  local left = connector.left_to_others(options)
  if left then return left end
  local ready, err = checked(conn, options)
  if not ready then return nil, err end
  return { applied = false, steps = array { { title = "the automation rules",
    todo = "Settings, developer mode on, Technical, Automation Rules: archive those of " .. collection.name .. " that call Tidewire" } } }
end

return M
