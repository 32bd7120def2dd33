--- Both changes count: base + (left - base) + (right - base). Without a base nobody knows what was added.
local decimal = require "tidewire.decimal"
local values = require "tidewire.mapping.values"

local zero = decimal.dec(0)

local function number(value, kind)
  if value == nil or value == "" then return zero end
  return values.number(value, kind)
end

return function(dispute)
  if dispute.base == nil then return "manual" end
  local kind = dispute.kind or "decimal"
  local base, left = number(dispute.base.left, kind), number(dispute.left, kind)
  if dispute.right ~= nil and dispute.right_as_left == nil then return "manual" end
  local right = number(dispute.right_as_left, kind)
  if not (base and left and right) then return "manual" end
  return { value = values.plain(left + right - base) }
end
