-- The paths of the API and what stands behind each.
local json = require "tidewire.json"
local url = require "tidewire.url"
local blocks = require "practice.notion.blocks"
local errors = require "practice.notion.errors"
local ids = require "practice.notion.ids"
local pages = require "practice.notion.pages"
local query = require "practice.notion.query"
local schema = require "practice.notion.schema"
local spaces = require "practice.notion.spaces"
local uploads = require "practice.notion.uploads"
local values = require "practice.notion.values"

local object, null = json.object, json.null

local M = {}

local routes = {}

local function listed(kind, results, cursor, more)
  local list = { object = "list", type = kind, [kind] = object {}, results = results, next_cursor = cursor, has_more = cursor ~= null }
  for name, value in pairs(more or {}) do list[name] = value end
  return list
end

-- Users ---------------------------------------------------------------------------------------------------------------

routes["GET users"] = function(state, it)
  local all = {}
  for _, user in pairs(state.store.users) do all[#all + 1] = user.id end
  table.sort(all)
  local place = query.place(state, it.query.start_cursor, "users")
  local rows, cursor = query.slice(state, all, place, query.page_size(it.query.page_size, "query.page_size"))
  for i, id in ipairs(rows) do rows[i] = values.user(state, id) end
  return listed("user", rows, cursor)
end

routes["GET users/*"] = function(state, _, id)
  if id == "me" then return values.user(state, state.bot) end
  local user = ids.read(id)
  if not user then errors.should("path.user_id", "a valid uuid", id) end
  if not state.store.users[user] then errors.not_found("user", user) end
  return values.user(state, user)
end

-- Databases and data sources ------------------------------------------------------------------------------------------

routes["POST databases"] = function(state, it) return spaces.show_database(state, it, spaces.create_database(state, it.body, it.user)) end
routes["GET databases/*"] = function(state, it, id) return spaces.show_database(state, it, spaces.database(state, id)) end

routes["PATCH databases/*"] = function(state, it, id)
  local database = spaces.database(state, id)
  if it.body.properties then
    if it.version >= "2025-09-03" then errors.should("body.properties", "not present", it.body.properties) end
    spaces.change_source(state, spaces.only_source(state, database), it.body, it.user)
  end
  spaces.change_database(state, database, it.body, it.user)
  return spaces.show_database(state, it, database)
end

routes["POST data_sources"] = function(state, it)
  local database = spaces.database(state, (it.body.parent or {}).database_id)
  local source = spaces.add_source(state, database, { name = spaces.name_of(it.body.title), properties = it.body.properties or {} }, it.user)
  return spaces.show_source(state, it, source)
end
routes["GET data_sources/*"] = function(state, it, id) return spaces.show_source(state, it, spaces.source(state, id)) end
routes["PATCH data_sources/*"] = function(state, it, id)
  return spaces.show_source(state, it, spaces.change_source(state, spaces.source(state, id), it.body, it.user))
end

-- filter_properties[]=a&filter_properties[]=b
local function only(it)
  local names = {}
  for _, pair in ipairs(url.parse_query(it.query_string)) do
    if pair[1] == "filter_properties[]" or pair[1] == "filter_properties" then names[#names + 1] = pair[2] end
  end
  return names
end

local function wanted(source, names)
  local found = {}
  for _, name in ipairs(names) do
    local property = schema.find_sent(source, name)
    if not property then errors.validation("Could not find property with name or id: %s", name) end
    found[#found + 1] = property.id
  end
  return found
end

local function run(state, it, source, kind)
  local columns = wanted(source, only(it))
  local rows, cursor, incomplete = query.run(state, it, source, it.body)
  for i, page in ipairs(rows) do rows[i] = pages.show(state, it, page, columns) end
  return listed(kind, rows, cursor,
    { request_status = incomplete and { type = "incomplete", incomplete_reason = "query_result_limit_reached" } or { type = "complete" } })
end

routes["POST data_sources/*/query"] = function(state, it, id) return run(state, it, spaces.source(state, id), "page_or_data_source") end
routes["POST databases/*/query"] = function(state, it, id)
  if it.version >= "2025-09-03" then errors.raise(400, "invalid_request_url", "Invalid request URL.") end
  return run(state, it, spaces.only_source(state, spaces.database(state, id)), "page_or_database")
end

-- Pages ---------------------------------------------------------------------------------------------------------------

local page_keys = { properties = true, in_trash = true, archived = true, icon = true, cover = true, is_locked = true, parent = true,
  erase_content = true, children = true }

-- `archived` is the older name of `in_trash`.
local function page_body(it)
  for name in pairs(it.body) do
    if not page_keys[name] then errors.should("body." .. name, "not present", it.body[name]) end
  end
  if it.body.archived ~= nil then
    if it.version >= "2026-03-11" then errors.should("body.archived", "not present", it.body.archived) end
    if it.body.in_trash == nil then it.body.in_trash = it.body.archived end
  end
  if it.body.in_trash ~= nil and type(it.body.in_trash) ~= "boolean" then errors.should("body.in_trash", "a boolean", it.body.in_trash) end
  return it.body
end

local function parent_source(state, parent)
  if type(parent) ~= "table" then errors.should("body.parent", "an object", parent or "undefined") end
  if parent.data_source_id then return spaces.source(state, parent.data_source_id) end
  if parent.database_id then return spaces.only_source(state, spaces.database(state, parent.database_id)) end
  errors.validation("This practice server has pages in data sources only.")
end

routes["POST pages"] = function(state, it)
  local body = page_body(it)
  local source = parent_source(state, body.parent)
  return pages.show(state, it, pages.create(state, source, body.properties or {}, it.user))
end

routes["GET pages/*"] = function(state, it, id)
  local page = pages.find(state, id)
  return pages.show(state, it, page, wanted(state.store.sources[page.source], only(it)))
end
routes["PATCH pages/*"] = function(state, it, id)
  local page = pages.find(state, id)
  return pages.show(state, it, pages.update(state, page, page_body(it), it.user))
end

routes["GET pages/*/properties/*"] = function(state, it, id, property)
  return pages.property(state, pages.find(state, id), property, it.query)
end

routes["POST pages/*/move"] = function(state, it, id)
  local page, parent = pages.find(state, id), it.body.parent or {}
  return pages.show(state, it, pages.move(state, page, spaces.source(state, parent.data_source_id), it.user))
end

-- Blocks --------------------------------------------------------------------------------------------------------------

routes["GET blocks/*/children"] = function(state, it, id) return blocks.children(state, it, pages.find(state, id)) end
routes["PATCH blocks/*/children"] = function(state, it, id) return blocks.append(state, it, pages.find(state, id)) end
routes["GET blocks/*"] = function(state, it, id) return blocks.get(state, it, id) end
routes["PATCH blocks/*"] = function(state, it, id) return blocks.update(state, it, id, it.body.in_trash) end

-- A page is a block, too.
routes["DELETE blocks/*"] = function(state, it, id)
  if not state.store.pages[ids.read(id) or ""] then return blocks.update(state, it, id, true) end
  local page = pages.update(state, pages.find(state, id), { in_trash = true }, it.user)
  return pages.stamped(it, { object = "block", id = page.id, type = "child_page", child_page = { title = values.title(state, page) } }, page)
end

-- Files ---------------------------------------------------------------------------------------------------------------

routes["POST file_uploads"] = function(state, it) return uploads.create(state, it) end
routes["GET file_uploads/*"] = function(state, it, id) return uploads.show(state, it, uploads.find(state, id)) end
routes["POST file_uploads/*/send"] = function(state, it, id) return uploads.send(state, it, uploads.find(state, id)) end

-- Search --------------------------------------------------------------------------------------------------------------

routes["POST search"] = function(state, it)
  local asked = type(it.body.query) == "string" and it.body.query:lower() or ""
  local what = it.body.filter and it.body.filter.value
  local found = {}
  local function offer(kind, name, thing, show)
    if thing.unshared or thing.in_trash or what and what ~= kind then return end
    if name:lower():find(asked, 1, true) then found[#found + 1] = { id = thing.id, show = show } end
  end
  for _, page in pairs(state.store.pages) do offer("page", values.title(state, page), page, function() return pages.show(state, it, page) end) end
  for _, source in pairs(state.store.sources) do
    if it.version >= "2025-09-03" then offer("data_source", source.name, source, function() return spaces.show_source(state, it, source) end) end
  end
  for _, database in pairs(state.store.databases) do
    if it.version < "2025-09-03" then offer("database", database.title, database, function() return spaces.show_database(state, it, database) end) end
  end
  table.sort(found, function(a, b) return a.id < b.id end)
  local place = query.place(state, it.body.start_cursor, "search " .. asked .. tostring(what))
  local rows, cursor = query.slice(state, found, place, query.page_size(it.body.page_size, "body.page_size"))
  for i, row in ipairs(rows) do rows[i] = row.show() end
  return listed("page_or_data_source", rows, cursor)
end

-- The route of a path: its pattern with "*" where an id stands, and the ids.
local function pattern_of(segments)
  local words, found = {}, {}
  for i = 2, #segments do
    if i % 2 == 0 then
      words[#words + 1] = segments[i]
    else
      words[#words + 1] = "*"
      found[#found + 1] = segments[i]
    end
  end
  return table.concat(words, "/"), found
end

--- The body of the answer to `it`: { method, segments, query, query_string, body, version, user }.
function M.answer(state, it)
  local pattern, found = pattern_of(it.segments)
  local route = routes[it.method .. " " .. pattern]
  if not route then errors.raise(400, "invalid_request_url", "Invalid request URL.") end
  return route(state, it, unpack(found))
end

--- The pattern of a path, for statistics.
function M.name(segments) return (pattern_of(segments)) end

return M
