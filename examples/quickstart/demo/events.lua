-- Operations as lines: what arrived where, what was merged, who won and why.

local screen = require "demo.screen"

local M = {}

-- Rules name sides; people know the systems.
local function by_name(rule)
  local named = tostring(rule):gsub("%f[%w]left%f[%W]", "erp"):gsub("%f[%w]right%f[%W]", "app")
  local side = named:match "^(%w+): %1 wins$"
  return side and side .. "_wins" or named
end

local function merged(fields)
  local to_left, to_right
  for _, field in pairs(fields) do
    to_left = to_left or field.decision == "copy" and field.to_left ~= nil
    to_right = to_right or field.decision == "copy" and field.to_right ~= nil
  end
  return to_left and to_right
end

local function sorted_keys(object)
  local keys = {}
  for key in pairs(object or {}) do keys[#keys + 1] = key end
  table.sort(keys)
  return keys
end

--- What a person did: `who` is "erp" or "app".
function M.event(who, record, what)
  screen.line(("   %s   %-6s %s"):format(screen.yellow(who), record, what))
end

--- A person's edit of some fields of a record.
function M.edits(who, record, before, values)
  for _, field in ipairs(sorted_keys(values)) do
    M.event(who, record, ("%s: %s %s %s"):format(field, screen.value(before[field]), screen.arrow, screen.value(values[field])))
  end
end

-- Under the values of the edits.
local function arrived(sign, who, what, note)
  screen.line(("   %s %-12s %s   %s"):format(sign, who, what, screen.dim(note or "")))
end

local function write_line(write, took)
  local values = {}
  for _, name in ipairs(sorted_keys(write.values)) do
    values[#values + 1] = name .. " = " .. screen.value(write.values[name])
  end
  if write.kind ~= "update" then table.insert(values, 1, write.kind .. "d") end
  local shown = #values > 3 and table.concat(values, ", ", 1, 3) .. ", ..." or table.concat(values, ", ")
  arrived(screen.green(screen.arrow), write.connection, shown, took and screen.seconds(took))
end

--- The lines of an operation: each write, and each field that took a decision. `took`: seconds since the edit.
function M.operation(operation, took)
  for i, write in ipairs(operation.record.writes or {}) do write_line(write, i == 1 and took or nil) end
  local fields = operation.record.fields or {}
  for _, name in ipairs(sorted_keys(fields)) do
    local field = fields[name]
    local shown = name:gsub(">", "/")
    if field.decision == "resolve" and field.winner then
      arrived(screen.green(screen.tick), field.winner == "left" and "erp wins" or "app wins", shown, by_name(field.rule))
    elseif field.decision == "conflict" then
      arrived(screen.yellow(screen.mark), "conflict", shown .. ", nothing is written", by_name(field.rule))
    end
  end
  if merged(fields) then arrived(screen.green(screen.tick), "merged", "both edits are in both systems") end
end

--- What a list of operations was made of, by kind of decision.
function M.tally(operations)
  local tally = { writes = 0, copied = 0, by_rule = 0, by_person = 0, merged = 0, created = 0, deleted = 0 }
  local function add(name, count) tally[name] = tally[name] + (count or 1) end
  for _, operation in ipairs(operations) do
    local record = operation.record
    for _, write in ipairs(record.writes or {}) do
      add "writes"
      if write.kind == "create" then add "created" elseif write.kind == "delete" then add "deleted" end
    end
    for _, field in pairs(record.fields or {}) do
      if field.decision == "resolve" then add(field.rule:find "^resolved by" and "by_person" or "by_rule") end
    end
    if merged(record.fields or {}) then add "merged" end
  end
  return tally
end

return M
