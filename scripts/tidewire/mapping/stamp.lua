--- Fields that the program writes into the records themselves: keys of the other side, a checksum, constants.
---
--- They are never compared, so a change of one is nobody's edit; a create is found again by the key it was stamped with.

local json = require "tidewire.json"
local flow = require "tidewire.mapping.flow"
local literal = require "tidewire.mapping.literal"
local mark = require "tidewire.mapping.mark"
local report = require "tidewire.host.report"

local M = {}

local sides = { "left", "right" }
local parts = { "left_key", "right_key", "checksum" }

--- The word `link`: link.left_key, link.right_key, link.checksum.
M.link = setmetatable({}, {
  __index = function(_, name)
    for _, part in ipairs(parts) do
      if part == name then return mark.make("link", { what = part }) end
    end
    report.refuse(report.where(), ("link has no '%s'%s"):format(tostring(name), report.suggest(name, parts)))
  end,
})

local function is_plain(value) return value ~= json.null and type(value) ~= "table" and type(value) ~= "function" end

local function type_of(c, side, name, at)
  local described = c.described[side]
  if not described then return nil end
  local field = described[name]
  if not field then
    c.r:problem(at, "'%s' is no field of %s%s", name, c.title[side], report.suggest(name, report.names(described)))
    return nil
  end
  if field.type.read_only then c.r:problem(at, "'%s' is read-only in %s: a stamp has to be written", name, c.title[side]) end
  return field.type
end

-- A stamp is ours alone: neither a key nor something that a row carries.
local function check_free(c, side, name, at)
  if c.is_key(name, side) then c.r:problem(at, "'%s' is the key of %s and no stamp", name, c.title[side]) end
  for _, field in ipairs(c.fields) do
    for _, path in ipairs(field[side]) do
      if path:match "^[^.]+" == name then
        c.r:problem(at, "'%s' of %s is in a row too (%s): a stamp is never compared", name, c.title[side], field.at)
      end
    end
  end
end

local function one(c, side, name, value, at)
  if type(name) ~= "string" or name == "" or name:find(".", 1, true) then
    return c.r:problem(at, "stamp.%s names fields: stamp = { %s = { erp_id = link.left_key } }", side, side)
  end
  local stamp = { field = name, what = "constant", value = value, type = type_of(c, side, name, at), at = at }
  if mark.word(value) == "link" then
    stamp.what, stamp.value = value.what, nil
  elseif not is_plain(value) then
    return c.r:problem(at, "a stamp is link.left_key, link.right_key, link.checksum or a plain value%s",
      mark.word(value) == "now" and "; now would differ with every write" or "")
  end
  if stamp.what == "constant" then literal.check(c, at, "stamp", value, stamp.type, name, c.title[side]) end
  check_free(c, side, name, at)
  return stamp
end

--- Per side a list of { field, what, value, type, at }; `c.fields` are compiled.
function M.compile(c, content)
  local near = c.r:key("stamp", c.at)
  local said = c.r:typed(content, "stamp", "table", "the mapping", c.at) or {}
  c.r:keys(said, sides, "stamp", near)
  local result = {}
  for _, side in ipairs(sides) do
    result[side] = json.array {}
    local own = c.r:typed(said, side, "table", "stamp", near) or {}
    for _, name in ipairs(report.names(own)) do
      local stamp = one(c, side, name, own[name], c.r:key(tostring(name), near))
      if stamp then result[side][#result[side] + 1] = stamp end
    end
  end
  return result
end

--- True where a record of `side` carries the key of its counterpart.
function M.marks(stamps, side)
  for _, stamp in ipairs(stamps[side]) do
    if stamp.what == flow.other[side] .. "_key" then return true end
  end
  return false
end

return M
