-- Every pair of tidewire.transform over drawn values: what is not lossy comes back as it went; what is lossy settles after one
-- way there and back, so that a record does not travel for ever.
local tap = require "tap"
local decimal = require "tidewire.decimal"
local json = require "tidewire.json"
local outcome = require "tidewire.mapping.outcome"
local t = require "tidewire.transform"
local time = require "tidewire.time"
local values = require "tidewire.mapping.values"

local test, equal, ok, raises = tap.test, tap.equal, tap.ok, tap.raises
local dec = decimal.dec

local state = 20240501
local function draw(limit)
  state = (state * 48271) % 2147483647
  return state % limit
end
local function pick(list) return list[draw(#list) + 1] end

local letters = { "a", "B", "z", "ß", "é", "日", " ", ",", '"', "\n", "<", ">", "&", "*", "_", "`", "[", "]", "(", "#", "-", ".", "1", "\\", "'" }
local function text(most)
  local parts = {}
  for i = 1, draw(most or 24) do parts[i] = pick(letters) end
  return table.concat(parts)
end
local function words()
  local parts = {}
  for i = 1, draw(5) + 1 do parts[i] = pick { "red", "Grün", "x*y", "a_b", "C#", "1.5", "[x]", "<b>", "`q`", "a\\b", "日本", "- dash", "#3" } end
  return table.concat(parts, " ")
end
local function list_of(make)
  local list = json.array {}
  for i = 1, draw(6) do list[i] = make() end
  return list
end
local function number() return dec(("%d.%0" .. draw(6) + 1 .. "d"):format(draw(2000000) - 1000000, draw(10))) end
local function moment(least) return time.format((least or 0) + draw(2000000000), 0) end

local function fitted(pair, context)
  context = context or {}
  context.left_paths, context.right_paths = context.left_paths or { "a" }, context.right_paths or { "b" }
  context.problem = function(message) error(message, 0) end
  context.warn = function() end
  return pair.bind and pair.bind(context) or pair
end

local function blank(value) return values.empty(value) or type(value) == "table" and next(value) == nil end
-- Nothing is nothing, whether null, "" or an empty list.
local function same(a, b)
  if blank(a) and blank(b) or values.same(a, b) then return true end
  if type(a) ~= "table" or type(b) ~= "table" then return false end
  for name, part in pairs(a) do
    if not same(part, b[name]) then return false end
  end
  return #a == #b
end
local function given(value) if value ~= json.null then return value end end

local function shown(value) return type(value) == "table" and json.encode(value) or tostring(value) end

-- `exact`: a pair that is lossy for other values, or from the right, gives these back.
local function law(name, pair, make, context, exact)
  test(name .. ": what goes there and back is the same, or settles", function()
    local p = fitted(pair, context)
    local lossy = (pair.lossy or p.lossy) and not exact
    for _ = 1, 300 do
      local left = make()
      local right = p.to_right(left)
      if not outcome.of(right) then
        local back = p.to_left(given(right))
        ok(not outcome.of(back), ("%s: the way back of %s refuses %s"):format(name, shown(left), shown(right)))
        if not lossy then ok(same(back, left), ("%s: %s -> %s -> %s"):format(name, shown(left), shown(right), shown(back))) end
        local again = p.to_right(given(back))
        ok(same(again, right), ("%s: %s -> %s -> %s -> %s"):format(name, shown(left), shown(right), shown(back), shown(again)))
      end
    end
  end)
end

law("t.email", t.email, function() return pick { " Ada@X.ORG", "b@c.d", "x@Y", "no", "" } end)
law("t.concat", t.concat(", "), function() return { street = text(12), city = text(12), zip = text(8) } end,
  { left_paths = { "street", "city", "zip" } }, "exact")
for _, separator in ipairs { " - ", "--", ", ", " ", "aba", "; " } do
  -- Parts of what the separator is made of: they end, begin and overlap like it.
  local function part()
    local parts = {}
    for i = 1, draw(5) do parts[i] = draw(2) == 0 and separator:sub(draw(#separator) + 1, draw(#separator) + 1) or pick { "x", "y", "" } end
    return table.concat(parts)
  end
  law(("t.concat %q of what looks like it"):format(separator), t.concat(separator), function() return { street = part(), city = part(), zip = part() } end,
    { left_paths = { "street", "city", "zip" } }, "exact")
end
law("t.default", t.default "n/a", function() return pick { "a", "b", 5 } end, nil, "exact")
law("t.scale(100)", t.scale(100), number)
law("t.scale(0.001)", t.scale "0.001", number)
law("t.percent", t.percent, number)
law("t.minor EUR", t.minor "EUR", number)
law("t.minor JPY", t.minor "JPY", function() return draw(100000) end)
law("t.unix", t.unix, moment)
law("t.unix ms of local times", t.unix "ms", function() return (time.to_local(moment(), "Asia/Kolkata")) end,
  { left_type = { kind = "datetime", form = "local", zone = "Asia/Kolkata" } })
law("t.excel of days", t.excel, function() return moment():sub(1, 10) end, { left_type = { kind = "date" } })
law("t.excel of times", t.excel, function() return (time.to_local(moment(), "UTC")) end, { left_type = { kind = "datetime", form = "local" } })
law("t.csv", t.csv, function() return list_of(text) end, nil, "exact")
law("t.csv ;", t.csv ";", function() return list_of(words) end, nil, "exact")
law("t.lines", t.lines, function() return list_of(words) end, nil, "exact")
law("t.set", t.set, function() return list_of(words) end)
law("t.html", t.html, function() return pick { "<p>%s</p>", "%s<br>%s", "<ul><li>%s</li><li>%s</li></ul>", "<div>%s</div>" }:gsub("%%s", function() return (words():gsub("<", "&lt;")) end) end)
law("t.flip(t.html)", t.flip(t.html), text)
law("t.markdown", t.markdown, function()
  local shapes = { "<p>%s</p><p>%s</p>", "<h2>%s</h2><p>%s</p>", "<ul><li>%s</li><li>%s</li></ul>", "<p><strong>%s</strong> and <em>%s</em></p>",
    "<ol><li>%s<ul><li>%s</li></ul></li><li>%s</li></ol>", "<blockquote><p>%s</p></blockquote>", "<pre><code>%s</code></pre>", '<p><a href="https://x.y/?a=1">%s</a></p>' }
  return (pick(shapes):gsub("%%s", function() return (words():gsub("<", "&lt;"):gsub("`", "'")) end))
end)
law("t.trim", t.trim, text)
law("t.lower", t.lower, text)
law("t.upper", t.upper, text)
law("t.scale(1.19)", t.scale "1.19", number)
law("t.scale(1.19, 2)", t.scale("1.19", 2), number)
law("t.scale(100, 2)", t.scale(100, 2), number)
law("t.scale(0.5)", t.scale "0.5", number)

local function name() return pick { "Ada", "King", "van", "de", "Ünal", "O'Neil", "Lovelace" } end
local function names()
  local parts = {}
  for i = 1, draw(3) + 1 do parts[i] = name() end
  return table.concat(parts, " ")
end
local function local_moment(zone) return function() return (time.to_local(moment(), zone)) end end
local instant, day = { kind = "datetime", form = "instant" }, { kind = "date" }
local function site(zone) return { kind = "datetime", form = "local", zone = zone } end

law("t.phone GB", t.phone "GB", function() return pick { "07700 900123", "+44 (0)7700 900123", "0044 7700900123", "+1 212 555 0100", "(020) 7946-0000", "1", "" } end)
law("t.phone IT", t.phone "IT", function() return pick { "06 1234567", "+39 06 1234567", "333 1234567" } end)
law("t.date of an instant", t.date, moment, { left_type = instant, right_type = day })
law("t.date of local times", t.date, local_moment "America/New_York", { left_type = site "America/New_York", right_type = day })
law("t.date towards an instant", t.date, function() return moment():sub(1, 10) end, { left_type = day, right_type = instant }, "exact")
law("t.datetime", t.datetime "Europe/Berlin", local_moment "Europe/Berlin")
law("t.datetime of described sides", t.datetime, local_moment "Europe/Berlin", { left_type = site "Europe/Berlin", right_type = instant })
law("t.names", t.names, function() return { first = names(), last = name() } end, { left_paths = { "first", "last" } })
law("t.names of three", t.names, function() return { first = name(), middle = draw(2) == 0 and json.null or names(), last = name() } end,
  { left_paths = { "first", "middle", "last" } })
law("t.enum", t.enum { A = "a", B = "b" }, function() return pick { "A", "B", "C" } end)
law("t.enum with a way back", t.enum({ A = "a", B = "a" }, { back = { a = "A" } }), function() return pick { "A", "B", "C" } end)
law("t.bool", t.bool("Yes", "No"), function() return pick { true, false } end)
law("t.invert", t.invert, function() return pick { true, false } end)
law("t.list(t.invert)", t.list(t.invert), function() return list_of(function() return draw(2) == 0 end) end)
law("t.list(t.trim)", t.list(t.trim), function() return list_of(text) end)
law("t.list(t.enum)", t.list(t.enum { A = "a", B = "b" }), function() return list_of(function() return pick { "A", "B" } end) end)
law("t.flip(t.scale)", t.flip(t.scale("1.19", 2)), number)
law("t.decimal", t.decimal(2), number)
law("t.json", t.json, function() return json.encode(list_of(text)) end, { left_type = { kind = "text" }, right_type = { kind = "json" } }, "exact")
law("t.json of values", t.flip(t.json), function() return list_of(function() return pick { text(), draw(1000), dec "1.25", true, json.null, list_of(text) } end) end,
  { left_type = { kind = "json" }, right_type = { kind = "text" } }, "exact")

test("texts, numbers and times come out as people expect", function()
  equal(t.email.to_right "  Ada.B@Example.ORG ", "Ada.B@example.org")
  equal(t.percent.to_right "0.19", 19)
  equal(t.percent.to_left(19):text(), "0.19")
  equal(t.minor("EUR").to_right "12.34", 1234)
  equal(t.minor("EUR").to_left(1234):text(), "12.34")
  equal(t.minor("KWD").to_right "1.5", 1500)
  equal(fitted(t.unix).to_right "1970-01-02T00:00:00Z", 86400)
  equal(fitted(t.unix "ms").to_left(1500), "1970-01-01T00:00:01.5Z")
  equal(fitted(t.excel, { left_type = { kind = "date" } }).to_right "2024-05-01", 45413)
  equal(fitted(t.excel, { left_type = { kind = "datetime" } }).to_left "45413.5", "2024-05-01 12:00:00")
  equal(fitted(t.csv).to_right { "red", "a, b", 'say "x"' }, 'red, "a, b", "say ""x"""')
  equal(fitted(t.csv).to_left "red,green , blue", { "red", "green", "blue" })
  equal(fitted(t.csv, { right_type = { kind = "list" } }).to_right "a, b", { "a", "b" })
  equal(t.default("n/a").to_right(nil), "n/a")
  equal(t.default("n/a").to_left "n/a", json.null)
end)

test("HTML becomes the text that a person sees, and a text HTML", function()
  equal(t.html.to_right "<p>Hello &amp; <b>good</b>\n  day</p><p>1 &lt; 2<br/>&euro; 5</p><ul><li>a</li><li>b</li></ul>", "Hello & good day\n\n1 < 2\n€ 5\n\na\nb")
  equal(t.html.to_right "<table><tr><td>5</td><td>100</td></tr>\n<tr><th>a </th><td>b</td></tr></table>", "5 100\na b")
  equal(t.html.to_right "<style>p {}</style>x<!-- <p>no</p> -->", "x")
  equal(t.html.to_left "a & b\nc\n\nd <e>", "<p>a &amp; b<br>c</p><p>d &lt;e&gt;</p>")
end)

test("HTML becomes Markdown and comes back", function()
  local page = '<h2>Title</h2><p>Some <strong>bold</strong>, <em>soft</em> and <code>a*b</code>.</p><ul><li>one</li><li>two<ol><li>deep</li></ol></li></ul>'
    .. '<blockquote><p>said</p></blockquote><pre><code>x &lt; 1\n  y</code></pre><p><a href="https://example.org/a?b=1">here</a></p>'
  local shown_as = "## Title\n\nSome **bold**, _soft_ and `a*b`.\n\n- one\n- two\n  1. deep\n\n> said\n\n```\nx < 1\n  y\n```\n\n[here](https://example.org/a?b=1)"
  equal(t.markdown.to_right(page), shown_as)
  equal(t.markdown.to_left(shown_as), page)
  equal(t.markdown.to_left "1. first\n2. second", "<ol><li>first</li><li>second</li></ol>")
  equal(t.markdown.to_right "<p>2 * 3 # 4</p>", "2 \\* 3 # 4")
  equal(t.markdown.to_left "***both***", "<p><strong><em>both</em></strong></p>")
  for html, markdown in pairs {
    ['<p>see <img src="a%20b.png" alt="y]"> there</p>'] = "see ![y\\]](a%20b.png) there", ['<p>hey!<a href="u">l</a></p>'] = "hey\\![l](u)",
    ["<p><code>a`b</code> x</p>"] = "`` a`b `` x", ["<p><code>``</code></p>"] = "``` `` ```", ["<p><code>ab</code></p>"] = "`ab`",
  } do
    equal(t.markdown.to_right(html), markdown)
    equal(t.markdown.to_left(markdown), html)
  end
  equal(t.markdown.to_right '<p><a href="u"><img src="x" alt="y z"></a><img alt="gone"></p>', "[y z](u)gone")
end)

test("a link of Markdown runs nothing", function()
  for _, target in ipairs { "javascript:alert`1`", "JavaScript:x", "vbscript:x", "data:text/html;base64,PHM+", "java\1script:x", "\1javascript:x" } do
    local html = t.markdown.to_left("[a](" .. target .. ")")
    ok(not html:find("<a", 1, true), html)
  end
  equal(t.markdown.to_left "[a](https://x.y/javascript:1) [b](mailto:c@d.e) [c](/data)", '<p><a href="https://x.y/javascript:1">a</a> <a href="mailto:c@d.e">b</a> <a href="/data">c</a></p>')
end)

test("a tag ends where HTML says that it does", function()
  equal(t.html.to_right '<a title="a>b">c</a>', "c")
  equal(t.html.to_right "<a title='a>b' href=x>c</a> <p title=it's>d</p>", "c\n\nd")
  equal(t.html.to_right '<img alt = "1 > 0"/>x', "x")
  equal(t.html.to_right '<p title="no end>x</p>', "x")
  equal(t.html.to_right '<script>if (a<b) { s = "</p>" + a="x" }</script>y', "y")
  equal(t.html.to_right "<STYLE>p > a { content: '<b' }</style >z", "z")
  equal(t.markdown.to_right '<a data-href="no" href="https://x.y/?a>b">c</a>', "[c](https://x.y/?a>b)")
end)

test("times that no calendar has are said, and named", function()
  local function dead(value, pattern)
    local kind, why = outcome.of(value)
    equal(kind, "dead")
    ok(why:find(pattern), why)
  end
  local far = "beyond the years 1 to 9999"
  dead(fitted(t.unix).to_left(253402300800), "'253402300800' is a time " .. far)
  dead(fitted(t.unix).to_left(-62135596801), "'%-62135596801' is a time " .. far)
  dead(fitted(t.unix "ms").to_left "100000000000000000000", "'100000000000000000000' is a time " .. far)
  dead(fitted(t.unix, { left_type = { kind = "datetime", form = "local", zone = "Asia/Kolkata" } }).to_left(253402300799), far)
  dead(fitted(t.excel, { left_type = { kind = "date" } }).to_left(2958466), "'2958466' is a time " .. far)
  dead(fitted(t.excel, { left_type = { kind = "datetime" } }).to_left "2958465.999999", "'2958465.999999' is a time " .. far)
  equal(fitted(t.unix).to_left(253402300799), "9999-12-31T23:59:59Z")
  equal(fitted(t.excel, { left_type = { kind = "date" } }).to_left(2958465), "9999-12-31")
  dead(fitted(t.datetime "Europe/Berlin").to_left "9999-12-31T23:59:59Z", far)
  dead(fitted(t.datetime "Europe/Berlin").to_right "0001-01-01 00:00:00", far)
  dead(fitted(t.datetime "Europe/Berlin").to_right "2024-99-01T00:00:00Z", "no date or time")
  dead(t.date.to_right "2024-02-30", "no date or time")
end)

test("what does not fit is said", function()
  local function dead(value, pattern)
    local kind, why = outcome.of(value)
    equal(kind, "dead")
    ok(why:find(pattern), why)
  end
  dead(t.email.to_right "nobody", "no e%-mail address")
  dead(t.minor("JPY").to_right "1.5", "more digits than JPY")
  dead(fitted(t.excel, { left_type = { kind = "date" } }).to_right "1900-01-05", "before March 1900")
  dead(fitted(t.csv).to_left 'a, "b', "has no end")
  dead(fitted(t.csv).to_left '"a" b, c', "goes on behind its end")
  dead(fitted(t.csv).to_right { "a", json.null }, "element 2 is null, which is no text")
  dead(fitted(t.concat ", ", { left_paths = { "a", "b" } }).to_right { a = "x, y", b = "z" }, "a holds ', '")
  dead(fitted(t.concat " - ", { left_paths = { "a", "b" } }).to_right { a = "x -", b = "y" }, "'x %-' would come back as 'x'")
  dead(fitted(t.concat "--", { left_paths = { "a", "b" } }).to_right { a = "x-", b = "y" }, "'x%-' would come back as 'x'")
  dead(t.scale(2).to_right "x", "no number")
  raises(function() t.scale(0) end, "not zero")
  raises(function() t.minor "euro" end, "takes a currency")
  raises(function() t.unix "h" end, "takes")
  raises(function() t.flip "x" end, "takes a conversion")
  raises(function() return t.markdwn end, "did you mean 'markdown'")
end)
