--- Statements over one table: which columns are asked for, which rows are meant, and rows as records.

local connector = require "tidewire.connector"
local json = require "tidewire.json"
local table_files = require "tidewire.table_files"
local tables = require "tidewire.tables"
local catalog = require "connectors.postgres.catalog"
local damaged = require "connectors.postgres.damaged"
local db = require "connectors.postgres.db"

local null, array = json.null, json.array
local fail = connector.fail
local quoted = db.quoted

local M = {}

--- Parameters that are numbered as they are added: `list.add(value)` is "$1".
function M.parameters()
  local list = array {}
  return { list = list, add = function(value)
    list[#list + 1] = value
    return "$" .. #list
  end }
end

-- Arrays of these come with their elements' values; of any other type, enums and those of extensions, as texts.
local native = {}
for name in ("integer|bigint|smallint|oid|numeric|real|double precision|boolean|json|jsonb|timestamp with time zone|"
  .. "timestamp without time zone"):gmatch "[^|]+" do native[name .. "[]"] = true end

local function expression(column)
  local name = quoted(column.name)
  if column.cast:sub(-2) == "[]" and not native[column.cast] then return name .. "::text[] as " .. name end
  return name
end

-- The version of a row. Of a time with a zone its text is that of UTC, also in a write, which may go by another zone.
local function version_of(name, column, zone)
  if name == "xmin" then return "xmin::text" end
  if zone and column and column.cast == "timestamp with time zone" then return "((" .. quoted(name) .. " at time zone 'UTC')::text || '+00')" end
  return quoted(name) .. "::text"
end

-- As a write answers, which may go by another zone than UTC: a range of times and a row type are spelled by the session's.
local function answered(column, zone)
  local by_zone = column.cast:find "^tstz" or column.composite
  if not zone or not by_zone then return expression(column) end
  local name = quoted(column.name)
  return "case when " .. name .. " is not null and set_config('timezone', 'UTC', true) <> '' then concat(" .. name .. "::text, left(set_config('timezone', "
    .. db.literal(zone) .. ", true), 0)) end as " .. name
end

-- Where letters of either case are one ("abc" names the row "ABC"), a foreign key is read as the key that it names is.
local function named(about, column)
  for _, one in ipairs(column.caseless and about.references or {}) do
    if one.column == column.name and one.readable then
      local name, there = quoted(column.name), quoted(one.key)
      return "coalesce((select p." .. there .. " from (select " .. name .. " as named) s join " .. quoted(one.schema) .. "." .. quoted(one.table) .. " p on p." .. there
        .. " = s.named), " .. name .. ") as " .. name
    end
  end
end

-- As wide for every time, so that its text orders like the time. One that is infinite, of which to_char says nothing, comes as that word.
local function stamp_of(column)
  local name = quoted(column.name)
  local at = column.cast == "timestamp with time zone" and name .. " at time zone 'UTC'" or name
  return "case when isfinite(" .. name .. ") then to_char(" .. at .. [[, 'YYYY-MM-DD"T"HH24:MI:SS.US"Z"') else ]] .. name .. [[::text end as "$stamp"]]
end

--- A table with what is asked of it, as tidewire.tables has it. `more`: further columns.
function M.plan(conn, collection, more)
  local about, err = catalog.table(conn, collection)
  if not about then return nil, err end
  local wanted = connector.heads(more or {}, collection.fields)
  local modified = catalog.time_column(conn, collection, about)
  local version = tables.option(conn, collection, "version")
  if version == "xmin" and catalog.is_elsewhere(about) and not about.by_name.xmin then
    local what = about.kind == "f" and "a table of another server" or "a view"
    return fail("invalid", about.name .. " is " .. what .. ", and the version of its rows is not named", "name a column that every edit moves, version = \"updated_at\", or say version = false")
  end
  local list, narrow, answer, is_key, files = {}, {}, {}, {}, table_files.of(collection, about, M)
  local zone = connector.given(conn.config.zone)
  for _, name in ipairs(collection.key) do is_key[name] = true end
  for _, name in ipairs(connector.heads(collection.key, wanted)) do
    local column = about.by_name[name]
    if not column then return fail("invalid", about.name .. " has no column \"" .. name .. "\"", "`tidewire schema` lists its columns") end
    list[#list + 1] = files[name] and table_files.selected(column, M) or not is_key[name] and named(about, column) or expression(column)
    answer[#list] = list[#list] == expression(column) and answered(column, zone) or list[#list]
  end
  for n, name in ipairs(collection.key) do
    local bytes = damaged.selected(about.by_name[name], quoted(name))
    narrow[n] = bytes and bytes .. ' as "$key' .. n .. '"' or expression(about.by_name[name])
  end
  local function add(text) list[#list + 1], narrow[#narrow + 1], answer[#answer + 1] = text, text, text end
  if version then add(version_of(version, about.by_name[version], zone) .. " as \"$version\"") end
  if modified then add(stamp_of(modified)) end
  return { sql = M, about = about, name = about.name, key = collection.key, fields = wanted, version = version, modified = modified,
    zone = modified and modified.cast == "timestamp without time zone" and zone or nil, versioned = version and version_of(version, about.by_name[version], zone),
    select = table.concat(list, ", "), answer = table.concat(answer, ", "), narrow = table.concat(narrow, ", "), collection = collection, files = files }
end

M.quoted, M.query, M.took_too_long, M.is_damaged = quoted, db.query, db.took_too_long, db.is_damaged

--- The content of a column of bytes as a file (tidewire.table_files).
function M.is_content(column) return column.cast == "bytea" end
function M.size(column) return "octet_length(" .. quoted(column.name) .. ")" end
function M.mark(column) return "encode(sha256(" .. quoted(column.name) .. "), 'hex')" end
function M.content(column) return "encode(" .. quoted(column.name) .. ", 'base64')" end

function M.shown(value) return value end

--- The row of a `narrow` list with its key as rows are read.
function M.narrowed(shape, row)
  for n, name in ipairs(shape.key) do
    if row["$key" .. n] then row[name] = damaged.from_hex(row["$key" .. n]) end
  end
  return row
end

--- The place of a value as the column compares it.
function M.place(_, value, parameters)
  local hex = damaged.hex(value)
  return hex and damaged.placed(parameters.add(hex)) or parameters.add(value)
end

-- The values of a column as one array.
local function array_of(column, values, parameters)
  local marked = false
  for _, value in ipairs(values) do marked = marked or damaged.hex(value) ~= nil end
  if not marked then return parameters.add(values) .. "::" .. column.cast .. "[]" end
  local places = {}
  for i, value in ipairs(values) do places[i] = M.place(column, value, parameters) end
  return "array[" .. table.concat(places, ", ") .. "]::" .. column.cast .. "[]"
end

--- A time as the time column compares it.
function M.moment(shape, iso)
  return shape.modified.cast == "timestamp with time zone" and iso or (iso:gsub("Z$", ""))
end

--- Whether a column holds JSON.
function M.is_document(column) return column.cast == "json" or column.cast == "jsonb" end

--- A value as a column takes it: documents as JSON text, all else as it is. Where a document may not be null, it is the JSON null.
function M.value(column, value)
  if value == null then return column.required and M.is_document(column) and "null" or null end
  if column.cast == "json" or column.cast == "jsonb" then return json.encode(value) end
  if type(value) == "table" and column.cast:sub(-2) ~= "[]" then return json.encode(value) end
  return value
end

--- "(a, b) in (select * from unnest($1::t[], $2::u[]))": the rows of these keys.
function M.with_keys(shape, keys, parameters)
  local lists = {}
  for n in ipairs(shape.key) do lists[n] = array {} end
  for i, key in ipairs(keys) do
    local parts, err = connector.key_parts(key, shape.key)
    if not parts then return nil, err end
    for n in ipairs(shape.key) do lists[n][i] = parts[n] end
  end
  local names, arrays = {}, {}
  for n, name in ipairs(shape.key) do
    local column, err = tables.column(shape, name)
    if not column then return nil, err end
    names[n], arrays[n] = quoted(name), array_of(column, lists[n], parameters)
  end
  return "(" .. table.concat(names, ", ") .. ") in (select * from unnest(" .. table.concat(arrays, ", ") .. "))"
end

-- Of these any text or JSON that tells of a value spells it as a read does.
local plain = { integer = true, bigint = true, smallint = true, text = true, ["character varying"] = true, uuid = true }

local function ask_spelling(conn, shape, keys)
  local parameters, numbers, list, names, arrays = M.parameters(), array {}, {}, { '"$n"' }, {}
  for i in ipairs(keys) do numbers[i] = i end
  arrays[1] = parameters.add(numbers) .. "::int4[]"
  for n, name in ipairs(shape.key) do
    local column, err = tables.column(shape, name)
    if not column then return nil, err end
    local values = array {}
    for i, parts in ipairs(keys) do values[i] = parts[n] end
    list[n], names[n + 1], arrays[n + 1] = shape.is_parent and named(shape.about, column) or expression(column), quoted(name), parameters.add(values) .. "::" .. column.type .. "[]"
  end
  return db.query(conn, 'select "$n", ' .. table.concat(list, ", ") .. " from unnest(" .. table.concat(arrays, ", ") .. ") q(" .. table.concat(names, ", ") .. ")", parameters.list)
end

-- Into `spelled`, by place. What a column's type cannot be is nobody's key, and is found by halves.
local function add_spelling(conn, shape, keys, from, spelled)
  local found, err = ask_spelling(conn, shape, keys)
  for _, row in ipairs(found or {}) do
    local parts = array {}
    for n, name in ipairs(shape.key) do parts[n] = row[name] end
    spelled[from + row["$n"]] = parts
  end
  if found then return true end
  if not db.is_misfit(err) then return nil, err end
  if #keys == 1 then return true end
  local halves = connector.chunks(keys, math.ceil(#keys / 2))
  for i, half in ipairs(halves) do
    local done
    done, err = add_spelling(conn, shape, half, from + (i - 1) * #halves[1], spelled)
    if not done then return nil, err end
  end
  return true
end

--- Keys { part, ... } in the spelling in which rows are read, by their place in the list: the server reads each part as its column's
--- type, so that 13:00+01, 1.5 or bytes escaped otherwise are the key that they mean. Left out: what no row's key can be. `shape.is_parent`:
--- they are a column that names another table's row.
function M.spelled(conn, shape, keys)
  local same = true
  for _, name in ipairs(shape.key) do
    local column = shape.about.by_name[name] or {}
    same = same and plain[column.cast] and not (shape.is_parent and column.caseless) or false
  end
  if same or #keys == 0 then return keys end
  local spelled, asked, places, all = {}, array {}, {}, {}
  for i, parts in ipairs(keys) do
    local marked = false
    for _, part in ipairs(parts) do marked = marked or damaged.hex(part) ~= nil end
    if marked then all[i] = parts else asked[#asked + 1], places[#places + 1] = parts, i end
  end
  local done, err = add_spelling(conn, shape, asked, 0, spelled)
  if not done then return nil, err end
  for n, i in ipairs(places) do all[i] = spelled[n] end
  return all
end

--- A condition of a scope; null counts as a value.
function M.condition(shape, condition, parameters)
  local column, err = tables.column(shape, condition.field)
  if not column then return nil, err end
  local name, op, value = quoted(condition.field), condition.op, condition.value
  if op == "is_null" then return name .. " is null" end
  if op == "not_null" then return name .. " is not null" end
  if op == "!=" then return name .. " is distinct from " .. parameters.add(value) end
  if op ~= "in" and op ~= "not_in" then return name .. " " .. op .. " " .. parameters.add(value) end
  local values, with_null = array {}, false
  for _, one in ipairs(value) do
    if one == null then with_null = true else values[#values + 1] = one end
  end
  local place = parameters.add(values) .. "::" .. column.cast .. "[]"
  if op == "in" then return "(" .. name .. " = any(" .. place .. ")" .. (with_null and " or " .. name .. " is null" or "") .. ")" end
  return "(" .. name .. " <> all(" .. place .. ")" .. (with_null and " and " .. name .. " is not null" or " or " .. name .. " is null") .. ")"
end

return M
