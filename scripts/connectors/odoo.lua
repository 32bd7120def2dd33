--- Odoo 16 and later: records of any model, over JSON-2 where the server has it (19), else /jsonrpc.
---
--- Odoo knows no guard: the last write of a field wins. A write is followed by a read of the record, which is the answer.

local connector = require "tidewire.connector"
local describe = require "connectors.odoo.describe"
local domains = require "connectors.odoo.domain"
local files = require "connectors.odoo.files"
local install = require "connectors.odoo.install"
local json = require "tidewire.json"
local poll = require "connectors.odoo.poll"
local shapes = require "connectors.odoo.shape"
local verbs = require "connectors.odoo.verbs"
local wire = require "connectors.odoo.wire"

local array = json.array
local fail = connector.fail

local M = { kind = "odoo" }

M.config = {
  url = { type = "url", required = true, without = { "/web", "/odoo", "/jsonrpc", "/xmlrpc", "/json" } },
  database = { type = "text" },
  login = { type = "text" },
  api_key = { secret = true },
  password = { secret = true },
  api = { options = { "auto", "json2", "jsonrpc" }, default = "auto" },
  company = { type = "any" },
  lang = { type = "text" },
  overlap = { type = "duration", default = 300 },
  -- Odoo's workers are few, and its transactions of one database get in each other's way.
  limits = { type = "table", keys = { "rate", "parallel", "batch", "inbound", "max_file_size" }, default = { parallel = 2 } },
}
M.collections = { model = {} }

function M.capabilities(config)
  return {
    guarded_writes = false, guarded_deletes = false, version_covers = "most", ordered_versions = false, payload = false,
    answer = "stored", bulk_read = 200, bulk_find = 50, bulk_create = 100, client_keys = false, incarnation = false,
    absence_proves_delete = true, settle = 120, time_resolution = 1, overlap = config.overlap, delete_events = config.webhook ~= nil,
    poll_deletes = false,
  }
end

-- Odoo signs nothing and adds no header; a proxy in front of us can.
function M.proof(config)
  return config.webhook and connector.webhook_proof(config.webhook) or { kind = "none" }
end

M.payload = { collection = { "_model" }, key = { "_id" }, event = { "?event" }, deletes = { "unlink" } }

M.test, M.catalog, M.describe = describe.test, describe.catalog, describe.describe
M.start, M.changes = poll.start, poll.changes
M.install, M.uninstall = install.install, install.uninstall
M.download, M.file_marks, M.upload = files.download, files.file_marks, files.upload

-- Reading -------------------------------------------------------------------------------------------------------------

-- A record rule hides one of the records, where the model itself may be read: no reason to pause the whole connection.
local function hidden(conn, shape, err)
  if err.code ~= "denied" then return nil, err end
  local alive, why = wire.call(conn, shape.model, "search_count", { domain = array { array { "id", "=", 0 } } })
  if alive == nil then return nil, why end
  return fail("invalid", err.message, "a record rule hides it from the API user")
end

local function read_ids(conn, shape, ids)
  local rows, err = wire.call(conn, shape.model, "read", { ids = ids, fields = shape.columns })
  if rows == nil then return hidden(conn, shape, err) end
  if not json.is_array(rows) then return fail("unavailable", "the answer is no list of records") end
  return shapes.records(conn, shape, rows)
end

-- By id, archived records are read too; one that may not be seen is an error, so what is left out is gone.
function M.read(conn, collection, keys)
  local shape, err = shapes.plan(conn, collection)
  if not shape then return nil, err end
  local ids = array {}
  for _, key in ipairs(keys) do ids[#ids + 1] = shapes.id_of(key) end
  if #ids == 0 then
    local alive
    alive, err = wire.call(conn, shape.model, "search_count", { domain = array { array { "id", "=", 0 } } })
    if alive == nil then return nil, err end
    return array {}
  end
  return read_ids(conn, shape, ids)
end

function M.list(conn, collection, cursor, limit)
  local shape, err = shapes.plan(conn, collection)
  if not shape then return nil, err end
  local domain = domains.scope(shape.fields, collection.scope)
  if cursor then domain[#domain + 1] = array { "id", ">", cursor.after } end
  local rows
  rows, err = wire.search_read(conn, shape.model, { domain = domain, fields = shape.columns, order = "id asc", limit = limit })
  if not rows then return nil, err end
  local records
  records, err = shapes.records(conn, shape, rows)
  if not records then return nil, err end
  return { records = records, cursor = #rows > 0 and { after = rows[#rows].id } or nil }
end

function M.count(conn, collection)
  local shape, err = shapes.plan(conn, collection)
  if not shape then return nil, err end
  local total
  total, err = wire.call(conn, shape.model, "search_count", { domain = domains.scope(shape.fields, collection.scope) })
  if total == nil then return nil, err end
  if type(total) ~= "number" then return fail("unavailable", "the answer is no count") end
  return total
end

-- Text is compared by the database's rules, so what was found is looked through again.
function M.find(conn, collection, queries)
  local asked = {}
  for i, part in ipairs(queries[1] or {}) do asked[i] = part.field end
  local shape, err = shapes.plan(conn, collection, asked)
  if not shape then return nil, err end
  local domain, answers, after, page = domains.any_of(shape.fields, queries), array {}, 0, 500
  repeat
    local rows
    local narrowed = array { array { "id", ">", after }, unpack(domain) }
    rows, err = wire.search_read(conn, shape.model, { domain = narrowed, fields = shape.columns, order = "id asc", limit = page })
    if not rows then return nil, err end
    local records
    records, err = shapes.records(conn, shape, rows)
    if not records then return nil, err end
    local full = connector.deal(queries, records, answers)
    after = #rows > 0 and rows[#rows].id or after
  until full or #rows < page
  return answers
end

-- Writes --------------------------------------------------------------------------------------------------------------

-- What was written is known only by reading it; without that the outcome is unknown.
local function read_back(conn, shape, ids)
  local records, err = read_ids(conn, shape, ids)
  if records then return records end
  return fail("unknown", "written, but it could not be read back: " .. err.message, err.hint)
end

local function answer_of(conn, shape, id)
  local records, err = read_back(conn, shape, array { id })
  if not records then return nil, err end
  if not records[1] then return fail("not_found", "there is no " .. shape.model .. " " .. connector.plain(id)) end
  return records[1]
end

-- Odoo says MissingError of what a value refers to as well: only a read tells whether the record itself is gone.
local function truly_missing(conn, shape, id, err)
  if err.code ~= "not_found" then return nil, err end
  local records, why = read_ids(conn, shape, array { id })
  if not records then return nil, why end
  if records[1] then return nil, connector.blocked(err, "reference") end
  return nil, err
end

-- A record rule refuses one record, where the user may write others: no reason to pause the whole connection.
local function refused(conn, model, operation, err)
  if err.code ~= "denied" or not err.message:find "^AccessError" then return err end
  if not wire.may(conn, model, operation) then return err end
  return select(2, fail("invalid", err.message, "a record rule keeps this one from the API user: its company, its team or its state"))
end

-- Odoo has one word for every broken rule; only its text tells that a value is taken.
local function is_taken(err)
  if err.code ~= "invalid" then return false end
  local message = err.message:lower()
  for _, sign in ipairs { "already", "unique", "_uniq", "duplicate" } do
    if message:find(sign, 1, true) then return true end
  end
  return false
end

function M.update(conn, collection, key, values)
  local shape, err = shapes.plan(conn, collection)
  if not shape then return nil, err end
  local id = shapes.id_of(key)
  if not id then return fail("not_found", "there is no " .. collection.name .. " " .. key) end
  local vals
  vals, err = shapes.values(conn, shape, values, id)
  if not vals then return nil, err end
  local written
  written, err = wire.call(conn, shape.model, "write", { ids = array { id }, vals = vals }, true, files.sends(shape, vals) and "sent" or nil)
  if written == nil and is_taken(err) then return nil, connector.blocked(err, "taken") end
  if written == nil then return truly_missing(conn, shape, id, refused(conn, shape.model, "write", err)) end
  files.attach(conn, shape, vals, id)
  return answer_of(conn, shape, id)
end

M.verbs = verbs.of(function(conn, collection, id)
  local shape, err = shapes.plan(conn, collection)
  if not shape then return nil, err end
  return answer_of(conn, shape, id)
end, function(conn, collection, err) return refused(conn, collection.name, "write", err) end)

-- Whether it may be deleted alone: what Odoo deletes along is told to nobody, and would be taken for deleted by a person.
local function stands_alone(conn, model, id)
  local fields, err = shapes.fields(conn, model)
  if not fields then return nil, err end
  local above, below = shapes.above(model, fields), 0
  if above then below, err = wire.call(conn, model, "search_count", { domain = array { array { above, "=", id } } }) end
  if below == nil then return nil, err end
  if below == 0 then return true end
  local along
  along, err = shapes.deletes_below(conn, model, above)
  if along == nil then return nil, err end
  if not along then return true end
  return fail("blocked", ("%s records of %s lie below it, and Odoo would delete them with it"):format(connector.plain(below), model), "delete those first, or give them another parent")
end

function M.delete(conn, collection, key)
  local id = shapes.id_of(key)
  if not id then return fail("not_found", "there is no " .. collection.name .. " " .. key) end
  local alone, why = stands_alone(conn, collection.name, id)
  if not alone then return nil, why end
  local gone, err = wire.call(conn, collection.name, "unlink", { ids = array { id } }, true)
  if gone == nil and err.code == "invalid" and err.message:lower():find("another model", 1, true) then err = connector.blocked(err, "reference") end
  if gone == nil then return nil, refused(conn, collection.name, "unlink", err) end
  return true
end

-- A MissingError of a new record is about what it refers to.
local function fail_all(group, outcomes, err)
  if err.code == "not_found" then err = connector.blocked(err, "reference") end
  if is_taken(err) then err = select(2, fail("stale", err.message, "a record with this value exists")) end
  for _, item in ipairs(group) do outcomes[item.at] = { error = err } end
end

local function made(conn, shape, group, ids, outcomes)
  local records, err = read_back(conn, shape, ids)
  if not records then return fail_all(group, outcomes, err) end
  local by_key = {}
  for _, record in ipairs(records) do by_key[record.key] = record end
  for i, item in ipairs(group) do
    local record = by_key[connector.plain(ids[i])]
    outcomes[item.at] = record and { record = record } or { error = select(2, fail("unknown", "made, but not to be read")) }
  end
end

-- One transaction for all; refused by name, nothing was made and each may be tried alone.
local function create_group(conn, shape, group, outcomes)
  local list, sends = array {}, false
  for i, item in ipairs(group) do list[i], sends = item.vals, sends or files.sends(shape, item.vals) end
  local ids, err = wire.call(conn, shape.model, "create", { vals_list = list }, true, sends and "sent" or nil)
  if json.is_array(ids) and #ids == #group then
    for i, item in ipairs(group) do files.attach(conn, shape, item.vals, ids[i]) end
    return made(conn, shape, group, ids, outcomes)
  end
  if ids ~= nil then err = select(2, fail("unknown", "create was answered without the ids")) end
  if ids == nil then err = refused(conn, shape.model, "create", err) end
  if #group == 1 or err.code ~= "invalid" and err.code ~= "not_found" then return fail_all(group, outcomes, err) end
  for _, item in ipairs(group) do create_group(conn, shape, { item }, outcomes) end
end

function M.create(conn, collection, entries)
  local shape, err = shapes.plan(conn, collection)
  if not shape then return nil, err end
  local outcomes, group = array {}, {}
  for i, entry in ipairs(entries) do
    local vals, why = shapes.values(conn, shape, entry.values)
    if vals then group[#group + 1] = { at = i, vals = vals } else outcomes[i] = { error = why } end
  end
  if #group > 0 then create_group(conn, shape, group, outcomes) end
  return outcomes
end

return M
