-- profile: io
-- The Supabase connector against answers as PostgREST 12 and 14 give them.

local tap = require "tap"
local json = require "tidewire.json"
local dec = require("tidewire.decimal").dec
local hash = require "tidewire.hash"
local fake_http = require "fake_http"
local host = require "tidewire.host.connector"

local null, array = json.null, json.array

local items = { name = "items", word = "table", key = array { "id" }, fields = array { "sku", "price", "meta.size" }, options = {} }
local path = "/rest/v1/items"
local seen = "2026-01-01T21:34:05.1+00:00"

local function connect(routes, options)
  local http = fake_http.new(routes)
  local config = { url = "https://ref.supabase.co", key = "sb_secret_x" }
  for name, value in pairs(options or {}) do config[name] = value end
  local side = host(function() return require "connectors.supabase" end, { name = "app", config = config, http = http })
  return side.functions, http, side
end

-- The first request asks whether the table has its time column.
local probe = { body = array {} }

local function row(id, version, more)
  local values = { id = id, sku = "s", price = 1, meta = null, xmin = version or "7", updated_at = seen }
  for name, value in pairs(more or {}) do values[name] = value end
  return values
end

local function page(...)
  local list = array { ... }
  return { body = list, headers = { ["content-range"] = "0-0/" .. #list } }
end

local none_met = { status = 406, body = { code = "PGRST116", message = "JSON object requested, multiple (or no) rows returned",
  details = "The result contains 0 rows", hint = null } }

tap.test("a key is sent as what it is", function()
  local call, http = connect { { "GET " .. path, probe, page(row "a") } }
  call.read(items, array { "a" })
  tap.equal(http.requests[1].headers.apikey, "sb_secret_x")
  tap.equal(http.requests[1].headers.Authorization, nil)
  call, http = connect({ { "GET " .. path, probe, page(row "a") } }, { key = "aaa.bbb.ccc", schema = "crm" })
  call.read(items, array { "a" })
  tap.equal(http.requests[1].headers.Authorization, "Bearer aaa.bbb.ccc")
  tap.equal(http.requests[1].headers["Accept-Profile"], "crm")
end)

tap.test("absence proves a deletion only to a key that passes row-level security", function()
  local function jwt(role) return "x." .. hash.base64('{"role":"' .. role .. '"}'):gsub("=", "") .. ".y" end
  local function proves(key) return select(3, connect({}, { key = key })).capabilities.absence_proves_delete end
  tap.equal(proves "sb_secret_x", true)
  tap.equal(proves "sb_publishable_x", false)
  tap.equal(proves(jwt "service_role"), true)
  tap.equal(proves(jwt "anon"), false)
end)

tap.test("a webhook is proved by a signature or by a fixed header", function()
  local function proof(webhook) return select(3, connect({}, { webhook = webhook })).proof end
  local signed = proof { header = "x-supabase-signature", secret = "s" }
  tap.equal(signed.kind, "hmac-sha256")
  tap.equal(signed.encoding, "hex")
  tap.equal(signed.header, "x-supabase-signature")
  tap.equal(proof({ header = "X-Webhook-Secret", secret = "s" }).kind, "header")
  tap.equal(proof({ header = "X-Webhook-Secret", secret = "s", hmac = true }).kind, "hmac-sha256")
  tap.equal(proof(nil).kind, "none")
end)

tap.test("numbers keep their digits and times become UTC", function()
  local call = connect { { "GET " .. path, probe, { headers = { ["content-range"] = "0-0/1" },
    body = '[{"id":9223372036854775807,"sku":null,"price":12.50,"meta":{"size":1},"xmin":"8","updated_at":"' .. seen .. '"}]' } } }
  local record = call.read(items, array { "9223372036854775807" })[1]
  tap.equal(record.key, "9223372036854775807")
  tap.equal(record.version, "8")
  tap.equal(tostring(record.fields.price), "12.50")
  tap.equal(record.fields.price == dec "12.5", true)
  tap.equal(record.fields.sku, null)
  tap.equal(record.fields.meta.size, 1)
  tap.equal(record.modified:sub(1, 21), "2026-01-01T21:34:05.1")
end)

tap.test("an answer that was cut off is asked for again in halves, never taken for absence", function()
  local cut = { headers = { ["content-range"] = "0-0/3" }, status = 206, body = array { row "a" } }
  local call, http = connect { { "GET " .. path, probe, cut, page(row "a"), page(row "b", row "c") } }
  tap.equal(#call.read(items, array { "a", "b", "c" }), 3)
  tap.equal(http.requests[2].headers.Prefer, "count=exact")
  tap.equal(http.requests[2].query.id, 'in.("a","b","c")')
  call = connect { { "GET " .. path, probe, { headers = { ["content-range"] = "*/*" }, body = array {} } } }
  tap.equal(select(2, call.read(items, array { "a" })).code, "unavailable")
end)

tap.test("values that mean something in a query are quoted inside and raw outside", function()
  local odd = 'a,b(c)"d\\e'
  local call, http = connect { { "GET " .. path, probe, page() } }
  call.read(items, array { odd })
  tap.equal(http.requests[2].query.id, 'in.("a,b(c)\\"d\\\\e")')
  call, http = connect { { "GET " .. path, probe, page() }, { "PATCH " .. path, { body = row "x" } } }
  call.update(items, odd, { sku = "1" }, "7")
  tap.equal(http.asked "PATCH .*"[1].query.id, "eq." .. odd)
  local words = { name = "items", key = array { "order" }, fields = array { "my col" }, options = { version = false, modified = false } }
  call, http = connect { { "GET " .. path, page() } }
  call.list(words, null, 5)
  tap.equal(http.requests[1].query.select, '"order","my col"')
  tap.equal(http.requests[1].query.order, '"order".asc')
end)

tap.test("a column of times or of versions is asked for by its whole name, also with a point in it", function()
  local dotted = { name = "items", key = array { "id" }, fields = array { "meta.size" }, options = { version = "row.version", modified = "changed.at" } }
  local call, http = connect { { "GET " .. path, probe, { headers = { ["content-range"] = "0-0/1" },
    body = array { { id = "a", meta = { size = 1 }, ["row.version"] = 3, ["changed.at"] = seen } } } } }
  local record = call.read(dotted, array { "a" })[1]
  tap.equal(http.requests[2].query.select, 'id,meta,"row.version","changed.at"')
  tap.equal({ tostring(record.version), record.stamp }, { "3", seen })
end)

tap.test("pages go by key until one is empty, however short they are", function()
  local call, http = connect { { "GET " .. path, probe, page(row "a", row "b"), page(row "c"), page() } }
  local cursor, count = nil, 0
  repeat
    local one = call.list({ name = "items", key = items.key, fields = items.fields, options = {}, scope = { sku = { op = "!=", value = "x" } } }, cursor, 100)
    cursor, count = one.cursor, count + #one.records
  until not cursor
  tap.equal(count, 3)
  tap.equal(#http.requests, 4)
  tap.equal(http.requests[3].query.id, "gt.b")
  tap.equal(http.requests[3].query["or"], '(sku.neq."x",sku.is.null)')
end)

tap.test("an update asks for exactly the row and version it read", function()
  local call, http = connect { { "GET " .. path, probe }, { "PATCH " .. path, { body = row("a", "9") } } }
  local record = call.update(items, "a", { sku = null }, "7")
  tap.equal(record.version, "9")
  local sent = http.asked "PATCH .*"[1]
  tap.equal(sent.query.xmin, "eq.7")
  tap.equal(sent.query.id, "eq.a")
  tap.equal(sent.headers.Accept, "application/vnd.pgrst.object+json")
  tap.equal(sent.once, true)
  tap.equal(sent.json.sku, null)
end)

tap.test("an update that met no row finds out why", function()
  local function why(guard, ...)
    local call = connect { { "GET " .. path, probe, page(...) }, { "PATCH " .. path, none_met } }
    local record, err = call.update(items, "a", { sku = "1" }, guard)
    tap.equal(record, nil)
    return err.code
  end
  tap.equal(why("7", row("a", "8")), "stale")
  tap.equal(why("7", row("a", "7")), "invalid")
  tap.equal(why(null, row("a", "7")), "invalid")
  tap.equal(why "7", "not_found")
end)

tap.test("rows of a bulk create that existed are told, never merged", function()
  local call, http = connect { { "GET " .. path, probe, page(row "a") }, { "POST " .. path, { status = 201, body = array { row "b" } } } }
  local outcomes = call.create(items, array { { values = { sku = "1" }, key = "a" }, { values = { sku = "2" }, key = "b" } })
  tap.equal(outcomes[1].error.code, "stale")
  tap.equal(outcomes[2].record.key, "b")
  local sent = http.asked "POST .*"[1]
  tap.equal(sent.headers.Prefer, "resolution=ignore-duplicates,return=representation")
  tap.equal(sent.json[1].id, "a")
end)

tap.test("a row that is neither made nor there was kept out, or its other unique value is taken", function()
  local entries = array { { values = { sku = "1" }, key = "a" }, { values = { sku = "2" }, key = "b" }, { values = { sku = "3" }, key = "c" } }
  local call, http = connect { { "GET " .. path, probe, page(row "a") }, { "POST " .. path, { status = 201, body = array {} }, { status = 201, body = array {} },
    { status = 409, body = { code = "23505", message = "duplicate key value", details = null, hint = null } } } }
  local outcomes = call.create(items, entries)
  tap.equal({ outcomes[1].error.code, outcomes[2].error.code, outcomes[3].error.code }, { "stale", "invalid", "stale" })
  tap.ok(outcomes[2].error.message:find "nothing was refused", outcomes[2].error.message)
  tap.equal({ http.asked("POST " .. path)[2].headers.Prefer, http.asked("POST " .. path)[2].json[1].id }, { "return=representation", "b" })
  -- Without keys: where none came, none was made.
  outcomes = connect({ { "GET " .. path, probe }, { "POST " .. path, { status = 201, body = array {} } } }).create(items, array { { values = { sku = "1" } } })
  tap.equal(outcomes[1].error.code, "invalid")
end)

tap.test("rows without keys come back in order, rows of other columns in another request", function()
  local call, http = connect { { "GET " .. path, probe },
    { "POST " .. path, { status = 201, body = array { row "x", row "y" } }, { status = 201, body = array { row "z" } } } }
  local outcomes = call.create(items, array { { values = { sku = "1" } }, { values = { sku = "2", price = 3 } }, { values = { sku = "3" } } })
  tap.equal(outcomes[1].record.key, "x")
  tap.equal(outcomes[3].record.key, "y")
  tap.equal(outcomes[2].record.key, "z")
  tap.equal(#http.asked "POST .*", 2)
end)

tap.test("fewer rows than were sent, without keys to tell them: unknown", function()
  local call = connect { { "GET " .. path, probe }, { "POST " .. path, { status = 201, body = array { row "x" } } } }
  local outcomes = call.create(items, array { { values = { sku = "1" } }, { values = { sku = "2" } } })
  tap.equal(outcomes[1].error.code, "unknown")
  tap.equal(outcomes[2].error.code, "unknown")
end)

local function refused(status, code, message)
  return { status = status, body = { code = code, message = message or "m", details = null, hint = null } }
end

tap.test("each refusal has its code", function()
  local cases = {
    invalid = { refused(400, "22P02"), refused(400, "23502"), refused(400, "23514"), refused(400, "PGRST204"),
      refused(404, "PGRST205"), { status = 404, body = {} }, refused(500, "21000"), refused(406, "PGRST106"),
      refused(400, "P0001"), refused(500, "P0004"), refused(413, "54000"), refused(500, "54000"), refused(500, "39004"), refused(400, "0A000"), refused(404, "42883"), refused(400, "22023"),
      refused(403, "42501", 'new row violates row-level security policy for table "t"'), { status = 400, body = "400 Bad Request" } },
    blocked = { refused(409, "23503"), refused(409, "23505") },
    denied = { refused(403, "42501", "permission denied for table t"), refused(401, "PGRST303", "JWT expired"), refused(401, "PGRST301"),
      refused(400, "22023", 'role "staff" does not exist'), refused(401, "22023", 'role "staff" does not exist'),
      { status = 401, body = { message = "Invalid API key", hint = "h" } } },
    unavailable = { refused(503, "PGRST000"), refused(503, "PGRST002"), refused(504, "PGRST003"), refused(500, "40P01"), refused(500, "57014"), refused(503, "53300"),
      refused(405, "25006", "cannot execute UPDATE in a read-only transaction"), refused(400, "0A000", "cannot set transaction read-write mode during recovery"), refused(400, "0A000", "cached plan must not change result type"),
      refused(400, "42804", "type of parameter 15 (text) does not match that when preparing the plan (integer)"), refused(500, "55P03"), refused(500, "XX000"), refused(503, "PT503"),
      { status = 404, body = "<html>" }, { fails = "unavailable" } },
    unknown = { { status = 502, body = "<html>" }, { status = 524, body = "" }, { fails = "unknown" }, { body = "[{" },
      refused(503, "57P01"), refused(503, "PGRST001"), { status = 200, body = "<html>login</html>" } },
    throttled = { { status = 429, headers = { ["retry-after"] = "7" }, body = "{}" } },
  }
  for code, answers in pairs(cases) do
    for i, answer in ipairs(answers) do
      local call = connect { { "GET " .. path, probe }, { "PATCH " .. path, answer } }
      local _, err = call.update(items, "a", { sku = "1" })
      tap.equal(err.code, code, code .. " " .. i)
    end
  end
end)

tap.test("no request line is longer than what stands before the API takes", function()
  local long = ("ж"):rep(60)
  local function some(filter)
    local list = array {}
    for id in filter:gmatch '"([^"]*)"' do list[#list + 1] = row(id, "1", { sku = id }) end
    return list
  end
  local lengths = {}
  local function answer(request)
    lengths[#lengths + 1] = #request.target
    local list = some(request.query.id or request.query["or"] or "")
    return { body = list, headers = { ["content-range"] = "0-0/" .. #list } }
  end
  local call = connect { { "GET " .. path, probe, answer } }
  local keys, queries = array {}, array {}
  for i = 1, 40 do
    keys[i] = long .. i
    queries[i] = array { { field = "sku", value = keys[i] } }
  end
  tap.equal(#assert(call.read(items, keys)), 40)
  local answers = assert(call.find(items, queries))
  for i = 1, 40 do tap.equal(answers[i][1].key, keys[i]) end
  for _, length in ipairs(lengths) do tap.ok(length < 6500, length) end
end)

tap.test("what takes longer than the role may is asked for smaller, and made in halves", function()
  local too_long = refused(500, "57014", "canceling statement due to statement timeout")
  local call, http = connect { { "GET " .. path, probe, too_long, page(row "a"), too_long, page(row "a"), page(row "b"), too_long },
    { "POST " .. path, too_long, function(request) return { status = 201, body = array { row(request.json[1].id) } } end } }
  tap.equal(#assert(call.list(items, null, 400)).records, 1)
  tap.equal(http.requests[2].query.limit, "400")
  tap.equal(http.requests[3].query.limit, "100")
  tap.equal(#assert(call.read(items, array { "a", "b" })), 2)
  local before = #http.requests
  tap.fails("unavailable", call.list(items, null, 30))
  tap.equal(#http.requests, before + 2)
  local made = call.create(items, array { { key = "a", values = { sku = "1" } }, { key = "b", values = { sku = "2" } } })
  tap.equal(made[1].record.key, "a")
  tap.equal(made[2].record.key, "b")
  tap.equal(#http.asked("POST " .. path), 3)
end)

tap.test("the size of a page that came in time is that of the next ones, for an hour", function()
  local time = require "tidewire.time"
  local clock, now, too_long = time.clock, 1000, refused(500, "57014", "canceling statement due to statement timeout")
  time.clock = function() return now end
  local call, http = connect { { "GET " .. path, probe, too_long, page(row "a"), page(row "b"), too_long, too_long, page(row "c"), page(row "d") } }
  local cursor = assert(call.list(items, null, 400)).cursor
  assert(call.list(items, cursor, 400))
  now = now + 3601
  assert(call.list(items, cursor, 400))
  now = now + 10
  assert(call.list(items, cursor, 400))
  time.clock = clock
  local sizes = {}
  for i = 2, #http.requests do sizes[i - 1] = http.requests[i].query.limit end
  tap.equal(sizes, { "400", "100", "100", "400", "100", "25", "25" })
end)

tap.test("where one row alone takes too long, the others are not tried one after the other", function()
  local too_long = refused(500, "57014", "canceling statement due to statement timeout")
  local entries = array {}
  for i = 1, 16 do entries[i] = { key = "k" .. i, values = i <= 15 and { sku = "1" } or { price = 1 } } end
  local call, http = connect { { "GET " .. path, probe }, { "POST " .. path, too_long } }
  local made = call.create(items, entries)
  for i = 1, 16 do tap.equal(made[i].error.code, "unavailable") end
  tap.equal(#http.asked("POST " .. path), 4)      -- 15, 7, 3 and 1 of them
end)

tap.test("a write that is answered with anything but its row may have been applied", function()
  for _, body in ipairs { array {}, array { { sku = "a" } }, { sku = "a" } } do
    local call = connect { { "GET " .. path, probe }, { "PATCH " .. path, { body = body } }, { "POST " .. path, { body = array { { sku = "a" } } } } }
    tap.equal(select(2, call.update(items, "a", { sku = "1" })).code, "unknown")
    tap.equal(call.create(items, array { { values = { sku = "1" } } })[1].error.code, "unknown")
  end
end)

tap.test("what is unknown of a write is unavailable of a read", function()
  for _, answer in ipairs { { status = 502, body = "<html>" }, { fails = "unknown" }, { body = "[{" }, { body = "<html>" }, { body = array { { sku = "a" } } },
    { status = 400, body = "<html>bad gateway policy" } } do
    local call = connect { { "GET " .. path, probe, answer } }
    tap.equal(select(2, call.list(items, null, 5)).code, "unavailable")
  end
end)

tap.test("a count asks for no rows, as the list asks for them", function()
  local call, http = connect { { "GET " .. path, { status = 206, headers = { ["content-range"] = "*/2510" }, body = array {} } } }
  tap.equal(call.count { name = items.name, word = "table", key = items.key, fields = items.fields, scope = { sku = "1" } }, 2510)
  local sent = http.requests[1]
  tap.equal(sent.headers.Prefer, "count=exact")
  tap.equal(sent.query.limit, "0")
  tap.equal(sent.query.sku, "eq.1")
  tap.equal(sent.query.id, "not.is.null")
end)

tap.test("a count that takes too long is not known; one without its number, or refused, is a failure", function()
  local function counted(answer) return (connect { { "GET " .. path, answer } }).count(items) end
  local total, err = counted(refused(500, "57014", "canceling statement due to statement timeout"))
  tap.equal(total, nil)
  tap.equal(err, nil)
  tap.equal(select(2, counted { headers = { ["content-range"] = "*/*" }, body = array {} }).code, "unavailable")
  tap.equal(select(2, counted(refused(403, "42501", "permission denied for table t"))).code, "denied")
end)

tap.test("the details of a refusal that show the whole row are not repeated", function()
  local answer = { status = 400, body = { code = "23502", message = "null value in column", details = "Failing row contains (secret)", hint = null } }
  local call = connect { { "GET " .. path, probe }, { "PATCH " .. path, answer } }
  local _, err = call.update(items, "a", { sku = "1" })
  tap.equal(tostring(err):find "secret", nil)
end)

tap.test("a search is one request, quoted and looked through again", function()
  local call, http = connect { { "GET " .. path, probe, page(row("a", "1", { sku = "A_b" }), row("b", "1", { sku = "axb" })) } }
  local answers = call.find(items, array { array { { field = "sku", value = "a_B", fold = true } }, array { { field = "sku", value = "nobody", fold = true } } })
  tap.equal(#answers[1], 1)
  tap.equal(answers[1][1].key, "a")
  tap.equal(#answers[2], 0)
  tap.equal(http.requests[2].query["or"], '(and(sku.ilike."%a\\\\_B%"),and(sku.ilike."%nobody%"))')
end)

tap.test("a poll looks back a minute, pages over ties and hands out once", function()
  local call, http = connect { { "GET " .. path, probe, page(row "z"), page(row "a", row "b"), page(row "c"), page(),
    page(row "a", row("b", "99"), row "c"), page() } }
  local cursor = call.start(items)
  local one = call.changes(items, cursor, 2)
  tap.equal(#one.records, 2)
  one = call.changes(items, one.cursor, 2)
  one = call.changes(items, one.cursor, 2)
  tap.equal(one.more, false)
  tap.equal(http.requests[3].query.updated_at:sub(1, 23), "gte.2026-01-01T21:33:05")
  tap.equal(http.requests[4].query["or"], '(updated_at.gt."' .. seen .. '",and(updated_at.eq."' .. seen .. '",id.gt."b"))')
  tap.equal(http.requests[4].query.order, "updated_at.asc,id.asc")
  one = call.changes(items, one.cursor, 5)
  tap.equal(#one.records, 1)
  tap.equal(one.records[1].version, "99")
end)

tap.test("a stamp ahead of the clock hides nothing of what comes after the last poll", function()
  local ahead = "2026-11-20T11:00:00+00:00"
  local function at(clock, answer)
    answer.headers = answer.headers or {}
    answer.headers.date = "Fri, 20 Nov 2026 " .. clock .. " GMT"
    return answer
  end
  local call, http = connect { { "GET " .. path, at("10:00:00", { body = array {} }), at("10:00:00", page(row("a", "7", { updated_at = ahead }))),
    at("10:00:00", page(row("a", "7", { updated_at = ahead }))), at("10:00:00", page()), at("10:05:00", page()), at("10:05:00", page()) } }
  local one = call.changes(items, call.start(items), 10)
  one = call.changes(items, one.cursor, 10)
  tap.equal(one.more, false)
  call.read(items, array { "a" })
  call.changes(items, one.cursor, 10)
  tap.equal(http.requests[#http.requests].query.updated_at:sub(1, 21), "gte.2026-11-20T09:59:")
end)

tap.test("a table without a time column is read whole", function()
  local call = connect { { "GET " .. path, refused(400, "42703", "column items.updated_at does not exist"),
    { body = array { { id = "a", sku = "s", price = 1, meta = null, xmin = "1" } } }, page() } }
  local cursor = call.start(items)
  local one = call.changes(items, cursor, 5)
  tap.equal(#one.records, 1)
  tap.equal(one.more, true)
  one = call.changes(items, one.cursor, 5)
  tap.equal(one.more, false)
end)

tap.test("a key that is given by who makes a record is required, of a number nobody tells", function()
  local function required(property)
    property.description = "Note:\nThis is a Primary Key.<pk/>"
    local call = connect { { "GET /rest/v1/", { body = { definitions = { items = { required = array { "id" }, properties = { id = property } } } } } } }
    return call.describe(items).fields[1].required
  end
  tap.equal({ required { format = "text" }, required { format = "uuid" }, required { format = "bigint" }, required { format = "uuid", default = "gen_random_uuid()" } }, { true, true, false, false })
end)

tap.test("describe reads types, keys and references, and gives way where it is refused", function()
  local api = { definitions = { items = { required = array { "id" }, properties = {
    id = { format = "uuid", type = "string", description = "Note:\nThis is a Primary Key.<pk/>", default = "gen_random_uuid()" },
    price = { format = "numeric", type = "number" }, sku = { format = "character varying", maxLength = 20, type = "string" },
    company = { format = "bigint", type = "integer", description = "Note:\nThis is a Foreign Key to `companies.id`.<fk table='companies' column='id'/>" },
    seen = { format = "timestamp with time zone", type = "string" }, tags = { format = "text[]", type = "array" },
    mood = { format = "public.mood", enum = array { "ok", "bad" }, type = "string" }, ok = { format = "boolean" },
  } } } }
  local call = connect { { "GET /rest/v1/", { body = api } } }
  local found = call.describe(items)
  local by_name = {}
  for _, field in ipairs(found.fields) do by_name[field.name] = field end
  tap.equal(found.key[1], "id")
  tap.equal(by_name.id.required, false)
  tap.equal(by_name.price.type.kind, "decimal")
  tap.equal(by_name.sku.type.length, 20)
  tap.equal(by_name.company.references, "companies")
  tap.equal(by_name.seen.type.form, "instant")
  tap.equal(by_name.tags.type.of.kind, "text")
  tap.equal(by_name.mood.type.options[2], "bad")
  tap.equal({ by_name.id.no_key, by_name.tags.no_key, by_name.seen.by_session, by_name.id.by_session }, { nil, "a list is no single value", true })
end)

tap.test("the table of Storage names files, which stay there", function()
  local objects = { name = "objects", word = "table", key = array { "id" }, fields = array { "name" }, options = { schema = "storage" } }
  local api = { definitions = { objects = { required = array { "id" }, properties = { id = { format = "uuid" }, name = { format = "text" } } } } }
  local files = {}
  for _, field in ipairs(connect({ { "GET /rest/v1/", { body = api } } }).describe(objects).fields) do files[field.name] = field.file or false end
  tap.equal(files, { id = false, name = true })
end)

tap.test("of rows below records it is said that polls do not tell whose one was, where no webhook does", function()
  local api = { definitions = { lines = { required = array { "id" }, properties = { id = { format = "uuid", description = "Note:\nThis is a Primary Key.<pk/>" }, order_id = { format = "bigint" } } } } }
  local lines = { name = "lines", word = "table", key = array {}, fields = array {}, options = {}, parents = array { "order_id" } }
  local function said(options, rows) return connect({ { "GET /rest/v1/", { body = api } } }, options).describe(rows).warnings end
  local webhook = { webhook = { header = "x-signature", secret = "s" } }
  tap.equal({ #said({}, lines), #said(webhook, lines), #said({}, { name = "lines", word = "table", key = array {}, fields = array {}, options = {} }) }, { 1, 0, 0 })
  tap.ok(said({}, lines)[1]:find("polls do not tell whose row was deleted or moved away by itself (its old order_id)", 1, true), said({}, lines)[1])
end)

tap.test("a key that is told nothing has the columns that the mapping names, if the table has them", function()
  local forbidden = { "GET /rest/v1/", { status = 401, body = { message = "Access to schema is forbidden", hint = "h" } } }
  local asked = { name = "items", word = "table", key = array {}, fields = array { "sku", "meta.price" } }
  local call, http = connect { forbidden, { "GET /rest/v1/items", { body = array {} } } }
  local found = call.describe(asked)
  tap.equal(found.key, { "id" })
  tap.equal(#found.warnings, 1)
  local names = {}
  for i, field in ipairs(found.fields) do names[i] = field.name .. " " .. field.type.kind end
  tap.equal(names, { "id json", "sku json", "meta json" })
  tap.equal(http.asked("GET /rest/v1/items")[1].query.select, "id,sku,meta")
  call = connect { forbidden, { "GET /rest/v1/items", { status = 400, body = { code = "42703", message = "column items.sku does not exist" } } } }
  local _, err = call.describe(asked)
  tap.equal(err.code, "invalid")
  call = connect { forbidden, { "GET /rest/v1/items", { status = 401, body = { message = "Invalid API key" } } } }
  _, err = call.describe(asked)
  tap.equal({ err.code, err.message }, { "denied", "Invalid API key" })
end)

tap.test("a server that answers with JSON of its own is no project", function()
  for _, body in ipairs { json.object {}, array {} } do
    local call = connect { { "GET /rest/v1/", { body = body } } }
    for _, ask in ipairs { function() return call.test() end, function() return call.describe(items) end } do
      local _, err = ask()
      tap.equal({ err.code, err.message }, { "unavailable", "the answer describes no API of PostgREST" })
    end
  end
end)

tap.test("an address that redirects elsewhere is named: no key and no record is at fault", function()
  local moved = { status = 301, headers = { location = "https://x.example.org/rest/v1/" }, body = "" }
  local call, http = connect { { "GET /rest/v1/.*", moved }, { "PATCH /rest/v1/items", { status = 308, headers = moved.headers, body = "" } } }
  for _, ask in ipairs { function() return call.test() end, function() return call.describe(items) end, function() return call.read(items, array { "1" }) end,
    function() return call.update(items, "1", { sku = "a" }) end } do
    local _, err = ask()
    tap.equal(err.code, "denied")
    tap.equal(err.message:find("a redirect to https://x.example.org/rest/v1/", 1, true) ~= nil, true, err.message)
    tap.equal(err.hint, "give that address as `url`")
  end
  tap.equal(http.asked "GET .*"[1].same_origin, true)
end)

tap.test("what a table needs is said for the SQL editor, the secret kept out of it", function()
  local call = connect({}, { webhook = { header = "X-Hook", secret = "very secret" } })
  local said = call.install(items, { address = "https://sync.example.org/webhook/app" })
  local all = json.encode(said)
  for _, words in ipairs { 'add column \\"updated_at\\" timestamptz;', 'alter column \\"updated_at\\" set default', "tidewire_touch before update", "https://sync.example.org/webhook/app", "X-Hook" } do
    tap.ok(all:find(words, 1, true), words)
  end
  tap.equal({ all:find("very secret", 1, true) ~= nil, said.applied }, { false, false })
  local _, err = call.install(items, { apply = true })
  tap.equal({ err.code, err.hint:find "SQL editor" ~= nil }, { "invalid", true })
  local statement = call.uninstall(items, {}).steps[2].todo
  tap.ok(statement:find 'drop trigger if exists tidewire_webhook on "public"."items"')
end)

tap.test("a webhook whose proof is a signature is signed by the statement that is shown, and each table has its own index", function()
  local call = connect({}, { webhook = { header = "x-supabase-signature", secret = "very secret", encoding = "base64", prefix = "v1," } })
  local steps = call.install(items, { address = "https://sync.example.org/webhook/app" }).steps
  local all, statements = json.encode(steps), {}
  for _, step in ipairs(steps) do statements[#statements + 1] = step.todo end
  statements = table.concat(statements, "\n")
  tap.equal(all:find("very secret", 1, true), nil)
  tap.equal(statements:find("supabase_functions.http_request", 1, true), nil)
  tap.ok(statements:find("execute function public.tidewire_tell('https://sync.example.org/webhook/app', 'x-supabase-signature', 'v1,', 'base64')", 1, true))
  tap.ok(statements:find("extensions.hmac(convert_to(payload::text, 'UTF8'), convert_to(secret, 'UTF8'), 'sha256')", 1, true))
  tap.ok(statements:find('"tidewire_items_updated_at" on "public"."items" ("updated_at", "id")', 1, true))
  local long = { name = ("n"):rep(60), word = "table", key = array { "id" }, fields = array { "sku" }, options = {} }
  local name = json.encode(call.install(long, {}).steps):match 'exists \\"(tidewire_n[^"\\]*)'
  tap.equal(#name, 63)
end)

tap.test("a table that got its time column is polled by it, what was changed meanwhile read once whole", function()
  local has = false
  local no_column = { status = 400, body = { code = "42703", message = "column items.updated_at does not exist" } }
  local call, http = connect { { "GET /rest/v1/", { body = { definitions = { items = { required = array { "id" }, properties = { id = { format = "text", description = "<pk/>" } } } } } } },
    { "GET " .. path, function(asked)
      if asked.query.limit == "0" then return has and probe or no_column end
      return asked.query["and"] == nil and asked.query.order == "id.asc" and not (asked.query.id or ""):find "gt" and page(row "a") or page()
    end } }
  local cursor = call.start(items)
  tap.equal(cursor.whole, true)
  has = true
  tap.equal(call.start(items).whole, true)
  call.describe(items)
  local turns, seen_rows = 0, 0
  repeat
    local one = assert(call.changes(items, cursor, 10))
    seen_rows, cursor, turns = seen_rows + #one.records, one.cursor, turns + 1
  until not one.more or turns > 9
  tap.equal({ seen_rows, cursor.mark ~= nil, cursor.whole }, { 1, true })
  tap.ok(#http.requests > 3)
end)
