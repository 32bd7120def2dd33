--- A mapping between two described collections, proposed: which fields belong together and why, what is left over, and its text.
---
--- The admin page and `tidewire schema --suggest` ask the same function, so that both propose the same.

local json = require "tidewire.json"
local text_file = require "tidewire.suggest.file"
local like = require "tidewire.suggest.like"
local match = require "tidewire.suggest.match"
local names = require "tidewire.suggest.names"
local types = require "tidewire.mapping.types"

local array = json.array

local M = {}

local function given(value)
  if value == json.null or value == "" then return nil end
  return value
end

local function has_field(describe, name)
  for _, field in ipairs(describe and given(describe.fields) or {}) do
    if field.name == name then return true end
  end
  return false
end

-- The described key; of a view, which has none, its column `id`, of which nobody says that it is one; empty where there is no such column either.
local function key_of(describe)
  local key = describe and given(describe.key) or {}
  if #key > 0 then return key end
  return (not describe or has_field(describe, "id")) and { "id" } or {}, describe ~= nil
end

-- Whether anything of a record may be written there.
local function is_written(side)
  if not side.describe then return true end
  for _, field in ipairs(given(side.describe.fields) or {}) do
    if field.read_only ~= true then return true end
  end
  return false
end

local function side_of(said)
  local side = { connection = said.connection, collection = said.collection, word = given(said.word), describe = given(said.describe), files = given(said.files) or {} }
  side.key, side.untold = key_of(side.describe)
  side.needs, side.shut = text_file.needs(side), not is_written(side)
  return side
end

local function title(side) return side.connection .. ", " .. side.collection end

local away = { left = "left_to_right", right = "right_to_left" }

-- The direction that is meant, away from a side that takes nothing; and why it is another one than was asked for, or why there is none.
local function direction_between(left, right, asked)
  local free = { left = is_written(left), right = is_written(right) }
  if not free.left and not free.right then return asked, nil, "nothing can be kept the same: neither " .. title(left) .. " nor " .. title(right) .. " can be written" end
  local shut = not free.left and "left" or not free.right and "right"
  if not shut or asked == away[shut] then return asked end
  return away[shut], ("nothing can be written to %s: the mapping goes %s"):format(title(shut == "left" and left or right), away[shut]:gsub("_", " "))
end

local function only_of(left, right, direction)
  if direction ~= "both" then return nil end
  return match.only_of(left, right)
end

local function shown_pair(one, direction)
  return { left = one.left.name, right = one.right.name, left_type = match.type_name(one.left.type), right_type = match.type_name(one.right.type),
    left_label = one.left.label, right_label = one.right.label, score = math.floor(one.score * 100 + 0.5), reason = one.reason,
    transform = one.transform, waits = one.waits and true or nil, only = only_of(one.left, one.right, direction), required = one.left.required or one.right.required or nil }
end

local function left_over(fields, taken, written)
  local list = array {}
  for _, field in ipairs(fields) do
    if not taken[field.name] then
      list[#list + 1] = { name = field.name, label = field.label, type = match.type_name(field.type), required = written and field.required or false,
        read_only = field.read_only, default = field.default, stamped = field.stamped }
    end
  end
  table.sort(list, function(a, b)
    if a.required ~= b.required then return a.required end
    return a.name < b.name
  end)
  return list
end

local function by_name(fields)
  local map = {}
  for _, field in ipairs(fields) do map[field.name] = field end
  return map
end

local function name_of(collection)
  local name = table.concat(names.words(collection), "_"):gsub("[^%w_%-]", "")
  return name ~= "" and name or "mapping"
end

-- A name that no mapping has yet.
local function suggested_name(left, right, mappings)
  local first = name_of(right.word == "table" and right.collection or left.collection)
  local taken, name, number = by_name(mappings or {}), first, 1
  while taken[name] do
    number = number + 1
    name = first .. "_" .. number
  end
  return name
end

-- Pairs that take something of a person first, as rows of a comment: references that wait for the mapping of what they refer to, choices that have nothing in common.
local function waiting_rows(found, taken, is_chosen)
  local rows = {}
  for _, one in ipairs(found) do
    local free = not is_chosen or not taken.left[one.left.name] and not taken.right[one.right.name]
    if one.waits and free then
      local row = { left = one.left.name, right = one.right.name, transform = one.transform, why = one.waits, required = one.left.required or one.right.required or nil }
      if one.waits == "mapping" then
        local left, right = one.left.references or one.left.type.to or one.left.name, one.right.references or one.right.type.to
        row.transform = { ref = name_of(right or left), list = one.lists }
        row.why = ("once a mapping of %s links what it refers to"):format(right and left .. " and " .. right or left)
      end
      rows[#rows + 1] = row
      taken.left[one.left.name], taken.right[one.right.name] = true, true
    end
  end
  return rows
end

-- What a required field without a partner most likely belongs to, though their types do not convert.
local function add_nearest(unmatched, left, right, lefts, rights, taken)
  local function free(fields, names_taken)
    local list = {}
    for _, field in ipairs(fields) do
      if not names_taken[field.name] then list[#list + 1] = field end
    end
    return list
  end
  for _, one in ipairs(unmatched) do
    local on_left = one.side == "left"
    local field = by_name(on_left and lefts or rights)[one.name]
    local others = on_left and free(rights, taken.right) or free(lefts, taken.left)
    local other = match.nearest(field, others, (on_left and left or right).collection, (on_left and right or left).collection)
    if other then one.nearest, one.types = other.name, { match.type_name(field.type), match.type_name(other.type) } end
  end
end

local function written_to(direction, side)
  return direction == "both" or direction == "left_to_right" and side == "right" or direction == "right_to_left" and side == "left"
end

-- The options of each collection that its fields in these rows need: { times = { "Seen" } }.
local function add_options(left, right, lefts, rights, rows)
  local left_by, right_by = by_name(lefts), by_name(rights)
  for _, side in ipairs { left, right } do side.options = side.needs end
  for _, row in ipairs(rows) do
    local one, other = left_by[row.left], right_by[row.right]
    local side, option = nil, nil
    if one and other and type(row.transform) ~= "string" then side, option = match.option(one, other) end
    if side then
      local named = side == "left" and left.options or right.options
      named[option] = named[option] or array {}
      table.insert(named[option], side == "left" and one.name or other.name)
    end
  end
end

-- What a person chose, with what is known of the two fields.
local function chosen_rows(picked, about, lefts, rights, found)
  local reasons = {}
  for _, one in ipairs(found) do reasons[one.left.name .. "\0" .. one.right.name] = one.reason end
  local left_by, right_by, rows, taken = by_name(lefts), by_name(rights), {}, { left = {}, right = {} }
  for i, row in ipairs(picked) do
    taken.left[row.left], taken.right[row.right] = true, true
    local left, right = left_by[row.left], right_by[row.right]
    local only = given(row.only) or left and right and only_of(left, right, about.direction) or nil
    rows[i] = { left = row.left, right = row.right, transform = given(row.transform), only = only, conflict = given(row.conflict),
      reason = reasons[row.left .. "\0" .. row.right], file = left and right and not given(row.transform) and match.copies(about, left, right) or nil }
  end
  return rows, taken
end

local function each(list, f)
  local results = {}
  for i, one in ipairs(list) do results[i] = f(one) end
  return results
end

local function required_ones(direction, left_only, right_only, constants)
  local list, set = array {}, {}
  for _, one in ipairs(constants or {}) do set[one.side .. "." .. one.field] = true end
  for _, over in ipairs { { "left", left_only }, { "right", right_only } } do
    for _, field in ipairs(over[2]) do
      if field.required and written_to(direction, over[1]) and not set[over[1] .. "." .. field.name] then list[#list + 1] = { side = over[1], name = field.name } end
    end
  end
  return list
end

-- Every field that a side has, also those that are never rows: a pattern may name them.
local function all_names(side)
  local known = {}
  for _, field in ipairs(side.describe and side.describe.fields or {}) do known[field.name] = true end
  for _, name in ipairs(side.key) do known[name] = true end
  return known
end

local function references_of(side)
  local known = {}
  for _, field in ipairs(side.describe and side.describe.fields or {}) do known[field.name] = field.references end
  return known
end

-- The text after another mapping's pattern: rows are proposed for the fields that its own leave.
local function text_like(pattern, chosen)
  local uses_t = false
  local text, why = like.text({ name = chosen.name, like = pattern, left = chosen.left, right = chosen.right, match_line = text_file.match_line(chosen.match, chosen.guess),
    names = { left = all_names(chosen.left), right = all_names(chosen.right) }, references = { left = references_of(chosen.left), right = references_of(chosen.right) },
    described = { left = types.described(chosen.left.describe), right = types.described(chosen.right.describe) } }, function(used)
    local function is_free(row) return not used.left[row.left] and not used.right[row.right] end
    local function left_of(list, side)
      local free = {}
      for _, one in ipairs(list) do if not used[one.side or side][one.name] then free[#free + 1] = one end end
      return free
    end
    local own = { name = chosen.name, left = chosen.left, right = chosen.right, rows = {}, waiting = {}, unmatched = left_of(chosen.unmatched),
      left_only = left_of(chosen.left_only, "left"), right_only = left_of(chosen.right_only, "right") }
    for _, list in ipairs { "rows", "waiting" } do
      for _, row in ipairs(chosen[list]) do if is_free(row) then table.insert(own[list], row) end end
    end
    local lines
    lines, uses_t = text_file.rows(own)
    return lines
  end)
  if not text or not uses_t or text:find "local%s+t%s*=" then return text, why end
  return "local t = require \"tidewire.transform\"\n\n" .. text
end

--- `argument`: left, right = { connection, collection, word, describe }, mappings = { { name, left, right } } whose ends also say which
--- fields they stamp (`stamps`); of a person's choice, all
--- optional: name, direction, conflict, on, match = { left, right, fold } ({}: all are new), stamp = { left, right } (the field that takes the other side's key), fields = { { left, right, transform, only } }, constants,
--- like = { name, text } (the file of another mapping, whose pattern the text follows; where it has none there is no `source`, and `no_pattern` says why).
--- Gives { name, pairs, left_only, right_only, key, match, direction, unmatched_required, warnings, source }, and `nothing`, why no mapping can be made of
--- the two as they are, where that is so: `source` is a beginning then, and does not load.
function M.propose(argument)
  local left, right = side_of(argument.left), side_of(argument.right)
  local direction, turned, nothing = direction_between(left, right, given(argument.direction) or "both")
  local mappings, picked = given(argument.mappings), given(argument.fields)
  local about = { left = left, right = right, direction = direction, mappings = mappings }
  local lefts, rights = match.fields_of(left, right, mappings), match.fields_of(right, left, mappings)
  local found, taken = match.pairs(about, lefts, rights)
  local shown, rows = array {}, {}
  for i, one in ipairs(found) do
    shown[i] = shown_pair(one, direction)
    if not one.waits then
      rows[#rows + 1] = { left = one.left.name, right = one.right.name, transform = one.transform, only = shown[i].only, reason = one.reason, file = match.copies(about, one.left, one.right) }
    end
  end
  local constants = given(argument.constants)
  if picked then rows, taken = chosen_rows(picked, about, lefts, rights, found) end
  local waiting = waiting_rows(found, taken, picked ~= nil)
  add_options(left, right, lefts, rights, rows)
  local known = given(argument.match)
  local identity, guess, unique = match.identity(found)
  local parts = match.parts_of_key(about, found)
  if parts and not unique then identity = parts[1] end
  local function match_by(one)
    return one and { left = one.left.name, right = one.right.name, fold = table.concat(names.words(one.left.name)):find "mail" ~= nil } or nil
  end
  if known == nil then known, guess = match_by(identity), match_by(guess) else guess = nil end
  local by = { known }
  for _, one in ipairs(parts or {}) do
    if known and known.left == one.left.name and known.right == one.right.name then by = each(parts, match_by) end      -- a part of a key is matched with all of it
  end
  local stamp = given(argument.stamp) or {}
  for side, name in pairs(stamp) do taken[side][name] = true end
  local left_only, right_only = left_over(lefts, taken.left, written_to(direction, "left")), left_over(rights, taken.right, written_to(direction, "right"))
  local unmatched = required_ones(direction, left_only, right_only, constants)
  add_nearest(unmatched, left, right, lefts, rights, taken)
  if not nothing and not picked and #rows == 0 then nothing = ("no field of %s has a counterpart in %s"):format(title(left), title(right)) end
  for _, side in ipairs { left, right } do
    if #side.key == 0 then nothing = ("%s has no key: give the table a primary key, or name columns of it that are unique and never null in a mapping of your own"):format(title(side)) end
  end
  local warnings = array { nothing, turned }
  if not (known and known.left) and not next(stamp) then warnings[#warnings + 1] = "nothing tells which records are the same at first contact: choose a field that is unique on both sides" end
  for _, side in ipairs { left, right } do
    for _, warning in ipairs(side.describe and given(side.describe.warnings) or {}) do warnings[#warnings + 1] = title(side) .. ": " .. warning end
  end
  local name = given(argument.name) or suggested_name(left, right, mappings)
  local chosen = { name = name, left = left, right = right, rows = rows, match = by, guess = guess, direction = direction, conflict = given(argument.conflict), on = given(argument.on),
    unmatched = unmatched, constants = constants, waiting = waiting, left_only = left_only, right_only = right_only }
  chosen.stamp = stamp
  local pattern = given(argument.like)
  local source, no_pattern
  if pattern then source, no_pattern = text_like(pattern, chosen) else source = text_file.text(chosen) end
  return {
    name = name, pairs = shown, left_only = left_only, right_only = right_only, unmatched_required = unmatched, warnings = warnings,
    key = { left = array(left.key), right = array(right.key) }, match = known or json.null, direction = direction, nothing = nothing,
    source = source, no_pattern = no_pattern,
  }
end

return M
