-- The `webhook_json` templates: {{ doc.field }}, {{ doc.field | json }} and {{ doc | json }}.
--
-- A site renders text and parses it again, so the key order is the template's and an unescaped quote in a field makes
-- invalid JSON: then nothing is sent. The same happens here, and for any Jinja this file does not know.

local json = require "tidewire.json"
local python = require "practice.shared.python"

local M = {}

local function shown(value)
  if value == nil or python.is_raw(value) and value.text == "null" then return "None" end
  if python.is_raw(value) then return value.text end
  return type(value) == "string" and value or python.dumps(value)
end

local function expression(text, doc)
  local source, filter = text:match "^%s*(.-)%s*|%s*(%a+)%s*$"
  source = source or text:match "^%s*(.-)%s*$"
  local value
  if source == "doc" then value = doc
  else
    local field = source:match "^doc%.([%w_]+)$" or source:match '^doc%["([%w_]+)"%]$'
    if not field then return nil end
    value = doc[field]
  end
  if filter == "json" or filter == "tojson" then return python.indented(value) end
  if filter then return nil end
  return shown(value)
end

local function spaced_string(text, at)
  local finish = at + 1
  while true do
    local stop = text:find('["\\]', finish)
    if not stop then return nil end
    if text:sub(stop, stop) == '"' then finish = stop break end
    finish = stop + 2
  end
  return python.quote(json.decode(text:sub(at, finish))), finish + 1
end

local function spaced_number(token)
  if token:find "[.eE]" then return python.float(tonumber(token)) end
  return token
end

--- The same JSON with Python's separators and escapes, its keys in their order.
function M.respell(text)
  local out, at = {}, 1
  while at <= #text do
    local char = text:sub(at, at)
    if char == '"' then
      local quoted, next_at = spaced_string(text, at)
      if not quoted then return nil end
      out[#out + 1], at = quoted, next_at
    elseif char:find "%s" then at = at + 1
    elseif char == "," or char == ":" then out[#out + 1], at = char .. " ", at + 1
    elseif char:find "[%[%]{}]" then out[#out + 1], at = char, at + 1
    else
      local token = text:match("^[%w.+-]+", at)
      if not token then return nil end
      out[#out + 1], at = token:find "^[%d-]" and spaced_number(token) or token, at + #token
    end
  end
  return table.concat(out)
end

--- The body to send, or nil and what went wrong.
function M.render(text, doc)
  if text:find("{%", 1, true) then return nil, "this practice server knows no Jinja statements" end
  local failed
  local rendered = text:gsub("{{(.-)}}", function(inside)
    local value = expression(inside, doc)
    if value == nil then failed = inside end
    return value or ""
  end)
  if failed then return nil, "this practice server cannot evaluate {{" .. failed .. "}}" end
  if json.decode(rendered) == nil then return nil, "json.decoder.JSONDecodeError: the rendered template is no JSON" end
  return M.respell(rendered)
end

return M
