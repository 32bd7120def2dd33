-- profile: io
-- What the neon connector makes of its options; the rest is the postgres connector's.

local tap = require "tap"
local host = require "tidewire.host.connector"

local function connect(options)
  local asked
  local side = host(function() return require "connectors.neon" end, { name = "app", config = options, sql = function(conn)
    asked = conn.config
    return { query = function() return nil, { code = "unavailable", message = "asleep" } end }
  end })
  side.functions.test()
  return side, asked
end

local direct = "postgresql://u:p@ep-cool-name-123456.eu-central-1.aws.neon.tech/db?sslmode=require"
local pooled = direct:gsub("%.eu", "-pooler.eu", 1)

tap.test("a pooler's host is known by its name: nothing is set for a session, nobody listens", function()
  local side, config = connect { url = pooled, awake = true }
  tap.equal({ config.pooled, side.capabilities.listens }, { true, false })
  for _, url in ipairs { pooled:gsub("u:p@", "", 1) .. "&user=u&password=p", (pooled:gsub("u:p@", "u:a%%40b@", 1)) } do
    tap.equal(select(2, connect { url = url }).pooled, true, url)
  end
  tap.equal(select(2, connect { url = (direct:gsub("u:p@", "u:a%%40b-pooler.x@", 1)) }).pooled, false)
  side, config = connect { url = direct }
  tap.equal({ config.pooled, side.capabilities.listens }, { false, false })
end)

tap.test("an address of several hosts is refused, however it is written; a comma in a password is none", function()
  local db = require "connectors.postgres.db"
  local function says(config)
    local handle, err = db.open { config = config }
    return handle == nil and err.message or "one"
  end
  for _, config in ipairs { { host = "a,b" }, { url = "postgresql://u:p@a:5432,b:5433/db" }, { url = "postgresql:///db?user=u&host=a%2Cb" }, { url = "host=a,b user=u" } } do
    tap.equal(says(config), "the address names several hosts")
  end
  for _, config in ipairs { { host = "a" }, { url = "postgresql://u:p,q@a:5432/db?sslmode=require" }, { url = "host=a user=u password=p,q" } } do tap.equal(says(config), "one") end
end)

tap.test("a compute is kept awake only where that is wanted", function()
  tap.equal(connect { url = direct, awake = true }.capabilities.listens, true)
  tap.equal(connect { url = direct, awake = true, changes = "poll" }.capabilities.listens, false)
end)

tap.test("an endpoint without a name in TLS is told among the startup options, and waking up is waited for", function()
  local _, config = connect { url = direct, endpoint = "ep-cool-name-123456" }
  tap.equal({ config.options, config.connect_timeout, config.idle }, { "endpoint=ep-cool-name-123456", 20, 60 })
  tap.raises(function() connect { endpoint = "x" } end, "url")
end)
