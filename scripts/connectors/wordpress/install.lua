--- What a site needs: the plugin as a file, and its settings, which say what meta is registered and who is told of changes.

local connector = require "tidewire.connector"
local hash = require "tidewire.hash"
local json = require "tidewire.json"
local plugin = require "connectors.wordpress.plugin"
local schema = require "connectors.wordpress.schema"
local wire = require "connectors.wordpress.wire"

local array, object = json.array, json.object
local fail, given = connector.fail, connector.given

local M = {}

local path = "/tidewire/v1/settings"

-- The settings there; false where the plugin is not.
local function settings(conn)
  local site, err = wire.site(conn, true)
  if not site then return nil, err end
  if not wire.has_plugin(site) then return false end
  local reply
  reply, err = wire.get(conn, path)
  if not reply and err.code == "invalid" then return fail("denied", err.message, "only an administrator changes what a site registers: install as one, then use an editor") end
  return reply and reply.body, err
end

local function file_step(title)
  return { title = title, file = { name = plugin.name, text = plugin.text() },
    todo = ("Save it as wp-content/mu-plugins/%s of the site, or let `--folder THAT-FOLDER` write it:\n\n%s"):format(plugin.name, plugin.text()) }
end

local function settings_step(title, body, shown)
  return { title = title, request = { method = "POST", path = "/wp-json" .. path, body = shown or body }, body = body }
end

local function add_meta(steps, target, collection, there)
  local wanted, missing = schema.wanted_meta(collection), object {}
  local has = there and type(there.meta) == "table" and there.meta[collection.name] or {}
  for key, kind in pairs(wanted) do
    if has[key] ~= kind and not (target.fields["meta." .. key] and has[key] == nil) then missing[key] = kind end
  end
  if next(missing) then steps[#steps + 1] = settings_step("the meta that the mapping uses", { meta = object { [collection.name] = missing } }) end
end

local function add_watch(steps, conn, collection, options, there)
  local address, secret = given(options.address), conn.config.webhook_secret and connector.secret(conn.config.webhook_secret)
  if not address then return true end
  if not secret then return fail("invalid", "the connection has no `webhook_secret`", 'webhook_secret = secret "WP_WEBHOOK_SECRET" in tidewire.lua') end
  local has = there and type(there.watch) == "table" and there.watch[collection.name] or {}
  if has[address] == hash.hmac_sha256(secret, address) then return true end
  local function watch(what) return { watch = object { [collection.name] = object { [address] = what } } } end
  steps[#steps + 1] = settings_step("who is told of changes", watch(secret), watch "(webhook_secret)")
  return true
end

local function carried_out(conn, steps, options)
  for _, step in ipairs(options.apply and steps or {}) do
    if step.file then return fail("invalid", "the plugin is not on the site yet", "save it there first, or give its folder: --folder /var/www/site/wp-content/mu-plugins") end
    local done, err = wire.write(conn, "POST", path, nil, step.body)
    if not done then return nil, err end
  end
  for _, step in ipairs(steps) do step.body = nil end
  conn.state.targets = nil
  return { steps = steps, applied = options.apply or false }
end

function M.install(conn, collection, options)
  local target, err = schema.target(conn, collection, true)
  if not target then return nil, err end
  local there
  there, err = settings(conn)
  if there == nil then return nil, err end
  local steps = array {}
  add_meta(steps, target, collection, there)
  local ok
  ok, err = add_watch(steps, conn, collection, options, there)
  if not ok then return nil, err end
  if not there and #steps > 0 then table.insert(steps, 1, file_step "the plugin") end
  if there and there.version ~= plugin.version then table.insert(steps, 1, file_step "the plugin, a newer one") end
  return carried_out(conn, steps, options)
end

--- Takes the settings of this mapping away. The plugin and the values of meta stay.
function M.uninstall(conn, collection, options)
  local left = connector.left_to_others(options)
  if left then return left end
  local there, err = settings(conn)
  if there == nil then return nil, err end
  local steps, address, ours = array {}, given(options.address), schema.wanted_meta(collection)
  for part, title in pairs { watch = "who is told of changes", meta = "the meta that was registered" } do
    local gone, any = object {}, false
    for key in pairs(there and type(there[part]) == "table" and there[part][collection.name] or {}) do
      if part == "meta" and ours[key] or part == "watch" and (not address or key == address) then gone[key], any = json.null, true end
    end
    if any then steps[#steps + 1] = settings_step(title, { [part] = object { [collection.name] = gone } }) end
  end
  return carried_out(conn, steps, options)
end

return M
