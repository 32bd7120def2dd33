-- profile: io
-- How the Notion connector lists and polls.

local tap = require "tap"
local fake_http = require "fake_http"
local host = require "tidewire.host.connector"
local json = require "tidewire.json"
local case = require "notion_case"

local null, array = json.null, json.array
local page_id, other_id, schema, schema_path, query_path, one_path, of, connect, page = case.page_id, case.other_id, case.schema, case.schema_path, case.query_path, case.one_path, case.of, case.connect, case.page
local results, value, at, first, second = case.results, case.value, case.at, case.first, case.second

tap.test("pages begin anew at the last time seen, cursors serve only within a minute", function()
  local call, http = connect { { query_path, results({ at(1, first), at(2, second) }, "c1"), results({ at(2, second), at(3, second) }, "c2"), results { at(4, second) } } }
  local cursor, keys, pages = nil, {}, 0
  repeat
    local one = call.list(of "Name", cursor or null, 2)
    for _, record in ipairs(one.records) do keys[#keys + 1] = record.key:sub(8, 8) end
    cursor, pages = one.cursor, pages + 1
  until not cursor
  tap.equal(table.concat(keys), "1234")
  local asked = http.asked(query_path:gsub("%-", "%%-"))
  tap.equal(asked[1].json.filter, nil)
  tap.equal(asked[2].json.filter.created_time.on_or_after, second)
  tap.equal(asked[2].json.start_cursor, nil)
  tap.equal(asked[3].json.start_cursor, "c2")
  tap.equal(asked[1].json.sorts[1], { timestamp = "created_time", direction = "ascending" })
  tap.equal(asked[1].once, nil)
end)

tap.test("the end after 10,000 rows is no end, unless one minute holds them all", function()
  local limit = { request_status = { type = "incomplete", incomplete_reason = "query_result_limit_reached" } }
  local call = connect { { query_path, results({ at(1, first), at(2, second) }, nil, limit), results { at(2, second), at(3, second) } } }
  local one = call.list(of "Name", null, 2)
  tap.equal(#call.list(of "Name", one.cursor, 2).records, 1)
  call = connect { { query_path, results({ at(1, first) }, nil, limit), results({ at(1, first), at(2, first) }, nil, limit) } }
  one = call.list(of "Name", null, 2)
  tap.equal(tap.fails("invalid", call.list(of "Name", one.cursor, 2)).message:find "10,000" ~= nil, true)
end)

local function poll(call, cursor, size)
  local keys, deleted = {}, {}
  repeat
    local one = assert(call.changes(of "Weight", cursor, size or 100))
    for _, record in ipairs(one.records) do keys[#keys + 1] = record.key:sub(8, 8) end
    for _, key in ipairs(one.deleted) do deleted[#deleted + 1] = key:sub(8, 8) end
    cursor = one.cursor
  until not one.more
  return table.concat(keys), table.concat(deleted), cursor
end

local function weighing(id, stamp, weight) return page(("%08d-0000-4000-8000-000000000000"):format(id), { Weight = value("number", weight) }, { last_edited_time = stamp }) end

tap.test("an answer that mixes the living and the trash is taken apart", function()
  local mixed = results { weighing(1, first, 1), at(2, first, { in_trash = true }), weighing(3, second, 1) }
  local call = connect { { query_path, mixed } }
  local function keys_of(records)
    local keys = {}
    for _, record in ipairs(records) do keys[#keys + 1] = record.key:sub(8, 8) end
    return table.concat(keys)
  end
  tap.equal(keys_of(call.list(of "Name", null, 5).records), "13")
  local keys, deleted = poll(call, call.start(of "Weight"))
  tap.equal({ keys, deleted }, { "13", "2" })
  tap.equal(keys_of(call.find(of "Name", array { array { { field = "Name", value = "Item" } } })[1]), "13")
end)

tap.test("a poll looks back two minutes, hands out what differs, and asks the trash", function()
  local dated = { (schema_path:gsub("%-", "%%-")), { body = schema, headers = { date = "Fri, 20 Nov 2026 21:50:30 GMT" } } }
  local http = fake_http.new { dated, { (query_path:gsub("%-", "%%-")), results { weighing(1, first, 1) }, results { at(9, first, { in_trash = true }) },
    results { weighing(1, first, 2) }, results { at(9, first, { in_trash = true }) }, results { weighing(1, first, 2) }, results {} } }
  local call = host(function() return require "connectors.notion" end, { name = "vault", config = { token = "x" }, http = http }).functions
  local keys, deleted, cursor = poll(call, call.start(of "Weight"))
  tap.equal({ keys, deleted }, { "1", "9" })
  keys, deleted, cursor = poll(call, cursor)
  tap.equal({ keys, deleted }, { "1", "" })          -- edited again within the minute; the trash is as it was
  tap.equal(poll(call, cursor), "")
  local asked = http.asked(query_path:gsub("%-", "%%-"))
  tap.equal(asked[1].json.filter.last_edited_time.on_or_after, "2026-11-20T21:48:00.000Z")
  tap.equal(asked[1].json.in_trash, nil)
  tap.equal(asked[2].json.in_trash, true)
end)

tap.test("a minute that needed cursors is read twice, for rows that leave it move others across the edge", function()
  -- Row 1 leaves after the first page: row 3 takes its place, and the second page begins after it.
  local call = connect { { query_path, results({ weighing(1, first, 1), weighing(2, first, 1) }, "c1"), results({ weighing(1, first, 1), weighing(2, first, 1) }, "c2"),
    results { weighing(4, first, 1), weighing(1, second, 2) }, results({ weighing(2, first, 1), weighing(3, first, 1) }, "c3"),
    results { weighing(4, first, 1), weighing(1, second, 2) }, results {} } }
  local start = call.start(of "Weight")
  start.live.floor, start.live.mark = first, first
  local keys = poll(call, start, 2)
  tap.equal(keys:find "3" ~= nil, true)
end)

local no_cursor = { status = 400, body = { object = "error", code = "validation_error", message = "start_cursor provided is invalid" } }

tap.test("a minute whose cursor is refused is begun anew", function()
  local begun = 0
  local call = connect { { query_path, function(seen)
    if seen.json.start_cursor == "c1" then return no_cursor end
    if seen.json.start_cursor then return results { at(3, first) } end
    begun = begun + 1
    return results({ at(1, first), at(2, first) }, begun == 1 and "c1" or "c2")
  end } }
  local cursor, keys = nil, {}
  repeat
    local one = call.list(of "Name", cursor or null, 2)
    for _, record in ipairs(one.records) do keys[#keys + 1] = record.key:sub(8, 8) end
    cursor = one.cursor
  until not cursor
  tap.equal(table.concat(keys), "123")
end)

tap.test("one cursor that is refused in each of many walks is no error", function()
  local refuse = false
  local call = connect { { query_path, function(seen)
    if seen.json.start_cursor and refuse then
      refuse = false
      return no_cursor
    end
    if seen.json.start_cursor then return results { at(3, first) } end
    return results({ at(1, first), at(2, first) }, "c1")
  end } }
  for _ = 1, 6 do
    local cursor, keys = nil, 0
    refuse = true
    repeat
      local one = assert(call.list(of "Name", cursor or null, 2))
      keys, cursor = keys + #one.records, one.cursor
    until not cursor
    tap.equal(keys, 3)
  end
end)

tap.test("cursors that Notion refuses again and again are an error, not a walk without end", function()
  local asked = 0
  local call = connect { { query_path, function(seen)
    asked = asked + 1
    if asked > 100 then error "without end" end
    if seen.json.start_cursor then return no_cursor end
    return results({ weighing(1, first, 1), weighing(2, first, 1) }, "c" .. asked)
  end } }
  local function walk(step, cursor)
    repeat
      local one, err = step(cursor)
      if not one then return err end
      cursor = one.cursor
    until not cursor
  end
  local function list(cursor) return call.list(of "Weight", cursor or null, 2) end
  for _ = 1, 2 do      -- the next sweep begins with as much patience
    local err = tap.fails("invalid", nil, walk(list))
    tap.equal(err.message:find "refuses its own cursors" ~= nil, true)
  end
  local start = call.start(of "Weight")
  start.live.floor, start.live.mark = first, first
  local err = tap.fails("invalid", nil, walk(function(cursor) return call.changes(of "Weight", cursor, 2) end, start))
  tap.equal(err.message:find(first, 1, true) ~= nil, true)
end)

tap.test("what was not kept comes again, also where it stands on another page now", function()
  local call = connect { { query_path, results({ weighing(1, first, 1), weighing(2, second, 1) }, "c1"), results({ weighing(2, second, 1), weighing(3, second, 1) }, "c2"),
    results({ weighing(2, second, 1), weighing(3, second, 1) }, "c1"), results({ weighing(1, first, 1), weighing(2, second, 1) }, "c2"), results {} } }
  local start = call.start(of "Weight")
  start.live.floor, start.live.mark = first, first
  call.changes(of "Weight", call.changes(of "Weight", start, 2).cursor, 2)      -- turns 1 and 2, lost by who asked
  local again = call.changes(of "Weight", start, 2)
  tap.equal(#again.records, 2)
  again = call.changes(of "Weight", again.cursor, 2)
  tap.equal(again.records[1] and again.records[1].key:sub(8, 8), "1")
end)

tap.test("a page that cannot be told spoils no list", function()
  local span = page(page_id, { Due = value("date", { start = "2026-05-01", ["end"] = "2026-05-03", time_zone = null }) })
  local good = page(other_id, { Due = value("date", null) })
  local call = connect { { query_path, results { span, good } }, { one_path, { body = span } } }
  local records = call.list(of "Due", null, 10).records
  tap.equal(#records, 2)
  tap.equal(records[1].version, nil)
  tap.fails("invalid", call.read(of "Due", array { page_id }))
end)

tap.test("a trash that cannot be asked for stops no poll", function()
  local call = connect { { query_path, function(seen)
    if seen.json.in_trash then return { status = 400, body = { object = "error", code = "validation_error", message = "in_trash is not known" } } end
    return results { weighing(1, first, 1) }
  end } }
  local cursor, keys, turns = call.start(of "Weight"), 0, 0
  cursor.live.mark = first
  repeat
    local one = assert(call.changes(of "Weight", cursor, 10))
    keys, cursor, turns = keys + #one.records, one.cursor, turns + 1
  until not one.more or turns > 5
  tap.equal({ keys, turns }, { 1, 2 })
end)

tap.test("a query that takes Notion too long is asked for half as many rows the next time", function()
  local sizes, slow = {}, 2
  local call = connect { { query_path, function(seen)
    sizes[#sizes + 1] = seen.json.page_size
    if #sizes <= slow then return { status = 503, body = { object = "error", code = "service_unavailable", message = "Notion is temporarily unavailable" } } end
    return results { weighing(1, first, 1) }
  end } }
  for _ = 1, slow do
    local err = tap.fails("unavailable", call.list(of "Weight", nil, 100))
    tap.ok(err.message:find("^service_unavailable: "), err.message)
  end
  tap.equal(#assert(call.list(of "Weight", nil, 100)).records, 1)
  tap.equal(#assert(call.list(of "Weight", nil, 10)).records, 1)
  tap.equal(sizes, { 100, 50, 25, 10 })
end)
