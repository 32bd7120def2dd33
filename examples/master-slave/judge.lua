-- Whom `conflict = "webhook"` asks: a page of yours, here a few lines. Of two discounts the smaller one holds.

local json = require "tidewire.json"
local practice = require "tidewire.practice"
local server = require "tidewire.server"
local task = require "tidewire.task"

local function number(value) return type(value) == "userdata" and value ~= json.null and value:number() or tonumber(value) or 0 end

local address = assert(server.listen("127.0.0.1:0", function(request)
  local dispute = json.decode(request.body)
  local winner = number(dispute.left) <= number(dispute.right_as_left) and "left" or "right"
  practice.write(("%s of %s: %s or %s, %s\n"):format(dispute.field, dispute.left_key, tostring(dispute.left), tostring(dispute.right_as_left), winner))
  return { status = 200, headers = { ["Content-Type"] = "application/json" }, body = json.encode { winner = winner } }
end))
practice.write("listening http://" .. address .. "\n")
while true do task.sleep(60) end
