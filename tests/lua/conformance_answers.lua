-- What is made of answers that are missing, broken or a refusal, and of values that do not fit. A part of connector_conformance.lua.

local tap = require "tap"
local json = require "tidewire.json"
local connector = require "tidewire.connector"
local suite = require "conformance_case"

local array = json.array
local connect, failing_http, failing_sql, copy, next_number, must = suite.connect, suite.failing_http, suite.failing_sql, suite.copy, suite.next_number, suite.must

return function(w)
  local subject, call, able, collection, read, new, fails = w.subject, w.call, w.able, w.collection, w.read, w.new, w.fails

  tap.test("a key that is nobody's is denied, not empty", function()
    local stranger = connect(subject, subject.broken).functions
    fails("denied", stranger.read(collection, array { subject.absent }))
    fails("denied", stranger.list(collection, nil, 5))
    if not subject.uncounted then fails("denied", stranger.count(collection)) end
    fails("denied", stranger.test())
  end)

  -- Each way of reading fails with `code` on connections that `connected` makes, and nothing of it is empty; the last error.
  local function reads_fail(code, what, connected, advised)
    local key, query = subject.known, array { array { { field = subject.label, value = "anything" } } }
    local ways = {
      { "read", array { key } }, { "read", array { key, subject.absent } }, { "list", nil, 5 }, { "find", query },
      { "changes", subject.cursor, 5 }, { "start" },
    }
    if not advised then ways[#ways + 1] = { "test" } end  -- who is there says nothing of one collection
    if not subject.uncounted then ways[#ways + 1] = { "count" } end
    local last
    for _, way in ipairs(ways) do
      local value, err = connected()[way[1]](way[1] ~= "test" and collection or nil, way[2], way[3])
      last = fails(code, value, err, what .. ", " .. way[1])
      if advised then tap.equal((last.hint or "") ~= "", true, what .. ", " .. way[1] .. " says not what to do: " .. tostring(last.message)) end
    end
    return last
  end

  -- What each entry of a create failed with: by itself, or with the whole call.
  local function failures(outcomes, err)
    local list = { err }
    for i, outcome in ipairs(outcomes or {}) do list[i] = outcome.error or "made" end
    return list
  end

  tap.test("a read that is not clearly answered is unavailable, never empty", function()
    subject.known, subject.cursor = new().key, must(call.start(collection))
    for _, how in ipairs { "lost", "html", "login", "cut", "bytes", "refused", "moved" } do
      reads_fail("unavailable", how, function()
        return connect(subject, subject.config, failing_http(how, "reads"), failing_sql(subject, how, "reads")).functions
      end)
    end
    tap.equal(read(subject.known).key, subject.known)
  end)

  tap.test("rights that were taken away are said, with what to do: nothing reads as empty, nothing is written", function()
    subject.known, subject.cursor = new { [subject.label] = "ours" }.key, must(call.start(collection))
    for number, refusal in ipairs(subject.forbidden) do
      local what, code = "refusal " .. number, refusal.code or "denied"
      local function connected() return connect(subject, subject.config, failing_http(refusal), failing_sql(subject, refusal)).functions end
      reads_fail(code, what, connected, true)
      local shut = connected()
      local function refused(value, err) tap.equal((fails(code, value, err, what).hint or "") ~= "", true, what .. " says not what to do: " .. tostring(err.message)) end
      refused(shut.update(collection, subject.known, { [subject.label] = "theirs" }))
      if not subject.others then
        refused(shut.delete(collection, subject.known))
        for _, failed in ipairs(failures(shut.create(collection, array { { values = subject.make(next_number()) }, { values = subject.make(next_number()) } }))) do refused(nil, failed) end
      end
    end
    tap.equal(read(subject.known).fields[subject.label], "ours")
  end)

  if not subject.open then
    tap.test("who is asked to slow down says for how long, of reads and of writes", function()
      subject.known, subject.cursor = new { [subject.label] = "calm" }.key, must(call.start(collection))
      local function connected() return connect(subject, subject.config, failing_http "throttled").functions end
      local busy = connected()
      tap.equal(reads_fail("throttled", "busy", connected).retry_after, 7)
      local err = fails("throttled", busy.update(collection, subject.known, { [subject.label] = "haste" }))
      tap.equal(err.retry_after, 7)
      fails("throttled", busy.delete(collection, subject.known))
      for _, failed in ipairs(failures(busy.create(collection, array { { values = subject.make(next_number()) }, { values = subject.make(next_number()) } }))) do
        tap.equal({ failed.code, failed.retry_after }, { "throttled", 7 })
      end
      tap.equal(read(subject.known).fields[subject.label], "calm")
    end)
  end

  tap.test("a wrong address is unavailable, of reads and of writes", function()
    subject.known, subject.cursor = new().key, must(call.start(collection))
    local function connected() return connect(subject, subject.nowhere).functions end
    local lost = connected()
    reads_fail("unavailable", "nowhere", connected)
    fails("unavailable", lost.update(collection, subject.known, { [subject.label] = "x" }))
    if subject.others then return end
    tap.equal(failures(lost.create(collection, array { { values = subject.make(next_number()) } }))[1].code, "unavailable")
  end)

  if not subject.open_ended then
    tap.test("a field that is not there any more is an error that names it, and others are read as before", function()
      local record = new()
      local renamed = copy(collection, { fields = array { subject.label, "not_there_any_more" } })
      for _, err in ipairs { select(2, call.read(renamed, array { record.key })), select(2, call.list(renamed, nil, 5)) } do
        tap.equal(err.code, "invalid")
        tap.equal(tostring(err.message):find("not_there_any_more", 1, true) ~= nil, true, err.message)
      end
      local _, err = call.update(renamed, record.key, { not_there_any_more = "x" })
      tap.equal(err.code, "invalid")
      tap.equal(tostring(err.message):find("not_there_any_more", 1, true) ~= nil, true, err.message)
      tap.equal(read(record.key).version, record.version)
    end)
  end

  tap.test("a text of a million bytes is kept or refused, and never cut", function()
    local name, value = subject.long[1], ("é✓ x\n"):rep(120000) .. "."
    local wider = copy(collection, { fields = array { subject.label, name } })
    local record = new { [subject.label] = "short" }
    local before = must(call.read(wider, array { record.key }))[1].fields[name]
    local _, err = call.update(wider, record.key, { [name] = value })
    local after = must(call.read(wider, array { record.key }))[1].fields[name]
    tap.equal(err and err.code, subject.long.refused and "invalid" or nil, err and err.message)
    tap.equal(after == (err and before or value), true, "it came back otherwise")
    _, err = call.update(collection, record.key, { [subject.label] = "a\0b" })
    if err then
      tap.equal(err.code, "invalid", err.message)
    else
      tap.equal(read(record.key).fields[subject.label], "a\0b")
    end
  end)

  tap.test("a number that does not fit is refused, never another number", function()
    local name, value = subject.wide[1], subject.wide[2]
    local record = new()
    local answer, err = call.update(collection, record.key, { [name] = value })
    local got = read(record.key).fields[name]
    if err then
      tap.equal(err.code, "invalid", err.message)
      tap.equal(connector.same(got, record.fields[name]), true)
    else
      tap.equal(connector.same(got, answer.fields[name]), true)
      tap.equal(connector.same(got, value), true, "read as " .. tostring(got))
    end
  end)

  tap.test("a write whose answer is lost is unknown, one that never left is unavailable", function()
    local record = new { [subject.label] = "before" }
    for how, code in pairs { lost = "unknown", html = "unknown", cut = "unknown", refused = "unavailable" } do
      local unlucky = connect(subject, subject.config, failing_http(how), failing_sql(subject, how)).functions
      fails(code, unlucky.update(collection, record.key, { [subject.label] = how }))
      if subject.others then goto next end
      local outcomes = must(unlucky.create(collection, array { { values = subject.make(next_number()) } }))
      tap.equal(outcomes[1].error and outcomes[1].error.code, code)
      outcomes = must(unlucky.create(collection, array { { values = subject.make(next_number()) }, { values = subject.make(next_number()) } }))
      tap.equal(outcomes[2].error and outcomes[2].error.code, code)
      -- A delete may have been answered by its status alone, before the cut.
      if how ~= "cut" then fails(code, unlucky.delete(collection, new().key)) end
      if (able.bulk_update or 1) > 1 then
        local entries = array {}
        for i = 1, 2 do entries[i] = { key = new().key, values = { [subject.label] = how } } end
        for _, outcome in ipairs(must(unlucky.update_many(collection, entries))) do tap.equal(outcome.error and outcome.error.code, code) end
      end
      ::next::
    end
  end)
end
