--- Statements over one table: which columns are asked for, which rows are meant, and rows as records.

local connector = require "tidewire.connector"
local decimal = require "tidewire.decimal"
local json = require "tidewire.json"
local table_files = require "tidewire.table_files"
local tables = require "tidewire.tables"
local text = require "tidewire.text"
local catalog = require "connectors.mysql.catalog"
local db = require "connectors.mysql.db"

local null, array = json.null, json.array
local fail = connector.fail
local quoted = db.quoted

local M = {}

local binary = { binary = true, varbinary = true, blob = true, tinyblob = true, mediumblob = true, longblob = true }
local textual = { char = true, varchar = true, text = true, tinytext = true, mediumtext = true, longtext = true }

-- A float is told with six digits unless it is asked for as a double, and bits as bytes unless they are asked for as a number.
local numeral = { float = " + 0e0", bit = " + 0" }

-- What a session in UTC reads of it, whichever the session's zone is.
local function in_utc(column)
  local name = quoted(column.name)
  return column.by_session and "coalesce(convert_tz(" .. name .. ", @@time_zone, '+00:00'), " .. name .. ")" or name
end

local function whole(column)
  if column.by_session then return in_utc(column) end
  return quoted(column.name) .. (numeral[column.kind] or "")
end

-- The server turns a text of these into that of another character set by itself, where a list holds both.
local mixes = { utf8mb4 = true, utf8mb3 = true, utf8 = true, latin1 = true, ascii = true }

-- One number for all that a row holds: the guard of tables that have no version column.
local function content(about)
  local parts = {}
  for i, column in ipairs(about.columns) do
    local name = quoted(column.name)
    local charset = connector.given(column.charset)
    if binary[column.kind] or column.kind == "bit" then
      parts[i] = "hex(" .. name .. ")"
    elseif charset and not mixes[charset] then
      parts[i] = "convert(" .. name .. " using utf8mb4)"
    else
      parts[i] = whole(column)
    end
  end
  return "sha2(json_array(" .. table.concat(parts, ", ") .. "), 256)"
end

-- Where letters of either case are one ("abc" names the row "ABC"), a foreign key of one column is read as the key that it names is.
local function named(about, column)
  local collation = connector.given(column.collation)
  if not collation or collation:find "_bin$" then return nil end
  local count, found = {}, nil
  for _, one in ipairs(about.references) do count[one.constraint] = (count[one.constraint] or 0) + 1 end
  for _, one in ipairs(about.references) do
    if one.name == column.name and one.readable == 1 and count[one.constraint] == 1 then found = found or one end
  end
  if not found then return nil end
  local name, there = about.name .. "." .. quoted(column.name), "p." .. quoted(found.key)
  return "coalesce((select " .. there .. " from " .. quoted(found.schema) .. "." .. quoted(found.table) .. " p where " .. there .. " = " .. name .. "), " .. name .. ") as " .. quoted(column.name)
end

--- A table with what is asked of it, as tidewire.tables has it; `version` is an expression. `more`: further columns.
function M.plan(conn, collection, more)
  local about, err = catalog.table(conn, collection)
  if not about then return nil, err end
  local wanted = connector.heads(more or {}, collection.fields)
  local modified = catalog.time_column(conn, collection, about)
  local version = tables.option(conn, collection, "version")
  if version == "content" then version = content(about) elseif version then version = "cast(" .. (about.by_name[version] and in_utc(about.by_name[version]) or quoted(version)) .. " as char)" end
  local list, is_key, files = {}, {}, table_files.of(collection, about, M)
  for _, name in ipairs(collection.key) do is_key[name] = true end
  for _, name in ipairs(connector.heads(collection.key, wanted)) do
    if not about.by_name[name] then return fail("invalid", about.name .. " has no column `" .. name .. "`", "`tidewire schema` lists its columns") end
    local column = about.by_name[name]
    list[#list + 1] = files[name] and table_files.selected(column, M) or not is_key[name] and named(about, column) or numeral[column.kind] and whole(column) .. " as " .. quoted(name) or quoted(name)
  end
  if version then list[#list + 1] = version .. " as `$version`" end
  if modified then list[#list + 1] = "date_format(" .. quoted(modified.name) .. ", '%Y-%m-%dT%H:%i:%s.%fZ') as `$stamp`" end
  return { sql = M, about = about, name = about.name, key = collection.key, fields = wanted, version = version, modified = modified,
    zone = modified and modified.kind == "datetime" and connector.given(conn.config.zone) or nil,
    select = table.concat(list, ", "), collection = collection, files = files }
end

M.quoted, M.query, M.took_too_long = quoted, db.query, db.took_too_long

--- The content of a column of bytes as a file (tidewire.table_files).
function M.is_content(column) return binary[column.kind] end
function M.size(column) return "octet_length(" .. quoted(column.name) .. ")" end
function M.mark(column) return "sha2(" .. quoted(column.name) .. ", 256)" end
function M.content(column) return "to_base64(" .. quoted(column.name) .. ")" end

--- Parameters in the order of their places.
function M.parameters()
  local list = array {}
  return { list = list, add = function(value)
    list[#list + 1] = value
    return "?"
  end }
end

-- A number as single precision holds it.
local function single(number)
  if number == 0 or number ~= number or math.abs(number) == math.huge then return number end
  local mantissa, exponent = math.frexp(number)
  return math.ldexp(math.floor(mantissa * 2 ^ 24 + 0.5), exponent - 24)
end

-- The fewest digits that mean the same single: 0.1 rather than 0.10000000149011612.
local function shortest(value)
  local number = tonumber(text.of(value))
  if not number then return value end
  for digits = 6, 9 do
    local short = ("%." .. digits .. "g"):format(number)
    if single(tonumber(short)) == single(number) then return decimal.dec(short) end
  end
  return value
end

--- A value as it is read. A date of zeros is how old tables say that there is none.
function M.shown(value, column)
  if column and column.kind == "float" and value ~= null then return shortest(value) end
  if column and column.json and type(value) == "string" then
    local decoded, err = json.decode(value)
    if decoded == nil and err then return { ["$unread"] = err.message } end
    return decoded
  end
  if type(value) == "string" and value:find "^0000%-00%-00" then return null end
  return value
end

--- A time as a column compares it.
function M.moment(_, iso) return (iso:gsub("T", " "):gsub("Z$", "")) end

--- A column as rows are sorted by it. An enum sorts by its number and is compared by its word.
function M.sorted(column)
  local name = quoted(column.name)
  return (column.kind == "enum" or column.kind == "set") and "cast(" .. name .. " as char)" or name
end

--- The place of a value in a statement, its parameter added. Bits are the number that they are, also where a key has it as text.
function M.place(column, value, parameters)
  local document = column.json or column.kind == "json"
  if document and (value ~= null or column.required == 1) then value = json.encode(value) end      -- where it may not be null, the JSON null
  local hex = binary[column.kind] and type(value) == "string" and value:match "^\\x(%x*)$"
  if type(value) == "table" and value ~= null then value = json.encode(value) end
  local place = parameters.add(hex or value)
  if column.by_session and type(value) == "string" then
    return "coalesce(convert_tz(" .. place .. ", '+00:00', @@time_zone), " .. parameters.add(value) .. ")"
  end
  if column.kind == "bit" and value ~= null then return "cast(" .. place .. " as unsigned)" end
  return hex and "unhex(" .. place .. ")" or place
end

-- Of several rows MariaDB compares texts of different character sets by their bytes; one by one it turns them into the same.
local function has_other_charset(shape)
  for _, name in ipairs(shape.key) do
    local charset = connector.given((shape.about.by_name[name] or {}).charset)
    if charset and charset ~= "utf8mb4" then return true end
  end
  return false
end

local function joined(names, tuples, alone)
  if not alone then
    for i, places in ipairs(tuples) do tuples[i] = "(" .. table.concat(places, ", ") .. ")" end
    return "(" .. table.concat(names, ", ") .. ") in (" .. table.concat(tuples, ", ") .. ")"
  end
  for i, places in ipairs(tuples) do
    local terms = {}
    for n, name in ipairs(names) do terms[n] = name .. " = " .. places[n] end
    tuples[i] = "(" .. table.concat(terms, " and ") .. ")"
  end
  return #tuples == 0 and "false" or "(" .. table.concat(tuples, " or ") .. ")"
end

--- "(a, b) in ((?, ?), ...)": the rows of these keys.
function M.with_keys(shape, keys, parameters)
  local names, tuples = {}, {}
  for n, name in ipairs(shape.key) do names[n] = quoted(name) end
  for i, key in ipairs(keys) do
    local parts, err = connector.key_parts(key, shape.key)
    if not parts then return nil, err end
    local places = {}
    for n, name in ipairs(shape.key) do
      local column
      column, err = tables.column(shape, name)
      if not column then return nil, err end
      places[n] = M.place(column, parts[n], parameters)
    end
    tuples[i] = places
  end
  return joined(names, tuples, #names > 1 and has_other_charset(shape))
end

--- A condition of a scope; null counts as a value.
function M.condition(shape, condition, parameters)
  local column, err = tables.column(shape, condition.field)
  if not column then return nil, err end
  local name, op, value = quoted(condition.field), condition.op, condition.value
  if op == "is_null" then return name .. " is null" end
  if op == "not_null" then return name .. " is not null" end
  if op == "!=" then return "not (" .. name .. " <=> " .. M.place(column, value, parameters) .. ")" end
  if op ~= "in" and op ~= "not_in" then return name .. " " .. op .. " " .. M.place(column, value, parameters) end
  local terms = {}
  for _, one in ipairs(value) do terms[#terms + 1] = name .. " <=> " .. M.place(column, one, parameters) end
  if #terms == 0 then return op == "in" and "false" or "true" end
  return (op == "in" and "(" or "not (") .. table.concat(terms, " or ") .. ")"
end

--- A comparison of a search. Texts compare without case in most collations; the bytes are compared too unless `fold`.
function M.comparison(shape, part, parameters)
  local column, err = tables.column(shape, part.field)
  if not column then return nil, err end
  local name, value = quoted(part.field), part.value
  if value == null then return name .. " is null" end
  if part.fold and type(value) == "string" then
    return "lower(trim(" .. name .. ")) = lower(trim(" .. parameters.add(value) .. "))"
  end
  local term = name .. " = " .. M.place(column, value, parameters)
  if not textual[column.kind] or type(value) ~= "string" then return term end
  return term .. " and cast(convert(" .. name .. " using utf8mb4) as binary) = cast(" .. parameters.add(value) .. " as binary)"
end

return M
