--- Names of conflict rules: what they mean here, and the function behind each.

local functions = require "tidewire.mapping.functions"
local names = require "tidewire.mapping.conflict_names"
local report = require "tidewire.host.report"

local M = {}

local builtin, aliases = names.builtin, names.aliases

local is_builtin = {}
for _, name in ipairs(builtin) do is_builtin[name] = true end

--- The side of a connection's name, or nil where both ends are on it.
function M.side_of(c, name)
  if c.left.connection == c.right.connection then return nil end
  for _, side in ipairs { "left", "right" } do
    if c[side].connection == name then return side end
  end
end

local function side_of_kind(c, kind)
  local left = c.kinds[c.left.connection] == kind
  local right = c.kinds[c.right.connection] == kind
  if left and right then return nil, true end
  return left and "left" or right and "right" or nil
end

local function winner(c, name, at)
  local who = name:match "^(.+)_wins$"
  if not who then return nil end
  if who == c.left.connection and who == c.right.connection then
    c.r:problem(at, "'%s' is ambiguous: both sides are on %s; say left or right", name, who)
    return "manual"
  end
  local side = M.side_of(c, who)
  if side then return side end
  local of_kind, ambiguous = side_of_kind(c, who)
  if ambiguous then
    c.r:problem(at, "'%s' is ambiguous: both sides are %s; say %s_wins or %s_wins", name, who, c.left.connection, c.right.connection)
    return "manual"
  end
  return of_kind
end

-- A file of the project, strategies/NAME.lua.
local function own_strategy(c, name, at)
  local module = "strategies." .. name
  local ok, result = pcall(require, module)
  if ok and type(result) == "function" then return result end
  if ok then return c.r:problem(at, "strategies/%s.lua must return a function, not a %s", name, type(result)) end
  local message = type(result) == "table" and result.message or tostring(result)
  if message:find("there is no module '" .. module .. "'", 1, true) then
    local meant = report.suggest(name, names.all { c.left.connection, c.right.connection })
    if meant == "" then meant = (", nor is there strategies/%s.lua; rules: %s"):format(name, table.concat(names.builtin, ", ")) end
    return c.r:problem(at, "unknown conflict rule '%s'%s", name, meant)
  end
  c.r:problem(at, "%s", message)
end

--- { name, call } of what `conflict` says; call is nil for "manual"; of "webhook" it is the fallback. nil and a problem where it says nothing known.
function M.rule(c, value, at)
  if type(value) == "function" then return { name = "function", call = value } end
  if type(value) ~= "string" then
    return c.r:problem(at, "conflict must be a name such as \"newest\", or a function, not a %s", type(value))
  end
  local name = aliases[value] or winner(c, value, at) or value
  if name == "manual" then return { name = "manual" } end
  if name == "webhook" then
    if c.judge then return { name = "webhook", call = c.judge.call } end
    return c.r:problem(at, "conflict = \"webhook\" asks a judge: say judge = { url = \"https://rules.example.org/decide\" } as well")
  end
  if is_builtin[name] then return { name = name, call = require("strategies." .. name) } end
  if not name:find "^[%a_][%w_]*$" then return c.r:problem(at, "'%s' is no name of a conflict rule", name) end
  local call = own_strategy(c, name, at)
  return call and { name = name, call = call }
end

--- strategy and strategy_function of a rule for one field.
function M.compiled(c, rule, left_type)
  if rule == nil or rule.call == nil then return rule and rule.name, nil end
  local sides = {}
  if c.left.connection ~= c.right.connection then sides = { [c.left.connection] = "left", [c.right.connection] = "right" } end
  return rule.name, functions.strategy(rule.call,
    { name = rule.name, sides = sides, strict = c.strict, type = left_type })
end

--- "left" or "right" of a `tie`, which may name a connection.
function M.tie(c, value, at)
  if value == nil then return nil end
  if value == "left" or value == "right" then return value end
  local side = type(value) == "string" and M.side_of(c, value)
  if side then return side end
  c.r:problem(at, "tie must be left, right or a connection of this mapping, not '%s'%s", tostring(value),
    report.suggest(value, { "left", "right", c.left.connection, c.right.connection }))
end

return M
