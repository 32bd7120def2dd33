--- `alerts` of tidewire.lua: who is told when something needs a person, and from when on.

local duration = require "tidewire.host.duration"
local json = require "tidewire.json"
local mark = require "tidewire.mapping.mark"
local report = require "tidewire.host.report"
local settings = require "tidewire.host.settings"

local M = {}

local members = { "to", "wait", "again", "look", "queue", "conflict", "paused", "disk", "webhooks", "jobs", "report" }

--- The word `post`: an address, or the secret that it is.
function M.post(address)
  local secret = mark.word(address) == "secret" or mark.word(address) == "env"
  if not secret and (type(address) ~= "string" or not address:find "^https?://[^/%s]+") then
    report.refuse(report.where(), "post takes an address: post \"https://example.org/hook\", or post(secret \"CHAT_HOOK\")")
  end
  return mark.make("post", { to = address })
end

local function recipients(r, alerts, mail_known, at)
  local list, said = json.array {}, alerts.to
  local place = r:key("to", at)
  if said == false then return list end -- nobody: the list alone, by these rules
  if mark.word(said) then said = { said } end
  if type(said) ~= "table" or #said == 0 then
    r:problem(place, "alerts needs somebody to tell: to = { mail \"ops@example.org\" } or { post \"https://...\" }, or false")
    return list
  end
  for _, one in ipairs(said) do
    local kind = mark.word(one)
    if kind ~= "mail" and kind ~= "post" then
      r:problem(place, "to of alerts is mail \"ops@example.org\" or post \"https://...\", or a list of them")
    elseif kind == "mail" and not mail_known then
      r:problem(place, "mail needs a server: say mail = { url = \"smtp://mail.example.org:587\", from = \"sync@example.org\" }")
    else
      list[#list + 1] = { kind = kind, to = one.to }
    end
  end
  return list
end

--- Milliseconds; false where it was switched off.
local function time(r, alerts, key, default, at, may_be_off)
  local value = alerts[key]
  if value == nil then return default end
  if value == false and may_be_off then return false end
  local found = duration.milliseconds(value)
  if not found then r:problem(r:key(key, at), "%s of alerts must be a duration such as \"10m\"%s, not '%s'", key, may_be_off and " or false" or "", tostring(value)) end
  return found
end

local function room(r, alerts, at)
  local value = alerts.disk
  if value == nil then return duration.bytes "1GB" end
  if value == false then return false end
  local size = duration.bytes(value)
  if not size then r:problem(r:key("disk", at), "disk of alerts must be a size such as \"1GB\" or false, not '%s'", tostring(value)) end
  return size
end

local function count(r, alerts, at)
  local value = alerts.webhooks
  if value == nil then return 10 end
  if value == false then return false end
  if type(value) == "number" and value >= 1 and value % 1 == 0 then return value end
  r:problem(r:key("webhooks", at), "webhooks of alerts must be a whole number of changes or false, not '%s'", tostring(value))
end

--- nil where nobody is to be told. Times in milliseconds, sizes in bytes, false = never.
function M.compile(r, content, near)
  local alerts, at = r:typed(content, "alerts", "table", "project", near), r:key("alerts", near)
  if not alerts then return nil end
  r:keys(alerts, members, "alerts", at)
  local schedule = alerts.report and settings.schedule(r, alerts, "report", "alerts", at)
  local jobs = r:typed(alerts, "jobs", "boolean", "alerts", at)
  return {
    to = recipients(r, alerts, type(content.mail) == "table", at),
    wait = time(r, alerts, "wait", 120000, at),
    again = time(r, alerts, "again", 3600000, at),
    look = time(r, alerts, "look", 30000, at),
    queue = time(r, alerts, "queue", 600000, at, true),
    conflict = time(r, alerts, "conflict", 3600000, at, true),
    paused = time(r, alerts, "paused", 86400000, at, true),
    disk = room(r, alerts, at),
    webhooks = count(r, alerts, at),
    jobs = jobs == nil or jobs,
    report = schedule or false,
  }
end

return M
