-- profile: io
local tap = require "tap"
local fake_http = require "fake_http"
local json = require "tidewire.json"
local text = require "tidewire.text"
local host = require "tidewire.host.connector"

local test, equal, ok = tap.test, tap.equal, tap.ok
local array = json.array

local function crm(routes, about, more)
  local contacts = { path = "/contacts", fields = { name = "text" } }
  for name, value in pairs(about or {}) do contacts[name] = value end
  local config = { url = "https://crm.example.org/v1", auth = { bearer = "s3cret" }, collections = { contacts = contacts } }
  for name, value in pairs(more or {}) do config[name] = value end
  local fake = fake_http.new(routes)
  local side = host(function() return require "connectors.http" end, { name = "crm", config = config, http = fake })
  local collection = { name = "contacts", word = "collection", key = array { "id" }, fields = array { "name" }, options = {} }
  return side.functions, collection, fake, side
end

local function all(call, collection, limit)
  local names, cursor = {}, nil
  for _ = 1, 20 do
    local page = assert(call.list(collection, cursor, limit or 2))
    for _, record in ipairs(page.records) do names[#names + 1] = record.fields.name end
    cursor = page.cursor
    if not cursor then return table.concat(names, " ") end
  end
  error "pages without end"
end

local function row(id) return { id = id, name = "n" .. id } end

test("pages by number, by token, by address and by Link header are read to the end", function()
  local call, collection, fake = crm({ { "GET /v1/contacts", { body = { data = { row(1), row(2) } } }, { body = { data = { row(3) } } }, { body = { data = array {} } } } },
    { list = "data", page = { by = "page", param = "page", limit = "per_page" } })
  equal(all(call, collection), "n1 n2 n3")
  equal(fake.requests[2].query.page, "2")
  equal(fake.requests[1].headers.Authorization, "Bearer s3cret")

  call, collection, fake = crm({ { "GET /v1/contacts", { body = { items = { row(1) }, meta = { next = "abc" } } }, { body = { items = { row(2) }, meta = { next = json.null } } } } },
    { list = "items", page = { by = "after", param = "cursor", next = "meta.next" } })
  equal(all(call, collection), "n1 n2")
  equal(fake.requests[2].query.cursor, "abc")

  call, collection = crm({ { "GET /v1/contacts", { body = { results = { row(1) }, next = "https://crm.example.org/v1/more?x=1" } } }, { "GET /v1/more", { body = { results = { row(2) }, next = json.null } } } },
    { list = "results", page = { by = "next", next = "next" } })
  equal(all(call, collection), "n1 n2")

  call, collection = crm({ { "GET /v1/contacts", { body = { row(1) }, headers = { link = '</v1/more>; rel="next", </v1/last>; rel="last"' } } }, { "GET /v1/more", { body = { row(2) } } } },
    { page = { by = "link" } })
  equal(all(call, collection), "n1 n2")
end)

test("a count stands where tidewire.lua says, in the answer or in a header; under a scope there is none", function()
  local listed = { "GET /v1/contacts", { body = { data = { row(1) }, meta = { total = "41" } }, headers = { ["content-range"] = "items 0-0/42" } } }
  for _, case in ipairs { { nil, nil }, { "meta.total", 41 }, { { header = "Content-Range" }, 42 } } do
    local call, collection, fake = crm({ listed }, { list = "data", count = case[1], page = { by = "page", param = "page", limit = "per_page" } })
    local total, err = call.count(collection)
    equal({ total, err }, { case[2] })
    if case[1] then equal(fake.requests[1].query.per_page, "1") end
    collection.scope = { name = "n1" }
    equal(call.count(collection), nil)
    equal(#fake.requests, case[1] and 1 or 0)
  end
  local call, collection = crm({ listed }, { list = "data", count = "meta.sum" })
  equal(select(2, call.count(collection)).code, "unavailable")
  call, collection = crm({ listed }, { list = "data", count = 5 })
  ok(select(2, call.count(collection)).message:find("`count` is a place", 1, true))
end)

test("user and password of an address are no part of what the system is known by", function()
  local call = crm({ { "GET /v1/contacts", { body = array {} } } }, nil, { url = "https://joe:hunter2@crm.example.org/v1/" })
  equal(assert(call.test()).site, "https://crm.example.org/v1")
end)

test("a next page on another host is not asked for", function()
  local call, collection, fake = crm({ { "GET /v1/contacts", { body = { results = { row(1) }, next = "https://evil.example.net/v1" } } } },
    { list = "results", page = { by = "next", next = "next" } })
  local first = assert(call.list(collection, nil, 5))
  local _, err = call.list(collection, first.cursor, 5)
  equal(err.code, "invalid")
  ok(err.message:find("another host", 1, true), err.message)
  equal(#fake.requests, 1)
end)

test("an empty page is an end only where the system tells nothing that follows", function()
  local call, collection = crm({ { "GET /v1/contacts", { body = { items = { row(1) }, next = "a" } }, { body = { items = array {}, next = "b" } }, { body = { items = { row(2) } } } } },
    { list = "items", page = { by = "after", param = "cursor", next = "next" } })
  equal(all(call, collection), "n1 n2")
  call, collection = crm({ { "GET /v1/contacts", { body = array {}, headers = { link = '<https://crm.example.org/v1/more>; rel="next"' } } }, { "GET /v1/more", { body = { row(2) } } } }, { page = { by = "link" } })
  equal(all(call, collection), "n2")
  call, collection = crm({ { "GET /v1/contacts", { body = { items = { row(1) }, next = "a" } }, { body = { items = array {}, next = "a" } } } }, { list = "items", page = { by = "after", param = "cursor", next = "next" } })
  equal(all(call, collection), "n1")      -- the place where it will go on one day
  local asked = 0
  call, collection = crm({ { "GET /v1/contacts", function()
    asked = asked + 1
    return { body = { items = array {}, next = "t" .. asked } }
  end } }, { list = "items", page = { by = "after", param = "cursor", next = "next" } })
  local page = call.list(collection, nil, 5)
  equal({ #page.records, asked }, { 0, 100 })      -- a call has an end of its own, and the next one goes on from there
  local turns, err = 0
  repeat
    page, err = call.list(collection, page.cursor, 5)
    turns = turns + 1
  until not page or turns > 200
  ok(tap.fails("unavailable", page, err).message:find("pages without end", 1, true))
  equal(asked, 10001)
  local filtered = array { { id = 1, name = "other" } }      -- none of the page's rows lies in the scope, and that is looked at here
  call, collection = crm({ { "GET /v1/contacts", { body = { items = filtered, next = "a" } }, { body = { items = { row(2) } } } } }, { list = "items", page = { by = "after", param = "cursor", next = "next" } })
  collection.scope = { name = "n2" }
  equal(all(call, collection), "n2")
end)

test("a system that shows the same page for ever is found out, and not asked for ever", function()
  local rows = array { row(1), row(2), row(3) }
  for _, page in ipairs { { by = "page", param = "p" }, { by = "offset", param = "o", limit = "l" }, { by = "key", param = "k" }, { by = "after", param = "a", next = "next" },
    { by = "next", next = "next" }, { by = "link" } } do
    local asked = 0
    local call, collection = crm({ { "GET /v1/.*", function()
      asked = asked + 1
      if asked > 30 then error "asked for ever" end
      return { body = { items = rows, next = page.by == "next" and "/v1/contacts?x=1" or "t" }, headers = { link = '</v1/contacts?x=1>; rel="next"' } }
    end } }, { list = "items", page = page })
    local cursor, err
    repeat
      local one
      one, err = call.list(collection, cursor, 3)
      cursor = one and one.cursor
    until not cursor
    equal({ page.by, err and err.code, err and err.message }, { page.by, "unavailable", "contacts has pages without end" })
  end
end)

test("a next page may be named in short, and a Link header may say more", function()
  local function read(link, path)
    local call, collection, fake = crm({ { "GET /v1/contacts", { body = { row(1) }, headers = { link = link } }, { body = { row(2) } } }, { "GET " .. path, { body = { row(2) } } } }, { page = { by = "link" } })
    equal(all(call, collection), "n1 n2", link)
    return fake.requests[2].target
  end
  equal(read('<?page=2>; rel="next"', "/v1/contacts"), "https://crm.example.org/v1/contacts?page=2")
  equal(read('<more?page=2>; rel=next', "/v1/more"), "https://crm.example.org/v1/more?page=2")
  equal(read('<https://CRM.example.org:443/v1/more>; rel="next"', "/v1/more"), "https://crm.example.org/v1/more")
  equal(read('</v1/first>; rel="first"; title="a, b", </v1/more>; title="c, d"; rel="last next"', "/v1/more"), "https://crm.example.org/v1/more")
  for _, link in ipairs { "<//evil.example.net/v1>; rel=next", "<https://crm.example.org@evil.example.net/>; rel=next", "<http://crm.example.org/v1/more>; rel=next", "<https://crm.example.org:8443/v1>; rel=next" } do
    local call, collection, fake = crm({ { "GET /v1/contacts", { body = { row(1) }, headers = { link = link } } } }, { page = { by = "link" } })
    local first = assert(call.list(collection, nil, 5))
    ok(tap.fails("invalid", call.list(collection, first.cursor, 5)).message:find("another host", 1, true))
    equal(#fake.requests, 1)
  end
end)

test("what answers with another record, or one without a key, is no word about the one that was asked for", function()
  local call, collection = crm({ { "GET /v1/contacts/.*", { body = array { row(1), row(2) } } }, { "PATCH .*", { body = row(1) } } })
  equal(assert(call.read(collection, array { "1" }))[1].key, "1")
  local refusal = tap.fails("invalid", call.read(collection, array { "2" }))
  ok(refusal.message:find("asked for the key 2 and answered with 1", 1, true))
  ok(refusal.hint:find("the key spelled as it is there", 1, true))
  tap.fails("unknown", call.update(collection, "2", { name = "x" }))
  for _, key in ipairs { "", { 1 }, json.null } do
    call, collection = crm({ { "GET /v1/contacts", { body = array { { id = key, name = "n" } } } } })
    ok(tap.fails("unavailable", call.list(collection, nil, 5)).message:find("no record with the key", 1, true))
  end
  call, collection = crm({ { "GET /v1/contacts", { body = array { row(1), "2" } } } })
  tap.fails("unavailable", call.list(collection, nil, 5))
end)

test("a time is an ISO text, seconds, milliseconds, or a text of a zone that is said", function()
  local function modified(value, about)
    local call, collection = crm({ { "GET /v1/contacts", { body = array { { id = 1, name = "n", at = value } } } } }, { modified = "at", fields = { name = "text", at = about } })
    return assert(call.list(collection, nil, 5)).records[1].modified
  end
  equal(modified "2025-11-20T23:01:35.5+01:00", "2025-11-20T22:01:35.5Z")
  equal(modified(1763676095), "2025-11-20T22:01:35Z")
  equal(modified(json.decode "[1763676095.25]"[1]), "2025-11-20T22:01:35.25Z")
  equal(modified(1763676095123), "2025-11-20T22:01:35.123Z")
  equal(modified "2025-11-20 23:01:35", nil)
  equal(modified("2025-11-20 23:01:35", { kind = "datetime", form = "local", zone = "Europe/Berlin" }), "2025-11-20T22:01:35Z")
  for _, none in ipairs { json.null, "yesterday", 1e300, -1, true } do equal(modified(none), nil) end
end)

test("a poll asks since a time in the system's own form", function()
  for template, wanted in pairs { ["gt.{time}"] = "^gt%.2026%-11%-20T10:58:00Z$", ["{unix}"] = "^1795172280$", ["{unix_ms}"] = "^1795172280000$" } do
    local call, collection, fake = crm({ { "GET /v1/contacts", { body = array {}, headers = { date = "Fri, 20 Nov 2026 11:00:00 GMT" } } } }, { since = { "since", template }, modified = "at" })
    local cursor = assert(call.start(collection))
    cursor.mark = "2026-11-20T11:00:00Z"
    assert(call.changes(collection, cursor, 5))
    ok(fake.requests[2].query.since:find(wanted), fake.requests[2].query.since)
  end
end)

test("an update of a system that replaces records sends all of the record, with the changes laid over", function()
  local now = { id = 7, name = "Ada", phone = "+1", tags = array { "a" }, rev = "3" }
  local call, collection, fake = crm({ { "GET /v1/contacts/7", { body = now } }, { "PUT /v1/contacts/7", { body = now } } }, { update = "PUT", whole = true, version = "rev", guard = "If-Match" })
  assert(call.update(collection, "7", { name = "Ada L." }, "3"))
  equal(fake.asked("PUT .*")[1].json, { id = 7, name = "Ada L.", phone = "+1", tags = { "a" }, rev = "3" })
  equal(fake.asked("PUT .*")[1].headers["If-Match"], "3")
  tap.fails("stale", call.update(collection, "7", { name = "late" }, "2"))
  equal(#fake.asked "PUT .*", 1)
  for whole, warned in pairs { ["nil"] = "sends the changed fields alone", ["true"] = "an edit of another field", ["false"] = false } do
    local warnings = crm({}, { update = "PUT", whole = ({ ["true"] = true, ["false"] = false })[whole] }).describe(collection).warnings
    equal({ whole, #warnings, warned and warnings[1]:find(warned, 1, true) ~= nil }, { whole, warned and 1 or 0, warned and true })
  end
  call, collection = crm({ { "GET /v1/contacts/7", { status = 404, body = { message = "gone" } } } }, { update = "PUT", whole = true })
  tap.fails("not_found", call.update(collection, "7", { name = "x" }))
end)

test("a guard travels in its header, and a version is what was said", function()
  local call, collection, fake, side = crm({ { "GET /v1/contacts/7", { body = row(7), headers = { etag = '"v1"' } } }, { "PATCH /v1/contacts/7", { status = 412, body = { message = "moved on" } } } },
    { version = "etag", guard = "If-Match" })
  equal(side.capabilities.guarded_writes, true)
  local record = assert(call.read(collection, array { "7" }))[1]
  equal(record.version, '"v1"')
  local _, err = call.update(collection, "7", { name = "x" }, record.version)
  equal(err.code, "stale")
  equal(fake.asked("PATCH .*")[1].headers["If-Match"], '"v1"')
end)

test("credentials go where they belong, and bodies are wrapped", function()
  local call, collection, fake = crm({ { "POST /v1/contacts", { status = 201, body = { contact = row(9) } } }, { "GET /v1/contacts/9", { body = { contact = row(9) } } } },
    { one = "contact", wrap = "contact" }, { auth = { query = "api_key", secret = "k" } })
  local outcome = assert(call.create(collection, array { { values = { name = "n9" } } }))[1]
  equal(outcome.record.key, "9")
  equal(fake.requests[1].json, { contact = { name = "n9" } })
  equal(fake.requests[1].query.api_key, "k")
  equal(fake.requests[1].once, true)
end)

test("what tidewire.lua says wrongly is named", function()
  local function said(about)
    local call, collection = crm({}, about)
    local _, err = call.list(collection, nil, 5)
    equal(err.code, "invalid")
    return err.message
  end
  ok(said({ pth = "/x" }):find("unknown option 'pth' (did you mean 'path'?)", 1, true))
  ok(said({ page = { by = "pages" } }):find("page.by is", 1, true))
  ok(said({ page = { by = "offset", param = "o" } }):find("needs page.limit", 1, true))
  ok(said({ item = "/contact" }):find("has no {key}", 1, true))
end)

test("an answer of another shape is an error, never an empty list", function()
  local call, collection = crm({ { "GET /v1/contacts", { body = { rows = { row(1) } } } } }, { list = "data" })
  local _, err = call.list(collection, nil, 5)
  equal(err.code, "unavailable")
  ok(err.message:find("has no list at 'data'", 1, true), err.message)
  call, collection = crm({ { "GET /v1/contacts", { body = { { ident = 1 } } } } })
  _, err = call.list(collection, nil, 5)
  ok(err.message:find("no record with the key 'id'", 1, true), err.message)
end)

tap.test("half a credential, or two, is an error and never nobody", function()
  local function connected(auth)
    return host(function() return require "connectors.http" end, { name = "crm", http = fake_http.new {}, config = { url = "https://crm.example.org", auth = auth,
      collections = { people = { path = "/people" } } } }).functions
  end
  local people = { name = "people", word = "collection", key = json.array { "id" }, fields = json.array { "name" } }
  tap.raises(function() connected { bearr = "x" } end, "did you mean 'bearer'")
  for _, auth in ipairs { {}, { bearer = "a", header = "X", secret = "s" }, { header = "X" }, { query = "k" }, { bearer = "a", secret = "b" }, { basic = { "user" } }, { secret = "s" } } do
    local err = tap.fails("invalid", connected(auth).list(people, nil, 5))
    tap.equal(err.message:find "^auth: " ~= nil, true)
  end
end)

-- A list by offset whose rows change between two pages: `edits[n]` is done before the n-th answer.
local function shifting(ids, edits, cap)
  local asked = 0
  local call, collection, fake = crm({ { "GET /v1/contacts", function(request)
    asked = asked + 1
    if edits[asked] then edits[asked](ids) end
    local page, from = array {}, tonumber(request.query.offset)
    for i = from + 1, math.min(#ids, from + math.min(tonumber(request.query.limit), cap or 1000)) do page[#page + 1] = row(ids[i]) end
    return { body = page }
  end } }, { page = { by = "offset", param = "offset", limit = "limit", size = 4 } })
  return all(call, collection, 4), fake
end

local function numbers(last)
  local ids = {}
  for i = 1, last do ids[i] = i end
  return ids
end

local function without(...)
  local gone = {}
  for _, id in ipairs { ... } do gone[id] = true end
  return function(ids)
    for i = #ids, 1, -1 do
      if gone[ids[i]] then table.remove(ids, i) end
    end
  end
end

-- Each row that was there all the time is shown.
local function shows(seen, ids)
  local list = {}
  for name in seen:gmatch "%S+" do list[name] = true end
  for _, id in ipairs(ids) do ok(list["n" .. id], "n" .. id .. " is missing in " .. seen) end
end

test("pages by offset pass over no row when rows go or come meanwhile", function()
  equal(shifting(numbers(9), {}), "n1 n2 n3 n4 n5 n6 n7 n8 n9")
  equal(shifting(numbers(1), {}), "n1")
  equal(shifting(numbers(0), {}), "")
  equal(shifting(numbers(5), {}, 1), "n1 n2 n3 n4 n5")
  shows(shifting(numbers(9), { [2] = without(1, 2) }), { 3, 4, 5, 6, 7, 8, 9 })
  shows(shifting(numbers(9), { [2] = without(4) }), { 1, 2, 3, 5, 6, 7, 8, 9 })
  shows(shifting(numbers(9), { [2] = without(1, 2, 3, 4) }), { 5, 6, 7, 8, 9 })
  shows(shifting(numbers(20), { [2] = without(4), [4] = without(1, 7, 8, 9, 10) }), { 2, 3, 5, 6, 11, 12, 13, 14, 15, 16, 17, 18, 19, 20 })
  shows(shifting(numbers(9), { [2] = function(ids) table.insert(ids, 1, 0) end }), numbers(9))
  shows(shifting(numbers(9), { [3] = without(6, 7, 8, 9) }), { 1, 2, 3, 4, 5 })
end)

-- Before each of the first answers one row goes that was there, and one comes somewhere.
test("nor by which of them, in whatever order: what is there from the first to the last page is shown", function()
  local state = 1
  local function below(limit)
    state = (state * 16807) % 2147483647
    return 1 + state % limit
  end
  for history = 1, 400 do
    local ids, stays, edits = {}, {}, {}
    for i = 1, 12 do ids[i], stays[i * 10] = i * 10, true end
    local function edit(list)
      for _ = 1, below(2) do stays[table.remove(list, below(#list))] = nil end
      local at = below(#list)
      if list[at + 1] ~= list[at] + 1 then table.insert(list, at + 1, list[at] + 1) end
    end
    for answer = 2, 5 do edits[answer] = below(3) > 1 and edit or nil end
    local left = {}
    local seen = shifting(ids, edits)
    for id in pairs(stays) do left[#left + 1] = id end
    shows(seen, left)
  end
end)

-- A server whose tokens are t1, t2 and so on, each good for `lasts` seconds; "t" of `good` is the one that the API takes.
local function tokens(about, answers)
  local auth = { url = "https://login.example.org/token", id = "me", secret = "s3:cret" }
  for name, value in pairs(about or {}) do auth[name] = value end
  local routes = { { "POST /token", unpack(answers) }, { "GET /v1/contacts", function(request)
    if request.headers.Authorization == "Bearer t2" then return { body = { row(1) } } end
    return { status = 401, body = { message = "who?" } }
  end }, { "POST /v1/contacts", function(request)
    return request.headers.Authorization == "Bearer t2" and { body = row(9) } or { status = 401, body = "<html>who?</html>" }
  end }, { "GET /v1/contacts/9", { body = row(9) } } }
  return crm(routes, nil, { auth = { oauth = auth } })
end

local function token(secret, more)
  local body = { access_token = secret, token_type = "Bearer", expires_in = 3600 }
  for name, value in pairs(more or {}) do body[name] = value end
  return { body = body }
end

test("a token is asked for with our credentials, kept, and asked for anew where the system refuses it", function()
  local call, collection, fake = tokens({ scope = "read write" }, { token "t1", token "t2" })
  equal(assert(call.list(collection, nil, 5)).records[1].key, "1")
  equal(assert(call.list(collection, nil, 5)).records[1].key, "1")
  local asked = fake.asked "POST /token"
  equal(#asked, 2)
  equal(asked[1].headers.Authorization, "Basic " .. require("tidewire.hash").base64 "me:s3%3Acret")
  equal(asked[1].body, "grant_type=client_credentials&scope=read%20write")
  equal(#fake.asked "GET /v1/contacts", 3)
end)

test("a write that was refused for its token was not done, and is sent again with a new one", function()
  local call, collection, fake = tokens({ body = true }, { token "t1", token "t2" })
  equal(assert(call.create(collection, array { { values = { name = "n9" } } }))[1].record.key, "9")
  equal(#fake.asked "POST /v1/contacts", 2)
  ok(fake.asked("POST /token")[1].body:find("client_secret=s3%3Acret", 1, true))
  equal(fake.asked("POST /token")[1].headers.Authorization, nil)
end)

test("a token that ends is renewed before it does; one that is refused twice is denied", function()
  local call, collection, fake = tokens(nil, { token("t2", { expires_in = 20 }) })
  for _ = 1, 3 do assert(call.list(collection, nil, 5)) end
  equal(#fake.asked "POST /token", 3)
  call, collection, fake = tokens(nil, { token "t1" })
  equal(select(2, call.list(collection, nil, 5)).code, "denied")
  equal(#fake.asked "POST /token", 2)
end)

test("whoever gets no token says why, and what the secret is stays unsaid", function()
  local function said(answer)
    local call, collection = tokens(nil, { answer })
    local _, err = call.list(collection, nil, 5)
    ok(not tostring(err):find("s3.*cret"), tostring(err))
    return err
  end
  local err = said { status = 401, body = { error = "invalid_client", error_description = "unknown client" } }
  equal({ err.code, err.message }, { "denied", "no token of oauth: https://login.example.org/token answered 401: unknown client" })
  for length = 290, 302 do
    local long = said { status = 401, body = { error_description = ("x"):rep(length) .. "日本語" } }
    ok(text.valid(long.message), long.message)
  end
  equal(said({ status = 503, body = "<html>down</html>" }).code, "unavailable")
  equal(said({ status = 429, body = {}, headers = { ["retry-after"] = "9" } }).retry_after, 9)
  equal(said({ body = { token = "x" } }).code, "unavailable")
  equal(said({ fails = "unavailable" }).code, "unavailable")
  local call, collection = tokens({ secrt = "x" }, {})
  ok(select(2, call.list(collection, nil, 5)).message:find("did you mean 'secret'", 1, true))
end)
