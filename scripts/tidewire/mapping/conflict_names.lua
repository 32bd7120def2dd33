--- How a conflict rule is spelt, for mappings and for the defaults of tidewire.lua.

local M = {}

M.builtin = { "append", "left", "max", "merge", "min", "newest", "nonempty", "right", "sum_delta", "union" }
M.aliases = { last_modified_wins = "newest", latest_timestamp = "newest", source_wins = "left", target_wins = "right" }

--- Every name that means something where these words (connections, kinds) may win.
function M.all(winners)
  local names = { "manual", "webhook" }
  for _, name in ipairs(M.builtin) do names[#names + 1] = name end
  for name in pairs(M.aliases) do names[#names + 1] = name end
  for _, name in ipairs(winners) do names[#names + 1] = name .. "_wins" end
  return names
end

--- Whether the project, or Tidewire, has a file strategies/NAME.lua: one that is broken is told by whoever uses it.
function M.has_file(name)
  local module = "strategies." .. name
  local ok, result = pcall(require, module)
  local message = type(result) == "table" and result.message or tostring(result)
  return ok or not message:find("there is no module '" .. module .. "'", 1, true)
end

return M
