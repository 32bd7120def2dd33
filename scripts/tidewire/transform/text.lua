--- Conversions of texts: e-mail addresses, several fields in one text, a word for nothing.

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
