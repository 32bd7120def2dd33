local tap = require "tap"
local time = require "tidewire.time"

local test, equal = tap.test, tap.equal

test("time: reads and writes instants", function()
  local seconds, micros = time.parse "2024-05-01T10:11:12.000013Z"
  equal({ seconds, micros }, { 1714558272, 13 })
  equal(time.format(seconds, micros), "2024-05-01T10:11:12.000013Z")
  equal(time.format(0.5), "1970-01-01T00:00:00.5Z")
  equal((time.parse "1969-12-31T23:59:59.5Z"), -1)
  equal((time.parse "2024-05-01 12:11:12+02:00"), 1714558272)
  tap.fails("invalid", time.parse "2024-05-01T10:11:12")
  tap.fails("invalid", time.parse "2024-02-30T00:00:00Z")
  tap.raises(function() time.format(1e15) end, "beyond the years")
end)

test("time: walls have zones", function()
  equal(time.to_local("2024-05-01T10:11:12.000013Z", "Europe/Berlin"), "2024-05-01 12:11:12.000013")
  equal(time.from_local("2024-05-01 12:11:12.000013", "Europe/Berlin"), "2024-05-01T10:11:12.000013Z")
  equal(time.from_local("2024-01-01", "Asia/Kolkata"), "2023-12-31T18:30:00Z")
  tap.fails("not_found", time.to_local("2024-05-01T10:11:12Z", "Europe/Berlinn"))
  tap.fails("invalid", time.from_local("yesterday", "UTC"))
end)

test("time: adds and compares", function()
  equal(time.add("2024-02-28T23:59:59Z", 1.5), "2024-02-29T00:00:00.5Z")
  equal(time.add("2024-05-01T00:00:00Z", -0.000001), "2024-04-30T23:59:59.999999Z")
  equal(time.compare("2024-05-01T10:00:00Z", "2024-05-01T12:00:00+02:00"), 0)
  equal(time.compare("2024-05-01T10:00:00.000001Z", "2024-05-01T10:00:00Z"), 1)
  tap.fails("invalid", time.compare("x", "2024-05-01T10:00:00Z"))
  tap.raises(function() time.add("2024-05-01T00:00:00Z", 1e300) end, "number of seconds")
end)

test("time: a pure script has no clock", function()
  equal(time.now, nil)
  equal(time.clock, nil)
end)
