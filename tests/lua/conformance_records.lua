-- Records: made, read, written and found again. A part of connector_conformance.lua.

local tap = require "tap"
local hash = require "tidewire.hash"
local json = require "tidewire.json"
local connector = require "tidewire.connector"
local suite = require "conformance_case"

local null, array = json.null, json.array
local copy, next_number, must = suite.copy, suite.next_number, suite.must

return function(w)
  local subject, call, able, collection, create, read, new, fails = w.subject, w.call, w.able, w.collection, w.create, w.read, w.new, w.fails

  tap.test("it tells who it is", function()
    local found = must(call.test())
    tap.equal(type(found.user), "string")
    tap.equal(type(found.site), "string")
    tap.equal(type(found.server_time), "string")
  end)

  tap.test("it describes its fields", function()
    local described = must(call.describe(collection))
    tap.equal(described.key[1], collection.key[1])
    local known = {}
    for _, field in ipairs(described.fields) do known[field.name] = field.type.kind end
    for _, name in ipairs(collection.fields) do tap.equal(type(known[name]), "string") end
  end)

  tap.test("a record reads as it was created", function()
    local values = subject.make(next_number())
    local record = read(create(values).key)
    for name, value in pairs(values) do tap.equal(connector.same(record.fields[name], value), true) end
    for _, name in ipairs(connector.heads({}, collection.fields)) do tap.equal(record.fields[name] ~= nil, true) end
    tap.equal(type(record.version), "string")
  end)

  tap.test("several records are created at once and each answer belongs to its record", function()
    local entries = array {}
    for i = 1, 7 do entries[i] = { values = subject.make(next_number()) } end
    local outcomes = must(call.create(collection, entries))
    tap.equal(#outcomes, 7)
    for i, outcome in ipairs(outcomes) do
      local record = read(outcome.record.key)
      for name, value in pairs(entries[i].values) do tap.equal(connector.same(record.fields[name], value), true) end
    end
  end)

  tap.test("one refused record of several does not keep the others from being created", function()
    local entries = array { { values = subject.make(next_number()) }, { values = copy(subject.make(next_number()), subject.refused) },
      { values = subject.make(next_number()) } }
    local outcomes = must(call.create(collection, entries))
    tap.equal(outcomes[1].error, nil)
    tap.equal(outcomes[2].error and outcomes[2].error.code, "invalid")
    tap.equal(outcomes[3].error, nil)
  end)

  tap.test("values keep their digits, their time and their letters", function()
    for _, case in ipairs(subject.faithful) do
      local record = new { [case[1]] = case[2] }
      local want = case[2]
      if case[3] ~= nil then want = case[3] end
      local got = record.fields[case[1]]
      tap.equal(connector.same(got, want), true, case[1] .. " read as " .. tostring(got))
    end
  end)

  tap.test("text keeps blanks, quotes, marks, other scripts and length", function()
    for _, value in ipairs { "a,b(c)\"d\\e:f.g", "O'Neil & Söhne 100%", "héllo wörld ✓ 日本 🙂", "plus+and%20percent", "line\nbreak\ttab",
      "null", "*", ("x"):rep(130) } do
      local record = new { [subject.label] = value }
      tap.equal(record.fields[subject.label], value)
    end
  end)

  tap.test("null and empty text are kept or are one", function()
    local record = new { [subject.label] = "full" }
    must(call.update(collection, record.key, { [subject.label] = null }, record.version))
    tap.equal(connector.same(read(record.key).fields[subject.label], null), true)
    must(call.update(collection, record.key, { [subject.label] = "" }))
    tap.equal(connector.same(read(record.key).fields[subject.label], ""), true)
  end)

  tap.test("a read leaves out what is not there", function()
    local a, b = new(), new()
    local found = must(call.read(collection, array { a.key, subject.absent, b.key }))
    tap.equal(#found, 2)
    tap.equal(#must(call.read(collection, array { subject.absent })), 0)
  end)

  tap.test("a guard lets one writer through, or is said not to be there", function()
    local record = new { [subject.label] = "first" }
    local answer = must(call.update(collection, record.key, { [subject.label] = "second" }, record.version))
    tap.equal(answer.key, record.key)
    if not able.guarded_writes then
      must(call.update(collection, record.key, { [subject.label] = "third" }, record.version))
      tap.equal(read(record.key).fields[subject.label], "third")
      return
    end
    fails("stale", call.update(collection, record.key, { [subject.label] = "third" }, record.version))
    local after = read(record.key)
    tap.equal(after.fields[subject.label], "second")
    if able.answer == "stored" then tap.equal(answer.version, after.version) end
    must(call.update(collection, record.key, { [subject.label] = "fourth" }, after.version))
    tap.equal(read(record.key).fields[subject.label], "fourth")
  end)

  if call.update_many then
    tap.test("several updates at once: each has its own guard and its own outcome", function()
      local fresh, moved, refused, free = new(), new(), new(), new()
      must(call.update(collection, moved.key, { [subject.label] = "moved on" }))
      local outcomes = must(call.update_many(collection, array {
        { key = fresh.key, values = { [subject.label] = "a" }, guard = fresh.version },
        { key = moved.key, values = { [subject.label] = "b" }, guard = moved.version },
        { key = subject.absent, values = { [subject.label] = "c" } },
        { key = refused.key, values = copy(subject.refused, { [subject.label] = "d" }), guard = refused.version },
        { key = free.key, values = { [subject.label] = null } },
      }))
      tap.equal(outcomes[1].record.fields[subject.label], "a")
      tap.equal(outcomes[1].record.version, read(fresh.key).version)
      tap.equal({ outcomes[2].error.code, outcomes[3].error.code, outcomes[4].error.code }, { "stale", "not_found", "invalid" })
      tap.equal(read(moved.key).fields[subject.label], "moved on")
      tap.equal(connector.same(outcomes[5].record.fields[subject.label], null), true)
    end)
  end

  tap.test("an update without a guard is the last word, and of a missing record it says so", function()
    local record = new()
    must(call.update(collection, record.key, { [subject.label] = "without" }))
    tap.equal(read(record.key).fields[subject.label], "without")
    fails("not_found", call.update(collection, subject.absent, { [subject.label] = "x" }))
    fails("not_found", call.update(collection, subject.absent, { [subject.label] = "x" }, record.version))
  end)

  tap.test("a refused value is invalid and changes nothing", function()
    local record = new { [subject.label] = "kept" }
    fails("invalid", call.update(collection, record.key, copy(subject.refused, { [subject.label] = "lost" }), record.version))
    tap.equal(read(record.key).fields[subject.label], "kept")
  end)

  tap.test("a search answers each query", function()
    local label = "Search-" .. hash.id() .. " (a,b) \"q\""
    local one = new { [subject.label] = label }
    local answers = must(call.find(collection, array {
      array { { field = subject.label, value = label } }, array { { field = subject.label, value = "nobody has this" } },
      array { { field = subject.label, value = label:upper() } },
    }))
    tap.equal(#answers[1], 1)
    tap.equal(answers[1][1].key, one.key)
    tap.equal(#answers[2], 0)
    tap.equal(#answers[3], 0)
    local folded = must(call.find(collection, array { array { { field = subject.label, value = label:upper(), fold = true } } }))
    tap.equal(#folded[1], 1)
    for _ = 1, 4 do new { [subject.label] = label } end
    local both = must(call.find(collection, array { array { { field = subject.label, value = label } }, array { { field = subject.label, value = "no" } } }))
    tap.equal(#both[1], 3)
    tap.equal(#both[2], 0)
  end)
end
