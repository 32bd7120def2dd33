--- Texts that are no UTF-8: a database of SQL_ASCII takes any bytes, and the server refuses to say such a text. A part of a key that is one
--- stands as a mark with its bytes in hex, so that its row alone fails and can be paged past.

local text = require "tidewire.text"

local M = {}

local mark = "\239\191\189\\x"     -- the letter for what is no letter, then as bytes are written

local function bytes_of(hex)
  return (hex:gsub("%x%x", function(pair) return string.char(tonumber(pair, 16)) end))
end

--- A text of any bytes as it stands in a key.
function M.shown(bytes)
  if type(bytes) ~= "string" or text.valid(bytes) then return bytes end
  return mark .. bytes:gsub(".", function(byte) return ("%02x"):format(byte:byte()) end)
end

--- The same of its bytes in hex.
function M.from_hex(hex) return M.shown(bytes_of(hex)) end

--- The bytes in hex that such a mark stands for; nil of any other value.
function M.hex(value)
  local hex = type(value) == "string" and value:sub(1, #mark) == mark and value:sub(#mark + 1) or ""
  if hex == "" or hex:find "%X" or text.valid(bytes_of(hex)) then return nil end
  return hex
end

--- The value of a mark in a statement, `place` being that of its bytes in hex.
function M.placed(place) return "convert_from(decode(" .. place .. ", 'hex'), 'SQL_ASCII')" end

--- An expression for the bytes of a column in hex; nil of columns that hold no text. As a read has it: `concat` keeps the blanks at the end.
function M.selected(column, quoted)
  local cast = column.cast
  local textual = cast == "text" or cast == "character varying" or cast == "bpchar" or cast == "name" or cast:find "citext$" or type(column.labels) == "table"
  return textual and "encode(convert_to(concat(" .. quoted .. "), 'SQL_ASCII'), 'hex')" or nil
end

--- JSON of any bytes, told as if each byte were a letter of Latin-1 (`latin`), with its texts as they stand in a key.
function M.parts(latin)
  local parts = {}
  for name, part in pairs(latin) do
    if type(part) == "string" then
      part = M.shown((part:gsub("[\194\195][\128-\191]", function(letter) return string.char((letter:byte(1) - 194) * 64 + letter:byte(2)) end)))
    end
    parts[name] = part
  end
  return parts
end

return M
