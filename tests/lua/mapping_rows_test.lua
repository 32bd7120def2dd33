local tap = require "tap"
local case = require "mapping_case"
local t = require "tidewire.transform"

local test, equal = tap.test, tap.equal

local function rows(build, more)
  return case.load(function(e) return { fields = { { "email", "email" }, e.rows(build(e)) } } end, more).fields[2]
end

test("rows are a field of fields, its key first", function()
  local f = rows(function(e)
    return { left = "education", right = "schools", key = { { "school_univ", "school" }, "year" }, conflict = "left",
      fields = { { "qualification", "degree", t.upper }, e.same { "grade" } } }
  end)
  equal({ f.kind, f.name, f.left[1], f.right[1], f.strategy }, { "rows", "education>schools", "education", "schools", "left" })
  local cells = {}
  for i, cell in ipairs(f.rows) do cells[i] = cell.name .. " " .. cell.kind .. " " .. tostring(cell.row_key) .. " " .. cell.strategy end
  equal(cells, { "school_univ>school copy true left", "year copy true left", "qualification>degree function false left", "grade copy false left" })
  equal(f.order, nil)
end)

local described = {
  left = { key = { "name" }, fields = { case.field "email", { name = "education", type = { kind = "rows", fields = {
    case.field "school", case.field("year", "int"), case.field("passed", "bool", { read_only = true }) } } } } },
  right = { key = { "id" }, fields = { case.field "id", case.field "email", case.field("schools", "json") } },
}

test("a row has the types of the child table", function()
  local f = rows(function(e) return { left = "education", right = "schools", key = { "school" }, fields = { e.same { "year" } } } end,
    { describe = described })
  equal(f.rows[2].left_type.kind, "int")
  equal(f.left_type, { kind = "rows" })
  case.refused(function(e) return { fields = { e.rows { left = "education", right = "schools", key = { "school" }, fields = { { "passed", "passed" } } } } } end,
    "'passed' is read%-only in a row of education", { describe = described })
end)

test("the column that names the record is told to the table's connector", function()
  local plan = case.load(function(e)
    return { fields = { { "email", "email" }, e.rows { left = "a", right = "notes", key = { "item" } },
      e.rows { left = "b", right = e.app.table("lines", { parent = "order_id" }), key = { "item" } } } }
  end)
  equal({ #plan.further, plan.further[1].parents }, { 1, { "order_id" } })
end)

test("a row's parent is one record: a column of several is none, unless it is taken as one", function()
  local function refused(column, pattern)
    case.refused(function(e)
      return { fields = { { "email", "email" }, e.rows { left = "education", right = e.app.table("schools", { parent = "person" }), key = { "school" } } } }
    end, pattern, { describe = { left = described.left, right = described.right, further = { ["app.table schools"] = { key = { "id" }, fields = { case.field "id", column, case.field "school" } } } } })
  end
  local set = { kind = "set", to = "people" }
  refused({ name = "person", type = set, marked = { single = { kind = "text" } } },
    "'person' of app.table \"schools\" is set %(to people%), and a row has one parent: say single = { \"person\" } beside parent")
  refused({ name = "person", type = set }, "and a row has one parent$")
end)

test("a table of rows without a primary key is refused", function()
  case.refused(function(e)
    return { fields = { { "email", "email" }, e.rows { left = "education", right = e.app.table("schools", { parent = "person" }), key = { "school" } } } }
  end, "app.table \"schools\" has no primary key, by which its rows are told apart", { describe = { left = described.left, right = described.right,
    further = { ["app.table schools"] = { key = {}, fields = { case.field "person", case.field "school" } } } } })
end)

test("the order is a column where a list has none of its own", function()
  local function order(value)
    return rows(function() return { left = "education", right = "schools", key = { "school" }, order = value } end, { describe = described }).order
  end
  equal(order(true), {})
  equal(order "idx", { right = "idx" })
  equal(order { left = "year" }, { left = "year" })
end)

test("a place that a table does not have is named, with the column that was meant", function()
  local more = { describe = { left = described.left, right = described.right, further = {
    ["app.table schools"] = { key = { "id" }, fields = { case.field "id", case.field "person", case.field "school", case.field("position", "int") } } } } }
  local function refused(order, pattern)
    case.refused(function(e)
      return { fields = { { "email", "email" }, e.rows { left = "education", right = e.app.table("schools", { parent = "person" }), key = { "school" }, order = order } } }
    end, pattern, more)
  end
  refused({ right = "positon" }, "'positon' is no field of app.table \"schools\" %(did you mean 'position'%?%)")
  refused("positon", "'positon' is no field of app")
  refused(true, "keeps no order")
end)

test("what a row cannot have is refused", function()
  local function refused(build, pattern) case.refused(function(e) return { fields = { build(e) } } end, pattern) end
  refused(function(e) return e.rows { left = "a", right = "b", key = {} } end, "what tells one row from another")
  refused(function(e) return e.rows { left = "a", key = { "k" } } end, "rows names the list of each side")
  refused(function(e) return e.rows { left = "a", right = "b", key = { "k" }, fields = { { "x", "y", t.ref("departments", { optional = true }) } } } end,
    "a row waits for its parent")
  refused(function(e) return e.rows { left = "a", right = "b", key = { "k" }, fields = { e.rows { left = "c", right = "d", key = { "k" } } } } end,
    "rows inside rows")
  refused(function(e) return e.rows { left = "a", right = "b", key = { "k" }, fields = { { "k", "k" } } } end, "two rows are called 'k'")
end)

test("poll_child names the lines of a list that do not move their record", function()
  local plan = case.load(function(e)
    return { fields = { { "email", "email" }, e.rows { left = "education", right = "schools", key = { "school" },
      poll_child = e.erp.doctype("Employee Education", { parent = "parent" }) } } }
  end)
  equal(plan.left.children, { { id = "erp.doctype Employee Education", path = "", parent = "parent", polled = true } })
  equal({ #plan.right.children, plan.further[1].fields[1], plan.further[1].parents }, { 0, "parent", { "parent" } })
  case.refused(function(e)
    return { fields = { e.rows { left = "education", right = "schools", key = { "school" }, poll_child = e.erp.doctype "Employee Education" } } }
  end, "poll_child is the collection of the rows")
end)

test("rows of which the key may not see every one go towards their side only", function()
  local function lines(only, about, able)
    about.key, about.fields = { "id" }, { case.field("id", "int"), case.field "person", case.field "school" }
    local argument = case.argument {}
    if able then argument.connections.app.capabilities = able end
    return function(e)
      return { fields = { { "email", "email" }, e.rows { left = "education", right = e.app.table("schools", { parent = "person" }), key = { "school" }, only = only } } }
    end, { connections = argument.connections, describe = { further = { ["app.table schools"] = about } } }
  end
  local function refused(only, about, able)
    local build, how = lines(only, about, able)
    case.refused(build, "app.table \"schools\" may have rows that this key does not see .* would be deleted in erp.doctype \"Employee\"", how)
  end
  refused(nil, { absence_proves_delete = false })
  refused("to_left", { absence_proves_delete = false })
  refused(nil, {}, { absence_proves_delete = false })
  for _, safe in ipairs { { "to_right", { absence_proves_delete = false } }, { nil, {} }, { nil, { absence_proves_delete = true }, { absence_proves_delete = false } } } do
    equal(#case.load(lines(safe[1], safe[2], safe[3])).fields, 2)
  end
end)
