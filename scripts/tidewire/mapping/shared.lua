--- `use = "erpnext_pair"`: the rest of a mapping from mappings/shared/erpnext_pair.lua.

local mark = require "tidewire.mapping.mark"
local report = require "tidewire.host.report"
local settings = require "tidewire.host.settings"

local M = {}

-- Lists of which a mapping has its own besides the shared ones.
local appended = { fields = true, check = true, tests = true }

local function load(r, name, at)
  if type(name) ~= "string" or not name:find "^[%w_]+$" then
    r:problem(at, "use names a file of mappings/shared: use = \"erpnext_pair\"")
    return {}
  end
  local module = "mappings.shared." .. name
  local ok, result = pcall(require, module)
  if ok and type(result) == "table" then return result end
  local message = type(result) == "table" and result.message or tostring(result)
  if ok then r:problem(at, "mappings/shared/%s.lua must return a table", name)
  elseif message:find("there is no module '" .. module .. "'", 1, true) then
    r:problem(at, "use = \"%s\": there is no mappings/shared/%s.lua", name, name)
  else r:problem(at, "%s", message) end
  return {}
end

local function row_name(row)
  if type(row) ~= "table" or mark.word(row) then return nil end
  local left, right = row.left or row[1], row.right or row[2]
  if type(left) == "string" and type(right) == "string" then return left .. ">" .. right end
end

local function appended_list(under, over)
  if mark.word(under) then under = { under } end
  if mark.word(over) then over = { over } end
  local own, result = {}, {}
  for _, row in ipairs(over) do
    if row_name(row) then own[row_name(row)] = true end
  end
  for _, row in ipairs(under) do
    if not own[row_name(row) or false] then result[#result + 1] = row end
  end
  for _, row in ipairs(over) do result[#result + 1] = row end
  return result
end

local function is_whole(value) return mark.word(value) ~= nil end

local function laid(under, over)
  local result = {}
  for key, value in pairs(under) do result[key] = value end
  for key, value in pairs(over) do
    local before = result[key]
    if appended[key] and type(before) == "table" and type(value) == "table" then result[key] = appended_list(before, value)
    elseif before ~= nil then result[key] = settings.laid(before, value, is_whole)
    else result[key] = value end
  end
  return result
end

--- A copy of `content` with what it uses under it. Rows of its own replace shared rows of the same two fields.
function M.complete(r, content, at)
  local use = content.use
  local names = type(use) == "table" and use or { use }
  local under = {}
  for _, name in ipairs(names) do under = laid(under, load(r, name, r:key("use", at))) end
  if under.use ~= nil then r:problem(r:key("use", at), "a shared mapping uses another one: name both in use = { ... }") end
  for _, key in ipairs { "name", "use" } do under[key] = nil end
  return laid(under, content)
end

M.names = report.names

return M
