--- Texts as messages show them: not too long, and never cut within a letter, which is no text to whoever keeps the message.

local M = {}

--- The first `most` bytes, or a few less where those would end within a letter.
function M.text(value, most)
  if #value <= most then return value end
  while most > 0 and value:byte(most + 1) >= 0x80 and value:byte(most + 1) < 0xC0 do most = most - 1 end
  return value:sub(1, most)
end

return M
