-- profile: practice
-- What the practice site makes of a text with markup: each line was seen on real sites.
local tap = require "tap"
local html = require "practice.frappe.html"

tap.test("a text is stored as a site stores it", function()
  local seen = {
    { "Ann <ann@x.io>", "Ann &lt;ann@x.io&gt;" },
    { "<script>alert(1)</script>x", "&lt;script&gt;alert(1)&lt;/script&gt;x" },
    { '<p onclick="x()">hi</p>', "<p>hi</p>" },
    { "<b>b</b> & c", "<b>b</b> &amp; c" },
    { "5 > 3 && 2 < 4 <br>", "5 &gt; 3 &amp;&amp; 2 &lt; 4 <br>" },
    { '<a href="javascript:x">l</a>', "<a>l</a>" },
    -- A name of an element ends at a blank, a slash or ">": this one is not <a>.
    { "Ann <a@x.io>", "Ann &lt;a@x.io&gt;" },
  }
  for _, pair in ipairs(seen) do tap.equal(html.sanitize(pair[1]), pair[2]) end
  for _, text in ipairs { "a < b > c", "<3 love", "x <y z", "<!-- c -->text", "&lt;b&gt;", "a&amp;b", '{"a":"<b>"}' } do tap.equal(html.sanitize(text), text) end
end)
