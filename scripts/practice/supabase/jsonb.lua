-- jsonb: the normal form that PostgreSQL stores and shows, and containment.
local errors = require "practice.supabase.errors"
local json = require "practice.supabase.json"
local numbers = require "practice.supabase.numbers"

local M = {}

local function by_length(a, b)
  if #a ~= #b then return #a < #b end
  return a < b
end

local function text_of(raw)
  local text = json.text(raw)
  if not text then
    error(errors.pg("22P05", "unsupported Unicode escape sequence", "\\u0000 cannot be converted to text."))
  end
  return text
end

local function object_text(raw)
  local values, keys = json.object(raw)
  table.sort(keys, by_length)
  for i, key in ipairs(keys) do keys[i] = json.quote(key) .. ": " .. M.text(values[key]) end
  return "{" .. table.concat(keys, ", ") .. "}"
end

local function array_text(raw)
  local items = json.items(raw)
  for i, item in ipairs(items) do items[i] = M.text(item) end
  return "[" .. table.concat(items, ", ") .. "]"
end

--- The normal form: keys by length then bytes, the last of equal keys, blanks behind : and , and exact digits.
function M.text(raw)
  local first = raw:sub(1, 1)
  if first == "{" then return object_text(raw) end
  if first == "[" then return array_text(raw) end
  if first == '"' then return json.quote(text_of(raw)) end
  if first:find("[%d-]") then return numbers.text(numbers.parse(raw)) end
  return raw
end

-- A number's digits do not count here, its value does: 1.50 contains 1.5.
local function same_scalar(a, b)
  if a == b then return true end
  if not (a:find("^[%d-]") and b:find("^[%d-]")) then return false end
  return numbers.key(numbers.parse(a)) == numbers.key(numbers.parse(b))
end

local function array_contains(whole, part)
  local items = json.items(whole)
  for _, wanted in ipairs(json.items(part)) do
    local found = false
    for _, item in ipairs(items) do found = found or M.contains(item, wanted, true) end
    if not found then return false end
  end
  return true
end

local function object_contains(whole, part)
  local values = json.object(whole)
  local wanted, keys = json.object(part)
  for _, key in ipairs(keys) do
    if values[key] == nil or not M.contains(values[key], wanted[key], true) then return false end
  end
  return true
end

--- `whole` @> `part`. At the top an array also contains a bare scalar.
function M.contains(whole, part, nested)
  local a, b = whole:sub(1, 1), part:sub(1, 1)
  if a == "[" and b == "[" then return array_contains(whole, part) end
  if a == "{" and b == "{" then return object_contains(whole, part) end
  if a == "[" and b ~= "{" and not nested then return array_contains(whole, "[" .. part .. "]") end
  if a == "[" or a == "{" or b == "[" or b == "{" then return false end
  return same_scalar(whole, part)
end

--- Reads the literal `text` of a json or jsonb value; raises 22P02 where it is not JSON.
function M.slice(text)
  local raw = json.slice(text)
  if raw then return raw end
  local token = text:match("^%s*(%w+)") or text:match("^%s*(.)")
  local details = token and ('Token "%s" is invalid.'):format(token) or "The input string ended unexpectedly."
  error(errors.pg("22P02", "invalid input syntax for type json", details))
end

return M
