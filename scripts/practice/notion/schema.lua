-- Properties of data sources: what is sent, kept and shown of them.
--
-- A source keeps `properties`, a list of { id, name, type, description, config }, config being what stands under the
-- type's name on the wire.
local json = require "tidewire.json"
local url = require "tidewire.url"
local errors = require "practice.notion.errors"
local ids = require "practice.notion.ids"

local array, object = json.array, json.object

local M = {}

--- What may be written, and what is computed.
M.written = { title = true, rich_text = true, number = true, select = true, multi_select = true, status = true, date = true,
  people = true, files = true, checkbox = true, url = true, email = true, phone_number = true, relation = true, verification = true,
  place = true }
M.computed = { formula = true, rollup = true, created_time = true, created_by = true, last_edited_time = true, last_edited_by = true,
  unique_id = true, button = true }

local colors = { "default", "gray", "brown", "orange", "yellow", "green", "blue", "purple", "pink", "red" }

--- A new option of a select, with the next colour.
function M.new_option(config, name)
  local option = { id = ids.new(), name = name, color = colors[1 + #config.options % #colors] }
  config.options[#config.options + 1] = option
  return option
end

local function with_options(config)
  local kept = { options = array {} }
  for _, option in ipairs(config.options or {}) do
    local one = M.new_option(kept, option.name)
    one.color, one.id = option.color or one.color, option.id or one.id
  end
  return kept
end

local readers = { select = with_options, multi_select = with_options }

-- Groups as a new status column has them.
function readers.status(config)
  if not config.options then config = { options = { { name = "Not started" }, { name = "In progress" }, { name = "Done" } } } end
  local kept = with_options(config)
  kept.groups = array {}
  for i, name in ipairs { "To-do", "In progress", "Complete" } do
    local own = array {}
    for at, option in ipairs(kept.options) do
      if math.min(at, 3) == i then own[#own + 1] = option.id end
    end
    kept.groups[i] = { id = ids.new(), name = name, color = colors[i + 1], option_ids = own }
  end
  return kept
end

function readers.number(config) return { format = config.format or "number" } end
function readers.unique_id(config) return { prefix = config.prefix or json.null } end
function readers.formula(config) return { expression = config.expression or "" } end

function readers.rollup(config)
  return { relation_property_name = config.relation_property_name, relation_property_id = config.relation_property_id,
    rollup_property_name = config.rollup_property_name, rollup_property_id = config.rollup_property_id, ["function"] = config["function"] or "show_original" }
end

function readers.relation(config, state)
  local id = ids.read(config.data_source_id) or ids.read(config.database_id)
  local database = id and state.store.databases[id]
  if database then id = database.sources[1] end
  return { data_source_id = id, type = "single_property", single_property = object {} }
end

local function named_type(sent)
  if type(sent.type) == "string" then return sent.type end
  for name in pairs(sent) do
    if M.written[name] or M.computed[name] then return name end
  end
end

-- Two properties of one id would share their values.
local function new_id(source)
  local id
  repeat id = ids.property() until not M.find(source, id)
  return id
end

local function new_property(state, source, name, sent, at)
  local kind = named_type(sent)
  if not kind then errors.should(at .. ".type", "defined", "undefined") end
  if not M.written[kind] and not M.computed[kind] then errors.should(at .. ".type", "a property type", kind) end
  local config = type(sent[kind]) == "table" and sent[kind] or {}
  local read = readers[kind]
  return { id = kind == "title" and "title" or sent.id or new_id(source), name = name, type = kind,
    description = sent.description, config = read and read(config, state) or object {} }
end

--- Finds a property by name or id.
function M.find(source, key)
  for _, property in ipairs(source.properties) do
    if property.name == key or property.id == key then return property end
  end
end

--- Likewise of a key out of a URL, which was decoded on its way: ids are URL-encoded as they stand.
function M.find_sent(source, key)
  return M.find(source, key) or M.find(source, url.encode(key))
end

local function remove(source, property)
  for i, one in ipairs(source.properties) do
    if one == property then table.remove(source.properties, i) end
  end
end

--- Carries `properties` of a request into a source: new ones, renames, other types, `null` for removal. Returns what
--- changed, as a webhook tells it.
function M.change(state, source, sent, at)
  local changes, names = array {}, {}
  for key in pairs(sent) do names[#names + 1] = key end
  table.sort(names)
  for _, key in ipairs(names) do
    local value, property = sent[key], M.find(source, key)
    if value == json.null then
      if not property then errors.validation("%s is not a property that exists.", key) end
      remove(source, property)
      changes[#changes + 1] = { id = property.id, name = json.null, action = "deleted" }
    elseif not property then
      property = new_property(state, source, value.name or key, value, at .. "." .. key)
      source.properties[#source.properties + 1] = property
      changes[#changes + 1] = { id = property.id, name = property.name, action = "created" }
    else
      if value.name then property.name = value.name end
      local kind = named_type(value)
      if kind and kind ~= property.type then
        local changed = new_property(state, source, property.name, value, at .. "." .. key)
        property.type, property.config = changed.type, changed.config
      end
      changes[#changes + 1] = { id = property.id, name = property.name, action = "updated" }
    end
  end
  return changes
end

--- The properties as the API shows them, keyed by name.
function M.show(state, source)
  local shown = object {}
  for _, property in ipairs(source.properties) do
    local config = property.config
    if property.type == "relation" then
      local target = state.store.sources[config.data_source_id]
      config = { data_source_id = config.data_source_id, database_id = target and target.database, type = "single_property", single_property = object {} }
    end
    shown[property.name] = { id = property.id, name = property.name, type = property.type, [property.type] = config,
      description = property.description or json.null }
  end
  return shown
end

return M
