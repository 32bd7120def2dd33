-- The life of a document: inserted, saved, submitted, cancelled. What a write answers is the document in memory, not a
-- second read, exactly as on a real site.

local controllers = require "practice.frappe.controllers"
local errors = require "practice.frappe.errors"
local json = require "tidewire.json"
local memory = require "practice.frappe.memory"
local naming = require "practice.frappe.naming"
local permissions = require "practice.frappe.permissions"
local python = require "practice.shared.python"
local rows = require "practice.frappe.rows"
local schema = require "practice.frappe.schema"
local site = require "practice.frappe.site"
local store = require "practice.frappe.store"
local validate = require "practice.frappe.validate"

local M = { new = memory.new, load = memory.load, copy = memory.copy, from_row = memory.from_row, assign = memory.assign, secret = rows.secret }
local null = json.null

--- The stored document; 404 when absent. Later versions hide what the user may not read behind a 403.
function M.get(doctype, name)
  local meta = schema.get(doctype)
  local doc = memory.load(meta, name)
  return doc or permissions.missing(meta, name)
end

--- Called with (event, doc) for every event a webhook may hang on; replaced by the webhooks module.
function M.on_event() end

local function count_write(doc, what)
  local writes = site.request.writes or {}
  site.request.writes = writes
  writes[#writes + 1] = { doctype = doc.doctype, what = what, name = doc.name }
end
M.count_write = count_write

local states = { [0] = "0 (Draft)", [1] = "1 (Submitted)", [2] = "2 (Cancelled)" }

local function refuse_transition(from, to)
  errors.raise("DocstatusTransitionError", ("Cannot change docstatus from %s to %s"):format(states[from], states[to] or tostring(to)))
end

local function docstatus_of(doc)
  local value = doc.docstatus
  if site.level >= 1582 and type(value) == "string" and not value:find "^%d$" then
    errors.raise("ValueError", value .. " is not a valid DocStatus")
  end
  return python.cint(value)
end

--- Inserts a document. `options.keep_name` takes the client's name whatever the naming rule says.
function M.insert(doc, options)
  local meta = doc.__meta
  memory.set_defaults(doc)
  local stamp = site.now()
  doc.owner, doc.modified_by, doc.creation, doc.modified = site.user(), site.user(), stamp, stamp
  doc.docstatus = docstatus_of(doc)
  doc.idx = doc.idx == nil and 0 or doc.idx
  if doc.docstatus == 2 then refuse_transition(0, 2) end
  if doc.docstatus == 1 then permissions.check(meta, "submit") end
  if not site.v14 and site.level >= 1600 then permissions.check(meta, "create") end
  validate.links(doc)
  permissions.check(meta, "create")
  if not permissions.within(doc) then
    site.message("You are not allowed to access this " .. meta.name .. " record because it is linked to a value outside of your User Permissions")
    errors.raise("PermissionError", nil, { error_message = "No permission for " .. meta.name })
  end
  controllers.run("before_insert", doc)
  doc.name = naming.choose(meta, doc, doc.__given_name, options and options.keep_name)
  rows.prepare(doc, true)
  validate.permlevels(doc, nil)
  controllers.run("validate", doc)
  validate.content(doc)
  rows.insert(doc)
  doc.__islocal = nil
  for _, field in ipairs(meta.tables) do
    for _, row in ipairs(doc[field.fieldname] or {}) do rows.insert(row) row.__islocal = nil end
  end
  controllers.run("after_insert", doc)
  controllers.run("on_update", doc)
  count_write(doc, "insert")
  M.on_event("after_insert", doc)
  M.on_event("on_update", doc)
  if doc.docstatus == 1 then M.on_event("on_submit", doc) end
  return doc
end

local function check_latest(doc, before)
  if doc.modified ~= before.modified then
    errors.throw("TimestampMismatchError", ("Error: Document has been modified after you have opened it (%s, %s). Please refresh to get the latest document.")
      :format(tostring(before.modified), site.now()))
  end
end

local function action_of(doc, before)
  local from, to = before.docstatus, docstatus_of(doc)
  doc.docstatus = to
  if from == 2 then errors.raise("ValidationError", "Cannot edit cancelled document") end
  if from == 0 and to == 0 then return "save" end
  if from == 0 and to == 1 then return "submit" end
  if from == 1 and to == 1 then return "update_after_submit" end
  if from == 1 and to == 2 then return "cancel" end
  return refuse_transition(from, to)
end

local events = {
  save = { "on_update", "on_change" }, submit = { "on_update", "on_submit", "on_change" },
  update_after_submit = { "on_change" }, cancel = { "on_cancel", "on_change" },
}
local rights = { submit = "submit", cancel = "cancel", update_after_submit = "submit" }

--- Called with (doc, before) after a save of a DocType that tracks changes; set by the lifecycle module.
function M.on_change() end

--- Called to refuse a cancel while submitted documents link here; set by the lifecycle module.
function M.check_cancel() end

local function write_saved(doc, before)
  if doc.__meta.issingle then return rows.write_single(doc) end
  rows.update(doc, store.key(before.name))
  rows.replace_rows(doc)
end

--- Saves a changed document over `before`, its stored state.
function M.save(doc, before)
  local meta = doc.__meta
  permissions.check(meta, "write", doc.name)
  check_latest(doc, before)
  local action = action_of(doc, before)
  if rights[action] then permissions.check(meta, rights[action], doc.name) end
  doc.modified, doc.modified_by = site.now(), site.user()
  rows.prepare(doc, false)
  validate.permlevels(doc, before)
  validate.links(doc)
  controllers.run("validate", doc, before)
  if action ~= "cancel" then
    if not meta.issingle then validate.constants(doc, before) end
    validate.content(doc)
  end
  if action == "update_after_submit" then validate.after_submit(doc, before) end
  if action == "cancel" then M.check_cancel(doc) end
  write_saved(doc, before)
  controllers.run("on_update", doc, before)
  if meta.track_changes then M.on_change(doc, before) end
  count_write(doc, action)
  for _, event in ipairs(events[action]) do M.on_event(event, doc) end
  return doc
end

--- Loads, changes and saves in one step, as PUT does.
function M.update(doctype, name, data)
  local before = M.get(doctype, name)
  local doc = memory.copy(before)
  memory.assign(doc, data)
  if python.truthy(data.__islocal) then
    doc.__islocal, doc.__given_name = true, nil
    return M.insert(doc)
  end
  if data.name ~= nil and data.name ~= null and data.name ~= before.name then
    before = memory.load(doc.__meta, data.name)
    if not before then errors.not_found(doc.doctype, tostring(data.name)) end
    doc.name = before.name
  end
  return M.save(doc, before)
end

return M
