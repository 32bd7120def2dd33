-- Column defaults: the few PostgreSQL expressions that declarations use.
local practice = require "tidewire.practice"
local types = require "practice.supabase.types"

local M = {}

local function hex(digits)
  return ("%0" .. digits .. "x"):format(math.floor(practice.random() * 16 ^ digits))
end

local function uuid()
  return ("%s-%s-4%s-%x%s-%s%s"):format(hex(8), hex(4), hex(3), 8 + math.floor(practice.random() * 4), hex(3), hex(6), hex(6))
end

local function now(tx)
  return tx.now
end

local functions = {
  ["gen_random_uuid()"] = uuid, ["now()"] = now, ["CURRENT_TIMESTAMP"] = now, ["current_timestamp"] = now,
  ["clock_timestamp()"] = function(tx) return tx.clock() end,
  ["current_date"] = function(tx) return tx.now:sub(1, 10) end,
}

--- A function of the transaction that gives the stored default and its key; raises a text where it is not understood.
function M.compile(type, text)
  if not text or text:lower() == "null" then return function() return nil end end
  if functions[text] then return functions[text] end
  local literal = text:match("^'(.*)'") or text:match("^(%-?[%d.]+)$") or text:match("^(%a+)$")
  if not literal then error("unknown default " .. text, 0) end
  local stored, key = types.read(type, (literal:gsub("''", "'")))
  return function() return stored, key end
end

return M
