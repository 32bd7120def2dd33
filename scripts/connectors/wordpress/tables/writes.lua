--- The statements of an update: one transaction of which all or nothing is done, and nothing where the row is not as it was seen.

local connector = require "tidewire.connector"
local json = require "tidewire.json"
local time = require "tidewire.time"
local rows = require "connectors.wordpress.tables.rows"

local null, array = json.null, json.array
local fail = connector.fail

local M = {}

-- Now, as the two columns have it: in the site's zone and in UTC.
local function both_times(conn, zone)
  local now = connector.server_now(conn)
  local there = zone.name and time.to_local(now, zone.name) or time.add(now, zone.offset or 0)
  local function column(iso) return (iso:sub(1, 19):gsub("T", " ")) end
  return column(there), column(now)
end

-- What WordPress would have to do itself: appoint, trash, give a slug.
local settable = { publish = true, draft = true, pending = true, private = true }
local visible = { publish = true, private = true }

--- Why an update met no row although nothing has changed there.
function M.reason(values)
  if values.status and visible[values.status] then return "it has no slug or no date yet, so it is to be published in WordPress" end
  return "its status is one that WordPress alone may move"
end

local function plain_value(path, value)
  if value == null then return "" end
  if type(value) == "table" then return fail("invalid", path .. ": a list or an object is no plain value") end
  if type(value) == "boolean" then return value and "1" or "" end
  local text = connector.plain(value)
  if rows.is_serialised(text) then return fail("invalid", path .. ": the value looks like one that PHP serialised", "such a text would be taken for what it says it is") end
  return text
end

-- `title` and `title.raw` alike; `meta.KEY`.
local function flat(values)
  local list = {}
  for name, value in pairs(values) do
    if type(value) == "table" and value ~= null and (name == "meta" or value.raw ~= nil) then
      for rest, part in pairs(value) do list[#list + 1] = { path = name .. "." .. rest, name = name, key = name == "meta" and rest or nil, value = part } end
    else
      list[#list + 1] = { path = name, name = name, value = value }
    end
  end
  table.sort(list, function(a, b) return a.path < b.path end)
  return list
end

-- Each statement after the first does something only where that one met the row.
local met = " and @tidewire_met > 0"

local function add_meta(shape, statements, key, meta, value)
  local where = " from " .. shape.postmeta .. " where post_id = ? and meta_key = ?" .. met
  if value == null then
    statements[#statements + 1] = { "delete" .. where, array { key, meta } }
    return
  end
  statements[#statements + 1] = { "update " .. shape.postmeta .. " set meta_value = ? where post_id = ? and meta_key = ?" .. met, array { value, key, meta } }
  statements[#statements + 1] = { "insert into " .. shape.postmeta .. " (post_id, meta_key, meta_value) select ?, ?, ? from dual where not exists (select 1 from " .. shape.postmeta
    .. " where post_id = ? and meta_key = ?)" .. met, array { key, meta, value, key, meta } }
end

-- What is there is one plain value, or nothing.
local function plain_meta(shape, key)
  local count, value = rows.meta_columns(shape, key)
  return " and " .. count .. " < 2 and coalesce(" .. value .. ", '') not regexp '^([sSaOCE]:[0-9]+:|[bid]:[^;]+;$|N;$)'"
end

local function status_condition(status)
  local may = " and p.post_status in ('publish', 'draft', 'pending', 'private')"
  return visible[status] and may .. " and p.post_name <> '' and year(p.post_date_gmt) > 0" or may
end

local function set_columns(conn, shape, parts, statements, key)
  local zone, err = rows.zone(shape)
  if not zone then return nil, err end
  local there, now = both_times(conn, zone)
  local sets, parameters, extra = { "p.post_modified = ?", "p.post_modified_gmt = ?" }, array { there, now }, ""
  for _, part in ipairs(parts) do
    local column = rows.columns[part.name]
    if not part.key then
      if not column or not column.writes then return fail("invalid", part.path .. " is not written in the tables", "the REST form of this connector writes it") end
      if part.name == "status" and not settable[part.value] then return fail("invalid", "status: the tables are not moved to '" .. tostring(part.value) .. "'", "WordPress itself appoints and trashes") end
      local value
      value, err = plain_value(part.path, part.value)
      if value == nil then return nil, err end
      if column[2].kind == "int" and value == "" then value = "0" end
      sets[#sets + 1], parameters[#parameters + 1] = "p." .. column[1] .. " = ?", value
      if part.name == "status" then extra = status_condition(part.value) end
    end
  end
  parameters[#parameters + 1] = key
  statements[1] = { "update " .. shape.posts .. " p set " .. table.concat(sets, ", ") .. " where p.ID = ? and p.post_type = " .. rows.literal(shape.name) .. " and p.post_status <> 'trash'" .. extra, parameters }
  return true
end

--- The statements; the first one's count tells whether the row was met, the last one's row is the record's.
function M.statements(conn, shape, key, values, guard)
  local statements, parts = {}, flat(values)
  local ok, err = set_columns(conn, shape, parts, statements, key)
  if not ok then return nil, err end
  if guard then
    statements[1][1] = statements[1][1] .. " and " .. shape.version .. " = ?"
    statements[1][2][#statements[1][2] + 1] = guard
  end
  statements[2] = { "set @tidewire_met = row_count()", array {} }
  for _, part in ipairs(parts) do
    if part.key then
      local value = part.value
      if value ~= null then value, err = plain_value(part.path, value) end
      if value == nil then return nil, err end
      statements[1][1] = statements[1][1] .. plain_meta(shape, part.key)
      add_meta(shape, statements, key, part.key, value)
    end
  end
  statements[#statements + 1] = { shape.select .. " and p.ID = ?", array { key } }
  return statements
end

return M
