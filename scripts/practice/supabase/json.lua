-- JSON as PostgreSQL sees it: the digits and the spelling of what was sent are kept.
--
-- tidewire.json turns 1.0 into 1 and forgets how an object was written; here a value stays the slice of text it was,
-- and is looked into only by the type of its column.
local M = {}

local escapes = { ['"'] = '\\"', ["\\"] = "\\\\", ["\b"] = "\\b", ["\f"] = "\\f", ["\n"] = "\\n", ["\r"] = "\\r", ["\t"] = "\\t" }
local unescapes = { b = "\b", f = "\f", n = "\n", r = "\r", t = "\t", ['"'] = '"', ["\\"] = "\\", ["/"] = "/" }

local function escape(char)
  return escapes[char] or ("\\u%04x"):format(char:byte())
end

--- The JSON string of `text`, as PostgreSQL writes it.
function M.quote(text)
  if text:find('[%c"\\]') then text = text:gsub('[%z\1-\31"\\]', escape) end
  return '"' .. text .. '"'
end

local function utf8(code)
  if code < 0x80 then return string.char(code) end
  if code < 0x800 then return string.char(0xC0 + bit.rshift(code, 6), 0x80 + code % 64) end
  if code < 0x10000 then
    return string.char(0xE0 + bit.rshift(code, 12), 0x80 + bit.rshift(code, 6) % 64, 0x80 + code % 64)
  end
  return string.char(0xF0 + bit.rshift(code, 18), 0x80 + bit.rshift(code, 12) % 64,
    0x80 + bit.rshift(code, 6) % 64, 0x80 + code % 64)
end

--- The text inside a JSON string's slice; nil where it holds \u0000, which PostgreSQL cannot store.
function M.text(raw)
  local text = raw:sub(2, -2)
  if not text:find("\\", 1, true) then return text end
  local out, at = {}, 1
  while true do
    local back = text:find("\\", at, true)
    if not back then break end
    out[#out + 1] = text:sub(at, back - 1)
    local kind = text:sub(back + 1, back + 1)
    at = back + 2
    if kind == "u" then
      local code = tonumber(text:sub(at, at + 3), 16)
      at = at + 4
      if code == 0 then return nil end
      if code >= 0xD800 and code < 0xDC00 and text:sub(at, at + 1) == "\\u" then
        code = 0x10000 + (code - 0xD800) * 1024 + (tonumber(text:sub(at + 2, at + 5), 16) - 0xDC00)
        at = at + 6
      end
      out[#out + 1] = utf8(code)
    else
      out[#out + 1] = unescapes[kind]
    end
  end
  out[#out + 1] = text:sub(at)
  return table.concat(out)
end

local function blank(text, at)
  return text:find("[^ \t\r\n]", at) or #text + 1
end

local function string_end(text, at)
  local _, stop = text:find('^"[^"\\%c]*"', at)
  if stop then return stop end
  local here = at + 1
  while true do
    local next_at = text:find('["\\%c]', here)
    local char = next_at and text:sub(next_at, next_at)
    if char == '"' then return next_at end
    if char ~= "\\" then
      if char ~= "\127" then return nil end
      here = next_at + 1
    else
      local _, last = text:find('^\\["\\/bfnrt]', next_at)
      if not last then _, last = text:find("^\\u%x%x%x%x", next_at) end
      if not last then return nil end
      here = last + 1
    end
  end
end

local function number_end(text, at)
  local _, stop = text:find("^-?%d+", at)
  if not stop or text:find("^-?0%d", at) then return nil end
  local _, fraction = text:find("^%.%d+", stop + 1)
  stop = fraction or stop
  local _, exponent = text:find("^[eE][+-]?%d+", stop + 1)
  return exponent or stop
end

local words = { t = "true", f = "false", n = "null" }

-- The members of an object or array from `at` (behind its opening bracket): calls visit(key, raw), returns the end.
local function members(text, at, closing, depth, visit)
  at = blank(text, at)
  if text:sub(at, at) == closing then return at end
  while true do
    local key
    if closing == "}" then
      local stop = text:sub(at, at) == '"' and string_end(text, at)
      if not stop then return nil end
      key = text:sub(at, stop)
      at = blank(text, stop + 1)
      if text:sub(at, at) ~= ":" then return nil end
      at = blank(text, at + 1)
    end
    local stop = M.value_end(text, at, depth + 1)
    if not stop then return nil end
    if visit then visit(key, text:sub(at, stop)) end
    at = blank(text, stop + 1)
    local char = text:sub(at, at)
    if char == closing then return at end
    if char ~= "," then return nil end
    at = blank(text, at + 1)
  end
end

--- Where the JSON value that begins at `at` ends; nil where none is.
function M.value_end(text, at, depth)
  depth = depth or 0
  local char = text:sub(at, at)
  if char == '"' then return string_end(text, at) end
  if depth > 100 then return nil end
  if char == "{" then return members(text, at + 1, "}", depth) end
  if char == "[" then return members(text, at + 1, "]", depth) end
  local word = words[char]
  if word then return text:sub(at, at + #word - 1) == word and at + #word - 1 or nil end
  return number_end(text, at)
end

--- The one JSON value that `text` is, without blanks around it; nil where it is not JSON.
function M.slice(text)
  local at = blank(text, 1)
  local stop = M.value_end(text, at)
  if not stop or blank(text, stop + 1) <= #text then return nil end
  return text:sub(at, stop)
end

--- The slices of an array's items. `raw` must be JSON.
function M.items(raw)
  local out = {}
  members(raw, 2, "]", 0, function(_, item) out[#out + 1] = item end)
  return out
end

--- The slices of an object's members by name, and the names in the order of first sight. `raw` must be JSON.
function M.object(raw)
  local values, names = {}, {}
  members(raw, 2, "}", 0, function(key, value)
    local name = M.text(key)
    if values[name] == nil then names[#names + 1] = name end
    values[name] = value
  end)
  return values, names
end

-- A value's end without patterns, which cost more than all the rest here: strings without escapes and words.
local function quick_end(text, at, state)
  local byte, find = string.byte, string.find
  local first = byte(text, at)
  if first == 34 and state.plain then
    local stop = find(text, '"', at + 1, true)
    if not stop then return nil end
    if state.escape < at then state.escape = find(text, "\\", at, true) or math.huge end
    if stop < state.escape then return stop end
  elseif first == 110 then
    return text:sub(at, at + 3) == "null" and at + 3 or nil
  elseif first and first >= 48 and first <= 57 then
    local stop, last = at + 1, byte(text, at + 1)
    while last and last >= 48 and last <= 57 do
      stop = stop + 1
      last = byte(text, stop)
    end
    if (first ~= 48 or stop == at + 1) and (last == 44 or last == 125) then return stop - 1 end
  end
  return M.value_end(text, at, 2)
end

-- The member that begins at `at`: its name and where its value begins. Rows of one array mostly repeat each other, so
-- the spelling of the first row's member is tried before anything is parsed.
local function member(text, at, state, index)
  local known = state.spelling[index]
  if known and text:sub(at, at + #known - 1) == known then return state.name[index], at + #known end
  local _, stop, name = text:find('^"([^"\\%c]*)"[ \t\r\n]*:[ \t\r\n]*', at)
  if not stop then
    local last = text:byte(at) == 34 and string_end(text, at)
    if not last then return nil end
    name = M.text(text:sub(at, last)) or ""
    _, stop = text:find("^[ \t\r\n]*:[ \t\r\n]*", last + 1)
    if not stop then return nil end
  end
  state.spelling[index], state.name[index] = text:sub(at, stop), name
  return name, stop + 1
end

-- One object from behind its brace: fills `row` and `names`, returns where it ends.
local function flat_row(text, at, row, names, state)
  if text:byte(at) ~= 34 then at = blank(text, at) end
  if text:byte(at) == 125 then return at end
  local index = 0
  while true do
    index = index + 1
    local name, from = member(text, at, state, index)
    local stop = name and quick_end(text, from, state)
    if not stop then return nil end
    if row[name] == nil then names[#names + 1] = name end
    row[name] = text:sub(from, stop)
    local byte = text:byte(stop + 1)
    if byte ~= 44 and byte ~= 125 then
      stop = blank(text, stop + 1) - 1
      byte = text:byte(stop + 1)
    end
    if byte == 125 then return stop + 1 end
    if byte ~= 44 then return nil end
    at = stop + 2
    if text:byte(at) ~= 34 then at = blank(text, at) end
  end
end

--- The rows of an insert: an object or an array of objects -> list of {name = slice}, list of names of each row,
--- and whether it was an array; nil where `body` is not JSON; an empty list for any other JSON.
function M.rows(body)
  local at = blank(body, 1)
  local first = body:byte(at)
  local rows, names = {}, {}
  if first ~= 123 and first ~= 91 then return M.slice(body) and rows or nil, names, false end
  local state = { plain = not body:find("%c"), escape = 0, spelling = {}, name = {} }
  local function take(from)
    local row, its_names = {}, {}
    local stop = flat_row(body, from, row, its_names, state)
    rows[#rows + 1], names[#names + 1] = row, its_names
    return stop
  end
  if first == 123 then
    local stop = take(at + 1)
    if not stop or blank(body, stop + 1) <= #body then return nil end
    return rows, names, false
  end
  at = blank(body, at + 1)
  if body:byte(at) == 93 then return blank(body, at + 1) > #body and rows or nil, names, true end
  while true do
    if body:byte(at) ~= 123 then return nil end
    local stop = take(at + 1)
    if not stop then return nil end
    at = stop + 1
    if body:byte(at) ~= 44 then at = blank(body, at) end
    local byte = body:byte(at)
    if byte == 93 then return blank(body, at + 1) > #body and rows or nil, names, true end
    if byte ~= 44 then return nil end
    at = at + 1
    if body:byte(at) ~= 123 then at = blank(body, at) end
  end
end

return M
