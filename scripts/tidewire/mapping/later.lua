--- What the language knows and this version does not do: said plainly where it is used, in one place.

local report = require "tidewire.host.report"

local M = {}

local function set(...)
  local result = {}
  for _, name in ipairs { ... } do result[name] = true end
  return result
end

--- Keys of a mapping.
M.mapping = set "trust_payload"
--- Members of a connection that are no collections: verbs of `lifecycle`.
M.members = set "amend"

function M.refuse(name, place) report.refuse(place or report.where(), name .. " is not available in this version") end

return M
