local tap = require "tap"
local host = require "tidewire.host.mapping"
local case = require "mapping_case"

local test, equal = tap.test, tap.equal

local function load(options, more)
  local result = host(function(e)
    local m = { left = e.erp.doctype "Customer", right = e.app.table("partners", options(e)), key = { left = "name", right = "id" },
      match = { e.by.fields { { "email", "email" } } }, on = { webhook = true }, fields = { { "email", "email" } } }
    for key, value in pairs(more or {}) do m[key] = value end
    return e.mapping(m)
  end, case.argument())
  return result.mappings[1]
end

test("where narrows the scope and fills new records", function()
  local plan = load(function() return { where = { kind = "customer" }, claims = "kind" } end)
  equal(plan.right.scope.kind, { op = "=", value = "customer" })
  equal(plan.right.options, {})
  equal(plan.right.claims, { field = "kind", values = { "customer" } })
  local constant = plan.fields[2]
  equal({ constant.kind, constant.right[1], constant.constant, constant.when }, { "constant", "kind", "customer", "create" })
end)

test("several values are a condition and no constant; a row of one's own fills the field", function()
  local plan = load(function(e) return { where = { kind = e.one_of { "a", "b" } }, claims = "kind" } end)
  equal(#plan.fields, 1)
  equal(plan.right.claims.values, { "a", "b" })
  plan = load(function() return { where = { kind = "a" } } end, { fields = { { "email", "email" }, { "type", "kind" } } })
  equal(#plan.fields, 2)
  equal(plan.right.claims, nil)
end)

test("a claim that nothing narrows is refused", function()
  tap.raises(function() load(function() return { claims = "kind" } end) end, "claims names 'kind', of which where says nothing")
  tap.raises(function() load(function(e) return { where = { kind = e.not_equal "x" }, claims = "kind" } end) end, "must be a value or one_of")
  tap.raises(function() load(function() return { where = { kind = "a" } } end, { scope = { right = { kind = "b" } } }) end, "in scope and in where")
end)
