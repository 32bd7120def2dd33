--- The changes of a DocType, and what went to Deleted Document.

local connector = require "tidewire.connector"
local json = require "tidewire.json"
local time = require "tidewire.time"
local reads = require "connectors.frappe.reads"
local shapes = require "connectors.frappe.shape"
local wire = require "connectors.frappe.wire"

local array = json.array
local given, stamp = connector.given, shapes.stamp

local M = {}

-- Seconds added to a site's local text, as if its days had no time changes.
local function shifted(local_text, seconds)
  local moved = time.add(local_text:gsub(" ", "T") .. "Z", seconds)
  return moved and (moved:gsub("T", " "):gsub("Z$", "")) or "1900-01-01 00:00:00"
end

local function offset_at(iso, zone)
  local there = time.to_local(iso, zone)
  return there and time.parse(there:gsub(" ", "T") .. "Z") - time.parse(iso) or 0
end

-- Where clocks went back since the last poll, or up to two hours before it, an hour of stamps comes twice.
local function look_back(conn, polled, zone)
  local now = connector.server_now(conn)
  if not zone or time.compare(time.add(polled, 86400), now) < 0 then return conn.config.overlap + 3600 end
  local dropped = offset_at(time.add(polled, -7200), zone) - offset_at(now, zone)
  return conn.config.overlap + math.max(0, dropped)
end

local day_of_zones = 26 * 3600

-- A stamp ahead of the site's clock (a changed zone, an import) must not hide the ones after it. Where the zone was changed, what
-- was stamped since may lie as far back as two zones can be apart.
local function floor_of(conn, zone, moved)
  return function(mark, polled)
    local began = zone and time.to_local(polled, zone)
    if began and mark > began then mark = began end
    return shifted(mark, -look_back(conn, polled, zone) - (moved and day_of_zones or 0))
  end
end

local function page_of(conn, doctype, columns, stamp_column, filters, to_records, parent)
  return function(floor, after, limit)
    local narrowed = array { array { stamp_column, ">=", after and after.time or floor }, unpack(filters) }
    local later = after and array { array { stamp_column, ">", after.time }, array { "name", ">", after.key } } or nil
    local rows, err = wire.get_list(conn, doctype, { fields = columns, filters = narrowed, or_filters = later,
      order_by = stamp_column .. " asc, name asc", limit_page_length = limit, parent = parent })
    if not rows then return nil, err end
    return to_records(rows)
  end
end

-- The next scan begins before the mark, so a page that is not full can be believed to be the last.
local function short_page(records, limit) return #records < limit end

local beginning = "1900-01-01 00:00:00"

local function newest(conn, doctype, filters, column, parent)
  local rows, err = wire.get_list(conn, doctype, { fields = array { column }, filters = filters, order_by = column .. " desc",
    limit_page_length = 1, parent = parent })
  if not rows then return nil, err end
  return rows[1] and stamp(rows[1][column]) or beginning
end

local function deleted_filters(doctype) return array { array { "deleted_doctype", "=", doctype } } end

local ask_again = 600

-- A cursor of Deleted Document from now on; nil where the user may not read it, who may have got the role when it is asked again.
local function gone_from_now(conn, collection)
  local closed = conn.state.closed or {}
  conn.state.closed = closed
  local since = closed[collection.name]
  if since and time.clock() - since < ask_again then return nil end
  local mark, err = newest(conn, "Deleted Document", deleted_filters(collection.name), "creation")
  if mark then return connector.cursor(conn, mark) end
  if err.code ~= "denied" then return nil, err end
  closed[collection.name] = time.clock()
  return nil
end

--- The DocType whose rows a child table's are, where that was said.
function M.whose(collection) return collection.options and given(collection.options.of) or nil end

function M.start(conn, collection)
  local mark, err = newest(conn, collection.name, nil, "modified", M.whose(collection))
  if not mark then return nil, err end
  local zone
  zone, err = shapes.zone(conn)
  if zone == nil then return nil, err end
  local cursor = { rows = connector.cursor(conn, mark), zone = zone }
  cursor.gone, err = gone_from_now(conn, collection)
  if err then return nil, err end
  return cursor
end

local function changed_rows(conn, collection, cursor, limit, moved)
  local shape, err = shapes.plan(conn, collection)
  if not shape then return nil, err end
  local columns = shape.singly and array { "name", "creation", "modified" } or shape.columns
  -- Paging goes by the row as listed: read singly, a document may already be newer.
  local function to_records(rows)
    local list = {}
    for i, row in ipairs(rows) do
      local modified = stamp(row.modified)
      list[i] = { key = connector.plain(row.name), stamp = modified, version = modified, row = row }
    end
    return list
  end
  local answer
  answer, err = connector.scan(conn, cursor, limit, { floor = floor_of(conn, shape.zone, moved), last = short_page,
    page = page_of(conn, collection.name, columns, "modified", {}, to_records, M.whose(collection)) })
  if not answer then return nil, err end
  local rows = {}
  for i, one in ipairs(answer.records) do rows[i] = one.row end
  answer.records, err = reads.records(conn, collection, shape, rows)
  if not answer.records then return nil, err end
  return answer
end

local function deleted_names(conn, collection, cursor, limit, moved)
  local zone, err = shapes.zone(conn)
  if zone == nil then return nil, err end
  local function to_records(rows)
    local list = {}
    for i, row in ipairs(rows) do list[i] = { key = row.name, stamp = stamp(row.creation), name = row.deleted_name } end
    return list
  end
  return connector.scan(conn, cursor, limit, { floor = floor_of(conn, zone, moved), last = short_page,
    page = page_of(conn, "Deleted Document", array { "name", "creation", "deleted_name" }, "creation",
      deleted_filters(collection.name), to_records) })
end

-- Between the pages of a scan the zone may be changed once more: what counts is the one that its floor was made with.
local function zone_of_scan(conn, cursor)
  if given(cursor.seen) ~= nil then return cursor.seen end
  return shapes.zone(conn)
end

-- `zone` is of the last scan that went through, of rows and, where they can be read, of Deleted Document; `seen` of the one underway.
local function following(cursor, zone, answer, parts)
  parts.zone, parts.seen = zone, nil
  if answer.more then parts.zone, parts.seen = cursor.zone, zone end
  answer.cursor = parts
  return answer
end

-- First the rows, then, when their scan is through, what went to Deleted Document.
function M.changes(conn, collection, cursor, limit)
  local gone = given(cursor.gone)
  local zone, err = zone_of_scan(conn, cursor)
  if zone == nil then return nil, err end
  local moved = given(cursor.zone) ~= nil and cursor.zone ~= zone
  local answer
  if not cursor.through then
    answer, err = changed_rows(conn, collection, cursor.rows, limit, moved)
    if not answer then return nil, err end
    local through = not answer.more and gone ~= nil
    if not answer.more and not gone then gone, err = gone_from_now(conn, collection) end
    if err then return nil, err end
    answer.more = answer.more or through
    return following(cursor, zone, answer, { rows = answer.cursor, gone = gone, through = through or nil })
  end
  answer, err = deleted_names(conn, collection, gone, limit, moved)
  if not answer then return nil, err end
  local names = array {}
  for i, one in ipairs(answer.records) do names[i] = one.name end
  return following(cursor, zone, { records = array {}, deleted = names, more = answer.more },
    { rows = cursor.rows, gone = answer.cursor, through = answer.more or nil })
end

return M
