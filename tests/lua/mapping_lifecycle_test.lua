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
