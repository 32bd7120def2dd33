local tap = require "tap"
local case = require "mapping_case"

local test, equal = tap.test, tap.equal

test("after says who is told of what", function()
  local plan = case.load(function(e)
    return { fields = { { "a", "b" } }, after = { created = e.post "https://example.org/x", conflict = { e.mail "ops@example.org", e.post "http://127.0.0.1:9/y" } } }
  end)
  equal(plan.after, { { event = "created", kind = "post", to = "https://example.org/x" }, { event = "conflict", kind = "mail", to = "ops@example.org" },
    { event = "conflict", kind = "post", to = "http://127.0.0.1:9/y" } })
end)

test("what cannot be told is refused", function()
  case.refused(function() return { fields = { { "a", "b" } }, after = { created = "https://example.org" } } end, "created of after is post")
  case.refused(function(e) return { fields = { { "a", "b" } }, after = { created = e.mail "nobody" } } end, "mail takes an address")
  case.refused(function(e) return { fields = { { "a", "b" } }, after = { dead = e.mail "ops@example.org" } } end, "mail needs a server", { mail = false })
end)
