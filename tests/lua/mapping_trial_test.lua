-- Conversions are tried on the values that a boolean or a choice can have.
local tap = require "tap"
local case = require "mapping_case"
local json = require "tidewire.json"
local t = require "tidewire.transform"

local test, equal, ok = tap.test, tap.equal, tap.ok
local field, load, refused, warned = case.field, case.load, case.refused, case.warned

local described = { describe = {
  left = { key = { "name" }, fields = { field "name", field "email", field "note", field("disabled", { kind = "bool", form = "01" }, { type = { kind = "bool", form = "01" } }),
    field("kind", "enum", { type = { kind = "enum", options = json.array { "", "Company", "Person" } } }) } },
  right = { key = { "id" }, fields = { field("id", "uuid"), field("email", "text", { type = { kind = "text", unique = true } }), field("active", "bool"), field "kind", field "note" } },
} }

local function compiled(row)
  local plan, result = load(function() return { fields = { { "email", "email" }, row } } end, described)
  return plan.fields[2], result
end

local function trials(result)
  local count = 0
  for _, warning in ipairs(result.warnings) do
    if warning:find("can be:", 1, true) or warning:find("the two values of", 1, true) then count = count + 1 end
  end
  return count
end

test("`not v` of a field that is 0 or 1 is said to be the same for both", function()
  local turned = function(v) return not v end
  local _, result = compiled { "disabled", "active", { to_right = turned, to_left = turned } }
  ok(warned(result, [[to_right gives false for 1 and for 0, the two values of 'disabled' of erp.doctype "Employee": a function gets 1 or 0 of it]]))
  ok(warned(result, "t.invert turns a boolean round"))
  equal(trials(result), 1)  -- true and false of the right differ
  _, result = compiled { "disabled", "active", turned, only = "to_right" }
  equal(trials(result), 1)
end)

test("t.invert is right for both sides, whatever their form", function()
  local f, result = compiled { "disabled", "active", t.invert }
  equal(trials(result), 0)
  equal(f.to_right(1, {}, {}), { kind = "value", value = false })
  equal(f.to_left(false, {}, {}), { kind = "value", value = true })
  equal(f.left_type.form, "01")
end)

test("a conversion that no value passes is refused, one that a value fails is warned of", function()
  refused(function() return { fields = { { "email", "email" }, { "disabled", "active", t.bool("Yes", "No") } } } end,
    "t.bool fails for every value that 'disabled' of erp.doctype \"Employee\" can have: for 1, '1' is neither 'Yes' nor 'No'", described)
  local _, result = compiled { "disabled", "note", t.enum { [false] = "on" }, only = "to_right" }
  ok(warned(result, "t.enum fails for 1, which 'disabled' of erp.doctype \"Employee\" can be: "))
  _, result = compiled { "kind", "note", { to_right = function(v) return ({ Company = "c" })[v]:upper() end }, only = "to_right" }
  ok(warned(result, "to_right fails for 'Person', which 'kind' of erp.doctype \"Employee\" can be: "))
  _, result = compiled { "kind", "active", { to_right = function(v) return v == "Company" and "perhaps" end }, only = "to_right" }
  ok(warned(result, "fails for 'Company', which 'kind' of erp.doctype \"Employee\" can be: 'perhaps' is no boolean"))
end)

test("what looks at the record, and what a function says of a value itself, is its own matter", function()
  local _, result = compiled { "disabled", "active", { to_right = function(v, record) return record.email ~= nil and v == 1 end }, only = "to_right" }
  equal(trials(result), 0)
  local plan
  plan, result = load(function(e)
    return { fields = { { "email", "email" }, { "disabled", "note", { to_right = function(v) return v == 1 and e.dead "left" or "here" end }, only = "to_right" } } }
  end, described)
  equal(trials(result), 0)
  equal(#plan.fields, 2)
end)
