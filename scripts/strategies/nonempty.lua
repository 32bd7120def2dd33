--- The side that has something; where both have, the later edit.
local function empty(value)
  return value == nil or value == "" or (type(value) == "table" and next(value) == nil)
end

return function(dispute)
  if empty(dispute.left) then return "right" end
  if empty(dispute.right) then return "left" end
  return dispute.newer or dispute.tie or "left"
end
