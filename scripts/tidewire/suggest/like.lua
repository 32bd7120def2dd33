--- A mapping file after the pattern of another one, for other collections: `tidewire new NAME --like MAPPING`.
---
--- What the pattern says stays as its author wrote it, functions and comments too: direction, triggers, deletes, rules, what it requires.
--- Ends and keys are those of the new collections. A row stays where both have its fields, the others go, and rows are proposed for what is
--- left. Anything else that names a field which is not there is kept as a comment. The file begins as `dry_run`, so that nothing is written
--- before a person has read it.

local text_file = require "tidewire.suggest.file"
local types = require "tidewire.mapping.types"
local source = require "tidewire.suggest.source"
local write = require "tidewire.write"

local M = {}

local sides = { "left", "right" }

local function refuse(why) error({ no_pattern = why }, 0) end

-- Whether a side has a field of that name; of "meta.price" the whole or its head.
local function has(chosen, side, path)
  local names = chosen.names[side]
  return names[path] or names[path:match "^[^.]*"] or false
end

local function has_all(chosen, side, list)
  for _, path in ipairs(list or {}) do
    if not has(chosen, side, path) then return false end
  end
  return true
end

-- "erp.doctype \"Employee\"" with another connection and collection; a call keeps its options.
local function end_text(entry, end_of)
  local word, rest = entry.value:match "^[%a_][%w_]*%.([%a_][%w_]*)%s*(.*)$"
  if not word then word, rest = entry.value:match "^connection%s*%(?%s*[\"'][^\"']*[\"']%s*%)?%s*%.([%a_][%w_]*)%s*(.*)$" end
  local paren, options = (rest or ""):match "^(%(?)%s*[\"'][^\"']*[\"'](.*)$"
  if not word or not paren or paren == "" and options ~= "" then refuse(("its %s is no single collection"):format(entry.key)) end
  local name = write.text(end_of.collection)
  return ("%s%s%s%s"):format(text_file.place(end_of.connection, end_of.word or word), paren == "(" and "(" or " ", name, options)
end

local function key_text(chosen, entry)
  local _, parts = source.word(entry.value)
  local list = {}
  for _, side in ipairs(sides) do
    local key = chosen[side].key
    list[#list + 1] = side .. " = " .. (#key == 1 and write.text(key[1]) or write.value(key))
  end
  for _, part in ipairs(parts or {}) do
    if part.key ~= "left" and part.key ~= "right" then list[#list + 1] = part.code end
  end
  return "{ " .. table.concat(list, ", ") .. " }"
end

-- Rows -----------------------------------------------------------------------------------------------------------------

-- The names that a row { "a", "b", ... } or { left = ..., right = ... } has on each side; nil where they are no plain names.
local function names_of(entries)
  local names, place = {}, 0
  for _, entry in ipairs(entries) do
    local side = entry.key
    if not side then
      place = place + 1
      side = sides[place]
    end
    if side == "left" or side == "right" then
      names[side] = source.literals(entry.value)
      if not names[side] then return nil end
    end
  end
  return names
end

local function note_used(used, names)
  for _, side in ipairs(sides) do
    for _, path in ipairs(names[side] or {}) do used[side][path] = true end
  end
end

local fate      -- of a row: its text, or nil and its names

local function named(names) return (table.concat(names.left or {}, " + ") .. " > " .. table.concat(names.right or {}, " + ")):gsub("^ > ", ""):gsub(" > $", "") end

local function field(chosen, side, path) return chosen.described[side] and (chosen.described[side][path] or chosen.described[side][path:match "^[^.]*"]) end

-- Whether a row writes to a side that the pattern's direction, or its own `only`, leads to.
local function reaches(chosen, entries, side)
  local way = chosen.way
  for _, entry in ipairs(entries) do
    if entry.key == "only" then way = (source.literals(entry.value) or {})[1] end
  end
  return way == "both" or way == "to_" .. side
end

-- Whether the values of a row of two plain fields become each other here as they did there.
local function converts(chosen, entries, names)
  if #entries ~= 2 or #(names.left or {}) ~= 1 or #(names.right or {}) ~= 1 then return true end
  local left, right = field(chosen, "left", names.left[1]), field(chosen, "right", names.right[1])
  local function obstacle(from, to, side) return from and to and reaches(chosen, entries, side) and types.obstacle(from.type, to.type) end
  return not obstacle(left, right, "right") and not obstacle(right, left, "left")
end

-- The text of a row that goes both ways, for a field that only one side takes here; nil where neither does.
local function one_way(chosen, code, entries, names)
  local shut = {}
  for _, side in ipairs(sides) do
    for _, path in ipairs(reaches(chosen, entries, side) and names[side] or {}) do
      local about = field(chosen, side, path)
      shut[side] = shut[side] or about and about.type.read_only
    end
  end
  if not shut.left and not shut.right then return code end
  local both = reaches(chosen, entries, "left") and reaches(chosen, entries, "right")
  if not both or shut.left and shut.right then return nil end
  return (code:gsub(",?%s*}$", (", only = \"%s\" }"):format(shut.left and "to_right" or "to_left")))
end

-- What names the pattern itself names the new mapping, where the field refers to records of the same kind here too.
local function own_references(chosen, code, names)
  for _, side in ipairs(sides) do
    local about = names[side] and names[side][1] and field(chosen, side, names[side][1])
    if about and chosen.references[side][about.name] == chosen[side].collection then
      local function other(call, quote, name) return name == chosen.like.name and call .. write.text(chosen.name) or call .. quote .. name .. quote end
      return (code:gsub("(t%.ref%s*%(?%s*)([\"'])([^\"']*)%2", other))
    end
  end
  return code
end

local function fate_of_group(chosen, used, entry, entries)
  local inner = { left = {}, right = {} }
  for _, one in ipairs(entries) do
    if not one.key and not fate(chosen, inner, one) then return nil, "a group of " .. one.code:gsub("%s+", " ") end
  end
  for _, side in ipairs(sides) do
    for name in pairs(inner[side]) do used[side][name] = true end
  end
  return entry.code
end

local function fate_of_same(chosen, used, entries)
  local kept, gone = {}, {}
  for _, one in ipairs(entries) do
    local name = (source.literals(one.value) or {})[1]
    local both = name and has(chosen, "left", name) and has(chosen, "right", name)
    both = both and converts(chosen, { {}, {} }, { left = { name }, right = { name } }) and one_way(chosen, "", {}, { left = { name }, right = { name } })
    table.insert(both and kept or gone, both and write.text(name) or name or one.code)
    if both then note_used(used, { left = { name }, right = { name } }) end
  end
  return #kept > 0 and "same { " .. table.concat(kept, ", ") .. " }" or nil, #gone > 0 and table.concat(gone, ", ") or nil
end

fate = function(chosen, used, entry)
  local word, entries = source.word(entry.code)
  if word == "same" then return fate_of_same(chosen, used, entries) end
  if word == "all" then
    for name in pairs(chosen.names.left) do
      if chosen.names.right[name] then note_used(used, { left = { name }, right = { name } }) end
    end
    return entry.code
  end
  if word == "group" then return fate_of_group(chosen, used, entry, entries) end
  local names = (word == "" or word == "rows") and names_of(entries)
  if word == "rows" and not names then return nil, "rows { ... }" end
  if not names then return entry.code end      -- what a function makes
  for _, side in ipairs(sides) do
    if not has_all(chosen, side, names[side]) then return nil, (named(names)) end
  end
  local code = word == "" and one_way(chosen, entry.code, entries, names) or word == "rows" and entry.code
  if not code or not converts(chosen, entries, names) then return nil, (named(names)) end
  note_used(used, names)
  return own_references(chosen, code, names)
end

local function indented(lead) return (lead:gsub("^[ \t]*\n", ""):gsub("[ \t]+$", "")) end

-- The rows of the pattern that fit, then those that are proposed for the rest.
local function fields_text(chosen, entry, propose)
  local _, entries = source.word(entry.value)
  if not entries then return entry.value end
  local used, lines, gone = { left = {}, right = {} }, {}, {}
  for _, one in ipairs(entries) do
    local text, lost = fate(chosen, used, one)
    if text then lines[#lines + 1] = indented(one.lead) .. "    " .. text .. "," .. (one.note or "") end
    if lost then gone[#gone + 1] = lost end
  end
  for _, line in ipairs(propose(used)) do lines[#lines + 1] = line end
  if #gone > 0 then lines[#lines + 1] = ("    -- Of '%s', which do not fit here: %s"):format(chosen.like.name, table.concat(gone, "; ")) end
  return "{\n" .. table.concat(lines, "\n") .. "\n  }"
end

-- What else names fields --------------------------------------------------------------------------------------------------

local function keys_fit(chosen, entry)
  local _, entries = source.word(entry.value)
  for _, side in ipairs(entries or {}) do
    local _, inner = source.word(side.value)
    for _, one in ipairs(chosen.names[side.key] and inner or {}) do
      if one.key and not has(chosen, side.key, one.key) then return false end
    end
  end
  return entries ~= nil
end

-- Whether every text of a value is a field of one of the sides: it cannot be told which texts are names.
local function texts_fit(chosen, entry, pattern)
  for text in entry.value:gmatch(pattern) do
    if not has(chosen, "left", text) and not has(chosen, "right", text) then return false end
  end
  return true
end

local fits = {
  scope = keys_fit, stamp = keys_fit,
  match = function(chosen, entry) return texts_fit(chosen, entry, "[\"']([^\"']*)[\"']") end,
  check = function(chosen, entry) return texts_fit(chosen, entry, "{%s*[\"']([^\"']*)[\"']") end,
  deletes = function(chosen, entry) return texts_fit(chosen, entry, "[lr][ei][fg][th]t?%s*=%s*{%s*[\"']([^\"']*)[\"']") end,
  lifecycle = function(chosen, entry) return texts_fit(chosen, entry, "^{%s*{%s*[\"']([^\"']*)[\"']") end,
  lookup = function(chosen, entry) return texts_fit(chosen, entry, "key%s*=%s*[\"']([^\"']*)[\"']") end,
}

local function as_comment(entry, why)
  return "  -- " .. why .. "\n  -- " .. entry.code:gsub("\n", "\n  -- ") .. ","
end

local ways = { left_to_right = "to_right", to_right = "to_right", right_to_left = "to_left", to_left = "to_left" }
local spelled = { to_right = "left_to_right", to_left = "right_to_left", both = "both" }

-- The connection that an end of a pattern names.
local function connection_of(entries, side)
  for _, entry in ipairs(entries) do
    if entry.key == side then return entry.value:match "^connection%s*%(?%s*[\"']([^\"']*)" or entry.value:match "^[%a_][%w_]*" end
  end
end

-- "both", "to_right" or "to_left" of `direction = "erp_to_app"`.
local function way_of(entries)
  for _, entry in ipairs(entries) do
    local said = entry.key == "direction" and (source.literals(entry.value) or {})[1]
    if said then
      local left, right = tostring(connection_of(entries, "left")), tostring(connection_of(entries, "right"))
      return ways[said] or said == left .. "_to_" .. right and "to_right" or said == right .. "_to_" .. left and "to_left" or "both"
    end
  end
  return "both"
end

local function entry_text(chosen, entry, propose)
  local key = entry.key
  if key == "direction" and entry.value:find "_to_" then return "direction = " .. write.text(spelled[chosen.way]) end
  if key == "left" or key == "right" then return key .. " = " .. end_text(entry, chosen[key]) end
  if key == "key" then return "key = " .. key_text(chosen, entry) end
  if key == "fields" then return "fields = " .. fields_text(chosen, entry, propose) end
  if key == "name" or key == "dry_run" then return nil end
  if key == "tests" then return nil, "  -- tests = { ... },      its own records: those of '" .. chosen.like.name .. "' are of other collections" end
  if fits[key] and not fits[key](chosen, entry) then
    return nil, as_comment(entry, ("%s of '%s' names a field that is not here:"):format(key, chosen.like.name)) .. (key == "match" and chosen.match_line and "\n" .. chosen.match_line or "")
  end
  return entry.code
end

local function text_of(chosen, propose)
  local whole, why = source.mapping(chosen.like.text)
  if not whole then refuse(why) end
  chosen.way = way_of(whole.entries)
  local lines, seen = { whole.head, ("  dry_run = true,      -- after '%s': read it, `tidewire check --connect`, then take this line away"):format(chosen.like.name) }, {}
  for _, entry in ipairs(whole.entries) do
    if entry.key then seen[entry.key] = true end
    local text, comment = entry_text(chosen, entry, propose)
    local lead = indented(entry.lead)
    if text then lines[#lines + 1] = lead .. "  " .. text .. "," .. (entry.note or "") end
    if comment then lines[#lines + 1] = comment end
  end
  for _, side in ipairs(sides) do
    if not seen[side] then refuse("it has no " .. side .. " of its own") end
  end
  return table.concat(lines, "\n") .. "\n" .. whole.tail
end

--- `chosen`: { name, like = { name, text }, left, right = { connection, collection, word, key }, names = { left, right } (sets of fields),
--- described = { left, right } (tidewire.mapping.types), references = { left, right } (by field what it refers to), match_line }; `propose(used)` gives lines of rows for the fields that `used` = { left, right } (sets) has not. -> text, or nil and why
--- where the pattern's file is no single `return mapping { ... }` of two collections.
function M.text(chosen, propose)
  local fine, result = pcall(text_of, chosen, propose)
  if fine then return result end
  if type(result) == "table" and result.no_pattern then return nil, result.no_pattern end
  return error(result, 0)
end

return M
