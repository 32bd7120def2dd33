-- What a site does to markup in text fields when it saves.
--
-- Text with at least one element goes through bleach: unknown elements are escaped, attributes outside the list dropped,
-- then stray "&", "<" and ">" become entities. Text without an element is stored as it came.

local json = require "tidewire.json"

local M = {}

local allowed = {}
for word in ([[a abbr acronym address article aside audio b bdi bdo big blockquote br button caption center cite code col
  colgroup command datagrid datalist dd del details dfn dialog dir div dl dt em event-source fieldset figcaption figure
  font footer form h1 h2 h3 h4 h5 h6 head header hgroup hr html i img input ins keygen kbd label legend li link m map mark
  menu meta meter multicol nav nextid noscript ol optgroup option output p pre progress q s samp section select small
  sound source spacer span strike strong style sub summary sup svg table tbody td textarea tfoot th thead time title tr
  track tt u ul var video]]):gmatch "%S+" do allowed[word] = true end

local attributes = {}
for word in ([[align alt bgcolor border cellpadding cellspacing class color cols colspan data-id data-label data-list
  data-mention data-value dir disabled face for height hidden href id lang name rel rows rowspan size span src srcset
  start style summary tabindex target title type valign value width wrap]]):gmatch "%S+" do attributes[word] = true end

local function entity_safe(text)
  return (text:gsub("&(#?%w*;?)", function(rest)
    if rest:find "^%a%w*;$" or rest:find "^#%d+;$" then return "&" .. rest end
    return "&amp;" .. rest
  end))
end

local function escape(text)
  return (entity_safe(text):gsub("<", "&lt;"):gsub(">", "&gt;"))
end

local function clean_attributes(text)
  local out = {}
  for name, value in text:gmatch '([%w_-]+)%s*=%s*"([^"]*)"' do
    local script = value:lower():gsub("%s", ""):find "^%a+script:"
    if attributes[name:lower()] and not script then out[#out + 1] = (' %s="%s"'):format(name:lower(), entity_safe(value)) end
  end
  for name, value in text:gsub('"[^"]*"', '""'):gmatch "([%w_-]+)%s*=%s*([^%s\"'>]+)" do
    if attributes[name:lower()] then out[#out + 1] = (' %s="%s"'):format(name:lower(), entity_safe(value)) end
  end
  return table.concat(out)
end

local tag_pattern = "^<(/?)(%a[^%s/<>]*)([^<>]*)>"     -- as HTML 5 reads a name: up to a blank, a slash or the end

--- The text as a site stores it.
function M.sanitize(text)
  if not text:find("<", 1, true) then return text end
  if not text:find "<%a[^<>]*>" or json.decode(text) ~= nil then return text end
  local out, at = {}, 1
  while at <= #text do
    local start = text:find("<", at, true)
    if not start then out[#out + 1] = escape(text:sub(at)) break end
    out[#out + 1] = escape(text:sub(at, start - 1))
    local close, tag, rest = text:match(tag_pattern, start)
    if not tag then
      out[#out + 1] = "&lt;"
      at = start + 1
    else
      local whole = #("<" .. close .. tag .. rest .. ">")
      if allowed[tag:lower()] then
        out[#out + 1] = "<" .. close .. tag:lower() .. (close == "" and clean_attributes(rest) or "") .. ">"
      else
        out[#out + 1] = escape(text:sub(start, start + whole - 1))
      end
      at = start + whole
    end
  end
  return table.concat(out)
end

--- The text without its elements and blanks around it, as the mandatory check sees it.
function M.strip(text)
  return (text:gsub("<[^>]*>", ""):match "^%s*(.-)%s*$")
end

return M
