--- The scan of a poll: pages by (time, key) that look back by an overlap, and what of it was handed out before.
---
--- Rows of the overlap come again with every poll, so what was handed out is remembered, though never of more than `most` rows: of more (a
--- million that one statement stamped) some come again until the overlap after them has passed, and from then on scans begin behind them.

local json = require "tidewire.json"
local hash = require "tidewire.hash"
local time = require "tidewire.time"

local array = json.array

local M = {}

local most = 50000

local function given(value)
  if value == json.null then return nil end
  return value
end

--- The server's time as far as its last `Date` header tells, else ours.
function M.server_now(conn)
  return time.add(time.now(), conn.state.clock_offset or 0)
end

--- A cursor that means "what changes after `mark`".
function M.cursor(conn, mark)
  return { mark = mark, polled = M.server_now(conn), id = hash.id(), turn = 1 }
end

local function memory_of(conn, cursor)
  local polls = conn.state.polls or {}
  conn.state.polls = polls
  local memory = polls[cursor.id] or { turn = 0, rows = {}, count = 0 }
  polls[cursor.id] = memory
  return memory
end

-- What was handed out for a cursor's scan. A cursor of an earlier turn means that what was handed out since was not kept.
local function remembered(conn, cursor)
  local memory = memory_of(conn, cursor)
  if cursor.turn <= memory.turn then
    for key, before in pairs(memory.rows) do
      if before.turn >= cursor.turn then memory.rows[key], memory.count = nil, memory.count - 1 end
    end
  end
  memory.turn = cursor.turn
  return memory
end

local function drop_before(memory, floor)
  memory.floor = floor
  for key, before in pairs(memory.rows) do
    if before.stamp and before.stamp < floor then memory.rows[key], memory.count = nil, memory.count - 1 end
  end
end

--- The records that no page kept before has shown. What was handed out is remembered with its turn and left out only for a cursor of a later
--- turn, because holding that cursor proves that the page was kept. `floor`, where it is known: what is older will not come again.
function M.fresh(conn, cursor, records, floor)
  local memory = remembered(conn, cursor)
  local seen, list = memory.rows, array {}
  if floor and floor ~= memory.floor and memory.count + #records > most then drop_before(memory, floor) end
  for _, record in ipairs(records) do
    local before = seen[record.key]
    local known = before and before.turn < cursor.turn and before.stamp == record.stamp and before.version == record.version
    if not known then
      list[#list + 1] = record
      if before or memory.count < most then
        seen[record.key] = { turn = cursor.turn, stamp = record.stamp, version = record.version }
        if not before then memory.count = memory.count + 1 end
      else
        memory.full = true
      end
    end
  end
  return list
end

--- A scan is through: what is older than `floor` will not come again. True where some of it was not remembered.
function M.forget(conn, cursor, floor)
  local memory = memory_of(conn, cursor)
  drop_before(memory, floor)
  local full = memory.full
  memory.full = nil
  return full
end

--- The mark, or where that is ahead of it or is no time of a calendar ("infinity") the time at which the last whole scan began: a stamp of
--- a clock that goes wrong must not hide the stamps that come after it.
function M.mark_of(mark, polled)
  if not time.parse(mark) then return polled end
  return time.compare(mark, polled) > 0 and polled or mark
end

-- Ahead of every clock, so that a floor made of it is that of the time of the poll.
local end_of_time = "9999-12-31T00:00:00Z"

-- Where a scan begins: at the floor, or behind rows that were too many to be remembered and are older than the overlap by now.
local function begin(cursor, floor)
  local settled = given(cursor.settled)
  if settled and floor <= settled.time then return settled end
  return nil
end

--- One page of a scan by (time, key) that begins at `source.floor(mark, polled)` and ends with a page that
--- `source.last(records, limit)` calls the last. `source.page(floor, after, limit)` returns records with `stamp`, the
--- time in the system's own text, which orders like the time. The mark moves when a whole scan is through.
--- A source whose pages do not come in the order of the time has `ceiling()`, the newest stamp as the scan begins, which
--- `page` gets last and does not go beyond. One that pages in another way returns as a third value of `page` the `after` of the
--- next page, false after the last.
function M.scan(conn, cursor, limit, source)
  local floor, ceiling, err = cursor.floor, given(cursor.ceiling), nil
  local after, settled = given(cursor.after), given(cursor.settled)
  local polled = after and cursor.began or M.server_now(conn)
  if not floor then
    floor = source.floor(cursor.mark, cursor.polled)
    settled = begin(cursor, floor)
    after = settled
    if source.ceiling then ceiling, err = source.ceiling() end
    if err then return nil, err end
  end
  local records, place
  records, err, place = source.page(floor, after, limit, ceiling)
  if not records then return nil, err end
  local top = given(cursor.top) or cursor.mark
  for _, record in ipairs(records) do
    if record.stamp > top then top = record.stamp end
  end
  local last = records[#records] and { time = records[#records].stamp, key = records[#records].key } or after
  local done = place == false
  if place == nil then done = source.last(records, limit) end
  local list = M.fresh(conn, cursor, records, source.floor(ceiling or top, polled))
  local following = { id = cursor.id, turn = cursor.turn + 1, mark = done and top or cursor.mark, settled = settled,
    polled = done and polled or cursor.polled }
  if done then
    local full = M.forget(conn, cursor, floor)
    local in_order = place == nil and not ceiling
    if full and in_order and last and last.time < source.floor(end_of_time, polled) then following.settled = last end
  else
    following.floor, following.ceiling, following.top, following.began = floor, ceiling, top, polled
    following.after = place or last
  end
  return { records = list, deleted = array {}, cursor = following, more = not done }
end

return M
