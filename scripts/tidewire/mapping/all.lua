--- `all { except = { "naming_series" }, rows = true }`: every field of the same name on both sides that no other row, key or
--- exception names. What that is was found out once and stays so until the file is edited: a field that goes away stops the mapping, a
--- new one is told.

local report = require "tidewire.host.report"
local flow = require "tidewire.mapping.flow"
local mark = require "tidewire.mapping.mark"
local t = require "tidewire.transform"
local types = require "tidewire.mapping.types"

local M = {}

--- The keys of `all`.
function M.options(shared)
  local known = { "except", "rows" }
  for _, key in ipairs(shared) do known[#known + 1] = key end
  return known
end

-- Another mapping of this file whose two ends are what a reference of both sides names.
local function mapping_of(c, a, b)
  if a.type.kind ~= "reference" or b.type.kind ~= "reference" then return nil end
  for _, name in ipairs(report.names(c.ends or {})) do
    local one = c.ends[name]
    local left, right = one.left, one.right
    if left and right and left.connection == c.left.connection and right.connection == c.right.connection
      and left.collection == a.type.to and right.collection == b.type.to then return name end
  end
end

-- The row of one field; nil where nothing can travel.
local function row_of(c, name, a, b, needed)
  local row = { name, name }
  if a.type.read_only and b.type.read_only then return nil end
  if a.type.read_only then row.only = "to_right" elseif b.type.read_only then row.only = "to_left" end
  if row.only and not flow.reaches(c.flow, row.only:sub(4)) then return nil end
  local through = mapping_of(c, a, b)
  if through then row[3] = t.ref(through, { optional = not (needed or a.type.required or b.type.required) or nil }) end
  return row
end

-- Rows of two child tables: known by their required columns, or by the first that both have.
local function child_row(c, name, a, b)
  local left, right = types.described(a.type), types.described(b.type)
  if not left or not right then return nil end
  local keys, fields, first = {}, {}, nil
  for _, column in ipairs(a.type.fields) do
    local own = column.name
    local x, y = left[own], right[own]
    local row = x and y and x.type.kind ~= "rows" and x.type.kind ~= "json" and x.all ~= false and row_of(c, own, x, y, true)
    if row then
      first = first or row
      if not row.only and (x.type.required or y.type.required) then keys[#keys + 1] = row else fields[#fields + 1] = row end
    end
  end
  if #keys == 0 and first then
    keys[1] = first
    for i, row in ipairs(fields) do if row == first then table.remove(fields, i) break end end
  end
  if #keys == 0 then return nil end
  return { left = name, right = name, key = keys, fields = fields, order = true }
end

local function free(c, name, a, b, except, taken)
  if except[name] or taken.left[name] or taken.right[name] or c.is_key(name) or a.all == false or b.all == false or a.part or b.part then return false end
  return not c.apart or not c.apart.left[name] and not c.apart.right[name]
end

-- Fields of both sides that one of them lets no mapping name.
local function tell_refused(c, except, at)
  for _, side in ipairs { "left", "right" } do
    local there = flow.other[side]
    local told = c.description and c.description[side] and c.description[side].refused
    for _, name in ipairs(report.names(type(told) == "table" and told or {})) do
      local both = c.described[there][name] or side == "left" and types.refused(c.description[there], name)
      if both and not except[name] then c.r:warn(at, "'%s' of %s is left out: %s", name, c.title[side], told[name]) end
    end
  end
end

-- Names that were taken when the file was saved; those that are gone are a problem, new ones are told.
local function frozen(c, found, at)
  local before = c.frozen
  c.all_names = found
  if not before then return function() return true end end
  local known, now = {}, {}
  for _, name in ipairs(before) do known[name] = true end
  for _, name in ipairs(found) do now[name] = true end
  for _, name in ipairs(before) do
    if not now[name] then
      c.r:problem(at, "'%s', which all { } took, is not on both sides any more: name it back there, or edit this file to go on without it", name)
    end
  end
  for _, name in ipairs(found) do
    if not known[name] then c.r:warn(at, "'%s' is on both sides now and is not kept the same: edit this file to take it", name) end
  end
  c.all_names = before
  return function(name) return known[name] == true end
end

--- Hands each row to `take(row, options, is_child)`.
function M.unfold(c, entry, options, inherited, taken, take)
  local at = mark.at(entry)
  for key, value in pairs(inherited) do if options[key] == nil then options[key] = value end end
  local except = {}
  for _, name in ipairs(type(entry.except) == "table" and entry.except or {}) do except[name] = true end
  local left, right = c.described.left, c.described.right
  if not left or not right then
    c.incomplete = true
    return c.r:warn(at, "all is found out once both sides can be described; no field of it is known yet")
  end
  for name in pairs(except) do
    local about = c.description or {}
    if not left[name] and not right[name] and not types.refused(about.left, name) and not types.refused(about.right, name) then
      c.r:problem(at, "except names '%s', which neither side has%s", name, report.suggest(name, report.names(left)))
    end
  end
  tell_refused(c, except, at)
  local rows, found = {}, {}
  for _, name in ipairs(report.names(left)) do
    local a, b = left[name], right[name]
    if b and free(c, name, a, b, except, taken) then
      local of_rows = a.type.kind == "rows" or b.type.kind == "rows"
      local row
      if not of_rows then row = row_of(c, name, a, b) elseif entry.rows == true and a.type.kind == b.type.kind then row = child_row(c, name, a, b) end
      if row then found[#found + 1], rows[name] = name, { row = row, child = of_rows } end
    end
  end
  local takes = frozen(c, found, at)
  for _, name in ipairs(found) do
    local one = rows[name]
    if takes(name) then take(one.row, one.child and {} or options, one.child) end
  end
end

return M
