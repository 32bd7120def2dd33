-- Property values: what is sent, what is kept, what is shown, and what a filter compares.
--
-- Kept: rich text as runs, options by id, people and relations as lists of ids, the rest as on the wire. Nil is empty.
local json = require "tidewire.json"
local practice = require "tidewire.practice"
local computed = require "practice.notion.computed"
local errors = require "practice.notion.errors"
local ids = require "practice.notion.ids"
local rich_text = require "practice.notion.rich_text"
local schema = require "practice.notion.schema"
local time = require "tidewire.time"
local times = require "practice.notion.times"
local uploads = require "practice.notion.uploads"
local web = require "tidewire.url"

local array, object, null = json.array, json.object, json.null

local M = {}

local cut = 25      -- references that a page shows

-- Reading -------------------------------------------------------------------------------------------------------------

local readers = {}

local function text_reader(_, value, at) return rich_text.read(value, at) end
readers.title, readers.rich_text = text_reader, text_reader

function readers.number(_, value, at)
  if type(value) == "userdata" then value = value:number() end     -- a JSON number is a double here
  if type(value) ~= "number" then errors.should(at, "a number", value) end
  return value
end

function readers.checkbox(_, value, at)
  if type(value) ~= "boolean" then errors.should(at, "a boolean", value) end
  return value
end

local function bounded(most)
  return function(_, value, at)
    if type(value) ~= "string" then errors.should(at, "a string or `null`", value) end
    if value == "" then errors.validation("body failed validation: %s.length should be ≥ `1`, instead was `0`.", at) end
    return rich_text.check_length(value, most, at)
  end
end
readers.url, readers.email, readers.phone_number = bounded(2000), bounded(100), bounded(100)

local function find_option(config, sent)
  for _, option in ipairs(config.options) do
    if sent.id and option.id == sent.id or not sent.id and option.name == sent.name then return option end
  end
end

local function read_option(property, sent, at)
  if type(sent) ~= "table" or not (sent.id or sent.name) then errors.should(at, "an object with `id` or `name`", sent) end
  local found = find_option(property.config, sent)
  if found then return found.id end
  if sent.id or property.type == "status" then
    errors.validation('Invalid %s option. %s option "%s" does not exist.', property.type, property.type == "status" and "Status" or "Select", sent.name or sent.id)
  end
  rich_text.check_length(sent.name, 100, at .. ".name")
  if sent.name:find(",", 1, true) then errors.validation("Invalid select option, commas not allowed: %s", sent.name) end
  return schema.new_option(property.config, sent.name).id
end

readers.select, readers.status = read_option, read_option

function readers.multi_select(property, value, at)
  local kept, seen = array {}, {}
  for i, sent in ipairs(rich_text.check_count(value, 100, at)) do
    local id = read_option(property, sent, at .. "[" .. i - 1 .. "]")
    if not seen[id] then kept[#kept + 1] = id end
    seen[id] = true
  end
  return kept
end

local function read_moment(value, at, zone)
  if value == nil or value == null then return nil end
  if not times.seconds(value) then errors.should(at, "a valid ISO 8601 date string", value) end
  if zone and value:match "T.*[zZ+-]%d?%d?:?%d?%d?$" then
    errors.validation("body failed validation: %s should not have an offset when time_zone is set.", at)
  end
  return value
end

function readers.date(_, value, at)
  if type(value) ~= "table" or not value.start or value.start == null then errors.should(at .. ".start", "defined", "undefined") end
  local zone = value.time_zone ~= null and value.time_zone or nil
  if zone and not time.from_local("2024-01-01 00:00:00", zone) then errors.should(at .. ".time_zone", "a time zone", zone) end
  local kept = { start = read_moment(value.start, at .. ".start", zone), ["end"] = read_moment(value["end"], at .. ".end", zone), time_zone = zone }
  if kept["end"] and times.seconds(kept["end"]) < times.seconds(kept.start) then
    errors.validation("body failed validation: %s.start should be before %s.end.", at, at)
  end
  return kept
end

local function id_list(find)
  return function(_, value, at, state)
    local kept = array {}
    for i, sent in ipairs(rich_text.check_count(value, 100, at)) do
      local here = at .. "[" .. i - 1 .. "].id"
      local id = type(sent) == "table" and ids.read(sent.id)
      if not id then errors.should(here, "a valid uuid", type(sent) == "table" and sent.id or sent) end
      if not find(state, id) then errors.not_found("page or user", id) end
      kept[#kept + 1] = id
    end
    return kept
  end
end
readers.people = id_list(function(state, id) return state.store.users[id] end)
readers.relation = id_list(function(state, id) return state.store.pages[id] and not state.store.pages[id].unshared end)

function readers.files(_, value, at, state)
  local kept = array {}
  for i, sent in ipairs(rich_text.check_count(value, 100, at)) do
    local here = at .. "[" .. i - 1 .. "]"
    local name = sent.name and rich_text.check_length(sent.name, 100, here .. ".name")
    if type(sent.external) == "table" then
      kept[i] = { name = name or sent.external.url, external = rich_text.check_length(sent.external.url, 2000, here .. ".external.url") }
    elseif type(sent.file_upload) == "table" then
      kept[i] = uploads.attached(state, sent.file_upload.id, name)
    elseif type(sent.file) == "table" and type(sent.file.url) == "string" then
      kept[i] = { name = name, hosted = sent.file.url:match "/([%x-]+)/" or sent.file.url }
    else
      errors.should(here .. ".external", "defined", "undefined")
    end
  end
  return kept
end

function readers.verification(_, value, at)
  if type(value) ~= "table" or value.state ~= "verified" and value.state ~= "unverified" then errors.should(at .. ".state", '"verified" or "unverified"', value) end
  if value.state == "unverified" then return nil end
  return { state = "verified", date = value.date }
end

function readers.place(_, value, at)
  if type(value) ~= "table" or not value.lat or not value.lon then errors.should(at, "an object with `lat` and `lon`", value) end
  return value
end

--- What is kept of a property value that a request sends; nil where it clears the value.
function M.read(state, property, sent, at)
  if not schema.written[property.type] then
    errors.validation("%s is a read only property and cannot be updated.", property.name)
  end
  if type(sent) ~= "table" then errors.should(at, "an object", sent) end
  local value = sent[property.type]
  if value == nil then errors.validation("%s is expected to be %s.", property.name, property.type) end
  at = at .. "." .. property.type
  if value == null then
    if property.type == "checkbox" or property.type == "title" or property.type == "rich_text" then errors.should(at, "defined", "null") end
    return nil
  end
  return readers[property.type](property, value, at, state)
end

-- Showing -------------------------------------------------------------------------------------------------------------

local showers = {}

local function title_of(state)
  return function(id)
    local page = state.store.pages[id]
    return page and M.title(state, page)
  end
end

local function text_shower(state, _, kept) return rich_text.show(kept, title_of(state), state.split_runs) end
showers.title, showers.rich_text = text_shower, text_shower

local function option_of(property, id)
  for _, option in ipairs(property.config.options or {}) do
    if option.id == id then return option end
  end
end

local function option_shower(_, property, kept) return kept and option_of(property, kept) or null end
showers.select, showers.status = option_shower, option_shower

function showers.multi_select(_, property, kept)
  local list = array {}
  for _, id in ipairs(kept or {}) do list[#list + 1] = option_of(property, id) end
  return list
end

function showers.checkbox(_, _, kept) return kept == true end

function showers.date(_, _, kept)
  return kept and { start = kept.start, ["end"] = kept["end"] or null, time_zone = kept.time_zone or null } or null
end

--- A user as pages show people.
function M.user(state, id)
  local user = state.store.users[id]
  return user and { object = "user", id = id, name = user.name, avatar_url = null, type = user.type, [user.type] = user.person or user.bot or object {} }
    or { object = "user", id = id }
end

local function first_of(list, most)
  local some = array {}
  for i = 1, math.min(#list, most) do some[i] = list[i] end
  return some
end

function showers.people(state, _, kept, most)
  local list = array {}
  for i, id in ipairs(first_of(kept or {}, most)) do list[i] = M.user(state, id) end
  return list
end

function showers.relation(_, _, kept, most)
  local list = array {}
  for i, id in ipairs(first_of(kept or {}, most)) do list[i] = { id = id } end
  return list
end

-- The address of a hosted file is signed anew with every look.
function showers.files(state, _, kept)
  local list = array {}
  for i, file in ipairs(kept or {}) do
    if file.external then
      list[i] = { name = file.name, type = "external", external = { url = file.external } }
    else
      local url = ("%s/files/%s/%s?signature=%06x"):format(state.address or "https://files.example", file.hosted, web.encode(file.name), math.floor(practice.random() * 0x1000000))
      list[i] = { name = file.name, type = "file", file = { url = url, expiry_time = times.milliseconds(time.add(state.clock.utc(), 3600)) } }
    end
  end
  return list
end

function showers.verification(_, _, kept)
  return kept and { state = kept.state, date = kept.date or null, verified_by = null } or { state = "unverified", date = null, verified_by = null }
end

--- The bare value of a property, at most `most` references of it.
function M.bare(state, page, property, most)
  if schema.computed[property.type] then return computed.value(state, page, property, M) end
  local kept = page.values[property.id]
  local show = showers[property.type]
  if show then return show(state, property, kept, most or math.huge) end
  if kept == nil then return null end
  return kept
end

--- A property value as it stands in a page.
function M.show(state, page, property)
  local shown = { id = property.id, type = property.type, [property.type] = M.bare(state, page, property, cut) }
  if property.type == "relation" then
    shown.has_more = #(page.values[property.id] or {}) > cut
  end
  return shown
end

--- The title of a page as text.
function M.title(state, page)
  return rich_text.plain(page.values.title, title_of(state))
end

--- What a filter or a sort compares: text, number, boolean, a list of texts, or nil.
function M.comparable(state, page, property)
  local kind, kept = property.type, page.values[property.id]
  if kind == "title" or kind == "rich_text" then return rich_text.plain(kept, title_of(state)) end
  if kind == "checkbox" then return kept == true end
  if kind == "select" or kind == "status" then
    local option = kept and option_of(property, kept)
    return option and option.name
  end
  if kind == "multi_select" then
    local names = {}
    for i, option in ipairs(showers.multi_select(state, property, kept)) do names[i] = option.name end
    return names
  end
  if kind == "date" then return kept and kept.start end
  if kind == "verification" then return kept and kept.state or "unverified" end
  if schema.computed[kind] then return computed.comparable(state, page, property, M) end
  return kept
end

return M
