--- Pages of a list, whatever the system calls them, and what of a scope it cannot be asked for.

local connector = require "tidewire.connector"
local hash = require "tidewire.hash"
local json = require "tidewire.json"
local matching = require "tidewire.matching"
local shapes = require "connectors.http.shape"
local wire = require "connectors.http.wire"

local array, null = json.array, json.null
local fail, given = connector.fail, connector.given

local M = {}

local function question(shape, options)
  local query = {}
  for _, pair in ipairs(shape.query) do query[#query + 1] = pair end
  for _, condition in ipairs(options.conditions or {}) do
    local asked = shape.filter and condition.op == "=" and condition.value ~= null and type(condition.value) ~= "table" and not condition.fold
    if asked then query[#query + 1] = shapes.filled(shape.filter, { field = condition.field, value = condition.value }) end
  end
  if options.since then query[#query + 1] = shapes.filled(shape.since, shapes.times(options.since)) end
  return query
end

local most = 100  -- pages that one call asks for where nothing of them is to be shown
local tail = 5  -- keys that a cursor remembers of the page before

-- Pages by offset overlap by a row: where none of the last keys is met again, rows before them went, and the pages behind
-- are looked through until one is met, or from the beginning. So no row is passed over, and some are shown twice. It needs an order
-- that a row keeps: `query` names one.
local function past_overlap(shape, cursor, rows)
  if not given(cursor.tail) then return rows end
  local place = {}
  for at, row in ipairs(rows) do
    local key = shapes.key_of(shape, row)
    if key then place[key] = at end
  end
  for _, key in ipairs(cursor.tail) do
    if place[key] then return { unpack(rows, place[key] + 1) } end
  end
end

-- The last keys of the rows, the last one first; of fewer rows those before them too.
local function tail_of(shape, rows, before)
  local keys = array {}
  for at = #rows, math.max(1, #rows - tail + 1), -1 do
    keys[#keys + 1] = shapes.key_of(shape, rows[at])
  end
  for _, key in ipairs(before or {}) do
    if #keys < tail then keys[#keys + 1] = key end
  end
  return keys
end

-- What each way of paging adds to the query, and what the next page is after this one.
local ways = {
  page = {
    add = function(query, page, cursor) query[#query + 1] = { page.param, cursor.page } end,
    begin = function(page) return { page = page.first or 1 } end,
    after = function(_, cursor) return { page = cursor.page + 1 } end,
  },
  offset = {
    add = function(query, page, cursor) query[#query + 1] = { page.param, cursor.offset } end,
    begin = function() return { offset = 0 } end,
    after = function(shape, cursor, rows)
      if #rows == 1 then return { offset = cursor.offset + 1 } end
      return { offset = cursor.offset + #rows - 1, tail = tail_of(shape, rows, given(cursor.tail)) }
    end,
    fresh = past_overlap,
    back = function(shape, cursor, options)
      local offset = math.max(0, cursor.offset - math.min(options.limit, shape.size))
      return { offset = offset, tail = offset > 0 and cursor.tail or nil }
    end,
    least = 2,
  },
  after = {
    add = function(query, page, cursor)
      if cursor.after then query[#query + 1] = { page.param, cursor.after } end
    end,
    begin = function() return {} end,
    after = function(shape, _, _, reply)
      local token = given(shapes.at(reply.body, shape.page.next))
      return token and token ~= "" and { after = connector.plain(token) } or { done = true }
    end,
    told = true,
  },
  key = {
    add = function(query, page, cursor)
      if cursor.after then query[#query + 1] = shapes.filled(type(page.param) == "table" and page.param or { page.param, "{after}" }, { after = cursor.after }) end
    end,
    begin = function() return {} end,
    after = function(shape, _, rows) return { after = shapes.key_of(shape, rows[#rows]) } end,
  },
  next = {
    begin = function() return {} end,
    after = function(shape, cursor, _, reply) return wire.following(shape, cursor, given(shapes.at(reply.body, shape.page.next))) end,
    told = true,
  },
  link = {
    begin = function() return {} end,
    after = function(shape, cursor, _, reply) return wire.following(shape, cursor, wire.next_link(reply.headers.link or "")) end,
    told = true,
  },
  none = { begin = function() return {} end, after = function() return { done = true } end },
}

-- What tells a page from another, and how often it came in a row: a system that does not heed `page` shows the same one for ever.
local same_at_most, empty_at_most = 2, 10000

local function endless(shape) return fail("unavailable", shape.name .. " has pages without end", "is `page` as the system has it?") end

local function moved_on(shape, cursor, following, rows)
  if following.done then return following end
  local keys = {}
  for i, row in ipairs(rows) do keys[i] = shapes.key_of(shape, row) or "" end
  following.shown = #rows > 0 and hash.sha256(table.concat(keys, "\n")):sub(1, 12) or nil
  following.again = following.shown and following.shown == cursor.shown and (cursor.again or 0) + 1 or nil
  following.empty = #rows == 0 and (cursor.empty or 0) + 1 or nil
  local stays = following.after and following.after == cursor.after or following.address and following.address == cursor.address
  -- Some tell a place at the end, too: where to go on one day.
  if stays and #rows == 0 then return { done = true } end
  if stays or (following.again or 0) >= same_at_most or (following.empty or 0) > empty_at_most then return endless(shape) end
  return following
end

local function ask(conn, shape, cursor, options)
  if cursor.address then return wire.follow(conn, cursor.address) end
  local query, way = question(shape, options), ways[shape.page.by]
  if shape.page.limit then query[#query + 1] = { shape.page.limit, math.min(math.max(options.limit, way.least or 1), shape.size) } end
  if way.add then way.add(query, shape.page, cursor) end
  return wire.get(conn, shape.path, query)
end

local function answer(conn, shape, cursor, options)
  local reply, err = ask(conn, shape, cursor, options)
  if not reply and err.code == "not_found" then
    return fail("invalid", "there is no list at " .. shape.path .. ": " .. err.message, "are `url` and `path` as the system has them?")
  end
  return reply, err
end

-- One page as the system cuts them; `records` may be empty although more follow.
local function one(conn, shape, cursor, options)
  if cursor.done then return { records = array {} } end
  local reply, err = answer(conn, shape, cursor, options)
  if not reply then return nil, err end
  local rows = shapes.many(shape, reply)
  if not rows then
    return fail("unavailable", ("the answer for %s has no list%s"):format(shape.name, shape.about.list and " at '" .. shape.about.list .. "'" or ""), "`list` says where it stands in an answer")
  end
  local way = ways[shape.page.by]
  local fresh = way.fresh and way.fresh(shape, cursor, rows) or not way.fresh and rows
  if not fresh then return { records = array {}, cursor = way.back(shape, cursor, options) } end
  local records = array {}
  for _, row in ipairs(fresh) do
    if type(row) ~= "table" or matching.fits(options.conditions or {}, function(field) return row[field] end) then
      local record
      record, err = shapes.record(shape, row)
      if not record then return nil, err end
      records[#records + 1] = record
    end
  end
  -- A key met at the end of a page says nothing of what follows it, unless it stands there alone: then it is the overlap, and the last row.
  -- A system that tells what follows has an end where it tells nothing, an empty page or not.
  if #fresh == 0 and not way.told and not (way.fresh and #rows > 1) then return { records = records } end
  local following
  following, err = moved_on(shape, cursor, way.after(shape, cursor, rows, reply), rows)
  if not following then return nil, err end
  return { records = records, cursor = following }
end

--- `{ records, cursor }`; `cursor` nil only after an empty page, which may also have one: so many pages were looked at, and more follow.
--- Options: `cursor`, `limit`, `conditions`, `since`.
function M.next(conn, shape, options)
  local cursor = given(options.cursor) or ways[shape.page.by].begin(shape.page)
  for _ = 1, most do
    local page, err = one(conn, shape, cursor, options)
    if not page then return nil, err end
    cursor = page.cursor
    if #page.records > 0 or not cursor then return page end
  end
  return { records = array {}, cursor = cursor }
end

--- How many there are, as an answer to the list says it; nil where `count` of the collection does not say where.
function M.count(conn, shape)
  local place = shape.about.count
  if not place then return nil end
  local reply, err = answer(conn, shape, ways[shape.page.by].begin(shape.page), { limit = 1 })
  if not reply then return nil, err end
  local said = type(place) == "table" and (reply.headers[place.header:lower()] or ""):match "%d+$" or type(place) == "string" and given(shapes.at(reply.body, place))
  local total = said and tonumber(connector.plain(said))
  if total then return total end
  return fail("unavailable", ("the answer for %s tells no count"):format(shape.name), "`count` says where it stands in an answer")
end

--- The first page, small: whether the system answers at all.
function M.first(conn, shape, limit) return M.next(conn, shape, { limit = limit }) end

return M
