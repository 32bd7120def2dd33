--- PostgreSQL 13 and later: tables over its own protocol.
---
--- A row's version is its `xmin`, which every update moves; a view names a version column. An update and a delete carry it
--- in their condition. Changes come from an outbox that triggers write (`tidewire install`), which is told of at once, or
--- from polls of a time column.

local catalog = require "connectors.postgres.catalog"
local changes = require "connectors.postgres.changes"
local install = require "connectors.postgres.install"
local reads = require "connectors.postgres.reads"
local rows = require "connectors.postgres.rows"
local table_files = require "tidewire.table_files"
local writes = require "connectors.postgres.writes"

local M = { kind = "postgres" }

M.config = {
  url = { secret = true, address = true }, host = { type = "text" }, port = { type = "number" }, database = { type = "text" },
  user = { type = "text" }, password = { secret = true }, ca = { type = "text" },
  sslmode = { options = { "disable", "prefer", "require", "verify-ca", "verify-full" } },
  pooled = { type = "boolean", default = false },
  schema = { type = "text", default = "public" },
  version = { type = "text", default = "xmin" },
  modified = { type = "text", default = "updated_at" },
  zone = { type = "zone" },
  changes = { options = { "auto", "poll", "logical" }, default = "auto" },
  overlap = { type = "duration", default = 60 },
  idle = { type = "duration" }, connect_timeout = { type = "duration" },
  statement_timeout = { type = "duration", default = 30 },
}
M.collections = {
  table = { schema = { type = "text" }, version = { type = "any" }, modified = { type = "any" } },
}

function M.capabilities(config)
  return {
    guarded_writes = true, guarded_deletes = true, version_covers = "all", ordered_versions = false, payload = false,
    answer = "stored", bulk_read = 500, bulk_find = 100, bulk_create = 500, bulk_update = 500, client_keys = true, incarnation = false,
    absence_proves_delete = true, page_reads = true, settle = config.statement_timeout + 10, time_resolution = 0.000001,
    overlap = config.overlap, delete_events = true, poll_deletes = true, listens = not config.pooled and config.changes == "auto",
  }
end

M.test, M.catalog, M.describe = catalog.test, catalog.catalog, catalog.describe
M.listen, M.unlisten, M.install, M.uninstall = changes.listen, changes.unlisten, install.install, install.uninstall
M.start, M.changes = changes.start, changes.changes
M.read, M.list, M.count, M.find = reads.read, reads.list, reads.count, reads.find
function M.download(conn, _, ref) return table_files.download(conn, ref, rows) end
function M.upload(_, _, file) return table_files.upload(file) end
M.create, M.update, M.update_many, M.delete = writes.create, writes.update, writes.update_many, writes.delete

return M
