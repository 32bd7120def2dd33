--- HTML read as a list of tags and texts, and plain text written as HTML.

local text = require "tidewire.text"

local M = {}

local entities = {
  amp = "&", lt = "<", gt = ">", quot = '"', apos = "'", nbsp = " ", euro = "€", pound = "£", copy = "©", reg = "®", hellip = "…",
  ndash = "–", mdash = "—", lsquo = "‘", rsquo = "’", ldquo = "“", rdquo = "”", laquo = "«", raquo = "»", middot = "·", deg = "°",
  auml = "ä", ouml = "ö", uuml = "ü", Auml = "Ä", Ouml = "Ö", Uuml = "Ü", szlig = "ß", eacute = "é", egrave = "è", agrave = "à",
  ccedil = "ç", ntilde = "ñ", times = "×", bull = "•", trade = "™", sect = "§",
}

local function utf8_of(code)
  if code < 0x80 then return string.char(code) end
  if code < 0x800 then return string.char(0xC0 + math.floor(code / 64), 0x80 + code % 64) end
  if code < 0x10000 then return string.char(0xE0 + math.floor(code / 4096), 0x80 + math.floor(code / 64) % 64, 0x80 + code % 64) end
  return string.char(0xF0 + math.floor(code / 262144), 0x80 + math.floor(code / 4096) % 64, 0x80 + math.floor(code / 64) % 64, 0x80 + code % 64)
end

local function entity(all, name)
  local code = name:match "^#(%d+)$"
  code = code and tonumber(code) or tonumber(name:match "^#[xX](%x+)$" or "", 16)
  if not code then return entities[name] or all end
  local surrogate = code >= 0xD800 and code <= 0xDFFF
  if code < 1 or code > 0x10FFFF or surrogate then return all end
  return code == 0xA0 and " " or utf8_of(code)
end

--- The characters that a text of HTML stands for.
function M.unescape(value)
  return (value:gsub("(&(#?%w+);)", entity))
end

--- A text as HTML holds it.
function M.escape(value)
  return (value:gsub("[&<>\"]", { ["&"] = "&amp;", ["<"] = "&lt;", [">"] = "&gt;", ['"'] = "&quot;" }))
end

-- What a link to it would do instead of leading somewhere.
local running = { javascript = true, vbscript = true, data = true }

--- Whether a link to `target` runs a script: text becomes no such one.
function M.runs(target) return running[target:gsub("%c", ""):lower():match "^(%a+):"] or false end

local hidden = { script = true, style = true, head = true, title = true, template = true }

local function attribute(inside, name)
  for key, quote, value in inside:gmatch "([%w-]+)%s*=%s*([\"'])(.-)%2" do
    if key:lower() == name then return M.unescape(value), quote end
  end
  return inside:match("%f[%w-]" .. name .. "%s*=%s*([^%s\"'>]+)")
end

-- Where the tag that begins at `open` ends; a ">" within an attribute's quotation marks is none. nil where it has no end.
local function tag_end(source, open)
  local at = open + 1
  while true do
    local place = source:find("[>=]", at)
    if not place or source:sub(place, place) == ">" then return place end
    local quote, inside = source:match("^%s*([\"'])()", place + 1)
    local behind = quote and source:find(quote, inside, true)
    at = (behind or place) + 1
  end
end

local function comment_end(source, open)
  local _, close = source:find("-->", open, true)
  return close
end

--- Calls on_text(text) and on_tag(name, closing, attributes) in order; comments and what is never shown are passed over.
--- `attributes(name)` is an attribute's value or nil.
function M.walk(source, on_text, on_tag)
  local at, lowered = 1, nil
  while at <= #source do
    local open = source:find("<[%a/!?]", at) or #source + 1
    if open > at then on_text(M.unescape(source:sub(at, open - 1))) end
    if open > #source then return end
    local comment = source:sub(open, open + 3) == "<!--"
    local close = (comment and comment_end or tag_end)(source, open) or #source
    local slash, name, inside = source:sub(open, close):match "^<(/?)([%a][%w]*)(.-)/?>$"
    name = name and name:lower()
    if name and hidden[name] and slash == "" then
      lowered = lowered or source:lower()
      local closing = lowered:find("</" .. name .. "%f[^%w]", close + 1)      -- what is in between is no HTML
      close = closing and source:find(">", closing, true) or #source
    elseif name and not hidden[name] then
      on_tag(name, slash == "/", function(wanted) return (attribute(inside, wanted)) end)
    end
    at = close + 1
  end
end

--- A text with the white space that a paragraph shows: that of <pre> has no other form on the way back.
function M.plain(value)
  return text.trim((value:gsub("\r\n?", "\n"):gsub("[ \t\f\v]+", " "):gsub(" ?\n ?", "\n")))
end

-- How many line ends a tag stands for.
local breaks = { br = 1, li = 1, tr = 1, div = 1, dt = 1, dd = 1, p = 2, h1 = 2, h2 = 2, h3 = 2, h4 = 2, h5 = 2, h6 = 2, ul = 1, ol = 1,
  blockquote = 2, pre = 2, table = 2, hr = 2, section = 2, article = 2 }

local cells = { td = true, th = true }

--- What a person sees of it: paragraphs with an empty line between, a line for each line break and list item, a blank between the
--- cells of a row.
function M.text(source)
  local parts, owed, preformatted, apart = {}, 0, false, false
  local function break_line(count)
    if #parts > 0 and count > owed then owed = count end
  end
  M.walk(source, function(words)
    if not preformatted then words = words:gsub("%s+", " ") end
    local at_start = #parts == 0 or owed > 0
    if at_start and not preformatted then words = words:gsub("^ ", "") end
    if words == "" then return end
    if owed > 0 then parts[#parts + 1] = ("\n"):rep(owed) end
    if apart and not at_start and not parts[#parts]:find "%s$" and not words:find "^%s" then parts[#parts + 1] = " " end
    owed, apart = 0, false
    parts[#parts + 1] = words
  end, function(name, closing)
    if name == "pre" then preformatted = not closing end
    apart = apart or cells[name] or false
    if name == "br" and #parts > 0 then owed = owed + 1
    elseif breaks[name] then break_line(breaks[name]) end
  end)
  return (M.plain(table.concat(parts)):gsub("\n\n\n+", "\n\n"))
end

--- Plain text as HTML: paragraphs at empty lines, line breaks within. White space that HTML would not show is left out.
function M.from_text(value)
  local paragraphs, plain = {}, M.plain(value)
  if plain == "" then return "" end
  for paragraph in (plain .. "\n\n"):gmatch "(.-)\n\n%s*" do
    paragraphs[#paragraphs + 1] = "<p>" .. M.escape(paragraph):gsub("\n", "<br>") .. "</p>"
  end
  return table.concat(paragraphs)
end

return M
