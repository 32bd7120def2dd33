--- Pages as records: values in plain form, cut lists completed, and a version that moves with the content.
---
--- Times of a page are floored to the minute, so that two edits of one minute look alike. A version is therefore that time and
--- a digest of the mapped fields; it tells that something differs, and not which of two is the later.

local connector = require "tidewire.connector"
local files = require "connectors.notion.files"
local hash = require "tidewire.hash"
local json = require "tidewire.json"
local values = require "connectors.notion.values"
local sources = require "connectors.notion.source"
local wire = require "connectors.notion.wire"

local array = json.array
local fail = connector.fail

local M = {}

local shown = 25      -- references that a page shows of a longer list

local function mentions(runs)
  local count = 0
  for _, run in ipairs(runs) do
    if run.type == "mention" then count = count + 1 end
  end
  return count
end

-- Whether a list may have been cut. Only relations say so, and not all versions of the API do.
local function is_cut(value)
  local kind = value.type
  local list = value[kind]
  if kind == "relation" then return value.has_more == true or #list >= shown end
  if kind == "people" then return #list >= shown end
  if kind == "title" or kind == "rich_text" then return mentions(list) >= shown end
  return kind == "rollup" and list.type == "array" and #list.array >= shown
end

-- The whole value, by the property's own address.
local function complete(conn, page, value)
  local items, err = wire.all(conn, ("pages/%s/properties/%s"):format(page.id, value.id))
  if not items then return nil, err end
  local list = array {}
  for i, item in ipairs(items) do list[i] = value.type == "rollup" and item or item[value.type] end
  if value.type == "rollup" then return { id = value.id, type = "rollup", rollup = { type = "array", array = list } } end
  return { id = value.id, type = value.type, [value.type] = list }
end

local of_page = {
  created_by = function(page) return page.created_by.id end, last_edited_by = function(page) return page.last_edited_by.id end,
}

local function value_of(conn, source, page, field)
  if field.page then
    local read = of_page[field.name] or function() return page[field.name] end
    return read(page)
  end
  local value = page.properties[field.property.name]
  if not value then
    local now, err = sources.of(conn, { name = source.asked, word = source.word }, true)
    if not now then return nil, err end
    return sources.no_field(now, field.name, source)
  end
  local same, err = sources.is_same(conn, source, field.name, value.id)
  if not same then return nil, err end
  -- Its type is known by what `describe` said last, and so is what the mapping makes of its values.
  if value.type ~= field.property.type then
    return fail("invalid", ("the property '%s' is of the type %s now, and was %s"):format(field.name, tostring(value.type), field.property.type), "nothing of it is read until the mapping knows it")
  end
  if is_cut(value) then
    value, err = complete(conn, page, value)
    if not value then return nil, err end
  end
  local plain
  if field.file then plain, err = files.shown(page, value, field) else plain, err = values.read(value, field) end
  if plain == nil and err then err.alone = true end      -- of this page, and of no other
  return plain, err
end

local function digest(shape, fields)
  local list = array {}
  for i, name in ipairs(shape.names) do list[i] = array { name, fields[name] } end
  return hash.sha256(json.encode(list)):sub(1, 16)
end

--- Whether a page lies in the trash.
function M.in_trash(page)
  if page.in_trash ~= nil then return page.in_trash == true end
  return page.archived == true
end

--- The record of a page.
function M.record(conn, shape, page)
  if type(page.properties) ~= "table" or type(page.last_edited_time) ~= "string" then
    return fail("denied", "Notion shows the page " .. tostring(page.id) .. " without its content", "give the integration the capability to read content")
  end
  local fields = {}
  for _, field in ipairs(shape.fields) do
    local value, err = value_of(conn, shape.source, page, field)
    if value == nil then
      err = err or select(2, fail("unavailable", "the page has no " .. field.name))
      return nil, err
    end
    fields[field.name] = value
  end
  local stamp = page.last_edited_time
  return { key = page.id, version = stamp .. " " .. digest(shape, fields), modified = stamp, stamp = stamp, fields = fields }
end

--- The record of a listed page. One whose values cannot be told spoils no list: it comes without version and fields, and the
--- reason when it is read by itself.
function M.listed(conn, shape, page)
  local record, err = M.record(conn, shape, page)
  if record or not err.alone then return record, err end
  return { key = page.id, modified = page.last_edited_time, stamp = page.last_edited_time, fields = {} }
end

--- The records of listed pages.
function M.records(conn, shape, pages)
  local list = array {}
  for i, page in ipairs(pages) do
    local record, err = M.listed(conn, shape, page)
    if not record then return nil, err end
    list[i] = record
  end
  return list
end

local function path_of(key) return "pages/" .. key end

--- The page of a key; false where it lies in the trash, or `trashed` asks for it there. What cannot be reached is a failure: it
--- may be purged, moved or merely not shared any more, and none of these is a deletion.
function M.get(conn, shape, key, trashed)
  if not key:match "^%x+%-%x+%-%x+%-%x+%-%x+$" then return false end
  local reply, err = wire.request(conn, "GET", path_of(key))
  if not reply and err.code == "not_found" then
    return fail("invalid", "the page " .. key .. " cannot be reached: it was purged from the trash, or is not shared any more",
      "share it with the integration again; if it was purged, delete its copy on the other side")
  end
  if not reply then return nil, err end
  local page = reply.body
  if M.in_trash(page) then return trashed and page or false end
  if trashed then return false end
  if page.parent and not sources.holds(shape.source, page) then
    return fail("invalid", "the page " .. key .. " was moved out of this table", "move it back, or delete its copy on the other side")
  end
  return page
end

--- The body's `properties` of values to write; `now` is called for the page where a value needs what stands there.
function M.properties(conn, collection, entries, now)
  local source, err = sources.of(conn, collection)
  if not source then return nil, err end
  local body, page = json.object {}, nil
  for name, value in pairs(entries) do
    local property = source.by_name[name]
    if not property then
      source, err = sources.of(conn, collection, true)
      if not source then return nil, err end
      property = source.by_name[name]
      if not property then return sources.no_field(source, name) end
    end
    local same
    same, err = sources.is_same(conn, source, name, property.id)
    if not same then return nil, err end
    if now and not page and values.needs_page(property.type, value) then
      page, err = now()
      if page == nil then return nil, err end
    end
    local present = page and page.properties[name]
    if type(value) == "string" and sources.is_file(collection, name, property) then
      body[property.id] = { files = files.written(value) }
    else
      body[property.id], err = values.write(property, value,
        { now = present and present[property.type], single = sources.is_single(collection, name) })
    end
    if not body[property.id] then return nil, err end
  end
  return body
end

M.path_of = path_of

return M
