--- The verbs of the REST form: what is read, made, changed and deleted over wp/v2.

local connector = require "tidewire.connector"
local json = require "tidewire.json"
local kv = require "tidewire.kv"
local task = require "tidewire.task"
local time = require "tidewire.time"
local lists = require "connectors.wordpress.lists"
local schema = require "connectors.wordpress.schema"
local shapes = require "connectors.wordpress.shape"
local wire = require "connectors.wordpress.wire"

local array, object = json.array, json.object
local fail, given = connector.fail, connector.given

local M = {}

-- Reading -------------------------------------------------------------------------------------------------------------

-- One record; false where it is surely not there. A list leaves out what the user may not see, and this does not.
local function read_one(conn, shape, key)
  local row, err = wire.item(conn, shape, key)
  if not row and err.code == "not_found" or row and shapes.in_trash(row) then return false end
  if not row then return nil, err end
  return shapes.record(conn, shape, row)
end

function M.read(conn, collection, keys)
  local shape, err = shapes.plan(conn, collection)
  if not shape then return nil, err end
  local rows
  rows, err = lists.these(conn, shape, keys)
  if not rows then return nil, err end
  local records, found, missing = array {}, {}, {}
  for _, row in ipairs(rows) do
    local record
    record, err = shapes.record(conn, shape, row)
    if not record then return nil, err end
    records[#records + 1], found[record.key] = record, true
  end
  for _, key in ipairs(keys) do
    if not found[key] then missing[#missing + 1] = key end
  end
  local rest
  rest, err = connector.each(missing, 4, function(key) return read_one(conn, shape, key) end)
  if not rest then return nil, err end
  for _, record in ipairs(rest) do
    if record then records[#records + 1] = record end
  end
  return records
end

-- On its way to the trash a post gets another status, slug and time. What it had before is kept, so that its copy there can be
-- told from one that somebody edited in between.
local moved = { "status", "slug", "modified", "modified_gmt" }
local kept_for = 7 * 86400

local function remember(conn, target, key)
  local row, err = wire.item(conn, { target = target, columns = "id,date,date_gmt," .. table.concat(moved, ",") }, key)
  if not row then return nil, err end
  if shapes.in_trash(row) then return fail("not_found", target.name .. " " .. key .. " lies in the trash already") end
  local kept = shapes.floats(row) and { date = row.date, date_gmt = row.date_gmt } or {}
  for _, name in ipairs(moved) do kept[name] = row[name] end
  return kv.set("trashed " .. target.name .. " " .. key, kept, kept_for)
end

function M.trash(conn, collection, key)
  local shape, err = shapes.plan(conn, collection)
  if not shape then return nil, err end
  if shape.target.kind ~= "post" then return nil end
  local row
  row, err = wire.item(conn, shape, key)
  if not row and err.code == "not_found" then return nil end
  if not row then return nil, err end
  if not shapes.in_trash(row) then return nil end
  local kept
  kept, err = kv.get("trashed " .. shape.target.name .. " " .. key)
  if err then return nil, err end
  for name, value in pairs(kept or {}) do row[name] = value end
  local record
  record, err = shapes.record(conn, shape, row)
  if not record then return nil, err end
  record.deleted_at = record.modified or time.now()
  return record
end

-- Writes --------------------------------------------------------------------------------------------------------------

-- The record of what was written; the values are in, so that any trouble from here on is `unknown`.
local function answered(conn, shape, reply, what)
  local record, err = shapes.record(conn, shape, reply.body)
  if record then return record end
  return fail("unknown", what .. ", but the answer shows no record: " .. err.message, err.hint)
end

function M.update(conn, collection, key, values)
  local shape, err = shapes.plan(conn, collection)
  if not shape then return nil, err end
  if not key:match "^%d+$" then return fail("not_found", "there is no " .. collection.name .. " " .. key) end
  local body
  body, err = shapes.body(conn, shape, values)
  if not body then return nil, err end
  local reply
  reply, err = wire.write(conn, "POST", shape.target.route .. "/" .. key, shapes.asked(shape), body)
  if not reply then return nil, err end
  if shapes.in_trash(reply.body) then return fail("not_found", collection.name .. " " .. key .. " lies in the trash") end
  return answered(conn, shape, reply, "written")
end

-- With its status a post gets its slug back. WordPress keeps the former status, too, where the API does not show it.
function M.put_back(conn, collection, key)
  local shape, err = shapes.plan(conn, collection)
  if not shape then return nil, err end
  local row
  row, err = wire.item(conn, shape, key)
  if not row and err.code == "not_found" then return fail("invalid", err.message) end
  if not row then return nil, err end
  if shapes.in_trash(row) then
    local kept
    kept, err = kv.get("trashed " .. shape.target.name .. " " .. key)
    if err then return nil, err end
    if not kept then return fail("invalid", ("nobody knows the status that %s %s had before the trash"):format(collection.name, key), "restore it in WordPress") end
    local reply
    reply, err = wire.write(conn, "POST", shape.target.route .. "/" .. key, shapes.asked(shape), { status = kept.status })
    if not reply then return nil, err end
    return answered(conn, shape, reply, "brought back")
  end
  return shapes.record(conn, shape, row)
end

-- Creates of one site go one after the other: made at once, several posts of one title get the same slug.
local function in_turn(conn, action)
  local state, waited = conn.state, time.clock()
  while state.creating and time.clock() - state.creating < 60 and time.clock() - waited < 60 do task.sleep(0.02) end
  state.creating = time.clock()
  local mine = state.creating
  local record, err = action()
  if state.creating == mine then state.creating = nil end
  return record, err
end

local function create_one(conn, collection, shape, values)
  local body, err = shapes.body(conn, shape, values, true)
  if not body then return nil, err end
  local reply
  reply, err = wire.write(conn, "POST", shape.target.route, shapes.asked(shape), body)
  if not reply and err.code == "not_found" then return fail("invalid", err.message, err.hint) end
  if not reply then return nil, err end
  -- A new post is as if changed at its date, so that a draft with a date looks like one without. Saved once more it does not.
  if (given(body.date) or given(body.date_gmt)) and type(reply.body) == "table" and shapes.floats(reply.body) then
    reply = wire.write(conn, "POST", ("%s/%s"):format(shape.target.route, tostring(reply.body.id)), shapes.asked(shape), object {}) or reply
  end
  return answered(conn, shape, reply, "a new " .. collection.name .. " was made")
end

function M.create(conn, collection, entries)
  local shape, err = shapes.plan(conn, collection)
  if not shape then return nil, err end
  local outcomes = array {}
  for i, entry in ipairs(entries) do
    local record, why = in_turn(conn, function() return create_one(conn, collection, shape, entry.values) end)
    outcomes[i] = record and { record = record } or { error = why }
  end
  return outcomes
end

-- Only posts have a trash; a user's posts need somebody to go to.
local function how_to_delete(collection, target)
  local options = collection.options or {}
  if target.kind == "post" and not given(options.force) then return {} end
  if target.kind ~= "user" then return { { "force", "true" } } end
  if given(options.reassign) then return { { "force", "true" }, { "reassign", options.reassign } } end
  return fail("invalid", "who shall get the posts of a user that is deleted?", 'say it: route("users", { reassign = 1 })')
end

function M.delete(conn, collection, key)
  local target, err = schema.target(conn, collection)
  if not target then return nil, err end
  if not key:match "^%d+$" then return fail("not_found", "there is no " .. collection.name .. " " .. key) end
  local query
  query, err = how_to_delete(collection, target)
  if not query then return nil, err end
  if #query == 0 then
    local kept
    kept, err = remember(conn, target, key)
    if not kept then return nil, err end
  end
  local reply
  reply, err = wire.write(conn, "DELETE", target.route .. "/" .. key, query)
  if not reply then return nil, err end
  return true
end

return M
