--- Two-way conversions for field rows: `local t = require "tidewire.transform"`.
---
--- Each is a table { to_right, to_left, lossy, bind }. `bind(context)` runs once, when the mapping is read, and may fit the
--- pair to the described types of both sides. A function gets nil for null; what nothing becomes is the row's to say.

local enum = require "tidewire.transform.enum"
local json = require "tidewire.json"
local mark = require "tidewire.mapping.mark"
local outcome = require "tidewire.mapping.outcome"
local pairs_of = require "tidewire.transform.pair"
local phone = require "tidewire.phone"
local report = require "tidewire.host.report"
local structure = require "tidewire.transform.structure"
local text = require "tidewire.text"
local times = require "tidewire.transform.times"
local values = require "tidewire.mapping.values"

local bare, pair = pairs_of.bare, pairs_of.make

local M = {}

--- Both sides keep "+447700900123"; numbers without country code belong to `country` (two letters).
function M.phone(country)
  if type(country) ~= "string" or not phone.country(country) then
    error(("t.phone takes a country such as \"GB\"%s"):format(type(country) == "string" and report.suggest(country:upper(), phone.countries()) or ""), 2)
  end
  local function call(value)
    if values.empty(value) or text.trim(values.shown(value)) == "" then return nil end
    local number, why = phone.e164(values.shown(value), country)
    return number or outcome.dead(("'%s' is no phone number of %s%s"):format(values.shown(value), country, why and ": " .. why or ""))
  end
  return pair("t.phone", { to_right = call, to_left = call, lossy = true })
end

--- The day of a date or a time; towards a datetime its midnight. Of an instant it is the day in UTC, with t.date "ZONE" that zone's.
M.date = bare("t.date", times.date, function(zone)
  if type(zone) ~= "string" or not times.is_zone(zone) then
    error(("t.date takes a time zone such as \"Europe/Berlin\", not '%s'"):format(tostring(zone)), 2)
  end
  return pair("t.date", times.date_in(zone))
end)

--- Local time <-> an instant; the zone is the described one where none is said.
M.datetime = bare("t.datetime", times.datetime(nil), function(zone)
  if type(zone) ~= "string" or not times.is_zone(zone) then
    error(("t.datetime takes a time zone such as \"Europe/Berlin\", not '%s'"):format(tostring(zone)), 2)
  end
  return pair("t.datetime", times.datetime(zone))
end)

--- Words for words: t.enum { Active = "active", Left = "left" }. Where two on the left are one on the right, `back` says
--- which comes back: t.enum({ Left = "gone", Fired = "gone" }, { back = { gone = "Left" } }).
function M.enum(map, options)
  if type(map) ~= "table" or next(map) == nil then error("t.enum takes a table: t.enum { Active = \"active\" }", 2) end
  local ok, result = pcall(enum.enum, map, options or {})
  if not ok then error(result, 2) end
  return pair("t.enum", result)
end

--- Numbers with `digits` digits after the point, rounded.
function M.decimal(digits)
  if type(digits) ~= "number" or digits < 0 or digits > 30 or digits % 1 ~= 0 then
    error("t.decimal takes a number of digits: t.decimal(2)", 2)
  end
  local function call(value)
    if values.empty(value) then return nil end
    local number = values.number(value, "decimal")
    if not number then return outcome.dead(("'%s' is no number"):format(values.shown(value))) end
    return number:round(digits)
  end
  local type_of = { kind = "decimal", scale = digits }
  return pair("t.decimal", { to_right = call, to_left = call, lossy = true, left_type = type_of, right_type = type_of })
end

--- true / false <-> two words: t.bool("Yes", "No"). The words are on the right unless only the left is described as text.
function M.bool(yes, no)
  if yes == nil and no == nil then yes, no = "Yes", "No" end
  if yes == nil or no == nil or yes == no then error("t.bool takes two different values: t.bool(\"Yes\", \"No\")", 2) end
  if type(yes) == "boolean" or type(no) == "boolean" then error("t.bool takes two words: t.invert makes true of false", 2) end
  return pair("t.bool", structure.bool(yes, no))
end

--- True for false and false for true, in whatever form each side has its booleans.
M.invert = bare("t.invert", structure.invert, nil)

--- The record that another mapping links: t.ref "departments". `optional`: written later where the other is not linked yet.
function M.ref(mapping, options)
  options = options or {}
  if type(mapping) ~= "string" then error("t.ref takes the name of a mapping: t.ref \"departments\"", 2) end
  for key in pairs(options) do
    if key ~= "optional" then error(("unknown option '%s' of t.ref%s"):format(tostring(key), report.suggest(key, { "optional" })), 2) end
  end
  return pair("t.ref", { reference = mapping, optional = options.optional == true })
end

--- Each element of a list by another conversion: t.list(t.trim).
function M.list(inner)
  if mark.word(inner) ~= "transform" and not (type(inner) == "table" and (inner.to_right or inner.to_left)) then
    error("t.list takes a conversion for the elements: t.list(t.trim)", 2)
  end
  if inner.words then error("t.list takes one value for each element, not t.ref_by", 2) end
  if inner.reference or inner.find then
    return pair("t.list(" .. inner.name .. ")", { reference = inner.reference, optional = inner.optional, find = inner.find, list = true,
      left_type = { kind = "list" }, right_type = { kind = "list" } })
  end
  return pair("t.list", structure.list(inner))
end

--- Several name fields <-> one: { { "first_name", "last_name" }, "name", t.names }. Back, the last word is the last field.
M.names = bare("t.names", structure.names)

--- JSON in a text <-> JSON. The text is on the left unless only the right is described as text.
M.json = bare("t.json", structure.json)

--- For `check`: true where a text fits a Lua pattern. Nothing fits: say `required` on the row where that is wrong.
function M.matches(pattern)
  local ok, reason = pcall(string.find, "", pattern)
  if type(pattern) ~= "string" or not ok then
    error(("t.matches takes a Lua pattern: %s"):format(type(pattern) == "string" and tostring(reason):gsub("^.-: ", "") or "t.matches \"^%+\""), 2)
  end
  return function(value)
    if value == nil or value == "" then return true end
    return values.shown(value):find(pattern) ~= nil
  end
end

local find_options = { "by", "take", "missing", "values", "cache", "of" }

--- A value of a record elsewhere for another one of the same record: t.find(app.table "organizations", { by = "name", take = "id" }).
--- `missing`: "dead" (without it), "clear", "keep" or "create"; `cache` keeps what was found.
function M.find(from, options)
  local example = "t.find(app.table \"organizations\", { by = \"name\", take = \"id\" })"
  if mark.word(from) ~= "end" or type(options) ~= "table" or type(options.by) ~= "string" then
    error("t.find takes a collection and what is looked for: " .. example, 2)
  end
  local find = { from = from }
  for key, value in pairs(options) do
    local known = false
    for _, name in ipairs(find_options) do known = known or name == key end
    if not known then error(("unknown option '%s' of t.find%s"):format(tostring(key), report.suggest(key, find_options)), 2) end
    find[key] = value
  end
  return pair("t.find", { find = find })
end

local function word_of(left, said)
  if type(said) == "string" then return { left = left, right = left, mapping = said } end
  if type(said) == "table" and type(said[1]) == "string" and (said.right == nil or type(said.right) == "string") then
    return { left = left, right = said.right or left, mapping = said[1] }
  end
  error("t.ref_by says a mapping for each word: t.ref_by { Customer = \"customers\", Supplier = { \"suppliers\", right = \"supplier\" } }", 3)
end

--- A reference whose mapping another field names: { { "party_type", "party" }, { "kind", "party_id" }, t.ref_by { Customer = "customers" } }.
function M.ref_by(map, options)
  if type(map) ~= "table" or next(map) == nil then error("t.ref_by takes a table: t.ref_by { Customer = \"customers\" }", 2) end
  local words = json.array {}
  for _, left in ipairs(report.names(map)) do words[#words + 1] = word_of(left, map[left]) end
  return pair("t.ref_by", { words = words, optional = options ~= nil and options.optional == true })
end

--- The pair with its sides exchanged: t.flip(t.html) has the text on the left.
function M.flip(inner)
  if mark.word(inner) ~= "transform" or inner.reference then error("t.flip takes a conversion: t.flip(t.html)", 2) end
  return pairs_of.flip(inner)
end

-- Kept in files of their own, which are read by the mappings that use them.
local shelves = {
  trim = "text", lower = "text", upper = "text", email = "text", concat = "text", default = "text",
  html = "markup", markdown = "markup",
  scale = "numbers", percent = "numbers", minor = "numbers",
  unix = "serials", excel = "serials",
  csv = "lists", lines = "lists", set = "lists",
}

-- A call without what it takes is a slip that a row would carry out as an author's own function.
local function known(name, value) return type(value) == "function" and mark.factory(value, "t." .. name) or value end

local names = report.names(M)
for _, name in ipairs(names) do known(name, M[name]) end
for name in pairs(shelves) do names[#names + 1] = name end
return setmetatable(M, {
  __index = function(_, name)
    local shelf = shelves[name]
    if not shelf then error(("there is no t.%s%s"):format(tostring(name), report.suggest(name, names)), 2) end
    return known(name, require("tidewire.transform." .. shelf)[name])
  end,
})
