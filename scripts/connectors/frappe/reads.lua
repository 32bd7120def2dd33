--- Reading documents, one by one and as rows of a list.

local connector = require "tidewire.connector"
local json = require "tidewire.json"
local shapes = require "connectors.frappe.shape"
local wire = require "connectors.frappe.wire"

local array = json.array
local fail = connector.fail

local M = {}

-- A read leaves nulls out and also what the user may not see; a list tells the two apart.
local function check_hidden(conn, collection, shape, doc)
  local doubtful = array {}
  for _, name in ipairs(shape.columns) do
    local field = shape.known.fields[name]
    if doc[name] == nil and field and (tonumber(field.permlevel) or 0) > 0 then doubtful[#doubtful + 1] = name end
  end
  if #doubtful == 0 then return true end
  local this = array { array { "name", "=", connector.plain(doc.name) } }
  local rows, err = wire.get_list(conn, collection.name, { fields = doubtful, filters = this })
  if not rows then return nil, err end
  for _, name in ipairs(doubtful) do
    if rows[1] and rows[1][name] == nil then
      return fail("invalid", "the site hides " .. name, "the API user may not read it: see its permission level")
    end
  end
  return true
end

-- Refused by a rule about this document, where the DocType can be listed: no reason to pause the whole connection.
local function refused(conn, collection, key, err)
  if err.code ~= "denied" then return nil, err end
  local rows = wire.get_list(conn, collection.name, { fields = array { "name" }, limit_page_length = 1 })
  if not rows then return nil, err end
  return fail("invalid", "the API user may not see " .. collection.name .. " " .. key, "a user permission or a share hides it")
end

-- A read leaves out what is null, and also a field that the DocType does not have any more; a list refuses to be asked for that.
local function note_absent(shape, doc)
  shape.absent = shape.absent or {}
  local function note(doctype, fields, row, parent)
    for name, field in pairs(fields) do
      if row[name] == nil and field.is_virtual ~= 1 and not shapes.no_column[field.fieldtype] and not shapes.tables[field.fieldtype] and not name:find("_seen", 1, true) then
        local one = shape.absent[doctype] or { parent = parent, names = {} }
        shape.absent[doctype], one.names[name] = one, true
      end
    end
  end
  local own, known = {}, shape.known
  for _, name in ipairs(shape.columns) do own[name] = known.fields[name] end
  note(known.meta.name, own, doc, nil)
  for _, name in ipairs(shape.fields) do
    local field = known.fields[name]
    local child = field and shapes.tables[field.fieldtype] and known.children and known.children[field.options]
    for _, row in ipairs(child and type(doc[name]) == "table" and doc[name] or {}) do note(field.options, child.fields, row, known.meta.name) end
  end
end

local function check_absent(conn, shape)
  for doctype, one in pairs(shape.absent or {}) do
    local names = array {}
    for name in pairs(one.names) do names[#names + 1] = name end
    local rows, err = wire.get_list(conn, doctype, { fields = names, limit_page_length = 1, parent = one.parent })
    if not rows and err.code ~= "denied" then return nil, err end
  end
  shape.absent = nil
  return true
end

--- One document as a record, false where it is surely not there.
function M.one(conn, collection, shape, key)
  local reply, err = wire.request(conn, "GET", wire.path(collection.name, key))
  if not reply and err.code == "not_found" then return false end
  if not reply then return refused(conn, collection, key, err) end
  local doc = reply.body.data
  if type(doc) ~= "table" or doc.name == nil then return fail("unavailable", "a document without a name") end
  local clear
  clear, err = check_hidden(conn, collection, shape, doc)
  if clear then clear, err = shapes.unmasked(shape, doc) end
  if not clear then return nil, err end
  if connector.plain(doc.name) ~= key then return false end     -- found by another case or with blanks: renamed
  note_absent(shape, doc)
  return shapes.record(doc, shape.fields, shape.known, shape.zone)
end

--- Several documents, each by a request of its own: records, false for each that is not there.
function M.each(conn, collection, shape, keys)
  local found, err = connector.each(keys, 8, function(key) return M.one(conn, collection, shape, key) end)
  if not found then return nil, err end
  local same
  same, err = check_absent(conn, shape)
  if not same then return nil, err end
  return found
end

--- Appends to `list` the records that were found.
function M.found(list, records)
  for _, one in ipairs(records) do
    if one then list[#list + 1] = one end
  end
  return list
end

--- The records of listed rows.
function M.records(conn, collection, shape, rows)
  local list, names = array {}, {}
  for i, row in ipairs(rows) do names[i] = connector.plain(row.name) end
  if shape.singly then
    local docs, err = M.each(conn, collection, shape, names)
    if not docs then return nil, err end
    return M.found(list, docs)
  end
  for i, row in ipairs(rows) do
    local one, err = shapes.from_row(shape, row)
    if not one then return nil, err end
    list[i] = one
  end
  return list
end

return M
