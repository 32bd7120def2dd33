-- The server's time: the machine's, moved or stopped by /practice/clock.
local time = require "tidewire.time"
local times = require "practice.supabase.times"

local M = {}

--- now() -> stored timestamptz; utc() -> ISO; unix() -> seconds; turned(): it is not the machine's; set { advance, freeze, reset } -> as it is now.
function M.new()
  local offset, frozen = 0, nil
  local clock = {}

  local function iso()
    if frozen then return frozen end
    return offset == 0 and time.now() or time.add(time.now(), offset)
  end

  clock.utc = iso

  function clock.turned() return frozen ~= nil or offset ~= 0 end

  function clock.now()
    return times.from_iso(iso())
  end

  function clock.unix()
    return (time.parse(iso()))
  end

  function clock.set(change)
    if change.reset then offset, frozen = 0, nil end
    if change.advance then
      offset = offset + change.advance
      frozen = frozen and time.add(frozen, change.advance)
    end
    if change.freeze then frozen = change.freeze == true and iso() or change.freeze end
    return { now = iso(), offset = offset, frozen = frozen ~= nil }
  end

  return clock
end

return M
