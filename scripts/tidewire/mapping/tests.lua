--- A mapping's `tests`: their shape is checked here; the engine runs them.

local json = require "tidewire.json"
local conflict = require "tidewire.mapping.conflict"
local report = require "tidewire.host.report"

local M = {}

local sides = { "left", "right" }
local members = { "name", "left", "right", "base", "changed", "wins", "only" }

-- A name of either side as the paths of `side`; nil where no row has it.
local function own_path(c, name, side)
  local other
  for _, field in ipairs(c.fields) do
    for _, path in ipairs(field[side]) do
      if path == name then return path end
    end
    for _, own in ipairs(sides) do
      for _, path in ipairs(own ~= side and field[own] or {}) do
        if path == name and #field[side] == 1 then other = field[side][1] end
      end
    end
    if field.name == name and #field[side] == 1 then other = field[side][1] end
  end
  return other
end

local function known_names(c)
  local names = {}
  for _, field in ipairs(c.fields) do
    for _, side in ipairs(sides) do
      for _, path in ipairs(field[side]) do names[#names + 1] = path end
    end
  end
  return names
end

local function record(c, test, side, at)
  local given = c.r:typed(test, side, "table", "a test", at)
  if not given then return nil end
  local result = {}
  for _, name in ipairs(report.names(given)) do
    local path = type(name) == "string" and (own_path(c, name, side) or c.is_key(name, side) and name)
    if path then result[path] = given[name]
    else
      c.r:problem(c.r:key(tostring(name), at), "a test names '%s', which no row has%s", tostring(name), report.suggest(name, known_names(c)))
    end
  end
  return result
end

-- A base is what both last agreed on: said once, each name counts for the sides that have it.
local function base_of(c, test, at)
  local base = c.r:typed(test, "base", "table", "a test", at)
  if not base then return nil end
  if type(base.left) == "table" or type(base.right) == "table" then
    c.r:keys(base, sides, "base", at)
    return { left = record(c, base, "left", at) or {}, right = record(c, base, "right", at) or {} }
  end
  local both = {}
  for _, side in ipairs(sides) do both[side] = record(c, { [side] = base }, side, at) or {} end
  return both
end

local function changed_of(c, test, at)
  local changed = c.r:typed(test, "changed", "table", "a test", at)
  if not changed then return nil end
  c.r:keys(changed, sides, "changed", at)
  for _, side in ipairs(sides) do c.r:typed(changed, side, "string", "changed", at) end
  return { left = changed.left, right = changed.right }
end

local function wins_of(c, test, at)
  local wins = test.wins
  if wins == nil or wins == "left" or wins == "right" or wins == "manual" then return wins end
  local side = type(wins) == "string" and conflict.side_of(c, wins)
  if side then return side end
  c.r:problem(c.r:key("wins", at), "wins of a test must be left, right, manual or a connection, not '%s'%s", tostring(wins),
    report.suggest(wins, { "left", "right", "manual", c.left.connection, c.right.connection }))
end

--- The tests as data: { name, at, left, right, base = { left, right }, changed, wins, only }.
function M.compile(c, content)
  local near = c.r:key("tests", c.at)
  local list = c.r:typed(content, "tests", "table", "the mapping", c.at) or {}
  local result = json.array {}
  for position, test in ipairs(list) do
    if type(test) ~= "table" then
      c.r:problem(near, "test %d must be a table such as { left = { ... }, right = { ... } }", position)
    else
      c.r:keys(test, members, "a test", near)
      if test.left == nil and test.right == nil then c.r:problem(near, "test %d has neither left nor right", position) end
      result[#result + 1] = { name = c.r:typed(test, "name", "string", "a test", near) or "test " .. position, at = near,
        left = record(c, test, "left", near), right = record(c, test, "right", near), base = base_of(c, test, near),
        changed = changed_of(c, test, near), wins = wins_of(c, test, near),
        only = c.r:one_of(test, "only", { "to_right", "to_left" }, "a test", near) }
    end
  end
  return result
end

return M
