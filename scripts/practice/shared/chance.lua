-- Chance, by the row of numbers that --seed begins.

local practice = require "tidewire.practice"

local M = {}

--- True with this probability; nil is never.
function M.of(probability)
  return (probability or 0) > 0 and practice.random() < probability
end

--- Puts a list into another order.
function M.shuffle(list)
  for i = #list, 2, -1 do
    local j = 1 + math.floor(practice.random() * i)
    list[i], list[j] = list[j], list[i]
  end
end

return M
