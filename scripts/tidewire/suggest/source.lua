--- The text of a mapping file in its parts, so that a person's own words, functions and comments go over into another file as they stand.
---
--- Only what a table constructor is made of is told apart: entries, strings, comments. What an entry means is Lua's.

local M = {}

-- Behind a long bracket ("[[", "[==[") that begins at `at`; nil where none does.
local function past_long(text, at)
  local level = text:match("^%[(=*)%[", at)
  if not level then return nil end
  local _, to = text:find("]" .. level .. "]", at, true)
  return (to or #text) + 1
end

-- Behind the comment at `at`; nil where none begins there.
local function past_comment(text, at)
  if text:sub(at, at + 1) ~= "--" then return nil end
  return past_long(text, at + 2) or (text:find("\n", at, true) or #text + 1)
end

local function past_string(text, at)
  local quote = text:sub(at, at)
  if quote ~= "\"" and quote ~= "'" then return past_long(text, at) end
  local to = at + 1
  while to <= #text and text:sub(to, to) ~= quote do to = to + (text:sub(to, to) == "\\" and 2 or 1) end
  return to + 1
end

-- Where the code begins at `at` or behind it, over blanks and comments.
local function code_at(text, at)
  while true do
    at = text:find("%S", at) or #text + 1
    local past = past_comment(text, at)
    if not past then return at end
    at = past
  end
end

local opens, closes = { ["{"] = true, ["("] = true, ["["] = true }, { ["}"] = true, [")"] = true, ["]"] = true }

-- An entry { lead, code, key, value, note }: the comments before it, its own text, what stands around "=", the comment behind its comma.
local function entry_of(text, from, to, note)
  local begins = code_at(text, from)
  if begins > to then return nil end
  local code = text:sub(begins, to):gsub("%s+$", "")
  local key, at = code:match "^([%a_][%w_]*)%s*=()[^=]"
  return { lead = text:sub(from, begins - 1), code = code, key = key, value = key and code:sub(code_at(code, at)) or code, note = note }
end

--- The entries of the table whose "{" stands at `open`, and where its "}" stands; nil where it is not closed.
function M.entries(text, open)
  local list, depth, at, from = {}, 0, open + 1, open + 1
  while at <= #text do
    local c = text:sub(at, at)
    local past = past_comment(text, at) or past_string(text, at)
    if past then
      at = past
    elseif opens[c] then
      depth, at = depth + 1, at + 1
    elseif closes[c] and depth > 0 then
      depth, at = depth - 1, at + 1
    elseif c == "," or c == ";" or closes[c] then
      if depth == 0 then
        local note = c ~= "}" and text:match("^[ \t]*%-%-[^\n]*", at + 1) or nil
        list[#list + 1] = entry_of(text, from, at - 1, note)
        from = at + 1 + #(note or "")
      end
      if c == "}" and depth == 0 then return list, at end
      at = depth == 0 and from or at + 1
    else
      at = at + 1
    end
  end
  return nil
end

--- The one `return mapping { ... }` of a file: { head, entries, tail }, `head` up to its "{" and `tail` from its "}" on. Nil and why
--- where there is no such one: a list, or one that a program makes.
function M.mapping(text)
  local at, before, open, count = 1, nil, nil, 0
  while at <= #text do
    local past = past_comment(text, at) or past_string(text, at)
    local word, behind = text:match("^([%a_][%w_]*)()", at)
    if past then
      at = past
    elseif word then
      local brace = code_at(text, behind)
      local is_made = word == "mapping" and (at == 1 or not text:sub(at - 1, at - 1):find "[.:]") and text:sub(brace, brace):find "[{(]"
      if is_made then
        count = count + 1
        open = before == "return" and text:sub(brace, brace) == "{" and brace or nil
      end
      at, before = behind, word
    else
      at = at + 1
    end
  end
  if count ~= 1 or not open then return nil, "it makes its mappings by a program" end
  local entries, close = M.entries(text, open)
  if not entries then return nil, "its table is not closed" end
  return { head = text:sub(1, open), entries = entries, tail = text:sub(close) }
end

--- The texts of a string, or of a list of strings; nil where `code` is anything else.
function M.literals(code)
  local quote, single = code:match "^([\"'])([^\"'\\]*)[\"']$"
  if quote then return { single } end
  if code:sub(1, 1) ~= "{" then return nil end
  local entries, close = M.entries(code, 1)
  if not entries or close ~= #code then return nil end
  local list = {}
  for i, entry in ipairs(entries) do
    local one = not entry.key and M.literals(entry.code)
    if not one or #one ~= 1 then return nil end
    list[i] = one[1]
  end
  return list
end

--- The entries of a word with a table: "same { ... }" gives "same" and its entries, "{ ... }" gives "" and its; nil where `code` is none.
function M.word(code)
  local word, open = code:match "^([%a_.]*)%s*(){"
  if not word then return nil end
  local entries, close = M.entries(code, open)
  if not entries or close ~= #code then return nil end
  return word, entries
end

return M
