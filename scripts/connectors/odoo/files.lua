--- Files of a database: a binary field holds one, a many2one to ir.attachment names one.
---
--- A binary field is read as a reference that tells its content from another, MODEL/ID/FIELD/CHECKSUM, so that pages of records carry no
--- files. Odoo keeps the content of most such fields in ir.attachment, with its checksum; of the others (`attachment = false`, not stored) the
--- content is read and hashed here.

local connector = require "tidewire.connector"
local files = require "tidewire.files"
local hash = require "tidewire.hash"
local json = require "tidewire.json"
local wire = require "connectors.odoo.wire"

local array = json.array
local fail, given = connector.fail, connector.given

local M = {}

local attachments = "ir.attachment"

-- Bytes of contents that are read at once: each is base64 on the way, and an answer is in memory more than once.
local at_once = 8 * 1000 * 1000

--- Which of the fields asked for are files: `kept`, binary ones whose content is in ir.attachment; `held`, other binary ones; `named`, links to attachments.
function M.of(fields, collection)
  local kept, held, named = {}, {}, {}
  for _, name in ipairs(given(collection.files) or {}) do
    local field = fields[name]
    if field and field.type == "binary" then
      local list = field.attachment == true and field.store ~= false and kept or held
      list[#list + 1] = name
    elseif field and field.type == "many2one" and field.relation == attachments then
      named[#named + 1] = name
    end
  end
  return { kept = kept, held = held, named = named, any = #kept + #held > 0, model = collection.name }
end

local function reference(model, id, name, mark) return ("%s/%s/%s/%s"):format(model, connector.plain(id), name, mark) end

local function sum(content) return hash.sha256(content):sub(1, 40) end

local function bytes_of(value)
  if type(value) ~= "string" or value == "" then return nil end
  return (hash.from_base64((value:gsub("%s+", ""))))
end

local units = { b = 1, k = 1024, m = 1024 ^ 2, g = 1024 ^ 3 }

-- "3.42 Kb", as a context with `bin_size` has contents shown, in bytes; nil of what is no size.
local function size_of(shown)
  local count, unit = tostring(shown):lower():match "^(%d+%.?%d*)%s*([bkmg])%a*$"
  return count and tonumber(count) * units[unit]
end

local function rows_of(conn, model, arguments, file)
  local rows, err = wire.call(conn, model, "read", arguments, false, file)
  if rows == nil then return nil, err end
  if not json.is_array(rows) then return fail("unavailable", "the answer is no list of records") end
  return rows
end

-- Contents of a field: `read(rows)` gets them some at a time, as many as their sizes let. Of one that is larger than what is copied its size is in its place,
-- as a number.
local function each_content(conn, model, ids, name, read)
  local sizes, err = rows_of(conn, model, { ids = ids, fields = array { name }, context = { bin_size = true } })
  if not sizes then return nil, err end
  local some, bytes = array {}, 0
  local function flush()
    local rows, why = array {}, nil
    if #some > 0 then rows, why = rows_of(conn, model, { ids = some, fields = array { name } }, "answer") end
    if not rows then return nil, why end
    read(rows, name)
    some, bytes = array {}, 0
    return true
  end
  for _, row in ipairs(sizes) do
    local size = row[name] and (size_of(row[name]) or files.most(conn)) or 0
    if size > files.most(conn) * 1.01 then
      read({ { id = row.id, [name] = size } }, name)
    elseif size > 0 then
      if #some > 0 and bytes + size > at_once then
        local done, why = flush()
        if not done then return nil, why end
      end
      some[#some + 1], bytes = row.id, bytes + size
    end
  end
  return flush()
end

local function add_held(conn, shape, rows, ids, names)
  local by_id = {}
  for _, row in ipairs(rows) do
    by_id[row.id] = row
    for _, name in ipairs(names) do row[name] = false end
  end
  local function lay(contents, name)
    for _, one in ipairs(contents) do
      local content = type(one[name]) == "number" and ("larger %d"):format(one[name]) or bytes_of(one[name])
      if content and by_id[one.id] then by_id[one.id][name] = reference(shape.model, one.id, name, sum(content)) end
    end
  end
  for _, name in ipairs(names) do
    local done, err = each_content(conn, shape.model, ids, name, lay)
    if not done then return nil, err end
  end
  return true
end

local function marks_of(conn, model, ids, names)
  return wire.search_read(conn, attachments, { domain = array { array { "res_model", "=", model }, array { "res_field", "in", array(names) }, array { "res_id", "in", ids } },
    fields = array { "res_field", "res_id", "checksum" } })
end

--- Lays the references of binary fields into rows that were read without these.
function M.add(conn, shape, rows)
  local mine, ids = shape.files, array {}
  for i, row in ipairs(rows) do ids[i] = row.id end
  if not mine.any or #ids == 0 then return true end
  local kept, held = mine.kept, { unpack(mine.held) }
  if #kept > 0 then
    local found, err = marks_of(conn, shape.model, ids, kept)
    if not found and err.code ~= "denied" then return nil, err end
    local by_id = {}
    for _, one in ipairs(found or {}) do
      by_id[one.res_id] = by_id[one.res_id] or {}
      by_id[one.res_id][one.res_field] = given(one.checksum)
    end
    for _, row in ipairs(found and rows or {}) do
      for _, name in ipairs(kept) do
        local mark = (by_id[row.id] or {})[name]
        row[name] = mark and reference(shape.model, row.id, name, mark) or false
      end
    end
    -- A user who may not look into ir.attachment reads the fields themselves.
    for _, name in ipairs(found and {} or kept) do held[#held + 1] = name end
  end
  return add_held(conn, shape, rows, ids, held)
end

-- Reading one ---------------------------------------------------------------------------------------------------------

local function file_of(conn, value, name, type)
  local bytes = bytes_of(value)
  if not bytes then return false end
  if #bytes > files.most(conn) then return files.too_large(conn, name) end
  return { bytes = bytes, name = name, type = type }
end

-- What the client does not take in one answer is a file that is too large, too.
local function too_long(conn, name, err)
  if err.code == "invalid" and tostring(err.message):find "answer is larger than" then return files.too_large(conn, name) end
  return nil, err
end

local function exchanged(ref) return fail("unavailable", "the file '" .. ref .. "' was exchanged while it was read") end

-- What an upload of ours is told by, and that it is nobody's still.
local function label(file) return "tidewire " .. file.sha256 end
local left_alone = { "res_id", "description" }

local function is_left_alone(row)
  local owner = given(row.res_id) or 0
  return owner == 0 and tostring(row.description):find "^tidewire %x+$" ~= nil
end

local function give(conn, id, model, record)
  wire.call(conn, attachments, "write", { ids = array { id }, vals = { res_model = model, res_id = record } }, true)
end

-- An attachment of ours that a record names and nobody was given: the process ended between the two writes, or the second one failed.
-- Who sees the record would not see the file. What cannot be done now is done with the next look.
local function give_to_its_record(conn, collection, row)
  if not is_left_alone(row) then return end
  local fields = require("connectors.odoo.shape").fields(conn, collection.name)
  for _, name in ipairs(fields and M.of(fields, collection).named or {}) do
    local found = wire.search_read(conn, collection.name, { domain = array { array { name, "=", row.id } }, fields = array { "id" }, order = "id asc", limit = 1 })
    if found and found[1] then return give(conn, row.id, collection.name, found[1].id) end
  end
end

local function attachment(conn, collection, ref)
  local rows, err = wire.call(conn, attachments, "read", { ids = array { tonumber(ref) },
    fields = array { "name", "type", "datas", "mimetype", "checksum", unpack(left_alone) } }, false, "answer")
  if rows == nil then return too_long(conn, ref, err) end
  local row = json.is_array(rows) and rows[1]
  if not row then return false end
  if row.type == "url" then return fail("invalid", "the attachment " .. ref .. " is an address", "an address elsewhere is not copied: attach the file, or take `file = true` off the row") end
  local name = type(row.name) == "string" and row.name or ref
  local file, why = file_of(conn, row.datas, name, given(row.mimetype) or nil)
  if file then file.mark = given(row.checksum) or nil end
  give_to_its_record(conn, collection, row)
  return file, why
end

-- Checksum and content in one transaction, so that neither is another one's.
local function kept_file(conn, ref, model, id, name, mark)
  local rows, err = wire.call(conn, attachments, "search_read", { domain = array { array { "res_model", "=", model }, array { "res_field", "=", name }, array { "res_id", "=", id } },
    fields = array { "checksum", "datas", "mimetype" }, limit = 1 }, false, "answer")
  if rows == nil then return too_long(conn, name, err) end
  local row = json.is_array(rows) and rows[1]
  if not row then return nil end
  if row.checksum ~= mark then return exchanged(ref) end
  return file_of(conn, row.datas, name, given(row.mimetype) or nil)
end

local function held_file(conn, ref, model, id, name, mark)
  local content
  local done, err = each_content(conn, model, array { id }, name, function(rows) content = rows[1] and rows[1][name] or content end)
  if not done then return nil, err end
  if type(content) == "number" then return files.too_large(conn, name) end
  local file, why = file_of(conn, content, name)
  if file and sum(file.bytes) ~= mark then return exchanged(ref) end
  return file, why
end

function M.download(conn, collection, ref)
  if ref:match "^%d+$" then return attachment(conn, collection, ref) end
  local model, id, name, mark = ref:match "^([%w_.]+)/(%d+)/([%w_]+)/(%x+)$"
  if not model then return fail("invalid", "'" .. ref .. "' is no file of this database") end
  id = tonumber(id)
  local file, err = kept_file(conn, ref, model, id, name, mark)
  if file or err and err.code ~= "denied" then return file or nil, err end
  return held_file(conn, ref, model, id, name, mark)
end

--- The checksums of attachments, some at a time; a binary field is read by its own.
function M.file_marks(conn, collection, refs)
  local ids, marks = {}, {}
  for _, ref in ipairs(refs) do
    if ref:match "^%d+$" then ids[#ids + 1] = tonumber(ref) end
  end
  for _, some in ipairs(connector.chunks(ids, 500)) do
    local rows, err = wire.search_read(conn, attachments, { domain = array { array { "id", "in", some } }, fields = array { "checksum", unpack(left_alone) } })
    if not rows then return nil, err end
    for _, row in ipairs(rows) do
      marks[connector.plain(row.id)] = given(row.checksum) or nil
      give_to_its_record(conn, collection, row)
    end
  end
  return marks
end

-- Putting one there ---------------------------------------------------------------------------------------------------

--- What the field is to hold: the content itself, or the number of an attachment, which is nobody's until the record names it. One that an upload
--- whose answer was lost has left is nobody's still, and found by what we wrote into its description.
function M.upload(conn, collection, file)
  local shapes = require "connectors.odoo.shape"
  local fields, err = shapes.fields(conn, collection.name)
  if not fields then return nil, err end
  local field = fields[file.field]
  if not field then return fail("invalid", collection.name .. " has no field '" .. file.field .. "'") end
  if field.type == "binary" and file.bytes == "" then return files.empty(file.name) end
  if field.type == "binary" then return hash.base64(file.bytes) end
  if field.relation ~= attachments then return fail("invalid", "'" .. file.field .. "' neither holds a file nor names an attachment") end
  local rows
  rows, err = wire.search_read(conn, attachments, { domain = array { array { "description", "=", label(file) }, array { "res_id", "in", array { 0, false } } },
    fields = array { "id" }, order = "id asc", limit = 1 })
  if not rows then return nil, err end
  if rows[1] then return rows[1].id end
  local ids
  ids, err = wire.call(conn, attachments, "create", { vals_list = array { { name = file.name, type = "binary", datas = hash.base64(file.bytes), mimetype = file.type,
    description = label(file) } } }, true, "sent")
  if ids == nil then return nil, err end
  if not json.is_array(ids) or type(ids[1]) ~= "number" then return fail("unknown", "the answer to an upload has no id") end
  return ids[1]
end

--- Whether values hold contents, so that of the request only its size is recorded.
function M.sends(shape, vals)
  for _, list in ipairs { shape.files.kept, shape.files.held } do
    for _, name in ipairs(list) do
      if type(vals[name]) == "string" then return true end
    end
  end
  return false
end

--- An attachment that is nobody's is seen by its maker only: it becomes the record's that names it, so that who sees the record sees the file.
--- What cannot be done is done with the next look at the file; the record was written.
function M.attach(conn, shape, vals, id)
  for _, name in ipairs(shape.files.named) do
    local link = vals[name]
    if type(link) == "number" then
      local rows = wire.search_read(conn, attachments, { domain = array { array { "id", "=", link }, array { "res_id", "in", array { 0, false } } }, fields = array { "id" }, limit = 1 })
      if rows and rows[1] then give(conn, link, shape.model, id) end
    end
  end
end

return M
