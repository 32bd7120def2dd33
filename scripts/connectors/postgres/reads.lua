--- Rows by key, by page, by value.

local json = require "tidewire.json"
local tables = require "tidewire.tables"
local catalog = require "connectors.postgres.catalog"
local db = require "connectors.postgres.db"
local rows = require "connectors.postgres.rows"

local null, array = json.null, json.array
local quoted = db.quoted

local M = {}

local read, list
read, list, M.count = tables.reads(rows.plan)

-- What was read, where nothing may hide what it lacks.
local function all_shown(conn, collection, found)
  local about, err = catalog.table(conn, collection)
  if not about then return nil, err end
  err = catalog.why_missing(conn, about)
  if err then return nil, err end
  return found
end

--- As every table is read; where some are missing, nothing may hide them.
function M.read(conn, collection, keys)
  local records, err = read(conn, collection, keys)
  if not records or #records >= #keys then return records, err end
  return all_shown(conn, collection, records)
end

--- As every table is listed. Each list ends with an empty page, and what the pages before it lack may have begun to be hidden meanwhile: of the
--- rows below a record, which are read so, it would be deleted on the other side.
function M.list(conn, collection, cursor, limit)
  local page, err = list(conn, collection, cursor, limit)
  if not page or #page.records > 0 then return page, err end
  return all_shown(conn, collection, page)
end

-- "lower(btrim(t.a::text)) = lower(btrim(q.f1))", "t.b is not distinct from q.f2": part `n` of every query.
local function comparison(shape, queries, n, parameters)
  local part = queries[1][n]
  local column, err = tables.column(shape, part.field)
  if not column then return nil, err end
  local values, with_null, of_text = array {}, false, true
  for i, query in ipairs(queries) do
    values[i] = query[n].value
    with_null = with_null or values[i] == null
    of_text = of_text and (values[i] == null or type(values[i]) == "string")
  end
  local folded = part.fold and of_text
  local place = parameters.add(values) .. "::" .. (folded and "text" or column.cast) .. "[]"
  local left, right = "t." .. quoted(part.field), "q.f" .. n
  if folded then left, right = "lower(btrim(" .. left .. "::text))", "lower(btrim(" .. right .. "))" end
  return place, left .. (with_null and " is not distinct from " or " = ") .. right
end

local function find_all(conn, shape, queries)
  local parameters, numbers, places, terms, names = rows.parameters(), array {}, {}, {}, {}
  for i in ipairs(queries) do numbers[i] = i end
  for n in ipairs(queries[1]) do
    local place, term = comparison(shape, queries, n, parameters)
    if not place then return nil, term end
    places[n], terms[n], names[n] = place, term, "f" .. n
  end
  local asked = "unnest(" .. parameters.add(numbers) .. "::int4[], " .. table.concat(places, ", ") .. ") q(n, " .. table.concat(names, ", ") .. ")"
  local found, err = db.query(conn, "select q.n as \"$query\", r.* from " .. asked .. " cross join lateral (select " .. shape.select .. " from "
    .. shape.name .. " t where " .. table.concat(terms, " and ") .. " limit 3) r", parameters.list)
  if not found then return nil, err end
  return tables.answers(shape, found, #queries)
end

-- A value that the column's type cannot be is nobody's.
local is_misfit = db.is_misfit

function M.find(conn, collection, queries)
  local asked = {}
  for i, part in ipairs(queries[1] or {}) do asked[i] = part.field end
  local shape, err = rows.plan(conn, collection, asked)
  if not shape then return nil, err end
  local answers
  answers, err = tables.in_parts(queries, function(some) return find_all(conn, shape, some) end)
  if answers or not is_misfit(err) then return answers, err end
  answers = array {}
  for i, query in ipairs(queries) do
    local single
    single, err = find_all(conn, shape, { query })
    if not single and not is_misfit(err) then return nil, err end
    answers[i] = single and single[1] or array {}
  end
  return answers
end

return M
