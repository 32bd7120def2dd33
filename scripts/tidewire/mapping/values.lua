--- Values as functions see them: null is nil, records refuse names they do not have, numbers compare exactly.

local cut = require "tidewire.cut"
local decimal = require "tidewire.decimal"
local json = require "tidewire.json"
local report = require "tidewire.host.report"
local text_of = require("tidewire.text").of

local M = {}

local null = json.null
local dec = decimal.dec

--- nil for null.
function M.given(value)
  if value == null then return nil end
  return value
end

--- True for nil, null and "".
function M.empty(value) return value == nil or value == null or value == "" end

--- The text of a text, a number or a boolean; nil for nothing and for what has parts.
function M.text(value)
  if type(value) == "string" then return value end
  if value == nil or value == null or type(value) == "table" then return nil end
  return text_of(value)
end

--- A value as a message shows it: a text or a number as it is, all else as JSON, not too long.
function M.shown(value)
  return M.text(value) or value == nil and "nothing" or cut.text(json.encode(value), 80)
end

--- True for a list, an empty one too; not for a table with names.
function M.is_list(value) return type(value) == "table" and (next(value) == nil or #value > 0) end

local number_kinds = { int = true, decimal = true, float = true }

--- The exact number of a value, or nil: numbers and decs always, texts where the field's type is a number.
function M.number(value, kind)
  if value == nil or value == null then return nil end
  local t = type(value)
  if t == "number" then return dec(value) end
  if t == "userdata" then return value end
  if t ~= "string" or not number_kinds[kind] then return nil end
  if not value:find "^%s*[+-]?%d+%s*$" and not value:find "^%s*[+-]?%d+%.%d+%s*$" then return nil end
  return dec((value:gsub("[%s+]", "")))
end

--- A plain Lua number where it is whole and small, else the dec.
function M.plain(number)
  local text = number:text()
  local whole = text:match "^(-?%d+)%.?0*$"
  if whole and #whole <= 15 then return tonumber(whole) end
  return number
end

--- -1, 0, 1, or nil where the two cannot be compared.
function M.compare(a, b, kind)
  local x, y = M.number(a, kind), M.number(b, kind)
  if x and y then return x == y and 0 or x < y and -1 or 1 end
  if type(a) == "string" and type(b) == "string" then return a == b and 0 or a < b and -1 or 1 end
  if type(a) == "boolean" and type(b) == "boolean" then return a == b and 0 or b and -1 or 1 end
  return nil
end

--- True where two values are the same data.
function M.same(a, b)
  if a == b then return true end
  if type(a) ~= type(b) or type(a) ~= "table" then
    local x, y = M.number(a), M.number(b)
    return x ~= nil and y ~= nil and x == y
  end
  for key, value in pairs(a) do
    if not M.same(value, b[key]) then return false end
  end
  for key in pairs(b) do
    if a[key] == nil then return false end
  end
  return true
end

--- Walks "meta.price" through tables; nil on the way is nil.
function M.at(value, path)
  for part in path:gmatch "[^.]+" do
    if type(value) ~= "table" then return nil end
    value = value[part]
    if value == null then return nil end
  end
  return value
end

--- A metatable that reads declared names that are absent as nil and refuses any other. `declared` is a set of paths.
function M.strict(declared, what)
  local heads = {}
  for path in pairs(declared) do
    heads[path] = true
    heads[path:match "^[^.]+"] = true
  end
  local names = report.names(heads)
  local known = table.concat(names, ", ")
  return {
    __index = function(record, name)
      if type(name) == "string" then
        if declared[name] and name:find(".", 1, true) then
          local head, rest = name:match "^([^.]+)%.(.+)$"
          return M.at(rawget(record, head), rest)
        end
        if heads[name] then return nil end
      end
      local hint = report.suggest(name, names)
      if hint == "" then hint = known == "" and " (it has no fields)" or " (it has " .. known .. ")" end
      error(("%s has no field '%s' here%s"):format(what, tostring(name), hint), 2)
    end,
  }
end

--- Makes a table that came from outside strict, nulls gone.
function M.guarded(record, strict)
  if type(record) ~= "table" then record = {} end
  for name, value in pairs(record) do
    if value == null then record[name] = nil end
  end
  return setmetatable(record, strict)
end

return M
