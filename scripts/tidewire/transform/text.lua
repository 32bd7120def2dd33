--- Conversions of texts: white space, case, e-mail addresses, several fields in one text, a word for nothing.

local json = require "tidewire.json"
local text = require "tidewire.text"
local letters = require "tidewire.transform.letters"
local outcome = require "tidewire.mapping.outcome"
local pairs_of = require "tidewire.transform.pair"
local values = require "tidewire.mapping.values"

local null = json.null

local M = {}

local function address(value)
  if values.empty(value) then return nil end
  local plain = text.trim(values.shown(value))
  if plain == "" then return nil end
  local who, where = plain:match "^([^%s@]+)@([^%s@]+)$"
  if not who then return outcome.dead(("'%s' is no e-mail address"):format(plain)) end
  return who .. "@" .. where:lower()
end

--- One spelling of an address: no white space around it, the host in lower case. Who reads there is left as it is written.
M.email = pairs_of.both("t.email", address, true)

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
M.lower, M.upper = of_text("t.lower", letters.lower), of_text("t.upper", letters.upper)

-- The last field takes the rest, whatever is in it.
local function parted(paths, separator)
  return function(value)
    local form, rest = {}, values.text(value or "")
    if not rest then return outcome.dead(("'%s' is no text"):format(values.shown(value))) end
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

local function joined(paths, separator)
  local part = parted(paths, separator)
  return function(form)
    local parts, last = {}, 0
    for i, path in ipairs(paths) do
      parts[i] = values.empty(form[path]) and "" or values.text(form[path])
      if not parts[i] then return outcome.dead(("%s is %s, which is no text"):format(path, values.shown(form[path]))) end
      if parts[i] ~= "" then last = i end
    end
    if last == 0 then return null end
    local whole = table.concat(parts, separator, 1, last)
    local back = part(whole)
    for i, path in ipairs(paths) do
      local returned = values.given(back[path]) or ""
      if returned ~= parts[i] then
        return outcome.dead(("%s holds '%s', which parts the fields: '%s' would come back as '%s'"):format(path, separator, parts[i], returned))
      end
    end
    return whole
  end
end

--- Several fields <-> one text with `separator` between: { { "street", "city" }, "address", t.concat(", ") }. An empty field
--- keeps its place, so that all come back; where one would not, as it holds the separator or begins or ends like it, the record is a
--- dead letter. Lossy: numbers come back as texts, and a text that ends with separators without them.
function M.concat(separator)
  if type(separator) ~= "string" or separator == "" then error("t.concat takes what stands between: t.concat(\", \")", 2) end
  return pairs_of.make("t.concat", {
    lossy = true,
    bind = function(context)
      local left, right = context.left_paths, context.right_paths
      if #left > 1 and #right == 1 then return { to_right = joined(left, separator), to_left = parted(left, separator) } end
      if #right > 1 and #left == 1 then return { to_right = parted(right, separator), to_left = joined(right, separator) } end
      context.problem "t.concat joins several fields: { { \"street\", \"city\" }, \"address\", t.concat(\", \") }"
      return {}
    end,
  })
end

--- Nothing on the left <-> `value` on the right. Lossy: that very value on the left comes back as nothing.
function M.default(value)
  if values.empty(value) then error("t.default takes what stands for nothing: t.default \"n/a\"", 2) end
  return pairs_of.make("t.default", {
    lossy = true,
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
