--- For lists and texts that grow: what the left has, then the elements (of a text: lines) that the right added since.
--- By elements, not by comparing beginnings: an element that both added the same number of times stands once.
local elements = require "tidewire.mapping.elements"

return function(dispute)
  local left, right = elements.of(dispute.left), elements.of(dispute.right_as_left)
  if not left or not right or (dispute.right ~= nil and dispute.right_as_left == nil) then return "manual" end
  local known = elements.counts(left)
  local base = elements.of(dispute.base and dispute.base.left) or {}
  for name, count in pairs(elements.counts(base)) do known[name] = math.max(known[name] or 0, count) end
  local result = {}
  for i, element in ipairs(left) do result[i] = element end
  for _, element in ipairs(right) do
    local name = elements.name(element)
    if (known[name] or 0) > 0 then known[name] = known[name] - 1 else result[#result + 1] = element end
  end
  return { value = elements.like(result, dispute.left, dispute.right_as_left) }
end
