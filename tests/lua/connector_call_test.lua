-- profile: io
-- The call that the connectors share, against headers of servers that are wrong or unusual.

local tap = require "tap"
local connector = require "tidewire.connector"
local creates = require "tidewire.creates"
local fake_http = require "fake_http"
local text = require "tidewire.text"

local function ask(answer, writes)
  local conn = { config = {}, state = {}, http = fake_http.new { { "GET /", answer } } }
  local reply, err = connector.call(conn, { method = "GET", url = "https://a.example/", writes = writes })
  return reply, err, conn
end

tap.test("a date that is no time tells nothing, and a leap second is a time", function()
  local reply, _, conn = ask { headers = { date = "Fri, 31 Feb 2026 10:00:00 GMT" }, body = {} }
  tap.equal({ reply.status, conn.state.clock_offset }, { 200 })
  reply, _, conn = ask { headers = { date = "Wed, 31 Dec 2025 23:59:60 GMT" }, body = {} }
  tap.equal({ reply.status, conn.state.server_date }, { 200, "2025-12-31T23:59:59Z" })
  local date = { ["retry-after"] = "Fri, 31 Feb 2026 10:00:00 GMT", date = "Fri, 31 Feb 2026 10:00:00 GMT" }
  local _, err = ask { status = 503, headers = date, body = {} }
  tap.equal({ err.code, err.retry_after }, { "unavailable" })
  local half = { ["retry-after"] = "Fri, 27 Feb 2099 10:00:00 GMT", date = "Fri, 31 Feb 2026 10:00:00 GMT" }
  _, err = ask { status = 429, headers = half, body = {} }
  tap.equal({ err.code, err.retry_after > 0 }, { "throttled", true })
end)

tap.test("a Retry-After is a number of seconds or a date, and nothing that only Lua takes for a number", function()
  local function wait(value) return select(2, ask { status = 429, headers = { ["retry-after"] = value }, body = {} }).retry_after end
  tap.equal({ wait "0", wait "2.5", wait "120", wait(("9"):rep(400)) }, { 0, 2.5, 120, 1e8 })
  for _, value in ipairs { "inf", "nan", "-inf", "0x10", "1e30", "-5", "soon", "" } do tap.equal(wait(value), nil, value) end
end)

tap.test("the title of a page is not cut within a letter", function()
  for length = 50, 62 do
    local _, err = ask { status = 502, body = "<html><title>" .. ("x"):rep(length) .. "日本語の画面</title>" }
    tap.ok(text.valid(err.message), err.message)
    tap.ok(err.message:find("xx", 1, true), err.message)
  end
end)

tap.test("a refusal by something in between is no fault of what was read, but of what was too long", function()
  local function code(status, body, writes) return select(2, ask({ status = status, body = body }, writes)).code end
  tap.equal({ code(400, "<html>"), code(418, ""), code(400, "<html>", true), code(414, "<html>"), code(400, {}) },
    { "unavailable", "unavailable", "invalid", "invalid", "invalid" })
end)

tap.test("who does not answer at all is to be looked for", function()
  local _, err = ask { fails = "unavailable" }
  tap.equal({ err.code, err.hint }, { "unavailable", "does it run, and does `url` name it? It is tried again by itself" })
  _, err = ask({ fails = "unknown" }, true)
  tap.equal({ err.code, err.hint }, { "unknown" })
end)

tap.test("a page in the place of an answer is told by its title, with what to do", function()
  local function told(status, body) local _, err = ask { status = status, body = body } return { err.code, err.message, err.hint } end
  tap.equal(told(502, "<html><head><title>502 Bad Gateway</title></head>"), { "unavailable", "the server answered 502 with a page of HTML, '502 Bad Gateway'",
    "the trouble is there, or with a proxy before it; it is tried again by itself" })
  tap.equal(told(403, "<title>Just a moment...</title>"), { "denied", "the server answered 403 with a page of HTML, 'Just a moment...'",
    "check the key and the role's permissions; a firewall or a proxy before it may have answered" })
  tap.equal(told(429, ""), { "throttled", "the server answered 429", 'too many calls: limits = { rate = "2/s" } of the connection keeps below what it takes' })
end)

tap.test("an answer that is not the JSON which was promised is told with the reason and the place", function()
  local function said(body, pattern, hint)
    local _, err = ask { body = body }
    tap.equal(err.code, "unavailable")
    tap.ok(err.message:find("the answer is not the JSON that was promised: " .. pattern), err.message)
    tap.ok(err.hint:find(hint), err.hint)
  end
  said('{"name":"M\252ller"}', "it is not UTF%-8 at byte 10 of 17$", "another encoding")
  said('{"name":"caf\195', "it is not UTF%-8 at byte %d+ of 13$", "cut off within a letter")
  said('{"name":"\\udc00"}', "a lone surrogate at byte %d+ of 17$", "a proxy")
  said("<html>M\252ller", "it is a page of HTML$", "a login page")
  said("\n<!DOCTYPE html><head><TITLE>Log in\n  &middot; Example</title>", "it is a page of HTML, 'Log in &middot; Example'$", "does `url` name the system's own%?")
  said("<html><title>M\252ller</title>", "it is a page of HTML$", "a login page")
  said('{"a":[1,2', "Missing a comma or '%]' after an array element at byte 9 of 9$", "cut off")
  said("", "it is empty$", "a proxy")
  said('"maintenance"', "it is a single value and no object or list$", "a proxy")
  local _, err = ask({ body = "<html>" }, true)
  tap.equal(err.code, "unknown")
end)

tap.test("a row that is made under a key in another spelling is ours where all were made, and only there", function()
  local group = { { at = 1, row = { at = "2024-01-01T12:00:00Z" } }, { at = 2, row = { at = "2024-01-01T13:00:00Z" } } }
  local first, second = { key = "2024-01-01T12:00:00+00:00" }, { key = "2024-01-01T13:00:00+00:00" }
  local outcomes = {}
  tap.equal(#creates.deal(group, { first, second }, { "at" }, outcomes), 0)
  tap.equal({ outcomes[1].record == first, outcomes[2].record == second }, { true, true })
  outcomes = {}
  tap.equal({ #creates.deal(group, { second }, { "at" }, outcomes), outcomes }, { 2, {} })
end)

tap.test("of rows that were not made one that is in the way is told from what keeps them out in silence", function()
  local missing, outcomes = { { at = 1, row = { id = 1 } }, { at = 2, row = { id = 2 } }, { at = 3, row = { id = 3 } }, { at = 4, row = { id = 4 } } }, {}
  local answers = { [2] = {}, [3] = { { key = "3" } } }
  creates.settle(missing, { "id" }, outcomes, function(keys) return { { key = keys[1] } } end,
    function(item) return answers[item.row.id], { code = "stale", message = "its other unique value is taken" } end)
  tap.equal({ outcomes[1].error.code, outcomes[2].error.code, outcomes[3].record.key, outcomes[4].error.code }, { "stale", "invalid", "3", "stale" })
  creates.settle(missing, { "id" }, outcomes, function() return nil, { code = "unavailable" } end)
  tap.equal({ outcomes[1].error.code, outcomes[4].error.code }, { "unavailable", "unavailable" })
  creates.deal({ { at = 1, row = { name = "a" } }, { at = 2, row = { name = "b" } } }, {}, { "id" }, outcomes)
  tap.equal({ outcomes[1].error.code, outcomes[2].error.code }, { "invalid", "invalid" })
  creates.deal({ { at = 1, row = { name = "a" } }, { at = 2, row = { name = "b" } } }, { { key = "7" } }, { "id" }, outcomes)
  tap.equal({ outcomes[1].error.code, outcomes[2].error.code }, { "unknown", "unknown" })
end)

tap.test("where there is no way to a database it is said what to look after, unless it was said already", function()
  local tables = require "tidewire.tables"
  local function hint(code, message, said)
    local err = { code = code, message = message, hint = said }
    tables.hint_unreached(err)
    return err.hint
  end
  tap.ok(hint("unavailable", "no connection: 2002: Can't connect"):find "host and port")
  tap.ok(hint("denied", "no connection: 1045: Access denied"):find "user, password and database")
  tap.equal({ hint("unavailable", "no connection: x", "said"), hint("unknown", "no connection: x"), hint("denied", "1142: SELECT command denied") }, { "said" })
end)
