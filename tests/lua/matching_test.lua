-- profile: io
-- Conditions on records that a system cannot be asked for.

local tap = require "tap"
local json = require "tidewire.json"
local dec = require("tidewire.decimal").dec
local matching = require "tidewire.matching"

local function fits(value, op, wanted)
  return matching.fits({ { field = "f", op = op, value = wanted } }, function() return value end)
end

tap.test("numbers are in their own order, whatever they are kept as", function()
  tap.equal({ fits(dec "10.5", ">", 9), fits(9, "<", dec "10.5"), fits(dec "10.5", "<=", 10), fits(dec "9", ">=", 9), fits(100, ">", dec "20.25") },
    { true, true, false, true, true })
  tap.equal(fits(dec "9007199254740993", ">", dec "9007199254740992"), true)
end)

tap.test("texts are in the order of texts, and nothing is in none", function()
  tap.equal({ fits("b", ">", "a"), fits("2024-05-01", "<", "2024-06-01"), fits(json.null, ">", 1), fits(json.null, "<", 1), fits({}, "<", 1) },
    { true, true, false, false, false })
end)
