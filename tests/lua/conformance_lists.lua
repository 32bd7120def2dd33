-- Pages of records, their scope and their count. A part of connector_conformance.lua.

local tap = require "tap"
local json = require "tidewire.json"
local suite = require "conformance_case"

local null, array = json.null, json.array
local copy, next_number, must = suite.copy, suite.next_number, suite.must

return function(w)
  local subject, call, collection, create, new = w.subject, w.call, w.collection, w.create, w.new

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
          local going = pick(shown)
          if going then
            must(call.delete(collection, going))
            stays[going] = nil
          end
          local moved = pick(shown)  -- a short page may have shown the one that went, or none
          if moved then must(call.update(collection, moved, { [subject.label] = "moved while pages are read" })) end
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
end
