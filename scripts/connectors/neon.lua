--- Neon: PostgreSQL that sleeps when nobody asks it anything, and drops who is connected when it does.
---
--- Everything is the postgres connector's; what differs is how it is reached. A host of the pooler (`-pooler`) deals out
--- servers by transaction, so nothing is set for a session and nobody listens. A sleeping compute wakes with the first
--- connection, and sessions are given up long before it would sleep, so that none is found dead.

local connector = require "tidewire.connector"
local postgres = require "connectors.postgres"

local M = {}
for name, value in pairs(postgres) do M[name] = value end
M.kind = "neon"

M.config = {}
for name, value in pairs(postgres.config) do M.config[name] = value end
M.config.url = { secret = true, required = true, address = true }
M.config.endpoint = { type = "text" }
M.config.awake = { type = "boolean", default = false }
M.config.pooled = { type = "boolean" }
M.config.connect_timeout = { type = "duration", default = 20 }
M.config.idle = { type = "duration", default = 60 }

-- The hosts of the address, which may hold its user and password elsewhere, or an @ in them.
local function hosts_of(url)
  local authority = connector.secret(url):match "^%w+://([^/?]*)" or ""
  return authority:match "([^@]*)$"
end

-- What the postgres connector is told. Without the server name in TLS (an address as host, an old proxy between) Neon needs
-- the endpoint's name among the startup options.
local function prepare(config)
  if config.pooled == nil then config.pooled = hosts_of(config.url):find("-pooler.", 1, true) ~= nil end
  if config.endpoint and not config.options then config.options = "endpoint=" .. config.endpoint end
  return config
end

function M.capabilities(config)
  local able = postgres.capabilities(prepare(config))
  -- A listener that keeps connecting would keep the compute awake, and paid for.
  able.listens = able.listens and config.awake
  return able
end

return M
