--- Paging by time. A query ends after 10,000 rows and its cursors count places of a list that moves, so every page begins anew at
--- the last time seen, and cursors are used only where more rows share one minute than a page holds.

local connector = require "tidewire.connector"
local json = require "tidewire.json"
local time = require "tidewire.time"
local pages = require "connectors.notion.pages"
local sources = require "connectors.notion.source"
local wire = require "connectors.notion.wire"

local array, object = json.array, json.object
local fail, given = connector.fail, connector.given

local M = {}

local function filter_of(by, place, parts)
  local all = array {}
  if place.from then all[1] = { timestamp = by, [by] = { on_or_after = place.from } } end
  for _, part in ipairs(parts or {}) do all[#all + 1] = part end
  if #all == 0 then return nil end
  return #all == 1 and all[1] or { ["and"] = all }
end

-- A query that takes Notion too long is a 503 or 504: the next ones ask for half as many rows, for an hour.
local least, patience = 10, 3600

local function heavy(err) return err.code == "unavailable" and (err.message:find "^service_unavailable" or err.message:find "^gateway_timeout") ~= nil end

local function at_once(conn, shape)
  local heavies = conn.state.heavy or {}
  conn.state.heavy = heavies
  local known = heavies[shape.source.path]
  if known and time.clock() - known.since > patience then known = nil end
  heavies[shape.source.path] = known
  return known and known.rows or 100
end

--- Asks for rows: `body` as the query takes it, for fewer of them where Notion was too slow lately. The answer's body, or nil, err.
function M.query(conn, shape, body)
  local path = shape.source.path .. "/query"
  body.page_size = math.min(body.page_size or 100, at_once(conn, shape))
  local reply, err = wire.request(conn, "POST", path, { query = sources.columns(shape), body = body, reads = true })
  if not reply and heavy(err) then conn.state.heavy[shape.source.path] = { rows = math.max(least, math.floor(body.page_size / 2)), since = time.clock() } end
  if not reply and err.code == "not_found" then return fail("invalid", err.message, err.hint) end
  if not reply then return nil, err end
  if not json.is_array(reply.body.results) then return fail("unavailable", "a query without results") end
  return reply.body
end

--- Whether an answer ends where Notion shows no more, rather than where the rows do.
function M.is_incomplete(answer)
  local status = given(answer.request_status)
  return type(status) == "table" and status.type == "incomplete"
end

-- Where the next page begins; false after the last.
local function following(place, answer, by, twice)
  local rows = answer.results
  local last = rows[#rows] and rows[#rows][by]
  local cut, cursor = M.is_incomplete(answer), answer.has_more and given(answer.next_cursor) or nil
  local moved_on = last and last > (place.from or "")
  local paged = place.page and twice and not place.again
  if not cursor and not cut then
    return paged and { from = place.from, again = true } or false
  end
  if moved_on and paged then return { from = place.from, again = true } end
  if moved_on then return { from = last } end
  if cursor then return { from = place.from, page = cursor, again = place.again } end
  return fail("invalid", ("Notion shows no more than 10,000 rows, and more than that share the minute %s"):format(tostring(place.from)),
    "give some of them another time by an edit, or a scope")
end

-- Cursors do not live for ever: a minute whose cursor is refused is begun anew, but not without end, as where Notion takes none of its own.
local most = 3

-- How often that was done, by the walk.
local function beginnings(conn, shape, options)
  local all = conn.state.beginnings or {}
  conn.state.beginnings = all
  return all, table.concat({ shape.source.path, options.by, tostring(options.trash) }, " ")
end

local function refused(conn, shape, options)
  local place = options.place
  local all, walk = beginnings(conn, shape, options)
  all[walk] = (all[walk] or 0) + 1
  if all[walk] <= most then return array {}, { from = place.from, again = place.again, anew = true } end
  all[walk] = nil
  return fail("invalid", ("Notion refuses its own cursors within the minute %s"):format(place.from or "of the first pages"),
    "it is asked again with the next poll; give some of its pages another time by an edit, or a scope")
end

-- An index that lags behind still has what was thrown away a moment ago, or has no more what was brought back.
local function of_kind(rows, trashed)
  local list = array {}
  for _, row in ipairs(rows) do
    if pages.in_trash(row) == trashed then list[#list + 1] = row end
  end
  return list
end

--- Those of an answer's rows that are not in the trash.
function M.living(rows) return of_kind(rows, false) end

--- One page of rows by `by` ("created_time", "last_edited_time"), oldest first: rows and the place of the next page, false after
--- the last. `place`: {} or { from }. `twice`: a minute that needed cursors is read again, because rows that left it meanwhile
--- moved others across a page's edge.
function M.page(conn, shape, options)
  local place, by = options.place, options.by
  if not place.page and not place.anew then
    local all, walk = beginnings(conn, shape, options)
    all[walk] = nil
  end
  local body = object { sorts = array { { timestamp = by, direction = "ascending" } }, page_size = math.min(options.size, 100),
    start_cursor = place.page, in_trash = options.trash, filter = filter_of(by, place, options.filters) }
  local answer, err = M.query(conn, shape, body)
  if not answer and place.page and err.code == "invalid" and err.message:find "cursor" then
    return refused(conn, shape, options)
  end
  if not answer then return nil, err end
  local next_place
  next_place, err = following(place, answer, by, options.twice)
  if next_place == nil then return nil, err end
  return of_kind(answer.results, options.trash == true), next_place
end

return M
