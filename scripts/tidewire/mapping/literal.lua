--- Values that an author writes down for a field of a system: constants, defaults, conditions, stamps.
---
--- One that the field cannot have is refused with the first record, or, as a condition, finds nothing: it is told while the file is read.

local cut = require "tidewire.cut"
local enum = require "tidewire.transform.enum"
local report = require "tidewire.host.report"
local types = require "tidewire.mapping.types"
local values = require "tidewire.mapping.values"

local M = {}

local numbers = { int = true, decimal = true, float = true }
local texts = { text = true, enum = true, uuid = true, reference = true }

local function is_of_kind(value, kind)
  if numbers[kind] then return type(value) ~= "table" and (type(value) ~= "string" or tonumber(value) ~= nil) end
  if kind == "bool" then return enum.truth_of(value) ~= nil end
  return not texts[kind] or values.text(value) ~= nil
end

-- Where the system tells all that a field can be and this is none of it: what may be meant, or what it has.
local function not_among(options, value)
  local known = {}
  for _, option in ipairs(options) do
    if tostring(option) == values.text(value) then return nil end
    if option ~= "" then known[#known + 1] = tostring(option) end
  end
  if #known == 0 then return nil end
  local hint = report.suggest(values.text(value), known)
  return hint ~= "" and hint or " (it has " .. cut.text(table.concat(known, ", "), 200) .. ")"
end

--- Whether a field of the described type `t` can be `value`, for all that is known of it.
function M.fits(value, t)
  if t == nil or values.empty(value) then return true end
  return is_of_kind(value, t.kind) and not (type(t.options) == "table" and values.text(value) and not_among(t.options, value))
end

--- Tells where the field `name` of `title`, of the described type `t`, cannot be `value`; `what` is the author's word for it. A system may learn an
--- option later, so that one is a warning.
function M.check(c, at, what, value, t, name, title)
  if t == nil or values.empty(value) then return end
  if not is_of_kind(value, t.kind) then
    return c.r:problem(at, "%s: '%s' of %s cannot be '%s', it is %s", what, name, title, values.shown(value), types.name(t))
  end
  local hint = type(t.options) == "table" and values.text(value) and not_among(t.options, value)
  if hint then c.r:warn(at, "%s: '%s' of %s cannot be '%s'%s", what, name, title, values.shown(value), hint) end
end

return M
