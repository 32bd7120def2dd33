--- Conversions of texts: white space, case, e-mail addresses, several fields in one text, a word for nothing.

local json = require "tidewire.json"
local text = require "tidewire.text"
local outcome = require "tidewire.mapping.outcome"
local pairs_of = require "tidewire.transform.pair"
local values = require "tidewire.mapping.values"

local null = json.null

local M = {}

local function address(value)
  if values.empty(value) then return nil end
  local plain = text.trim(tostring(value))
  local who, where = plain:match "^([^%s@]+)@([^%s@]+)$"
  if not who then return outcome.dead(("'%s' is no e-mail address"):format(plain)) end
  return who .. "@" .. where:lower()
end

--- One spelling of an address: no white space around it, the host in lower case. Who reads there is left as it is written.
M.email = pairs_of.both("t.email", address, true)

-- Each letter by itself, so that no letter and its mark become one. A sigma at a word's end stays.
local function lower(value)
  return (value:lower():gsub("[\xC3-\xDF][\x80-\xBF]", function(letter) return letter ~= "ς" and text.fold(letter) or letter end))
end

local uppers

-- By lower letter, as `fold` tells of what two bytes write. A dotted capital I has its lower letter in ASCII.
local function upper_letters()
  uppers = {}
  for code = 0xC0, 0x7FF do
    local letter = string.char(0xC0 + math.floor(code / 64), 0x80 + code % 64)
    local small = text.fold(letter)
    if small ~= letter and #small == 2 then uppers[small] = letter end
  end
  uppers["σ"], uppers["ς"] = "Σ", "Σ"
  return uppers
end

local function upper(value)
  return (value:upper():gsub("[\xC3-\xDF][\x80-\xBF]", uppers or upper_letters()))
end

-- The same in both directions; what is no text stays.
local function of_text(name, call)
  return pairs_of.both(name, function(value)
    if type(value) ~= "string" then return value end
    return call(value)
  end, true)
end

--- Without white space around it.
M.trim = of_text("t.trim", text.trim)
--- In lower or upper case: Latin, Greek and Cyrillic letters.
M.lower, M.upper = of_text("t.lower", lower), of_text("t.upper", upper)

local function joined(paths, separator)
  return function(form)
    local parts, last = {}, 0
    for i, path in ipairs(paths) do
      local part = form[path]
      parts[i] = values.empty(part) and "" or tostring(part)
      if parts[i] ~= "" then last = i end
      if i < #paths and parts[i]:find(separator, 1, true) then
        return outcome.dead(("%s holds '%s', which parts the fields"):format(path, separator))
      end
    end
    if last == 0 then return null end
    return table.concat(parts, separator, 1, last)
  end
end

-- The last field takes the rest, whatever is in it.
local function parted(paths, separator)
  return function(value)
    local form, rest = {}, tostring(value or "")
    for i, path in ipairs(paths) do
      local from, to = rest:find(separator, 1, true)
      if i == #paths then from = nil end
      local part = from and rest:sub(1, from - 1) or rest
      form[path] = part ~= "" and part or null
      rest = from and rest:sub(to + 1) or ""
    end
    return form
  end
end

--- Several fields <-> one text with `separator` between: { { "street", "city" }, "address", t.concat(", ") }. An empty field
--- keeps its place, so that all come back; one that holds the separator is a dead letter.
function M.concat(separator)
  if type(separator) ~= "string" or separator == "" then error("t.concat takes what stands between: t.concat(\", \")", 2) end
  return pairs_of.make("t.concat", {
    bind = function(context)
      local left, right = context.left_paths, context.right_paths
      if #left > 1 and #right == 1 then return { to_right = joined(left, separator), to_left = parted(left, separator) } end
      if #right > 1 and #left == 1 then return { to_right = parted(right, separator), to_left = joined(right, separator) } end
      context.problem "t.concat joins several fields: { { \"street\", \"city\" }, \"address\", t.concat(\", \") }"
      return {}
    end,
  })
end

--- Nothing on the left <-> `value` on the right.
function M.default(value)
  if values.empty(value) then error("t.default takes what stands for nothing: t.default \"n/a\"", 2) end
  return pairs_of.make("t.default", {
    to_right = function(given)
      if values.empty(given) then return value end
      return given
    end,
    to_left = function(given)
      if values.same(given, value) then return null end
      return given
    end,
  })
end

return M
