-- t.html and t.markdown over drawn texts, nested as editors nest them and worse: after one way there and back a value is what it was,
-- so that a record does not travel for ever.
local tap = require "tap"
local t = require "tidewire.transform"

local test, ok = tap.test, tap.ok

local state = 20251107
local function draw(limit)
  state = (state * 48271) % 2147483647
  return state % limit
end
local function pick(list) return list[draw(#list) + 1] end

local words = { "red", "Grün", "x*y", "a_b", "_c", "**", "*", "_", "`", "``", "C#", "# 3", "#", "1. one", "1)", "[x]", "](y)", "![", "!", "&lt;b&gt;", "&amp;amp;", "a\\b", "\\",
  "- dash", "--- ", "---", "+ 1", "&gt; 2", "> 3", "日本", "  ", "\n", " \n  ", "&nbsp;", "\t", "```", "~", "|", "." }
local codes = { "if x:\n    y = 1", "a  b", "```\nz\n```", "`", "\n\nq\n\n", "*x*", "&lt;p&gt;", "", "  ", "\r\nw\r\n" }
local links = { 'href="https://x.y/a_b_c"', 'href="/q?a=1&amp;b=(2)"', "href='*'", 'name="n"', 'href="javascript:x()"', 'href=""', "href=plain" }

local spans
local function span(depth)
  local kind = draw(depth > 0 and 12 or 4)
  if kind < 4 then return pick(words) end
  if kind == 4 then return "<br>" end
  if kind == 5 then return ('<img src="%s" alt="%s">'):format(pick { "a.png", "" }, pick { "A", "x]y", "*", " z " }) end
  if kind == 6 then return "<code>" .. (draw(2) == 0 and pick(codes) or spans(depth - 1)) .. "</code>" end
  if kind == 7 then return "<a " .. pick(links) .. ">" .. spans(depth - 1) .. "</a>" end
  local tag = pick { "b", "strong", "i", "em", "em", "span" }
  return ("<%s>%s</%s>"):format(tag, spans(depth - 1), draw(12) == 0 and pick { "b", "i", "a" } or tag)
end

spans = function(depth)
  local parts = {}
  for i = 1, draw(4) + 1 do parts[i] = span(depth) .. (draw(2) == 0 and " " or "") end
  return table.concat(parts)
end

local blocks
local function items(depth)
  local parts = {}
  for i = 1, draw(4) do
    parts[i] = pick { "<li>%s</li>", "<li>%s</li>", "<li><p>%s</p></li>", "%s", "<li>%s" }:gsub("%%s", function() return draw(2) == 0 and spans(1) or blocks(depth - 1) end)
  end
  return table.concat(parts)
end

local function block(depth)
  local kind = draw(depth > 0 and 12 or 5)
  if kind < 2 then return "<p>" .. spans(2) .. "</p>" end
  if kind == 2 then return spans(2) end
  if kind == 3 then return "<pre>" .. pick { "<code>%s</code>", "%s" }:gsub("%%s", function() return pick(codes) .. pick(codes) end) .. "</pre>" end
  if kind == 4 then return ("<h%d>%s</h%d>"):format(draw(6) + 1, spans(1), draw(6) + 1) end
  if kind < 8 then
    local tag = pick { "ul", "ol" }
    return ("<%s>%s</%s>"):format(tag, items(depth), tag)
  end
  if kind == 8 then return "<blockquote>" .. blocks(depth - 1) .. "</blockquote>" end
  if kind == 9 then return "<hr>" end
  if kind == 10 then return "<table><tr><td>" .. spans(1) .. "</td><td>" .. blocks(depth - 1) .. "</td></tr></table>" end
  return pick { "<div>%s</div>", "<b>%s</b>", '<a href="u">%s</a>', "<em>%s" }:gsub("%%s", function() return blocks(depth - 1) end)
end

blocks = function(depth)
  local parts = {}
  for i = 1, draw(3) + 1 do parts[i] = block(depth) end
  return table.concat(parts)
end

local function settles(pair, count, make)
  for _ = 1, count do
    local left = make()
    local right = pair.to_right(left)
    local back = pair.to_left(right)
    local again = pair.to_right(back)
    ok(again == right or (again == nil or again == "") and (right == nil or right == ""), ("%s\n-->\n%s\n-->\n%s\n-->\n%s"):format(left, tostring(right), tostring(back), tostring(again)))
  end
end

test("t.html: nested texts settle", function() settles(t.html, 600, function() return blocks(3) end) end)
test("t.markdown: marks within marks settle", function() settles(t.markdown, 600, function() return "<p>" .. spans(3) .. "</p>" end) end)
test("t.markdown: blocks within blocks settle", function() settles(t.markdown, 600, function() return blocks(3) end) end)

-- What people type as Markdown, its marks and blocks mixed up.
local typed = { "*", "**", "_", "__", "***", "`", "``", "[", "](u)", "![a](b)", "\\", "\n", "\n\n", "\n- ", "\n  - ", "\n1. ", "\n2) ", "\n> ", "\n# ", "\n## ", "\n---\n", "\n```\n", "  \n", " ", " ",
  "red", "Grün", "a_b", "x", "1", "#", "<b>", "&amp;", "!", ">", "-", "\t", "\r\n" }
local function markdown()
  local parts = {}
  for i = 1, draw(24) do parts[i] = pick(typed) end
  return table.concat(parts)
end

test("t.markdown: what people type settles", function() settles(t.flip(t.markdown), 1200, markdown) end)
test("t.html: what people type settles", function() settles(t.flip(t.html), 600, markdown) end)
