--- `fields` as a flat list of rows: same, group and all unfolded, paths found, each with its place.

local all = require "tidewire.mapping.all"
local flow = require "tidewire.mapping.flow"
local mark = require "tidewire.mapping.mark"

local M = {}

local shared_options = { "conflict", "tie", "only", "when", "null", "redact", "required", "lossy" }

local function is_path(value)
  return type(value) == "string" and value ~= "" and not value:find "^%s" and not value:find "^%." and not value:find "%.%."
    and not value:find "%.$"
end

--- A list of paths from a path or a list of them; nil and a problem otherwise.
function M.paths(c, value, side, at)
  local list = type(value) == "string" and { value } or value
  if type(list) ~= "table" or #list == 0 or mark.word(list) then
    c.r:problem(at, "the %s of a row must be a field's name or a list of names", side)
    return nil
  end
  for _, path in ipairs(list) do
    if not is_path(path) then
      c.r:problem(at, "'%s' is no field's name (names, dots for depth)", tostring(path))
      return nil
    end
  end
  return list
end

local function texts_of(row)
  local texts = {}
  for _, value in ipairs { row[1] ~= nil and row[1] or false, row[1] ~= nil and row[2] or false } do
    for _, text in ipairs(type(value) == "table" and value or { value }) do
      if type(text) == "string" then texts[#texts + 1] = text end
    end
  end
  if #texts == 0 then
    local value = row.left or row.right
    if type(value) == "table" then value = value[1] end
    if type(value) == "string" then texts[1] = value end
  end
  return texts
end

local function add(list, row, at, group, inherited)
  for key, value in pairs(inherited) do
    if row[key] == nil then row[key] = value end
  end
  list[#list + 1] = { row = row, at = at, group = group }
end

local function copy(row)
  local result = {}
  for key, value in pairs(row) do result[key] = value end
  return result
end

local function options_of(c, entry, what, known, at)
  local named, options = {}, {}
  for key, value in pairs(entry) do
    if type(key) ~= "number" then named[key] = value end
  end
  c.r:keys(named, known, what, at)
  for _, key in ipairs(shared_options) do options[key] = named[key] end
  return options
end

local function unfold_same(c, list, entry, group, inherited)
  local at = mark.at(entry)
  local options = options_of(c, entry, "same", shared_options, at)
  for key, value in pairs(inherited) do if options[key] == nil then options[key] = value end end
  for _, item in ipairs(entry) do
    if type(item) == "string" then
      add(list, { item, item }, c.r:row({ item }, c.rows_at, at), group, options)
    elseif type(item) == "table" and type(item[1]) == "string" and not mark.word(item) then
      local row = copy(item)
      row[1], row[2], row[3] = item[1], item[1], item[2]
      add(list, row, c.r:row({ item[1] }, c.rows_at, at), group, options)
    else
      c.r:problem(at, "same lists names of fields: same { \"gender\", { \"phone\", t.phone \"GB\" } }")
    end
  end
end

-- Rows that come with Tidewire, where both sides have the fields and no row of the mapping names one of them.
local function unfold_defaults(c, list, entry, group, inherited, taken)
  local left, right = c.described.left, c.described.right
  if not left or not right then
    c.incomplete = true
    return
  end
  for _, row in ipairs(entry) do
    local a, b = left[row[1]], right[row[2]]
    local only = row.only or a and b and (a.type.read_only and "to_right" or b.type.read_only and "to_left") or nil
    local flows = not only or flow.reaches(c.flow, only:sub(4))
    if a and b and flows and not taken.left[row[1]] and not taken.right[row[2]] and not (a.type.read_only and b.type.read_only) then
      local own = copy(row)
      own.only = only
      add(list, own, mark.at(entry), group, inherited)
    end
  end
end

local function taken_by(c, entries, taken)
  for _, entry in ipairs(entries) do
    local word = mark.word(entry)
    if word == "same" then
      for _, item in ipairs(entry) do
        local name = type(item) == "table" and item[1] or item
        taken.left[name], taken.right[name] = true, true
      end
    elseif word == "group" then
      taken_by(c, entry, taken)
    elseif word == "rows" then
      for _, side in ipairs { "left", "right" } do
        if type(entry[side]) == "string" then taken[side][entry[side]] = true end
      end
    elseif type(entry) == "table" and not word then
      for position, side in ipairs { "left", "right" } do
        local value = entry[side] or entry[position]
        for _, path in ipairs(type(value) == "table" and value or { value }) do
          if type(path) == "string" then taken[side][path:match "^[^.]*"] = true end
        end
      end
    end
  end
  return taken
end

local function unfold(c, list, entries, group, inherited, taken)
  for _, entry in ipairs(entries) do
    local word = mark.word(entry)
    if word == "same" then unfold_same(c, list, entry, group, inherited)
    elseif word == "all" then
      all.unfold(c, entry, options_of(c, entry, "all", all.options(shared_options), mark.at(entry)), inherited, taken, function(row, options, is_child)
        add(list, row, mark.at(entry), not is_child and group or nil, options)
        list[#list].child = is_child or nil
      end)
    elseif word == "defaults" then unfold_defaults(c, list, entry, group, inherited, taken)
    elseif word == "rows" then
      add(list, copy(entry), c.r:row(texts_of(entry), c.rows_at, mark.at(entry)), group, {})
      list[#list].child = true
    elseif word == "group" then
      if group then c.r:problem(mark.at(entry), "a group inside a group") end
      c.groups = (c.groups or 0) + 1
      local options = options_of(c, entry, "group", shared_options, mark.at(entry))
      unfold(c, list, entry, c.groups, options, taken)
    elseif type(entry) == "table" and not word then
      local texts = texts_of(entry)
      add(list, copy(entry), c.r:row(texts, c.rows_at, mark.at(entry[3]) or mark.at(entry.to_right) or mark.at(entry.to_left)),
        group, inherited)
    elseif type(entry) == "string" then
      c.r:problem(c.r:row({ entry }, c.rows_at), "'%s' alone is no row: write same { \"%s\" } or { \"%s\", \"...\" }", entry, entry, entry)
    else
      c.r:problem(mark.at(entry) or c.rows_at, "%s is no row of fields", word or type(entry))
    end
  end
end

--- The rows of `fields`: a list of { row, at, group }.
function M.list(c, fields)
  local entries = mark.word(fields) and { fields } or fields
  local list = {}
  local named = {}
  for key, value in pairs(entries) do
    if type(key) ~= "number" then named[key] = value end
  end
  if entries == fields then c.r:keys(named, {}, "fields", c.rows_at) end
  unfold(c, list, entries, nil, {}, taken_by(c, entries, { left = {}, right = {} }))
  return list
end

return M
