-- What a select list says: columns, json paths, casts, and the tables embedded in brackets. Syntax only, as in query.lua.
--
-- An item is { column, path, alias, cast } or, for an embedded table, { embed = true, column = "its name", alias,
-- hint, inner, spread, select = items }.
local errors = require "practice.supabase.errors"

local M = {}

--- A name at `at`, quoted or up to one of `stops`: the name, and the position behind it.
function M.name_at(text, at, stops)
  if text:sub(at, at) == '"' then
    local stop = text:find('"', at + 1, true)
    if stop then return text:sub(at + 1, stop - 1), stop + 1 end
  end
  local stop = text:find(stops, at) or #text + 1
  local dash = text:find("->", at, true)
  if dash and dash < stop then stop = dash end
  return text:sub(at, stop - 1), stop
end

--- "doc->a->>b" at `at`: {column, path}, position behind it.
function M.field_at(text, at, stops)
  local column, path, arrow
  column, at = M.name_at(text, at, stops)
  while text:sub(at, at + 1) == "->" do
    arrow = text:sub(at, at + 2) == "->>" and "->>" or "->"
    path = path or {}
    path[#path + 1] = { arrow = arrow }
    path[#path].key, at = M.name_at(text, at + #arrow, stops)
  end
  return { column = column, path = path }, at
end

local function unexpected(text, at)
  return at > #text and "end of input" or ('"%s"'):format(text:sub(at, at))
end

local function refuse(text, at, expecting)
  error(errors.bad_syntax("select parameter", text, at, unexpected(text, at), expecting))
end

local behind_a_name = 'letter, digit, "-", "->>", "->", "::", ".", ")", "," or end of input'
local stops = "[,:()!]"

local function trimmed(name)
  return (name:match("^%s*(.-)%s*$"))
end

local function name_of(text, at)
  at = text:match("^%s*()", at)
  local field
  field, at = M.field_at(text, at, stops)
  field.column = trimmed(field.column)
  return field, at
end

-- The first "!inner" or "!left" is the join, any other word the hint which relationship is meant.
local function join_words(item, text, at)
  while text:sub(at, at) == "!" do
    local word, stop = text:match("^([%w_]+)()", at + 1)
    if not word then error(errors.bad_syntax("select parameter", text, at, "'!'", behind_a_name)) end
    if word ~= "inner" and word ~= "left" then item.hint = item.hint or word
    elseif item.inner == nil then item.inner = word == "inner" end
    at = stop
  end
  return at
end

local forest_at

local function embed_at(item, text, at)
  local from = at
  at = join_words(item, text, at)
  if text:sub(at, at) ~= "(" then
    if item.spread then refuse(text, at, 'letter, digit, "-", "!" or "("') end
    error(errors.bad_syntax("select parameter", text, from, "'!'", behind_a_name))
  end
  if item.path then error(errors.bad_syntax("select parameter", text, at, "'('", behind_a_name:gsub("^letter, digit, ", ""))) end
  item.embed = true
  item.select, at = forest_at(text, at + 1, true)
  return item, at
end

local function spread_at(text, at)
  local field
  field, at = name_of(text, at)
  if field.column == "" then refuse(text, at, "field name (* or [a..z0..9_$])") end
  return embed_at({ column = field.column, spread = true }, text, at)
end

local aggregate = { count = true, sum = true, avg = true, min = true, max = true }

local function item_at(text, at, nested)
  if text:sub(at, at + 2) == "..." then return spread_at(text, at + 3) end
  local item, start = {}, at
  local field
  field, at = name_of(text, at)
  if text:sub(at, at) == ":" and text:sub(at, at + 1) ~= "::" then
    item.alias = field.column
    field, at = name_of(text, at + 1)
  end
  item.column, item.path = field.column, field.path
  if item.column == "" then
    refuse(text, start, '"...", field name (* or [a..z0..9_$]), "*"' .. (nested and ', "count()" or ")"' or ' or "count()"'))
  end
  if text:sub(at, at + 1) == "()" and aggregate[item.column:match("%a*$")] then
    error(errors.pgrst("123", 400, "Use of aggregate functions is not allowed"))
  end
  if text:find("^[(!]", at) then return embed_at(item, text, at) end
  if text:sub(at, at + 1) == "::" then
    local stop = text:find("[,)]", at) or #text + 1
    item.cast = text:sub(at + 2, stop - 1)
    at = stop
  end
  return item, at
end

-- The items up to the closing bracket, or, outside of brackets, up to what is no item: PostgREST reads no further.
function forest_at(text, at, nested)
  local items = {}
  if nested and text:sub(at, at) == ")" then return items, at + 1 end
  while true do
    items[#items + 1], at = item_at(text, at, nested)
    local char = text:sub(at, at)
    if nested and char == ")" then return items, at + 1 end
    if char ~= "," then
      if nested then refuse(text, at, '"," or ")"') end
      return items, at
    end
    at = at + 1
  end
end

--- The items of a select list. Raises PGRST100.
function M.parse(text)
  return (forest_at(text:gsub("%s+$", ""), 1, false))
end

return M
