-- Runs the tests declared so far, for scripts on live systems: `return require "live" (title)`.
local tap = require "tap"
local log = require "tidewire.log"

return function(title)
  local failed = 0
  for _, test in ipairs(tap.tests) do
    local ok, err = pcall(test.run)
    if not ok then
      failed = failed + 1
      log.error(title .. ": " .. test.name .. ": " .. tostring(err))
    end
  end
  log.info(("%s: %d tests, %d failed"):format(title, #tap.tests, failed))
  return failed == 0 and #tap.tests > 0
end
