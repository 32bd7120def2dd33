--- `after = { created = post "https://...", conflict = mail "ops@example.org" }`: who is told of what, once it is committed.

local json = require "tidewire.json"
local mark = require "tidewire.mapping.mark"
local report = require "tidewire.host.report"

local M = {}

local events = { "created", "updated", "deleted", "conflict", "dead", "finished" }

--- The word `post`.
function M.post(url)
  if type(url) ~= "string" or not url:find "^https?://[^/%s]+" then
    report.refuse(report.where(), "post takes an address: post \"https://example.org/hook\"")
  end
  return mark.make("post", { to = url })
end

--- The word `mail`.
function M.mail(address)
  if type(address) ~= "string" or not address:find "^[^%s@<>]+@[^%s@<>]+$" then
    report.refuse(report.where(), "mail takes an address: mail \"ops@example.org\"")
  end
  return mark.make("mail", { to = address })
end

--- A list of { event, kind, to }. `mail_known`: false where tidewire.lua says no mail server.
function M.compile(c, content, mail_known)
  local near = c.r:key("after", c.at)
  local said = c.r:typed(content, "after", "table", "the mapping", c.at) or {}
  local named = {}
  for key, value in pairs(said) do named[key] = value end
  c.r:keys(named, events, "after", near)
  local list = json.array {}
  for _, event in ipairs(events) do
    local at = c.r:key(event, near)
    local value = said[event]
    local hooks = (mark.word(value) or type(value) ~= "table") and { value } or value
    for _, hook in ipairs(hooks) do
      local kind = mark.word(hook)
      if kind ~= "post" and kind ~= "mail" then
        c.r:problem(at, "%s of after is post \"https://...\" or mail \"ops@example.org\", or a list of them", event)
      elseif kind == "mail" and mail_known == false then
        c.r:problem(at, "mail needs a server: say mail = { url = \"smtp://mail.example.org:587\", from = \"sync@example.org\" } in tidewire.lua")
      else
        list[#list + 1] = { event = event, kind = kind, to = hook.to }
      end
    end
  end
  return list
end

return M
