--- Values as an author writes them in Lua: for files that the program proposes.

local json = require "tidewire.json"
local text = require "tidewire.text"

local M = {}

local keywords = {}
for word in ("and break do else elseif end false for function goto if in local nil not or repeat return then true until while"):gmatch "%a+" do
  keywords[word] = true
end

local escapes = { ["\\"] = "\\\\", ["\""] = "\\\"", ["\n"] = "\\n", ["\r"] = "\\r", ["\t"] = "\\t" }

--- A text in quotes.
function M.text(value)
  return "\"" .. value:gsub("[%c\\\"]", function(c) return escapes[c] or ("\\%03d"):format(c:byte()) end) .. "\""
end

--- What stands before "=" in a table.
function M.key(name)
  if type(name) == "string" and name:find "^[%a_][%w_]*$" and not keywords[name] then return name end
  return "[" .. (type(name) == "string" and M.text(name) or text.of(name)) .. "]"
end

local function names_of(value)
  local names = {}
  for name in pairs(value) do names[#names + 1] = name end
  table.sort(names, function(a, b) return tostring(a) < tostring(b) end)
  return names
end

--- One line, whatever the value: {"$secret": X} and {"$env": X} as the words that make them.
function M.value(value)
  if value == nil or value == json.null then return "null" end
  if type(value) == "string" then return M.text(value) end
  if type(value) == "boolean" then return tostring(value) end
  if type(value) == "number" then return text.of(value) end
  if type(value) ~= "table" then return "dec " .. M.text(text.of(value)) end
  for _, word in ipairs { "secret", "env" } do
    if type(value["$" .. word]) == "string" then return word .. " " .. M.text(value["$" .. word]) end
  end
  local parts = {}
  if #value > 0 or json.is_array(value) then
    for i, item in ipairs(value) do parts[i] = M.value(item) end
  else
    for i, name in ipairs(names_of(value)) do parts[i] = M.key(name) .. " = " .. M.value(value[name]) end
  end
  return #parts == 0 and "{}" or "{ " .. table.concat(parts, ", ") .. " }"
end

--- The lines between the braces of a table, one per key: those of `first` before the rest, in its order.
function M.lines(value, first)
  local order, seen = {}, {}
  for _, name in ipairs(first or {}) do
    if value[name] ~= nil then order[#order + 1], seen[name] = name, true end
  end
  for _, name in ipairs(names_of(value)) do
    if not seen[name] then order[#order + 1] = name end
  end
  local lines = {}
  for i, name in ipairs(order) do lines[i] = "  " .. M.key(name) .. " = " .. M.value(value[name]) .. "," end
  return lines
end

return M
