--- HTML as Markdown, for tidewire.transform.markdown: what that reads back is the same.

local text = require "tidewire.text"
local html = require "tidewire.transform.html"

local function escaped(words)
  return (words:gsub("[\\`*_%[%]<]", "\\%0"))
end

-- What would begin another kind of block is no text any more.
local function guarded(line)
  return (line:gsub("^(#+ )", "\\%1"):gsub("^([-+] )", "\\%1"):gsub("^(%-%-%-)", "\\%1"):gsub("^(>)", "\\%1"):gsub("^(%d+)([.)] )", "%1\\%2"))
end

local function headed(level, line)
  return ("#"):rep(level) .. " " .. line:gsub("(%s)(#+)$", "%1\\%2")
end

local kinds = { strong = "strong", b = "strong", em = "em", i = "em", code = "code", a = "link" }
local headings = { h1 = 1, h2 = 2, h3 = 3, h4 = 4, h5 = 5, h6 = 6 }

local function address(target)
  return "](" .. target:gsub("[%s()]", function(c) return ("%%%02X"):format(c:byte()) end) .. ")"
end

local function longest_run(body)
  local most = 0
  for run in body:gmatch "`+" do most = math.max(most, #run) end
  return most
end

-- The mark of code is longer than any within it.
local function code_span(body)
  local most = longest_run(body)
  if most == 0 then return "`" .. body .. "`" end
  local mark = ("`"):rep(most + 1)
  return mark .. " " .. body .. " " .. mark
end

-- The words of the block under way, and the marks around them. A mark is written before the first word that it holds and after the last,
-- white space inside it moves out, and where a block ends or another mark is closed over it, it begins anew behind that.
local function line_of_words()
  local self = { text = "", marks = {} }

  local function open_mark(kind)
    for i, mark in ipairs(self.marks) do
      if mark.kind == kind and mark.written then return i end
    end
  end

  -- Within a word "_" is no mark, and "*" is none beside "**": what neither can say is left out.
  local function write_mark(mark)
    mark.written = true
    if mark.kind == "strong" then
      mark.close = open_mark "inner" and "" or "**"
      mark.open = mark.close
    elseif mark.kind == "em" then
      local inside_word = self.text:sub(-1):find "%w" ~= nil
      mark.open = not inside_word and "_" or open_mark "strong" and "" or "*"
      mark.close = mark.open
      if mark.open == "*" then mark.kind = "inner" end
    else
      mark.open, mark.close = "[", address(mark.target)
      if self.text:sub(-1) == "!" then self.text = self.text:sub(1, -2) .. "\\!" end      -- which would make an image of it
    end
    self.text = self.text .. mark.open
  end

  local function put(words)
    for _, mark in ipairs(self.marks) do
      if not mark.written then write_mark(mark) end
    end
    self.text = self.text .. words
  end

  function self.add(words)
    if words:find "^ " then
      words = words:sub(2)
      if self.text ~= "" and not self.text:sub(-1):find "%s" then self.text = self.text .. " " end
    end
    if words == "" then return end
    local trimmed = words:gsub(" $", "")
    put(trimmed)
    if trimmed ~= words then self.text = self.text .. " " end
  end

  -- Two right behind each other are one: their marks would run together.
  local code = { to = 0 }
  function self.add_code(body)
    if code.to == #self.text and code.to > 0 then
      self.text, body = self.text:sub(1, code.from), code.body .. body
    else
      put ""
      code.from = #self.text
    end
    self.text = self.text .. code_span(body)
    code.to, code.body = #self.text, body
  end

  -- How much of the text is said before the white space at its end.
  local function said()
    local to = #self.text
    while self.text:sub(to, to):find "%s" do to = to - 1 end
    return to
  end

  function self.line_end() self.text = (self.text:sub(-1) == " " and self.text:sub(1, -2) or self.text) .. "\n" end

  local function close(mark)
    if mark.written then self.text = self.text:sub(1, said()) .. mark.close .. self.text:sub(said() + 1) end
    if mark.kind == "inner" then mark.kind = "em" end
    mark.written = false
  end

  local function close_from(first)
    for i = #self.marks, first, -1 do close(self.marks[i]) end
  end

  function self.open(kind, target)
    for _, mark in ipairs(self.marks) do
      if mark.kind == kind or mark.kind == "inner" and kind == "em" then
        mark.depth = mark.depth + 1
        return
      end
    end
    self.marks[#self.marks + 1] = { kind = kind, target = target, depth = 1 }
  end

  function self.close(kind)
    for i = #self.marks, 1, -1 do
      local mark = self.marks[i]
      if mark.kind == kind or mark.kind == "inner" and kind == "em" then
        mark.depth = mark.depth - 1
        if mark.depth > 0 then return end
        close_from(i)
        table.remove(self.marks, i)
        return
      end
    end
  end

  --- The words of the block that ends here.
  function self.take()
    close_from(1)
    local body = text.trim(self.text)
    self.text, code.to = "", 0
    return body
  end

  function self.has(kind)
    for _, mark in ipairs(self.marks) do
      if mark.kind == kind then return true end
    end
    return false
  end
  return self
end

-- Collects blocks; what stands in front of every line of one are the quotations and lists around it, outermost first.
local function writer()
  local self = { blocks = {}, line = line_of_words(), around = {}, before = {}, heading = 0, pre = nil, code = nil }

  -- A list that stands right behind another of its kind, with no word in between, goes on with that one: Markdown has no way to part them.
  local function number(one, shown)
    local before = self.before[#shown + 1]
    for i, other in ipairs(shown) do
      if self.before[i] ~= other then before = nil end
    end
    if one.count == 0 and before and before.list and before.ordered == one.ordered then one.count = before.count end
    one.count, one.fresh = one.count + 1, false
    one.marker = one.ordered and one.count .. ". " or "- "
  end

  -- What is before the first line of a block and before the others, whether the block stands right below the one before, and what is around it.
  -- Items that have nothing yet begin with it; a list without an item shows nothing.
  local function begun()
    local first, others, tight, shown = "", "", nil, {}
    for _, one in ipairs(self.around) do
      local fresh, within = one.list and one.fresh, shown[#shown]
      if fresh then
        number(one, shown)
        if tight == nil then tight = one.count > 1 or within ~= nil and within.list end
      end
      if not one.list or one.count > 0 then
        local further = one.list and (" "):rep(#one.marker) or "> "
        first, others = first .. (fresh and one.marker or further), others .. further
        shown[#shown + 1] = one
      end
    end
    return first, others, tight or false, shown
  end

  -- An empty line, with the marks of the quotations that the blocks before and behind it share.
  local function empty_line(shown)
    local parts = {}
    for i, one in ipairs(shown) do
      if self.before[i] ~= one then break end
      parts[i] = one.list and (" "):rep(#one.marker) or "> "
    end
    return (table.concat(parts):gsub(" +$", ""))
  end

  -- Items of a list follow each other without an empty line.
  function self.put(lines)
    local first, others, tight, shown = begun()
    if #self.blocks > 0 then self.blocks[#self.blocks + 1] = tight and "\n" or "\n" .. empty_line(shown) .. "\n" end
    for i, line in ipairs(lines) do lines[i] = (i == 1 and first or others) .. line end
    self.blocks[#self.blocks + 1] = table.concat(lines, "\n")
    self.before = shown
  end

  -- Ends the block under way; nothing where it is empty.
  function self.close()
    self.end_code()
    if self.pre then return self.close_code() end
    local body = self.line.take()
    if body == "" then return end
    local lines = {}
    for line in (body .. "\n"):gmatch " *(.-) *\n" do lines[#lines + 1] = self.heading > 0 and line or guarded(line) end
    if self.heading > 0 then lines = { headed(self.heading, (table.concat(lines, " "):gsub("  +", " "))) } end
    for i = 1, #lines - 1 do lines[i] = lines[i] .. "\\" end
    self.put(lines)
  end

  -- The fence is longer than any line of marks within.
  function self.close_code()
    local body = self.pre:gsub("\n+$", "")
    self.pre = ""
    if body == "" then return end
    local fence, lines = ("`"):rep(math.max(3, longest_run(body) + 1)), {}
    for line in (body .. "\n"):gmatch "(.-)\n" do lines[#lines + 1] = line end
    table.insert(lines, 1, fence)
    lines[#lines + 1] = fence
    self.put(lines)
  end

  -- Words of code up to here.
  function self.end_code()
    if not self.code then return end
    local body = self.code:gsub("%s+", " ")
    local bare = text.trim(body)
    self.code = ""
    if body:find "^ " then self.line.add " " end
    if bare ~= "" then self.line.add_code(bare) end
    if body:find ". $" then self.line.add " " end
  end

  function self.words(words)
    if self.pre then self.pre = self.pre .. words:gsub("\r\n?", "\n")
    elseif self.code then self.code = self.code .. words
    else self.line.add(escaped((words:gsub("%s+", " ")))) end
  end

  -- Leaves the innermost of that kind and what stands within it.
  function self.leave(is_kind)
    for i = #self.around, 1, -1 do
      if is_kind(self.around[i]) then
        for at = #self.around, i + 1, -1 do self.around[at] = nil end
        return table.remove(self.around)
      end
    end
  end
  return self
end

-- Within a link, or without an address, an image is what it says instead.
local function image_tag(out, attributes)
  local words, source = attributes "alt" or "", attributes "src"
  if out.pre or out.code or out.line.has "link" or not source or source == "" then return out.words(words) end
  out.line.add("![" .. escaped((words:gsub("%s+", " "))) .. address(source))
end

local function is_list(one) return one.list == true end

local function list_tag(out, name, closing)
  out.close()
  if closing then out.leave(is_list)
  else out.around[#out.around + 1] = { list = true, ordered = name == "ol", count = 0, marker = "", fresh = false } end
end

-- The list that a tag stands in; a quotation within it ends with the item.
local function item_tag(out, closing)
  out.close()
  local at = #out.around
  while at > 0 and not out.around[at].list do at = at - 1 end
  if at == 0 then return end
  if closing then
    for i = #out.around, at + 1, -1 do out.around[i] = nil end
    out.around[at].fresh = false
  elseif at == #out.around then
    out.around[at].fresh = true
  end
end

local blocks = {
  ul = list_tag, ol = list_tag,
  li = function(out, _, closing) item_tag(out, closing) end,
  blockquote = function(out, _, closing)
    out.close()
    if closing then out.leave(function(one) return not one.list end)
    else out.around[#out.around + 1] = { list = false } end
  end,
  pre = function(out, _, closing)
    out.close()
    out.pre = not closing and "" or nil
  end,
  br = function(out)
    if out.pre then return out.words "\n" end
    out.end_code()
    out.line.line_end()
  end,
  hr = function(out)
    out.close()
    out.put { "---" }
  end,
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

local function mark_tag(out, kind, closing, attributes)
  if out.pre then return end
  if kind == "code" then
    out.end_code()
    out.code = not closing and "" or nil
  elseif closing then
    out.end_code()
    out.line.close(kind)
  elseif not out.code then
    local target = kind == "link" and attributes "href"
    if kind ~= "link" or target and not html.runs(target) then out.line.open(kind, target) end
  end
end

return function(source)
  local out = writer()
  html.walk(source, out.words, function(name, closing, attributes)
    if kinds[name] then return mark_tag(out, kinds[name], closing, attributes) end
    if blocks[name] then blocks[name](out, name, closing, attributes) end
  end)
  out.close()
  return table.concat(out.blocks)
end
