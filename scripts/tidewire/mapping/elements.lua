--- Lists, sets and texts of lines as elements that can be counted and compared.

local json = require "tidewire.json"

local M = {}

local null = json.null

--- A table that is a list: marked, or with elements from 1 on.
function M.is_list(value) return type(value) == "table" and (json.is_array(value) or #value > 0) end

--- The elements of a list, or the lines of a text; nil is none. nil for what has no elements.
function M.of(value)
  if value == nil or value == null or value == "" then return {} end
  if type(value) == "table" then
    if M.is_list(value) or next(value) == nil then return value end
    return nil
  end
  if type(value) ~= "string" then return nil end
  local lines = {}
  for line in (value:gsub("\r\n", "\n") .. "\n"):gmatch "([^\n]*)\n" do lines[#lines + 1] = line end
  if lines[#lines] == "" then lines[#lines] = nil end
  return lines
end

--- What tells one element from another.
function M.name(element)
  if type(element) == "string" then return element end
  return "\0" .. json.encode(element)
end

--- How often each element stands there, by name.
function M.counts(list)
  local counts = {}
  for _, element in ipairs(list) do
    local name = M.name(element)
    counts[name] = (counts[name] or 0) + 1
  end
  return counts
end

--- Elements in the form of the first of the given values that is something: a list, or a text of lines.
function M.like(elements, ...)
  for i = 1, 2 do
    local value = (select(i, ...))
    if type(value) == "string" and value ~= "" then
      return table.concat(elements, "\n") .. (value:find "\n$" and "\n" or "")
    end
    if type(value) == "table" then break end
  end
  return json.array(elements)
end

return M
