-- profile: io
-- What connectors of SQL databases share, over a database that is a table in memory: answers that are too large, long polls.

local tap = require "tap"
local connector = require "tidewire.connector"
local json = require "tidewire.json"
local tables = require "tidewire.tables"
local time = require "tidewire.time"

local array = json.array

-- A table of `count` rows { id }, of which an answer holds at most `most`; `asked` are the sizes of the pages that were asked for.
local function table_of(count, most)
  local asked = {}
  local sql = { asked = asked, quoted = function(name) return name end, shown = function(value) return value end }
  function sql.parameters()
    local list = array {}
    return { list = list, add = function(value)
      list[#list + 1] = value
      return "?"
    end }
  end
  function sql.with_keys(_, keys, parameters)
    for _, key in ipairs(keys) do parameters.add(key) end
    return "keys"
  end
  function sql.query(_, text, list)
    local rows, limit = array {}, #list
    if text:find "where keys$" then
      for i, key in ipairs(list) do rows[i] = { id = key } end
    else
      limit = list[#list]
      local from = #list == 2 and tonumber(list[1]) or 0
      for id = from + 1, math.min(count, from + limit) do rows[#rows + 1] = { id = id } end
    end
    asked[#asked + 1] = limit
    if #rows > most then return connector.fail("invalid", "the answer is larger than 67108864 bytes: select id", "ask for fewer rows or columns at once") end
    return rows
  end
  return { sql = sql, name = "people", key = { "id" }, fields = { "id" }, select = "id", about = { by_name = { id = {} } } }
end

tap.test("a page that is too large is asked for smaller, and so are those after it", function()
  local conn, shape = { state = {} }, table_of(60, 30)
  local seen, cursor = {}, nil
  repeat
    local page = assert(tables.page(conn, shape, nil, cursor, 100))
    for _, record in ipairs(page.records) do seen[#seen + 1] = record.key end
    cursor = page.cursor
  until not cursor
  tap.equal({ #seen, seen[1], seen[60] }, { 60, "1", "60" })
  tap.equal(shape.sql.asked, { 100, 25, 25, 25, 25 })
end)

tap.test("rows by key whose answer is too large are read in parts", function()
  local shape, keys = table_of(0, 3), {}
  for i = 1, 10 do keys[i] = tostring(i) end
  local records = assert(tables.read({ state = {} }, shape, array(keys)))
  tap.equal({ #records, records[1].key, records[10].key }, { 10, "1", "10" })
end)

tap.test("one row that is too large is refused with its table, the size, and what to do", function()
  local conn, shape = { state = {} }, table_of(5, 0)
  for _, answer in ipairs { { tables.page(conn, shape, nil, nil, 4) }, { tables.read(conn, shape, array { "1" }) } } do
    tap.equal({ answer[1], answer[2].code }, { nil, "invalid" })
    tap.equal(answer[2].message, "one row of people is more than is read at once: the answer is larger than 67108864 bytes: select id")
    tap.ok(answer[2].hint:find "leave the widest of its columns out", answer[2].hint)
  end
end)

-- Polls of a table whose time column has no zone, while the server's clock shows `now`; rows are stamped by what clocks in New York show.
local function clocks(zone)
  local rows, sql, conn = {}, table_of(0, 0).sql, { state = {}, config = { overlap = 60 } }
  function sql.moment(_, iso) return iso end
  function sql.query(_, _, list)
    local found = array {}
    table.sort(rows, function(a, b) return a["$stamp"] < b["$stamp"] or a["$stamp"] == b["$stamp"] and a.id < b.id end)
    for _, row in ipairs(rows) do
      local later = #list == 2 and row["$stamp"] >= list[1] or #list == 3 and (row["$stamp"] > list[1] or row["$stamp"] == list[1] and row.id > list[2])
      if later and #found < list[#list] then found[#found + 1] = row end
    end
    return found
  end
  local shape = { sql = sql, name = "people", key = { "id" }, fields = { "id" }, select = "id", about = { by_name = { id = {} } }, modified = { name = "at" }, zone = zone }
  local self = { shape = shape, conn = conn, rows = rows }
  function self.at(now) conn.state.clock_offset = (time.parse(now)) - (time.parse(time.now())) end
  function self.stamped(id, now)
    self.at(now)
    rows[#rows + 1] = { id = id, ["$stamp"] = (time.to_local(now, "America/New_York"):gsub(" ", "T")) .. "Z" }
  end
  function self.poll(cursor, limit)
    local seen, page = {}
    repeat
      page = assert(tables.poll(conn, shape, cursor, limit or 10))
      for _, record in ipairs(page.records) do seen[record.key] = record.modified end
      cursor = page.cursor
    until not page.more
    return cursor, seen
  end
  return self
end

tap.test("an edit of the hour that comes twice is told, whichever of the two it is of, and no other twice", function()
  local there = clocks "America/New_York"
  there.stamped("1", "2026-11-01T05:57:00Z")                     -- 01:57, summer time
  local cursor, seen = there.poll(tables.cursor(there.conn, there.shape, there.rows[1]["$stamp"]))
  tap.equal(seen, { ["1"] = "2026-11-01T05:57:00Z" })
  there.stamped("2", "2026-11-01T06:02:00Z")                     -- 01:02, winter time
  there.at "2026-11-01T06:20:00Z"
  cursor, seen = there.poll(cursor)
  tap.equal(seen, { ["2"] = "2026-11-01T05:02:00Z" })            -- nothing tells that it is not the first
  there.stamped("3", "2026-11-01T06:25:00Z")
  there.stamped("4", "2026-11-01T06:59:59Z")
  cursor, seen = there.poll(cursor, 1)
  tap.equal(seen, { ["3"] = "2026-11-01T05:25:00Z", ["4"] = "2026-11-01T05:59:59Z" })
  there.stamped("5", "2026-11-01T07:00:01Z")
  cursor, seen = there.poll(cursor)
  tap.equal(seen, { ["5"] = "2026-11-01T07:00:01Z" })
  there.at "2026-11-01T10:00:00Z"
  tap.equal(select(2, there.poll(cursor)), {})
end)

tap.test("a zone that is named, or another, is gone back for once", function()
  local there = clocks()
  there.stamped("1", "2026-07-01T12:00:00Z")
  there.rows[1]["$stamp"] = "2026-07-01T12:00:00Z"                -- set in UTC by what knows no zone
  local cursor = tables.cursor(there.conn, there.shape, there.rows[1]["$stamp"])
  cursor = there.poll(cursor)
  there.stamped("2", "2026-07-01T13:00:00Z")                     -- shows 09:00
  there.at "2026-07-01T15:00:00Z"
  local seen
  cursor, seen = there.poll(cursor)
  tap.equal(seen, {})
  there.shape.zone = "America/New_York"
  cursor, seen = there.poll(cursor)
  tap.equal(seen, { ["2"] = "2026-07-01T13:00:00Z" })
  there.stamped("3", "2026-07-01T15:00:30Z")
  cursor, seen = there.poll(cursor)
  tap.equal({ seen, cursor.zone }, { { ["3"] = "2026-07-01T15:00:30Z" }, "America/New_York" })
end)

tap.test("what clocks cannot show and what is no time of a calendar keeps no poll from going on", function()
  for _, stamp in ipairs { "infinity", "9999-12-31T23:59:59Z", "0001-01-01T00:00:00Z", "2026-03-08T02:30:00Z" } do
    local there = clocks "America/New_York"
    there.rows[1] = { id = "1", ["$stamp"] = stamp }
    there.at "2026-07-01T12:00:00Z"
    local cursor = there.poll(tables.cursor(there.conn, there.shape, stamp))
    there.stamped("2", "2026-07-01T12:00:30Z")
    local _, seen = there.poll(cursor)
    tap.equal(seen["2"], "2026-07-01T12:00:30Z", stamp)
  end
end)

return tap
