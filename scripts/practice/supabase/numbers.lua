-- PostgreSQL's numbers as text: numeric of any size, its rounding, and a text that sorts as the number does.
local M = {}

--- "-12.50e1" -> { negative, whole = "125", fraction = "0" }; nil where `text` is no decimal number.
function M.parse(text)
  local sign, whole, fraction, exponent = text:match("^%s*([+-]?)(%d*)%.?(%d*)[eE]?([+-]?%d*)%s*$")
  if not sign or whole .. fraction == "" then return nil end
  if exponent ~= "" or text:find("[eE]") then
    local shift = tonumber(exponent)
    if not shift or math.abs(shift) > 10000 then return nil end
    if shift >= 0 then
      fraction = fraction .. ("0"):rep(shift - #fraction)
      whole, fraction = whole .. fraction:sub(1, shift), fraction:sub(shift + 1)
    else
      whole = ("0"):rep(-shift - #whole) .. whole
      whole, fraction = whole:sub(1, #whole + shift), whole:sub(#whole + shift + 1) .. fraction
    end
  end
  whole = whole:gsub("^0+", "")
  return { negative = sign == "-", whole = whole, fraction = fraction }
end

function M.is_zero(it)
  return it.whole == "" and not it.fraction:find("[1-9]")
end

--- The way PostgreSQL writes it: all digits, the scale kept.
function M.text(it)
  local out = it.whole == "" and "0" or it.whole
  if it.fraction ~= "" then out = out .. "." .. it.fraction end
  return (it.negative and not M.is_zero(it)) and "-" .. out or out
end

local function increment(digits)
  local head, tail = digits:match("^(.-)(9*)$")
  if head == "" then return "1" .. ("0"):rep(#tail) end
  return head:sub(1, -2) .. string.char(head:byte(-1) + 1) .. ("0"):rep(#tail)
end

--- Rounded half away from zero to exactly `scale` digits.
function M.round(it, scale)
  local whole, fraction = it.whole, it.fraction
  if #fraction <= scale then
    fraction = fraction .. ("0"):rep(scale - #fraction)
  else
    local up = fraction:byte(scale + 1) >= 53
    fraction = fraction:sub(1, scale)
    if up then
      local digits = increment(whole .. fraction)
      whole, fraction = digits:sub(1, #digits - scale), digits:sub(#digits - scale + 1)
    end
  end
  return { negative = it.negative, whole = (whole:gsub("^0+", "")), fraction = fraction }
end

local function complement(digit)
  return 9 - tonumber(digit)
end

--- Text whose byte order is the numbers' order: sign, exponent, digits; of a negative number their complements.
function M.key(it)
  if M.is_zero(it) then return "5" end
  local digits = (it.whole .. it.fraction):gsub("^0+", ""):gsub("0+$", "")
  local exponent = #it.whole
  if exponent == 0 then exponent = -#it.fraction:match("^0*") end
  if not it.negative then return ("6%05d%s"):format(50000 + exponent, digits) end
  return ("4%05d%s~"):format(50000 - exponent, (digits:gsub("%d", complement)))
end

-- NaN is the greatest of all, as PostgreSQL orders it.
M.special = {
  nan = { '"NaN"', "9" }, infinity = { '"Infinity"', "8" }, ["+infinity"] = { '"Infinity"', "8" }, inf = { '"Infinity"', "8" },
  ["-infinity"] = { '"-Infinity"', "2" }, ["-inf"] = { '"-Infinity"', "2" },
}

--- The shortest text that reads back as the same double (or, for real, the same float of six digits).
function M.float(value, digits)
  for precision = digits or 15, 17 do
    local text = ("%." .. precision .. "g"):format(value)
    if digits == 6 or tonumber(text) == value then return text end
  end
end

return M
