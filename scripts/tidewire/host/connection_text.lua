--- The text of connections/NAME.lua for { kind, config }: what the admin page saves.

local write = require "tidewire.write"

local order = { "url", "host", "port", "socket", "database", "user", "login" }

return function(_, argument)
  local lines = { "-- Saved by the admin page. Edit it there or here; its secrets stand in .env.", "return " .. argument.kind .. " {" }
  for _, line in ipairs(write.lines(argument.config, order)) do lines[#lines + 1] = line end
  lines[#lines + 1] = "}\n"
  return { text = table.concat(lines, "\n") }
end
