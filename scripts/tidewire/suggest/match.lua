--- Which fields of two collections belong together: by what they are called, and by whether their values convert.
---
--- Pairs are taken best first, so that an exact name is never lost to a likeness; of fields that are as near, one that can be written
--- goes before one that is computed. What is the system's own (its key, the times it
--- keeps) is left out: those are never copied. What this program writes (`stamp`: keys of the other side, checksums) finds no partner
--- either: a row beside a stamp is refused, and two checksums are never the same value.

local json = require "tidewire.json"
local types = require "tidewire.mapping.types"
local names = require "tidewire.suggest.names"

local M = {}

local least = 0.5

local own = {}
for name in ("creation modified owner modified_by docstatus idx created_at updated_at create_date write_date create_uid write_uid "
  .. "__last_update display_name created_time last_edited_time created_by last_edited_by _user_tags _comments _assign _liked_by "
  .. "naming_series amended_from archived_at deleted_at created_on updated_on"):gmatch "%S+" do
  own[name] = true
end

local function is_key(side, name)
  for _, key in ipairs(side.key) do
    if key == name then return true end
  end
  return false
end

-- The collections of the two ends that mappings stamp: what each writes of it, by name.
local function stamps_of(side, mappings)
  local set = {}
  for _, one in ipairs(mappings or {}) do
    for _, place in ipairs { "left", "right" } do
      local at = one[place] or {}
      if at.connection == side.connection and at.collection == side.collection then
        for _, name in ipairs(type(at.stamps) == "table" and at.stamps or {}) do set[name] = true end
      end
    end
  end
  return set
end

-- What a synchronisation writes beside the values: "synced", "notion_synced_at", "sync_status", "checksum".
local function is_mark(words)
  local last, before = words[#words], words[#words - 1]
  if last == "checksum" or words[1] == "sync" or last == "synced" then return true end
  return before == "synced" and (last == "at" or last == "on") or words[1] == "last" and (words[2] == "sync" or words[2] == "synced")
end

local systems = {}
for name in ("erp erpnext frappe supabase postgres neon wordpress wp mysql odoo notion tidewire"):gmatch "%S+" do systems[name] = true end

-- A key of the other side: "notion_page_id" opposite a connection `notion`, or any system's that the other side has no field of.
local function is_foreign_key(words, other, others)
  local last = words[#words]
  if #words < 2 or last ~= "id" and last ~= "key" then return false end
  if words[1] == names.words(other.connection)[1] then return true end
  return systems[words[1]] and not others[table.concat(words)]
end

-- The names of a side's fields as they are compared, without spaces and marks.
local function plain_names(side)
  local set = {}
  for _, field in ipairs(side.describe and side.describe.fields or {}) do set[table.concat(names.words(field.name))] = true end
  return set
end

--- The fields of a described side that may be copied; `type` as the language knows it. `stamped` where this program writes it, as its
--- `mappings` say or its name does; `other` is the other side.
function M.fields_of(side, other, mappings)
  local described, list = types.described(side.describe) or {}, {}
  local stamps, others = stamps_of(side, mappings), plain_names(other)
  for _, field in ipairs(side.describe and side.describe.fields or {}) do
    local about = described[field.name]
    if about and not own[field.name] and field.kept ~= true and not is_key(side, field.name) then
      local words = names.words(field.name)
      list[#list + 1] = { name = field.name, label = about.label, type = about.type, required = about.type.required and about.default == nil or false,
        read_only = about.type.read_only or false, unique = about.type.unique or false, references = field.references, default = about.default, file = about.file,
        marked = type(field.marked) == "table" and field.marked or {},
        stamped = stamps[field.name] or is_mark(words) or is_foreign_key(words, other, others) or nil }
    end
  end
  return list
end

local function folded(option) return table.concat(names.words(tostring(option))) end

-- { Active = "active" } where each option of one has one of the other; nil where none needs turning.
local function enum_table(left, right)
  local by_fold, turned, count, same = {}, {}, 0, true
  for _, option in ipairs(right.options or {}) do by_fold[folded(option)] = option end
  for _, option in ipairs(left.options or {}) do
    local other = by_fold[folded(option)]
    if other ~= nil then
      turned[option], count = other, count + 1
      same = same and other == option
    end
  end
  if count == 0 or same then return nil end
  return turned
end

-- The mapping that links what two fields refer to.
local function linking(argument, left, right)
  for _, one in ipairs(argument.mappings or {}) do
    local l, r = one.left or {}, one.right or {}
    if l.connection == argument.left.connection and r.connection == argument.right.connection
      and (left.references or left.type.to) == l.collection and (right.references == nil or right.references == r.collection) then
      return one.name
    end
  end
end

local single = { reference = true, int = true, uuid = true, text = true }

-- The option of its collection that must name the one, so that it is of the other's kind.
local function option_of(one, other)
  if one.marked.times and other.type.kind == "datetime" then return "times" end
  if one.marked.single and other.references ~= nil and single[other.type.kind] then return "single" end
end

--- The side whose collection must name one of the two among its options, and which option; nil where none needs to.
function M.option(left, right)
  local option = option_of(left, right)
  if option then return "left", option end
  option = option_of(right, left)
  if option then return "right", option end
end

local lists = { list = true, set = true }
local because = { times = "a time of day, by `times`", single = "one at most, by `single`" }

-- How two types get along: a factor, what else is to be said, and the transform that it takes; nil where they do not.
local function fit(argument, left, right)
  local a, b = left.type, right.type
  local _, option = M.option(left, right)
  if option == "times" then return 1, because.times end
  local refers = a.kind == "reference" or left.references ~= nil
  if refers and (right.references ~= nil or b.kind == "reference" or b.kind == "int" or b.kind == "uuid" or b.kind == "text") then
    local itself = (left.references or a.to) == argument.left.collection and (right.references == nil or right.references == argument.right.collection)
    if itself then return 1, "refers to records of the same mapping", { self = true } end
    local mapping = linking(argument, left, right)
    if mapping then return 1, "translated by the links of " .. mapping .. (option and "; " .. because[option] or ""), { ref = mapping } end
    if right.references ~= nil or b.kind == "int" or b.kind == "uuid" or b.kind == "reference" then
      return 0.7, "refers to " .. tostring(left.references or a.to) .. ": map that first, then t.ref translates it", nil, true
    end
  end
  if right.references ~= nil and not refers then return nil end
  if a.kind == "enum" and b.kind == "enum" then
    local turned = enum_table(a, b)
    return 1, turned and "its options are spelled differently" or nil, turned and { enum = turned } or nil
  end
  if names.opposed(left, right) then return 1, nil, { word = "invert" } end
  local there, back = types.obstacle(a, b), types.obstacle(b, a)
  if there == nil and back == nil then
    return a.kind == b.kind and 1 or 0.93, a.kind ~= b.kind and (a.kind .. " and " .. b.kind .. " convert") or nil
  end
  if (a.kind == "date" and b.kind == "datetime") or (a.kind == "datetime" and b.kind == "date") then return 0.85, "a date and a time: t.date", { word = "date" } end
  if lists[a.kind] and b.kind == "text" and not a.to or a.kind == "text" and lists[b.kind] and not b.to then return 0.7, "a list and a text: t.csv", { word = "csv" } end
  return nil
end

-- What a field has less than one that can be written, where the mapping would write to it: enough for a likeness of types, not for a name.
local unwritable = 0.1

local function rank(argument, one)
  local direction = argument.direction or "both"
  local held = one.left.read_only and direction ~= "left_to_right" or one.right.read_only and direction ~= "right_to_left"
  return one.score - (held and unwritable or 0)
end

local function by_rank(a, b)
  if a.rank ~= b.rank then return a.rank > b.rank end
  if a.left.name ~= b.left.name then return a.left.name < b.left.name end
  return a.right.name < b.right.name
end

local function candidates(argument, lefts, rights)
  local list = {}
  for _, left in ipairs(lefts) do
    for _, right in ipairs(rights) do
      local near, why = names.near(left, right, argument.left.collection, argument.right.collection)
      if near and not (left.read_only and right.read_only) and not left.stamped and not right.stamped then
        local factor, more, transform, waits = fit(argument, left, right)
        local score = near * (factor or 0)
        if score >= least then
          list[#list + 1] = { left = left, right = right, score = score, reason = why .. (more and "; " .. more or ""), transform = transform, waits = waits }
        end
      end
    end
  end
  for _, one in ipairs(list) do one.rank = rank(argument, one) end
  table.sort(list, by_rank)
  return list
end

--- What a field that found no partner may belong to all the same: the nearest of `others` by name, whatever its type; nil where none is.
function M.nearest(field, others, field_collection, other_collection)
  local best, most = nil, least
  for _, other in ipairs(others) do
    local near = not field.stamped and not other.stamped and names.near(field, other, field_collection, other_collection)
    if near and near > most then best, most = other, near end
  end
  return best
end

--- The pairs, and what is left over on each side.
function M.pairs(argument, lefts, rights)
  local taken, found = { left = {}, right = {} }, {}
  for _, one in ipairs(candidates(argument, lefts, rights)) do
    if not taken.left[one.left.name] and not taken.right[one.right.name] then
      taken.left[one.left.name], taken.right[one.right.name] = true, true
      found[#found + 1] = one
    end
  end
  return found, taken
end

local natural = { email = 3, code = 4, sku = 4, barcode = 4, vat = 2 }

-- What a name says of it: 4 for "sku"; of "owner_email" the same, but only as a guess: that is another record's.
local function named(field)
  local words, most = names.words(field.name), 0
  for _, word in ipairs(words) do most = math.max(most, natural[word] or 0) end
  return most, natural[table.concat(words)] ~= nil
end

--- By which pair records of the two sides know each other at first contact: what is unique before what usually is; nil where nothing is.
--- And one that may be meant, whose name alone speaks for it; nil where there is none.
function M.identity(found)
  local best, most, guess, nearest = nil, 0, nil, 0
  for _, one in ipairs(found) do
    local kind = one.left.type.kind
    if not one.waits and not one.transform and (kind == "text" or kind == "int" or kind == "uuid") then
      local left, left_itself = named(one.left)
      local right, right_itself = named(one.right)
      local unique = (one.left.unique and 10 or 0) + (one.right.unique and 10 or 0)
      local worth, sure = unique + left + right, unique > 0 or left_itself or right_itself
      if sure and worth > most then best, most = one, worth end
      if not sure and worth > nearest then guess, nearest = one, worth end
    end
  end
  return best, guess
end

--- A type in a few words for a person.
function M.type_name(t)
  if t.kind == "enum" and t.options and #t.options > 0 and #t.options <= 6 then
    local options = {}
    for i, option in ipairs(t.options) do options[i] = tostring(option) end
    return "enum (" .. table.concat(options, ", ") .. ")"
  end
  return types.name(t)
end

M.array = json.array

return M
