--- The words of mapping files for modules, which have no environment of their own: shared mappings, transforms.
---
---   local m = require "tidewire.mapping"
---   return { fields = { m.same { "gender" } }, conflict = "newest" }

local words = require "tidewire.mapping.words"

local names = {}
for name in pairs(words.common) do names[#names + 1] = name end

return setmetatable({}, {
  __index = function(_, name)
    local value = words.common[name]
    if value ~= nil then return value end
    local suggest = require("tidewire.host.report").suggest
    error(("there is no word '%s'%s"):format(tostring(name), suggest(name, names)), 2)
  end,
  __newindex = function() error("the words of the language are read-only", 2) end,
})
