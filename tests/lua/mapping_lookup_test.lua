local tap = require "tap"
local case = require "mapping_case"
local json = require "tidewire.json"
local t = require "tidewire.transform"

local test, equal, raises = tap.test, tap.equal, tap.raises

local function load(build, more)
  return case.load(function(e)
    local content = build(e)
    content.fields = content.fields or { { "email", "email" } }
    return content
  end, more)
end

test("a lookup is data: whose field names a record of what, and what is read of it", function()
  local plan = load(function(e) return { lookup = { boss = { from = e.erp.doctype "Employee", key = "reports_to", fields = { "full_name" }, cache = "10m" } } } end)
  local boss = plan.lookups[1]
  equal({ boss.name, boss.id, boss.side, boss.path, boss.by, boss.cache_ms }, { "boss", "erp.doctype Employee", "left", "reports_to", nil, 600000 })
  equal(plan.further[1].fields, { "full_name" })
  equal({ plan.further[1].connection, plan.further[1].word, plan.further[1].collection }, { "erp", "doctype", "Employee" })
end)

test("functions see what was looked up, nothing where there is none, and no other name", function()
  local plan = load(function(e)
    return { lookup = { boss = { from = e.erp.doctype "Employee", key = "reports_to", fields = { "full_name" } } },
      fields = { { "a", "b", { to_right = function(value, _, ctx)
        if value == "typo" then return ctx.lookup.bos end
        if value == "field" then return ctx.lookup.boss.fullname end
        return ctx.lookup.boss and ctx.lookup.boss.full_name or "none"
      end, to_left = function(value, _, ctx) return value == "typo" and ctx.lookup.boss or value end } } } }
  end)
  local f = plan.fields[1]
  local function context(found) return { op = "update", lookup = { boss = found } } end
  equal(f.to_right("x", {}, context { full_name = "Grace" }).value, "Grace")
  equal(f.to_right("x", {}, context(json.null)).value, "none")
  equal(f.to_right("x", {}, { op = "create" }).value, "none")
  raises(function() f.to_right("typo", {}, context {}) end, "ctx.lookup has no 'bos' %(did you mean 'boss'%?%)")
  raises(function() f.to_right("field", {}, context {}) end, "the lookup boss has no field 'fullname'")
  raises(function() f.to_left("typo", {}, context {}) end, "ctx.lookup has no 'boss' towards this side")
end)

test("functions see the record that is written to, nil where it is created", function()
  local plan = load(function()
    return { fields = { { "a", "b", { to_right = function(_, _, ctx) return ctx.target and ctx.target.b or "new" end }, only = "to_right" } } }
  end)
  equal(plan.fields[1].to_right("x", {}, { op = "update", target = { b = "there" } }).value, "there")
  equal(plan.fields[1].to_right("x", {}, { op = "create" }).value, "new")
  equal(plan.fields[1].uses_record, true)
end)

local further = { ["app.table organizations"] = { key = { "id" }, fields = { case.field("id", "int"), case.field "name" } } }

test("t.find turns one value of a record into another", function()
  local plan = load(function(e)
    return { fields = { { "company", "org_id", t.find(e.app.table "organizations", { by = "name", take = "id", missing = "create", cache = "1h" }) } } }
  end, { describe = { further = further } })
  local find = plan.fields[1].find
  equal(plan.fields[1].kind, "find")
  equal({ find.id, find.side, find.by, find.take, find.missing, find.cache_ms, find.take_key }, { "app.table organizations", "right", "name", "id", "create", 3600000, true })
  equal(find.take_type.kind, "int")
  equal(plan.further[1].fields, { "name", "id" })
end)

test("nothing is made in a table without a key that a value is found in", function()
  local keyless = { ["app.table organizations"] = { key = {}, fields = { case.field("id", "int"), case.field "name" } } }
  local function find(missing) return function(e) return { fields = { { "company", "org_id", t.find(e.app.table "organizations", { by = "name", take = "id", missing = missing }) } } } end end
  case.refused(find "create", "app.table \"organizations\" has no primary key: nothing would tell what missing = \"create\" makes there", { describe = { further = keyless } })
  equal(load(find "clear", { describe = { further = keyless } }).fields[1].find.missing, "clear")
end)

test("t.find and t.ref go through lists", function()
  local plan = load(function(e)
    return { fields = { { "tags", "tag_ids", t.list(t.find(e.app.table "organizations", { by = "name", take = "id" })) }, { "deps", "dep_ids", t.list(t.ref "departments") } } }
  end, { describe = { further = further } })
  equal({ plan.fields[1].kind, plan.fields[1].list }, { "find", true })
  equal({ plan.fields[2].kind, plan.fields[2].reference, plan.fields[2].list }, { "reference", "departments", true })
end)

test("t.ref_by has a word and a key on each side", function()
  local plan = load(function()
    return { fields = { { { "party_type", "party" }, { "kind", "party_id" }, t.ref_by { Customer = "departments", Supplier = { "departments", right = "supplier" } } } } }
  end)
  local f = plan.fields[1]
  equal(f.kind, "reference")
  equal(f.words, { { left = "Customer", right = "Customer", mapping = "departments" }, { left = "Supplier", right = "supplier", mapping = "departments" } })
  case.refused(function() return { fields = { { "a", "b", t.ref_by { C = "departments" } } } } end, "a word and a key on each side")
  case.refused(function() return { fields = { { { "a", "c" }, { "b", "d" }, t.ref_by { C = "departmnts" } } } } end, "which does not exist")
end)

test("what cannot be looked up is refused", function()
  local function refused(lookup, pattern) case.refused(function(e) return { fields = { { "a", "b" } }, lookup = lookup(e) } end, pattern, { describe = { further = further } }) end
  refused(function(e) return { o = { from = e.app.table "organizations", key = "x", fields = { "nmae" } } } end, "'nmae' is no field of app.table \"organizations\" %(did you mean 'name'%?%)")
  refused(function(e) return { o = { from = e.app.table "organizations", key = "x" } } end, "says what is read")
  refused(function() return { o = { from = "organizations", key = "x", fields = { "name" } } } end, "from of the lookup o must be a collection")
  refused(function(e) return { o = { from = e.app.table "organizations", key = "x", fields = { "name" }, cash = "1h" } } end, "did you mean 'cache'")
  raises(function() t.find("organizations", { by = "name" }) end, "t.find takes a collection")
end)
