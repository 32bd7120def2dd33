--- The smaller number, the earlier date, the text that sorts first. What cannot be compared is left to a person.
local values = require "tidewire.mapping.values"

return function(dispute)
  if dispute.left == nil then return "right" end
  if dispute.right == nil then return "left" end
  local order = values.compare(dispute.left, dispute.right_as_left, dispute.kind)
  if order == nil then return "manual" end
  return order > 0 and "right" or "left"
end
