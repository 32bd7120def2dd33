--- Property values as plain values, and back.
---
--- Text is its plain text, options are their names, people and pages their ids, a file is { name, url } (no url where Notion
--- hosts it: that address changes with every look). Nothing is null, an empty list `[]`.

local connector = require "tidewire.connector"
local json = require "tidewire.json"
local time = require "tidewire.time"
local decimal = require "tidewire.decimal"
local utf16 = require "connectors.notion.utf16"

local array, null = json.array, json.null
local fail, given = connector.fail, connector.given

local M = {}

local text_type = { kind = "text", empty = "null" }
local id_set = { kind = "set", of = { kind = "text" } }
local minute = { kind = "datetime", form = "instant", resolution = 60 }

local types = {
  title = text_type, rich_text = text_type, url = text_type, email = text_type, phone_number = text_type, number = { kind = "float" },
  checkbox = { kind = "bool", form = "json" }, multi_select = id_set, people = id_set, relation = id_set, files = { kind = "list" },
  date = { kind = "date" }, verification = { kind = "enum", options = array { "unverified", "verified", "expired" } }, place = { kind = "json" },
}
local read_only = { formula = { kind = "json" }, rollup = { kind = "json" }, created_time = minute, last_edited_time = minute,
  created_by = text_type, last_edited_by = text_type, unique_id = text_type }

--- The type of a property's plain value, and whether it is read only; nil where it has none (a button).
function M.describe(property, timed, single)
  local kind = property.type
  if single then return { kind = "text", empty = "null" }, false end
  if kind == "select" or kind == "status" then
    local options = array {}
    for i, option in ipairs(property.config and property.config.options or {}) do options[i] = option.name end
    return { kind = "enum", options = options, empty = "null" }, false
  end
  if kind == "date" and timed then return { kind = "datetime", form = "instant", resolution = 0.001 }, false end
  if types[kind] then return types[kind], false end
  return read_only[kind], true
end

-- Reading -------------------------------------------------------------------------------------------------------------

local plain = {}

local function plain_text(runs)
  local out = {}
  for i, run in ipairs(runs) do out[i] = run.plain_text end
  local text = table.concat(out)
  return text ~= "" and text or null
end
plain.title, plain.rich_text = plain_text, plain_text

local function as_it_is(value) return value end
for _, kind in ipairs { "number", "checkbox", "url", "email", "phone_number", "place" } do plain[kind] = as_it_is end

local function name_of(option) return option == null and null or option.name end
plain.select, plain.status = name_of, name_of

-- In the order of the page; as sets they compare without it.
local function each(list, of)
  local out = array {}
  for i, one in ipairs(list) do out[i] = of(one) end
  return out
end

local function id_of(one) return one.id end
function plain.multi_select(list) return each(list, name_of) end
function plain.people(list) return each(list, id_of) end
function plain.relation(list) return each(list, id_of) end

function plain.files(list)
  local out = array {}
  for i, file in ipairs(list) do
    out[i] = { name = file.name, url = type(file.external) == "table" and file.external.url or null }
  end
  return out
end

local function is_day(text) return text:match "^%d%d%d%d%-%d%d%-%d%d$" ~= nil end

-- With a zone, the time stands without its offset.
local function instant(text, zone)
  if is_day(text) then return text end
  if zone then
    local local_text = text:gsub("T", " "):gsub("[zZ]$", ""):gsub("[+-]%d%d:%d%d$", "")
    return time.from_local(local_text, zone)
  end
  return time.add(text, 0)
end

--- A date as a table: { start, end, time_zone }.
local function parts(date)
  local zone = given(date.time_zone)
  local start, err = instant(date.start, zone)
  if not start then return nil, err end
  local finish = given(date["end"]) and instant(date["end"], zone)
  return { start = start, ["end"] = finish or null, time_zone = zone or null }
end

function plain.date(date, field)
  if date == null then return null end
  local whole, err = parts(date)
  if not whole or field.dotted then return whole, err end
  local name = field.name
  if whole["end"] ~= null then
    return fail("invalid", name .. " holds a span of time", ("map %s.start and %s.end, so that its end is not lost"):format(name, name))
  end
  if field.timed then return is_day(whole.start) and whole.start .. "T00:00:00Z" or whole.start end
  if is_day(whole.start) then return whole.start end
  return fail("invalid", name .. " holds a time of day", ('say it with the collection: { times = { "%s" } }'):format(name))
end

function plain.created_time(value) return time.add(value, 0) end
plain.last_edited_time = plain.created_time
function plain.created_by(user) return user.id end
plain.last_edited_by = plain.created_by

function plain.unique_id(value)
  if value == null or value.number == null then return null end
  local number = connector.plain(value.number)
  return given(value.prefix) and value.prefix .. "-" .. number or number
end

function plain.verification(value) return value == null and "unverified" or value.state end

local function unsupported(field, what)
  return fail("invalid", ("Notion does not compute %s here (%s)"):format(field.name, what), "leave it out of the mapping, or map what it is made of")
end

function plain.formula(value, field)
  local kind = value.type
  if kind == "unsupported" then return unsupported(field, kind) end
  if kind == "date" then return plain.date(value.date, { name = field.name, dotted = true }) end
  return value[kind]
end

function plain.rollup(value, field)
  local kind = value.type
  if kind == "unsupported" or kind == "incomplete" then return unsupported(field, kind) end
  if kind == "date" then return plain.date(value.date, { name = field.name, dotted = true }) end
  if kind ~= "array" then return value[kind] end
  local out = array {}
  for i, one in ipairs(value.array) do
    local inner, err = M.read(one, { name = field.name, dotted = true })
    if inner == nil then return nil, err end
    out[i] = inner
  end
  return out
end

--- The plain value of a property value; nil, err where it cannot be told without loss.
function M.read(value, field)
  local read = plain[value.type]
  if not read then return fail("invalid", ("%s is of the type %s, which is not known"):format(field.name, tostring(value.type)), "leave it out of the mapping") end
  local content = value[value.type]
  if content == nil then content = null end
  if not field.single then return read(content, field) end
  if #content > 1 then return fail("invalid", ("%s has %d entries, and the mapping takes one"):format(field.name, #content), "take its name out of `single`, or all but one away") end
  return read(content, field)[1] or null
end

-- Writing -------------------------------------------------------------------------------------------------------------

local wire = {}

local most = 100

local function wrong(field, wanted) return fail("invalid", ("%s takes %s"):format(field.name, wanted)) end

local function runs(value, field)
  if value == null or value == "" then return array {} end
  if type(value) ~= "string" then return wrong(field, "a text") end
  local pieces = utf16.pieces(value, 2000)
  if #pieces > most then
    return fail("invalid", ("%s is longer than Notion takes (%d characters)"):format(field.name, most * 2000), "shorten it, or keep it in the page's body")
  end
  local list = array {}
  for i, piece in ipairs(pieces) do list[i] = { type = "text", text = { content = piece } } end
  return list
end
wire.title, wire.rich_text = runs, runs

-- Numbers are doubles there: a whole one of more digits would come back as its neighbour, and travel home as that.
function wire.number(value, field)
  if value == null or type(value) == "number" then return value end
  if not decimal.is(value) then return wrong(field, "a number") end
  local is_whole = value:round(0) == value
  if is_whole and decimal.dec(("%.0f"):format(value:number())) ~= value then
    return fail("invalid", ("%s: %s has more digits than a number of Notion holds"):format(field.name, connector.plain(value)), "keep it in a property of text")
  end
  return value
end

function wire.checkbox(value, field)
  if value == null then return false end
  if type(value) ~= "boolean" then return wrong(field, "true or false") end
  return value
end

local function text_or_null(value, field)
  if value == "" then return null end
  if value ~= null and type(value) ~= "string" then return wrong(field, "a text") end
  return value
end
wire.url, wire.email, wire.phone_number = text_or_null, text_or_null, text_or_null

local function option(value, field)
  if value == null or value == "" then return null end
  if type(value) ~= "string" then return wrong(field, "the name of an option") end
  return { name = value }
end
wire.select, wire.status = option, option

-- PATCH replaces the whole list, so a list that is too long is refused, never cut.
local function listed(member)
  return function(value, field)
    if value == null then return array {} end
    if not json.is_array(value) then return wrong(field, "a list") end
    if #value > most then return fail("invalid", ("%s would have %d entries, and Notion takes %d"):format(field.name, #value, most)) end
    local list, seen = array {}, {}
    for _, one in ipairs(value) do
      if type(one) ~= "string" then return wrong(field, "a list of texts") end
      if not seen[one] then list[#list + 1] = { [member] = one } end
      seen[one] = true
    end
    return list
  end
end
wire.multi_select, wire.people, wire.relation = listed "name", listed "id", listed "id"

-- The hosted files of a page by their names, in its order.
local function by_name(now)
  local hosted = {}
  for _, file in ipairs(now or {}) do
    if type(file.file) == "table" then
      hosted[file.name] = hosted[file.name] or {}
      table.insert(hosted[file.name], file)
    end
  end
  return hosted
end

-- Of several that are called the same nobody can tell which one shall go.
local function told_apart(value, hosted, field)
  local kept = {}
  for _, file in ipairs(value) do
    if given(file.url) == nil and file.name then kept[file.name] = (kept[file.name] or 0) + 1 end
  end
  for name, files in pairs(hosted) do
    local left = kept[name] or 0
    if #files > 1 and left > 0 and left < #files then
      return fail("invalid", ("%s: %d files are called '%s', and %d of them shall stay"):format(field.name, #files, name, left), "give them names of their own in Notion, or take away there which is to go")
    end
  end
  return true
end

-- A hosted file stays as it is by the address it has at this moment: `now` are the files as the page shows them.
function wire.files(value, field, now)
  if value == null then return array {} end
  if not json.is_array(value) then return wrong(field, "a list of { name, url }") end
  local list, hosted = array {}, by_name(now)
  local clear, err = told_apart(value, hosted, field)
  if not clear then return nil, err end
  for i, file in ipairs(value) do
    local here = given(file.url) == nil and hosted[file.name] and table.remove(hosted[file.name], 1)
    if given(file.url) then
      list[i] = { name = file.name or file.url, type = "external", external = { url = file.url } }
    elseif here then
      list[i] = { name = file.name, type = "file", file = { url = here.file.url } }
    else
      return fail("invalid", ("%s: the file '%s' has no address"):format(field.name, tostring(file.name)), "give it a public url; files are not uploaded")
    end
  end
  return list
end

local function moment(text)
  if type(text) ~= "string" then return nil end
  if is_day(text) then return text end
  local utc = time.add(text, 0)
  if not utc then return nil end
  local fraction = utc:match "%.(%d+)" or ""
  return utc:sub(1, 19) .. "." .. (fraction .. "000"):sub(1, 3) .. "Z"
end

-- A page that names a zone keeps it, and then times stand there without offset; not the hour that a clock shows twice.
local function in_zone(moment_text, zone)
  if not zone or is_day(moment_text) then return nil end
  local there = time.to_local(moment_text, zone)
  if not there or time.from_local(there, zone) ~= time.add(moment_text, 0) then return nil end
  return (there:gsub(" ", "T"))
end

function wire.date(value, field, now)
  if value == null or value == "" then return null end
  local whole = type(value) == "table" and value or { start = value }
  if given(whole.start) == nil then return null end
  local start, finish = moment(whole.start), given(whole["end"]) and moment(whole["end"])
  if not start or given(whole["end"]) and not finish then return wrong(field, "a day or a time with its zone") end
  local zone = given(now) and given(now.time_zone)
  local start_there, finish_there = in_zone(start, zone), finish and in_zone(finish, zone)
  if start_there and (finish_there or not finish) then return { start = start_there, ["end"] = finish_there or null, time_zone = zone } end
  return { start = start, ["end"] = finish or null }
end

function wire.verification(value, field)
  if value ~= null and value ~= "verified" and value ~= "unverified" then return wrong(field, "verified or unverified") end
  return { state = value == null and "unverified" or value }
end

function wire.place(value) return value end

--- Whether a write of this value needs to see the page first.
function M.needs_page(kind, value)
  if kind == "date" then
    local start = type(value) == "table" and value.start or value
    return type(start) == "string" and moment(start) ~= nil and not is_day(start)
  end
  if kind ~= "files" or not json.is_array(value) then return false end
  for _, file in ipairs(value) do
    if type(file) == "table" and given(file.url) == nil then return true end
  end
  return false
end

--- What is sent for a plain value: { [type] = ... }. `options`: `single`; `now`, the page's present value of the property, where
--- it is needed.
function M.write(property, value, options)
  local write = wire[property.type]
  if not write then return fail("invalid", property.name .. " is computed by Notion and cannot be written", "say only = \"to_...\" on its row") end
  if options.single then value = (value == null or value == "") and array {} or array { value } end
  local sent, err = write(value, property, options.now)
  if sent == nil then return nil, err end
  return { [property.type] = sent }
end

return M
