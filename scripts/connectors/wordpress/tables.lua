--- Posts straight from the tables of a WordPress, for those who ask for it: rows are read, and of rows that are there some columns
--- and plain meta values are written. Nothing is made or deleted this way, and no serialised value is read as text or touched.
---
--- WordPress itself does not notice: no hooks run, no revision is kept, caches go on showing what was. Both times of a change are set
--- together, so that other pollers see it.

local connector = require "tidewire.connector"
local json = require "tidewire.json"
local time = require "tidewire.time"
local db = require "connectors.mysql.db"
local rows = require "connectors.wordpress.tables.rows"
local writes = require "connectors.wordpress.tables.writes"

local array = json.array
local fail, given = connector.fail, connector.given

local M = {}

-- Reading -----------------------------------------------------------------------------------------------------------------------

-- A record whose values cannot be told spoils no list: it comes without version and fields, and the reason when it is read alone.
local function listed(shape, found)
  local records = array {}
  for i, row in ipairs(found) do records[i] = rows.record(shape, row) or { key = connector.plain(row.ID), stamp = rows.stamp_of(row), fields = {} } end
  return records
end

function M.read(conn, collection, keys)
  local shape, err = rows.plan(conn, collection)
  if not shape then return nil, err end
  local ids, parameters = {}, array {}
  for _, key in ipairs(keys) do
    if key:match "^%d+$" then ids[#ids + 1], parameters[#parameters + 1] = "?", key end
  end
  local records = array {}
  if #ids == 0 then return records end
  local found
  found, err = db.query(shape.conn, shape.select .. " and p.post_status <> 'trash' and p.ID in (" .. table.concat(ids, ", ") .. ")", parameters)
  if not found then return nil, err end
  for i, row in ipairs(found) do
    records[i], err = rows.record(shape, row)
    if not records[i] then return nil, err end
  end
  return records
end

function M.list(conn, collection, cursor, limit)
  local shape, err = rows.plan(conn, collection, rows.fields_of(collection.scope))
  if not shape then return nil, err end
  local parameters = array { given(cursor) and cursor.after or 0 }
  local text = shape.select .. " and p.post_status <> 'trash' and p.ID > ?"
  for _, condition in ipairs(connector.conditions(collection.scope)) do text = text .. " and " .. rows.condition(shape, condition, parameters) end
  parameters[#parameters + 1] = limit
  local found
  found, err = db.query(shape.conn, text .. " order by p.ID limit ?", parameters)
  if not found then return nil, err end
  return { records = listed(shape, found), cursor = #found > 0 and { after = found[#found].ID } or nil }
end

function M.count(conn, collection)
  local shape, err = rows.plan(conn, collection, rows.fields_of(collection.scope))
  if not shape then return nil, err end
  local parameters, text = array {}, "select count(*) as n" .. shape.from .. " and p.post_status <> 'trash'"
  for _, condition in ipairs(connector.conditions(collection.scope)) do text = text .. " and " .. rows.condition(shape, condition, parameters) end
  local found
  found, err = db.query(shape.conn, text, parameters)
  if found then return found[1].n end
  if db.took_too_long(err) then return nil end
  return nil, err
end

function M.find(conn, collection, queries)
  local names = {}
  for i, part in ipairs(queries[1] or {}) do names[i] = part.field end
  local shape, err = rows.plan(conn, collection, names)
  if not shape then return nil, err end
  local answers = array {}
  for i, query in ipairs(queries) do
    local text, parameters = shape.select .. " and p.post_status <> 'trash'", array {}
    for _, part in ipairs(query) do text = text .. " and " .. rows.comparison(shape, part, parameters) end
    local found
    found, err = db.query(shape.conn, text .. " order by p.ID limit 3", parameters)
    if not found then return nil, err end
    answers[i] = listed(shape, found)
  end
  return answers
end

function M.trash(conn, collection, key)
  local shape, err = rows.plan(conn, collection)
  if not shape then return nil, err end
  local found
  found, err = db.query(shape.conn, shape.select .. " and p.post_status = 'trash' and p.ID = ?", array { key })
  if not found then return nil, err end
  local record = found[1] and rows.record(shape, found[1])
  if record then record.deleted_at = record.modified or time.now() end
  return record
end

-- Changes -------------------------------------------------------------------------------------------------------------------------

local function newest(conn, shape)
  local found, err = db.query(shape.conn, "select coalesce(max(ID), 0) as id, date_format(utc_timestamp(6), '%Y-%m-%dT%H:%i:%s.%fZ') as now from " .. shape.posts)
  if not found then return nil, err end
  conn.state.clock_offset = time.parse(found[1].now) - time.parse(time.now())
  return found[1]
end

function M.start(conn, collection)
  local shape, err = rows.plan(conn, collection)
  if not shape then return nil, err end
  local now
  now, err = newest(conn, shape)
  if not now then return nil, err end
  return { scan = connector.cursor(conn, now.now), newest = now.id }
end

-- What was modified, never got a time (drafts), came out by its date, which moves no time, or is newer than the newest row of the last
-- scan, whatever time it bears.
local function page_of(shape, cursor)
  return function(floor, place, size)
    local since = floor:sub(1, 19):gsub("T", " ")
    local found, err = db.query(shape.conn, shape.select .. " and p.ID > ? and (p.post_modified_gmt >= ? or year(p.post_modified_gmt) = 0"
      .. " or p.post_status = 'publish' and p.post_date_gmt >= ? or p.ID > ?) order by p.ID limit ?",
      array { place and place.after or 0, since, since, cursor.newest, size })
    if not found then return nil, err end
    local records = listed(shape, found)
    for i, row in ipairs(found) do records[i].gone, records[i].stamp = row.post_status == "trash" or nil, rows.shown_at(row) end
    return records, nil, #found == size and { after = found[#found].ID } or false
  end
end

function M.changes(conn, collection, cursor, limit)
  local shape, err = rows.plan(conn, collection)
  if not shape then return nil, err end
  local seen = given(cursor.seen)
  if not seen then
    local now
    now, err = newest(conn, shape)
    if not now then return nil, err end
    seen = now.id
  end
  local function floor(mark, polled) return time.add(connector.mark_of(mark, polled), -conn.config.overlap) end
  local answer
  answer, err = connector.scan(conn, cursor.scan, limit, { floor = floor, page = page_of(shape, cursor) })
  if not answer then return nil, err end
  local scan, live, gone = answer.cursor, array {}, array {}
  if not answer.more and scan.mark > scan.polled then scan.mark = scan.polled end
  for _, record in ipairs(answer.records) do
    if record.gone then gone[#gone + 1] = record.key else live[#live + 1] = record end
  end
  return { records = live, deleted = gone, more = answer.more,
    cursor = { scan = scan, newest = answer.more and cursor.newest or seen, seen = answer.more and seen or nil } }
end

-- Writes --------------------------------------------------------------------------------------------------------------------------

function M.update(conn, collection, key, values, guard)
  local shape, err = rows.plan(conn, collection)
  if not shape then return nil, err end
  local statements
  statements, err = writes.statements(conn, shape, key, values, guard)
  if not statements then return nil, err end
  local answers, counts = db.transaction(shape.conn, statements, true)
  if not answers then return nil, counts end
  if counts[1] > 0 then return rows.record(shape, answers[#answers][1]) end
  local found
  found, err = M.read(conn, collection, array { key })
  if not found then return nil, err end
  if #found == 0 then return fail("not_found", "there is no " .. collection.name .. " " .. key) end
  if guard and found[1].version ~= guard then return fail("stale", collection.name .. " " .. key .. " has changed") end
  return fail("invalid", collection.name .. " " .. key .. " is refused: " .. writes.reason(values))
end

local function never(what)
  return function()
    return fail("invalid", "posts are not " .. what .. " in the tables: hooks, slugs, terms and caches would know nothing of it",
      "use the REST form of this connector for that, or one direction only")
  end
end
M.create, M.delete, M.put_back = never "made", never "deleted", never "brought back"

M.test, M.catalog, M.describe = rows.test, rows.catalog, rows.describe

return M
