--- Conversions of lists: one text with commas, one line for each, a set.

local cut = require "tidewire.cut"
local json = require "tidewire.json"
local text = require "tidewire.text"
local outcome = require "tidewire.mapping.outcome"
local pairs_of = require "tidewire.transform.pair"
local values = require "tidewire.mapping.values"

local M = {}

-- The texts of a list; nil, and what is wrong, where it holds anything else.
local function texts_of(value)
  if not values.is_list(value) then return nil, outcome.dead(("'%s' is no list"):format(values.shown(value))) end
  local texts = {}
  for i, element in ipairs(value) do
    texts[i] = values.text(element)
    if not texts[i] then return nil, outcome.dead(("element %d is %s, which is no text"):format(i, values.shown(element))) end
  end
  return texts
end

-- Texts join, `to_list` parts; the list is on the left unless only the right is described as one. Lossy: one list has many
-- spellings as a text, and its numbers come back as texts where its elements are not described.
local function list_and_text(name, to_text, to_list)
  local lists = { list = true, set = true }
  return pairs_of.make(name, {
    lossy = true,
    bind = function(context)
      local left, right = context.left_type, context.right_type
      if right and lists[right.kind] and not (left and lists[left.kind]) then
        return { to_right = to_list, to_left = to_text, right_type = { kind = right.kind } }
      end
      return { to_right = to_text, to_left = to_list, left_type = { kind = left and lists[left.kind] and left.kind or "list" } }
    end,
  })
end

local function quoted(element, separator)
  local bare = element ~= "" and not element:find(separator, 1, true) and not element:find "[\"\r\n]" and text.trim(element) == element
  return bare and element or '"' .. element:gsub('"', '""') .. '"'
end

local function to_csv(separator)
  return function(value)
    if values.empty(value) then return nil end
    local texts, wrong = texts_of(value)
    if not texts then return wrong end
    for i, element in ipairs(texts) do texts[i] = quoted(element, separator) end
    if #texts == 0 then return json.null end
    return table.concat(texts, separator .. " ")
  end
end

-- One element from `at` on: its text and the place behind it; nil, and why, where a quotation does not end as it should.
local function element_at(line, at, separator)
  local from = line:find("[^ \t]", at) or #line + 1
  if line:sub(from, from) ~= '"' then
    local stop = line:find(separator, at, true) or #line + 1
    return text.trim(line:sub(at, stop - 1)), stop
  end
  local parts, place = {}, from + 1
  repeat
    local close = line:find('"', place, true)
    if not close then return nil, "has no end" end
    parts[#parts + 1] = line:sub(place, close - 1)
    place = close + 2
  until line:sub(close + 1, close + 1) ~= '"'
  local stop = line:find(separator, place - 1, true) or #line + 1
  if line:sub(place - 1, stop - 1):find "[^ \t]" then return nil, "goes on behind its end" end
  return table.concat(parts, '"'), stop
end

local function from_csv(separator)
  return function(value)
    if value == nil then return nil end
    local line, list, at = values.text(value), json.array {}, 1
    if not line then return outcome.dead(("'%s' is no text"):format(values.shown(value))) end
    if text.trim(line) == "" then return list end
    repeat
      local element, stop = element_at(line, at, separator)
      if not element then return outcome.dead(("a quotation in '%s' %s"):format(cut.text(line, 80), stop)) end
      list[#list + 1] = element
      at = stop + #separator
    until stop > #line
    return list
  end
end

local function csv(separator) return list_and_text("t.csv", to_csv(separator), from_csv(separator)) end

--- A list <-> one text: "red, green"; an element with a comma stands in quotation marks. t.csv ";" for another mark.
M.csv = pairs_of.bare("t.csv", csv ",", function(separator)
  if type(separator) ~= "string" or not separator:find "^[^\"%s]$" then error("t.csv takes one mark: t.csv \";\"", 2) end
  return csv(separator)
end)

local function to_lines(value)
  if values.empty(value) then return nil end
  local texts, wrong = texts_of(value)
  if not texts then return wrong end
  for _, element in ipairs(texts) do
    if element == "" or element:find "[\r\n]" then return outcome.dead "an element is empty or has lines of its own" end
  end
  if #texts == 0 then return json.null end
  return table.concat(texts, "\n")
end

local function from_lines(value)
  if value == nil then return nil end
  local list, whole = json.array {}, values.text(value)
  if not whole then return outcome.dead(("'%s' is no text"):format(values.shown(value))) end
  for line in whole:gmatch "[^\r\n]+" do list[#list + 1] = line end
  return list
end

--- A list <-> a text with a line for each element.
M.lines = pairs_of.bare("t.lines", list_and_text("t.lines", to_lines, from_lines))

local function to_set(value)
  if values.empty(value) then return nil end
  local texts, wrong = texts_of(value)
  if not texts then return wrong end
  local elements, set, last = {}, json.array {}, nil
  for i, element in ipairs(value) do elements[i] = { kind = type(element), text = texts[i], value = element } end
  table.sort(elements, function(a, b)
    if a.text ~= b.text then return a.text < b.text end
    return a.kind < b.kind
  end)
  for _, one in ipairs(elements) do
    if not last or last.text ~= one.text or last.kind ~= one.kind then set[#set + 1] = one.value end
    last = one
  end
  return set
end

--- A list whose order means nothing: each element once.
M.set = pairs_of.bare("t.set", { to_right = to_set, to_left = to_set, lossy = true, left_type = { kind = "set" }, right_type = { kind = "set" } })

return M
