--- What every connector owes the engine, tried on a live system.
---
--- `run(subject)` adds one test per law, `run(subject, "many")` that of a page of ten thousand rows alone. The subject:
---   kind, config        the connector, and options that reach the system
---   broken              the config with a key that is nobody's
---   collection          { name, key, fields, options }
---   make(n)             values of a new record, distinct by n
---   label               a text field that holds anything, and can be null or empty
---   faithful            list of { field, value written, value read (default: the same) }
---   group               { field, value(n) } a field by which a test finds its own rows with a scope
---   refused             values that the system does not take
---   absent              a key that is nobody's
---   install             options of `install`: what it makes is made first, and deletions show in `changes`
---   lag                 seconds by which `changes` stays behind
---   open                of a database: opens the handle that the connector speaks through
---   page                rows a page of a poll, 3 unless said
--   nowhere             options that reach nobody
--   long                { field, refused } of a text: a million bytes are kept, or refused as a whole
--   wide                { field, value } a number beyond what the field or a double holds; kept exactly or refused, unless `doubles`
--   open_ended          true where the system has no fields of its own to be missed
--   unordered           true where pages shift when rows before them go: only reads by key tell then
--   uncounted           true where the system does not tell how many there are
--- Needs profile io, and a system that nobody else writes to.

local tap = require "tap"
local hash = require "tidewire.hash"
local json = require "tidewire.json"
local task = require "tidewire.task"
local host = require "tidewire.host.connector"
local connector = require "tidewire.connector"

local null, array = json.null, json.array

local M = {}

local function connect(subject, config, http, sql)
  return host(function() return require("connectors." .. subject.kind) end,
    { name = "subject", config = config, http = http, sql = sql })
end

-- The client whose next write (`what` "reads": whose reads) is carried out and whose answer is lost, or that never gets out.
local function failing_http(how, what)
  local http = require "tidewire.http"
  return { request = function(request)
    local meant = (request.once or false) == (what ~= "reads")
    if how == "throttled" then return { status = 429, headers = { ["retry-after"] = "7" }, body = "<html>Too Many Requests</html>" } end
    if meant and how == "refused" then return nil, { code = "unavailable", message = "connection refused" } end
    if meant and how == "login" then return { status = 200, headers = { ["content-type"] = "text/html" }, body = "<html>Sign in</html>" } end
    if meant and how == "moved" then return { status = 404, headers = {}, body = "<html>Not Found</html>" } end
    local response, err = http.request(request)
    if not meant or not response then return response, err end
    if how == "lost" then return nil, { code = "unknown", message = "connection lost" } end
    if how == "html" then return { status = 502, headers = {}, body = "<html>Bad Gateway</html>" } end
    if how == "cut" then return { status = response.status, headers = response.headers, body = response.body:sub(1, -2) } end
    if how == "bytes" then return { status = response.status, headers = response.headers, body = '["\255\254", ' .. response.body .. "]" } end
    return response
  end }
end

-- The same of a database.
local function failing_sql(subject, how, reads)
  if not subject.open then return nil end
  local function unlucky(run)
    return function(_, what, parameters, options)
      local writes = ((options or parameters or {}).write or false) == (reads ~= "reads")
      if writes and reads == "reads" then return nil, { code = "unavailable", message = "connection lost" } end
      if writes and how == "refused" then return nil, { code = "unavailable", message = "connection refused" } end
      local rows, affected = run(what, parameters, options)
      if not writes or not rows then return rows, affected end
      return nil, { code = "unknown", message = "connection lost" }
    end
  end
  return function(conn)
    local db = subject.open(conn)
    return { query = unlucky(function(...) return db:query(...) end),
      transaction = unlucky(function(statements, options) return db:transaction(statements, options) end) }
  end
end

local function copy(values, changes)
  local all = {}
  for name, value in pairs(values) do all[name] = value end
  for name, value in pairs(changes or {}) do all[name] = value end
  return all
end

local serial = 0
local function next_number()
  serial = serial + 1
  return serial
end

local function must(value, err)
  if value == nil then error("failed: " .. tostring(err and err.code) .. ": " .. tostring(err and err.message), 2) end
  return value
end

local function tests_of(subject)
  local side = connect(subject, subject.config)
  local call, able, collection = side.functions, side.capabilities, subject.collection

  local function create(values, key)
    local outcomes = must(call.create(collection, array { { values = values, key = key } }))
    if outcomes[1].error then error("create: " .. tostring(outcomes[1].error.message), 2) end
    return outcomes[1].record
  end
  local function read(key) return must(call.read(collection, array { key }))[1] end
  local function new(changes) return read(create(copy(subject.make(next_number()), changes)).key) end
  local function fails(code, value, err, what)
    tap.equal(value, nil, what)
    tap.equal(err and err.code, code, what or err and err.message)
    return err
  end

  if subject.install then
    tap.test("what changes need is shown, then made, then there", function()
      local shown = must(call.install(collection, subject.install))
      tap.equal(shown.applied, false)
      tap.equal(#shown.steps > 0, true)
      for _, step in ipairs(shown.steps) do tap.equal(type(step.title) == "string" and (step.sql or step.request) ~= nil, true) end
      must(call.install(collection, copy(subject.install, { apply = true })))
      tap.equal(#must(call.install(collection, subject.install)).steps, 0)
    end)
  end

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

  tap.test("pages have every record once, in any size of page", function()
    local group = subject.group.value(next_number())
    local entries, made = array {}, {}
    for i = 1, 11 do entries[i] = { values = copy(subject.make(next_number()), { [subject.group.field] = group }) } end
    for _, outcome in ipairs(must(call.create(collection, entries))) do made[outcome.record.key] = 0 end
    local scoped = copy(collection, { scope = { [subject.group.field] = group } })
    for _, size in ipairs { 1, 4, 11, 50 } do
      local cursor, pages = nil, 0
      repeat
        local page = must(call.list(scoped, cursor, size))
        for _, record in ipairs(page.records) do made[record.key] = (made[record.key] or 100) + 1 end
        cursor, pages = page.cursor, pages + 1
        tap.equal(cursor == nil, #page.records == 0)
      until not cursor or pages > 20
      for key, times in pairs(made) do
        tap.equal(times, 1)
        made[key] = 0
      end
    end
  end)

  tap.test("pages are complete while others write: what is there from the first to the last is on them", function()
    local group = subject.group.value(next_number())
    local entries, stays = array {}, {}
    for i = 1, 12 do entries[i] = { values = copy(subject.make(next_number()), { [subject.group.field] = group }) } end
    for _, outcome in ipairs(must(call.create(collection, entries))) do stays[outcome.record.key] = true end
    local scoped = copy(collection, { scope = { [subject.group.field] = group } })
    local seen, cursor, pages = {}, nil, 0
    -- One that was shown, or one that was not yet.
    local function pick(shown)
      for key in pairs(stays) do
        if (seen[key] ~= nil) == shown then return key end
      end
    end
    repeat
      local page = must(call.list(scoped, cursor, 3))
      for _, record in ipairs(page.records) do seen[record.key] = (seen[record.key] or 0) + 1 end
      cursor, pages = page.cursor, pages + 1
      if pages <= 2 then
        for _, shown in ipairs { true, false } do
          local going = not (shown and subject.unordered) and pick(shown)
          if going then
            must(call.delete(collection, going))
            stays[going] = nil
          end
          must(call.update(collection, pick(shown), { [subject.label] = "moved while pages are read" }))
        end
        create(copy(subject.make(next_number()), { [subject.group.field] = group }))
      end
    until not cursor or pages > 30
    tap.equal(cursor, nil)
    for key in pairs(stays) do tap.equal(seen[key] ~= nil, true, key .. " was on no page") end
  end)

  tap.test("a scope means the same everywhere, null being a value", function()
    local group = subject.group.value(next_number())
    for _, label in ipairs { "Red", "Blue, (dark)", null } do new { [subject.label] = label, [subject.group.field] = group } end
    local cases = {
      { "Red", 1 }, { { op = "!=", value = "Red" }, 2 }, { { op = "is_null" }, 1 }, { { op = "not_null" }, 2 }, { null, 1 },
      { { op = "in", value = array { "Red", "Blue, (dark)" } }, 2 }, { { op = "in", value = array { "Red", null } }, 2 },
      { { op = "not_in", value = array { "Red", "Green" } }, 2 }, { { op = "not_in", value = array { "Red", null } }, 1 },
      { { op = ">", value = "C" }, 1 },
    }
    for i, case in ipairs(cases) do
      local scoped = copy(collection, { scope = { [subject.group.field] = group, [subject.label] = case[1] } })
      tap.equal(#must(call.list(scoped, nil, 10)).records, case[2], "condition " .. i)
    end
  end)

  -- The keys on all pages of a list.
  local function listed(of)
    local keys, count, cursor = {}, 0, nil
    repeat
      local page = must(call.list(of, cursor, 100))
      for _, record in ipairs(page.records) do
        if not keys[record.key] then keys[record.key], count = true, count + 1 end
      end
      cursor = page.cursor
    until not cursor
    return count
  end

  tap.test("a count is what the pages show while nobody writes, or is said not to be there", function()
    local known, why = nil, nil
    if call.count then known, why = call.count(collection) end
    tap.equal({ known == nil, why }, { subject.uncounted or false })
    if subject.uncounted then return end
    local group = subject.group.value(next_number())
    local first = new { [subject.group.field] = group, [subject.label] = "Red" }
    new { [subject.group.field] = group, [subject.label] = null }
    tap.equal(must(call.count(collection)), listed(collection))
    must(call.delete(collection, first.key))
    tap.equal(must(call.count(collection)), listed(collection))
    create(copy(subject.make(next_number()), { [subject.group.field] = group }))
    tap.equal(must(call.count(collection)), listed(collection))
    -- Under a scope it may be unknown, or less: never more, which would be told of as rows that are hidden.
    for _, condition in ipairs { "Red", null, { op = "!=", value = "Red" }, { op = "not_null" }, { op = "in", value = array { "Red", null } }, { op = "not_in", value = array { "Red", null } }, { op = ">", value = "C" } } do
      local scoped = copy(collection, { scope = { [subject.group.field] = group, [subject.label] = condition } })
      local counted, err = call.count(scoped)
      tap.equal(err, nil)
      if counted then tap.equal(counted <= listed(scoped), true) end
    end
    local scoped = copy(collection, { scope = { [subject.group.field] = group } })
    local counted = call.count(scoped)
    if counted then tap.equal(counted, listed(scoped)) end
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

  local function drain(cursor, size)
    local keys, deleted, turns = {}, {}, 0
    if subject.lag then task.sleep(subject.lag) end
    repeat
      local page = must(call.changes(collection, cursor, size or subject.page or 3))
      for _, record in ipairs(page.records) do keys[record.key] = (keys[record.key] or 0) + 1 end
      for _, key in ipairs(page.deleted) do deleted[key] = true end
      cursor, turns = page.cursor, turns + 1
    until not page.more or turns > 200
    return keys, cursor, deleted
  end

  tap.test("a poll sees what was made and changed since it began", function()
    local old = new()
    local cursor = must(call.start(collection))
    local _
    local made = new()
    must(call.update(collection, old.key, { [subject.label] = "polled" }))
    local keys, after = drain(cursor)
    tap.equal(keys[old.key] ~= nil, true)
    tap.equal(keys[made.key] ~= nil, true)
    keys, after = drain(after)
    tap.equal(keys[made.key], nil)
    must(call.update(collection, made.key, { [subject.label] = "again" }))
    keys, _ = drain(after)
    tap.equal(keys[made.key], 1)
    tap.equal(keys[old.key], nil)
  end)

  tap.test("a poll whose pages others write between tells of each record what it came to", function()
    local keys = {}
    for i = 1, 8 do keys[i] = new().key end
    local cursor, shown, wrote, turns = must(call.start(collection)), {}, 0, 0
    if subject.lag then task.sleep(subject.lag) end
    local function write(at)
      wrote = wrote + 1
      must(call.update(collection, keys[at], { [subject.label] = "written " .. wrote }))
    end
    for at = 1, 8 do write(at) end
    repeat
      if subject.lag then task.sleep(subject.lag) end
      local page = must(call.changes(collection, cursor, subject.page or 3))
      for _, record in ipairs(page.records) do shown[record.key] = record.fields[subject.label] end
      cursor, turns = page.cursor, turns + 1
      if turns <= 3 then
        write(turns)
        write(9 - turns)
      end
    until turns > 3 and not page.more or turns > 200
    repeat
      if subject.lag then task.sleep(subject.lag) end
      local page = must(call.changes(collection, cursor, subject.page or 3))
      for _, record in ipairs(page.records) do shown[record.key] = record.fields[subject.label] end
      cursor, turns = page.cursor, turns + 1
    until not page.more or turns > 400
    for _, key in ipairs(keys) do tap.equal(shown[key], read(key).fields[subject.label]) end
  end)

  tap.test("a page of a poll that was not kept comes again", function()
    local cursor = must(call.start(collection))
    local made = new()
    local first = drain(cursor)
    local second = drain(cursor)
    tap.equal(first[made.key], 1)
    tap.equal(second[made.key], 1)
  end)

  tap.test("deleting what is there, and what is gone", function()
    local record = new { [subject.label] = "doomed" }
    if able.guarded_deletes then
      must(call.update(collection, record.key, { [subject.label] = "moved" }))
      fails("stale", call.delete(collection, record.key, record.version))
      record = read(record.key)
    end
    local cursor = must(call.start(collection))
    tap.equal(must(call.delete(collection, record.key, record.version)), true)
    tap.equal(#must(call.read(collection, array { record.key })), 0)
    fails("not_found", call.delete(collection, record.key))
    if subject.install then
      local _, _, told = drain(cursor)
      tap.equal(told[record.key], true)
    end
    if not call.trash then return end
    local copy_left = must(call.trash(collection, record.key))
    tap.equal(copy_left.fields[subject.label], record.fields[subject.label])
    tap.equal(type(copy_left.deleted_at), "string")
    local _, _, deleted = drain(cursor)
    tap.equal(deleted[record.key], true)
  end)

  tap.test("a key that is nobody's is denied, not empty", function()
    local stranger = connect(subject, subject.broken).functions
    fails("denied", stranger.read(collection, array { subject.absent }))
    fails("denied", stranger.list(collection, nil, 5))
    if not subject.uncounted then fails("denied", stranger.count(collection)) end
    fails("denied", stranger.test())
  end)

  -- Each way of reading fails with `code` on connections that `connected` makes, and nothing of it is empty; the last error.
  local function reads_fail(code, what, connected)
    local key, query = subject.known, array { array { { field = subject.label, value = "anything" } } }
    local ways = {
      { "read", array { key } }, { "read", array { key, subject.absent } }, { "list", nil, 5 }, { "find", query },
      { "changes", subject.cursor, 5 }, { "start" }, { "test" },
    }
    if not subject.uncounted then ways[#ways + 1] = { "count" } end
    local last
    for _, way in ipairs(ways) do
      local value, err = connected()[way[1]](way[1] ~= "test" and collection or nil, way[2], way[3])
      last = fails(code, value, err, what .. ", " .. way[1])
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
      if not subject.doubles then tap.equal(connector.same(got, value), true, "read as " .. tostring(got)) end
    end
  end)

  tap.test("a write whose answer is lost is unknown, one that never left is unavailable", function()
    local record = new { [subject.label] = "before" }
    for how, code in pairs { lost = "unknown", html = "unknown", cut = "unknown", refused = "unavailable" } do
      local unlucky = connect(subject, subject.config, failing_http(how), failing_sql(subject, how)).functions
      fails(code, unlucky.update(collection, record.key, { [subject.label] = how }))
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
    end
  end)

  if subject.install then
    tap.test("what was made for changes goes again", function()
      must(call.uninstall(collection, copy(subject.install, { apply = true })))
      tap.equal(#must(call.install(collection, subject.install)).steps > 0, true)
      tap.equal(#must(call.uninstall(collection, subject.install)).steps, 0)
    end)
  end
end

-- Ten thousand rows at once, which later polls of that system would meet again: tried last, by itself.
local function many_of(subject)
  local side = connect(subject, subject.config)
  local call, able, collection = side.functions, side.capabilities, subject.collection
  tap.test("a page of ten thousand rows has them all", function()
    local group, entries, keys = subject.group.value(next_number()), array {}, {}
    for i = 1, 10000 do entries[i] = { values = copy(subject.make(next_number()), { [subject.group.field] = group }) } end
    for _, chunk in ipairs(connector.chunks(entries, able.bulk_create)) do
      for _, outcome in ipairs(must(call.create(collection, chunk))) do keys[outcome.record.key] = true end
    end
    local scoped = copy(collection, { scope = { [subject.group.field] = group } })
    local cursor, count = nil, 0
    repeat
      local page = must(call.list(scoped, cursor, 10000))
      for _, record in ipairs(page.records) do
        if keys[record.key] then count = count + 1 end
        keys[record.key] = nil
      end
      cursor = page.cursor
    until not cursor
    tap.equal(count, 10000)
    tap.equal(next(keys), nil)
  end)
end

function M.run(subject, many)
  if many == "many" then many_of(subject) else tests_of(subject) end
end

return M
