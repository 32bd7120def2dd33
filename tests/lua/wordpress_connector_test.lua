-- profile: io
local tap = require "tap"
local fake_http = require "fake_http"
local hash = require "tidewire.hash"
local json = require "tidewire.json"
local host = require "tidewire.host.connector"

local test, equal, ok = tap.test, tap.equal, tap.ok
local null, array, object = json.null, json.array, json.object

local date = { date = "Mon, 30 Nov 2026 12:00:00 GMT" }
local me = { id = 1, slug = "bot", capabilities = { edit_posts = true, edit_others_posts = true } }
local properties = { id = { type = "integer", readonly = true }, title = { type = "object" }, status = { type = "string", enum = array { "publish", "draft" } },
  meta = { type = "object", properties = { price = { type = "number" } } }, categories = { type = "array" }, modified_gmt = { type = "string", format = "date-time", readonly = true } }

local function site(zone, offset)
  return { body = { url = "https://blog.example.org", gmt_offset = offset or 0, timezone_string = zone or "UTC", namespaces = array { "wp/v2" }, authentication = {} }, headers = date }
end

local function row(id, more)
  local one = { id = id, title = { raw = "t" .. id }, status = "publish", date = "2026-11-30T10:00:00", modified = "2026-11-30T10:00:00", modified_gmt = "2026-11-30T10:00:00",
    meta = { price = 0 }, categories = array {} }
  for name, value in pairs(more or {}) do one[name] = value end
  return one
end

-- A site that holds `rows`, in order of id, and answers as WordPress does; `before(request)` may change them first.
local function blog(rows, before, more)
  local function list(request)
    if before then before(request, rows) end
    local query, found = request.query, {}
    for _, one in ipairs(rows) do
      local fits = query.status:find(one.status, 1, true) and (not query.modified_after or one.modified .. "Z" > query.modified_after)
      fits = fits and (not query.after or one.date .. "Z" > query.after)
      if query.include then fits = fits and ("," .. query.include .. ","):find("," .. one.id .. ",", 1, true) end
      if fits then table.insert(found, query.order == "desc" and 1 or #found + 1, one) end
    end
    local offset, page = tonumber(query.offset or 0), array {}
    for i = offset + 1, math.min(#found, offset + tonumber(query.per_page)) do page[#page + 1] = found[i] end
    return { body = page, headers = { date = date.date, ["x-wp-total"] = tostring(#found) } }
  end
  local routes = {}
  for _, route in ipairs(more or {}) do routes[#routes + 1] = route end
  for _, route in ipairs {
    { "GET /wp%-json/", site() }, { "GET /wp%-json/wp/v2/users/me", { body = me } },
    { "GET /wp%-json/wp/v2/types/post", { body = { slug = "post", rest_base = "posts", capabilities = {}, taxonomies = array { "category" } } } },
    { "GET /wp%-json/wp/v2/taxonomies", { body = { category = { slug = "category", rest_base = "categories" } } } },
    { "OPTIONS /wp%-json/wp/v2/posts", { body = { schema = { properties = properties } } } }, { "GET /wp%-json/wp/v2/posts", list },
  } do routes[#routes + 1] = route end
  local fake = fake_http.new(routes)
  local side = host(function() return require "connectors.wordpress" end,
    { name = "blog", config = { url = "https://blog.example.org/", user = "bot", password = "abcd efgh", webhook_secret = "s" }, http = fake })
  return side.functions, fake, side
end

local function posts(...) return { name = "post", word = "post_type", key = array { "id" }, fields = array { ... }, options = object {} } end

local function many(count)
  local rows = {}
  for i = 1, count do rows[i] = row(i) end
  return rows
end

local function walk(call, where, size)
  local seen, cursor = {}, nil
  for _ = 1, 100 do
    local page = assert(call.list(where, cursor, size))
    for _, record in ipairs(page.records) do seen[record.key] = (seen[record.key] or 0) + 1 end
    cursor = page.cursor
    if not cursor then return seen end
  end
  error "pages without end"
end

test("how long a site may work on a request is a minute, unless who runs it says otherwise", function()
  local function settle(said)
    return host(function() return require "connectors.wordpress" end,
      { name = "blog", config = { url = "https://blog.example.org/", user = "bot", password = "p", settle = said } }).capabilities.settle
  end
  equal({ settle(), settle "90s", settle(5) }, { 60, 90, 5 })
end)

test("pages lose nobody and show nobody twice while posts come and go before their edge", function()
  for seed = 1, 40 do
    local asked, gone, made = 0, {}, 0
    local call = blog(many(30), function(request, rows)
      if request.query.orderby ~= "id" then return end
      asked = asked + 1
      for _ = 1, (asked + seed) % 3 == 0 and 3 or 0 do
        if #rows > 3 then gone[tostring(table.remove(rows, 1 + (asked * seed) % math.ceil(#rows / 2)).id)] = true end
      end
      if (asked + seed) % 4 == 0 then
        made = made + 1
        table.insert(rows, row(1000 + made))
      end
    end)
    local seen = walk(call, posts "title", 1 + seed % 7)
    for id = 1, 30 do
      local times = seen[tostring(id)]
      if not gone[tostring(id)] then equal(times, 1) else ok(times == nil or times == 1) end
    end
  end
end)

test("a site that counts more posts than it shows is an error, never a shorter list", function()
  local call = blog(many(5), nil, { { "GET /wp%-json/wp/v2/posts", { body = { row(1), row(2) }, headers = { ["x-wp-total"] = "5" } } } })
  local _, err = call.list(posts "title", nil, 50)
  equal(err.code, "invalid")
  ok(err.message:find("fewer", 1, true), err.message)
end)

test("a count is the site's own, where it can be asked for all of the scope", function()
  local rows = many(5)
  rows[2].status, rows[5].status = "draft", "trash"
  local call, fake = blog(rows)
  local function counted(scope)
    local where = posts "title"
    where.scope = scope
    return call.count(where)
  end
  equal(counted(), 4)
  equal(counted { status = "draft" }, 1)
  local before = #fake.asked "GET /wp%-json/wp/v2/posts"
  equal(counted { status = "draft", title = "t2" }, nil)
  equal(counted { status = { op = "!=", value = "draft" } }, nil)
  equal(#fake.asked "GET /wp%-json/wp/v2/posts", before)
end)

test("credentials travel with every request, raw values only are asked for, and writes go once", function()
  local call, fake = blog(many(1), nil, { { "GET /wp%-json/wp/v2/posts/2", { status = 404, body = { code = "rest_post_invalid_id", message = "Invalid post ID." } } },
    { "GET /wp%-json/wp/v2/posts/1", { body = row(1) } }, { "POST /wp%-json/wp/v2/posts/1", { body = row(1, { title = { raw = "x" } }) } } })
  assert(call.read(posts("title", "meta.price"), array { "1", "2" }))
  for _, seen in ipairs(fake.requests) do equal(seen.headers.Authorization, "Basic " .. hash.base64 "bot:abcd efgh") end
  local asked = fake.asked "GET /wp%-json/wp/v2/posts"[1].query
  equal({ asked.context, asked._fields }, { "edit", "id,modified_gmt,modified,status,date,date_gmt,title.raw,meta" })
  assert(call.update(posts("title", "meta.price"), "1", { title = "x", meta = { price = 2 } }))
  local sent = fake.asked "POST .*"[1]
  equal({ sent.json, sent.once }, { { title = "x", meta = { price = 2 } }, true })
end)

test("a boolean without a value is written as false, of meta too; other meta is taken away", function()
  local kept = properties.meta
  properties.meta = { type = "object", properties = { price = { type = "number" }, hot = { type = "boolean" } } }
  local call, fake = blog(many(1), nil, { { "POST /wp%-json/wp/v2/posts/1", { body = row(1, { meta = { price = 0, hot = false } }) } } })
  local where = posts("meta.price", "meta.hot")
  for _, field in ipairs(assert(call.describe(where)).fields) do
    if field.name == "meta.hot" then equal(field.type, { kind = "bool", form = "json", null_is_false = true }) end
  end
  assert(call.update(where, "1", { meta = { price = null, hot = null } }))
  properties.meta = kept
  equal(fake.asked "POST .*"[1].json, { meta = { price = null, hot = false } })
end)

test("title and title.raw are the same text in two shapes", function()
  local call = blog(many(2))
  equal(assert(call.list(posts "title", nil, 5)).records[1].fields, { title = "t1" })
  equal(assert(call.list(posts "title.raw", nil, 5)).records[1].fields, { title = { raw = "t1" } })
  local found = assert(call.find(posts "title.raw", array { array { { field = "title.raw", value = "t2" } } }))
  equal(found[1][1].key, "2")
end)

test("a poll looks back two hours where the zone may change its clocks, a day more after the zone was changed", function()
  local function asked_after(first, later)
    local call, fake = blog(many(1), nil, { { "GET /wp%-json/", first, first, later } })
    local cursor = assert(call.start(posts "title"))
    cursor.scan.mark = "2026-11-30T12:00:00Z"
    assert(call.changes(posts "title", cursor, 50))
    for _, seen in ipairs(fake.requests) do
      if seen.query.modified_after then return seen.query.modified_after end
    end
  end
  equal(asked_after(site(), site()), "2026-11-30T10:00:00Z")
  equal(asked_after(site "Europe/Berlin", site "Europe/Berlin"), "2026-11-30T10:00:00Z")
  equal(asked_after(site(), site("America/New_York", -5)), "2026-11-29T08:00:00Z")
end)

test("a planned post does not carry the mark into the future, one of the past is found by its id", function()
  local rows = many(3)
  local call, fake = blog(rows)
  local cursor = assert(call.start(posts "title"))
  rows[4] = row(4, { modified = "2001-01-01T00:00:00", modified_gmt = "2001-01-01T00:00:00" })
  rows[5] = row(5, { modified = "2040-01-01T00:00:00", modified_gmt = "2040-01-01T00:00:00" })
  local seen, page = {}, nil
  repeat
    page = assert(call.changes(posts "title", page and page.cursor or cursor, 50))
    for _, record in ipairs(page.records) do seen[record.key] = record end
  until not page.more
  ok(seen["4"] and seen["5"])
  equal(seen["5"].modified, nil)
  ok(page.cursor.scan.mark < "2026-11-30T13", page.cursor.scan.mark)
  equal(page.cursor.newest, 5)
  ok(#fake.requests < 20)
end)

test("a planned post that comes out by its date is seen, though nothing moves its time, and handed out once", function()
  local rows = many(3)
  for _, one in ipairs(rows) do one.modified, one.modified_gmt, one.date, one.date_gmt = "2026-11-20T10:00:00", "2026-11-20T10:00:00", "2026-11-20T10:00:00", "2026-11-20T10:00:00" end
  rows[2].status, rows[2].date, rows[2].date_gmt = "future", "2026-11-30T12:00:00", "2026-11-30T12:00:00"
  local call = blog(rows)
  local where, cursor = posts("title", "status"), nil
  local function poll()
    local found = {}
    local page
    repeat
      page = assert(call.changes(where, cursor, 50))
      for _, record in ipairs(page.records) do found[#found + 1] = record.key .. " " .. record.fields.status end
      cursor = page.cursor
    until not page.more
    return found
  end
  cursor = assert(call.start(where))
  cursor.scan.mark = "2026-11-30T11:59:00Z"
  equal(poll(), {})
  rows[2].status = "publish"
  equal(poll(), { "2 publish" })
  equal(poll(), {})
end)

test("a post that we moved to the trash comes back with the status it had; of others nobody knows it", function()
  local rows = many(3)
  rows[2].status, rows[3].status = "private", "trash"
  local one = "/wp%-json/wp/v2/posts/"
  local call, fake = blog(rows, nil, { { "GET " .. one .. "2", function() return { body = rows[2] } end }, { "GET " .. one .. "3", { body = rows[3] } },
    { "DELETE " .. one .. "2", function() rows[2].status = "trash" return { body = rows[2] } end },
    { "POST " .. one .. "2", function(request) rows[2].status = request.json.status return { body = rows[2] } end } })
  local where = posts("title", "status")
  equal(assert(call.delete(where, "2")), true)
  equal(assert(call.put_back(where, "2")).fields.status, "private")
  equal(assert(call.put_back(where, "2")).fields.status, "private")
  equal(#fake.asked("POST " .. one .. "2"), 1)
  tap.fails("invalid", call.put_back(where, "3"))
end)

test("terms of a post that are not there are asked for before they are written", function()
  local call, fake = blog(many(1), nil, { { "GET /wp%-json/wp/v2/categories", { body = { { id = 7 } }, headers = { ["x-wp-total"] = "1" } } },
    { "POST /wp%-json/wp/v2/posts/1", { body = row(1, { categories = array { 7 } }) } } })
  local _, err = call.update(posts "categories", "1", { categories = array { "7", "8" } })
  ok(err.message:find("there is no category 8", 1, true), err.message)
  equal(#fake.asked "POST .*", 0)
  equal(assert(call.update(posts "categories", "1", { categories = array { "7" } })).fields.categories, { 7 })
  equal(#fake.asked "GET .*categories", 1)
end)

test("a taxonomy that is not there is named with the one that was meant", function()
  local call = blog({}, nil, { { "GET /wp%-json/wp/v2/taxonomies/tag", { status = 404, body = { code = "rest_taxonomy_invalid", message = "Invalid taxonomy." } } },
    { "GET /wp%-json/wp/v2/taxonomies", { body = { category = { slug = "category" }, post_tag = { slug = "post_tag" } } } } })
  local _, err = call.describe { name = "tag", word = "taxonomy", key = array { "id" }, fields = array {}, options = object {} }
  ok(err.message:find("there is no taxonomy 'tag' (did you mean 'post_tag'?)", 1, true), err.message)
end)

test("a site that takes no application passwords says so", function()
  local out = { status = 401, body = { code = "rest_not_logged_in", message = "You are not currently logged in.", data = { status = 401 } } }
  local function hint(authentication)
    local index = site()
    index.body.authentication = authentication
    return tap.fails("denied", blog({}, nil, { { "GET /wp%-json/", index }, { "GET /wp%-json/wp/v2/users/me", out } }).test()).hint
  end
  ok(hint(array {}):find("takes no application passwords", 1, true))
  ok(hint({ ["application-passwords"] = { endpoints = {} } }):find("not revoked", 1, true))
end)

test("what failures mean", function()
  local function met(status, body, headers)
    local call = blog(many(1), nil, { { "GET /wp%-json/wp/v2/posts", { status = status, body = body, headers = headers } }, { "GET /wp%-json/wp/v2/posts/1", { status = status, body = body } },
      { "POST /wp%-json/wp/v2/posts/1", { status = status, body = body, headers = headers } } })
    local _, read = call.list(posts "title", nil, 5)
    local _, write = call.update(posts "title", "1", { title = "x" })
    return { read.code, write.code }, write
  end
  local function said(code, message, more) return { code = code, message = message or "", data = more } end
  equal(met(401, said "rest_not_logged_in"), { "denied", "denied" })
  equal(met(403, said "rest_cannot_edit"), { "invalid", "invalid" })
  equal(met(403, "<html>firewall</html>"), { "unavailable", "unknown" })
  equal(met(503, "<html>Briefly unavailable for scheduled maintenance</html>"), { "unavailable", "unknown" })
  equal(met(200, "<br />\n<b>Deprecated</b>: x []"), { "unavailable", "unknown" })
  equal(met(429, "{}", { ["retry-after"] = "7" }), { "throttled", "throttled" })
  equal(met(404, "<html>Not Found</html>"), { "unavailable", "unavailable" })
  equal(met(404, said "rest_post_invalid_id"), { "invalid", "not_found" })
  local codes, err = met(400, said("rest_invalid_param", "Invalid parameter(s): author", { params = { author = "author is not of type integer." } }))
  equal(codes, { "invalid", "invalid" })
  ok(err.message:find("author is not of type integer", 1, true), err.message)
  local refused, refusal = met(500, said("rest_invalid_stored_value", "The hot property has an invalid stored value, and cannot be updated to null."))
  equal(refused, { "invalid", "invalid" })
  ok(refusal.message:find("invalid stored value", 1, true), refusal.message)
  local broken, breakage = met(500, said("internal_server_error", "There has been a critical error on this website."))
  equal(broken, { "unavailable", "unknown" })
  ok(breakage.message:find("the server answered 500: internal_server_error: There has been a critical error", 1, true), breakage.message)
  equal(met(500, said("db_update_error", "Could not update post in the database.")), { "unavailable", "unknown" })
end)

test("a signed message of the plugin is known by its proof and its place", function()
  local _, _, side = blog {}
  equal({ side.proof.kind, side.proof.encoding, side.proof.header, side.proof.secret }, { "hmac-sha256", "hex", "X-Tidewire-Signature", "webhook_secret" })
  equal({ side.payload.collection[1], side.payload.key[1], side.payload.deletes[1] }, { "collection", "key", "trashed" })
end)

test("a status that the user may not ask for any more is a missing right, not a wrong value", function()
  local refusal = { code = "rest_invalid_param", message = "Invalid parameter(s): status", data = { status = 400, params = { status = "Status is forbidden." },
    details = { status = { code = "rest_forbidden_status", message = "Status is forbidden.", data = { status = 403 } } } } }
  local call = blog({}, nil, { { "GET /wp%-json/wp/v2/posts", { status = 400, body = refusal } } })
  local err = tap.fails("denied", call.list(posts "title", nil, 10))
  ok(err.message:find("Status is forbidden", 1, true) and err.hint:find("Editor", 1, true), tostring(err))
  refusal.data.details.status.code = "rest_not_in_enum"
  call = blog({}, nil, { { "GET /wp%-json/wp/v2/posts", { status = 400, body = refusal } } })
  tap.fails("invalid", call.list(posts "title", nil, 10))
end)

-- Some web servers answer 404 to what is no file, others hand it to WordPress, which shows its front page.
for _, page in ipairs { { status = 404, body = "<html><title>Page not found</title>" }, { body = "<!DOCTYPE html><html><title>Our blog</title>" } } do
  test("where the permalinks are switched while we run, the API is found in its other place: " .. (page.status or 200), function()
    local plain = false
    local rows = many(2)
    local call = blog(rows, nil, {
      { "GET /wp%-json/wp/v2/posts/1", function() return plain and page or { body = row(1) } end },
      { "GET /wp%-json/", function() return plain and page or site() end },
      { "GET /", function(request)
        if request.query.rest_route == "/" then return site() end
        return request.query.rest_route == "/wp/v2/posts/1" and { body = row(1) } or page
      end },
    })
    equal(#assert(call.read(posts "title", array { "1" })), 1)
    plain = true
    tap.fails("unavailable", call.read(posts "title", array { "1" }))
    equal(#assert(call.read(posts "title", array { "1" })), 1)
  end)
end
