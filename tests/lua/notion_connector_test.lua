-- profile: io
-- The Notion connector against answers as Notion gives them.

local tap = require "tap"
local json = require "tidewire.json"
local dec = require("tidewire.decimal").dec
local fake_http = require "fake_http"
local host = require "tidewire.host.connector"

local null, array, object = json.null, json.array, json.object

local source_id, database_id = "da7a0000-0000-4000-8000-000000000002", "da7a0000-0000-4000-8000-000000000001"
local page_id, other_id = "aaaaaaaa-0000-4000-8000-000000000001", "aaaaaaaa-0000-4000-8000-000000000002"
local minute = "2026-11-20T21:50:00.000Z"

local function property(id, kind, config) return { id = id, name = "?", type = kind, [kind] = config or object {} } end

local schema = { object = "data_source", id = source_id, properties = {
  Name = property("title", "title"), Notes = property("n%3Ct", "rich_text"), Weight = property("wght", "number"), Kind = property("kind", "select", { options = array { { name = "Big" } } }),
  Tags = property("tags", "multi_select", { options = array {} }), State = property("stat", "status", { options = array { { name = "Open" } } }), Due = property("due_", "date"), Final = property("fin_", "checkbox"),
  Mail = property("mail", "email"), Who = property("who_", "people"), Papers = property("file", "files"), Linked = property("link", "relation", { data_source_id = source_id }),
  Number = property("num_", "unique_id"), Double = property("form", "formula"), Total = property("roll", "rollup"), Made = property("made", "created_time"),
} }
local schema_path, query_path = "GET /v1/data_sources/" .. source_id, "POST /v1/data_sources/" .. source_id .. "/query"
local one_path = "GET /v1/pages/" .. page_id

local function of(...) return { name = source_id, word = "data_source", key = array { "id" }, fields = array { ... }, options = {} } end

local function connect(routes, options)
  table.insert(routes, 1, { (schema_path:gsub("%-", "%%-")), { body = schema } })
  for i = 2, #routes do routes[i][1] = routes[i][1]:gsub("%-", "%%-") end
  local http = fake_http.new(routes)
  local config = { token = "secret_x" }
  for name, value in pairs(options or {}) do config[name] = value end
  local side = host(function() return require "connectors.notion" end, { name = "vault", config = config, http = http })
  return side.functions, http, side
end

local function runs(text) return array { { type = "text", text = { content = text, link = null }, plain_text = text, href = null } } end

local function page(id, properties, more)
  local all = { Name = { id = "title", type = "title", title = runs "Item" } }
  for name, value in pairs(properties or {}) do all[name] = value end
  local one = { object = "page", id = id, created_time = minute, last_edited_time = minute, in_trash = false, properties = all,
    created_by = { object = "user", id = "u" }, last_edited_by = { object = "user", id = "u" }, parent = { type = "data_source_id", data_source_id = source_id }, url = "https://notion.so/x" }
  for name, value in pairs(more or {}) do one[name] = value end
  return one
end

local function results(rows, cursor, more)
  local body = { object = "list", results = array(rows), has_more = cursor ~= nil, next_cursor = cursor or null }
  for name, value in pairs(more or {}) do body[name] = value end
  return { body = body }
end

local function refused(status, code, message, headers)
  return { status = status, headers = headers or { ["x-notion-request-id"] = "r" }, body = { object = "error", status = status, code = code, message = message or "m", request_id = "r" } }
end

local function value(kind, content, more)
  local one = { id = "x", type = kind, [kind] = content }
  for name, extra in pairs(more or {}) do one[name] = extra end
  return one
end

local function read(name, given, collection)
  local call = connect { { one_path, { body = page(page_id, { [name:match "^[^.]+"] = given }) } } }
  local found, err = call.read(collection or of(name), array { page_id })
  if not found then return nil, err end
  return found[1].fields[name:match "^[^.]+"]
end

tap.test("every request says who asks, and for which version", function()
  local call, http = connect({ { "GET /v1/users/me", { body = { id = "u", name = "Bot", bot = { workspace_id = "w" } } } } }, { version = "2026-03-11" })
  tap.equal(call.test().site, "w")
  tap.equal(http.requests[1].headers.Authorization, "Bearer secret_x")
  tap.equal(http.requests[1].headers["Notion-Version"], "2026-03-11")
end)

tap.test("values are read as plain ones", function()
  tap.equal(read("Name", value("title", array { runs("a")[1], runs("b")[1] })), "ab")
  tap.equal(read("Notes", value("rich_text", array {})), null)
  tap.equal(read("Weight", value("number", null)), null)
  tap.equal(read("Weight", value("number", dec "0.5")) == dec "0.5", true)
  tap.equal(read("Kind", value("select", { id = "1", name = "Big", color = "red" })), "Big")
  tap.equal(read("Tags", value("multi_select", array { { name = "b" }, { name = "a" } })), array { "b", "a" })
  tap.equal(read("Who", value("people", array { { object = "user", id = "u2" }, { object = "group", id = "g1" } })), array { "u2", "g1" })
  tap.equal(read("Number", value("unique_id", { prefix = "DEC", number = 12 })), "DEC-12")
  tap.equal(read("Double", value("formula", { type = "number", number = 4 })), 4)
  tap.equal(read("Total", value("rollup", { type = "array", array = array { value("number", 1), value("number", 2) }, ["function"] = "show_original" })), array { 1, 2 })
  tap.equal(read("Made", value("created_time", minute)), "2026-11-20T21:50:00Z")
  tap.equal(read("url"), "https://notion.so/x")
end)

tap.test("the address of a hosted file, which changes with every look, is no value", function()
  local function hosted(url) return value("files", array { { name = "a.pdf", type = "file", file = { url = url, expiry_time = minute } } }) end
  tap.equal(read("Papers", hosted "https://s3/1"), array { { name = "a.pdf", url = null } })
  local call = connect { { one_path, { body = page(page_id, { Papers = hosted "https://s3/1" }) }, { body = page(page_id, { Papers = hosted "https://s3/2" }) } } }
  tap.equal(call.read(of "Papers", array { page_id })[1].version, call.read(of "Papers", array { page_id })[1].version)
end)

tap.test("a date keeps its end, its time and its zone, or is refused", function()
  local function date(start, finish, zone) return value("date", { start = start, ["end"] = finish or null, time_zone = zone or null }) end
  tap.equal(read("Due", date "2026-05-01"), "2026-05-01")
  tap.equal(tap.fails("invalid", read("Due", date("2026-05-01", "2026-05-03"))).message:find "span" ~= nil, true)
  tap.equal(tap.fails("invalid", read("Due", date "2026-05-01T10:00:00.000+02:00")).hint:find "times" ~= nil, true)
  local both = read("Due.start", date("2026-05-01", "2026-05-03"))
  tap.equal({ both.start, both["end"] }, { "2026-05-01", "2026-05-03" })
  local timed = of "Due"
  timed.options = { times = array { "Due" } }
  tap.equal(read("Due", date "2026-05-01T10:00:00.000+02:00", timed), "2026-05-01T08:00:00Z")
  tap.equal(read("Due", date("2026-05-01T10:00:00.000", nil, "Europe/Berlin"), timed), "2026-05-01T08:00:00Z")
end)

tap.test("a date that is written keeps the zone that the page names, but for the hour that comes twice", function()
  local timed = of "Due"
  timed.options = { times = array { "Due" } }
  local function sent(written, zone)
    local present = page(page_id, { Due = value("date", { start = "2026-05-01T10:00:00.000+02:00", ["end"] = null, time_zone = zone or null }) })
    local call, http = connect { { one_path, { body = present } }, { "PATCH /v1/pages/" .. page_id, { body = present } } }
    assert(call.update(timed, page_id, { Due = written }))
    return json.encode(http.asked "PATCH .*"[1].json.properties.due_.date)
  end
  tap.equal(sent("2026-06-01T08:30:00Z", "Europe/Berlin"), '{"end":null,"start":"2026-06-01T10:30:00","time_zone":"Europe/Berlin"}')
  tap.equal(sent "2026-06-01T08:30:00Z", '{"end":null,"start":"2026-06-01T08:30:00.000Z"}')
  tap.equal(sent("2026-10-25T00:30:00Z", "Europe/Berlin"), '{"end":null,"start":"2026-10-25T02:30:00","time_zone":"Europe/Berlin"}')
  tap.equal(sent("2026-10-25T01:30:00Z", "Europe/Berlin"), '{"end":null,"start":"2026-10-25T01:30:00.000Z"}')
end)

tap.test("what Notion does not compute is refused, never null", function()
  tap.fails("invalid", read("Double", value("formula", { type = "unsupported", unsupported = object {} })))
  tap.fails("invalid", read("Total", value("rollup", { type = "incomplete", incomplete = object {} })))
end)

tap.test("two edits of one minute have two versions, changes of what is not mapped have one", function()
  local function version(weight, name)
    local call = connect { { one_path, { body = page(page_id, { Weight = value("number", weight), Name = value("title", runs(name)) }) } } }
    return call.read(of "Weight", array { page_id })[1].version
  end
  tap.equal(version(1, "a") ~= version(2, "a"), true)
  tap.equal(version(1, "a"), version(1, "b"))
end)

local function ids(count)
  local list = array {}
  for i = 1, count do list[i] = { id = ("%08x-0000-4000-8000-000000000000"):format(i) } end
  return list
end

tap.test("a list that a page cuts is read whole by its own address", function()
  local items = array {}
  for i, one in ipairs(ids(30)) do items[i] = { object = "property_item", id = "link", type = "relation", relation = one } end
  local path = "GET /v1/pages/" .. page_id .. "/properties/link"
  local call, http = connect {
    { path, results({ unpack(items, 1, 20) }, "c1"), results { unpack(items, 21) } },
    { one_path, { body = page(page_id, { Linked = value("relation", ids(25), { id = "link", has_more = true }) }) } },
  }
  tap.equal(#call.read(of "Linked", array { page_id })[1].fields.Linked, 30)
  tap.equal(http.asked(path:gsub("%-", "%%-"))[2].query.start_cursor, "c1")
  call = connect { { path, { status = 500, body = "{}" } }, { one_path, { body = page(page_id, { Linked = value("relation", ids(25), { id = "link" }) }) } } }
  tap.fails("unavailable", call.read(of "Linked", array { page_id }))
end)

local function written(values, more)
  local routes = { { "PATCH /v1/pages/" .. page_id, { body = page(page_id) } } }
  for _, route in ipairs(more or {}) do routes[#routes + 1] = route end
  local call, http = connect(routes)
  local record, err = call.update(of "Name", page_id, values, "a guard that nobody heeds")
  local sent = http.asked "PATCH .*"[1]
  return record and sent.json.properties, err, sent
end

tap.test("plain values are written under the ids of their properties", function()
  local sent, _, request = written { Name = "x", Weight = dec "1.5", Kind = "New", Tags = array { "a", "a", "b" }, State = null, Final = null, Mail = "", Due = "2026-05-01",
    Who = array { "u" }, Linked = null }
  tap.equal(request.once, true)
  tap.equal(sent.title.title, array { { type = "text", text = { content = "x" } } })
  tap.equal(tostring(sent.wght.number), "1.5")
  tap.equal(sent.kind.select, { name = "New" })
  tap.equal(sent.tags.multi_select, array { { name = "a" }, { name = "b" } })
  tap.equal(sent.stat.status, null)
  tap.equal(sent.fin_.checkbox, false)
  tap.equal(sent.mail.email, null)
  tap.equal(sent.due_.date, { start = "2026-05-01", ["end"] = null })
  tap.equal(sent.who_.people, array { { id = "u" } })
  tap.equal(#sent.link.relation, 0)
end)

tap.test("a relation of which one is meant is one id, or refused", function()
  local one = of "Linked"
  one.options = { single = array { "Linked" } }
  tap.equal(read("Linked", value("relation", array {}), one), null)
  tap.equal(read("Linked", value("relation", ids(1)), one), ids(1)[1].id)
  tap.fails("invalid", read("Linked", value("relation", ids(2)), one))
  local call, http = connect { { "PATCH /v1/pages/" .. page_id, { body = page(page_id, { Linked = value("relation", array {}) }) } } }
  tap.ok(call.update(one, page_id, { Linked = other_id }))
  tap.ok(call.update(one, page_id, { Linked = null }))
  tap.equal(http.asked "PATCH .*"[1].json.properties.link.relation, array { { id = other_id } })
  tap.equal(#http.asked "PATCH .*"[2].json.properties.link.relation, 0)
  for _, field in ipairs(call.describe(one).fields) do
    if field.name == "Linked" then tap.equal({ field.type.kind, field.references }, { "text", source_id }) end
  end
end)

tap.test("text is sent in runs of 2,000 UTF-16 units, never cut inside a sign", function()
  local sent = written { Notes = ("x"):rep(1999) .. "🙂" .. ("y"):rep(2001) }
  local list = sent["n%3Ct"].rich_text
  tap.equal({ #list[1].text.content, list[2].text.content:sub(1, 5), #list[2].text.content, #list[3].text.content }, { 1999, "🙂y", 4 + 1998, 3 })
  tap.fails("invalid", written { Notes = ("x"):rep(200001) })
end)

tap.test("what would be cut or cannot be written is refused before it is sent", function()
  local many = array {}
  for i = 1, 101 do many[i] = "t" .. i end
  for _, values in ipairs { { Tags = many }, { Double = 1 }, { Made = minute }, { Weight = "many" }, { Papers = array { { name = "a" } } }, { Nope = 1 } } do
    local _, err, request = written(values, { { one_path, { body = page(page_id, { Papers = value("files", array {}) }) } } })
    tap.equal(err.code, "invalid")
    tap.equal(request, nil)
  end
end)

tap.test("a hosted file stays by the address it has now", function()
  local now = page(page_id, { Papers = value("files", array { { name = "a.pdf", type = "file", file = { url = "https://s3/now" } } }) })
  local sent = written({ Papers = array { { name = "a.pdf", url = null }, { name = "b", url = "https://b" } } }, { { one_path, { body = now } } })
  tap.equal(sent.file.files[1].file.url, "https://s3/now")
  tap.equal(sent.file.files[2].external.url, "https://b")
end)

tap.test("in the trash is gone, out of reach is not", function()
  local call = connect { { one_path, { body = page(page_id, {}, { in_trash = true }) } } }
  tap.equal(#call.read(of "Name", array { page_id }), 0)
  tap.equal(call.trash(of "Name", page_id).deleted_at, minute)
  tap.fails("not_found", call.delete(of "Name", page_id))
  call = connect { { one_path, refused(404, "object_not_found", "Could not find page") } }
  tap.fails("invalid", call.read(of "Name", array { page_id }))
  call = connect { { one_path, { body = page(page_id, {}, { parent = { type = "data_source_id", data_source_id = other_id } }) } } }
  tap.equal(tap.fails("invalid", call.read(of "Name", array { page_id })).message:find "moved" ~= nil, true)
end)

tap.test("each refusal has its code", function()
  local cases = {
    invalid = { refused(400, "validation_error"), refused(400, "missing_version") },
    denied = { refused(401, "unauthorized"), refused(403, "restricted_resource") },
    not_found = { refused(404, "object_not_found") },
    stale = { refused(409, "conflict_error") },
    throttled = { refused(429, "rate_limited", "m", { ["retry-after"] = "7" }), refused(529, "service_overload", "m", { ["retry-after"] = "7" }) },
    unknown = { refused(500, "internal_server_error"), refused(503, "service_unavailable"), refused(504, "gateway_timeout"), { status = 502, body = "<html>" }, { fails = "unknown" }, { body = "{" } },
    unavailable = { { status = 403, headers = { ["cf-ray"] = "1" }, body = "<html>" }, { fails = "unavailable" } },
  }
  for code, answers in pairs(cases) do
    for i, answer in ipairs(answers) do
      local call = connect { { "PATCH /v1/pages/" .. page_id, answer } }
      local err = tap.fails(code, call.update(of "Name", page_id, { Name = "x" }))
      if code == "throttled" then tap.equal(err.retry_after, 7, code .. " " .. i) end
    end
  end
end)

tap.test("what is unknown of a write is unavailable of a read, and a clash of saves stales no create", function()
  for _, answer in ipairs { refused(503, "service_unavailable"), refused(409, "conflict_error"), { status = 502, body = "<html>" }, { fails = "unknown" } } do
    local call = connect { { query_path, answer } }
    tap.fails("unavailable", call.list(of "Name", null, 5))
  end
  local call = connect { { "POST /v1/pages", refused(409, "conflict_error") } }
  tap.equal(call.create(of "Name", array { { values = { Name = "x" } } })[1].error.code, "unavailable")
end)

tap.test("a write to a page that was restored a moment ago is tried again, to one in the trash is not", function()
  local archived = refused(400, "validation_error", "Can't edit block that is archived. You must unarchive the block before editing.")
  local call = connect { { "PATCH /v1/pages/" .. page_id, archived }, { one_path, { body = page(page_id) } } }
  tap.fails("unavailable", call.update(of "Name", page_id, { Name = "x" }))
  call = connect { { "PATCH /v1/pages/" .. page_id, archived }, { one_path, { body = page(page_id, {}, { in_trash = true }) } } }
  tap.fails("not_found", call.update(of "Name", page_id, { Name = "x" }))
end)

tap.test("a property that was renamed is an error that says so", function()
  local renamed = json.decode(json.encode(schema))
  renamed.properties.Mass, renamed.properties.Weight = renamed.properties.Weight, nil
  local http = fake_http.new { { (schema_path:gsub("%-", "%%-")), { body = schema }, { body = renamed } }, { (one_path:gsub("%-", "%%-")), { body = page(page_id) } } }
  local side = host(function() return require "connectors.notion" end, { name = "vault", config = { token = "x" }, http = http })
  local err = tap.fails("invalid", side.functions.read(of "Weight", array { page_id }))
  tap.equal(err.message:find "'Mass'" ~= nil, true)
end)

local function at(id, stamp, more)
  local changes = { last_edited_time = stamp, created_time = stamp }
  for name, one in pairs(more or {}) do changes[name] = one end
  return page(("%08d-0000-4000-8000-000000000000"):format(id), {}, changes)
end
local first, second = "2026-11-20T21:50:00.000Z", "2026-11-20T21:51:00.000Z"

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

tap.test("a poll looks back two minutes, hands out what differs, and asks the trash", function()
  local dated = { (schema_path:gsub("%-", "%%-")), { body = schema, headers = { date = "Fri, 20 Nov 2026 21:50:30 GMT" } } }
  local http = fake_http.new { dated, { (query_path:gsub("%-", "%%-")), results { weighing(1, first, 1) }, results { at(9, first) },
    results { weighing(1, first, 2) }, results { at(9, first) }, results { weighing(1, first, 2) }, results {} } }
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

tap.test("a search asks for at least the rows it means and looks at each", function()
  local function named(id, name) return page(id, { Name = value("title", runs(name)), Weight = value("number", 5), Total = value("rollup", { type = "number", number = 1 }) }) end
  local call, http = connect { { query_path, results { named(page_id, "Ada"), named(other_id, "ADA") } } }
  local exact = call.find(of "Name", array { array { { field = "Name", value = "Ada" } }, array { { field = "Name", value = "nobody" } } })
  tap.equal({ #exact[1], #exact[2] }, { 1, 0 })
  tap.equal(#http.asked(query_path:gsub("%-", "%%-"))[1].json.filter["or"], 2)
  tap.equal(#call.find(of "Name", array { array { { field = "Name", value = "ada", fold = true } } })[1], 2)
  local pair = call.find(of("Name", "Weight"), array { array { { field = "Name", value = "ada", fold = true }, { field = "Weight", value = 1 } } })
  tap.equal(#pair[1], 0)
  local filter = http.asked(query_path:gsub("%-", "%%-"))[3].json.filter["or"]
  tap.equal({ #filter, #filter[1]["and"] }, { 3, 2 })
  tap.fails("invalid", call.find(of "Total", array { array { { field = "Total", value = 1 } } }))
end)

tap.test("an option that there is not is found nowhere, and not asked for", function()
  local more = json.decode(json.encode(schema))
  more.properties.Kind.select.options = array { { name = "Big" }, { name = "New" } }
  local found = page(page_id, { Kind = value("select", { name = "New" }) })
  local http = fake_http.new { { (schema_path:gsub("%-", "%%-")), { body = schema }, { body = more } }, { (query_path:gsub("%-", "%%-")), results { found } } }
  local call = host(function() return require "connectors.notion" end, { name = "vault", config = { token = "x" }, http = http }).functions
  local function kind(name) return array { { field = "Kind", value = name } } end
  local answers = call.find(of "Kind", array { kind "New", kind "Never" })
  tap.equal({ #answers[1], #answers[2] }, { 1, 0 })
  tap.equal(#http.asked "POST .*"[1].json.filter["or"], 1)
  tap.equal(#call.find(of "Kind", array { kind "Never" })[1], 0)
  tap.equal(#http.asked "POST .*", 1)
end)

tap.test("a page is found by its id, without a search", function()
  local call, http = connect { { one_path, { body = page(page_id) } }, { "GET /v1/pages/" .. other_id, refused(404, "object_not_found") } }
  local function by_id(id) return array { { field = "id", value = id } } end
  local found = call.find(of "Name", array { by_id(page_id), by_id "no id", by_id(other_id), by_id(page_id:gsub("-", ""):upper()) })
  tap.equal({ #found[1], #found[2], #found[3], found[4][1].key }, { 1, 0, 0, page_id })
  tap.equal(#http.asked "POST .*", 0)
end)

tap.test("a webhook is proved by the token of its subscription and names what changed", function()
  local side = select(3, connect({}, { verification_token = "secret_t" }))
  tap.equal({ side.proof.kind, side.proof.prefix, side.proof.header, side.proof.secret }, { "hmac-sha256", "sha256=", "X-Notion-Signature", "verification_token" })
  local unknown = select(3, connect {}).proof
  tap.equal({ unknown.kind, unknown.handshake.member }, { "none", "verification_token" })
  tap.equal(side.payload.collection[1], "data.parent.data_source_id")
end)

tap.test("install tells what to click until the token is known", function()
  local call = connect {}
  local found = call.install(of "Name", { address = "https://sync.example.org/webhook/vault" })
  tap.equal({ #found.steps, found.applied, found.steps[1].todo:find("https://sync.example.org/webhook/vault", 1, true) ~= nil }, { 2, false, true })
  tap.fails("invalid", call.install(of "Name", { apply = true }))
  tap.equal(#connect({}, { verification_token = "t" }).install(of "Name", { apply = true }).steps, 0)
  tap.equal(#call.uninstall(of "Name", {}).steps, 1)
end)

tap.test("the older version speaks of databases", function()
  local old_page = page(page_id, {}, { parent = { type = "database_id", database_id = database_id }, in_trash = nil, archived = false })
  local call, http = connect({ { "GET /v1/databases/" .. database_id, { body = schema } }, { one_path, { body = old_page } }, { "PATCH .*", { body = old_page } },
    { "POST /v1/databases/" .. database_id .. "/query", results { old_page } }, { "POST /v1/pages", { body = old_page } } }, { version = "2022-06-28" })
  local rows = { name = database_id, word = "database", key = array { "id" }, fields = array { "Name" }, options = {} }
  tap.equal(#call.list(rows, null, 5).records, 1)
  tap.equal(#call.read(rows, array { page_id }), 1)
  tap.ok(call.create(rows, array { { values = { Name = "x" } } })[1].record)
  tap.equal(http.asked "POST /v1/pages"[1].json.parent, { database_id = database_id })
  tap.equal(call.delete(rows, page_id), true)
  tap.equal(http.asked "PATCH .*"[1].json, { archived = true })
  tap.fails("invalid", call.list(of "Name", null, 5))
end)

tap.test("a database of several data sources asks which", function()
  local call = connect { { "GET /v1/databases/" .. database_id, { body = { id = database_id, data_sources = array { { id = source_id, name = "A" }, { id = other_id, name = "B" } } } } } }
  local err = tap.fails("invalid", call.describe { name = database_id, word = "database", key = array { "id" }, fields = array {}, options = {} })
  tap.equal(err.hint:find(other_id, 1, true) ~= nil, true)
end)

tap.test("describe tells types, options, references and what cannot be written", function()
  local found = connect({}).describe(of "Name")
  local by_name = {}
  for _, field in ipairs(found.fields) do by_name[field.name] = field end
  tap.equal(found.key, array { "id" })
  tap.equal(by_name.Name.type.empty, "null")
  tap.equal(by_name.Kind.type.options, array { "Big" })
  tap.equal({ by_name.Linked.type.kind, by_name.Linked.references }, { "set", source_id })
  tap.equal({ by_name.Due.type.kind, by_name["Due.end"].type.kind }, { "date", "date" })
  tap.equal({ by_name.Total.read_only, by_name.Number.read_only, by_name.Weight.read_only, by_name.id.read_only }, { true, true, false, true })
  tap.equal(#found.warnings, 0)
  local wrong = of "Name"
  wrong.options = { times = array { "Weight" } }
  tap.fails("invalid", connect({}).describe(wrong))
end)

tap.test("an answer that says it is complete is whole, of a search as of a list", function()
  local complete = { request_status = { type = "complete" } }
  local call = connect { { query_path, results({ at(1, first) }, nil, complete), results({}, nil, complete) } }
  tap.equal(#assert(call.find(of "Name", array { array { { field = "Name", value = "nobody" } } }))[1], 0)
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
