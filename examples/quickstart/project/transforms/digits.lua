-- A text of digits, with zeros in front, <-> a whole number: "004" <-> 4.
return function(width)
  return {
    to_right = function(text) return tonumber(text) end,
    to_left = function(number) return number and ("%0" .. width .. "d"):format(number) end,
  }
end
