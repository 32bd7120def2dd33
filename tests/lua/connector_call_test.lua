-- profile: io
-- The call that the connectors share, against headers of servers that are wrong or unusual.

local tap = require "tap"
local connector = require "tidewire.connector"
local fake_http = require "fake_http"

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

tap.test("a refusal by something in between is no fault of what was read, but of what was too long", function()
  local function code(status, body, writes) return select(2, ask({ status = status, body = body }, writes)).code end
  tap.equal({ code(400, "<html>"), code(418, ""), code(400, "<html>", true), code(414, "<html>"), code(400, {}) },
    { "unavailable", "unavailable", "invalid", "invalid", "invalid" })
end)
