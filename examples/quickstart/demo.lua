-- The job of the quick start, told while it is done. `run` starts it twice: before the daemon and beside it.
--
--   tidewire lua demo.lua --profile practice -- fill|live erp=URL app=URL share=DIR ...

local screen = require "demo.screen"

local settings = {}
for _, word in ipairs { select(2, ...) } do
  local name, value = word:match "^([%w_]+)=(.*)$"
  settings[name or error("name=value, not " .. word, 0)] = value
end

local stages = { fill = "demo.fill", live = "demo.live" }
local stage = require(stages[(...)] or error("fill or live?", 0))

settings.erp = require("demo.erp").at(settings.erp)
settings.app = require("demo.app").at(settings.app)
if settings.socket then settings.daemon_api = require("demo.daemon").at(settings.socket) end

local ok, result = pcall(stage, settings)
screen.clear()
if not ok then
  screen.line(screen.red("   " .. tostring(result)))
  return 1
end
return result
