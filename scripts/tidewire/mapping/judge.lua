--- `judge = { url = "https://rules.example.org/decide", timeout = "10s", fallback = "manual" }`: whom `conflict = "webhook"` asks.
--- In the defaults of tidewire.lua the address may be env "JUDGE_URL" or secret "JUDGE_URL".

local conflict = require "tidewire.mapping.conflict"
local duration = require "tidewire.host.duration"

local M = {}

local members = { "url", "timeout", "fallback" }

--- A marker, as it crosses from tidewire.lua.
local function is_marker(value) return type(value) == "table" and type(value["$env"] or value["$secret"]) == "string" end

local function checked_url(c, url, near)
  if is_marker(url) then return url end
  if type(url) == "string" and url:find "^https?://[^/%s]+" then return url end
  c.r:problem(c.r:key("url", near), "url of judge must be an address such as \"https://rules.example.org/decide\"")
end

local function checked_timeout(c, timeout, near)
  if timeout == nil then return 10000 end
  local time = duration.milliseconds(timeout)
  if time and time >= 100 and time <= 300000 then return time end
  c.r:problem(c.r:key("timeout", near), "timeout of judge must be a duration from 100ms to 5m, not '%s'", tostring(timeout))
end

--- Sets c.judge = { url, timeout_ms, fallback, call }; `said` is the mapping's `judge`, else the project's.
function M.compile(c, said, near)
  if said == nil then return end
  if type(said) == "string" or is_marker(said) then said = { url = said } end
  if type(said) ~= "table" then
    c.r:problem(near, "judge must be a table: judge = { url = \"https://rules.example.org/decide\", timeout = \"10s\", fallback = \"manual\" }")
    return
  end
  c.r:keys(said, members, "judge", near)
  local judge = { url = checked_url(c, said.url, near), timeout_ms = checked_timeout(c, said.timeout, near), fallback = "manual" }
  local fallback, at = said.fallback, c.r:key("fallback", near)
  if fallback == "webhook" then
    c.r:problem(at, "fallback of judge is for when nobody answers: a rule such as \"newest\", \"manual\", or \"wait\"")
  elseif fallback == "wait" then
    judge.fallback = "wait"
  elseif fallback ~= nil then
    local rule = conflict.rule(c, fallback, at)
    if rule then judge.fallback, judge.call = rule.name, rule.call end
  end
  c.judge = judge
end

--- What the program gets of it.
function M.compiled(c)
  local judge = c.judge
  return judge and { url = judge.url, timeout_ms = judge.timeout_ms, fallback = judge.fallback }
end

return M
