-- A thousand edits on both sides at the same time, as fast as the systems take them.

local practice = require "tidewire.practice"
local task = require "tidewire.task"
local time = require "tidewire.time"
local screen = require "demo.screen"

local M = {}

local each, workers = 500, 4

local function pick(list)
  return list[1 + math.floor(practice.random() * #list)]
end

-- `each` edits by `workers` people at once; some records are met by both sides, some fields too.
local function people(codes, edit, progress)
  local tasks, left = {}, each
  for i = 1, workers do
    tasks[i] = function()
      while left > 0 do
        left = left - 1
        edit(pick(codes), left)
        progress()
      end
      return true
    end
  end
  return tasks
end

--- Returns how many edits were made and the seconds until both systems were level again.
function M.run(erp, app, settle)
  screen.step(("A burst: %s edits, half of them on each side"):format(screen.count(2 * each)))
  local codes, done = {}, 0
  for code in pairs(erp.all "Subdivision") do codes[#codes + 1] = code end
  table.sort(codes)
  local function progress()
    done = done + 1
    screen.bar("edits", done, 2 * each, "")
  end
  local started = time.clock()
  local all = people(codes, function(code, n)
    erp.edit("Subdivision", code, n % 2 == 0 and { note = "checked by the office, " .. n } or { subdivision_type = "Type " .. n })
  end, progress)
  for _, one in ipairs(people(codes, function(code, n)
    app.edit("subdivisions", code, n % 2 == 0 and { note = "seen by a customer, " .. n } or { name = "Name " .. n })
  end, progress)) do all[#all + 1] = one end
  assert(task.all(all))
  local made = time.clock() - started
  screen.bar("edits", done, 2 * each, ("made in %s, %s/s"):format(screen.seconds(made), screen.count(done / made)), true)
  settle "the burst"
  local took = time.clock() - started
  screen.line(("   level again %s after the first edit: %s edits/s end to end"):format(screen.seconds(took), screen.bold(screen.count(done / took))))
  return done, took
end

return M
