--- The changes of a collection.
---
--- `modified_after` of WordPress loses changes in four ways, and each is met here: it compares whole seconds with ">" (a poll
--- looks back by `overlap`); it compares local times (it looks back over the hour when clocks go back, and over a day where the
--- site's zone was changed); a new post bears the time of its date, which may be of the past (the newest ids are looked at
--- with each poll) or of the future (the mark never passes the server's clock); and changes of meta or terms by PHP or SQL move
--- no time (the plugin tells them, and sweeps find them). Nor does a planned post that comes out when its date has come: what is
--- dated since the last scan is looked at, too.

local connector = require "tidewire.connector"
local json = require "tidewire.json"
local time = require "tidewire.time"
local lists = require "connectors.wordpress.lists"
local schema = require "connectors.wordpress.schema"
local shapes = require "connectors.wordpress.shape"
local wire = require "connectors.wordpress.wire"

local array = json.array
local given = connector.given

local M = {}

local hour_of_winter, day_of_zones = 7200, 26 * 3600

local function zone_text(site) return tostring(given(site.timezone_string) or "") .. "/" .. tostring(given(site.gmt_offset) or 0) end

local function newest_id(conn, shape)
  local rows, err = lists.page(conn, shape, nil, { size = 1, down = true, trash = true })
  if not rows then return nil, err end
  return rows[1] and rows[1].id or 0
end

function M.start(conn, collection)
  local shape, err = shapes.plan(conn, collection)
  if not shape then return nil, err end
  local site
  site, err = wire.site(conn, true)
  if not site then return nil, err end
  local cursor = { scan = connector.cursor(conn, connector.server_now(conn)) }
  if shape.target.kind ~= "post" then return cursor end
  cursor.zone = zone_text(site)
  cursor.newest, err = newest_id(conn, shape)
  if not cursor.newest then return nil, err end
  return cursor
end

-- Whole seconds, as WordPress compares them.
local function second_of(iso) return iso:sub(1, 19) .. "Z" end

local function floor_of(conn, site, moved)
  local overlap = math.max(conn.config.overlap, schema.zone_of(site) == "UTC" and 1 or hour_of_winter)
  if moved then overlap = overlap + day_of_zones end
  return function(mark, polled) return second_of(time.add(connector.mark_of(mark, polled), -overlap)) end
end

-- The later of its last edit and the date at which it came out.
local function stamp_of(row, edited)
  local out = row.status == "publish" and type(row.date_gmt) == "string" and row.date_gmt or edited
  return (out > edited and out or edited) .. "Z"
end

local function records_of(conn, shape, rows)
  local list = array {}
  for i, row in ipairs(rows) do
    local record, err = shapes.record(conn, shape, row)
    if not record then return nil, err end
    record.stamp, record.gone = stamp_of(row, record.stamp), shapes.in_trash(row) or nil
    list[i] = record
  end
  return list
end

local next_stage = { modified = "dated", dated = "new" }

local function question(stage, size, floor)
  if stage == "modified" then return { size = size, trash = true, query = { { "modified_after", floor } } } end
  if stage == "dated" then return { size = size, status = "publish", query = { { "after", floor } } } end
  return { size = size, trash = true, down = true }
end

-- First what was modified, then what came out by its date, in order of id; then, newest first, the ids that were not there when the
-- last scan began.
local function page_of(conn, shape, cursor, seen)
  return function(floor, place, size)
    place = place or { stage = "modified" }
    local new = place.stage == "new"
    local rows, at, more = lists.page(conn, shape, place.at, question(place.stage, size, floor))
    if not rows then return nil, at end
    local kept, older = array {}, false
    for _, row in ipairs(rows) do
      if row.id > seen.newest then seen.newest = row.id end
      if new and row.id <= cursor.newest then older = true else kept[#kept + 1] = row end
    end
    local records, err = records_of(conn, shape, kept)
    if not records then return nil, err end
    if more and not older then return records, nil, { stage = place.stage, at = at } end
    if new then return records, nil, false end
    return records, nil, { stage = next_stage[place.stage] }
  end
end

-- Records that lie in the trash are deletions.
local function apart(records)
  local live, gone = array {}, array {}
  for _, record in ipairs(records) do
    if record.gone then gone[#gone + 1] = record.key else live[#live + 1] = record end
  end
  return live, gone
end

-- Of the zone that the site had when the last scan began, and of what this one has seen so far.
local function of_scan(cursor, site, answer, seen)
  local more = answer.more
  local following = { scan = answer.cursor, newest = more and cursor.newest or seen.newest, zone = more and cursor.zone or seen.zone or zone_text(site) }
  if more then following.seen = { newest = seen.newest, zone = seen.zone } end
  return following
end

local function changed_posts(conn, shape, cursor, limit)
  local underway = given(cursor.seen)
  local site, err = wire.site(conn, not underway)
  if not site then return nil, err end
  local seen = underway or { newest = cursor.newest, zone = zone_text(site) }
  local answer
  answer, err = connector.scan(conn, cursor.scan, limit, { floor = floor_of(conn, site, cursor.zone ~= seen.zone), page = page_of(conn, shape, cursor, seen) })
  if not answer then return nil, err end
  local scan = answer.cursor
  if not answer.more and scan.mark > scan.polled then scan.mark = scan.polled end      -- a post of the future
  answer.records, answer.deleted = apart(answer.records)
  answer.cursor = of_scan(cursor, site, answer, seen)
  return answer
end

-- Terms and users bear no time: every poll reads all of them, and hands out what differs.
local function all_of_them(conn, shape, cursor, limit)
  local rows, at, more = lists.page(conn, shape, given(cursor.at), { size = limit })
  if not rows then return nil, at end
  local records, err = records_of(conn, shape, rows)
  if not records then return nil, err end
  local scan = cursor.scan
  records = connector.fresh(conn, scan, records)
  return { records = records, deleted = array {}, more = more,
    cursor = { scan = { id = scan.id, turn = scan.turn + 1, mark = scan.mark, polled = scan.polled }, at = more and at or nil } }
end

function M.changes(conn, collection, cursor, limit)
  local shape, err = shapes.plan(conn, collection)
  if not shape then return nil, err end
  if shape.target.kind == "post" then return changed_posts(conn, shape, cursor, limit) end
  return all_of_them(conn, shape, cursor, limit)
end

return M
