--- Both edits where they do not touch: keys of objects, elements of lists and sets. A clash goes to the tie side.
local elements = require "tidewire.mapping.elements"
local json = require "tidewire.json"
local values = require "tidewire.mapping.values"

local null = json.null

local function is_object(value) return type(value) == "table" and not elements.is_list(value) end

local merged

-- Per key: the side that changed it, both where they agree, the tie side in a clash. nil: the key is gone.
local function merged_objects(base, left, right, tie)
  local result, names = {}, {}
  for _, object in ipairs { base, left, right } do
    for name in pairs(object) do names[name] = true end
  end
  for name in pairs(names) do result[name] = merged(base[name], left[name], right[name], tie) end
  return result
end

local function merged_lists(base, left, right)
  local removed = elements.counts(base)
  for name, count in pairs(elements.counts(right)) do removed[name] = (removed[name] or 0) - count end
  local added, result = elements.counts(right), json.array {}
  for name, count in pairs(elements.counts(base)) do added[name] = (added[name] or 0) - count end
  local in_base = elements.counts(base)
  for _, element in ipairs(left) do
    local name = elements.name(element)
    if (removed[name] or 0) > 0 then removed[name] = removed[name] - 1
    else
      result[#result + 1] = element
      -- What the left added too stands once.
      if (in_base[name] or 0) > 0 then in_base[name] = in_base[name] - 1
      elseif (added[name] or 0) > 0 then added[name] = added[name] - 1 end
    end
  end
  for _, element in ipairs(right) do
    local name = elements.name(element)
    if (added[name] or 0) > 0 then
      added[name] = added[name] - 1
      result[#result + 1] = element
    end
  end
  return result
end

function merged(base, left, right, tie)
  if values.same(left, right) or values.same(right, base) then return left end
  if values.same(left, base) then return right end
  if is_object(left) and is_object(right) then return merged_objects(is_object(base) and base or {}, left, right, tie) end
  if elements.is_list(left) and elements.is_list(right) then
    return merged_lists(elements.is_list(base) and base or {}, left, right)
  end
  if tie == "right" then return right end
  return left
end

-- Some systems keep JSON in a text.
local function opened(value, kind)
  if kind ~= "json" or type(value) ~= "string" then return value, false end
  return json.decode(value), true
end

return function(dispute)
  local tie = dispute.tie or "left"
  if dispute.right ~= nil and dispute.right_as_left == nil then return tie end
  local left, is_text = opened(dispute.left, dispute.kind)
  local right = opened(dispute.right_as_left, dispute.kind)
  if type(left) ~= "table" or type(right) ~= "table" then return tie end
  local result = merged(opened(dispute.base and dispute.base.left, dispute.kind), left, right, tie)
  if result == nil then return { value = null } end
  return { value = is_text and json.encode(result) or result }
end
