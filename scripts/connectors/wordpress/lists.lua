--- Lists of a collection: pages that stay whole while rows come and go, the given keys, scopes and searches.

local connector = require "tidewire.connector"
local json = require "tidewire.json"
local matching = require "tidewire.matching"
local shapes = require "connectors.wordpress.shape"
local wire = require "connectors.wordpress.wire"

local array = json.array
local fail = connector.fail

local M = {}

local largest = 100      -- rows a page

-- Pages -----------------------------------------------------------------------------------------------------------------------

-- What every list of a collection asks for; of posts those of `status`, else all, in the trash too where `trash`.
local function question(shape, more, trash, status)
  local target = shape.target
  local query = { { "context", "edit" }, { "_fields", shape.columns } }
  if target.kind == "post" then query[#query + 1] = { "status", status or target.live .. (trash and ",trash" or "") } end
  if target.mine then query[#query + 1] = { "author", target.mine } end
  for _, pair in ipairs(more or {}) do query[#query + 1] = pair end
  return query
end

local function hidden(shape)
  return fail("invalid", "the site shows fewer " .. shape.target.name .. " than it counts", "the role of the user may not read all of them: give it the role Editor")
end

-- Rows from an offset on and whether more follow. A list leaves out what the user may not see, and counts it.
local function rows_at(conn, shape, query, offset, size)
  local all = { { "offset", offset }, { "per_page", size } }
  for _, pair in ipairs(query) do all[#all + 1] = pair end
  local rows, total = wire.rows(conn, shape.target.route, all)
  if not rows then return nil, total end
  local expected = math.max(0, math.min(size, total - offset))
  if #rows < expected then return hidden(shape) end
  return rows, total > offset + #rows
end

--- One page in order of id after `place` ({ after, offset }, nil at first): rows, the place of the last one, and whether more follow.
--- WordPress cannot be asked for the ids after one, and offsets slide while rows come and go. So each page begins with the last row
--- of the page before, and goes back where that row is not met. Options: `size`, `query`, `down` (newest id first), `trash`, `status`.
function M.page(conn, shape, place, options)
  local down, size = options.down, math.max(2, math.min(options.size + 1, largest))
  local query = question(shape, options.query, options.trash, options.status)
  query[#query + 1], query[#query + 2] = { "orderby", "id" }, { "order", down and "desc" or "asc" }
  local after, offset = place and place.after, place and place.offset or 0
  local function is_later(id) return not after or down and id < after or not down and id > after end
  while true do
    local rows, more = rows_at(conn, shape, query, offset, size)
    if not rows then return nil, more end
    if offset > 0 and (not rows[1] or is_later(rows[1].id)) then
      offset = math.max(0, offset - size)
    else
      local later = array {}
      for _, row in ipairs(rows) do
        if is_later(row.id) then later[#later + 1] = row end
      end
      offset = offset + math.max(#rows - 1, 0)
      if #later > 0 then return later, { after = later[#later].id, offset = offset }, more end
      if not more then return later, place, false end
    end
  end
end

--- The rows of these keys; those that are not there, or in the trash, are left out.
function M.these(conn, shape, keys)
  local ids, found = {}, array {}
  for _, key in ipairs(keys) do
    if key:match "^%d+$" then ids[#ids + 1] = key end
  end
  if #ids < 2 then return found end      -- one is read by its own address
  for _, some in ipairs(connector.chunks(ids, largest)) do
    local query = question(shape, { { "include", table.concat(some, ",") }, { "per_page", #some } })
    local rows, err = wire.rows(conn, shape.target.route, query)
    if not rows then return nil, err end
    for _, row in ipairs(rows) do found[#found + 1] = row end
  end
  return found
end

-- Scopes ------------------------------------------------------------------------------------------------------------------------

-- Conditions that the site can be asked; everything is looked through again.
local askable = { status = true, author = true, slug = true }

local function add_condition(query, shape, condition)
  local field, asked = condition.field, condition.op == "in" and condition.value or condition.op == "=" and { condition.value } or {}
  if #asked == 0 or not askable[field] or field == "author" and shape.target.mine then return end
  local parts = {}
  for i, one in ipairs(asked) do
    if one == json.null or type(one) == "table" or one == "" or one == "trash" then return end
    parts[i] = connector.plain(one)
  end
  query[#query + 1] = { field, table.concat(parts, ",") }
end

-- A text without anything in it counts as null.
local function value_in(record)
  return function(field)
    local value = matching.at(record.fields, field)
    if value == "" then return json.null end
    return value
  end
end

function M.list(conn, collection, cursor, limit)
  if cursor and cursor.done then return { records = array {} } end
  local conditions, names, query = connector.conditions(collection.scope), {}, {}
  for i, condition in ipairs(conditions) do names[i] = condition.field end
  local shape, err = shapes.plan(conn, collection, names)
  if not shape then return nil, err end
  for _, condition in ipairs(conditions) do add_condition(query, shape, condition) end
  local place, records = cursor, array {}
  local rows, more
  repeat
    rows, place, more = M.page(conn, shape, place, { size = #conditions > 0 and largest or limit, query = query })
    if not rows then return nil, place end
    for i, row in ipairs(rows) do
      local record
      record, err = shapes.record(conn, shape, row)
      if not record then return nil, err end
      if matching.fits(conditions, value_in(record)) then records[#records + 1] = record end
      if #records == limit then return { records = records, cursor = { after = row.id, offset = place.offset - #rows + i } } end
    end
  until #records > 0 or not more
  if #records == 0 then return { records = records } end
  return { records = records, cursor = more and place or { done = true } }
end

-- Conditions that the site keeps to the letter.
local exact = { status = true, author = true }

--- What the site counts, asked as the pages are; nil where a condition is looked at here alone.
function M.count(conn, collection)
  local conditions, query = connector.conditions(collection.scope), {}
  local shape, err = shapes.plan(conn, collection)
  if not shape then return nil, err end
  for i, condition in ipairs(conditions) do
    add_condition(query, shape, condition)
    if not exact[condition.field] or #query < i then return nil end
  end
  local asked = question(shape, query)
  asked[#asked + 1] = { "per_page", 1 }
  local rows, total = wire.rows(conn, shape.target.route, asked)
  if not rows then return nil, total end
  return total
end

-- Searches ----------------------------------------------------------------------------------------------------------------------

-- The longest run of letters and digits: what has the value has it too, in any case, and it means nothing else to a search.
local function longest_word(value)
  local longest = ""
  for word in connector.plain(value):gmatch "[%w\128-\255]+" do
    if #word > #longest then longest = word end
  end
  return #longest > 2 and longest or nil
end

local searched = {
  post = { title = true, content = true, excerpt = true, ["title.raw"] = true, ["content.raw"] = true, ["excerpt.raw"] = true },
  term = { name = true }, user = {},
}

-- The query pairs that lead to at least the rows that answer; nil where only a look at all rows does.
local function narrowed(shape, query)
  for _, part in ipairs(query) do
    local value = part.value
    local usable = value ~= json.null and type(value) ~= "table" and value ~= ""
    if usable and part.field == "slug" and not part.fold then return { { "slug", connector.plain(value) } } end
    if usable and part.field == "id" then return connector.plain(value):match "^%d+$" and { { "include", connector.plain(value) } } or nil end
    if usable and part.field == "email" and not connector.plain(value):find "[*%s]" then return { { "search", connector.plain(value) } } end
    local word = usable and searched[shape.target.kind][part.field] and longest_word(value)
    if word then return { { "search", word } } end
    local meta = usable and part.field:match "^meta%.(.+)"
    if meta and shape.by_meta then return { { "tidewire_meta", meta }, { "tidewire_value", connector.plain(value) } } end
  end
end

local function value_at(record, path) return matching.at(record.fields, path) end

-- Every page until each query has three.
local function look_through(conn, shape, queries, asked, answers)
  local place, more
  repeat
    local rows
    rows, place, more = M.page(conn, shape, place, { size = largest, query = asked })
    if not rows then return nil, place end
    local records = array {}
    for i, row in ipairs(rows) do
      local record, err = shapes.record(conn, shape, row)
      if not record then return nil, err end
      records[i] = record
    end
  until connector.deal(queries, records, answers, value_at) or not more
  return true
end

function M.find(conn, collection, queries)
  local names = {}
  for i, part in ipairs(queries[1] or {}) do names[i] = part.field end
  local shape, err = shapes.plan(conn, collection, names)
  if not shape then return nil, err end
  local site
  site, err = wire.site(conn)
  if not site then return nil, err end
  shape.by_meta = wire.has_plugin(site)
  local answers, rest = array {}, {}
  for i, query in ipairs(queries) do
    answers[i] = array {}
    local asked = narrowed(shape, query)
    if not asked then
      rest[#rest + 1] = i
    else
      local one = { answers[i] }
      local done
      done, err = look_through(conn, shape, { query }, asked, one)
      if not done then return nil, err end
    end
  end
  if #rest == 0 then return answers end
  local unasked, found = {}, {}
  for n, i in ipairs(rest) do unasked[n], found[n] = queries[i], answers[i] end
  local done
  done, err = look_through(conn, shape, unasked, nil, found)
  if not done then return nil, err end
  return answers
end

return M
