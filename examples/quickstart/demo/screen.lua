-- What the quick start prints: colours, bars and redrawn lines on a terminal, plain lines elsewhere.

local practice = require "tidewire.practice"
local text = require "tidewire.text"
local time = require "tidewire.time"

local terminal = practice.terminal()
local colours = terminal ~= nil and terminal.colours
local codes = { bold = "1", dim = "2", red = "31", green = "32", yellow = "33", cyan = "36" }
local M = {}

local function paint(name)
  return function(value)
    value = tostring(value)
    return colours and ("\27[%sm%s\27[0m"):format(codes[name], value) or value
  end
end
for name in pairs(codes) do M[name] = paint(name) end

local drawn = false

--- Takes away a line drawn by bar() or busy().
function M.clear()
  if drawn then practice.write "\r\27[K" end
  drawn = false
end

--- A line; nothing is an empty one.
function M.line(value)
  M.clear()
  practice.write(((value or ""):gsub("%s+$", "")) .. "\n")
end

local number = 0

--- The headline of a step.
function M.step(title)
  number = number + 1
  M.line()
  M.line(("%s %s"):format(M.cyan(("%2d"):format(number)), M.bold(title)))
end

--- A step's number goes on where an earlier process of the same run stopped.
function M.count_from(last) number = last end

--- 12345 -> "12,345"
function M.count(value)
  local groups
  local digits = ("%d"):format(value)
  repeat
    digits, groups = digits:gsub("^(%-?%d+)(%d%d%d)", "%1,%2")
  until groups == 0
  return digits
end

function M.seconds(value)
  if value < 1 then return ("%d ms"):format(value * 1000 + 0.5) end
  return ("%.1f s"):format(value)
end

--- A value of a record, short enough for a line.
function M.value(value)
  if value == nil or type(value) == "userdata" and tostring(value) == "null" then return M.dim "empty" end
  local shown = tostring(value):gsub("%c", " ")
  if text.length(shown) > 44 then shown = shown:sub(1, 40) .. "..." end
  return shown
end

local function eighths(share, width)
  local blocks = { "", "▏", "▎", "▍", "▌", "▋", "▊", "▉" }
  local filled = math.floor(share * width * 8)
  local whole, part = math.floor(filled / 8), filled % 8
  local rest = width - whole - (part > 0 and 1 or 0)
  return M.green(("█"):rep(whole) .. blocks[part + 1]) .. M.dim(("·"):rep(rest))
end

local shown_at = 0

--- A bar of progress over the last line; elsewhere than on a terminal only its end is printed.
function M.bar(label, done, total, note, finished)
  local share = total > 0 and math.min(1, done / total) or 1
  local head = ("   %-13s"):format(label)
  local count = ("%6s of %s"):format(M.count(done), M.count(total))
  if finished then return M.line(head .. (terminal and eighths(share, 28) .. " " or " ") .. count .. "   " .. M.dim(note)) end
  if not terminal or time.clock() - shown_at < 0.08 then return end
  shown_at = time.clock()
  practice.write("\r\27[K" .. head .. eighths(share, math.max(8, math.min(28, terminal.columns - 52))) .. " " .. count .. "   " .. M.dim(note))
  drawn = true
end

--- One passing word of what is going on.
function M.busy(value)
  if not terminal or time.clock() - shown_at < 0.08 then return end
  shown_at = time.clock()
  practice.write("\r\27[K   " .. M.dim(value))
  drawn = true
end

local function width_of(value)
  return text.length((value:gsub("\27%[[%d;]*m", "")))
end

--- Rows of texts under headings; the first column left, the others right.
function M.table(headings, rows)
  local widths = {}
  for _, row in ipairs { headings, unpack(rows) } do
    for i, cell in ipairs(row) do widths[i] = math.max(widths[i] or 0, width_of(cell)) end
  end
  local function drawn_row(row, style)
    local cells = {}
    for i, cell in ipairs(row) do
      local space = (" "):rep(widths[i] - width_of(cell))
      cells[i] = style(i == 1 and cell .. space or space .. cell)
    end
    M.line("   " .. table.concat(cells, "   "))
  end
  local function rule() M.line("   " .. M.dim((terminal and "─" or "-"):rep(M.sum(widths) + 3 * (#widths - 1)))) end
  drawn_row(headings, M.dim)
  rule()
  for _, row in ipairs(rows) do
    if row.rule then rule() end
    drawn_row(row, function(cell) return cell end)
  end
end

function M.sum(list)
  local total = 0
  for _, value in ipairs(list) do total = total + value end
  return total
end

-- Signs of one width: "->" and "ok" where a terminal shows an arrow and a tick.
M.arrow, M.tick, M.cross, M.mark = "→", "✓", "✗", "!"
if not terminal then M.arrow, M.tick, M.cross, M.mark = "->", "ok", "no", "! " end

return M
