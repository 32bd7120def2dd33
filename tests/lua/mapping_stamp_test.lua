local tap = require "tap"
local case = require "mapping_case"

local test, equal = tap.test, tap.equal

test("stamps are fields, each with what stands in it", function()
  local plan = case.load(function(e)
    return { fields = { { "a", "b" } }, stamp = { left = { page = e.link.right_key, synced = true }, right = { sum = e.link.checksum } } }
  end)
  local left = plan.left.stamps
  equal({ left[1].field, left[1].what, left[2].field, left[2].what, left[2].value }, { "page", "right_key", "synced", "constant", true })
  equal(plan.right.stamps[1].what, "checksum")
  equal(plan.left.stamps[1].value, nil)
end)

test("a stamp has the described type of its field", function()
  local described = { left = { fields = { case.field "a" } }, right = { fields = { case.field "b", case.field("erp_no", "int"), case.field "email" } } }
  local plan = case.load(function(e) return { match = {}, direction = "to_right", fields = { { "a", "b" } }, stamp = { right = { erp_no = e.link.left_key } } } end,
    { describe = described })
  equal(plan.right.stamps[1].type.kind, "int")
end)

test("the key of the other side is enough to find a creation again, one's own is not", function()
  local function content(what)
    return function(e) return { match = {}, direction = "to_right", fields = { { "a", "b" } }, stamp = { right = { erp_id = e.link[what] } } } end
  end
  equal(#case.load(content "left_key").right.stamps, 1)
  case.refused(content "right_key", "nothing finds one again")
end)

test("nothing unique to find a creation again by is said, but not of a system that does not tell what is unique", function()
  local function warned(tells)
    local described = { key = { "id" }, fields = { case.field "email", case.field "b" }, tells_unique = tells }
    local _, result = case.load(function() return { fields = { { "a", "b" } } } end, { describe = { right = described } })
    return case.warned(result, "no field of match is described as unique in app")
  end
  equal({ warned(nil), warned(false) }, { true, false })
end)

test("a rule that goes by times says so of a side that tells none", function()
  local function warned(told, more)
    local described = { key = { "id" }, fields = { case.field "email", case.field "b" }, tells_times = told }
    local _, result = case.load(function()
      local content = { fields = { { "a", "b" } } }
      for name, value in pairs(more or {}) do content[name] = value end
      return content
    end, { describe = { right = described } })
    return case.warned(result, "app.table \"employees\" tells none")
  end
  equal({ warned(nil), warned(false) }, { false, true })
  equal({ warned(false, { conflict = "left" }), warned(false, { direction = "to_right" }) }, { false, false })
  equal(warned(false, { conflict = "left", fields = { { "a", "b", conflict = "newest" } } }), true)
end)

test("a key and a compound are no stamps", function()
  case.refused(function(e) return { fields = { { "a", "b" } }, stamp = { left = { name = e.link.right_key } } } end, "is the key of erp")
  case.refused(function() return { fields = { { "a", "b" } }, stamp = { left = { meta = { 1 } } } } end, "a stamp is link.left_key")
  case.refused(function() return { fields = { { "a", "b" } }, stamp = { both = {} } } end, "unknown key 'both' in stamp")
end)
