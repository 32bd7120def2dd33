-- Beside the daemon: the first load, edits on both sides, and the proof at the end.

local json = require "tidewire.json"
local practice = require "tidewire.practice"
local task = require "tidewire.task"
local time = require "tidewire.time"
local burst = require "demo.burst"
local compare = require "demo.compare"
local events = require "demo.events"
local screen = require "demo.screen"

local doctype_of = { countries = "Country Code", subdivisions = "Subdivision" }
local erp, app, daemon, settings

-- One edit or several, then the first operation that they cause.
local function watch(mapping, key, edits)
  local before = daemon.newest(mapping)
  edits()
  local started = time.clock()
  local operation = daemon.next_of(mapping, key, before and before.id)
  events.operation(operation, time.clock() - started)
  return operation
end

local function edit_erp(mapping, name, values)
  events.edits("erp", name, erp.get(doctype_of[mapping], name), values)
  erp.edit(doctype_of[mapping], name, values)
end

local function edit_app(mapping, code, values)
  events.edits("app", code, app.get(mapping, code), values)
  app.edit(mapping, code, values)
end

local function load()
  screen.count_from(1)
  for name, mapping in pairs(daemon.status().mappings) do
    if mapping.state ~= "running" then error(("the mapping %s does not run: %s"):format(name, json.encode(mapping.reload)), 0) end
  end
  screen.step "Webhooks are set up on both sides, then the app is brought level"
  erp.tell(settings.daemon, settings.erp_secret)
  app.tell(settings.daemon, settings.app_secret)
  erp.forget_counts()
  app.forget_counts()
  local totals = {}
  for mapping, doctype in pairs(doctype_of) do totals[mapping] = erp.count(doctype) end
  local started, finished, begun = time.clock(), {}, {}
  local job = daemon.sync(function(job)
    for _, part in ipairs(job.parts) do
      local mapping, done = part.mapping, part.counts and part.counts.links or 0
      if part.state ~= "queued" then begun[mapping] = begun[mapping] or time.clock() end
      local took = begun[mapping] and time.clock() - begun[mapping] or 0
      local over = part.state == "done" or part.state == "failed"
      local note = took > 0 and ("%s, %s/s"):format(screen.seconds(took), screen.count(done / took)) or ""
      if begun[mapping] and not finished[mapping] then screen.bar(mapping, done, totals[mapping], note, over) end
      finished[mapping] = over
    end
  end)
  if job.state ~= "done" then error("the load failed: " .. json.encode(job), 0) end
  return time.clock() - started, totals.countries + totals.subdivisions
end

-- Until nothing is on its way any more, looked at twice.
local function settle(what)
  local calm, started, last = 0, time.clock(), nil
  repeat
    local left, right = erp.counts(), app.counts()
    local open, counters = daemon.work()
    local now = ("%d %d %d %d"):format(left.written, right.written, left.webhooks, right.webhooks)
    local quiet = left.idle and right.idle and open == 0 and now == last
    calm, last = quiet and calm + 1 or 0, now
    screen.busy(("%s: %d changes on their way"):format(what, open))
    if calm == 2 then return left, right, counters end
    task.sleep(0.05)
  until time.clock() - started > 60
  error("the systems did not come to rest within a minute", 0)
end

local function changes_each_way()
  screen.step "A change each way"
  watch("subdivisions", "KZ-AST", function() edit_erp("subdivisions", "KZ-AST", { subdivision_name = "Astana" }) end)
  watch("countries", "NL", function() edit_app("countries", "NL", { name = "Netherlands, Kingdom of the" }) end)
  screen.step "A new record each way, the second one referring to the first"
  watch("countries", "XK", function()
    events.event("app", "XK", "new: Kosovo")
    app.insert("countries", { code = "XK", name = "Kosovo", alpha_3 = "XKX", status = "in_use", flag = "🇽🇰",
      names = { en = "Kosovo", sq = "Kosova", sr = "Косово" } })
  end)
  watch("subdivisions", "XK-01", function()
    events.event("erp", "XK-01", "new: Prishtina, country XK")
    erp.insert("Subdivision", { code = "XK-01", subdivision_name = "Prishtina", subdivision_type = "District", country = "XK" })
  end)
end

-- Held back until both edits are there, so that neither side is seen before the other.
local function at_once(mapping, key, left, right)
  return watch(mapping, key, function()
    erp.quiet(true)
    edit_erp(mapping, key, left)
    task.sleep(0.1)
    edit_app(mapping, key, right)
    erp.quiet(false)
  end)
end

local function clashes()
  screen.step "Two different fields of one record, on both sides at once"
  at_once("countries", "LA", { official_name = "Lao People's Democratic Republic" }, { name = "Lao PDR" })
  screen.step "The same fields on both sides at once: each row of the mapping has its rule"
  at_once("countries", "CZ", { country_name = "Czech Republic", official_name = "Česká republika" }, { name = "Česko", official_name = "Czech Rep." })
end

local function asked_person()
  screen.step "A field that only a person may decide"
  local operation = at_once("countries", "BO", { remark = "capital: Sucre" }, { remark = "capital: La Paz" })
  if operation.outcome ~= "conflict" then error("expected a conflict, got " .. operation.outcome, 0) end
  local answer
  local started = time.clock()
  repeat
    task.sleep(0.02)
    screen.busy "a person is asked"
    answer = practice.read(settings.decided)
  until answer or time.clock() - started > 10
  if not answer then error("nobody decided the conflict", 0) end
  local lines = {}
  for line in answer:gmatch "[^\n]+" do lines[#lines + 1] = line end
  screen.line("   " .. screen.cyan "$" .. " " .. screen.bold(lines[1]))
  for i = 2, #lines do screen.line("   " .. screen.dim(lines[i])) end
  events.operation(daemon.next_of("countries", "BO", operation.id, function(one) return one.outcome ~= "conflict" end))
end

local function deletes()
  screen.step "A delete each way"
  watch("subdivisions", "NO-30", function()
    events.event("erp", "NO-30", "deleted: " .. erp.get("Subdivision", "NO-30").subdivision_name)
    erp.delete("Subdivision", "NO-30")
  end)
  watch("subdivisions", "NO-54", function()
    events.event("app", "NO-54", "deleted: " .. app.get("subdivisions", "NO-54").name)
    app.delete("subdivisions", "NO-54")
  end)
end

local function verdict(good, text)
  screen.line(("   %s %s"):format(good and screen.green(screen.tick) or screen.red(screen.cross), text))
  return good
end

-- Every write at either system is either ours, as people, or in an operation of the daemon: an echo that wrote would be neither.
local function echoes(left, right, tally, echoed)
  screen.step "Echoes: each write is told by a webhook, too"
  local people, all = erp.writes + app.writes, left.written + right.written
  local extra = all - people - tally.writes
  screen.line(("   %s webhooks came in; %s changes were Tidewire's own writes coming back"):format(
    screen.count(left.webhooks + right.webhooks), screen.count(echoed)))
  return verdict(extra == 0, ("both systems counted %s writes: %s by people, %s decided by Tidewire, %s by echoes"):format(
    screen.count(all), screen.count(people), screen.count(tally.writes), extra == 0 and "none" or screen.count(extra)))
end

local function compare_all()
  screen.step "Both systems are read to the end and compared, record by record"
  local left, right, results = {}, {}, {}
  for mapping, doctype in pairs(doctype_of) do
    left[mapping] = erp.all(doctype, function(count) screen.busy(("erp %s %d"):format(mapping, count)) end)
    right[mapping] = app.all(mapping, function(count) screen.busy(("app %s %d"):format(mapping, count)) end)
  end
  results.countries = compare.sides("countries", left.countries, right.countries, {})
  results.subdivisions = compare.sides("subdivisions", left.subdivisions, right.subdivisions,
    { country = compare.codes(right.countries), parent = compare.codes(right.subdivisions) })
  local equal = true
  for _, mapping in ipairs { "countries", "subdivisions" } do
    local result = results[mapping]
    local good = #result.differences == 0 and result.documents == result.rows
    equal = equal and good
    verdict(good, ("%-13s %s documents, %s rows, %s values compared, %s"):format(mapping, screen.count(result.documents), screen.count(result.rows),
      screen.count(result.values), good and "all equal" or screen.count(#result.differences) .. " differ"))
    for i = 1, math.min(5, #result.differences) do screen.line("     " .. screen.red(result.differences[i])) end
  end
  return equal
end

local function summary(facts, tally, status)
  local function row(name, count, took)
    return { name, screen.count(count), took and screen.seconds(took) or "", took and screen.count(count / took) or "" }
  end
  screen.line()
  screen.table({ "", "count", "time", "per second" }, {
    row("records of the first load", facts.loaded, facts.load_time),
    row("edits of the burst, until level", facts.burst, facts.burst_time),
    row("writes by Tidewire after the load", tally.writes),
    row("records with edits of both sides merged", tally.merged),
    row("clashing fields decided by a rule", tally.by_rule),
    row("clashing fields decided by a person", tally.by_person),
    row("webhooks", facts.webhooks),
    { "memory of the daemon", ("%.0f MB"):format(status.memory / 1048576), "", "" },
  })
end

return function(given)
  settings, erp, app, daemon = given, given.erp, given.app, given.daemon_api
  local load_time, loaded = load()
  local left, right, before = settle "the load"
  local once = verdict(left.written == 0 and right.written == loaded, ("every record was written once: %s writes in the app, %s in the ERP"):format(
    screen.count(right.written), screen.count(left.written)))
  erp.forget_counts()
  app.forget_counts()
  local mark = daemon.operations()[1].id
  changes_each_way()
  clashes()
  asked_person()
  deletes()
  settle "the edits"
  local count, burst_time = burst.run(erp, app, settle)
  local counters
  left, right, counters = settle "the echoes"
  local tally = events.tally(daemon.operations(mark))
  local silent = echoes(left, right, tally, (counters.echo or 0) - (before.echo or 0))
  local equal = compare_all()
  summary({ loaded = loaded, load_time = load_time, burst = count, burst_time = burst_time, webhooks = left.webhooks + right.webhooks },
    tally, daemon.status())
  screen.line()
  return once and silent and equal and 0 or 1
end
