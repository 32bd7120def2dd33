--- Every element that either side has: the left's in their order, then what only the right has.
local elements = require "tidewire.mapping.elements"

return function(dispute)
  local left, right = elements.of(dispute.left), elements.of(dispute.right_as_left)
  if not left or not right or (dispute.right ~= nil and dispute.right_as_left == nil) then return "manual" end
  local seen, result = {}, {}
  for _, list in ipairs { left, right } do
    for _, element in ipairs(list) do
      local name = elements.name(element)
      if not seen[name] then
        seen[name] = true
        result[#result + 1] = element
      end
    end
  end
  return { value = elements.like(result, dispute.left, dispute.right_as_left) }
end
