--- Data sources: their properties, what a mapping's fields mean for a request, `test` and `describe`.

local connector = require "tidewire.connector"
local json = require "tidewire.json"
local kv = require "tidewire.kv"
local text = require "tidewire.text"
local url = require "tidewire.url"
local values = require "connectors.notion.values"
local wire = require "connectors.notion.wire"

local array = json.array
local fail = connector.fail

local M = {}

-- What every page has beside its properties, under names that a property of the same name takes over.
local of_page = { id = "text", url = "text", created_time = "created_time", last_edited_time = "last_edited_time",
  created_by = "created_by", last_edited_by = "last_edited_by" }

--- An id with its dashes and in lower case; nil where it is none. People copy them without.
function M.dashed(text_of_id)
  local hex = text_of_id:gsub("-", ""):lower()
  if #hex ~= 32 or hex:find "%X" then return nil end
  return ("%s-%s-%s-%s-%s"):format(hex:sub(1, 8), hex:sub(9, 12), hex:sub(13, 16), hex:sub(17, 20), hex:sub(21))
end

local function unreachable(err, what)
  if err.code ~= "not_found" then return nil, err end
  return fail("invalid", "there is no " .. what .. " that this integration may see: " .. err.message, err.hint)
end

-- The one data source of a database, where several versions of the API call the table differently.
local function data_source_of(conn, id)
  local reply, err = wire.request(conn, "GET", "databases/" .. id)
  if not reply then return unreachable(err, "database " .. id) end
  local sources, names = reply.body.data_sources or {}, {}
  if #sources == 1 then return sources[1].id end
  for i, source in ipairs(sources) do names[i] = ('data_source "%s" (%s)'):format(source.id, tostring(source.name)) end
  return fail("invalid", "database " .. id .. " has " .. #sources .. " data sources", "name one: " .. table.concat(names, ", "))
end

-- kind and id of the table in the words of the version.
local function table_of(conn, collection)
  local id = M.dashed(collection.name)
  if not id then
    return fail("invalid", "'" .. collection.name .. "' is no id of Notion", "the 32 digits in the address of the database, or of the data source in its settings")
  end
  local new = conn.config.version >= wire.with_data_sources
  if not new and collection.word == "data_source" then
    return fail("invalid", "version " .. conn.config.version .. " knows no data sources", 'say database "..." or a newer `version`')
  end
  if not new then return "databases", id end
  if collection.word ~= "database" then return "data_sources", id end
  local source, err = data_source_of(conn, id)
  if not source then return nil, err end
  return "data_sources", source
end

local function load_source(conn, collection)
  local kind, id = table_of(conn, collection)
  if not kind then return nil, id end
  local reply, err = wire.request(conn, "GET", kind .. "/" .. id)
  if not reply then return unreachable(err, kind == "databases" and "database " .. id or "data source " .. id) end
  if type(reply.body.properties) ~= "table" then return fail("unavailable", "a data source without properties") end
  local source = { asked = collection.name, word = collection.word, kind = kind, id = id, path = kind .. "/" .. id, by_name = {}, by_id = {}, names = {} }
  for name, property in pairs(reply.body.properties) do
    local one = { id = property.id, name = name, type = property.type, config = property[property.type] }
    source.by_name[name], source.by_id[one.id] = one, one
    source.names[#source.names + 1] = name
  end
  table.sort(source.names)
  return source
end

--- The data source of a collection: `path`, `kind`, `id`, `by_name`, `names`. Kept while the VM lives; `again` reads it anew.
function M.of(conn, collection, again)
  conn.state.sources = conn.state.sources or {}
  local known = conn.state.sources[collection.name]
  if known and not again then return known end
  local source, err = load_source(conn, collection)
  if source then conn.state.sources[collection.name] = source end
  return source, err
end

--- `parent` of a new page.
function M.parent(source)
  if source.kind == "databases" then return { database_id = source.id } end
  return { type = "data_source_id", data_source_id = source.id }
end

--- Whether a page belongs to the source.
function M.holds(source, page)
  local parent = page.parent or {}
  return (source.kind == "databases" and parent.database_id or parent.data_source_id) == source.id
end

--- Whether a files property is read and written as one file (tidewire.files).
function M.is_file(collection, name, property)
  for _, one in ipairs(property.type == "files" and connector.given(collection.files) or {}) do
    if one == name then return true end
  end
  return false
end

-- `dotted`: a part of it is mapped, so that the whole is a table.
local function field_of(source, name, collection, marks)
  local property = source.by_name[name]
  if not property then return of_page[name] and { name = name, page = of_page[name] } end
  local dotted = false
  for _, path in ipairs(collection.fields or {}) do dotted = dotted or path:sub(1, #name + 1) == name .. "." end
  return { name = name, property = property, timed = marks.times[name], single = marks.single[name], file = M.is_file(collection, name, property), dotted = dotted }
end

--- The refusal of a field that is not there; `before`: the source as it was known, to tell a rename.
function M.no_field(source, name, before)
  local property = before and before.by_name[name]
  local now = property and source.by_id[property.id]
  if now then return fail("invalid", ("the property '%s' is now called '%s'"):format(name, now.name), "name it so in the mapping, or rename it back in Notion") end
  return fail("invalid", ("there is no property '%s'%s"):format(name, text.did_you_mean(name, source.names)), "it was removed, or is spelled otherwise")
end

-- The properties that the options `times` and `single` name.
local function marks_of(collection)
  local marks = { times = {}, single = {} }
  for option, names in pairs(marks) do
    for _, name in ipairs(collection.options and connector.given(collection.options[option]) or {}) do names[name] = true end
  end
  return marks
end

-- Of the state: by the path of each source the ids of the properties that mappings read, by their names, as they were when they were first
-- read. A name may come to mean another property, also while no process looks.
local kept = "identities"

-- Those of this source; nil, err where the state cannot be read.
local function identities(conn, source)
  if not conn.state.identities then
    local all, err = kv.get(kept)
    if err then return nil, err end
    conn.state.identities = conn.state.identities or (type(all) == "table" and all or {})
  end
  local all = conn.state.identities
  all[source.path] = all[source.path] or {}
  return all[source.path]
end

local function remember(conn, known, name, id)
  known[name] = id
  local all = json.object {}
  for path, ids in pairs(conn.state.identities) do all[path] = json.object(ids) end
  local done, err = kv.set(kept, all)
  if done then return true end
  known[name] = nil
  return nil, err
end

--- From now on each name means the property that it means now.
function M.accept(conn)
  local done, err = kv.delete(kept)
  if err then return nil, err end
  conn.state.identities = nil
  return done ~= nil
end

--- Refuses a property that another one has given its name to; true where it is the one that it was.
function M.is_same(conn, source, name, id)
  local known, err = identities(conn, source)
  if not known then return nil, err end
  local plain = url.decode(id)      -- URL-encoded in some answers
  if known[name] == nil then return remember(conn, known, name, plain) end
  if known[name] == plain then return true end
  local now
  for _, one in pairs(source.by_name) do
    if url.decode(one.id) == known[name] then now = one end
  end
  local hint = "nothing of it is read or written; if the new one is meant: tidewire check --accept " .. conn.name
  if now then return fail("invalid", ("the property '%s' is now called '%s', and another one is called '%s'"):format(name, now.name, name), hint) end
  return fail("invalid", ("the property '%s' was removed, and another one is called so now"):format(name), hint)
end

local function fields_of(source, names, collection)
  local fields, marks = {}, marks_of(collection)
  for _, name in ipairs(names) do
    local field = field_of(source, name, collection, marks)
    if not field then return nil, name end
    fields[#fields + 1] = field
  end
  return fields
end

--- What a mapping's fields, and `more`, mean: `source`, `fields`, `names` (of the fields that make the version).
function M.plan(conn, collection, more)
  local source, err = M.of(conn, collection)
  if not source then return nil, err end
  local own = connector.heads({}, collection.fields)
  local names = connector.heads(own, more)
  local fields, missing = fields_of(source, names, collection)
  if missing then
    local before = source
    source, err = M.of(conn, collection, true)
    if not source then return nil, err end
    fields, missing = fields_of(source, names, collection)
    if missing then return M.no_field(source, missing, before) end
  end
  for _, field in ipairs(fields) do
    local same, why = true, nil
    if field.property then same, why = M.is_same(conn, source, field.name, field.property.id) end
    if not same then return nil, why end
  end
  return { source = source, fields = fields, names = own }
end

--- Whether a property holds one value at most, as the collection says.
function M.is_single(collection, name) return marks_of(collection).single[name] == true end

--- The columns to ask for, as a query; the title stands for none. Ids are URL-encoded as Notion gives them.
function M.columns(shape)
  local query = {}
  for _, field in ipairs(shape.fields) do
    if field.property then query[#query + 1] = { "filter_properties", url.decode(field.property.id) } end
  end
  if #query == 0 then query[1] = { "filter_properties", "title" } end
  return query
end

local function references_of(property)
  if property.type ~= "relation" or type(property.config) ~= "table" then return nil end
  return property.config.data_source_id or property.config.database_id
end

-- Users of Notion, whom no collection holds.
local user_ids = { people = true, created_by = true, last_edited_by = true }

local markable = { times = { date = true }, single = { relation = true, people = true, multi_select = true } }

-- The types that it has where an option of the collection names it.
local function marked(property)
  local result = {}
  for option, kinds in pairs(markable) do
    if kinds[property.type] then result[option] = values.describe(property, option == "times", option == "single") end
  end
  return result
end

-- By the present name of a property those under which it was described before, kept by its id: a mapping that goes by one of these is told the new one.
local function former_names(source)
  local key = "names of " .. source.id
  local known, names, former, news = kv.get(key), {}, {}, false
  for name, id in pairs(type(known) == "table" and known or {}) do
    local property = source.by_id[id]
    if property then names[name] = id else news = true end
    if property and not source.by_name[name] then
      former[property.name] = former[property.name] or array {}
      table.insert(former[property.name], name)
    end
  end
  for name, property in pairs(source.by_name) do
    if names[name] ~= property.id then names[name], news = property.id, true end
  end
  if news then kv.set(key, json.object(names)) end
  return former
end

-- A date is also described by its two ends, which is how a span is mapped.
local function add_described(fields, property, marks, former)
  local kind, read_only = values.describe(property, marks.times[property.name], marks.single[property.name])
  if not kind then return end
  local names = { property.name }
  if property.type == "date" then names = { property.name, property.name .. ".start", property.name .. ".end" } end
  for _, name in ipairs(names) do
    fields[#fields + 1] = { name = name, label = name, type = kind, required = false, unique = property.type == "unique_id",
      read_only = read_only, file = property.type == "files" and "one" or nil, references = references_of(property),
      drafted = not user_ids[property.type] and nil, marked = name == property.name and marked(property) or nil, former = name == property.name and former[name] or nil }
  end
end

function M.describe(conn, collection)
  local source, err = M.of(conn, collection, true)
  if not source then return nil, err end
  local fields, warnings, refused, marks = array {}, array {}, json.object {}, marks_of(collection)
  for option, names in pairs(marks) do
    for name in pairs(names) do
      local property = source.by_name[name]
      if not property or not markable[option][property.type] then
        return fail("invalid", ("`%s` names '%s', which is no such property%s"):format(option, name, text.did_you_mean(name, source.names)))
      end
    end
  end
  local known
  known, err = identities(conn, source)
  if not known then return nil, err end
  local former = former_names(source)
  for _, name in ipairs(source.names) do
    local property, same, why = source.by_name[name], true, nil
    if known[name] then same, why = M.is_same(conn, source, name, property.id) end
    -- Left out, it is no field that a mapping could name, so that the mapping stands still, and is told why.
    if same then add_described(fields, property, marks, former) else
      warnings[#warnings + 1] = why.message
      refused[name] = why.message .. ": " .. why.hint
    end
  end
  for name, kind in pairs(of_page) do
    if not source.by_name[name] then
      fields[#fields + 1] = { name = name, label = name, type = values.describe { type = kind } or { kind = "text" }, required = false,
        unique = name == "id", read_only = true }
    end
  end
  if M.dashed(collection.name) ~= collection.name or collection.word == "database" and source.kind == "data_sources" then
    warnings[#warnings + 1] = ('webhooks name this table "%s": write it so, as %s'):format(source.id, source.kind == "databases" and "database" or "data_source")
  end
  return { key = array { "id" }, fields = fields, refused = next(refused) and refused or nil, warnings = warnings, place = source.id }
end

local function title_of(one)
  local title = ""
  for _, part in ipairs(connector.given(one.title) or {}) do title = title .. (part.plain_text or "") end
  return title ~= "" and title or nil
end

--- What is shared with the integration. A data source is named by its id; its title is for people.
function M.catalog(conn)
  local kind = conn.config.version >= wire.with_data_sources and "data_source" or "database"
  local list, cursor = array {}, nil
  repeat
    local reply, err = wire.request(conn, "POST", "search", { reads = true,
      body = json.object { filter = { property = "object", value = kind }, page_size = 100, start_cursor = cursor } })
    if not reply then return nil, err end
    for _, one in ipairs(reply.body.results or {}) do
      if one.in_trash ~= true then list[#list + 1] = { name = one.id, word = kind, label = title_of(one) } end
    end
    cursor = reply.body.has_more and connector.given(reply.body.next_cursor) or nil
  until not cursor or #list >= 1000
  return list
end

function M.test(conn)
  local reply, err = wire.request(conn, "GET", "users/me")
  if not reply then return nil, err end
  if reply.body.object ~= "user" then return fail("unavailable", "the answer names no user of Notion", "does `url` name Notion's API?") end
  local bot = type(reply.body.bot) == "table" and reply.body.bot or {}
  return {
    user = connector.given(reply.body.name) or reply.body.id, version = conn.config.version, zone = "UTC",
    site = connector.given(bot.workspace_id) or reply.body.id, server_time = conn.state.server_date or connector.server_now(conn), warnings = array {},
  }
end

return M
