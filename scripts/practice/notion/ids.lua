-- Identifiers: UUIDs that are taken with or without dashes and shown with them, and the short ids of properties.
local practice = require "tidewire.practice"

local M = {}

local function digits(count)
  local out = {}
  for i = 1, count do out[i] = ("%x"):format(math.floor(practice.random() * 16)) end
  return table.concat(out)
end

local function dashed(hex)
  return ("%s-%s-%s-%s-%s"):format(hex:sub(1, 8), hex:sub(9, 12), hex:sub(13, 16), hex:sub(17, 20), hex:sub(21))
end

function M.new()
  return dashed(digits(12) .. "4" .. digits(3) .. "a" .. digits(15))
end

--- With dashes and in lower case; nil where it is no UUID.
function M.read(text)
  if type(text) ~= "string" then return nil end
  local hex = text:gsub("-", ""):lower()
  if #hex ~= 32 or hex:find "%X" then return nil end
  return dashed(hex)
end

local odd = { "%3C", "%40", "%5B", "%7B" }     -- ids come URL-encoded and stay so

--- The id of a new property.
function M.property()
  return digits(2) .. odd[1 + math.floor(practice.random() * #odd)] .. digits(1)
end

return M
