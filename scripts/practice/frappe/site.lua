-- What the whole practice site shares: its options, its clock and the request being handled.
--
-- A request is handled without a wait between its first read and its commit, so "the request being handled" can be one
-- table here instead of an argument of every function.

local arguments = require "practice.shared.options"
local clock = require "practice.shared.clock"
local time = require "tidewire.time"
local practice = require "tidewire.practice"

local M = {}

local known = {
  "port", "listen", "version", "zone", "db", "api-key", "api-secret", "admin-password", "seed", "fixture",
  "rate-limit", "rate-window", "max-body", "workers",
}

local levels = { ["14"] = 1400, ["15"] = 1555, ["15.55"] = 1555, ["15.82"] = 1582, ["16"] = 1600 }
local versions = { [1400] = "14.93.2", [1555] = "15.55.1", [1582] = "15.82.0", [1600] = "16.4.1" }

--- Reads the command line.
function M.configure()
  local options = practice.options
  arguments.check("frappe", options, known)
  M.level = levels[tostring(options.version or "15.55")]
  if not M.level then arguments.refuse("frappe", "--version must be 14, 15.55, 15.82 or 16") end
  M.version = versions[M.level]
  M.v14 = M.level == 1400
  M.zone = options.zone or "Europe/Berlin"
  M.api_key = options["api-key"] or "practice-key"
  M.api_secret = options["api-secret"] or "practice-secret"
  M.admin_password = options["admin-password"] or "admin"
  M.max_body = tonumber(options["max-body"]) or 25 * 1024 * 1024
  M.limit = { budget = tonumber(options["rate-limit"]), window = tonumber(options["rate-window"]) or 60 }
  M.clock = clock.new()
  M.traceback = true
  M.options = options
end

--- Turns the site's clock: `skew` seconds ahead of the machine, or `at` (UTC) from this moment on.
function M.set_clock(change) M.clock.set(change) end

--- The site's idea of UTC.
function M.utc() return M.clock.utc() end

--- "2024-05-01 12:11:12.000013" in the site's zone, as every stamp of a document is written.
function M.now()
  if M.request and M.request.stamp then return M.request.stamp end
  return M.full_datetime(time.to_local(M.utc(), M.zone))
end

--- A date and time with exactly six digits of fraction.
function M.full_datetime(value)
  local head, fraction = value:match "^([^.]+)%.?(%d*)$"
  return head .. "." .. (fraction .. "000000"):sub(1, 6)
end

--- Starts the table of one request.
function M.begin(user)
  M.request = { user = user, messages = {}, events = {}, after_commit = {} }
  return M.request
end

function M.user()
  return M.request and M.request.user or "Administrator"
end

--- Adds what frappe.msgprint adds to `_server_messages`.
function M.message(text_of_it, more)
  local messages = M.request.messages
  messages[#messages + 1] = { message = text_of_it, more = more or {} }
end

local letters = "0123456789abcdefghijklmnopqrstuv"

--- Ten random characters: the name of a document without a naming rule.
function M.random_name(length)
  local out = {}
  for i = 1, length or 10 do
    local at = math.floor(practice.random() * #letters) + 1
    out[i] = letters:sub(at, at)
  end
  return table.concat(out)
end

return M
