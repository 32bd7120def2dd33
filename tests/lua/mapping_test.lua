local tap = require "tap"
local case = require "mapping_case"
local decimal = require "tidewire.decimal"
local host = require "tidewire.host.mapping"
local json = require "tidewire.json"
local t = require "tidewire.transform"

local test, equal, raises, ok = tap.test, tap.equal, tap.raises, tap.ok
local null, array = json.null, json.array

local field, load, row, refused, warned = case.field, case.load, case.row, case.refused, case.warned

local ctx = { op = "update", now = "2024-05-01T00:00:00Z" }

test("a row of two names is a copy both ways under its own name", function()
  local f = row(function() return { "first_name", "first_name" } end)
  equal(f.name, "first_name")
  equal(f.kind, "copy")
  equal(f.flow, "both")
  equal(f.left, { "first_name" })
  equal(f.null, "clear")
  equal(f.strategy, "newest")
  equal(row(function() return { "cell_number", "phone" } end).name, "cell_number>phone")
  equal(row(function() return { left = "a", right = "b", name = "own" } end).name, "own")
end)

test("a field says which transform it goes through", function()
  equal(row(function() return { "a", "b", t.enum { A = "a" } } end).transform, "t.enum")
  equal(row(function() return { "a", "b", t.invert } end).transform, "t.invert")
  equal(row(function() return { "a", "b", to_right = function(x) return x end, only = "to_right" } end).transform, nil)
  equal(row(function() return { "a", "b" } end).transform, nil)
end)

test("what is only recorded: all of a mapping, or one direction, by the project's word or its own", function()
  local function read_only(dry_run, more)
    return load(function() return { dry_run = dry_run, fields = { { "a", "b" } } } end, more).read_only
  end
  equal(read_only(nil), false)
  equal(read_only(true), true)
  equal(read_only(nil, { dry_run = true }), true)
  equal(read_only("to_right"), { left = false, right = true })
  equal(read_only("app_to_erp"), { left = true, right = false })
  refused(function() return { dry_run = "sideways", fields = { { "a", "b" } } } end, "unknown dry_run 'sideways'")
end)

test("directions have many names", function()
  for _, name in ipairs { "left_to_right", "to_right", "erp_to_app" } do
    equal(load(function() return { direction = name, fields = { { "a", "b" } } } end).direction, "to_right")
  end
  equal(load(function() return { direction = "bidirectional", fields = { { "a", "b" } } } end).direction, "both")
  equal(row(function() return { "a", "b", only = "app_to_erp" } end).flow, "to_left")
  refused(function() return { direction = "left_to_right", fields = { { "a", "b", only = "to_left" } } } end, "direction is to_right")
end)

test("same, group and all unfold into rows", function()
  local plan = load(function(e)
    return { fields = { e.same { "a", { "b", t.trim }, conflict = "left" }, e.group { { "c", "c" }, e.same { "d" }, conflict = "manual" } } }
  end)
  equal(#plan.fields, 4)
  equal(plan.fields[1].strategy, "left")
  equal(plan.fields[2].kind, "function")
  equal(plan.fields[3].group, 1)
  equal(plan.fields[4].group, 1)
  equal(plan.fields[4].strategy, "manual")
  equal(plan.fields[4].strategy_function, nil)
  equal(plan.fields[1].group, nil)
end)

local both_described = {
  left = { key = { "name" }, fields = { field "name", field "email", field "a", field("sum", "decimal", { read_only = true }), field "x",
    field("children", "rows"), field "only_here" } },
  right = { key = { "id" }, fields = { field("id", "uuid"), field "email", field "a", field("sum", "decimal"), field "x", field("children", "rows"),
    field("due", "date", { required = true }) } },
}

test("all takes the fields of the same name that nothing else names", function()
  local plan, result = load(function(e) return { fields = { { "x", "x", t.trim }, e.all { except = { "email" } } } } end,
    { describe = both_described })
  local names = {}
  for i, f in ipairs(plan.fields) do names[i] = f.name .. " " .. f.flow end
  equal(names, { "x both", "a both", "sum to_right" })
  ok(warned(result, "'due' of app.table \"employees\" is required there"))
  ok(warned(result, "no field of match is described as unique in app"))
  equal(plan.incomplete, false)
  refused(function(e) return { fields = { e.all { except = { "emial" } } } } end, "did you mean 'email'", { describe = both_described })
end)

test("a key that nobody gives is told, unless it is copied over", function()
  local described = { right = { key = { "id" }, fields = { field("id", "text", { required = true }), field "email" } } }
  local function why(content) return warned(select(2, load(function() return content end, { describe = described })), "'id' of app.table \"employees\" is required there and no row fills it: creating a record will fail. It is its key") end
  ok(why { fields = { { "email", "email" } } })
  ok(not why { fields = { { "email", "email" } }, key = { left = "name", right = "id", assigned_by = "left" } })
  ok(not why { fields = { { "email", "email" }, { "code", "id" } } })
  ok(not why { fields = { { "email", "email" } }, direction = "right_to_left" })
end)

test("without a description all waits, and says so", function()
  local plan, result = load(function(e) return { fields = { e.all {} } } end)
  equal(plan.incomplete, true)
  equal(#plan.fields, 0)
  ok(warned(result, "all is found out"))
end)

test("described types go with the row; type, scale and flags are laid over them", function()
  local described = { left = { fields = { field("ctc", "decimal", { required = true }), field "email" } },
    right = { fields = { field("salary", "decimal"), field "email" } } }
  local f = row(function() return { "ctc", "salary", t.decimal(2) } end, { describe = described })
  equal(f.left_type, { kind = "decimal", scale = 2, required = true })
  f = row(function() return { "ctc", "salary", type = { right = "json" } } end, { describe = described })
  equal(f.right_type, { kind = "json" })
  equal(f.left_type.kind, "decimal")
  equal(row(function() return { "a", "b", t.decimal(2) } end).right_type, { kind = "decimal", scale = 2 })
end)

test("a function gets nil for null, and says values, nothing and outcomes", function()
  local seen = {}
  local f = row(function(e)
    return { "a", "b", { to_right = function(value, record, c)
      seen[#seen + 1] = { value = value, other = record.email, op = c.op }
      if value == "skip" then return e.skip "not now" end
      if value == "wait" then return e.wait "departments" end
      if value == "dead" then return e.dead "no good" end
      if value == "null" then return e.null end
      if value == "nil" then return nil end
      return value and value .. "!"
    end, to_left = function(value) return value end } }
  end)
  local function call(value) return f.to_right(value, { email = null, a = "x" }, { op = "create" }) end
  equal(call "x", { kind = "value", value = "x!" })
  equal(seen[1], { value = "x", op = "create" })
  equal(call "skip", { kind = "skip", why = "not now" })
  equal(call "wait", { kind = "wait", why = "departments" })
  equal(call "dead", { kind = "dead", why = "no good" })
  equal(call "null", { kind = "value", value = null })
  equal(call "nil", { kind = "leave" })
  equal(call(null), { kind = "value", value = null })
  equal(call(nil), { kind = "value", value = null })
end)

test("only an author's own function is handed the record", function()
  equal(row(function() return { "a", "b", t.trim } end).uses_record, false)
  equal(row(function() return { "a", "b", require "transforms.reversed" } end).uses_record, true)
end)

test("what nothing becomes is the row's to say", function()
  local pair = { to_right = function(value) return value end, to_left = function(value) return value end }
  equal(row(function() return { "a", "b", pair, null = "keep" } end).to_right(null, {}, ctx), { kind = "leave" })
  equal(row(function() return { "a", "b", t.trim, null = "-" } end).to_right(null, {}, ctx), { kind = "value", value = "-" })
  local f = row(function() return { "a", "b", null = 0 } end)
  equal(f.null, "replace")
  equal(f.null_value, 0)
  equal(row(function() return { "a", "b", default = "x" } end).default, "x")
end)

test("an emptied text empties the other side through a transform of ours, or becomes what the row says", function()
  local cleared = { kind = "value", value = null }
  for name, pair in pairs { phone = t.phone "GB", enum = t.enum { Active = "active" }, email = t.email, date = t.date, decimal = t.decimal(2), html = t.html, csv = t.csv, trim = t.trim } do
    local f = row(function() return { "a", "b", pair } end)
    for _, side in ipairs { "to_right", "to_left" } do
      local result = f[side]("", {}, ctx)
      ok(result.kind == "value" and (result.value == null or result.value == "" or type(result.value) == "table" and #result.value == 0), name .. " " .. side .. ": " .. result.kind)
    end
  end
  equal(row(function() return { "a", "b", t.phone "GB" } end).to_right("", {}, ctx), cleared)
  equal(row(function() return { "a", "b", t.phone "GB", null = "keep" } end).to_right("", {}, ctx), { kind = "leave" })
  equal(row(function() return { "a", "b", t.enum { Active = "active" }, null = "none" } end).to_right("", {}, ctx), { kind = "value", value = "none" })
  -- A function of the author's own said nil of a text, which leaves the other side alone.
  equal(row(function() return { "a", "b", function(value) if value ~= "" then return value end end, only = "to_right" } end).to_right("", {}, ctx), { kind = "leave" })
end)

test("records refuse names they do not have, with a suggestion", function()
  local f = row(function() return { "first_name", "b", { to_right = function(_, record) return record.frist_name end }, only = "to_right" } end)
  raises(function() f.to_right("x", { first_name = "x" }, ctx) end, "mapping_test.lua:%d+: a record of erp has no field 'frist_name' here %(did you mean 'first_name'%?%)")
  f = row(function() return { "a", "b", { to_right = function(_, _, c) return c.lookup.x end }, only = "to_right" } end)
  raises(function() f.to_right("x", {}, { op = "create" }) end, "ctx.lookup has no 'x'")
end)

test("dotted paths reach into columns", function()
  local f = row(function() return { "meta.price", "price", { to_right = function(value, record) return value + record["meta.price"] end }, only = "to_right" } end)
  equal(f.left, { "meta.price" })
  equal(f.to_right(1, { meta = { price = 2 } }, ctx), { kind = "value", value = 3 })
  refused(function() return { fields = { { "a.", "b" } } } end, "'a.' is no field's name")
end)

test("several fields on one side arrive as a strict table by path", function()
  local f = row(function() return { { "first", "last" }, "name", t.names } end)
  equal(f.name, "first+last>name")
  equal(f.left, { "first", "last" })
  equal(f.to_right({ first = "Ada", last = null }, {}, ctx), { kind = "value", value = "Ada" })
  equal(f.to_left("Ada Lovelace", {}, ctx), { kind = "value", value = { first = "Ada", last = "Lovelace" } })
  f = row(function() return { { "first", "last" }, "name", { to_right = function(form) return form.lst end }, only = "to_right" } end)
  raises(function() f.to_right({ first = "Ada" }, {}, ctx) end, "has no field 'lst' here %(did you mean 'last'%?%)")
end)

test("fn reads and writes what it declares", function()
  local f = row(function(e)
    return { to_right = e.fn({ reads = { "net", "tax" }, writes = { "gross" } }, function(rec, out)
      if rec.net == nil then return e.skip "no price" end
      out.gross = rec.net + (rec.tax or 0)
    end) }
  end)
  equal(f.flow, "to_right")
  equal(f.left, { "net", "tax" })
  equal(f.right, { "gross" })
  equal(f.to_right({ net = decimal.dec "1.10", tax = decimal.dec "0.20" }, {}, ctx).value:text(), "1.30")
  equal(f.to_right({ net = null, tax = 1 }, {}, ctx), { kind = "skip", why = "no price" })
end)

test("fn both ways: unnamed fields stay as they are", function()
  local f = row(function(e)
    return { name = "address",
      to_right = e.fn({ reads = { "street", "city" }, writes = { "line", "town" } }, function(rec, out) out.line, out.town = rec.street, rec.city end),
      to_left = e.fn({ reads = "line", writes = "street" }, function(rec, out) out.street = rec.line end) }
  end)
  equal(f.flow, "both")
  equal(f.right, { "line", "town" })
  equal(f.to_right({ street = "A 1", city = "B" }, {}, ctx), { kind = "value", value = { line = "A 1", town = "B" } })
  equal(f.to_left({ line = "A 2", town = "C" }, {}, ctx), { kind = "value", value = { street = "A 2" } })
end)

test("fn refuses what it did not declare", function()
  local f = row(function(e) return { to_right = e.fn({ reads = { "net" }, writes = { "gross" } }, function(rec, out) out.grss = rec.net end) } end)
  raises(function() f.to_right(1, {}, ctx) end, "out has no 'grss' %(did you mean 'gross'%?%)")
  f = row(function(e) return { to_right = e.fn({ reads = { "net" }, writes = { "gross" } }, function(rec, out) out.gross = rec.nett end) } end)
  raises(function() f.to_right(1, {}, ctx) end, "did you mean 'net'")
  refused(function(e) return { fields = { { to_right = e.fn({ reads = { "a" } }, function() end) } } } end, "fn says what it writes")
end)

test("a constant belongs to one side", function()
  local f = row(function() return { left = "naming_series", value = "HR-EMP-", when = "create" } end)
  equal(f.kind, "constant")
  equal(f.flow, "to_left")
  equal(f.constant, "HR-EMP-")
  equal(f.when, "create")
  equal(json.encode(f.right), "[]")
  refused(function() return { direction = "to_right", fields = { { "a", "b" }, { left = "c", value = 1 } } } end, "where this mapping writes nothing")
  refused(function(e) return { fields = { { left = "c", value = e.now } } } end, "now is for deletes.soft")
end)

test("references name a mapping of the project, or this file's", function()
  local f = row(function() return { "department", "department_id", t.ref("departments", { optional = true }) } end)
  equal(f.kind, "reference")
  equal(f.reference, "departments")
  equal(f.optional, true)
  equal(row(function() return { "boss", "boss_id", t.ref "employees" } end).reference, "employees")
end)

test("conflict rules: names, aliases, connections, kinds, files, functions", function()
  local function strategy(value, more) return row(function() return { "a", "b", conflict = value } end, more).strategy end
  equal(strategy "last_modified_wins", "newest")
  equal(strategy "latest_timestamp", "newest")
  equal(strategy "source_wins", "left")
  equal(strategy "target_wins", "right")
  equal(strategy "erp_wins", "left")
  equal(strategy "supabase_wins", "right")
  equal(strategy "manual", "manual")
  equal(strategy(function() return "left" end), "function")
  equal(row(function() return { "a", "b" } end, { defaults = { conflict = "app_wins" } }).strategy, "right")
  equal(load(function() return { conflict = "max", fields = { { "a", "b" } } } end, { defaults = { conflict = "left" } }).fields[1].strategy, "max")
end)

test("a strategy's answer is wrapped", function()
  local function ask(call, dispute) return row(function() return { "a", "b", conflict = call } end).strategy_function(dispute) end
  equal(ask("newest", { newer = "right" }), { kind = "side", side = "right" })
  equal(ask("newest", { tie = "right", newer = null }), { kind = "side", side = "right" })
  equal(ask("sum_delta", { base = { left = 1, right = 1 }, left = 2, right = 4, right_as_left = 4 }), { kind = "value", left = 5 })
  equal(ask(function() return "app" end, {}), { kind = "side", side = "right" })
  equal(ask(function() return "manual" end, {}), { kind = "manual" })
  equal(ask(function(d) return { left = d.left, right = d.right_record.b } end, { left = 1, right_record = { b = 2 } }), { kind = "value", left = 1, right = 2 })
  raises(function() ask(function() end, {}) end, "the strategy function must return")
  raises(function() ask(function(d) return d.right_record.c end, { right_record = { b = 2 } }) end, "has no field 'c'")
end)

test("a tie may name a connection", function()
  local plan = load(function() return { tie = "app", fields = { { "a", "b", tie = "erp" } } } end)
  equal(plan.tie, "right")
  equal(plan.fields[1].tie, "left")
end)

test("a judge is an address, a timeout and a rule for when nobody answers", function()
  local plan = load(function()
    return { fields = { { "a", "b", conflict = "webhook" }, { "c", "d" } }, judge = { url = "https://rules.example.org/x", timeout = "5s", fallback = "left" } }
  end)
  equal(plan.judge, { url = "https://rules.example.org/x", timeout_ms = 5000, fallback = "left" })
  equal(plan.fields[1].strategy, "webhook")
  ok(plan.fields[1].strategy_function)
  equal(plan.fields[2].strategy, "newest")
  plan = load(function() return { fields = { { "a", "b" } }, conflict = "webhook", judge = "http://127.0.0.1:9/x" } end)
  equal(plan.judge, { url = "http://127.0.0.1:9/x", timeout_ms = 10000, fallback = "manual" })
  equal(plan.fields[1].strategy_function, nil)
  -- as the defaults of tidewire.lua hand it over
  plan = load(function() return { fields = { { "a", "b" } }, conflict = "webhook", judge = { url = { ["$env"] = "JUDGE_URL" } } } end)
  equal(plan.judge.url, { ["$env"] = "JUDGE_URL" })
  refused(function() return { fields = { { "a", "b", conflict = "webhook" } } } end, "say judge = { url =")
  refused(function() return { fields = { { "a", "b" } }, judge = { url = "rules" } } end, "url of judge must be an address")
  refused(function() return { fields = { { "a", "b" } }, judge = { url = "http://x", timeout = "1h" } } end, "timeout of judge")
  refused(function() return { fields = { { "a", "b" } }, judge = { url = "http://x", fallback = "webhook" } } end, "for when nobody answers")
  refused(function() return { fields = { { "a", "b" } }, judge = { url = "http://x", fallbak = "left" } } end, "did you mean 'fallback'")
end)

test("the brake is a share of the records, or off", function()
  local function brake(value) return load(function() return { fields = { { "a", "b" } }, brake = value } end).brake end
  equal(brake(nil), nil)
  equal(brake("20%"), 20)
  equal(brake(5), 5)
  equal(brake(false), false)
  refused(function() return { fields = { { "a", "b" } }, brake = "many" } end, "brake must be a share")
end)

test("scope becomes conditions", function()
  local plan = load(function(e)
    return { fields = { { "a", "b" } }, scope = { left = { company = "ACME", status = e.one_of { "A", "B" }, kind = e.none_of { "x", "y" },
      gone = e.null, mail = e.not_null, age = e.at_least(18) }, leave = "soft" }, deletes = { soft = { right = { "archived", true } } } }
  end)
  equal(plan.left.scope, { company = { op = "=", value = "ACME" }, status = { op = "in", value = { "A", "B" } },
    kind = { op = "not_in", value = { "x", "y" } }, gone = { op = "is_null" }, mail = { op = "not_null" }, age = { op = ">=", value = 18 } })
  equal(plan.leave, "soft")
  refused(function() return { fields = { { "a", "b" } }, scope = { left = { kind = "x" }, leave = "soft" } } end, "a soft delete in")
  equal({ plan.right.deletes, plan.right.soft_field, plan.left.soft_field }, { "ignore", "archived" })
  equal(load(function(e) return { fields = { { "a", "b" } }, scope = { left = { kind = e.none_of { "x" } } } } end).left.scope.kind,
    { op = "!=", value = "x" })
  equal(load(function() return { fields = { { "a", "b" } } } end).leave, "freeze")
end)

test("a mapping may want its target read before each write", function()
  equal(load(function() return { fields = { { "a", "b" } } } end).read_target, false)
  equal(load(function() return { fields = { { "a", "b" } }, read_target = true } end).read_target, true)
  refused(function() return { fields = { { "a", "b" } }, read_target = "often" } end, "read_target")
end)

test("keys, triggers, retries, schedules and their defaults", function()
  local defaults = { retry = { max = 3, base = "2s" }, sweep = "daily 03:00", on = { poll = "every 5m" } }
  local plan = load(function() return { fields = { { "a", "b" } }, on = { webhook = true, left = { poll = "every 1m" }, right = {} }, retry = { max = 5 },
    parallel = 4, priority = 2, key = { left = { "company", "name" }, right = "id", assigned_by = "left" } } end, { defaults = defaults })
  equal(plan.left.webhook, true)
  equal(plan.left.poll, "every 1m")
  equal(plan.right.poll, nil)
  equal(plan.max_attempts, 5)
  equal(plan.retry_base_ms, 2000)
  equal(plan.sweep, "daily 03:00")
  equal(plan.parallel, 4)
  equal(plan.left.key, { "company", "name" })
  equal(plan.assigned_by, "left")
end)

test("keys come from the description where they are not said", function()
  local plan = load(function() return { fields = { { "a", "a" } }, key = {} } end, { describe = both_described })
  equal(plan.left.key, { "name" })
  equal(plan.right.key, { "id" })
end)

test("the type of a key goes with it, by which others name it; a key of several fields has none", function()
  local described = { left = { fields = { field("id", "int"), field "a", field "email" } }, right = { fields = { field("id", "uuid"), field("n", "int"), field "a", field "email" } } }
  local plan = load(function() return { fields = { { "a", "a" } }, key = { left = "id", right = "id" } } end, { describe = described })
  equal({ plan.left.key_type.kind, plan.right.key_type.kind }, { "int", "uuid" })
  plan = load(function() return { fields = { { "a", "a" } }, key = { left = "id", right = { "id", "n" } } } end, { describe = described })
  equal(plan.right.key_type, nil)
end)

test("matches are pairs; a checksum is the rows it names", function()
  local plan = load(function(e)
    return { fields = { { "first_name", "name" } }, match = { e.by.fields { { "mail", "email", fold = true }, "id" }, e.by.checksum { "first_name" } } }
  end)
  equal(plan.matches, { { { left = "mail", right = "email", fold = true }, { left = "id", right = "id", fold = false } },
    { { left = "first_name", right = "name", fold = false } } })
end)

test("deletes are said per direction", function()
  local plan = load(function(e) return { fields = { { "a", "b" } }, deletes = { to_right = "soft", soft = { right = { "archived_at", e.now } }, delete_wins = "to_right" } } end)
  equal(plan.right.deletes, "soft")
  equal(plan.right.soft_field, "archived_at")
  equal(plan.right.soft_value, { ["$now"] = true })
  equal(plan.right.delete_wins, true)
  equal(plan.left.deletes, "ignore")
  equal(plan.left.delete_wins, false)
  plan = load(function() return { direction = "to_right", fields = { { "a", "b" } }, deletes = "delete" } end)
  equal(plan.right.deletes, "delete")
  equal(plan.left.deletes, "ignore")
end)

test("a check names its side and answers with its message", function()
  local plan = load(function() return { fields = { { "cell", "phone" } }, check = { { "phone", t.matches "^%+", "no country code" },
    { "cell", function(value) return value ~= "bad", "bad cell" end } } } end)
  equal(plan.checks[1].side, "right")
  equal(plan.checks[1].field, "cell>phone")
  equal(plan.checks[1]["function"] "123", "no country code")
  equal(plan.checks[1]["function"] "+123", nil)
  equal(plan.checks[1]["function"](null), nil)
  equal(plan.checks[2].side, "left")
  equal(plan.checks[2]["function"] "bad", "bad cell")
end)

test("tests name fields of either side", function()
  local plan = load(function() return { fields = { { "cell", "phone" }, { "gender", "gender" } }, tests = {
    { base = { phone = "+1", gender = "f" }, left = { phone = "+2" }, right = { phone = "+3" }, changed = { left = "10:00", right = "10:05" }, wins = "erp" },
  } } end)
  local one = plan.tests[1]
  equal(one.left, { cell = "+2" })
  equal(one.right, { phone = "+3" })
  equal(one.base, { left = { cell = "+1", gender = "f" }, right = { phone = "+1", gender = "f" } })
  equal(one.wins, "left")
  equal(one.name, "test 1")
end)

test("a file may return several mappings", function()
  local function mapping(e, name)
    return e.mapping { name = name, left = e.erp.doctype "A", right = e.connection("local").table "a", direction = "to_right",
      key = { left = "name", right = "id" }, match = { e.by.fields { "name" } }, fields = { { "a", "a" } } }
  end
  local result = host(function(e) return { mapping(e), mapping(e, "second") } end, case.argument())
  equal(#result.mappings, 2)
  equal(result.mappings[1].name, "employees_1")
  equal(result.mappings[2].name, "second")
  equal(result.mappings[2].right.connection, "local")
  raises(function() host(function(e) return { mapping(e, "x"), mapping(e, "x") } end, case.argument()) end, "two mappings are called 'x'")
end)

test("what may be written twice, or onto nothing, is refused", function()
  refused(function() return { fields = { { "a", "meta.price" }, { "b", "meta" } } } end, "'meta' of app.table \"employees\" is written by two rows")
  refused(function() return { fields = { { "a", "b" }, { "a", "b" } } } end, "two rows are called 'a>b'")
  local plan = load(function() return { fields = { { "a", "b", only = "to_right" }, { "a", "b", t.trim, only = "to_left" } } } end)
  equal(plan.fields[2].name, "a>b to_left")
end)

test("a mapping that creates can find its creation again", function()
  refused(function() return { match = {}, fields = { { "a", "b" } } } end, "nothing finds one again")
  local plan = load(function() return { match = {}, direction = "to_right", key = { left = "name", right = "id", assigned_by = "left" },
    fields = { { "a", "b" } } } end)
  equal(plan.assigned_by, "left")
end)

test("a shared file lies under what uses it, rows of its own replacing shared ones", function()
  local plan = load(function() return { use = "pair", fields = { { "first_name", "first_name", t.trim }, { "x", "y" } }, tie = "left" } end)
  local names = {}
  for i, f in ipairs(plan.fields) do names[i] = f.name .. " " .. f.kind end
  equal(names, { "gender copy", "first_name function", "x>y copy" })
  equal(plan.granularity, "record")
  equal(plan.tie, "left")
end)

test("a project's own strategies and transforms are found by name", function()
  local f = row(function() return { "a", "b", require "transforms.reversed", conflict = "longest" } end)
  equal(f.strategy, "longest")
  equal(f.strategy_function { left = "ab", right = "abc" }, { kind = "side", side = "right" })
  equal(f.to_right("abc", {}, ctx), { kind = "value", value = "cba" })
end)

test("what nothing starts is said", function()
  local _, result = load(function() return { on = {}, fields = { { "a", "b" } } } end)
  ok(warned(result, "nothing tells this mapping of changes in erp.doctype \"Employee\""))
end)

test("webhooks that nothing proves tell nothing, and that is said", function()
  local function connections(kind)
    return { connections = { erp = { kind = "frappe", collections = { doctype = {} }, proof = { kind = kind } }, app = { kind = "supabase", collections = { table = {} } } } }
  end
  local _, result = load(function() return { on = { webhook = true }, fields = { { "a", "b" } } } end, connections "none")
  ok(warned(result, "webhooks of erp.doctype \"Employee\" are refused: nothing proves them"))
  ok(warned(result, "nothing tells this mapping of changes in erp.doctype \"Employee\""))
  ok(not warned(result, "app.table"))
  _, result = load(function() return { on = { webhook = true }, fields = { { "a", "b" } } } end, connections "header")
  ok(not warned(result, "refused"))
end)

test("lists stay lists for the program", function()
  local plan = load(function() return { match = {}, direction = "to_right", key = { left = "a", right = "b", assigned_by = "left" }, fields = { { "a", "b" } } } end)
  equal(json.encode(plan.matches), "[]")
  equal(json.encode(plan.checks), "[]")
  equal(json.encode(plan.tests), "[]")
  equal(json.is_array(plan.fields), true)
  equal(json.is_array(plan.left.key), true)
  equal(json.is_array(array {}), true)
end)

test("modules have the words too", function()
  local m = require "tidewire.mapping"
  equal(m.null, null)
  equal(m.one_of { "a" }.op, "in")
  raises(function() return m.sme end, "did you mean 'same'")
end)

test("a file's address travels, the file does not, and a warning says so", function()
  local described = { left = { key = { "name" }, fields = { case.field "name", case.field "email", case.field("photo", "text", { file = true }) } } }
  local _, result = case.load(function() return { fields = { { "email", "email" }, { "photo", "photo" } } } end, { describe = described })
  equal(case.warned(result, "'photo' of erp.doctype \"Employee\" names a file: its name and address are kept the same, the file itself is not copied"), true)
end)

test("so it is of a file that a row below the record names", function()
  local photo = { name = "scan", type = { kind = "text" }, file = true }
  local described = { left = { key = { "name" }, fields = { case.field "name", case.field "email", { name = "papers", type = { kind = "rows", fields = { case.field "title", photo } } } } } }
  local _, result = case.load(function(e)
    return { fields = { { "email", "email" }, e.rows { left = "papers", right = "papers", key = { "title" }, fields = { e.same { "scan" } } } } }
  end, { describe = described })
  equal(case.warned(result, "'scan' of a row of papers of erp.doctype \"Employee\" names a file"), true)
end)

test("bytes are copied to a field of bytes, and a warning says what else becomes of them", function()
  local function warnings(left, right)
    local described = { left = { key = { "name" }, fields = { case.field "name", case.field "email", { name = "photo", type = left } } },
      right = { key = { "id" }, fields = { case.field "id", case.field "email", { name = "picture", type = right } } } }
    return select(2, case.load(function() return { fields = { { "email", "email" }, { "photo", "picture" } } } end, { describe = described }))
  end
  equal(case.warned(warnings({ kind = "binary", form = "base64" }, { kind = "binary" }), "holds bytes"), false)
  equal(case.warned(warnings({ kind = "binary", form = "base64" }, { kind = "text" }),
    "'photo' of erp.doctype \"Employee\" holds bytes, 'picture' of app.table \"employees\" does not: they travel as text in base64"), true)
  equal(case.warned(warnings({ kind = "json" }, { kind = "binary" }), "holds bytes, 'photo' of erp.doctype \"Employee\" does not: they travel as text such as \\x00ff"), true)
end)

test("elements of lists that do not convert are a problem, and others are none", function()
  local function fits(left, right, ...)
    local described = { left = { key = { "name" }, fields = { case.field "name", case.field "email", { name = "tags", type = { kind = "set", of = { kind = left }, to = "Tag" } } } },
      right = { key = { "id" }, fields = { case.field "id", case.field "email", { name = "labels", type = { kind = "list", of = { kind = right } } } } } }
    local tags = { "tags", "labels", ... }
    return pcall(case.load, function() return { fields = { { "email", "email" }, tags } } end, { describe = described })
  end
  equal(fits("int", "int"), true)
  equal(fits("int", "text"), true)
  local fine, err = fits("int", "uuid")
  equal(fine, false)
  equal(tostring(err):find("tags of erp is set (to Tag, of int) and labels of app is list (of uuid): they do not convert without a transform (t.list(t.ref \"MAPPING\") translates keys)", 1, true) ~= nil, true)
  equal(fits("int", "uuid", require("tidewire.transform").list(require("tidewire.transform").ref "departments")), true)
end)

test("why a field is read-only stands beside it", function()
  local described = { left = { key = { "name" }, fields = { case.field "name", case.field "email", case.field("lines", "set", { read_only = true, because = "its records say so" }) } } }
  case.refused(function() return { fields = { { "email", "email" }, { "lines", "lines" } } } end, "'lines' is read%-only in .*: say only = \"to_right\" %(its records say so%)", { describe = described })
end)

test("what can be no key is refused where it is one, of a record and of rows below it", function()
  local meta = case.field("meta", "json", { no_key = "JSON has many spellings of one value" })
  local function described(more) return { describe = { left = { key = { "name" }, fields = { case.field "name", case.field "email" } }, right = { key = { "id" }, fields = { case.field "id", case.field "email", meta } }, further = more } } end
  local fields = { { "email", "email" } }
  case.load(function() return { fields = { { "email", "email" }, { "name", "meta", only = "to_right" } } } end, described())
  refused(function() return { key = { left = "name", right = { "id", "meta" } }, fields = fields } end, "'meta' of app.table \"employees\" cannot be a key: JSON has many spellings", described())
  local lines = { ["app.table lines"] = { key = { "meta" }, fields = { meta, case.field "person", case.field "item" } } }
  refused(function(e)
    return { fields = { { "email", "email" }, e.rows { left = "email", right = e.app.table("lines", { parent = "person" }), key = { "item" } } } }
  end, "'meta' of app.table \"lines\" cannot be a key", described(lines))
end)

test("a key that a webhook spells otherwise than a read does is refused together with webhooks", function()
  local more = { describe = { left = { key = { "name" }, fields = { case.field "name", case.field "email" } },
    right = { key = { "at" }, fields = { { name = "at", type = { kind = "datetime", form = "instant" }, by_session = true }, case.field "email" } } } }
  local function content(on) return function() return { key = { left = "name", right = "at" }, on = on, fields = { { "email", "email" } } } end end
  refused(content { webhook = true }, "webhooks of app.table \"employees\" spell 'at' %(datetime %(instant%)%) as the session", more)
  load(content { left = { webhook = true }, right = { poll = "every 5m" } }, more)
end)
