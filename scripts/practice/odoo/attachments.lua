-- Files: ir.attachment, where the contents of binary fields lie, too (`attachment`, unless a field says it is false), found by
-- res_model, res_field and res_id. Base64 on the wire; a context with `bin_size` asks for sizes instead.
--
-- The checksum is any 40 digits that stand for the content (a real server has its SHA-1).

local errors = require "practice.odoo.errors"
local hash = require "tidewire.hash"
local json = require "tidewire.json"
local site = require "practice.odoo.site"

local M = {}

local null = json.null

local function store() return require "practice.odoo.store" end
local function model() return require("practice.odoo.registry").get "ir.attachment" end

local function nothing(value) return value == nil or value == null or value == false or value == "" end

-- The bytes of what a client sends.
local function bytes_of(value)
  local bytes = type(value) == "string" and hash.from_base64((value:gsub("%s+", "")))
  if not bytes then errors.raise("binascii.Error", "Incorrect padding") end
  return bytes
end

local function columns(value)
  if nothing(value) then return { db_datas = null, checksum = null, file_size = 0 } end
  local bytes = bytes_of(value)
  return { db_datas = hash.base64(bytes), checksum = hash.sha256(bytes):sub(1, 40), file_size = #bytes }
end

local types = { { "\137PNG", "image/png" }, { "\255\216\255", "image/jpeg" }, { "GIF8", "image/gif" }, { "%PDF-", "application/pdf" } }

local function type_of(bytes)
  for _, one in ipairs(types) do
    if bytes:sub(1, #one[1]) == one[1] then return one[2] end
  end
  return "application/octet-stream"
end

--- "12.00 bytes", "3.42 Kb"; false of nothing.
local function human_size(count)
  if count == 0 then return false end
  local units, at = { "bytes", "Kb", "Mb", "Gb" }, 1
  while count >= 1024 and at < #units do count, at = count / 1024, at + 1 end
  return ("%0.2f %s"):format(count, units[at])
end

--- A content as a client sees it.
function M.shown(value)
  if nothing(value) then return false end
  if not site.env.context.bin_size then return value end
  return human_size(#bytes_of(value))
end

--- `datas` of an attachment.
function M.datas(row) return row.db_datas end

function M.set_datas(id, value)
  local changes = columns(value)
  if not nothing(value) and nothing(store().row(model(), id).mimetype) then changes.mimetype = type_of(bytes_of(value)) end
  store().update(model(), id, changes)
end

local function row_of(owner, id, field)
  return store().query("SELECT * FROM ir_attachment WHERE res_model = ?1 AND res_id = ?2 AND res_field = ?3", owner, id, field)[1]
end

--- The content of a record's field, nil of none.
function M.content(owner, id, field)
  local row = row_of(owner, id, field)
  return row and row.db_datas
end

--- Keeps it; nothing takes the attachment away.
function M.keep(owner, id, field, value)
  local row = row_of(owner, id, field)
  if nothing(value) then return row and store().delete(model(), row.id) end
  local changes, env = columns(value), site.env
  changes.mimetype, changes.write_date, changes.write_uid = type_of(bytes_of(value)), env.now, env.uid
  if row then return store().update(model(), row.id, changes) end
  changes.name, changes.type, changes.res_model, changes.res_field, changes.res_id = field, "binary", owner, field, id
  changes.create_date, changes.create_uid = env.now, env.uid
  store().insert(model(), changes)
end

--- With a record go its attachments.
function M.drop_of(owner, id) store().run("DELETE FROM ir_attachment WHERE res_model = ?1 AND res_id = ?2", owner, id) end

local function names(domain, ...)
  for _, item in ipairs(domain) do
    for _, word in ipairs { ... } do
      if type(item) == "table" and item[1] == word then return true end
    end
  end
  return false
end

--- What a search of attachments leaves out: the contents of fields unless it names them, and those of nobody's record that another user made.
function M.visible(query, domain, alias)
  local terms = {}
  if not names(domain, "id", "res_field") then terms[1] = alias .. ".res_field IS NULL" end
  if not site.env.su and site.env.uid ~= 2 then
    query.parameters[#query.parameters + 1] = site.env.uid
    terms[#terms + 1] = ("(%s.res_id <> 0 OR %s.create_uid = ?)"):format(alias, alias)
  end
  return #terms > 0 and table.concat(terms, " AND ") or nil
end

--- Raises where one may not be seen.
function M.see(row)
  if site.env.su or site.env.uid == 2 or row.res_id ~= 0 or row.create_uid == site.env.uid then return end
  errors.raise("AccessError", "Sorry, you are not allowed to access this document. Please contact your system administrator.")
end

return M
