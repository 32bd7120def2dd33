--- Frappe and ERPNext, versions 14 to 16, over /api/resource and frappe.client (v1 of their API).
---
--- Times of a site are naive texts of the zone in System Settings. They stay texts: a guard is compared by the site as
--- text, and a poll's mark in text survives a change of zone. Only `modified` of a record is turned into UTC.

local connector = require "tidewire.connector"
local json = require "tidewire.json"
local time = require "tidewire.time"
local describe = require "connectors.frappe.describe"
local files = require "connectors.frappe.files"
local install = require "connectors.frappe.install"
local poll = require "connectors.frappe.poll"
local reads = require "connectors.frappe.reads"
local shapes = require "connectors.frappe.shape"
local wire = require "connectors.frappe.wire"

local null, array = json.null, json.array
local fail, given = connector.fail, connector.given

local M = { kind = "frappe" }

M.config = {
  url = { type = "url", required = true, without = { "/api", "/app", "/desk" } },
  api_key = { secret = true, required = true },
  api_secret = { secret = true, required = true },
  webhook_secret = { secret = true },
  zone = { type = "zone" },
  overlap = { type = "duration", default = 300 },
  private_files = { type = "boolean", default = true },
}
-- A child table is listed only for the DocType whose rows it holds: `of`.
M.collections = { doctype = { of = { type = "text" } } }
-- An Address or a Contact names whose it is in rows: erp.dynamic_link "Customer".
M.owners = { dynamic_link = { list = "links", column = "link_name", of = "link_doctype" } }

function M.capabilities(config)
  return {
    guarded_writes = true, guarded_deletes = false, version_covers = "most", ordered_versions = false, payload = false,
    answer = "as_sent", bulk_read = 200, bulk_find = 50, bulk_create = 50, client_keys = false, incarnation = true,
    absence_proves_delete = true, page_reads = true, settle = 60, time_resolution = 0.000001, overlap = config.overlap, delete_events = true,
    poll_deletes = true,
  }
end

function M.proof(config)
  if config.webhook then return connector.webhook_proof(config.webhook) end
  if not config.webhook_secret then return { kind = "none" } end
  return { kind = "hmac-sha256", encoding = "base64", header = "X-Frappe-Webhook-Signature", secret = "webhook_secret" }
end

M.payload = {
  collection = { "doctype", "?collection" }, key = { "name" }, event = { "event", "?event" },
  deletes = { "on_trash", "after_delete" },
}

M.test, M.catalog, M.describe = describe.test, describe.catalog, describe.describe
M.start, M.changes = poll.start, poll.changes
M.install, M.uninstall = install.install, install.uninstall
M.download, M.has_file, M.file_marks, M.upload = files.download, files.has_file, files.file_marks, files.upload

-- Reading -------------------------------------------------------------------------------------------------------------

function M.read(conn, collection, keys)
  local shape, err = shapes.plan(conn, collection)
  if not shape then return nil, err end
  local list, missing, found = array {}, keys, {}
  if not shape.singly then
    local rows
    rows, err = wire.get_list(conn, collection.name, { fields = shape.columns, limit_page_length = #keys,
      filters = array { array { "name", "in", keys } }, order_by = "name asc" })
    if not rows then return nil, err end
    local all
    all, err = reads.records(conn, collection, shape, rows)
    if not all then return nil, err end
    for _, one in ipairs(all) do found[one.key] = one end
    missing = {}
    for _, key in ipairs(keys) do
      if found[key] then list[#list + 1] = found[key] else missing[#missing + 1] = key end
    end
  end
  -- A list leaves out what the user may not see, so only a read of its own says that a document is gone.
  local rest
  rest, err = reads.each(conn, collection, shape, missing)
  if not rest then return nil, err end
  return reads.found(list, rest)
end

local numeric = { Check = true, Int = true, ["Long Int"] = true, Float = true, Currency = true, Percent = true, Rating = true, Duration = true }

-- A value as the site compares it with a field's own: of a text a number would find all that begin with it ("5 pieces"). What is no
-- field of the definition (docstatus, idx) is a number, or a text that comes as one.
local function asked_for(field, value)
  if type(value) == "boolean" then return value and 1 or 0 end
  if not field or numeric[field.fieldtype] or value == null or type(value) == "string" then return value end
  return connector.plain(value)
end

local function asked_for_each(field, values)
  local list = array {}
  for i, value in ipairs(values) do list[i] = asked_for(field, value) end
  return list
end

-- `!=` lets empty values through on every version, `not in` on none. A number is never null there, and versions differ in whether 0 is
-- set. A column of a child table ("links.link_name") is asked for with its DocType, and repeats the document for each row that fits.
local function add_filters(filters, condition, known)
  local name, op, value = condition.field, condition.op, condition.value
  local head, column = name:match "^([^.]+)%.(.+)$"
  local child = head and known.fields[head] and shapes.tables[known.fields[head].fieldtype] and known.fields[head].options
  local field = known.fields[name]
  if child then field = known.children and known.children[child] and known.children[child].fields[column] end
  local function add(word, operand)
    filters[#filters + 1] = child and array { child, column, word, operand } or array { name, word, operand }
  end
  local function add_set(word, of_number)
    if field and numeric[field.fieldtype] then return add(of_number, 0) end
    return add("is", word)
  end
  if op == "is_null" then return add_set("not set", "=") end
  if op == "not_null" then return add_set("set", "!=") end
  if op == "in" then return add(op, asked_for_each(field, value)) end
  if op ~= "not_in" then return add(op, asked_for(field, value)) end
  for _, one in ipairs(value) do
    if one == null then add_set("set", "!=") else add("!=", asked_for(field, one)) end
  end
end

-- With a child table beside it, a name alone could be either's.
local function order_of(collection, filters)
  for _, filter in ipairs(filters) do
    if #filter == 4 then return ("`tab%s`.name asc"):format(collection.name) end
  end
  return "name asc"
end

local function once_each(rows)
  local list, last = array {}, nil
  for _, row in ipairs(rows) do
    if row.name ~= last then list[#list + 1] = row end
    last = row.name
  end
  return list
end

function M.list(conn, collection, cursor, limit)
  local shape, err = shapes.plan(conn, collection)
  if not shape then return nil, err end
  local filters = array {}
  for _, condition in ipairs(connector.conditions(collection.scope)) do add_filters(filters, condition, shape.known) end
  if cursor then filters[#filters + 1] = array { "name", ">", cursor.after } end
  local rows
  rows, err = wire.get_list(conn, collection.name, { fields = shape.singly and array { "name" } or shape.columns,
    filters = filters, order_by = order_of(collection, filters), limit_page_length = limit })
  if not rows then return nil, err end
  local records
  records, err = reads.records(conn, collection, shape, once_each(rows))
  if not records then return nil, err end
  return { records = records, cursor = #rows > 0 and { after = connector.plain(rows[#rows].name) } or nil }
end

-- Versions 14 and 15 count what the user may not see, too. Their count joins no child tables and takes "" for set.
function M.count(conn, collection)
  local shape, err = shapes.plan(conn, collection)
  if not shape then return nil, err end
  local filters = array {}
  for _, condition in ipairs(connector.conditions(collection.scope)) do add_filters(filters, condition, shape.known) end
  for _, filter in ipairs(filters) do
    if #filter == 4 or filter[2] == "is" then return nil end
  end
  return wire.get_count(conn, collection.name, filters)
end

local function incarnation_of(one, field) return field == "$incarnation" and one.incarnation or one[field] end

-- The site compares text without case, accents and blanks at the end, so what it finds is looked through again here.
function M.find(conn, collection, queries)
  local asked = { name = collection.name, fields = { unpack(collection.fields or {}) } }
  for _, part in ipairs(queries[1] or {}) do
    if part.field ~= "$incarnation" and part.field ~= "name" then asked.fields[#asked.fields + 1] = part.field end
  end
  local shape, err = shapes.plan(conn, asked)
  if not shape then return nil, err end
  local filters = array {}
  for i, part in ipairs(queries[1] or {}) do
    local values = array {}
    for n, query in ipairs(queries) do values[n] = asked_for(shape.known.fields[part.field], query[i].value) end
    filters[i] = array { part.field == "$incarnation" and "creation" or part.field, "in", values }
  end
  local answers, after, page = array {}, nil, 500
  repeat
    local narrowed = array { unpack(filters) }
    if after then narrowed[#narrowed + 1] = array { "name", ">", after } end
    local rows, records
    rows, err = wire.get_list(conn, collection.name, { fields = shape.columns, filters = narrowed, order_by = "name asc",
      limit_page_length = page })
    if not rows then return nil, err end
    records, err = reads.records(conn, asked, shape, rows)
    if not records then return nil, err end
    local full = connector.deal(queries, records, answers, function(one, field)
      return field == "name" and one.key or incarnation_of(one, field)
    end)
    after = rows[#rows] and connector.plain(rows[#rows].name)
  until full or #rows < page
  return answers
end

-- Writes --------------------------------------------------------------------------------------------------------------

-- On create an explicit null asks for the default; "" keeps a field empty.
local empty_on_create = { Check = 0, Int = 0, Float = 0, Currency = 0, Percent = 0, Rating = 0, Duration = 0 }

local function new_values(known, entry)
  local values = {}
  for name, value in pairs(entry.values) do
    local field = known.fields[name]
    local kind = field and field.fieldtype
    if value ~= null then
      values[name] = shapes.sent(value, field, known)
    elseif shapes.tables[kind] then
      values[name] = array {}
    elseif kind ~= "JSON" and kind ~= "Password" then
      values[name] = empty_on_create[kind] or ""
    end
  end
  if given(entry.key) then values.name = entry.key end
  return values
end

local function answered(doc, sent, shape)
  local fields = {}
  for name in pairs(sent) do fields[#fields + 1] = name end
  return shapes.record(doc, fields, shape.known, shape.zone)
end

local exists = { DuplicateEntryError = true, UniqueValidationError = true }

-- A name or a unique value that is taken may be our own earlier request: whoever creates looks again.
local function as_taken(err)
  if err.code == "blocked" and exists[err.message:match "^%w+"] then
    return select(2, fail("stale", err.message, "a document with this name or unique value exists"))
  end
  return err
end

local function create_one(conn, collection, shape, values)
  local reply, err = wire.request(conn, "POST", wire.path(collection.name), nil, { data = values })
  if not reply then return { error = as_taken(err) } end
  if type(reply.body.data) ~= "table" or reply.body.data.name == nil then
    return { error = select(2, fail("unknown", "a create was answered without a document")) }
  end
  return { record = answered(reply.body.data, values, shape) }
end

-- insert_many tells names only. An insert stamps `creation` and `modified` alike, so `creation` is the version of our
-- own write even where somebody was quick to follow.
local function after_bulk(conn, collection, shape, names, documents)
  local rows = wire.get_list(conn, collection.name, { fields = array { "name", "creation" }, limit_page_length = #names,
    filters = array { array { "name", "in", names } } })
  local created = {}
  for _, row in ipairs(rows or {}) do created[connector.plain(row.name)] = row.creation end
  local outcomes = array {}
  for i, document in ipairs(documents) do
    local name = connector.plain(names[i])
    local doc = { name = name, creation = created[name], modified = created[name] }
    for field, value in pairs(document) do doc[field] = doc[field] or value end
    document.doctype = nil
    outcomes[i] = { record = answered(doc, document, shape) }
  end
  return outcomes
end

-- One transaction for all; refused with a clear word, nothing was written and each may be tried alone.
local function create_many(conn, collection, shape, list)
  local documents = array {}
  for i, values in ipairs(list) do
    documents[i] = { doctype = collection.name }
    for name, value in pairs(values) do documents[i][name] = value end
  end
  local reply, err = wire.request(conn, "POST", "/api/method/frappe.client.insert_many", nil, { docs = documents })
  if reply and json.is_array(reply.body.message) and #reply.body.message == #list then
    return after_bulk(conn, collection, shape, reply.body.message, documents)
  end
  if reply then err = select(2, fail("unknown", "insert_many was answered without the names")) end
  if err.code == "invalid" or err.code == "blocked" or err.code == "denied" or err.code == "not_found" or err.code == "stale" then return nil end
  local outcomes = array {}
  for i = 1, #list do outcomes[i] = { error = err } end
  return outcomes
end

function M.create(conn, collection, entries)
  local shape, err = shapes.plan(conn, collection)
  if not shape then return nil, err end
  local list = {}
  for i, entry in ipairs(entries) do list[i] = new_values(shape.known, entry) end
  local outcomes = #list > 1 and create_many(conn, collection, shape, list)
  if outcomes then return outcomes end
  outcomes = array {}
  for i, values in ipairs(list) do outcomes[i] = create_one(conn, collection, shape, values) end
  return outcomes
end

-- A 404 of a write is believed when the document is gone: rows of a submitted document without names, for one, are
-- refused in the same way.
local function gone_or_refused(conn, collection, key, err)
  if err.code ~= "not_found" then return nil, err end
  local there, why = wire.request(conn, "GET", wire.path(collection.name, key))
  if there then return fail("invalid", err.message) end
  return nil, why
end

-- A row is numbered by its place in the array only where it brings no idx of its own.
local function in_place(rows)
  for _, row in ipairs(rows) do row.idx = nil end
  return rows
end

function M.update(conn, collection, key, values, guard)
  local shape, err = shapes.plan(conn, collection)
  if not shape then return nil, err end
  local sent = {}
  for name, value in pairs(values) do
    local field = shape.known.fields[name]
    sent[name] = shapes.sent(value, field, shape.known)
    if field and shapes.tables[field.fieldtype] and type(value) == "table" then in_place(sent[name]) end
  end
  sent.modified = guard
  local reply
  reply, err = wire.request(conn, "PUT", wire.path(collection.name, key), nil, { data = sent })
  if reply then return answered(reply.body.data or {}, values, shape) end
  return gone_or_refused(conn, collection, key, err)
end

-- Moving a document from draft to submitted and on to cancelled is a save with another docstatus.
local function moved_to(docstatus)
  return function(conn, collection, key, guard) return M.update(conn, collection, key, { docstatus = docstatus }, guard) end
end
M.verbs = { submit = moved_to(1), cancel = moved_to(2) }

function M.delete(conn, collection, key)
  local reply, err = wire.request(conn, "DELETE", wire.path(collection.name, key))
  if reply then return true end
  return gone_or_refused(conn, collection, key, err)
end

local function last_deleted(conn, collection, key, fields)
  return wire.get_list(conn, "Deleted Document", { fields = array(fields), limit_page_length = 1, order_by = "creation desc, name desc",
    filters = array { array { "deleted_doctype", "=", collection.name }, array { "deleted_name", "=", key } } })
end

function M.trash(conn, collection, key)
  local shape, err = shapes.plan(conn, collection)
  if not shape then return nil, err end
  local rows
  rows, err = last_deleted(conn, collection, key, { "name", "data", "creation" })
  if not rows and err.code == "denied" then return nil end
  if not rows then return nil, err end
  local doc = rows[1] and type(rows[1].data) == "string" and json.decode(rows[1].data)
  if not doc then return nil end
  local copy = shapes.record(doc, shape.fields, shape.known, shape.zone)
  copy.deleted_at = shape.zone and time.from_local(shapes.stamp(rows[1].creation), shape.zone) or null
  return copy
end

-- Frappe inserts it anew, under the name that its rule gives then.
function M.put_back(conn, collection, key)
  local restore = "/api/method/frappe.core.doctype.deleted_document.deleted_document.restore"
  local rows, err = last_deleted(conn, collection, key, { "name", "restored", "new_name" })
  if rows and rows[1] and rows[1].restored ~= 1 then
    local reply, why = wire.request(conn, "POST", restore, nil, { name = rows[1].name })
    if not reply then return nil, why end
    rows, err = last_deleted(conn, collection, key, { "name", "restored", "new_name" })
  end
  if not rows then return nil, err end
  local name = rows[1] and given(rows[1].new_name)
  if not name then return fail("invalid", "no Deleted Document of " .. collection.name .. " '" .. key .. "' can be restored") end
  local found
  found, err = M.read(conn, collection, array { name })
  if not found then return nil, err end
  if found[1] then return found[1] end
  return fail("unavailable", collection.name .. " '" .. name .. "' was restored and cannot be read yet")
end

return M
