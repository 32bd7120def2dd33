local tap = require "tap"
local case = require "mapping_case"

local test, equal = tap.test, tap.equal

local described = {
  left = { key = { "name" }, fields = { case.field "email", case.field("docstatus", "int"), case.field("remarks", "text", { editable_after = true }), case.field "total" } },
  right = { key = { "id" }, fields = { case.field "id", case.field "email", case.field "state", case.field "remarks", case.field "total" } },
}

local function load(more)
  return case.load(function(e)
    local life = { { "docstatus", "state" }, states = { [0] = "draft", [1] = "posted", [2] = "void" },
      left = { ["draft>posted"] = e.erp.submit, ["posted>void"] = e.erp.cancel } }
    for key, value in pairs(more or {}) do life[key] = value end
    return { fields = { { "email", "email" } }, lifecycle = life }
  end, { describe = described })
end

test("a lifecycle is a field and the verbs that move it", function()
  local plan = load()
  local life, field = plan.lifecycle, plan.fields[2]
  equal({ field.name, field.kind, life.field }, { "docstatus>state", "function", "docstatus>state" })
  equal(field.to_right(1, {}, {}).value, "posted")
  equal(field.to_left("void", {}, {}).value, 2)
  equal(life.states[1], { left = 0, right = "draft" })
  equal({ life.moves[1].side, life.moves[1].from, life.moves[1].to, life.moves[1].verb }, { "left", 0, 1, "submit" })
  equal(#life.moves, 2)
end)

test("a state that may not be written is moved by verbs all the same, on the side that has them", function()
  local function of(left, right)
    return { left = { key = { "name" }, fields = { case.field "email", case.field("docstatus", "int", { read_only = left }) } },
      right = { key = { "id" }, fields = { case.field "email", case.field("state", "text", { read_only = right }) } } }
  end
  local function content(e)
    return { fields = { { "email", "email" } }, lifecycle = { { "docstatus", "state" }, states = { [0] = "draft", [1] = "posted" },
      left = { ["draft>posted"] = e.erp.submit } } }
  end
  equal(#case.load(content, { describe = of(true, false) }).lifecycle.moves, 1)
  case.refused(content, "'state' is read%-only", { describe = of(false, true) })
end)

test("what may be edited in a state is described, nothing, or a list", function()
  local function paths(value) return load({ edit_after = { posted = value } }).lifecycle.edit_after[1].paths end
  equal(paths "allowed_fields", { "remarks" })
  equal(paths "nothing", {})
  equal(paths { "total" }, { "total" })
  case.refused(function(e)
    return { fields = { { "email", "email" } }, lifecycle = { { "docstatus", "state" }, states = { [0] = "draft", [1] = "posted" },
      left = { ["draft>posted"] = e.erp.submit }, edit_after = { posted = "anything" } } }
  end, "edit_after says what may still be edited", { describe = described })
end)

-- The states as the mapping has them, with what the sides describe of theirs.
local function states_of(left, right, states)
  return function(e)
    return { fields = { { "email", "email" } }, lifecycle = { { "docstatus", "state" }, states = states, left = { ["draft>posted"] = e.erp.submit } } },
      { describe = { left = { key = { "name" }, fields = { case.field "email", left } }, right = { key = { "id" }, fields = { case.field "email", right } } } }
  end
end

local function refused(left, right, states, pattern)
  local of = states_of(left, right, states)
  case.refused(of, pattern, select(2, of { erp = {} }))
end

test("a state that the side with verbs does not have is refused, on the other side it is told", function()
  local documents = { kind = "int", options = { 0, 1, 2 } }
  local orders = { kind = "enum", options = { "draft", "posted", "done" } }
  refused({ name = "docstatus", type = documents }, case.field "state", { [0] = "draft", [1] = "posted", [3] = "void" }, "names the state '3', which 'docstatus' of erp.doctype")
  local of = states_of({ name = "docstatus", type = documents }, { name = "state", type = orders }, { [0] = "draft", [1] = "postd" })
  local _, result = case.load(function(e)
    local content = of(e)
    content.lifecycle.left = { ["draft>postd"] = e.erp.submit }
    return content
  end, select(2, of { erp = {} }))
  equal(case.warned(result, "names the state 'postd', which 'state' of app.table \"employees\" does not have: it has draft, posted, done (did you mean 'posted'?)"), true)
  equal(case.warned(result, "does not name '2', a state of 'docstatus'"), true)
end)

test("a state is written as its side spells it", function()
  refused(case.field("docstatus", "int"), case.field "state", { ["0"] = "draft", ["1"] = "posted" }, "is a int: its state is written %[0%], not \"0\"")
  refused(case.field("docstatus", "int"), case.field "state", { [0] = "draft", [1] = "posted", [2] = 2 }, "'state' of app.table \"employees\" is a text: its state is written \"2\", not 2")
end)

test("two states of one word are refused", function()
  refused(case.field("docstatus", "int"), case.field "state", { [0] = "draft", [1] = "posted", [2] = "posted" }, "both '1' and '2' are called 'posted'")
end)

test("a verb that leads to another state than the words say is refused", function()
  local left = { name = "docstatus", type = { kind = "int" }, verbs = { submit = 1, cancel = 2 } }
  refused(left, case.field "state", { [0] = "draft", [2] = "posted", [1] = "void" }, "erp.submit makes 'docstatus' 1, and 'posted' is 2 by states")
end)

test("a value that is no state is a dead letter that says so", function()
  equal(load().fields[2].to_left("sold", {}, {}).why:match "^'sold' is not a state of the lifecycle, which has draft, posted, void", "'sold' is not a state of the lifecycle, which has draft, posted, void")
end)
