--- What an author writes down for a field of a system: told while the file is read where the field cannot have it.

local tap = require "tap"
local case = require "mapping_case"
local t = require "tidewire.transform"

local described = {
  left = { key = { "name" }, fields = { case.field "name", case.field "email", case.field("age", "int"), case.field("active", "bool"),
    { name = "status", type = { kind = "enum", options = { "Active", "Left" } } } } },
  right = { key = { "id" }, fields = { case.field "id", case.field "email", case.field("age", "int"), case.field "note" } },
}
local both = { describe = described }
local email = { "email", "email" }

local function refused(content, pattern)
  case.refused(function(e)
    local m = content(e)
    m.fields = m.fields or { email }
    return m
  end, pattern, both)
end

tap.test("a number or a truth that is none is refused, wherever it stands", function()
  refused(function() return { fields = { email, { left = "age", value = "old" } } } end, "value: 'age' of erp.doctype \"Employee\" cannot be 'old', it is int")
  refused(function() return { fields = { email, { "age", "age", default = "none" } } } end, "default: 'age' of .* cannot be 'none', it is int")
  refused(function() return { fields = { email, { "age", "age", null = "none" } } } end, "null: 'age' of .* cannot be 'none', it is int")
  refused(function() return { scope = { left = { active = "perhaps" } } } end, "scope: 'active' of erp.doctype \"Employee\" cannot be 'perhaps', it is bool")
  refused(function(e) return { scope = { right = { age = e.one_of { 1, "two" } } } } end, "scope: 'age' of app.table \"employees\" cannot be 'two', it is int")
  refused(function(e) return { left = e.erp.doctype("Employee", { where = { age = "old" } }) } end, "where: 'age' of .* cannot be 'old', it is int")
  refused(function() return { deletes = { to_right = "soft", soft = { right = { "age", "gone" } } } } end, "soft: 'age' of app.table \"employees\" cannot be 'gone', it is int")
  refused(function() return { stamp = { right = { age = "seven" } } } end, "stamp: 'age' of app.table \"employees\" cannot be 'seven', it is int")
end)

tap.test("a number may be written as a text, a truth as yes and no", function()
  local plan, result = case.load(function(e)
    return { scope = { left = { active = "Yes" }, right = { age = e.more_than("17") } }, fields = { email, { "age", "age", default = "0" }, { left = "status", value = "Left", when = "create" } } }
  end, both)
  tap.equal({ #plan.fields, case.warned(result, "cannot be") }, { 3, false })
end)

tap.test("a word that the system does not offer for the field is a warning, as it may offer it later", function()
  local _, result = case.load(function() return { scope = { left = { status = "Actve" } }, fields = { email } } end, both)
  tap.ok(case.warned(result, "scope: 'status' of erp.doctype \"Employee\" cannot be 'Actve' (did you mean 'Active'?)"))
  _, result = case.load(function() return { fields = { email, { left = "status", value = "Retired" } } } end, both)
  tap.ok(case.warned(result, "value: 'status' of erp.doctype \"Employee\" cannot be 'Retired' (it has Active, Left)"))
end)

tap.test("what stands for nothing is meant for either side: it is told where it fits none", function()
  local function warned(value, status)
    local right = { key = { "id" }, fields = { case.field "id", case.field "email", { name = "state", type = { kind = "enum", options = status } } } }
    local _, result = case.load(function() return { fields = { email, { "status", "state", t.enum { Active = "on", Left = "off" }, default = value } } } end,
      { describe = { left = described.left, right = right } })
    return case.warned(result, "default:")
  end
  tap.equal({ warned("Left", { "on", "off" }), warned("off", { "on", "off" }), warned("gone", { "on", "off" }) }, { false, false, true })
end)

tap.test("a constant goes where its row says it goes", function()
  refused(function() return { fields = { email, { left = "status", value = "Left", only = "to_right" } } } end, "'status' is on the left, and only = \"to_right\" writes nothing there")
end)

tap.test("a function of the library that makes a conversion is none itself", function()
  refused(function() return { fields = { email, { "age", "age", t.phone } } } end, "t.phone takes a country such as \"GB\"")
  refused(function() return { fields = { email, { "age", "age", to_right = t.decimal } } } end, "t.decimal")
  refused(function() return { check = { { "note", t.matches, "no note" } } } end, "t.matches takes a Lua pattern: t.matches \"%^%%%+\"")
end)

tap.test("an unknown word is told with what there is, where that is not long", function()
  refused(function() return { deletes = { towards = "soft" } } end, "unknown key 'towards' in deletes %(")
  refused(function(e) return { left = e.erp.doc "Employee" } end, "erp has no 'doc' %(")
end)
