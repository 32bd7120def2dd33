-- A project's own conversion.
local function reversed(value) return value and value:reverse() end

return { to_right = reversed, to_left = reversed }
