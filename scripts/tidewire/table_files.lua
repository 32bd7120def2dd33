--- Files that are the contents of columns of bytes, of any SQL database.
---
--- Such a column is read as a reference that the server's own hash tells from that of another content, so that pages of rows carry no files:
--- the JSON list [table, schema, [key columns], key, column, SHA-256]. No bytes at all are no file. Written is the content itself.
---
--- A dialect has `plan`, `with_keys` and `query` (tidewire.tables), and `mark(column)`, `content(column)`, `size(column)`: SHA-256 in hex, base64 and
--- the number of bytes as expressions; `is_content(column)`.

local connector = require "tidewire.connector"
local files = require "tidewire.files"
local hash = require "tidewire.hash"
local json = require "tidewire.json"

local array, object, null = json.array, json.object, json.null
local fail, given = connector.fail, connector.given

local M = {}

--- Which columns a mapping reads as files: { photo = true }.
function M.of(collection, about, dialect)
  local set = {}
  for _, name in ipairs(given(collection.files) or {}) do
    local column = about.by_name[name]
    if column and dialect.is_content(column) then set[name] = true end
  end
  return set
end

--- The column as it is asked for, its mark.
function M.selected(column, dialect)
  return ("case when %s > 0 then %s end as %s"):format(dialect.size(column), dialect.mark(column), dialect.quoted(column.name))
end

--- The reference of a column whose mark was read.
function M.reference(shape, key, name, mark)
  if given(mark) == nil then return null end
  return json.encode(array { shape.collection.name, given((shape.collection.options or {}).schema) or "", array(shape.key), key, name, mark })
end

local function parts_of(ref)
  local parts = ref:sub(1, 1) == "[" and json.decode(ref)
  local fits = type(parts) == "table" and #parts == 6 and type(parts[3]) == "table"
  for _, at in ipairs { 1, 2, 4, 5, 6 } do fits = fits and type(parts[at]) == "string" end
  return fits and parts or nil
end

function M.download(conn, ref, dialect)
  local parts = parts_of(ref)
  if not parts then return fail("invalid", "'" .. ref .. "' is no content of a column") end
  local options = object {}
  if parts[2] ~= "" then options.schema = parts[2] end
  local shape, err = dialect.plan(conn, { name = parts[1], options = options, key = parts[3], fields = array {} })
  if not shape then return nil, err end
  local column = shape.about.by_name[parts[5]]
  if not column or not dialect.is_content(column) then return false end
  local parameters = dialect.parameters()
  local condition
  condition, err = dialect.with_keys(shape, { parts[4] }, parameters)
  if not condition then return nil, err end
  local most = files.most(conn)
  local found
  found, err = dialect.query(conn, ("select %s as size, %s as mark, case when %s <= %d then %s end as content from %s where %s"):format(dialect.size(column), dialect.mark(column),
    dialect.size(column), most, dialect.content(column), shape.name, condition), parameters.list)
  if not found then return nil, err end
  local row = found[1]
  if not row or given(row.size) == nil or row.size == 0 then return false end
  if row.mark ~= parts[6] then return fail("unavailable", "the content of '" .. column.name .. "' was exchanged while it was read") end
  if given(row.content) == nil then return files.too_large(conn, column.name) end
  local bytes = hash.from_base64((row.content:gsub("%s+", "")))
  if not bytes then return fail("unavailable", "the content of '" .. column.name .. "' is no base64") end
  return { bytes = bytes, name = column.name }
end

local chunk = 256
local hex_of_chunk = ("%02x"):rep(chunk)

--- The content as the column takes it.
function M.upload(file)
  if file.bytes == "" then return files.empty(file.name) end
  local bytes, list = file.bytes, { "\\x" }
  for at = 1, #bytes - chunk + 1, chunk do list[#list + 1] = hex_of_chunk:format(bytes:byte(at, at + chunk - 1)) end
  local rest = #bytes % chunk
  if rest > 0 then list[#list + 1] = ("%02x"):rep(rest):format(bytes:byte(#bytes - rest + 1, #bytes)) end
  return table.concat(list)
end

--- Whether items { row } hold contents, so that of a statement only its size is recorded.
function M.sends(shape, items)
  for _, item in ipairs(items) do
    for name in pairs(shape.files) do
      if type(item.row[name]) == "string" then return true end
    end
  end
  return false
end

return M
