--- What a function of a mapping may say instead of a value.

local M = {}

local said = {}  -- the key that marks an outcome; no data can hold it

local function outcome(kind, what)
  return function(why)
    if type(why) ~= "string" or why == "" then error(kind .. " takes a text: " .. kind .. " \"" .. what .. "\"", 2) end
    return { [said] = kind, why = why }
  end
end

--- This record is not synchronised now; recorded with the reason.
M.skip = outcome("skip", "not released yet")
--- The record waits until the mapping named has linked its parent.
M.wait = outcome("wait", "departments")
--- A person has to look: a dead letter with the reason.
M.dead = outcome("dead", "no e-mail")

--- "skip", "wait" or "dead" and the reason; nil for a value.
function M.of(value)
  if type(value) ~= "table" then return nil end
  local kind = rawget(value, said)
  return kind, kind and value.why
end

return M
