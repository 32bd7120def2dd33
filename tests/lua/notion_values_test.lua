-- profile: io
-- Values of Notion as the connector reads and writes them.

local tap = require "tap"
local dec = require("tidewire.decimal").dec
local json = require "tidewire.json"
local case = require "notion_case"

local null, array, object = json.null, json.array, json.object
local source_id, page_id, other_id, minute, one_path, of, connect, runs, page = case.source_id, case.page_id, case.other_id, case.minute, case.one_path, case.of, case.connect, case.runs, case.page
local results, value, read = case.results, case.value, case.read

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

tap.test("a whole number that Notion would keep as its neighbour is refused, one that it holds is written", function()
  for _, digits in ipairs { "9007199254740993", "-9007199254740993", "123456789012345678901" } do
    local _, err, request = written { Weight = dec(digits) }
    tap.equal({ err.code, err.message:find(digits, 1, true) ~= nil, err.hint, request }, { "invalid", true, "keep it in a property of text" })
  end
  for _, digits in ipairs { "9007199254740994", "100000000000000000000", "0.1", "1234.5678901234567890" } do
    tap.equal(tostring((written { Weight = dec(digits) }).wght.number), digits)
  end
end)

tap.test("a hosted file stays by the address it has now", function()
  local now = page(page_id, { Papers = value("files", array { { name = "a.pdf", type = "file", file = { url = "https://s3/now" } } }) })
  local sent = written({ Papers = array { { name = "a.pdf", url = null }, { name = "b", url = "https://b" } } }, { { one_path, { body = now } } })
  tap.equal(sent.file.files[1].file.url, "https://s3/now")
  tap.equal(sent.file.files[2].external.url, "https://b")
end)

tap.test("of hosted files that are called the same each keeps its own address, or none is written", function()
  local function hosted(address) return { name = "image.png", type = "file", file = { url = address } } end
  local now = page(page_id, { Papers = value("files", array { hosted "https://s3/1", hosted "https://s3/2" }) })
  local kept = { name = "image.png", url = null }
  local sent = written({ Papers = array { kept, { name = "b", url = "https://b" }, kept } }, { { one_path, { body = now } } })
  tap.equal({ sent.file.files[1].file.url, sent.file.files[2].external.url, sent.file.files[3].file.url }, { "https://s3/1", "https://b", "https://s3/2" })
  local _, err, request = written({ Papers = array { kept } }, { { one_path, { body = now } } })
  tap.equal({ err.code, err.message, request }, { "invalid", "Papers: 2 files are called 'image.png', and 1 of them shall stay" })
  _, err = written({ Papers = array { kept, kept, kept } }, { { one_path, { body = now } } })
  tap.equal(err.message, "Papers: the file 'image.png' has no address")
  sent = written({ Papers = array { { name = "b", url = "https://b" } } }, { { one_path, { body = now } } })
  tap.equal(#sent.file.files, 1)
end)

-- A data source with properties of kinds that the shared one has not.
local function with_more(properties, routes)
  local more = json.decode(json.encode(case.schema))
  for name, kind in pairs(properties) do more.properties[name] = { id = name:lower(), name = name, type = kind, [kind] = {} } end
  local all = { { case.schema_path, { body = more } } }
  for _, route in ipairs(routes) do all[#all + 1] = route end
  for _, route in ipairs(all) do route[1] = route[1]:gsub("%-", "%%-") end
  local http = require("fake_http").new(all)
  return require "tidewire.host.connector"(function() return require "connectors.notion" end, { name = "vault", config = { token = "x" }, http = http }).functions, http
end

tap.test("a verification is its state, a place what it holds, and a button is nothing that could be mapped", function()
  local place = { lat = 48.1, lon = 11.5, name = "Munich" }
  local shown = page(page_id, { Checked = { id = "checked", type = "verification", verification = { state = "expired" } }, Where = { id = "where", type = "place", place = place } })
  local call, http = with_more({ Checked = "verification", Where = "place", Go = "button" }, { { one_path, { body = shown } }, { "PATCH /v1/pages/" .. page_id, { body = shown } } })
  local record = call.read(of("Checked", "Where"), array { page_id })[1]
  tap.equal({ record.fields.Checked, record.fields.Where.name }, { "expired", "Munich" })
  for said, sent in pairs { verified = "verified", unverified = "unverified", [null] = "unverified" } do
    assert(call.update(of("Checked", "Where"), page_id, { Checked = said, Where = null }))
    local asked = http.asked "PATCH .*"
    tap.equal({ asked[#asked].json.properties.checked.verification, asked[#asked].json.properties.where.place }, { { state = sent }, null })
  end
  tap.fails("invalid", call.update(of "Checked", page_id, { Checked = "expired" }))
  tap.fails("invalid", call.update(of "Go", page_id, { Go = 1 }))
  for _, field in ipairs(call.describe(of "Name").fields) do tap.ok(field.name ~= "Go", "a button is described") end
end)
