local tap = require "tap"
local case = require "mapping_case"
local dec = require("tidewire.decimal").dec
local json = require "tidewire.json"
local t = require "tidewire.transform"

local test, equal = tap.test, tap.equal

local function two_described(left, right)
  return { left = { key = { "name" }, fields = { case.field "name", case.field "email", { name = "a", type = left },
      { name = "creation", type = { kind = "datetime", form = "local", zone = left.system } } } },
    right = { key = { "id" }, fields = { case.field "id", case.field "email", { name = "b", type = right } } } }
end

test("the digits of a decimal that a float does not hold are warned of, unless the row is said to be lossy", function()
  local function warnings(left, right, more)
    local one = { "a", "b" }
    for key, value in pairs(more or {}) do one[key] = value end
    return select(2, case.load(function() return { fields = { { "email", "email" }, one } } end, { describe = two_described(left, right) }))
  end
  local long, short, float = { kind = "decimal", precision = 20, scale = 6 }, { kind = "decimal", precision = 12, scale = 2 }, { kind = "float" }
  equal(case.warned(warnings(long, float), "'a' of erp.doctype \"Employee\" has 20 digits, 'b' of app.table \"employees\" is a float and holds 15: "
    .. "a longer value loses its last ones, on both sides"), true)
  equal(case.warned(warnings(float, long), "'b' of app.table \"employees\" has 20 digits"), true)
  equal(case.warned(warnings(long, float, { only = "to_right" }), "loses its last ones. Say"), true)
  for _, result in ipairs { warnings(short, float), warnings(long, long), warnings({ kind = "decimal" }, float), warnings(long, float, { lossy = true }) } do
    equal(case.warned(result, "digits"), false)
  end
end)

test("a number of a system's own does not travel as if it meant something elsewhere: it is warned of", function()
  local function warnings(left, right, row)
    return select(2, case.load(function() return { fields = { { "email", "email" }, row or { "a", "b" } } } end, { describe = two_described(left, right) }))
  end
  local id, name, text = { kind = "reference", to = "res.country" }, { kind = "reference", to = "Country", empty = "null" }, { kind = "text" }
  equal(case.warned(warnings(id, text), "'a' of erp.doctype \"Employee\" holds the id of a record of res.country, which means nothing in 'b' of app.table \"employees\". "
    .. "t.ref \"MAPPING\" makes of it the key there of the same record, t.find(erp.doctype \"res.country\", { by = \"name\", take = \"id\" }) its name"), true)
  for _, result in ipairs { warnings(text, id), warnings(id, name), warnings(name, id), warnings(id, id) } do equal(case.warned(result, "holds the id of a record"), true) end
  for _, result in ipairs { warnings(name, text), warnings(name, name), warnings(id, { kind = "json" }), warnings(id, text, { "a", "b", t.ref "departments" }) } do
    equal(case.warned(result, "holds the id of a record"), false)
  end
end)

test("a list that a transform makes does not go into a text", function()
  local function refused(pair, left, right, pattern)
    case.refused(function() return { fields = { { "email", "email" }, { "a", "b", pair } } } end, pattern, { describe = two_described(left, right) })
  end
  local set, text = { kind = "set", to = "res.partner.category" }, { kind = "text" }
  refused(t.list(t.ref "departments"), set, text, "t.list%(t.ref%) is for lists, and 'b' of app.table \"employees\" is a text: t.csv makes one text of a list")
  refused(t.list(t.trim), set, text, "t.list is for lists, and 'b'")
  refused(t.list(t.trim), text, { kind = "list" }, "t.list is for lists, and 'a' of erp.doctype \"Employee\" is a text")
  refused(t.set, set, text, "t.set is for lists")
  for _, pair in ipairs { t.csv, t.lines } do equal(case.row(function() return { "a", "b", pair } end, { describe = two_described(set, text) }).kind, "function") end
  equal(case.row(function() return { "a", "b", t.list(t.trim) } end, { describe = two_described(set, { kind = "json" }) }).kind, "function")
end)

test("a small number that is taken for true or false stays one opposite a number, or another like it", function()
  local small, number = { kind = "bool", form = "01", numbers = true }, { kind = "int" }
  local function kinds(left, right, more)
    local row = { "a", "b" }
    for key, value in pairs(more or {}) do row[key] = value end
    local field = case.row(function() return row end, { describe = two_described(left, right) })
    return { field.left_type.kind, field.right_type.kind }
  end
  equal(kinds(small, number), { "int", "int" })
  equal(kinds({ kind = "decimal", scale = 2 }, small), { "decimal", "int" })
  equal(kinds(small, small), { "int", "int" })
  equal(kinds(small, { kind = "bool", form = "json" }), { "bool", "bool" })
  equal(kinds(small, { kind = "text" }), { "bool", "text" })
  equal(kinds(small, number, { type = { left = "bool" } }), { "bool", "int" })
end)

test("digits and parts of a second that the other side does not keep are warned of, unless the row is said to be lossy", function()
  local function warnings(left, right, more)
    local one = { "a", "b" }
    for key, value in pairs(more or {}) do one[key] = value end
    return select(2, case.load(function() return { fields = { { "email", "email" }, one } } end, { describe = two_described(left, right) }))
  end
  local long, short = { kind = "decimal", precision = 20, scale = 9 }, { kind = "decimal", precision = 12, scale = 2 }
  local fine, coarse = { kind = "datetime", form = "instant", resolution = 0.000001 }, { kind = "datetime", form = "instant", resolution = 1 }
  equal(case.warned(warnings(long, short), "'a' of erp.doctype \"Employee\" keeps 9 digits after the point, 'b' of app.table \"employees\" 2: "
    .. "the rest is cut there, and here too by an edit there"), true)
  local open = { kind = "decimal", unlimited = true }
  equal(case.warned(warnings(short, open), "'b' of app.table \"employees\" keeps any number of digits after the point, 'a' of erp.doctype \"Employee\" 2: "
    .. "the rest is cut there, and here too by an edit there"), true)
  local hundreds = { kind = "decimal", precision = 6, scale = -2 }
  equal(case.warned(warnings(short, hundreds), "'a' of erp.doctype \"Employee\" keeps 2 digits after the point, 'b' of app.table \"employees\" whole 100s: the rest is cut there"), true)
  equal(case.warned(warnings({ kind = "decimal", scale = -1 }, hundreds), "keeps whole 10s, 'b' of app.table \"employees\" whole 100s"), true)
  equal(case.warned(warnings(coarse, fine), "'b' of app.table \"employees\" keeps 1e-06s, 'a' of erp.doctype \"Employee\" 1s"), true)
  equal(case.warned(warnings(fine, coarse, { only = "to_right" }), "the rest is cut there. Say"), true)
  fine.resolution = dec "0.000001"      -- as a number with a point comes from a connector
  equal(case.warned(warnings(coarse, fine), "keeps 1e-06s, 'a' of erp.doctype \"Employee\" 1s"), true)
  local double, single = { kind = "float" }, { kind = "float", form = "single" }
  equal(case.warned(warnings(double, single), "'a' of erp.doctype \"Employee\" keeps 15 digits or more, 'b' of app.table \"employees\" 6 to 9"), true)
  equal(case.warned(warnings({ kind = "decimal", precision = 9, scale = 2 }, single), "has 9 digits, 'b' of app.table \"employees\" is a float and holds 6"), true)
  for _, result in ipairs { warnings(short, short), warnings(fine, fine), warnings({ kind = "decimal" }, short), warnings({ kind = "decimal", scale = json.null }, short), warnings(open, open), warnings(single, single), warnings(open, { kind = "decimal" }), warnings(open, short, { lossy = true }), warnings(long, short, { lossy = true }),
    warnings(fine, coarse, { only = "to_left" }), warnings({ kind = "time", resolution = 1 }, { kind = "time" }) } do
    equal(case.warned(result, "the rest is cut"), false)
  end
end)

test("where only a sweep tells what is deleted it is said, with when it runs", function()
  local deletes = { to_right = "delete", to_left = "ignore" }
  local function warnings(more)
    local argument = case.argument {}
    for name, value in pairs(more.able or {}) do argument.connections.erp.capabilities[name] = value end
    argument.connections.erp.proof = more.proof
    local described = two_described({ kind = "text" }, { kind = "text" })
    for name, value in pairs(more.about or {}) do described.left[name] = value end
    return select(2, case.load(function() return { fields = { { "email", "email" } }, deletes = more.deletes or deletes, on = more.on or { poll = "every 5m" }, sweep = more.sweep } end,
      { connections = argument.connections, describe = described }))
  end
  local silent = { delete_events = false, poll_deletes = false }
  equal(case.warned(warnings { able = silent, sweep = "daily 03:00 Europe/Berlin" },
    "only the sweep finds what is deleted in erp.doctype \"Employee\": it reaches app.table \"employees\" with the next one (daily 03:00 Europe/Berlin)"), true)
  equal(case.warned(warnings { able = silent }, "and none is planned: no deletion of it reaches app.table \"employees\" by itself. Say sweep = \"daily 03:00\""), true)
  equal(case.warned(warnings { able = { delete_events = true, poll_deletes = false }, sweep = "every 1h" }, "(every 1h); webhooks tell at once: on = { left = { webhook = true } }"), true)
  equal(case.warned(warnings { able = { delete_events = true, poll_deletes = true }, about = { poll_deletes = false }, on = { webhook = true, poll = "every 5m" }, proof = { kind = "none" }, sweep = "every 1h" },
    "(every 1h); `tidewire install` makes an outbox that tells it at once"), true)
  equal(case.warned(warnings { able = { delete_events = true, poll_deletes = true }, about = { poll_deletes = false }, sweep = "every 1h" }, "(every 1h); `tidewire install` makes an outbox"), true)
  equal(case.warned(warnings { able = { delete_events = true, poll_deletes = true }, about = { poll_deletes = false }, proof = { kind = "hmac-sha256" }, sweep = "every 1h" }, "(every 1h); webhooks tell at once"), true)
  -- A view fires no triggers: nothing can be installed on it.
  local view = { poll_deletes = false, delete_events = false }
  for _, more in ipairs { { poll_deletes = true }, { poll_deletes = false } } do
    more.delete_events = true
    local told = warnings { able = more, about = view, on = { webhook = true, poll = "every 5m" }, sweep = "every 1h" }
    equal({ case.warned(told, "(every 1h)"), case.warned(told, "tidewire install") }, { true, false })
  end
  equal(case.warned(warnings { able = { delete_events = false, poll_deletes = false, absence_proves_delete = false }, sweep = "every 1h" },
    "where a missing record proves nothing: no deletion of it reaches app.table \"employees\""), true)
  for _, told in ipairs { { able = { poll_deletes = true } }, { able = {} }, { able = { poll_deletes = false }, on = { webhook = true } }, { able = silent, deletes = { to_left = "delete" } },
    { able = silent, deletes = "ignore" }, { able = silent, about = { poll_deletes = true } } } do
    equal(case.warned(warnings(told), "what is deleted in erp"), false)
  end
end)

test("a date beside an instant is a day of its system's zone, and a warning says where none is known", function()
  local instant, date = { kind = "datetime", form = "instant" }, { kind = "date" }
  local function load_one(left, right, only) return case.load(function() return { fields = { { "email", "email" }, { "a", "b", only = only } } } end,
    { describe = two_described(left, right) }) end
  local plan, result = load_one({ kind = "date", system = "Europe/Berlin" }, instant, "to_left")
  equal(plan.fields[2].left_type.zone, "Europe/Berlin")
  equal(case.warned(result, "no zone is known"), false)
  result = select(2, load_one(instant, date, "to_right"))
  equal(case.warned(result, "'a' of erp.doctype \"Employee\" is an instant, 'b' of app.table \"employees\" a date, and no zone is known: the day is that of UTC. "
    .. "t.date \"Europe/Berlin\""), true)
  result = select(2, load_one({ kind = "datetime", form = "local", zone = "Europe/Berlin" }, date, "to_right"))
  equal(case.warned(result, "no zone is known"), false)
end)

test("a collection's one name goes with the plan where its connector says it", function()
  local plan = case.load(function() return { fields = { { "email", "email" } } } end,
    { describe = { right = { key = { "id" }, place = "public.employees", fields = { case.field "id", case.field "email" } } } })
  equal(plan.right.place, "public.employees")
  equal(plan.left.place, nil)
end)

test("what a collection is able to otherwise than its connection goes with the plan", function()
  local function differs(about)
    about.key, about.fields = { "id" }, { case.field "id", case.field "email" }
    return case.load(function() return { fields = { { "email", "email" } } } end, { describe = { right = about } }).right.differs
  end
  equal(differs { absence_proves_delete = false, client_keys = true }, { absence_proves_delete = false, client_keys = true })
  equal(differs {}, nil)
end)

test("a collection in which no record can be made is warned of where new ones would go there", function()
  local function warnings(creates, direction)
    local described = two_described("text", "text")
    described.right.creates = creates
    return select(2, case.load(function() return { direction = direction, fields = { { "email", "email" } } } end, { describe = described }))
  end
  equal(case.warned(warnings(false), "no record can be made in app.table \"employees\": one of erp.doctype \"Employee\""), true)
  equal(case.warned(warnings(false, "left_to_right"), "no record can be made in app.table"), true)
  equal(case.warned(warnings(false, "right_to_left"), "no record can be made"), false)
  equal(case.warned(warnings(), "no record can be made"), false)
end)

test("a column with a point in its name is refused wherever a mapping names it, and told where all { } would take it", function()
  local why = { ["a.b"] = "a point in a name leads to a part of a field" }
  local right = { key = { "id" }, fields = { case.field "id", case.field "email", case.field "a" }, refused = why }
  local more = { describe = { left = { key = { "name" }, fields = { case.field "name", case.field "email", case.field "n" }, refused = why }, right = right } }
  local wanted = "'a%.b' of app%.table \"employees\" is left out: a point in a name"
  case.refused(function() return { fields = { { "email", "email" }, { "n", "a.b" } } } end, wanted, more)
  case.refused(function() return { fields = { { "email", "email" } }, key = { left = "name", right = "a.b" } } end, wanted, more)
  case.refused(function() return { fields = { { "email", "email" } }, scope = { right = { ["a.b"] = 1 } } } end, wanted, more)
  right.fields[3] = nil
  case.refused(function() return { fields = { { "email", "email" }, { "n", "a.b" } } } end, wanted, more)
  equal(case.warned(select(2, case.load(function(e) return { fields = e.all {} } end, more)), "'a.b' of erp.doctype \"Employee\" is left out: a point in a name"), true)
  equal(case.warned(select(2, case.load(function(e) return { fields = e.all { except = { "a.b" } } } end, more)), "is left out"), false)
end)

test("a field that its connector has left out is refused with the connector's words", function()
  local left = { key = { "name" }, fields = { case.field "name", case.field "email" }, refused = { weight = "another one is called so now: start again" } }
  local function named(name)
    return function() return { fields = { { "email", "email" }, { name, "email", name = "second", only = "to_right" } } } end
  end
  local more = { describe = { left = left, right = { key = { "id" }, fields = { case.field "id", case.field "email" } } } }
  case.refused(named "weight", "'weight' of erp.doctype \"Employee\" is left out: another one is called so now: start again", more)
  case.refused(named "height", "'height' is no field of", more)
end)

test("a name that a file lacks is told with what brings it", function()
  case.refused(function(e) return { fields = { { "a", "b", e.t } } } end, "unknown name 't': write local t = require \"tidewire.transform\" above")
  case.refused(function(e) return { left = e.warehouse } end, "unknown name 'warehouse' %(the connections are: app, erp, local%)")
  case.refused(function() return { fields = { { "a", "b" } }, conflict = "lengthiest" } end, "unknown conflict rule 'lengthiest', nor is there strategies/lengthiest.lua; rules: append, left, max")
end)
