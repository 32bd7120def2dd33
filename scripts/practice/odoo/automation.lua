-- Automation rules that call a URL: unsigned, after the commit, with one second to answer and no second try.
--
-- A rule: { model, url, on = "create_or_write" | "create" | "unlink", fields, repeats }; `repeats` is how often one change
-- is told, as internal writes of a real server do.

local http = require "tidewire.http"
local orm = require "practice.odoo.orm"
local practice = require "tidewire.practice"
local python = require "practice.shared.python"
local registry = require "practice.odoo.registry"
local site = require "practice.odoo.site"
local store = require "practice.odoo.store"

local M = {}

local rules = {}
M.stats = { sent = 0, failed = 0, waiting = 0 }

function M.add(rule)
  rules[#rules + 1] = rule
  rule.id = 460 + #rules
  return rule.id
end

function M.all() return rules end

function M.clear() rules = {} end

local told = { create_or_write = { create = true, write = true }, create = { create = true }, unlink = { unlink = true } }

-- A many2one goes as its id, a time with its microseconds; of a record that is gone, what it had last.
local function payload(rule, event)
  local body = { _action = ("hook(#%d)"):format(rule.id), _id = event.id, _model = event.model, id = event.id }
  local model = registry.get(event.model)
  local row = event.row or store.row(model, event.id)
  if not row then return body end
  for _, name in ipairs(rule.fields or {}) do
    local field = model.fields[name]
    body[name] = field.type == "datetime" and (row[name] or false) or orm.value(model, field, row, true)
  end
  return body
end

local function send(rule, body)
  for _ = 1, rule.repeats or 1 do
    M.stats.waiting = M.stats.waiting + 1
    practice.start(function()
      local reply = http.request { method = "POST", url = rule.url, body = body, timeout = 1,
        headers = { ["Content-Type"] = "application/json", ["User-Agent"] = "python-requests/2.31.0" } }
      M.stats.waiting = M.stats.waiting - 1
      local outcome = reply and reply.status < 400 and "sent" or "failed"
      M.stats[outcome] = M.stats[outcome] + 1
    end)
  end
end

--- Tells what a commit did.
function M.release(events)
  if #rules == 0 then return end
  for _, event in ipairs(events) do
    for _, rule in ipairs(rules) do
      if rule.model == event.model and told[rule.on or "create_or_write"][event.what] then
        site.env.su = true
        send(rule, python.dumps(payload(rule, event)))
        site.env.su = nil
      end
    end
  end
end

return M
