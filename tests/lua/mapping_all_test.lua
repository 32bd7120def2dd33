local tap = require "tap"
local case = require "mapping_case"
local host = require "tidewire.host.mapping"

local test, equal = tap.test, tap.equal

local function fields(more)
  local list = { case.field("name"), case.field("code", "text", { unique = true }), case.field "title", case.field("docstatus", "int", { all = false }),
    { name = "team", type = { kind = "reference", to = "Team" } }, { name = "country", type = { kind = "reference", to = "Country" } },
    { name = "boss", required = true, type = { kind = "reference", to = "Person" } }, case.field "pair_name",
    { name = "skills", type = { kind = "rows", fields = { case.field "level", { name = "team", required = true, type = { kind = "reference", to = "Team" } } } } } }
  for _, one in ipairs(more or {}) do list[#list + 1] = one end
  return list
end

local function load(all, more, argument)
  local described = { key = { "name" }, fields = fields(more) }
  local given = case.argument(argument)
  given.connections.house = { kind = "frappe", collections = { doctype = {} }, capabilities = {}, verbs = { "submit" } }
  given.connections.erp.verbs = { "submit" }
  given.describe = { person = { left = described, right = described } }
  local result = host(function(e)
    local function pair(name, doctype, rows, life)
      return e.mapping { name = name, left = e.erp.doctype(doctype), right = e.house.doctype(doctype), on = { webhook = true }, key = { left = "name", right = "name" },
        stamp = { left = { pair_name = e.link.right_key }, right = { pair_name = e.link.left_key } }, fields = rows, lifecycle = life }
    end
    return { pair("team", "Team", { e.same { "title" } }), pair("person", "Person", all(e), { { "docstatus", "docstatus" }, states = { [0] = 0, [1] = 1 },
      left = { ["0>1"] = e.erp.submit }, right = { ["0>1"] = e.house.submit } }) }
  end, given)
  return result.mappings[2], result
end

local function by_name(plan)
  local found = {}
  for _, field in ipairs(plan.fields) do found[field.name] = field end
  return found
end

test("all takes what both sides have, and translates references to mappings of the same file", function()
  local plan = load(function(e) return { e.all { except = { "title" }, rows = true } } end)
  local f = by_name(plan)
  equal(plan.all, { "boss", "code", "country", "skills", "team" })
  equal({ f.team.kind, f.team.reference, f.team.optional }, { "reference", "team", true })
  equal({ f.boss.reference, f.boss.optional, f.country.kind, f.title, f.pair_name }, { "person", false, "copy", nil, nil })
  equal({ f.skills.kind, f.skills.rows[1].name, f.skills.rows[1].row_key, f.skills.rows[1].reference, f.skills.rows[2].name }, { "rows", "team", true, "team", "level" })
  equal({ f.docstatus.kind, plan.lifecycle.field, plan.lifecycle.moves[2].to }, { "function", "docstatus", 1 })
end)

test("without rows child tables are left out", function()
  equal(load(function(e) return { e.all { except = { "title" } } } end).all, { "boss", "code", "country", "team" })
end)

test("what all took stays: a new field is told, one that went away stops the mapping", function()
  local frozen = { person = { "boss", "code", "country", "team" } }
  local plan, result = load(function(e) return { e.all {} } end, nil, { frozen = frozen })
  equal({ plan.all, by_name(plan).title }, { frozen.person, nil })
  equal(case.warned(result, "'title' is on both sides now and is not kept the same"), true)
  tap.raises(function() load(function(e) return { e.all {} } end, nil, { frozen = { person = { "code", "salary" } } }) end,
    "'salary', which all { } took, is not on both sides any more")
end)
