-- Databases and their data sources.
local json = require "tidewire.json"
local errors = require "practice.notion.errors"
local ids = require "practice.notion.ids"
local pages = require "practice.notion.pages"
local schema = require "practice.notion.schema"

local array = json.array

local M = {}

local function id_of(text, at)
  local id = ids.read(text)
  if not id then errors.should(at, "a valid uuid", text == nil and "undefined" or text) end
  return id
end

function M.database(state, text)
  local id = id_of(text, "path.database_id")
  local database = state.store.databases[id]
  if not database or database.unshared then errors.not_found("database", id) end
  return database
end

function M.source(state, text)
  local id = id_of(text, "path.data_source_id")
  local source = state.store.sources[id]
  if not source or source.unshared then errors.not_found("data source", id) end
  return source
end

--- The one data source of a database; several are more than an older version can tell apart.
function M.only_source(state, database)
  if #database.sources > 1 then
    errors.raise(400, "validation_error", "Databases with multiple data sources are not supported in this API version.",
      { error_type = "multiple_data_sources_for_database", database_id = database.id, child_data_source_ids = database.sources,
        minimum_api_version = "2025-09-03" })
  end
  return state.store.sources[database.sources[1]]
end

--- The text of a title as it is sent: rich text, or a text.
function M.name_of(title)
  if type(title) == "string" then return title end
  local out = {}
  for i, run in ipairs(title or {}) do out[i] = run.text and run.text.content or "" end
  return table.concat(out)
end

--- Adds a data source to a database: { id, name, properties }.
function M.add_source(state, database, sent, user)
  local now = state.clock.utc()
  local source = { id = ids.read(sent.id) or ids.new(), name = sent.name or database.title, database = database.id, properties = array {},
    created = now, edited = now, created_by = user, edited_by = user }
  state.store.sources[source.id] = source      -- a relation may point at its own source
  schema.change(state, source, sent.properties or {}, "body.properties")
  local titled = false
  for _, property in ipairs(source.properties) do titled = titled or property.type == "title" end
  if not titled then
    state.store.sources[source.id] = nil
    errors.validation("Title is not provided")
  end
  database.sources[#database.sources + 1] = source.id
  state.store.keep("sources", source)
  state.store.keep("databases", database)
  return source
end

function M.create_database(state, sent, user)
  local now = state.clock.utc()
  local database = { id = ids.read(sent.id) or ids.new(), title = M.name_of(sent.title), sources = array {}, created = now, edited = now,
    created_by = user, edited_by = user, parent = sent.parent }
  local first = sent.initial_data_source or { properties = sent.properties }
  M.add_source(state, database, first, user)
  return database
end

function M.change_database(state, database, sent, user)
  if sent.title then database.title = M.name_of(sent.title) end
  if type(sent.in_trash) == "boolean" then database.in_trash = sent.in_trash end
  database.edited, database.edited_by = state.clock.utc(), user
  state.store.keep("databases", database)
end

function M.change_source(state, source, sent, user)
  local changes = schema.change(state, source, sent.properties or {}, "body.properties")
  if sent.title then source.name = M.name_of(sent.title) end
  source.edited, source.edited_by = state.clock.utc(), user
  state.store.keep("sources", source)
  if #changes > 0 then state.hooks.schema(source, user, changes) end
  return source
end

function M.show_database(state, it, database)
  local shown = { object = "database", id = database.id, title = pages.title_text(database.title), description = array {},
    parent = database.parent or { type = "workspace", workspace = true }, is_inline = false, is_locked = false }
  if it.version < "2025-09-03" then
    shown.properties = schema.show(state, M.only_source(state, database))
  else
    shown.data_sources = array {}
    for i, id in ipairs(database.sources) do shown.data_sources[i] = { id = id, name = state.store.sources[id].name } end
  end
  return pages.stamped(it, shown, database)
end

function M.show_source(state, it, source)
  local database = state.store.databases[source.database]
  return pages.stamped(it, { object = "data_source", id = source.id, title = pages.title_text(source.name), description = array {},
    parent = { type = "database_id", database_id = source.database }, database_parent = database.parent or { type = "workspace", workspace = true },
    is_inline = false, properties = schema.show(state, source) }, source)
end

return M
