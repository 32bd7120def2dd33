--- Conversions of numbers, exact: factors, percentages, minor units of a currency.

local decimal = require "tidewire.decimal"
local outcome = require "tidewire.mapping.outcome"
local pairs_of = require "tidewire.transform.pair"
local values = require "tidewire.mapping.values"

local M = {}

local dec, divide = decimal.dec, decimal.divide

local function number_of(value)
  return values.number(value, "decimal") or nil, ("'%s' is no number"):format(values.shown(value))
end

local function computed(compute)
  return function(value)
    if values.empty(value) then return nil end
    local number, why = number_of(value)
    if not number then return outcome.dead(why) end
    return compute(number)
  end
end

-- Without the zeros that a division leaves behind.
local function shortest(number)
  local whole, rest = number:text():match "^(-?%d+)%.(%d-)0*$"
  if not whole then return values.plain(number) end
  return values.plain(dec(rest == "" and whole or whole .. "." .. rest))
end

local function is_power_of_ten(factor) return factor:text():find "^10*%.?0*$" ~= nil or factor:text():find "^0%.0*10*$" ~= nil end

--- The right is the left, of `places` digits after the point where they are said, times `factor`. The way back divides, to as many digits where the
--- factor is no power of ten.
function M.scale(factor, places)
  local ok, times = pcall(dec, factor)
  if not ok or times == dec(0) then error("t.scale takes a factor that is not zero: t.scale(100) or t.scale \"1.19\"", 2) end
  if places ~= nil and (type(places) ~= "number" or places < 0 or places > 30 or places % 1 ~= 0) then
    error("the second argument of t.scale is a number of digits: t.scale(\"1.19\", 2)", 2)
  end
  local exact = is_power_of_ten(times)
  local function rounded(number) return places and number:round(places) or number end
  return pairs_of.make("t.scale", {
    lossy = places ~= nil or not exact,
    to_right = computed(function(number) return values.plain(rounded(number) * times) end),
    to_left = computed(function(number) return shortest(rounded(divide(number, times, exact and 40 or places or 10))) end),
  })
end

--- A share of one on the left (0.19), per cent on the right (19).
M.percent = pairs_of.bare("t.percent", M.scale(100))

-- Digits of the minor unit by ISO 4217; two for all others.
local digits = { CLF = 4, UYW = 4 }
for code in ("BHD IQD JOD KWD LYD OMR TND"):gmatch "%u+" do digits[code] = 3 end
for code in ("BIF CLP DJF GNF ISK JPY KMF KRW PYG RWF UGX UYI VND VUV XAF XOF XPF"):gmatch "%u+" do digits[code] = 0 end

--- An amount on the left (12.34) <-> whole minor units on the right (1234): t.minor "EUR", t.minor "JPY".
function M.minor(currency)
  if type(currency) ~= "string" or not currency:find "^%u%u%u$" then error("t.minor takes a currency: t.minor \"EUR\"", 2) end
  local places = digits[currency] or 2
  local unit = dec("1" .. ("0"):rep(places))
  return pairs_of.make("t.minor", {
    to_right = computed(function(number)
      if number ~= number:round(places) then return outcome.dead(("%s has more digits than %s"):format(number:text(), currency)) end
      return values.plain(number * unit)
    end),
    to_left = computed(function(number)
      if number ~= number:round(0) then return outcome.dead(number:text() .. " is no whole number of minor units") end
      return divide(number, unit, places)
    end),
    left_type = { kind = "decimal", scale = places }, right_type = { kind = "int" },
  })
end

return M
