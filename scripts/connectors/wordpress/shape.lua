--- Rows as records, and values as WordPress takes them.

local connector = require "tidewire.connector"
local cut = require "tidewire.cut"
local hash = require "tidewire.hash"
local json = require "tidewire.json"
local text = require "tidewire.text"
local time = require "tidewire.time"
local schema = require "connectors.wordpress.schema"
local wire = require "connectors.wordpress.wire"

local null, array, object = json.null, json.array, json.object
local fail = connector.fail

local M = {}

-- What is wanted ----------------------------------------------------------------------------------------------------------

local function no_field(target, name)
  local known = {}
  for one in pairs(target.fields) do known[#known + 1] = one end
  local meta = name:match "^meta%.(.+)"
  if meta then
    return fail("invalid", ("the meta key '%s' of %s is not registered for REST, so WordPress would drop it in silence%s"):format(meta, target.name,
      text.did_you_mean(name, known)), "`tidewire install wordpress MAPPING` registers it")
  end
  return fail("invalid", ("%s has no field '%s'%s"):format(target.name, name, text.did_you_mean(name, known)), "`tidewire schema` lists its fields")
end

-- "title.raw" is the raw text like "title", in the shape that the REST API has; of a JSON value a part may be named.
local function one_wanted(target, path)
  local head, rest = path:match "^([^.]+)%.(.+)$"
  local field = target.fields[path]
  if field or path == "meta" then return { path = path, head = head or path, rest = rest, field = field } end
  field = head and target.fields[head]
  if field and (field.raw and rest == "raw" or field.type.kind == "json") then return { path = path, head = head, rest = rest, field = field } end
end

-- The mapping's own paths first, and how many those are; nil and the one that is no field.
local function wanted_of(target, own, more)
  local wanted, seen, count = {}, {}, 0
  for i, paths in ipairs { own, more } do
    for _, path in ipairs(paths) do
      local one = one_wanted(target, path)
      if not one then return nil, path end
      if not seen[path] then wanted[#wanted + 1] = one end
      seen[path] = true
    end
    if i == 1 then count = #wanted end
  end
  return wanted, count
end

local function columns_of(target, wanted)
  local names, seen = {}, {}
  local function add(name)
    if not seen[name] then names[#names + 1] = name end
    seen[name] = true
  end
  add "id"
  if target.kind == "post" then
    for _, name in ipairs { "modified_gmt", "modified", "status", "date", "date_gmt" } do add(name) end
  end
  for _, one in ipairs(wanted) do add(one.field and one.field.raw and one.head .. ".raw" or one.head) end
  return table.concat(names, ",")
end

--- What a mapping's fields, and `more`, mean for a request: { target, wanted, own, columns }.
function M.plan(conn, collection, more)
  if #collection.key ~= 1 or collection.key[1] ~= "id" then return fail("invalid", "the key of what WordPress holds is `id`") end
  local target, err = schema.target(conn, collection)
  if not target then return nil, err end
  local wanted, own = wanted_of(target, collection.fields or {}, more or {})
  if not wanted then
    target, err = schema.target(conn, collection, true)
    if not target then return nil, err end
    wanted, own = wanted_of(target, collection.fields or {}, more or {})
  end
  if not wanted then return no_field(target, own) end
  return { target = target, wanted = wanted, own = own, columns = columns_of(target, wanted) }
end

--- The query that makes an answer show what is wanted.
function M.asked(shape) return { { "_fields", shape.columns } } end

-- From WordPress ------------------------------------------------------------------------------------------------------------

--- Whether a row is a post in the trash.
function M.in_trash(row) return row.status == "trash" end

-- Names of terms are stored escaped.
local entities = { ["&lt;"] = "<", ["&gt;"] = ">", ["&quot;"] = '"', ["&#039;"] = "'", ["&#39;"] = "'" }
local function unescaped(value)
  return (value:gsub("&%w+;", entities):gsub("&#0?39;", "'"):gsub("&amp;", "&"))
end

local unfinished = { draft = true, pending = true, ["auto-draft"] = true }

--- Whether it is a draft that nobody gave a date: it shows the time of its last save as one.
function M.floats(row) return unfinished[row.status] == true and row.date == row.modified end

local function read_value(shape, row, one)
  local value = row[one.head]
  local field = one.field
  if value == nil then return nil end
  if not field then return json.is_array(value) and object {} or value end      -- all of `meta`
  if field.meta then
    if type(value) ~= "table" then return nil end
    return value[field.meta] == nil and null or value[field.meta]
  end
  if field.raw then return type(value) == "table" and value.raw or nil end
  if field.type.kind == "reference" and value == 0 then return null end
  if (one.head == "date" or one.head == "date_gmt") and M.floats(row) then return null end
  if shape.target.kind == "term" and one.head == "name" and type(value) == "string" then return unescaped(value) end
  return value
end

local function put(fields, one, value)
  local nested = one.rest and (one.field == nil or one.field.meta or one.field.raw)
  if not nested then
    fields[one.head] = value
    return
  end
  if type(fields[one.head]) ~= "table" then fields[one.head] = object {} end
  fields[one.head][one.rest] = value
end

-- Seconds are too coarse to tell two edits apart, and some edits move no time: the content goes into the version.
local function version_of(shape, values, stamp)
  local parts = {}
  for i = 1, shape.own do parts[i] = json.encode(values[i]) end
  return stamp .. "/" .. hash.sha256(table.concat(parts, "\n")):sub(1, 16)
end

-- A time of the future says when a new post shall appear, not when somebody wrote it.
local function written_at(conn, stamp)
  if stamp == "" or time.compare(stamp .. "Z", connector.server_now(conn)) > 0 then return nil end
  return stamp .. "Z"
end

--- The record of a row; nil, err where it does not show what was asked for.
function M.record(conn, shape, row)
  if type(row) ~= "table" or type(row.id) ~= "number" then return fail("unavailable", "an answer without the id of a " .. shape.target.name) end
  local fields, values = {}, {}
  for i, one in ipairs(shape.wanted) do
    local value = read_value(shape, row, one)
    if value == nil then
      return fail("invalid", ("the site leaves out '%s' of %s %d"):format(one.path, shape.target.name, row.id), "may the user edit it? Raw values are shown to those only")
    end
    values[i] = value
    put(fields, one, value)
  end
  local stamp = type(row.modified_gmt) == "string" and row.modified_gmt or ""
  return { key = connector.plain(row.id), version = version_of(shape, values, stamp), stamp = stamp, modified = written_at(conn, stamp), fields = fields }
end

-- To WordPress ----------------------------------------------------------------------------------------------------------------

local function whole(value)
  local number = tonumber(connector.plain(value))
  return number and number == math.floor(number) and number or nil
end

local function date_text(value)
  local day, clock = tostring(value):match "^(%d%d%d%d%-%d%d%-%d%d)[T ](%d%d:%d%d:%d%d)"
  return day and day .. "T" .. clock or nil
end

local function whole_list(value)
  local list = array {}
  for i, one in ipairs(type(value) == "table" and value or {}) do
    list[i] = whole(one)
    if not list[i] then return nil end
  end
  return list
end

local empty = { text = "", int = 0, decimal = 0, reference = 0, list = array {} }

-- A boolean is false then, of meta too: WordPress refuses to take away one that is stored as false.
local function nothing(field)
  if field.type.kind == "bool" then return false end
  if field.meta then return null end
  if field.type.kind == "set" then return array {} end
  local value = empty[field.type.kind]
  return value == nil and null or value
end

-- The value as WordPress takes it; nil where it is none of that field.
local function written(field, value)
  local kind = field.type.kind
  if value == null then return nothing(field) end
  if field.terms then return whole_list(value) end
  if kind == "reference" then return whole(value) end
  if kind == "int" then return whole(value) or value end      -- WordPress says itself what is wrong with it
  if kind == "datetime" and field.type.form == "local" then return date_text(value) end
  if kind == "text" and type(value) ~= "table" and type(value) ~= "boolean" then return connector.plain(value) end
  return value
end

-- Terms that are not there are dropped in silence, so those that were never seen are looked for first.
local function check_terms(conn, about, ids)
  conn.state.terms = conn.state.terms or {}
  local known = conn.state.terms[about.name] or {}
  conn.state.terms[about.name] = known
  local unseen = array {}
  for _, id in ipairs(ids) do
    if not known[id] then unseen[#unseen + 1] = text.of(id) end
  end
  for _, some in ipairs(connector.chunks(unseen, 100)) do
    local rows, err = wire.rows(conn, about.route, { { "include", table.concat(some, ",") }, { "per_page", 100 }, { "_fields", "id" } })
    if not rows then return nil, err end
    for _, row in ipairs(rows) do known[row.id] = true end
  end
  for _, id in ipairs(ids) do
    if not known[id] then return fail("invalid", ("there is no %s %s"):format(about.name, text.of(id)), "a term is named by its id: t.ref or t.find finds it") end
  end
  return true
end

local function add_value(body, head, rest, value)
  if not rest then
    body[head] = value
    return
  end
  if type(body[head]) ~= "table" then body[head] = object {} end
  body[head][rest] = value
end

-- "meta" = { price = 1 } as { path, value } of each part that is a field of its own.
local function parts_of(target, name, value)
  local field = target.fields[name]
  if field and not field.raw or type(value) ~= "table" or value == null then return { { path = name, head = name, value = value } } end
  local list = {}
  for rest, part in pairs(value) do list[#list + 1] = { path = name .. "." .. rest, head = name, rest = rest, value = part } end
  return list
end

local function refused(part, field)
  return fail("invalid", ("%s: %s is no value of a %s"):format(part.path, cut.text(json.encode(part.value), 80), field.type.kind))
end

-- A user has a password; one that nobody knows where none is mapped.
local function with_password(target, body, creates)
  if creates and target.kind == "user" and body.password == nil then body.password = hash.id() .. hash.id() end
  return body
end

--- The body of a create or an update; nil, err names the field that does not take its value.
function M.body(conn, shape, values, creates)
  local target, body = shape.target, object {}
  for name, whole_value in pairs(values) do
    for _, part in ipairs(parts_of(target, name, whole_value)) do
      local field = target.fields[part.path] or target.fields[name]
      if not field then return no_field(target, part.path) end
      local value = written(field, part.value)
      if value == nil then return refused(part, field) end
      if name == "status" and value == "trash" then
        return fail("invalid", "a post is not moved to the trash by its status", 'deletes = { ... = "delete" } moves it there')
      end
      if field.terms then
        local there, err = check_terms(conn, target.terms[name], value)
        if not there then return nil, err end
      end
      add_value(body, part.head, part.rest, value)
    end
  end
  return with_password(target, body, creates)
end

return M
