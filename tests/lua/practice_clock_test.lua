-- profile: practice
-- The clock of a practice server, and what its answers say of it.
local clock = require "practice.shared.clock"
local server = require "tidewire.server"
local tap = require "tap"

tap.test("the date of an answer is English and in GMT, before 1970 too", function()
  tap.equal(clock.http_date "1994-11-06T08:49:37.9Z", "Sun, 06 Nov 1994 08:49:37 GMT")
  tap.equal(clock.http_date "2024-10-27T01:00:00.500000Z", "Sun, 27 Oct 2024 01:00:00 GMT")
  tap.equal(clock.http_date "1970-01-01T00:00:00Z", "Thu, 01 Jan 1970 00:00:00 GMT")
  tap.equal(clock.http_date "1969-12-31T23:59:59Z", "Wed, 31 Dec 1969 23:59:59 GMT")
end)

tap.test("answers carry the time of a clock that was turned, a dropped one stays dropped", function()
  local own = clock.new()
  local first = { status = 200, headers = { ["X-A"] = "1" }, body = "b" }
  local answer = first
  local handler = clock.dated(own, function() return answer end)

  tap.equal(handler {}, { status = 200, headers = { ["X-A"] = "1" }, body = "b" })
  own.set { at = "1994-11-06T08:49:37Z", frozen = true }
  tap.equal(handler {}, { status = 200, headers = { ["X-A"] = "1", Date = "Sun, 06 Nov 1994 08:49:37 GMT" }, body = "b" })
  tap.equal(first.headers.Date, nil)
  answer = { status = 204 }
  tap.equal(handler {}.headers, { Date = "Sun, 06 Nov 1994 08:49:37 GMT" })
  answer = server.drop
  tap.ok(handler {} == server.drop)
  own.set { skew = 0 }
  answer = first
  tap.equal(handler {}.headers, { ["X-A"] = "1" })
end)

tap.test("the clock of Supabase goes ahead, stands, and goes as the machine's again", function()
  local own = require "practice.supabase.clock".new()
  tap.equal(own.turned(), false)
  own.set { advance = 300 }
  tap.equal(own.turned(), true)
  own.set { reset = true, freeze = "2024-10-27T01:00:00Z" }
  tap.equal({ own.turned(), own.utc() }, { true, "2024-10-27T01:00:00Z" })
  own.set { reset = true }
  tap.equal(own.turned(), false)
end)
