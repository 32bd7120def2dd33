--- Markdown of the common kind <-> the HTML that rich text fields hold: headings, paragraphs, lists, quotations, code, rules,
--- links, images, bold, italic. Tables keep their text.

local text = require "tidewire.text"
local html = require "tidewire.transform.html"

local M = {}

-- From HTML -----------------------------------------------------------------------------------------------------------

local function escaped(words)
  return (words:gsub("[\\`*_%[%]<]", "\\%0"))
end

-- What would begin another kind of block is no text any more.
local function guarded(line)
  return (line:gsub("^(#+ )", "\\%1"):gsub("^([-+] )", "\\%1"):gsub("^(>)", "\\%1"):gsub("^(%d+)([.)] )", "%1\\%2"))
end

local function headed(level, line)
  return ("#"):rep(level) .. " " .. line:gsub("(%s)(#+)$", "%1\\%2")
end

local marks = { strong = "**", b = "**", em = "_", i = "_", code = "`" }
local headings = { h1 = 1, h2 = 2, h3 = 3, h4 = 4, h5 = 5, h6 = 6 }

-- Collects blocks; what stands in front of every line of one (quotation, list) is kept in `prefixes`.
local function writer()
  local self = { blocks = {}, line = {}, lists = {}, quotes = 0, marker = nil, heading = 0, pre = false, code = false, tight = false }

  local function prefix(first)
    local indent = {}
    for i, list in ipairs(self.lists) do
      local last = i == #self.lists
      indent[#indent + 1] = last and first and list.marker or (" "):rep(#(list.marker or "- "))
    end
    return ("> "):rep(self.quotes) .. table.concat(indent)
  end

  function self.add(words) self.line[#self.line + 1] = words end

  -- Ends the block under way; nothing where it is empty.
  function self.close()
    local body = table.concat(self.line)
    self.line = {}
    if self.pre then return self.close_code(body) end
    body = text.trim(body)
    if body == "" then return end
    local list = self.lists[#self.lists]
    local fresh = list ~= nil and list.fresh
    local lines = {}
    for line in (body .. "\n"):gmatch " *(.-) *\n" do
      local head = prefix(fresh and #lines == 0)
      lines[#lines + 1] = head .. (self.heading > 0 and headed(self.heading, line) or guarded(line))
    end
    self.put(table.concat(lines, self.heading > 0 and " " or "\\\n"), fresh and list.count > 1)
    if list then list.fresh = false end
  end

  function self.close_code(body)
    local lines = {}
    for line in ("```\n" .. body:gsub("\n$", "") .. "\n```\n"):gmatch "(.-)\n" do lines[#lines + 1] = prefix(false) .. line end
    self.put(table.concat(lines, "\n"), false)
  end

  -- Items of a list follow each other without an empty line.
  function self.put(block, tight)
    if #self.blocks > 0 then self.blocks[#self.blocks + 1] = (tight or self.tight) and "\n" or "\n\n" end
    self.tight = false
    self.blocks[#self.blocks + 1] = block
  end

  function self.item()
    local list = self.lists[#self.lists]
    if not list then return end
    list.count = list.count + 1
    list.fresh = true
    list.marker = list.ordered and list.count .. ". " or "- "
  end
  return self
end

local function address(target)
  return "](" .. target:gsub("[%s()]", function(c) return ("%%%02X"):format(c:byte()) end) .. ")"
end

-- A "!" before a link would make an image of it.
local function link_tags(out, closing, attributes)
  if not closing then
    out.target = attributes "href"
    local last = out.line[#out.line]
    if out.target and last and last:find "!$" then out.line[#out.line] = last:gsub("!$", "\\!") end
    if out.target then out.add "[" end
  elseif out.target then
    out.add(address(out.target))
    out.target = nil
  end
end

-- Within a link, or without an address, an image is what it says instead.
local function image_tag(out, attributes)
  local words, source = attributes "alt" or "", attributes "src"
  words = out.pre and words or escaped((words:gsub("%s+", " ")))
  if out.pre or out.target or not source or source == "" then
    if words ~= "" then out.add(words) end
  else
    out.add("![" .. words .. address(source))
  end
end

local function list_tag(out, name, closing)
  out.close()
  if closing then
    table.remove(out.lists)
    return
  end
  if #out.lists > 0 then out.tight = true end
  out.lists[#out.lists + 1] = { ordered = name == "ol", count = 0, marker = "- " }
end

local blocks = {
  ul = list_tag, ol = list_tag,
  li = function(out, _, closing)
    out.close()
    if not closing then out.item() end
  end,
  blockquote = function(out, _, closing)
    out.close()
    out.quotes = math.max(0, out.quotes + (closing and -1 or 1))
  end,
  pre = function(out, _, closing)
    out.close()
    out.pre = not closing
  end,
  br = function(out) out.add "\n" end,
  hr = function(out)
    out.close()
    out.put("---", false)
  end,
  a = function(out, _, closing, attributes) link_tags(out, closing, attributes) end,
  img = function(out, _, _, attributes) image_tag(out, attributes) end,
}
for _, name in ipairs { "p", "div", "tr", "table", "section", "article", "td", "th" } do
  blocks[name] = function(out) out.close() end
end
for name, level in pairs(headings) do
  blocks[name] = function(out, _, closing)
    out.close()
    out.heading = closing and 0 or level
  end
end

-- The mark of code is longer than any within it.
local function close_code_mark(out)
  local line, first = out.line, out.code_from
  if out.code_line ~= line or not first or first > #line then return "`" end
  local body, most = table.concat(line, "", first + 1), 0
  for run in body:gmatch "`+" do most = math.max(most, #run) end
  if most == 0 then return "`" end
  line[first] = ("`"):rep(most + 1) .. " "
  return " " .. ("`"):rep(most + 1)
end

-- A mark clings to its words: white space inside it moves out.
local function mark_tag(out, mark, closing)
  if out.pre then return end
  if mark == "`" then out.code = not closing end
  local line = out.line
  if mark == "`" and not closing then out.code_line, out.code_from = line, #line + 1 end
  if closing then
    local last = line[#line] or ""
    local bare = last:gsub("%s+$", "")
    if last == mark then
      line[#line] = nil
      return
    end
    line[#line] = bare
    out.add(mark == "`" and close_code_mark(out) or mark)
    if bare ~= last then out.add " " end
  else
    out.add(mark)
  end
end

--- HTML -> Markdown.
function M.from_html(source)
  local out = writer()
  html.walk(source, function(words)
    if out.pre then return out.add(words) end
    words = words:gsub("%s+", " ")
    if #out.line == 0 then words = words:gsub("^ ", "") end
    if words ~= "" then out.add(out.code and words or escaped(words)) end
  end, function(name, closing, attributes)
    if marks[name] then return mark_tag(out, marks[name], closing) end
    if blocks[name] then blocks[name](out, name, closing, attributes) end
  end)
  out.close()
  return table.concat(out.blocks)
end

-- To HTML ---------------------------------------------------------------------------------------------------------------

local inline

local function paired(source, at, mark, tag)
  local from = at + #mark
  local close = source:find(mark, from, true)
  while close and source:sub(close - 1, close - 1) == "\\" do close = source:find(mark, close + #mark, true) end
  if not close or close == from or source:sub(from, from):find "%s" then return nil end
  local inside = source:sub(from, close - 1)
  return ("<%s>%s</%s>"):format(tag, inline(inside), tag), close + #mark
end

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

local function bold_and_italic(source, at)
  local close = source:find("***", at + 3, true)
  if not close or close == at + 3 or source:sub(at + 3, at + 3):find "%s" then return nil end
  return "<strong><em>" .. inline(source:sub(at + 3, close - 1)) .. "</em></strong>", close + 3
end

local function image(source, at)
  local words, target, stop = source:match("^!%[(.-)%]%(([^%s()]*)%)()", at)
  if not words then return nil end
  return ('<img src="%s" alt="%s">'):format(html.escape(target), html.escape((words:gsub("\\(%p)", "%1")))), stop
end

-- HTML within Markdown is text; a link that runs a script must not be the way around it.
local running = { javascript = true, vbscript = true, data = true }
local function runs(target) return running[target:gsub("%c", ""):lower():match "^(%a+):"] or false end

local function link(source, at)
  local words, target, stop = source:match("^%[(.-)%]%(([^%s()]*)%)()", at)
  if not words or runs(target) then return nil end
  return ('<a href="%s">%s</a>'):format(html.escape(target), inline(words)), stop
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
  while i <= #lines and not lines[i]:find "^```" do
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

local fence = "^```[^`]*$"      -- with more marks behind it, it is code within a line

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

--- Markdown -> HTML.
function M.html(source)
  local lines = {}
  for line in (source:gsub("\r\n?", "\n") .. "\n"):gmatch "(.-)\n" do lines[#lines + 1] = line end
  return render(lines)
end

return M
