--- The changes of a model.
---
--- `write_date` is the beginning of a transaction, kept to the microsecond, told to the second, and compared differently
--- before 18.4 and after; so a poll reads a window of whole seconds in order of id, and looks back by `overlap`. A record
--- that shows fields of another one, as a variant those of its template, is read when either of them moved.

local connector = require "tidewire.connector"
local json = require "tidewire.json"
local shapes = require "connectors.odoo.shape"
local time = require "tidewire.time"
local wire = require "connectors.odoo.wire"

local array = json.array
local fail = connector.fail

local M = {}

local beginning = "1900-01-01 00:00:00"

local function newest_of(conn, model)
  local rows, err = wire.search_read(conn, model, { domain = array { array { "write_date", "!=", false } }, fields = array { "write_date" },
    order = "write_date desc", limit = 1 })
  if not rows then return nil, err end
  return rows[1] and rows[1].write_date or beginning
end

-- Of the model and those behind its fields.
local function newest_stamp(conn, shape)
  local newest, err = newest_of(conn, shape.model)
  for _, link in ipairs(shape.links) do
    if not newest then return nil, err end
    local other
    other, err = newest_of(conn, link.model)
    if not other then return nil, err end
    if other > newest then newest = other end
  end
  return newest, err
end

local function stamped_plan(conn, collection)
  local shape, err = shapes.plan(conn, collection)
  if not shape then return nil, err end
  if shape.stamped then return shape end
  return fail("invalid", collection.name .. " keeps no write_date, so it cannot be polled", "on = { poll = ... } cannot be used; let `sweep` compare it")
end

--- A cursor that means "from now on".
function M.start(conn, collection)
  local shape, err = stamped_plan(conn, collection)
  if not shape then return nil, err end
  local newest
  newest, err = newest_stamp(conn, shape)
  if not newest then return nil, err end
  return connector.cursor(conn, newest)
end

local function shifted(stamp, seconds)
  local moved = time.add(shapes.iso(stamp), seconds)
  return moved and (moved:sub(1, 19):gsub("T", " ")) or stamp
end

-- A stamp ahead of the server's clock must not hide the ones after it.
local function floor_of(conn)
  return function(mark, polled)
    local began = polled:sub(1, 19):gsub("T", " ")
    return shifted(mark > began and began or mark, -conn.config.overlap)
  end
end

local function window(shape, floor, ceiling, after)
  local domain = array { array { "id", ">", after } }
  local paths = { "write_date" }
  for i, link in ipairs(shape.links) do paths[i + 1] = link.field .. ".write_date" end
  for _ = 2, #paths do domain[#domain + 1] = "|" end
  for _, path in ipairs(paths) do
    domain[#domain + 1] = "&"
    domain[#domain + 1] = array { path, ">=", floor }
    domain[#domain + 1] = array { path, "<", shifted(ceiling, 1) }
  end
  return domain
end

-- A record counts as of the later of its own stamp and that of the record behind it.
local function add_stamps(conn, link, rows, records, ceiling)
  local ids, by_id = array {}, {}
  for i, row in ipairs(rows) do ids[i] = shapes.target(row[link.field]) end
  local found, err = wire.search_read(conn, link.model, { domain = array { array { "id", "in", ids } }, fields = array { "write_date" } })
  if not found then return nil, err end
  for _, one in ipairs(found) do by_id[one.id] = one.write_date end
  for i, record in ipairs(records) do
    local stamp = by_id[ids[i]] or ""
    if stamp > ceiling then stamp = ceiling end
    if stamp > record.stamp then record.stamp = stamp end
  end
  return true
end

local function page_of(conn, shape)
  return function(floor, after, limit, ceiling)
    local rows, err = wire.search_read(conn, shape.model, { domain = window(shape, floor, ceiling, after and shapes.id_of(after.key) or 0),
      fields = shape.columns, order = "id asc", limit = limit })
    if not rows then return nil, err end
    local records
    records, err = shapes.records(conn, shape, rows)
    if not records then return nil, err end
    for _, link in ipairs(#rows > 0 and shape.links or {}) do
      local done, why = add_stamps(conn, link, rows, records, ceiling)
      if not done then return nil, why end
    end
    return records
  end
end

--- What changed since the cursor.
function M.changes(conn, collection, cursor, limit)
  local shape, err = stamped_plan(conn, collection)
  if not shape then return nil, err end
  return connector.scan(conn, cursor, limit, { floor = floor_of(conn), page = page_of(conn, shape),
    ceiling = function() return newest_stamp(conn, shape) end, last = function(records, size) return #records < size end })
end

return M
