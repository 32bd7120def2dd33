--- Which fields of two collections belong together: by what they are called, and by whether their values convert.
---
--- Pairs are taken best first, so that an exact name is never lost to a likeness; of fields that are as near, one that can be written
--- goes before one that is computed. What is the system's own (a key that it makes, the times it
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

-- A key that the system makes itself. One that who makes a record has to say (a code, a number of the company's) is a value as any other.
local function is_own_key(side, name, t, default)
  for _, key in ipairs(side.key) do
    if key == name then return not t.required or t.read_only == true or default ~= nil end
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

-- "Birthday.start" of a described "Birthday": a part of what is a row as a whole. Values of JSON have no other fields than their parts.
local function is_part(described, name)
  local head = name:match "^(.+)%.[^.]*$"
  return head ~= nil and described[head] ~= nil and described[head].type.kind ~= "json"
end

-- What a system keeps of a record itself: its time, its version, what `needs` of the side makes one.
local function is_kept(side, field)
  return own[field.name] or field.kept == true or side.needs and (side.needs.modified == field.name or side.needs.version == field.name)
end

--- The fields of a described side that may be copied; `type` as the language knows it. `stamped` where this program writes it, as its
--- `mappings` say or its name does; `other` is the other side.
function M.fields_of(side, other, mappings)
  local described, list = types.described(side.describe) or {}, {}
  local stamps, others = stamps_of(side, mappings), plain_names(other)
  for _, field in ipairs(side.describe and side.describe.fields or {}) do
    local about = described[field.name]
    if about and not is_kept(side, field) and not is_own_key(side, field.name, about.type, about.default) and not is_part(described, field.name) then
      local words = names.words(field.name)
      list[#list + 1] = { name = field.name, label = about.label, type = about.type, required = about.type.required and about.default == nil or false,
        read_only = about.type.read_only or field.drafted == "from", unique = about.type.unique or false, references = field.references, default = about.default, file = field.file or nil,
        marked = type(field.marked) == "table" and field.marked or {},
        alone = field.drafted == false, stamped = stamps[field.name] or is_mark(words) or is_foreign_key(words, other, others) or nil }
    end
  end
  return list
end

local function folded(option) return table.concat(names.words(tostring(option))) end

local function options_of(t)
  local list = {}
  for _, option in ipairs(t.options or {}) do
    if option ~= "" then list[#list + 1] = option end
  end
  return list
end

-- Each option of one with that of the other which is spelled alike, none of them twice: { { "Active", "active" } }, whether all are the same, and those
-- without another.
local function paired_options(left, right)
  local lefts, rights = options_of(left), options_of(right)
  local found, taken, same, count = {}, {}, true, 0
  for _, spelled in ipairs { tostring, folded } do
    for _, option in ipairs(lefts) do
      for _, other in ipairs(found[option] == nil and rights or {}) do
        if not taken[other] and spelled(option) ~= "" and spelled(option) == spelled(other) then
          found[option], taken[other], count, same = other, true, count + 1, same and option == other
          break
        end
      end
    end
  end
  local alone = {}
  for _, option in ipairs(lefts) do
    if found[option] == nil then alone[#alone + 1] = tostring(option) end
  end
  for _, other in ipairs(rights) do
    if not taken[other] then alone[#alone + 1] = tostring(other) end
  end
  return found, count, same, alone
end

-- What two choices have to do with each other: a factor, what is to be said, the table of t.enum, and what a person has to say first.
local function choices(left, right)
  local found, count, same, alone = paired_options(left, right)
  if #options_of(left) == 0 or #options_of(right) == 0 then return 1 end
  if count == 0 then
    local one, other = options_of(left)[1], options_of(right)[1]
    return 0.7, "they have no option in common", { enum = { [one] = other } }, "their options differ: say which is which"
  end
  local without = #alone > 0 and "without another: " .. table.concat(alone, ", ") or nil
  if same then return 1, without end
  return 1, "its options are spelled differently" .. (without and ", " .. without or ""), { enum = found }
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

--- True where two fields name files that both connectors can copy; nil otherwise.
function M.copies(about, left, right)
  local able = about.left.files.download and about.left.files.upload and about.right.files.download and about.right.files.upload
  local function held(one) return one.file == true or one.file == "one" end
  local copied = (held(left) or held(right)) and (held(left) or left.file == "content") and (held(right) or right.file == "content")  -- bytes go to another field of bytes as they are
  return able and copied or nil
end

-- What a field refers to: a collection, or nil.
local function target(one) return one.references or one.type.to end

-- A system's own number of a record, which means nothing elsewhere; a key that is a text may.
local function is_number(t) return t.kind == "reference" and t.empty == nil end

local keys = { int = true, uuid = true, reference = true }

-- How a field that refers to a record gets along with one that does too, or may; nil where this is no such pair.
local function fit_references(about, left, right, option)
  local many = lists[left.type.kind] or false
  local known = target(right) ~= nil
  if many ~= (lists[right.type.kind] or false) and option ~= "single" then return nil end
  local itself = target(left) == about.left.collection and (known and target(right) == about.right.collection or not known and keys[right.type.kind])
  local lists_of = many and option ~= "single" or nil
  if itself then return 1, "refers to records of the same mapping", { self = true, list = lists_of } end
  local mapping = linking(about, left, right)
  if mapping then return 1, "translated by the links of " .. mapping .. (option and "; " .. because[option] or ""), { ref = mapping, list = lists_of } end
  if known or keys[right.type.kind] then return 0.7, "refers to " .. tostring(target(left)) .. ": map that first, then t.ref translates it", nil, "mapping" end
  return nil
end

--- Which way alone a pair can go where one of its fields takes nothing: "to_right", "to_left" or nil.
function M.only_of(left, right) return left.read_only and "to_right" or right.read_only and "to_left" or nil end

-- Which way alone a pair goes, by its mapping's direction or by its fields.
local function way_of(about, left, right)
  local direction = about.direction or "both"
  if direction ~= "both" then return direction == "left_to_right" and "to_right" or "to_left" end
  return M.only_of(left, right)
end

local bytes = { binary = true }

-- How the types of two fields that refer to nothing get along.
local function fit_types(about, left, right)
  local a, b = left.type, right.type
  if bytes[a.kind] ~= bytes[b.kind] then return nil end
  if a.kind == "enum" and b.kind == "enum" then return choices(a, b) end
  if names.opposed(left, right) then return 1, nil, { word = "invert" } end
  local only = way_of(about, left, right)
  local there = only ~= "to_left" and types.obstacle(a, b) or nil
  local back = only ~= "to_right" and types.obstacle(b, a) or nil
  if there == nil and back == nil then
    return a.kind == b.kind and 1 or 0.93, a.kind ~= b.kind and (a.kind .. " and " .. b.kind .. " convert") or nil
  end
  if (a.kind == "date" and b.kind == "datetime") or (a.kind == "datetime" and b.kind == "date") then return 0.85, "a date and a time: t.date", { word = "date" } end
  if lists[a.kind] and b.kind == "text" or a.kind == "text" and lists[b.kind] then return 0.7, "a list and a text: t.csv", { word = "csv" } end
  return nil
end

-- The name of the record that a number means, where the other side has a text: the file's author knows by which field.
local function fit_name(about, left, right)
  local number, other, side = left, right, about.left
  if not is_number(left.type) then number, other, side = right, left, about.right end
  if not is_number(number.type) or other.type.kind ~= "text" or not target(number) or not side.word then return nil end
  return 0.7, "the id of a record of " .. target(number) .. " and a text",
    { find = { connection = side.connection, word = side.word, collection = target(number), key = side.key[1] or "id" } }, "a text for an id: t.find goes by the name of the record that it means"
end

-- How two types get along: a factor, what else is to be said, the transform that it takes, and what a person has to say or do first; nil where they do not.
local function fit(about, left, right)
  local a, b = left.type, right.type
  if M.copies(about, left, right) then return 1, "files" end
  if (left.file == "one" or right.file == "one") and a.kind ~= b.kind then return nil end
  local _, option = M.option(left, right)
  if option == "times" then return 1, because.times end
  local left_refers, right_refers = target(left) ~= nil or a.kind == "reference", target(right) ~= nil or b.kind == "reference"
  if left_refers then
    local factor, more, transform, waits = fit_references(about, left, right, option)
    if factor then return factor, more, transform, waits end
  end
  if is_number(a) or is_number(b) then return fit_name(about, left, right) end
  if lists[a.kind] and left_refers or lists[b.kind] and right_refers then return nil end
  if right.references ~= nil and not left_refers then return nil end
  return fit_types(about, left, right)
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

-- Whether the mapping may write at least one of the two.
local function is_open(about, left, right)
  local direction = about.direction or "both"
  if direction == "left_to_right" then return not right.read_only end
  if direction == "right_to_left" then return not left.read_only end
  return not (left.read_only and right.read_only)
end

local function may_pair(field) return not field.stamped and not field.alone end

local function candidates(about, lefts, rights)
  local list = {}
  for _, left in ipairs(lefts) do
    for _, right in ipairs(rights) do
      local near, why
      if is_open(about, left, right) and may_pair(left) and may_pair(right) then
        near, why = names.near(left, right, about.left.collection, about.right.collection)
      end
      if near then
        local factor, more, transform, waits = fit(about, left, right)
        local score = near * (factor or 0)
        if score >= least then
          list[#list + 1] = { left = left, right = right, score = score, reason = why .. (more and "; " .. more or ""), transform = transform, waits = waits,
            lists = waits == "mapping" and lists[left.type.kind] and lists[right.type.kind] or nil }
        end
      end
    end
  end
  for _, one in ipairs(list) do one.rank = rank(about, one) end
  table.sort(list, by_rank)
  return list
end

--- What a field that found no partner may belong to all the same: the nearest of `others` by name, whatever its type; nil where none is.
function M.nearest(field, others, field_collection, other_collection)
  local best, most = nil, least
  for _, other in ipairs(others) do
    local near = may_pair(field) and may_pair(other) and names.near(field, other, field_collection, other_collection)
    if near and near > most then best, most = other, near end
  end
  return best
end

-- Whether a path, what it lies in or a part of it is a row already: no two rows write one field.
local function is_taken(taken, name)
  for other in pairs(taken) do
    if (name .. "."):sub(1, #other + 1) == other .. "." or (other .. "."):sub(1, #name + 1) == name .. "." then return true end
  end
  return false
end

--- The pairs, and what is left over on each side.
function M.pairs(argument, lefts, rights)
  local taken, found = { left = {}, right = {} }, {}
  for _, one in ipairs(candidates(argument, lefts, rights)) do
    if not is_taken(taken.left, one.left.name) and not is_taken(taken.right, one.right.name) then
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

local plainly = { text = 2, int = 1, uuid = 1, date = 0.5, datetime = 0.5, enum = 0.2 }

-- What a pair is worth as a guess: an e-mail before a name, a name before any other text, and anything before nothing.
local function guess_worth(one)
  if one.transform and not one.transform.enum then return 0.05 end
  return (plainly[one.left.type.kind] or 0.1) + (names.is_name(one.left) and names.is_name(one.right) and 1.5 or 0) + one.score / 10
end

--- The pairs of all parts of a side's key, where its records know each other by those together; nil where there are none.
function M.parts_of_key(about, found)
  for _, side in ipairs { "left", "right" } do
    local parts, by_name = {}, {}
    for _, one in ipairs(found) do by_name[one[side].name] = not one.waits and not one.transform and one or nil end
    for i, name in ipairs(about[side].key) do parts[i] = by_name[name] end
    if #parts > 1 and #parts == #about[side].key then return parts end
  end
end

-- Whose e-mail or code a field is, where its name says that it is another record's: { "owner", "email" }.
local others = {}
for word in ("owner author manager parent user creator created assigned assignee supervisor boss reporter approver"):gmatch "%S+" do others[word] = true end

local function is_of_another(field)
  for _, word in ipairs(names.words(field.name)) do
    if others[word] then return true end
  end
  return false
end

--- By which pair records of the two sides know each other at first contact: what is unique before what usually is; nil where nothing is.
--- And one that may be meant, for nothing tells that it is unique; nil where there is no row at all. And whether the first is described as unique.
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
      local likely = worth > 0 and not sure and (is_of_another(one.left) and is_of_another(one.right) and 3 or worth + 10) or 0      -- 3: after a name
      if likely > nearest then guess, nearest = one, likely end
    end
    local worth = one.waits and 0 or guess_worth(one)
    if worth > nearest then guess, nearest = one, worth end
  end
  return best, guess, most >= 10
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
