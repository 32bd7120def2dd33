-- Changes and deletions as polls tell them. A part of connector_conformance.lua.

local tap = require "tap"
local json = require "tidewire.json"
local task = require "tidewire.task"
local suite = require "conformance_case"

local array = json.array
local must = suite.must

return function(w)
  local subject, call, able, collection, read, new, fails = w.subject, w.call, w.able, w.collection, w.read, w.new, w.fails

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
end
