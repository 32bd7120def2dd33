--- Which columns of a table are asked for, the filters that pick its rows, and how rows become records.

local connector = require "tidewire.connector"
local json = require "tidewire.json"
local time = require "tidewire.time"
local wire = require "connectors.supabase.wire"

local null, array = json.null, json.array
local fail, given = connector.fail, connector.given
local option = require("tidewire.tables").option

local M = {}

--- Whether a time says where it is meant.
function M.is_zoned(text) return text:match "[zZ]$" ~= nil or text:match "T.*[+-]%d%d:?%d*$" ~= nil end

--- "2026-01-01T21:34:05.1+00:00" as UTC, or a timestamp that says no zone, which is of `zone`, without one of UTC. Nil where it is no time.
function M.in_utc(text, zone)
  if type(text) ~= "string" then return nil end
  if M.is_zoned(text) then return time.add(text, 0) end
  if zone then return (time.from_local(text, zone)) end
  return time.add(text .. "Z", 0)
end

--- Columns may have been added: which tables have their time column is asked again.
function M.forget(conn) conn.state.time_columns = nil end

-- The time column where the table has it; false where it has none.
local function time_column(conn, collection)
  local known = conn.state.time_columns or {}
  conn.state.time_columns = known
  local column = option(conn, collection, "modified")
  if not column then return false end
  local schema = option(conn, collection, "schema") or "public"
  local id = schema .. "." .. collection.name .. "." .. column
  if known[id] ~= nil then return known[id] and column end
  local reply, err = wire.request(conn, collection, "GET", { { "select", wire.column(column) }, { "limit", "0" } })
  if not reply and not (err.code == "invalid" and err.message:find("42703", 1, true)) then return nil, err end
  known[id] = reply ~= nil
  return known[id] and column
end

--- The columns to ask for, and which of them mean what.
function M.plan(conn, collection, more)
  local modified, err = time_column(conn, collection)
  if modified == nil then return nil, err end
  local version = option(conn, collection, "version")
  local wanted = { unpack(collection.key) }
  for _, name in ipairs(more or {}) do wanted[#wanted + 1] = name end
  local columns, asked = {}, {}
  local function ask(name)
    if not asked[name] then columns[#columns + 1], asked[name] = wire.column(name), true end
  end
  for _, name in ipairs(connector.heads(wanted, collection.fields)) do ask(name) end
  if version then ask(version) end      -- a whole name, as the next: a point in it leads to no part
  if modified then ask(modified) end
  return {
    key = collection.key, version = version, modified = modified, select = table.concat(columns, ","),
    fields = connector.heads(more or {}, collection.fields), zone = given(conn.config.zone),
  }
end

--- The record of a row.
function M.record(shape, row)
  local fields = {}
  for _, name in ipairs(shape.fields) do fields[name] = row[name] end
  local modified = shape.modified and row[shape.modified]
  return {
    key = connector.key_of(row, shape.key), version = shape.version and given(row[shape.version]) or nil,
    modified = M.in_utc(modified, shape.zone), stamp = type(modified) == "string" and modified or nil, fields = fields,
  }
end

--- The records of rows.
function M.records(shape, rows)
  local list = array {}
  for i, row in ipairs(rows) do list[i] = M.record(shape, row) end
  return list
end

--- Whether an answer is a list of rows that have their key.
function M.are_rows(shape, body)
  if not json.is_array(body) then return false end
  for _, row in ipairs(body) do
    if type(row) ~= "table" or not connector.has_key(row, shape.key) then return false end
  end
  return true
end

--- Selects rows; the rows and the reply, or nil, err.
function M.select(conn, collection, shape, query, headers)
  local full = { { "select", shape.select } }
  for _, pair in ipairs(query) do full[#full + 1] = pair end
  local reply, err = wire.request(conn, collection, "GET", full, nil, headers)
  if not reply then return nil, err end
  if not M.are_rows(shape, reply.body) then return fail("unavailable", "the answer is no list of rows") end
  return reply.body, reply
end

--- The filters that pick the row of a key.
function M.by_key(shape, key)
  local parts, err = connector.key_parts(key, shape.key)
  if not parts then return nil, err end
  local query = {}
  for i, column in ipairs(shape.key) do query[i] = wire.equals(column, parts[i]) end
  return query
end

--- A comparison inside `or=(...)` or `and(...)`.
function M.term(column, op, value)
  if value == null then return wire.column(column) .. ".is.null" end
  return wire.column(column) .. "." .. op .. "." .. wire.inside(value)
end

--- `id=in.(...)`, or for several key columns `or=(and(a.eq.1,b.eq.2),...)`.
function M.any_of(shape, keys)
  local terms = {}
  for i, key in ipairs(keys) do
    if #shape.key == 1 then
      terms[i] = wire.inside(key)
    else
      local parts, err = connector.key_parts(key, shape.key)
      if not parts then return nil, err end
      for n, column in ipairs(shape.key) do parts[n] = M.term(column, "eq", parts[n]) end
      terms[i] = "and(" .. table.concat(parts, ",") .. ")"
    end
  end
  local list = "(" .. table.concat(terms, ",") .. ")"
  if #shape.key == 1 then return { wire.column(shape.key[1]), "in." .. list, filter = true } end
  return { "or", list, filter = true }
end

local operators = { ["="] = "eq", [">"] = "gt", [">="] = "gte", ["<"] = "lt", ["<="] = "lte" }

--- A condition of a scope as a filter. Of `!=` and of null in a list SQL makes nothing; here null counts as a value.
function M.condition(condition)
  local column, op, value = condition.field, condition.op, condition.value
  local name = wire.column(column)
  if op == "is_null" then return { name, "is.null", filter = true } end
  if op == "not_null" then return { name, "not.is.null", filter = true } end
  if op == "!=" then
    return { "or", "(" .. name .. ".neq." .. wire.inside(value) .. "," .. name .. ".is.null)", filter = true }
  end
  if op ~= "in" and op ~= "not_in" then return { name, operators[op] .. "." .. connector.plain(value), filter = true } end
  local terms, with_null = {}, false
  for _, one in ipairs(value) do
    if one == null then with_null = true else terms[#terms + 1] = wire.inside(one) end
  end
  local list = (op == "in" and "in.(" or "not.in.(") .. table.concat(terms, ",") .. ")"
  if with_null == (op == "not_in") then return { name, list, filter = true } end
  return { "or", "(" .. name .. "." .. list .. "," .. name .. ".is.null)", filter = true }
end

--- The rows after `after` in the order of `columns`: (a > x) or (a = x and (b > y)).
function M.after(columns, after)
  if #columns == 1 then return { wire.column(columns[1]), "gt." .. connector.plain(after[1]), filter = true } end
  local terms, equal = {}, {}
  for i, column in ipairs(columns) do
    local parts = { unpack(equal) }
    parts[#parts + 1] = M.term(column, "gt", after[i])
    terms[i] = #parts == 1 and parts[1] or "and(" .. table.concat(parts, ",") .. ")"
    equal[i] = M.term(column, "eq", after[i])
  end
  return { "or", "(" .. table.concat(terms, ",") .. ")", filter = true }
end

--- The order by which `after` pages.
function M.order(columns)
  local terms = {}
  for i, column in ipairs(columns) do terms[i] = wire.column(column) .. ".asc" end
  return { "order", table.concat(terms, ",") }
end

return M
