-- Webhooks: which event calls whom, the exact bytes sent, three attempts.
--
-- Jobs are queued in the writer's request and released by its commit, carrying the document object itself: what is sent
-- is the document in memory, not a second read.

local condition = require "practice.frappe.condition"
local controllers = require "practice.frappe.controllers"
local documents = require "practice.frappe.documents"
local errors = require "practice.frappe.errors"
local hash = require "tidewire.hash"
local http = require "tidewire.http"
local log = require "tidewire.log"
local lifecycle = require "practice.frappe.lifecycle"
local output = require "practice.frappe.output"
local practice = require "tidewire.practice"
local python = require "practice.shared.python"
local schema = require "practice.frappe.schema"
local site = require "practice.frappe.site"
local store = require "practice.frappe.store"
local task = require "tidewire.task"
local template = require "practice.frappe.template"
local time = require "tidewire.time"

local M = {}

local by_doctype = {}
local queue = {}
M.chances = { duplicate = 0, reorder = 0, drop = 0, delay = 0, delay_seconds = 1 }
M.stats = { queued = 0, attempts = 0, delivered = 0, given_up = 0, dropped = 0, duplicated = 0, delayed = 0, reordered = 0 }
M.quiet = false

local function reload()
  by_doctype = {}
  local meta = schema.get "Webhook"
  for _, row in ipairs(store.query [[SELECT name FROM tabWebhook WHERE enabled = 1 ORDER BY creation DESC]]) do
    local doc = documents.load(meta, row.name)
    local list = by_doctype[doc.webhook_doctype] or {}
    by_doctype[doc.webhook_doctype] = list
    list[#list + 1] = { doc = doc, condition = python.truthy(doc.condition) and condition.parse(doc.condition) or nil }
  end
  site.webhooks_stale = false
end

function controllers.check_condition(text)
  if not condition.parse(text) then
    errors.throw("ValidationError", "Invalid Condition: this practice server knows comparisons of doc.<field> only: " .. text)
  end
end

local function put_event(hook, doc, event)
  for _, job in ipairs(site.request.events) do
    if job.hook == hook and job.doc.name == doc.name and job.doc.doctype == doc.doctype then
      job.doc, job.event = doc, event
      return
    end
  end
  table.insert(site.request.events, { hook = hook, doc = doc, event = event, user = site.user() })
end

--- Every condition of the DocType is evaluated on every event, so a broken one breaks all writes, as on a real site.
function documents.on_event(event, doc)
  if site.webhooks_stale ~= false then reload() end
  local list = by_doctype[doc.doctype]
  if not list then return end
  for _, hook in ipairs(list) do
    local holds = not hook.condition or condition.holds(hook.condition, doc)
    if holds and hook.doc.webhook_docevent == event then put_event(hook, doc, event) end
  end
end

local function chance(name)
  local probability = M.chances[name] or 0
  return probability > 0 and practice.random() < probability
end

local function count(name)
  M.stats[name] = M.stats[name] + 1
end

local function enqueue(job)
  count "queued"
  job.at = time.clock()
  if chance "delay" then
    count "delayed"
    job.at = job.at + M.chances.delay_seconds
  end
  if chance "reorder" and #queue > 0 then
    count "reordered"
    table.insert(queue, math.floor(practice.random() * #queue) + 1, job)
  else
    queue[#queue + 1] = job
  end
end

local function payload(hook, doc)
  local object = output.dict(doc)
  if hook.doc.request_structure == "JSON" and python.truthy(hook.doc.webhook_json) then
    return template.render(hook.doc.webhook_json, object)
  end
  local pairs_list = {}
  for i, row in ipairs(hook.doc.webhook_data) do
    local value = object[row.fieldname]
    pairs_list[i] = { row.key, value == nil and python.raw "null" or value }
  end
  return python.dumps(python.record(pairs_list))
end

--- Releases the jobs of a committed request. A document's state is taken here.
function M.release(events)
  for _, event in ipairs(events) do
    local body, problem = payload(event.hook, event.doc)
    local job = { hook = event.hook.doc, body = body, problem = problem, name = tostring(event.doc.name), user = event.user }
    if chance "drop" then
      count "dropped"
    else
      enqueue(job)
      if chance "duplicate" then
        count "duplicated"
        enqueue { hook = job.hook, body = body, problem = problem, name = job.name, user = job.user }
      end
    end
  end
end

--- Runs something later on a worker: the follow-up writes that hooks of a real site make.
function M.later(seconds, run)
  queue[#queue + 1] = { at = time.clock() + seconds, run = run }
end

local function headers_of(hook, body)
  local headers = { ["User-Agent"] = "python-requests/2.32.0", Accept = "*/*" }
  local logged = {}
  if python.truthy(hook.enable_security) then
    local secret = documents.secret("Webhook", hook.name, "webhook_secret") or ""
    logged["X-Frappe-Webhook-Signature"] = hash.hmac_sha256(secret, body, "base64")
  end
  for _, row in ipairs(hook.webhook_headers) do
    if python.truthy(row.key) and python.truthy(row.value) then logged[row.key] = row.value end
  end
  for key, value in pairs(logged) do headers[key] = value end
  return headers, logged
end

local function log_attempt(job, logged, response, problem)
  lifecycle.log("Webhook Request Log", {
    webhook = job.hook.name, reference_document = job.name, user = job.user, owner = job.user, modified_by = job.user,
    url = job.hook.request_url, headers = python.indented(logged), data = job.body or "{}", response = response, error = problem,
  })
end

local function attempt(job, headers)
  count "attempts"
  local response, err = http.request {
    method = job.hook.request_method or "POST", url = job.hook.request_url, headers = headers, body = job.body,
    timeout = math.max(1, python.cint(job.hook.timeout)),
  }
  if not response then return nil, tostring(err), err end
  if response.status >= 400 then
    return nil, ("requests.exceptions.HTTPError: %d Server Error for url: %s"):format(response.status, job.hook.request_url), nil, response.body
  end
  return response.body or ""
end

local function timed_out(err)
  return err and tostring(err):lower():find "tim" ~= nil
end

--- One job: attempts at 0, +1 and +5 seconds; a read timeout is tried again at once; then the event is lost.
local function deliver(job)
  if not job.body then
    log_attempt(job, {}, nil, job.problem)
    return count "given_up"
  end
  local headers, logged = headers_of(job.hook, job.body)
  for try = 1, 3 do
    local body, problem, err, failed_body = attempt(job, headers)
    if body then
      log_attempt(job, logged, body, nil)
      return count "delivered"
    end
    if site.v14 and err and try == 1 and not timed_out(err) then break end
    log_attempt(job, logged, failed_body, problem)
    if not timed_out(err) then task.sleep(try == 1 and 1 or try == 2 and 4 or 7) end
  end
  count "given_up"
end

local function take()
  if M.quiet then return nil end
  local now = time.clock()
  for i, job in ipairs(queue) do
    if job.at <= now then return table.remove(queue, i) end
  end
  return nil
end

--- Waits for jobs and does them, for ever. Several workers run side by side, as on a site.
function M.work()
  while true do
    local job = take()
    if not job then task.sleep(0.01)
    else
      local ok, failure = pcall(job.run or deliver, job)
      if not ok then log.error("practice frappe: " .. tostring(type(failure) == "table" and failure.message or failure)) end
    end
  end
end

function M.waiting()
  return #queue
end

--- Fires an event for a document that was not written: the phantoms a rollback leaves behind.
function M.phantom(event, doc)
  documents.on_event(event, doc)
end

return M
