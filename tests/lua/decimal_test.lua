local tap = require "tap"
local decimal = require "tidewire.decimal"
local json = require "tidewire.json"

local test, equal, dec = tap.test, tap.equal, decimal.dec

test("decimal: arithmetic is exact", function()
  equal(tostring(dec "0.1" + dec "0.2"), "0.3")
  equal(tostring(dec "1.19" * 3), "3.57")
  equal(tostring(3 * dec "1.19"), "3.57")
  equal(tostring(dec "1.00" - "0.01"), "0.99")
  equal(tostring(-dec "5"), "-5")
  equal(tostring(dec "18446744073709551616" + 1), "18446744073709551617")
end)

test("decimal: compares by value", function()
  equal(dec "1.50" == dec "1.5", true)
  equal(dec "1.5" < dec "1.50001", true)
  equal(dec "-2" <= dec(-2), true)
  equal(dec "10" > dec "9.99", true)
end)

test("decimal: comparing with a number says what to write", function()
  tap.raises(function() return dec "1" < 2 end, "attempt to compare")
end)

test("decimal: rounding and dividing", function()
  equal(dec("2.345"):round(2):text(), "2.35")
  equal(dec("-2.345"):round(2):text(), "-2.35")
  equal(dec("1234"):round(-2):text(), "1200")
  equal(dec("1"):round(3):text(), "1.000")
  equal(decimal.divide(dec "1", 3, 4):text(), "0.3333")
  equal(decimal.divide("2.5", "1", 0):text(), "2")
  equal(dec("12.50"):number(), 12.5)
  tap.fails("invalid", decimal.divide(1, 0, 2))
  tap.raises(function() return dec "1" / 3 end, "decimal.divide")
  tap.raises(function() return dec("1"):round(1e9) end, "number of places")
end)

test("decimal: reads numbers of Lua and refuses what is none", function()
  equal(tostring(dec(0.1)), "0.1")
  equal(tostring(dec(2 ^ 53)), "9007199254740992")
  equal(decimal.is(dec "1"), true)
  equal(decimal.is(1), false)
  for _, wrong in ipairs { "", "abc", "1,5", "0x10", "1e", " 1" } do
    tap.raises(function() dec(wrong) end, "is no decimal number")
  end
  tap.raises(function() dec {} end, "a table is no decimal number")
  tap.raises(function() dec() end, "bad argument")
  tap.raises(function() dec(0 / 0) end, "is no decimal number")
end)

test("decimal: numbers stay within bounds", function()
  tap.raises(function()
    local d = dec "9"
    for _ = 1, 60 do d = d * d end
  end, "more than 10000 digits")
  tap.raises(function()
    local d = dec "0.1"
    for _ = 1, 60 do d = d * d end
  end, "more than 10000 digits")
end)

test("decimal: text around it and JSON keep the digits", function()
  equal("total " .. dec "12.50" .. " EUR", "total 12.50 EUR")
  equal(json.encode { price = dec "12.50" }, '{"price":12.50}')
end)
