local tap = require "tap"
local host = require "tidewire.host.mapping"
local case = require "mapping_case"

local test, equal = tap.test, tap.equal

local described = {
  left = { key = { "name" }, fields = { case.field("name"), case.field "customer_name", case.field("email", "text", { unique = true }), case.field "home" } },
  right = { key = { "id" }, fields = { case.field "id", case.field "customer_name", case.field("email", "text", { unique = true }), case.field "city", case.field "phone", case.field "verified" } },
  further = {
    ["erp.doctype Address"] = { key = { "name" }, fields = { case.field("city", "text", { required = true }), case.field "phone", case.field("links", "rows"),
      case.field("is_primary_address", "bool"), case.field("address_type", "text", { required = true }), case.field("verified", "text", { read_only = true }) } },
  },
}

local function part_of(e, more)
  local part = { e.erp.doctype "Address", owner = e.erp.dynamic_link "Customer", pick = { is_primary_address = 1 }, missing = "create",
    values = { address_type = "Billing" } }
  for key, value in pairs(more or {}) do part[key] = value end
  return e.part(part)
end

local function load(build, more, describe)
  local result = host(function(e)
    local m = { left = e.join { e.erp.doctype "Customer", address = part_of(e, build and build(e)) }, right = e.app.table "customers",
      key = { left = "name", right = "id" }, match = { e.by.fields { { "email", "email" } } }, on = { webhook = true },
      fields = { { "email", "email" }, { "address.city", "city" } } }
    for key, value in pairs(more and more(e) or {}) do m[key] = value end
    return e.mapping(m)
  end, case.argument { describe = describe or described })
  return result.mappings[1], result
end

local function refused(pattern, build, more)
  tap.raises(function() load(build, more) end, pattern)
end

test("a part is data beside its end, and its fields are fields of the side", function()
  local plan, result = load()
  local part = plan.left.parts[1]
  equal({ part.name, part.how, part.field, part.column, part.create, part.emptied }, { "address", "list", "links", "link_name", true, "clear" })
  equal({ part.also, part.pick, part.values, part.columns }, { { link_doctype = "Customer" }, { is_primary_address = 1 }, { address_type = "Billing" }, { "city" } })
  equal(part.pick_types.is_primary_address.kind, "bool")
  equal(plan.further[1].fields, { "is_primary_address", "links", "city" })
  equal({ plan.fields[2].left[1], plan.fields[2].left_type.kind }, { "address.city", "text" })
  equal({ plan.left.collection, plan.left.word, plan.left.options }, { "Customer", "doctype", {} })
  equal(plan.right.parts, nil)
  equal(#result.warnings, 0)
end)

test("before the systems were asked a part is known by name", function()
  local result = host(function(e)
    return e.mapping { left = e.join { e.erp.doctype "Customer", address = part_of(e) }, right = e.app.table "customers", on = { webhook = true },
      match = { e.by.fields { "email" } }, fields = { { "address.city", "city" } } }
  end, case.argument())
  local plan = result.mappings[1]
  equal({ plan.incomplete, plan.left.parts[1].id, plan.further[1].collection }, { true, "erp.doctype Address", "Address" })
end)

test("an owner is a column too, and deletes say what becomes of an emptied part", function()
  local plan = load(function(e) return { e.erp.doctype "Address", owner = "phone" } end, function()
    return { deletes = { root = "delete", address = "detach" } }
  end)
  equal({ plan.left.parts[1].how, plan.left.parts[1].field, plan.left.parts[1].key_type.kind }, { "column", "phone", "text" })
  equal({ plan.left.parts[1].emptied, plan.left.deletes, plan.right.deletes }, { "detach", "delete", "ignore" })
  refused("detach, delete", nil, function() return { deletes = { address = "forget" } } end)
  refused("root and to_left of deletes are the same", nil, function() return { deletes = { root = "delete", to_left = "delete" } } end)
end)

test("with = via(...) is a part that the record names", function()
  local plan = host(function(e)
    return e.mapping { left = e.erp.doctype("Customer", { with = { place = e.via("home", e.erp.doctype "Address") } }), right = e.app.table "customers",
      on = { webhook = true }, match = { e.by.fields { "email" } }, fields = { e.same { "email" }, { "place.city", "city" } } }
  end, case.argument { describe = described }).mappings[1]
  local part = plan.left.parts[1]
  equal({ part.name, part.how, part.field, part.create, part.key_type.kind, plan.left.options }, { "place", "via", "home", false, "text", {} })
end)

test("what a part lacks is named", function()
  refused("'town' is no field of erp.doctype \"Address\"", nil, function() return { fields = { { "email", "email" }, { "address.town", "city" } } } end)
  refused("'address.verified' is read%-only", nil, function() return { fields = { { "address.verified", "verified" } } } end)
  refused("'address' is a part: name a field of it", nil, function() return { fields = { { "email", "email" }, { "address", "city" } } } end)
  refused("no row uses the part 'address'", nil, function() return { fields = { { "email", "email" } } } end)
  refused("asked by fields of the record itself", nil, function(e) return { match = { e.by.fields { { "address.city", "city" } } } } end)
  refused("'address.city' is a part's", nil, function() return { scope = { left = { ["address.city"] = "York" } } } end)
  refused("'is_main' of pick is no field of", function() return { pick = { is_main = 1 } } end)
  refused("a part says whose it is", function() return { owner = 7 } end)
  refused("belongs to Supplier, but the record is a Customer", function(e) return { owner = e.erp.dynamic_link "Supplier" } end)
  refused("must be on the connection erp too", function(e) return { e.app.table "addresses" } end)
  refused("part begins with a collection", nil, function(e) return { left = e.join { e.erp.doctype "Customer", a = e.part { owner = "x" } } } end)
  refused("join has no part", nil, function(e) return { left = e.join { e.erp.doctype "Customer" } } end)
end)

test("a part that is made needs its required fields", function()
  local _, result = load(function() return { values = {} } end)
  equal(case.warned(result, "'address_type' of erp.doctype \"Address\" is required there and neither a row nor values fill it"), true)
end)

test("a part of which the key may not see every record is refused where what is hidden would empty the other side", function()
  local blind = { left = described.left, right = described.right, further = { ["erp.doctype Address"] = {} } }
  for key, value in pairs(described.further["erp.doctype Address"]) do blind.further["erp.doctype Address"][key] = value end
  blind.further["erp.doctype Address"].absence_proves_delete = false
  tap.raises(function() load(nil, nil, blind) end, "erp.doctype \"Address\" may have rows that this key does not see .* deleted in app.table \"customers\"")
  equal(#load(nil, function() return { direction = "to_left" } end, blind).fields, 2)
end)
