--- Where in a file a key or a text stands.
---
--- A table does not remember its line, so an error in one is placed by looking at the file's text: which names are
--- followed by "=", which texts are written, in order. Tables built by a loop are not found; the caller has a line to
--- fall back on.

local M = {}
M.__index = M

local function long_bracket_end(text, at)
  local level = text:match("^%[(=*)%[", at)
  if not level then return nil end
  local _, stop = text:find("]" .. level .. "]", at + #level + 2, true)
  return stop or #text, #level + 2
end

local function quoted_end(text, at)
  local quote, i = text:sub(at, at), at + 1
  while i <= #text do
    local c = text:sub(i, i)
    if c == quote or c == "\n" then return i end
    i = i + (c == "\\" and 2 or 1)
  end
  return #text
end

local function comment_end(text, at)
  local long = long_bracket_end(text, at + 2)
  return long or (text:find("\n", at, true) or #text + 1) - 1
end

local function lines_between(text, from, to)
  local count, at = 0, from
  while true do
    at = text:find("\n", at, true)
    if not at or at > to then return count end
    count, at = count + 1, at + 1
  end
end

--- Feeds `name(text, line, at)` and `string(text, line)` with what the file writes.
local function scan(text, on_name, on_string)
  local at, line = 1, 1
  while true do
    local start = text:find("[%a_\"'%[%-\n]", at)
    if not start then return end
    local c, stop = text:sub(start, start), start
    if c == "\n" then line = line + 1
    elseif c == "-" then
      if text:sub(start, start + 1) == "--" then stop = comment_end(text, start) end
    elseif c == '"' or c == "'" then
      stop = quoted_end(text, start)
      on_string(text:sub(start + 1, stop - 1), line, stop)
    elseif c == "[" then
      local width
      stop, width = long_bracket_end(text, start)
      if stop then on_string(text:sub(start + width, stop - width), line, stop) else stop = start end
    else
      stop = select(2, text:find("^[%w_]+", start))
      on_name(text:sub(start, stop), line, stop)
    end
    if c ~= "\n" then line = line + lines_between(text, start, stop) end
    at = stop + 1
  end
end

function M.new(text)
  local keys, strings = {}, {}
  scan(text, function(name, line, stop)
    if text:find("^%s*=[^=]", stop + 1) then keys[#keys + 1] = { name, line } end
  end, function(value, line, stop)
    strings[#strings + 1] = { value, line }
    if text:find("^%s*%]%s*=[^=]", stop + 1) then keys[#keys + 1] = { value, line } end
  end)
  return setmetatable({ keys = keys, strings = strings }, M)
end

--- The line of the first `key =` at or after line `from`; before it where there is none after. nil where it never stands.
function M:key(name, from)
  local before
  for _, entry in ipairs(self.keys) do
    if entry[1] == name then
      if entry[2] >= (from or 1) then return entry[2] end
      before = entry[2]
    end
  end
  return before
end

--- The line where `texts` are written one after the other, from line `from`, or nil; and the position to go on from.
function M:texts(texts, from, position)
  for i = position or 1, #self.strings - #texts + 1 do
    local found = self.strings[i][2] >= (from or 1)
    for offset = 1, found and #texts or 0 do
      if self.strings[i + offset - 1][1] ~= texts[offset] then
        found = false
        break
      end
    end
    if found then return self.strings[i][2], i + #texts end
  end
  return nil, position
end

return M
