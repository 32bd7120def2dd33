--- WordPress 5.9 and later: posts of any type, terms and users over its REST API (wp/v2) with an application password; with
--- `tables`, posts straight from its database.
---
--- Nothing of the API guards a write and its times are whole seconds, so a version is `modified_gmt` with a digest of the mapped
--- fields, and the record is read right before it is written. Only raw values travel, never rendered ones. A post in the trash
--- is deleted.

local connector = require "tidewire.connector"
local files = require "connectors.wordpress.files"
local install = require "connectors.wordpress.install"
local lists = require "connectors.wordpress.lists"
local poll = require "connectors.wordpress.poll"
local rest = require "connectors.wordpress.rest"
local schema = require "connectors.wordpress.schema"
local tables = require "connectors.wordpress.tables"

local fail = connector.fail

local M = { kind = "wordpress" }

M.config = {
  url = { type = "url", without = { "/wp-json", "/wp-admin" } }, user = { type = "text" }, password = { secret = true },
  webhook_secret = { secret = true },
  tables = { type = "table", keys = { "host", "port", "socket", "database", "user", "password", "tls", "ca", "prefix" } },
  overlap = { type = "duration", default = 7200 }, settle = { type = "duration", default = 60 },
}
M.collections = {
  post_type = { force = { type = "boolean" }, meta = { type = "table" } },
  taxonomy = { meta = { type = "table" } },
  route = { reassign = { type = "number" }, meta = { type = "table" } },
}

function M.capabilities(config)
  local direct = config.tables ~= nil
  return {
    guarded_writes = direct, guarded_deletes = false, version_covers = "most", ordered_versions = false, payload = false,
    answer = "stored", bulk_read = 100, bulk_find = 20, bulk_create = 1, client_keys = false, incarnation = false,
    absence_proves_delete = true, settle = config.settle, time_resolution = 1, overlap = config.overlap, delete_events = (config.webhook_secret or config.webhook) ~= nil,
    poll_deletes = true,
  }
end

function M.proof(config)
  if config.webhook then return connector.webhook_proof(config.webhook) end
  if not config.webhook_secret then return { kind = "none" } end
  return { kind = "hmac-sha256", encoding = "hex", header = "X-Tidewire-Signature", secret = "webhook_secret" }
end

M.payload = {
  collection = { "collection", "?collection" }, key = { "key", "id" }, event = { "event", "?event" },
  deletes = { "trashed", "deleted" },
}

local function complete(config)
  if config.tables then
    if not config.tables.database or not config.tables.user then return fail("invalid", "`tables` names no database or user", 'tables = { host = ..., database = "wordpress", user = ..., password = secret "X" }') end
    return true
  end
  for _, name in ipairs { "url", "user", "password" } do
    if not config[name] then return fail("invalid", "the connection has no `" .. name .. "`", 'url, user and password = secret "X", an application password of that user') end
  end
  return true
end

-- The verb of the form that tidewire.lua asks for.
local function either(over_rest, direct)
  return function(conn, ...)
    local fine, err = complete(conn.config)
    if not fine then return nil, err end
    return (conn.config.tables and direct or over_rest)(conn, ...)
  end
end

local function nothing_to_install() return fail("invalid", "`install` is for the REST form", "with `tables` nothing is made on the other side: changes are polled") end

local function no_files() return fail("invalid", "files are copied over the REST form", "with `tables` the number of an attachment is kept the same: take `file = true` off the row") end

M.download, M.has_file, M.upload = either(files.download, no_files), either(files.has_file, no_files), either(files.upload, no_files)
M.file_marks = either(files.file_marks, no_files)
M.test, M.catalog, M.describe = either(schema.test, tables.test), either(schema.catalog, tables.catalog), either(schema.describe, tables.describe)
M.read, M.list, M.find, M.trash = either(rest.read, tables.read), either(lists.list, tables.list), either(lists.find, tables.find), either(rest.trash, tables.trash)
M.put_back = either(rest.put_back, tables.put_back)
M.count = either(lists.count, tables.count)
M.start, M.changes = either(poll.start, tables.start), either(poll.changes, tables.changes)
M.create, M.update, M.delete = either(rest.create, tables.create), either(rest.update, tables.update), either(rest.delete, tables.delete)
M.install, M.uninstall = either(install.install, nothing_to_install), either(install.uninstall, nothing_to_install)

return M
