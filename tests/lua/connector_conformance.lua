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
---   forbidden           list of what it answers to who has no right: { status (403 unless said), body }, of a database { message }; `code` where that is not "denied"
---   absent              a key that is nobody's
---   install             options of `install`: what it makes is made first, and deletions show in `changes`
---   lag                 seconds by which `changes` stays behind
---   open                of a database: opens the handle that the connector speaks through
---   others              a subject of the same records by whom they are made and deleted, where the connector does neither
--   page                rows a page of a poll, 3 unless said
--   nowhere             options that reach nobody
--   long                { field, refused } of a text: a million bytes are kept, or refused as a whole
--   wide                { field, value } a number beyond what the field or a double holds; kept exactly or refused
--   open_ended          true where the system has no fields of its own to be missed
--   fill(group, count)  makes so many rows of a group at once and returns their keys, where the connector would take long
--   files               fields that hold or name a file (conformance_files.lua)
--   many                rows of the largest page: 10000 unless said
--   uncounted           true where the system does not tell how many there are
--- Needs profile io, and a system that nobody else writes to.

local tap = require "tap"
local json = require "tidewire.json"
local connector = require "tidewire.connector"
local suite = require "conformance_case"

local array = json.array
local connect, copy, next_number, must = suite.connect, suite.copy, suite.next_number, suite.must

local M = {}

local function tests_of(subject)
  local w = suite.world(subject)
  local call, collection = w.call, subject.collection

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

  for _, part in ipairs { "records", "lists", "changes", "files", "answers" } do require("conformance_" .. part)(w) end

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
  local many = subject.many or 10000

  local function filled(group)
    local entries, keys = array {}, {}
    if subject.fill then
      for _, key in ipairs(subject.fill(group, many)) do keys[connector.plain(key)] = true end
      return keys
    end
    for i = 1, many do entries[i] = { values = copy(subject.make(next_number()), { [subject.group.field] = group }) } end
    for _, chunk in ipairs(connector.chunks(entries, able.bulk_create)) do
      for _, outcome in ipairs(must(call.create(collection, chunk))) do keys[outcome.record.key] = true end
    end
    return keys
  end

  tap.test("a page of " .. many .. " rows has them all", function()
    local group = subject.group.value(next_number())
    local keys = filled(group)
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
    tap.equal(count, many)
    tap.equal(next(keys), nil)
  end)
end

function M.run(subject, many)
  if many == "many" then many_of(subject) else tests_of(subject) end
end

return M
