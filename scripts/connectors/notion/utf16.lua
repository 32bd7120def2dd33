--- Text by UTF-16 code units, in which Notion counts: a sign beyond U+FFFF is two.

local M = {}

--- `text` in pieces of at most `most` units, never cut inside a sign.
function M.pieces(text, most)
  local pieces, from, units, at = {}, 1, 0, 1
  while at <= #text do
    local byte = text:byte(at)
    local bytes = byte < 0x80 and 1 or byte < 0xE0 and 2 or byte < 0xF0 and 3 or 4
    local own = bytes == 4 and 2 or 1
    if units + own > most then
      pieces[#pieces + 1] = text:sub(from, at - 1)
      from, units = at, 0
    end
    units, at = units + own, at + bytes
  end
  pieces[#pieces + 1] = text:sub(from)
  return pieces
end

return M
