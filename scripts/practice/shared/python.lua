-- JSON and numbers as Python writes them.
--
-- A site's webhook signature covers the exact bytes of json.dumps, and its numbers follow Python's cint, flt and repr;
-- the general JSON module promises neither, so everything this server sends is written here.

local json = require "tidewire.json"
local decimal = require "tidewire.decimal"

local M = {}
local null = json.null
local format, floor = string.format, math.floor

local escapes = {
  ['"'] = '\\"', ["\\"] = "\\\\", ["\b"] = "\\b", ["\f"] = "\\f", ["\n"] = "\\n", ["\r"] = "\\r", ["\t"] = "\\t",
}

local function escape_control(char)
  return escapes[char] or format("\\u%04x", char:byte())
end

local function escape_wide(char)
  local a, b, c, d = char:byte(1, 4)
  local code
  if a < 0xE0 then code = (a - 0xC0) * 0x40 + (b or 0x80) - 0x80
  elseif a < 0xF0 then code = (a - 0xE0) * 0x1000 + ((b or 0x80) - 0x80) * 0x40 + (c or 0x80) - 0x80
  else code = (a - 0xF0) * 0x40000 + ((b or 0x80) - 0x80) * 0x1000 + ((c or 0x80) - 0x80) * 0x40 + (d or 0x80) - 0x80 end
  if code < 0x10000 then return format("\\u%04x", code) end
  code = code - 0x10000
  return format("\\u%04x\\u%04x", 0xD800 + floor(code / 0x400), 0xDC00 + code % 0x400)
end

--- The JSON text of a string, all ASCII.
function M.quote(text)
  if text:find('[%z\1-\31"\\\128-\255]') then
    text = text:gsub('[%z\1-\31"\\]', escape_control):gsub("[\192-\244][\128-\191]*", escape_wide)
  end
  return '"' .. text .. '"'
end

--- Whether a value is one of the exact numbers that the JSON module yields for fractions.
function M.is_dec(value)
  return type(value) == "userdata" and decimal.is(value)
end

--- A Lua number for a number or an exact number, nil for anything else.
function M.to_number(value)
  if type(value) == "number" then return value end
  if M.is_dec(value) then return value:number() end
  return nil
end

--- repr() of a Python float.
function M.float(number)
  if number ~= number then return "NaN" end
  if number == floor(number) and number > -1e16 and number < 1e16 then return format("%.1f", number) end
  for digits = 15, 17 do
    local text = format("%." .. digits .. "g", number)
    if tonumber(text) == number then return text end
  end
  return format("%.17g", number)
end

--- A number whose Python type is unknown: whole ones as int.
function M.number(number)
  if number == floor(number) and number > -1e15 and number < 1e15 then return format("%d", number) end
  return M.float(number)
end

--- Values that are already JSON text.
local raw_type = {}
function M.raw(text)
  return setmetatable({ text = text }, raw_type)
end

function M.is_raw(value)
  return type(value) == "table" and getmetatable(value) == raw_type
end

function M.is_list(value)
  if type(value) ~= "table" then return false end
  return json.is_array(value) or value[1] ~= nil
end

function M.sorted_keys(object)
  local keys = {}
  for key in pairs(object) do
    if type(key) == "string" and key ~= "__keys" then keys[#keys + 1] = key end
  end
  table.sort(keys)
  return keys
end

local compact = { item = ",", key = ":" }
local spaced = { item = ", ", key = ": " }

local function write(value, out, style)
  local kind = type(value)
  if value == nil or value == null then out[#out + 1] = "null"
  elseif kind == "string" then out[#out + 1] = M.quote(value)
  elseif kind == "number" then out[#out + 1] = M.number(value)
  elseif kind == "boolean" then out[#out + 1] = value and "true" or "false"
  elseif M.is_dec(value) then out[#out + 1] = M.float(value:number())
  elseif M.is_raw(value) then out[#out + 1] = value.text
  elseif M.is_list(value) then
    out[#out + 1] = "["
    for i = 1, #value do
      if i > 1 then out[#out + 1] = style.item end
      write(value[i], out, style)
    end
    out[#out + 1] = "]"
  else
    out[#out + 1] = "{"
    for i, key in ipairs(value.__keys or M.sorted_keys(value)) do
      if i > 1 then out[#out + 1] = style.item end
      out[#out + 1] = M.quote(key) .. style.key
      write(value[key], out, style)
    end
    out[#out + 1] = "}"
  end
end

--- json.dumps with separators "," and ":" (responses). A table's `__keys` lists the keys to write, in order.
function M.compact(value)
  local out = {}
  write(value, out, compact)
  return table.concat(out)
end

--- json.dumps with Python's default separators.
function M.dumps(value)
  local out = {}
  write(value, out, spaced)
  return table.concat(out)
end

local function write_indented(value, out, depth)
  if type(value) ~= "table" or M.is_raw(value) or M.is_dec(value) then return write(value, out, spaced) end
  local list = M.is_list(value)
  local keys = not list and M.sorted_keys(value)
  local count = list and #value or #keys
  if count == 0 then out[#out + 1] = list and "[]" or "{}" return end
  out[#out + 1] = list and "[" or "{"
  local pad = "\n" .. (" "):rep(depth + 1)
  for i = 1, count do
    out[#out + 1] = (i > 1 and "," or "") .. pad
    if list then
      write_indented(value[i], out, depth + 1)
    else
      out[#out + 1] = M.quote(keys[i]) .. ": "
      write_indented(value[keys[i]], out, depth + 1)
    end
  end
  out[#out + 1] = "\n" .. (" "):rep(depth) .. (list and "]" or "}")
end

--- frappe.as_json: keys sorted, one space of indent.
function M.indented(value)
  local out = {}
  write_indented(value, out, 0)
  return table.concat(out)
end

--- An object whose keys are written in the order given: `record { {"a", 1}, {"b", 2} }`; nil values are left out.
function M.record(pairs_list)
  local object, keys = {}, {}
  for _, pair in ipairs(pairs_list) do
    if pair[2] ~= nil then
      keys[#keys + 1] = pair[1]
      object[pair[1]] = pair[2]
    end
  end
  object.__keys = keys
  return object
end

--- A list, also where it is empty.
function M.list(values)
  return json.array(values)
end

local function numeric_text(text)
  text = text:gsub(",", ""):match "^%s*(.-)%s*$"
  if text:find "^[+-]?[%d.]" and not text:find "[xXpP]" then return tonumber(text) end
  return nil
end

--- frappe.utils.cint: 0 for what is no number.
function M.cint(value)
  local number = M.to_number(value)
  if value == true then return 1 end
  if type(value) == "string" then number = numeric_text(value) end
  if not number or number ~= number or number == math.huge or number == -math.huge then return 0 end
  return number < 0 and -floor(-number) or floor(number)
end

--- frappe.utils.flt: 0.0 for what is no number; "nan" and "inf" are numbers to Python.
function M.flt(value)
  if value == true then return 1 end
  if type(value) ~= "string" then return M.to_number(value) or 0 end
  local word = value:lower():match "^%s*[+-]?(%a+)%s*$"
  if word == "nan" then return 0 / 0 end
  if word == "inf" or word == "infinity" then return value:find "-" and -math.huge or math.huge end
  return numeric_text(value) or 0
end

--- Python's truth: nil, null, false, 0, "", [] and {} are false.
function M.truthy(value)
  if value == nil or value == null or value == false or value == "" then return false end
  if M.is_raw(value) then return true end
  local number = M.to_number(value)
  if number then return number ~= 0 end
  if type(value) == "table" then return next(value) ~= nil end
  return true
end

--- str() of a value that the database is to hold as text.
function M.str(value)
  if type(value) == "string" then return value end
  if value == true then return "1" elseif value == false then return "0" end
  local number = M.to_number(value)
  return number and M.number(number) or tostring(value)
end

return M
