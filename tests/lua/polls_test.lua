-- profile: io
-- The scan of a poll over more rows than are remembered: what is handed out, how often, and what is kept of it meanwhile.

local tap = require "tap"
local polls = require "tidewire.polls"
local time = require "tidewire.time"

local began, overlap = "2026-01-01T00:00:00.000000Z", 60

-- A source of rows { key, stamp } that are kept in the order of both.
local function source_of(rows)
  local self = { pages = 0 }
  function self.floor(mark, polled) return time.add(polls.mark_of(mark, polled), -overlap) end
  local function is_before(row, from, key) return row.stamp < from or row.stamp == from and key and row.key <= key end
  function self.page(floor, after, limit)
    local from, key, low, high = after and after.time or floor, after and after.key, 1, #rows + 1
    while low < high do
      local middle = math.floor((low + high) / 2)
      if is_before(rows[middle], from, key) then low = middle + 1 else high = middle end
    end
    self.pages = self.pages + 1
    local list = {}
    for i = low, math.min(low + limit - 1, #rows) do list[#list + 1] = rows[i] end
    return list
  end
  function self.last(records) return #records == 0 end
  return self
end

-- As wide for every time, so that it orders like the time.
local function at(seconds)
  local whole = math.floor(seconds)
  return time.add(began, whole):sub(1, 19) .. (".%06dZ"):format((seconds - whole) * 1e6 + 0.5)
end

local function row(number, stamp) return { key = ("%07d"):format(number), stamp = stamp, version = "1" } end

-- How many records a whole poll hands out, `seconds` after the beginning by the server's clock; the cursor after it, and the most that was kept.
local function poll(conn, cursor, source, seconds)
  conn.state.clock_offset = time.parse(began) - time.parse(time.now()) + seconds
  local told, kept, page = 0, 0
  repeat
    page = assert(polls.scan(conn, cursor, 5000, source))
    told, cursor = told + #page.records, page.cursor
    local count = 0
    for _ in pairs(conn.state.polls[cursor.id].rows) do count = count + 1 end
    kept = math.max(kept, count)
  until not page.more
  return told, cursor, kept
end

local function since_the_beginning() return { mark = began, polled = began, id = "scan", turn = 1 } end

tap.test("of a long scan no more is kept than may come again, and none of it comes again", function()
  local conn, rows = { state = {} }, {}
  for i = 1, 150000 do rows[i] = row(i, at(i / 100)) end
  local source = source_of(rows)
  local told, cursor, kept = poll(conn, since_the_beginning(), source, 1501)
  tap.equal(told, 150000)
  tap.ok(kept <= 50000, kept .. " rows were kept")
  tap.equal((poll(conn, cursor, source, 1502)), 0)
end)

tap.test("rows of one moment that are more than is kept come again until the overlap has passed, then no more; those after them come", function()
  local conn, rows = { state = {} }, {}
  for i = 1, 120000 do rows[i] = row(i, at(1)) end
  local source = source_of(rows)
  local told, cursor, kept = poll(conn, since_the_beginning(), source, 2)
  tap.equal(told, 120000)
  tap.ok(kept <= 50000, kept .. " rows were kept")
  told, cursor = poll(conn, cursor, source, 30)
  tap.equal(told, 70000)
  told, cursor = poll(conn, cursor, source, 90)
  tap.equal(told, 70000)
  source.pages = 0
  told, cursor = poll(conn, cursor, source, 120)
  tap.equal({ told, source.pages }, { 0, 1 })
  rows[#rows + 1] = row(120001, at(130))
  told, cursor = poll(conn, cursor, source, 131)
  tap.equal(told, 1)
  table.insert(rows, #rows, row(120002, at(125)))
  told, cursor = poll(conn, cursor, source, 132)
  tap.equal(told, 1)
  tap.equal((poll(conn, cursor, source, 200)), 0)
end)

tap.test("a page that was not kept is handed out again", function()
  local conn, rows = { state = {} }, {}
  for i = 1, 10 do rows[i] = row(i, at(i)) end
  local cursor, source = since_the_beginning(), source_of(rows)
  conn.state.clock_offset = time.parse(began) - time.parse(time.now()) + 11
  tap.equal(#assert(polls.scan(conn, cursor, 5, source)).records, 5)
  tap.equal(#assert(polls.scan(conn, cursor, 5, source)).records, 5)
end)

return tap
