--- HTML as the plain text that a person sees, and as Markdown. What neither has words for is left out, its text kept.

local html = require "tidewire.transform.html"
local markdown = require "tidewire.transform.markdown"
local pairs_of = require "tidewire.transform.pair"
local values = require "tidewire.mapping.values"

local M = {}

local function of_text(call)
  return function(value)
    if values.empty(value) then return nil end
    if type(value) ~= "string" then return value end
    return call(value)
  end
end

--- HTML on the left <-> plain text on the right: paragraphs, line breaks and list items keep their lines.
M.html = pairs_of.bare("t.html", { to_right = of_text(html.text), to_left = of_text(html.from_text), lossy = true })

--- HTML on the left <-> Markdown on the right: headings, paragraphs, lists, quotations, code, links, bold, italic.
M.markdown = pairs_of.bare("t.markdown", { to_right = of_text(markdown.from_html), to_left = of_text(markdown.html), lossy = true })

return M
