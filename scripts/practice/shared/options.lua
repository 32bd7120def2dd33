-- The options of a practice server's command line.

local text = require "tidewire.text"

local M = {}

--- Raises that the command line is wrong.
function M.refuse(server, message)
  error({ code = "invalid", message = ("practice %s: %s"):format(server, message), hint = ("what it takes: at the top of scripts/practice/%s.lua"):format(server) }, 0)
end

--- Raises unless every option is one of `known`.
function M.check(server, options, known)
  for name in pairs(options) do
    local found = false
    for _, word in ipairs(known) do found = found or word == name end
    if not found then M.refuse(server, ("unknown option --%s%s"):format(name, text.did_you_mean(name, known))) end
  end
end

--- A switch: --name, --name on, --name off; `default` where it is not there.
function M.is_on(value, default)
  if value == nil then return default or false end
  return value ~= false and value ~= "off" and value ~= "false"
end

return M
