--- Markdown of the common kind <-> the HTML that rich text fields hold: headings, paragraphs, lists, quotations, code, rules,
--- links, images, bold, italic. Tables keep their text.

local html = require "tidewire.transform.html"
local markdown_of = require "tidewire.transform.markdown_of"

local M = {}

--- HTML -> Markdown.
M.from_html = markdown_of

local inline

-- Code ends at as many marks as it began with; the blanks beside them, which keep apart what begins with one, are none of it.
local function code(source, at)
  local from = at + #source:match("^`+", at)
  local close, behind = from
  repeat
    close, behind = source:match("()`+()", close)
    if not close then return nil end
    local found = behind - close == from - at
    if not found then close = behind end
  until found
  local inside = source:sub(from, close - 1)
  if inside:find "^ .* $" and inside:find "%S" then inside = inside:sub(2, -2) end
  return "<code>" .. html.escape(inside) .. "</code>", behind
end

-- The "]" that ends what begins behind `from` - 1, and where the address behind it ends; brackets that are told apart by "\" or stand in code
-- are none of it. nil where there is no link.
local function link_end(source, from)
  local at = from
  while true do
    local place = source:find("[\\`%]]", at)
    if not place then return nil end
    local c = source:sub(place, place)
    if c == "]" then
      local target, stop = source:match("^%(([^%s()]*)%)()", place + 1)
      if target then return place, target, stop end
      at = place + 1
    elseif c == "`" then
      local _, behind = code(source, place)
      at = behind or place + 1
    else
      at = place + 2
    end
  end
end

-- Where the mark that began before `from` ends: behind what "\" tells apart, code, links and the marks within. nil where it does not.
local function mark_end(source, from, mark)
  local char, at = mark:sub(1, 1), from
  while true do
    local place = source:find("[\\`%[" .. char .. "]", at)
    if not place then return nil end
    local c = source:sub(place, place)
    local run = #source:match("^%" .. char .. "*", place)
    at = place + 1
    if c == "\\" then
      at = place + 2
    elseif c == "`" then
      local _, behind = code(source, place)
      at = behind or at
    elseif c == "[" then
      local _, _, behind = link_end(source, at)
      at = behind or at
    elseif #mark == 2 then
      if run >= 2 then return run == 3 and place + 1 or place end
    elseif char == "*" and run == 2 then
      local inner = mark_end(source, place + 2, "**")
      if not inner then return place end
      at = inner + 2
    else
      return place
    end
  end
end

local function paired(source, at, mark, tag)
  local from = at + #mark
  if source:sub(from, from):find "%s" then return nil end
  local close = mark_end(source, from, mark)
  if not close or close == from then return nil end
  return ("<%s>%s</%s>"):format(tag, inline(source:sub(from, close - 1)), tag), close + #mark
end

local function bold_and_italic(source, at)
  local close = source:find("***", at + 3, true)
  if not close or close == at + 3 or source:sub(at + 3, at + 3):find "%s" then return nil end
  return "<strong><em>" .. inline(source:sub(at + 3, close - 1)) .. "</em></strong>", close + 3
end

local function image(source, at)
  if source:sub(at + 1, at + 1) ~= "[" then return nil end
  local close, target, stop = link_end(source, at + 2)
  if not close then return nil end
  return ('<img src="%s" alt="%s">'):format(html.escape(target), html.escape((source:sub(at + 2, close - 1):gsub("\\(%p)", "%1")))), stop
end

local function link(source, at)
  local close, target, stop = link_end(source, at + 1)
  if not close or html.runs(target) then return nil end
  return ('<a href="%s">%s</a>'):format(html.escape(target), inline(source:sub(at + 1, close - 1))), stop
end

local openings = {
  ["`"] = code, ["["] = link, ["!"] = image,
  ["*"] = function(source, at)
    local made, stop
    if source:sub(at, at + 2) == "***" then made, stop = bold_and_italic(source, at) end
    if made then return made, stop end
    if source:sub(at, at + 1) == "**" then return paired(source, at, "**", "strong") end
    return paired(source, at, "*", "em")
  end,
  ["_"] = function(source, at)
    if source:sub(at, at + 1) == "__" then return paired(source, at, "__", "strong") end
    if at > 1 and source:sub(at - 1, at - 1):find "%w" then return nil end
    return paired(source, at, "_", "em")
  end,
  ["\\"] = function(source, at)
    local next_one = source:sub(at + 1, at + 1)
    if next_one == "\n" then return "<br>", at + 2 end
    if next_one:find "%p" then return html.escape(next_one), at + 2 end
  end,
}

function inline(source)
  local parts, at = {}, 1
  while at <= #source do
    local open = source:find("[`!%[*_\\]", at) or #source + 1
    if open > at then parts[#parts + 1] = html.escape(source:sub(at, open - 1)):gsub("  +\n", "<br>"):gsub("\n", " ") end
    if open > #source then break end
    local made, stop = openings[source:sub(open, open)](source, open)
    parts[#parts + 1] = made or html.escape(source:sub(open, open))
    at = stop or open + 1
  end
  return table.concat(parts)
end

local function item_of(line)
  local indent, rest = line:match "^( *)[-*+] +(.*)$"
  if indent then return #indent, false, rest, #line - #rest end
  indent, rest = line:match "^( *)%d+[.)] +(.*)$"
  if indent then return #indent, true, rest, #line - #rest end
end

local render

-- The lines that belong to the item at `first`: those further in, and empty ones between them.
local function list_at(lines, first)
  local indent, ordered = item_of(lines[first])
  local items, i = {}, first
  while i <= #lines do
    local at, same, rest, inner = item_of(lines[i])
    if at ~= indent or same ~= ordered then break end
    local own = { rest }
    i = i + 1
    while i <= #lines do
      local line = lines[i]
      local deeper = #line:match "^ *" > indent
      local blank_inside = line:find "^%s*$" and lines[i + 1] ~= nil and #lines[i + 1]:match "^ *" > indent
      if not deeper and not blank_inside then break end
      own[#own + 1] = line:sub(math.min(inner, #line:match "^ *") + 1)
      i = i + 1
    end
    if lines[i] and lines[i]:find "^%s*$" and lines[i + 1] and item_of(lines[i + 1]) == indent then i = i + 1 end
    items[#items + 1] = "<li>" .. render(own, true) .. "</li>"
  end
  local tag = ordered and "ol" or "ul"
  return ("<%s>%s</%s>"):format(tag, table.concat(items), tag), i
end

local function code_at(lines, first)
  local body, i = {}, first + 1
  local fence = lines[first]:match "^`+"
  while i <= #lines and lines[i]:sub(1, #fence) ~= fence do
    body[#body + 1] = lines[i]
    i = i + 1
  end
  return "<pre><code>" .. html.escape(table.concat(body, "\n")) .. "</code></pre>", i + 1
end

local function quote_at(lines, first)
  local body, i = {}, first
  while i <= #lines and lines[i]:find "^>" do
    body[#body + 1] = lines[i]:gsub("^> ?", "")
    i = i + 1
  end
  return "<blockquote>" .. render(body) .. "</blockquote>", i
end

local fence = "^```+[^`]*$"      -- with more marks behind it, it is code within a line

local function starts_block(line)
  return line:find "^%s*$" or line:find "^#+ " or line:find(fence) or line:find "^>" or line:find "^%-%-%-+%s*$" or item_of(line) ~= nil
end

local function paragraph_at(lines, first, bare)
  local body, i = { lines[first] }, first + 1
  while i <= #lines and not starts_block(lines[i]) do
    body[#body + 1] = lines[i]
    i = i + 1
  end
  local words = inline(table.concat(body, "\n"))
  return bare and words or "<p>" .. words .. "</p>", i
end

local function block_at(lines, i, bare)
  local line = lines[i]
  local level, heading = line:match "^(#+) +(.*)$"
  if level and #level <= 6 then
    heading = heading:gsub("%s+#+%s*$", "")
    return ("<h%d>%s</h%d>"):format(#level, inline(heading), #level), i + 1
  end
  if line:find(fence) then return code_at(lines, i) end
  if line:find "^>" then return quote_at(lines, i) end
  if line:find "^%-%-%-+%s*$" then return "<hr>", i + 1 end
  if item_of(line) then return list_at(lines, i) end
  return paragraph_at(lines, i, bare)
end

-- `bare`: the first paragraph without its tag, as in an item of a list.
function render(lines, bare)
  local parts, i = {}, 1
  while i <= #lines do
    if lines[i]:find "^%s*$" then
      i = i + 1
    else
      parts[#parts + 1], i = block_at(lines, i, bare and #parts == 0)
    end
  end
  return table.concat(parts)
end

local function rendered(source)
  local lines = {}
  for line in (source:gsub("\r\n?", "\n") .. "\n"):gmatch "(.-)\n" do lines[#lines + 1] = line end
  return render(lines)
end

--- Markdown -> HTML. What can be typed in several ways, or says nothing (an empty item), comes out as the one way that it is written back in:
--- else the HTML would differ after it has been there and back.
function M.html(source) return rendered(markdown_of(rendered(source))) end

return M
