-- GET and HEAD: a page of rows as one statement that SQLite answers with the finished JSON.
local catalog = require "practice.supabase.catalog"
local embed = require "practice.supabase.embed"
local errors = require "practice.supabase.errors"
local filter = require "practice.supabase.filter"
local json = require "practice.supabase.json"
local prefer = require "practice.supabase.prefer"
local shown = require "practice.supabase.shown"

local M = {}

local applied = { count = true, tx = true, handling = true, timezone = true }

local function sql_text(text)
  return "'" .. text:gsub("'", "''") .. "'"
end

-- What the request selects; of a function's rows it is known only when they are read.
local function plan_of(request, relation)
  request.plan = request.plan or embed.plan(request, relation)
  return request.plan
end

--- SQL of one row's JSON object by the request's select list.
function M.row_sql(builder, relation, request)
  local parts = {}
  for i, column in ipairs(embed.columns(request, builder, plan_of(request, relation))) do
    local name = (i == 1 and "{" or ",") .. json.quote(column.name) .. ":"
    parts[i] = sql_text(name) .. "||" .. shown.json_sql(column.type, column.sql)
  end
  return #parts == 0 and "'{}'" or table.concat(parts, "||") .. "||'}'"
end

--- SQL that the rows to be shown meet for what they embed with !inner, or "".
function M.inner(builder, relation, request)
  return embed.inner(request, builder, plan_of(request, relation))
end

--- SQL of the row's JSON with all columns, as row_to_json() gives it.
function M.whole_row_sql(relation)
  local parts = {}
  for i, column in ipairs(relation.columns) do
    local name = (i == 1 and "{" or ",") .. json.quote(column.name) .. ":"
    parts[i] = sql_text(name) .. "||" .. shown.json_sql(column.type, column.sql)
  end
  return table.concat(parts, "||") .. "||'}'"
end

-- A line of CSV is PostgreSQL's text of a row, which quotes more than CSV would have to.
local function csv_cell(text)
  if text == nil then return "" end
  if text == "" or text:find('[%s,()"\\]') then return '"' .. text:gsub('["\\]', "%0%0") .. '"' end
  return text
end

-- CSV is made row by row; nobody reads it often.
local function csv(request, builder, relation, tail)
  local columns, names, list = embed.columns(request, builder, plan_of(request, relation)), {}, {}
  for i, column in ipairs(columns) do
    names[i] = column.name
    list[i] = ("%s AS c%d"):format(shown.text_sql(column.type, column.sql), i)
  end
  local rows = request.query_rows(("SELECT %s FROM %s %s"):format(table.concat(list, ", "), relation.source, tail), builder)
  local lines = { table.concat(names, ",") }
  for _, row in ipairs(rows) do
    local cells = {}
    for i = 1, #columns do cells[i] = csv_cell(row["c" .. i]) end
    lines[#lines + 1] = table.concat(cells, ",")
  end
  return table.concat(lines, "\n"), #rows
end

--- The rows that `tail` (WHERE ... LIMIT) leaves: body, count. `object` gives the single row or raises PGRST116.
function M.rows(request, builder, relation, tail)
  if request.accept == "csv" then return csv(request, builder, relation, tail) end
  local sql = ("SELECT group_concat(j, ', '||char(10)||' ') AS body, count(*) AS n FROM (SELECT %s AS j FROM %s %s)"):format(
    M.row_sql(builder, relation, request), relation.source, tail)
  local row = request.query_rows(sql, builder)[1]
  if request.accept == "object" then
    if row.n ~= 1 then error(errors.not_singular(row.n)) end
    return row.body, 1
  end
  return "[" .. (row.body or "") .. "]", row.n
end

local function where(request, builder, relation)
  local condition = filter.all(builder, relation, request.query.filters, request.query.logic)
  local policy = catalog.policy_sql(builder, relation, request.role, "select", "using")
  if policy then condition = condition .. " AND " .. policy end
  if request.only then
    condition = condition .. (' AND "r$id" IN (SELECT value FROM json_each(%s))'):format(builder.bind(request.only))
  end
  return "WHERE " .. condition .. M.inner(builder, relation, request)
end

local function total(request, relation)
  if not request.prefer.count then return nil end
  local builder = filter.builder(request.db)
  local sql = ("SELECT count(*) AS n FROM %s %s"):format(relation.source, where(request, builder, relation))
  return request.query_rows(sql, builder)[1].n
end

--- A page of `relation` as an answer: body, status, Content-Range. `cap` is max-rows.
function M.page(request, relation)
  plan_of(request, relation)
  local offset, limit = prefer.range(request.method, request.headers.range, request.query)
  local cap = request.max_rows
  if not limit or limit > cap then limit = cap end
  local builder = filter.builder(request.db)
  local condition = where(request, builder, relation)
  local order = filter.order(builder, relation, request.query.order)
  local tail = ("%s%s LIMIT %s OFFSET %s"):format(condition, order, builder.bind(limit), builder.bind(offset))
  local body, count = M.rows(request, builder, relation, tail)
  local all = total(request, relation)
  local range = prefer.content_range(offset, count, all)
  if all and offset > all then
    local it = errors.pgrst("103", 416, "Requested range not satisfiable",
      ("An offset of %d was requested, but there are only %d rows."):format(offset, all))
    it.range, it.applied = range, prefer.applied(request.prefer, applied)
    error(it)
  end
  local status = (all and count < all) and 206 or 200
  return { status = status, body = body, headers = { ["Content-Range"] = range,
    ["Content-Type"] = prefer.content_type[request.accept],
    ["Content-Location"] = request.location,
    ["Preference-Applied"] = prefer.applied(request.prefer, applied) } }
end

return M
