--- The settings that a project's `defaults` and a mapping share, checked in one place.

local conflict_names = require "tidewire.mapping.conflict_names"
local duration = require "tidewire.host.duration"
local report = require "tidewire.host.report"
local time = require "tidewire.time"

local M = {}

--- max_attempts and retry_base_ms of `{ max = 8, base = "1s" }`; nil each where not said.
function M.retry(r, retry, near)
  if retry == nil then return nil, nil end
  if type(retry) ~= "table" then
    r:problem(near, "retry must be a table such as { max = 8, base = \"1s\" }")
    return nil, nil
  end
  r:keys(retry, { "max", "base" }, "retry", near)
  local max, base = M.whole(r, retry, "max", 1, "retry", near), nil
  if retry.base ~= nil then
    base = duration.milliseconds(retry.base)
    if not base then r:problem(r:key("base", near), "base of retry must be a duration such as \"1s\", not '%s'", tostring(retry.base)) end
  end
  return max, base
end

--- A schedule's text, or nil and a problem. The scheduler's own words say what is wrong with one.
function M.schedule(r, map, key, what, near)
  local value = map[key]
  if value == nil then return nil end
  if type(value) ~= "string" then
    return r:problem(r:key(key, near), "%s of %s must be a schedule such as \"every 5m\" or \"daily 03:00 Europe/Berlin\", not '%s'", key, what,
      tostring(value))
  end
  local text, err = time.schedule(value)
  if text then return text end
  r:problem(r:key(key, near), "%s of %s does not say when: %s%s", key, what, err.message, err.hint and " (" .. err.hint .. ")" or "")
end

--- A whole number, from `lowest` on where that is given, or nil and a problem; nil where it is not said.
function M.whole(r, map, key, lowest, what, near)
  local value = map[key]
  if value == nil then return nil end
  if type(value) == "number" and value % 1 == 0 and value >= (lowest or value) then return value end
  r:problem(r:key(key, near), "%s of %s must be a whole number%s, not '%s'", key, what, lowest and " from " .. lowest .. " on" or "", tostring(value))
end

local function one_on(r, on, what, near)
  r:keys(on, { "webhook", "poll" }, what, near)
  return { webhook = r:typed(on, "webhook", "boolean", what, near), poll = M.schedule(r, on, "poll", what, near) }
end

--- `{ left = { webhook, poll }, right = { ... } }` of `on`, said once or per side.
function M.on(r, on, near)
  if on == nil then return { left = {}, right = {} } end
  if type(on) ~= "table" then
    r:problem(near, "on must be a table such as { webhook = true, poll = \"every 5m\" }")
    return { left = {}, right = {} }
  end
  if on.left == nil and on.right == nil then
    local both = one_on(r, on, "on", near)
    return { left = both, right = both }
  end
  local common = {}
  for key, value in pairs(on) do
    if key ~= "left" and key ~= "right" then common[key] = value end
  end
  r:keys(common, { "left", "right", "webhook", "poll" }, "on", near)
  local sides = {}
  for _, side in ipairs { "left", "right" } do
    local own = r:typed(on, side, "table", "on", near) or {}
    sides[side] = one_on(r, { webhook = common.webhook, poll = common.poll }, "on", near)
    for key, value in pairs(one_on(r, own, side, r:key(side, near))) do sides[side][key] = value end
  end
  return sides
end

--- Percent of a brake (`"10%"` or 10), false for none; nil where it is not said.
function M.brake(r, value, near)
  if value == nil or value == false then return value end
  local percent = type(value) == "string" and tonumber(value:match "^(%d+)%s*%%$") or type(value) == "number" and value
  if percent and percent >= 1 and percent <= 100 and percent % 1 == 0 then return percent end
  r:problem(near, "brake must be a share of the records such as \"10%%\", or false, not '%s'", tostring(value))
end

M.default_names = { "conflict", "tie", "granularity", "retry", "sweep", "on", "deletes", "parallel", "priority", "judge", "brake" }

local function known(value, list)
  for _, one in ipairs(list) do
    if one == value then return true end
  end
  return false
end

-- A misspelt one would be blamed on every mapping.
local function check_rules(r, defaults, connections, near)
  local winners, sides = {}, { "left", "right" }
  for name, kind in pairs(connections) do
    winners[#winners + 1], sides[#sides + 1] = name, name
    winners[#winners + 1] = kind
  end
  local rule = r:typed(defaults, "conflict", "string", "defaults", near)
  local names = conflict_names.all(winners)
  if rule and not known(rule, names) and not (rule:find "^[%a_][%w_]*$" and conflict_names.has_file(rule)) then
    r:problem(r:key("conflict", near), "unknown conflict rule '%s'%s", rule, report.suggest(rule, names))
  end
  local tie = r:typed(defaults, "tie", "string", "defaults", near)
  if tie and not known(tie, sides) then
    r:problem(r:key("tie", near), "tie of defaults must be left, right or a connection, not '%s'%s", tie, report.suggest(tie, sides))
  end
end

--- Checks a project's `defaults`; `connections` are their kinds by name. What depends on the connections' sides is checked by each
--- mapping.
function M.defaults(r, defaults, connections, near)
  r:keys(defaults, M.default_names, "defaults", near)
  check_rules(r, defaults, connections, near)
  r:one_of(defaults, "granularity", { "field", "record" }, "defaults", near)
  M.retry(r, defaults.retry, r:key("retry", near))
  M.schedule(r, defaults, "sweep", "defaults", near)
  M.on(r, defaults.on, r:key("on", near))
  M.brake(r, defaults.brake, r:key("brake", near))
  M.whole(r, defaults, "parallel", 1, "defaults", near)
  M.whole(r, defaults, "priority", nil, "defaults", near)
end

--- `over` laid on `under`: tables without a list part key by key, anything else replaced.
function M.laid(under, over, is_whole)
  if type(under) ~= "table" or type(over) ~= "table" or #under > 0 or #over > 0 or is_whole(under) or is_whole(over) then
    return over
  end
  local result = {}
  for key, value in pairs(under) do result[key] = value end
  for key, value in pairs(over) do
    if result[key] == nil then result[key] = value else result[key] = M.laid(result[key], value, is_whole) end
  end
  return result
end

M.names = report.names

return M
