-- Pages: making, changing, trashing and showing them.
local json = require "tidewire.json"
local errors = require "practice.notion.errors"
local ids = require "practice.notion.ids"
local query = require "practice.notion.query"
local rich_text = require "practice.notion.rich_text"
local schema = require "practice.notion.schema"
local times = require "practice.notion.times"
local values = require "practice.notion.values"

local array, object, null = json.array, json.object, json.null

local M = {}

local function by(id) return { object = "user", id = id } end

local function parent_of(state, it, page)
  local database = state.store.sources[page.source].database
  if it.version < "2025-09-03" then return { type = "database_id", database_id = database } end
  return { type = "data_source_id", data_source_id = page.source, database_id = database }
end

--- Adds what every object has: times, authors, trash.
function M.stamped(it, shown, kept)
  shown.created_time, shown.last_edited_time = times.minute(kept.created), times.minute(kept.edited)
  shown.created_by, shown.last_edited_by = by(kept.created_by), by(kept.edited_by)
  shown.in_trash = kept.in_trash == true
  if it.version < "2026-03-11" then shown.archived = shown.in_trash end
  shown.icon, shown.cover, shown.public_url = kept.icon or null, kept.cover or null, null
  shown.url = "https://www.notion.so/" .. kept.id:gsub("-", "")
  return shown
end

--- A page as the API shows it, with the properties named by `only` (ids or names) or all.
function M.show(state, it, page, only)
  local shown = object {}
  for _, property in ipairs(state.store.sources[page.source].properties) do
    local wanted = only == nil or #only == 0
    for _, name in ipairs(only or {}) do wanted = wanted or name == property.id or name == property.name end
    if wanted then shown[property.name] = values.show(state, page, property) end
  end
  return M.stamped(it, { object = "page", id = page.id, parent = parent_of(state, it, page), properties = shown,
    is_archived = false, is_locked = page.is_locked == true }, page)
end

--- The page of an id, which may be in the trash.
function M.find(state, text)
  local id = ids.read(text)
  if not id then errors.should("path.page_id", "a valid uuid", text) end
  local page = state.store.pages[id]
  if not page or page.unshared or state.store.sources[page.source].unshared then errors.not_found("page", id) end
  return page
end

local function read_properties(state, source, sent)
  local read = {}
  for key, value in pairs(sent) do
    local property = schema.find(source, key)
    if not property then errors.validation("%s is not a property that exists.", key) end
    local kept = values.read(state, property, value, "body.properties." .. key)
    read[#read + 1] = { property = property, value = kept }
  end
  return read
end

local function apply(page, read)
  local changed = array {}
  for _, entry in ipairs(read) do
    page.values[entry.property.id] = entry.value
    changed[#changed + 1] = entry.property.id
  end
  table.sort(changed)
  return changed
end

local function touch(state, page, user)
  page.edited, page.edited_by = state.clock.utc(), user
end

local function number_it(state, source, page)
  for _, property in ipairs(source.properties) do
    if property.type == "unique_id" then
      source.serial = (source.serial or 0) + 1
      page.values[property.id] = source.serial
      state.store.keep("sources", source)
    end
  end
end

--- Makes a page in a source; `user` is its author.
function M.create(state, source, sent, user)
  local page = { id = ids.new(), source = source.id, values = object {}, created = state.clock.utc(), created_by = user }
  local read = read_properties(state, source, sent)
  apply(page, read)
  touch(state, page, user)
  number_it(state, source, page)
  state.store.keep("sources", source)      -- options may be new
  state.store.keep("pages", page)
  state.hooks.page("created", page, user, nil)
  return page
end

--- Raises where the page or its database lies in the trash, or was restored a moment ago.
function M.check_writable(state, page, sent)
  if page.in_trash and sent.in_trash ~= false then
    errors.validation("Can't edit block that is archived. You must unarchive the block before editing.")
  end
  local database = state.store.databases[state.store.sources[page.source].database]
  if database.in_trash then
    errors.validation("Can't edit page on block with an archived ancestor. You must unarchive the ancestor before editing page.")
  end
  if page.restored_at and times.seconds(state.clock.utc()) < times.seconds(page.restored_at) + state.restore_lag and sent.properties then
    errors.validation("Can't edit block that is archived. You must unarchive the block before editing.")
  end
end

local function set_trash(state, page, trashed, user)
  if trashed == nil or trashed == (page.in_trash == true) then return end
  page.in_trash = trashed
  page.restored_at = not trashed and state.clock.utc() or nil
  state.hooks.page(trashed and "deleted" or "undeleted", page, user, nil)
end

--- Changes what `sent` names and nothing else: { properties, in_trash, icon, cover, is_locked }.
function M.update(state, page, sent, user)
  if not (page.in_trash and sent.in_trash == true and not sent.properties) then M.check_writable(state, page, sent) end
  local source = state.store.sources[page.source]
  local read = read_properties(state, source, sent.properties or {})
  local changed = apply(page, read)
  for _, name in ipairs { "icon", "cover", "is_locked" } do
    if sent[name] ~= nil then page[name] = sent[name] ~= null and sent[name] or nil end
  end
  set_trash(state, page, sent.in_trash, user)
  touch(state, page, user)
  state.store.keep("sources", source)
  state.store.keep("pages", page)
  if #changed > 0 then state.hooks.page("properties_updated", page, user, changed) end
  return page
end

--- Moves a page to another source: it keeps its id and the values of properties of the same name and type.
function M.move(state, page, target, user)
  local old, kept = state.store.sources[page.source], object {}
  for _, property in ipairs(old.properties) do
    local there = schema.find(target, property.name)
    if there and there.type == property.type then kept[there.id] = page.values[property.id] end
  end
  page.source, page.values = target.id, kept
  touch(state, page, user)
  state.store.keep("pages", page)
  state.hooks.page("moved", page, user, nil)
  return page
end

--- A copy with an id of its own, as a person makes it.
function M.duplicate(state, page, user)
  local copy = assert(json.decode(json.encode(page)))
  copy.id, copy.filed = ids.new(), nil
  copy.created, copy.created_by = state.clock.utc(), user
  touch(state, copy, user)
  number_it(state, state.store.sources[page.source], copy)
  state.store.keep("pages", copy)
  state.hooks.page("created", copy, user, nil)
  return copy
end

-- Property items ------------------------------------------------------------------------------------------------------

local many = { title = true, rich_text = true, relation = true, people = true }

local function item(property, value)
  return { object = "property_item", id = property.id, type = property.type, [property.type] = value }
end

--- What GET /v1/pages/{id}/properties/{id} answers.
function M.property(state, page, key, parameters)
  local property = schema.find_sent(state.store.sources[page.source], key)
  if not property then errors.not_found("property", key) end
  local value = values.bare(state, page, property)
  local listed = many[property.type] and value or property.type == "rollup" and value.array
  if not listed then return item(property, value) end
  local size = query.page_size(parameters.page_size, "query.page_size")
  local place = query.place(state, parameters.start_cursor, page.id .. "/" .. property.id)
  local rows, cursor = query.slice(state, listed, place, size)
  local results = array {}
  for i, row in ipairs(rows) do
    results[i] = item(property, row)
    if property.type == "rollup" then results[i] = row; row.object, row.id = "property_item", property.id end
  end
  local next_url = cursor ~= null and ("/v1/pages/%s/properties/%s?start_cursor=%s"):format(page.id, property.id, cursor) or null
  return { object = "list", results = results, next_cursor = cursor, has_more = cursor ~= null, type = "property_item",
    property_item = { id = property.id, type = property.type, next_url = next_url, [property.type] = property.type == "rollup" and value or object {} } }
end

--- The title of a thing as rich text.
function M.title_text(name)
  return rich_text.show({ { content = name } }, function() end, false)
end


return M
