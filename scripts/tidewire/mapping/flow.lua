--- Directions: "both", "to_right", "to_left" under the names that people give them.

local report = require "tidewire.host.report"

local M = {}

local names = { both = "both", bidirectional = "both", left_to_right = "to_right", to_right = "to_right", right_to_left = "to_left",
  to_left = "to_left" }

--- What `value` means between these two ends; nil and a problem where it means nothing.
function M.of(c, value, key, at)
  if type(value) == "string" and names[value] then return names[value] end
  local known = report.names(names)
  if c.left.connection ~= c.right.connection then
    local there, back = c.left.connection .. "_to_" .. c.right.connection, c.right.connection .. "_to_" .. c.left.connection
    if value == there then return "to_right" end
    if value == back then return "to_left" end
    known[#known + 1], known[#known + 2] = there, back
  end
  local hint = report.suggest(value, known)
  if hint == "" then hint = key == "only" and " (it is to_right or to_left)" or " (it is both, left_to_right or right_to_left)" end
  c.r:problem(at, "unknown %s '%s'%s", key, tostring(value), hint)
end

--- True where values may travel towards `side`.
function M.reaches(flow, side) return flow == "both" or flow == "to_" .. side end

M.other = { left = "right", right = "left" }

return M
