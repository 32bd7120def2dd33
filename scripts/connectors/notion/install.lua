--- What a data source needs so that its changes are known at once, as steps to click: the API cannot subscribe to webhooks.

local connector = require "tidewire.connector"
local json = require "tidewire.json"
local sources = require "connectors.notion.source"

local array = json.array
local given = connector.given

local M = {}

local function answer(steps, options)
  if options.apply and #steps > 0 then
    return connector.fail("invalid", "Notion's API cannot subscribe to webhooks", "follow the steps in Notion; without --yes they are shown")
  end
  return { steps = steps, applied = false }
end

local function subscribe(address)
  return {
    { title = "the subscription", todo = "In Notion: Settings, Connections, the integration, Webhooks, Create a subscription.\nURL: " .. address
      .. "\nEvents: all of Page." },
    { title = "its token", todo = "The daemon's log has it (webhook_handshake). Put it into .env, name it in tidewire.lua as\n"
      .. "verification_token = secret \"NOTION_WEBHOOK\", start the daemon again, then paste the token into Notion's dialogue and press Verify." },
  }
end

function M.install(conn, collection, options)
  local source, err = sources.of(conn, collection, true)
  if not source then return nil, err end
  if conn.config.verification_token then return answer(array {}, options) end
  return answer(array(subscribe(given(options.address) or "https://YOUR-HOST/webhook/" .. tostring(conn.name))), options)
end

function M.uninstall(_, _, options)
  local left = connector.left_to_others(options)
  if left then return left end
  return answer(array { { title = "the subscription", todo = "In Notion: Settings, Connections, the integration, Webhooks: delete it. Take "
    .. "verification_token out of tidewire.lua." } }, options)
end

return M
