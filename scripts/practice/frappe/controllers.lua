-- What built-in DocTypes do beside being stored.

local attach = require "practice.frappe.attach"
local errors = require "practice.frappe.errors"
local python = require "practice.shared.python"
local schema = require "practice.frappe.schema"
local site = require "practice.frappe.site"
local store = require "practice.frappe.store"

local M = {}
local controllers = {}

-- As ERPNext: an employee's whole name is made of its parts.
controllers.Employee = {
  validate = function(doc)
    local names = {}
    for _, field in ipairs { "first_name", "middle_name", "last_name" } do
      if python.truthy(doc[field]) then names[#names + 1] = tostring(doc[field]) end
    end
    if doc.__meta.by_name.employee_name then doc.employee_name = table.concat(names, " ") end
  end,
}

--- Runs a step ("before_insert", "validate", "after_insert", "on_update", "on_trash") of a document's controller.
function M.run(step, doc, before)
  local controller = controllers[doc.doctype]
  if controller and controller[step] then controller[step](doc, before) end
  if step == "on_update" then attach(doc) end
end

local function scrub(label)
  return (label:lower():gsub("[ -]", "_"):gsub("[^%w_]", ""))
end

local function check_permission_rows(doc)
  for i, row in ipairs(doc.permissions) do
    if python.truthy(row.import) and (not python.truthy(doc.allow_import) or python.truthy(doc.issingle)) then
      errors.throw("ValidationError", ("For %s at level %d in %s in row %d: Cannot set import as DocType(%s) is not importable")
        :format(tostring(row.role), python.cint(row.permlevel), tostring(doc.name), i, tostring(doc.name)))
    end
  end
end

local function check_options(doc, field, i)
  local target = field.options
  if target == doc.name and field.fieldtype == "Link" then return end
  local meta = schema.find(target)
  if not meta then
    errors.throw("WrongOptionsDoctypeLinkError", ("%s: Options must be a valid DocType for field %s in row %d")
      :format(tostring(doc.name), field.label or field.fieldname, i), { title = "Wrong Options" })
  end
  if field.fieldtype ~= "Link" and not meta.istable then
    errors.throw("ValidationError", ("Option %s for field %s is not a child table"):format(target, field.label or field.fieldname))
  end
end

local function check_fields(doc)
  local seen = {}
  for i, field in ipairs(doc.fields) do
    if not python.truthy(field.fieldname) then
      field.fieldname = field.label and scrub(field.label) or ("%s_%d"):format(scrub(field.fieldtype or "field"), i)
    end
    if seen[field.fieldname] then
      errors.throw("UniqueFieldnameError", ("%s: Fieldname %s appears multiple times in rows"):format(tostring(doc.name), field.fieldname), { status = 417 })
    end
    seen[field.fieldname] = true
    if field.fieldtype == "Link" or field.fieldtype == "Table" or field.fieldtype == "Table MultiSelect" then check_options(doc, field, i) end
    if python.truthy(field.reqd) and field.fieldtype ~= "Table" then field.in_list_view = 1 end
    if field.fieldtype == "Check" and not python.truthy(field.default) then field.default = "0" end
  end
end

local function add_amended_from(doc)
  for _, field in ipairs(doc.fields) do
    if field.fieldname == "amended_from" then return end
  end
  local meta = schema.get "DocField"
  local row = { __meta = meta, doctype = "DocField", __islocal = true, fieldname = "amended_from", label = "Amended From",
    fieldtype = "Link", options = doc.name, read_only = 1, no_copy = 1, print_hide = 1, search_index = 1, idx = #doc.fields + 1,
    parent = doc.name, parenttype = "DocType", parentfield = "fields", name = site.random_name(), docstatus = 0,
    owner = doc.owner, creation = doc.creation, modified = doc.modified, modified_by = doc.modified_by }
  doc.fields[#doc.fields + 1] = row
end

local function refresh(doctype)
  if site.request then site.request.schema_changed = true end
  schema.forget(doctype)
  store.ensure_table(schema.get(doctype))
end

controllers.DocType = {
  validate = function(doc)
    check_fields(doc)
    check_permission_rows(doc)
    if python.truthy(doc.is_submittable) then add_amended_from(doc) end
    if (doc.autoname or ""):lower() == "autoincrement" then doc.allow_rename = 0 end
  end,
  on_update = function(doc)
    schema.forget()
    refresh(doc.name)
  end,
  on_trash = function(doc)
    store.drop_table(doc.name)
    store.run([[DELETE FROM "tabCustom Field" WHERE dt = ?]], doc.name)
    schema.forget()
  end,
}

controllers["Custom Field"] = {
  before_insert = function(doc)
    if not python.truthy(doc.fieldname) then
      if not python.truthy(doc.label) then errors.throw("ValidationError", "Label is mandatory") end
      doc.fieldname = "custom_" .. scrub(doc.label)
    end
    if not schema.find(doc.dt) then errors.throw("LinkValidationError", "Could not find DocType: " .. tostring(doc.dt)) end
  end,
  validate = function(doc)
    local position = 0
    for i, field in ipairs(schema.get(doc.dt).fields) do
      if field.fieldname == doc.insert_after then position = i end
    end
    doc.idx = position
  end,
  on_update = function(doc) refresh(doc.dt) end,
  on_trash = function(doc) schema.forget(doc.dt) end,
}

controllers["Property Setter"] = {
  on_update = function(doc) refresh(doc.doc_type) end,
  on_trash = function(doc) schema.forget(doc.doc_type) end,
}

controllers.User = {
  validate = function(doc)
    doc.full_name = table.concat({ doc.first_name or "", doc.last_name or "" }, " "):match "^%s*(.-)%s*$"
    doc.username = doc.username or (doc.email or ""):match "^[^@]*"
    doc.new_password = ""
  end,
}

controllers.File = { on_trash = function(doc) require("practice.frappe.files").drop(doc) end }

controllers["OAuth Client"] = {
  validate = function(doc)
    doc.client_id = doc.name
    doc.client_secret = doc.client_secret or site.random_name()
  end,
}

--- Takes the settings that change how the site answers.
function M.apply_settings()
  for _, row in ipairs(store.query "SELECT field, value FROM singles WHERE doctype = 'System Settings'") do
    if row.field == "time_zone" and row.value ~= "" then site.zone = row.value end
    if row.field == "allow_error_traceback" then site.traceback = row.value ~= "0" end
    if row.field == "apply_perm_level_on_api_calls" then site.permlevel_on_api = row.value ~= "0" end
  end
end

controllers["System Settings"] = { on_update = M.apply_settings }

--- Refuses a webhook whose condition cannot be evaluated; set by the webhooks module.
function M.check_condition() end

controllers.Webhook = {
  validate = function(doc)
    if python.truthy(doc.condition) then M.check_condition(doc.condition) end
    if doc.request_structure == "JSON" and not python.truthy(doc.webhook_json) and #doc.webhook_data == 0 then
      errors.throw("ValidationError", "Request Body is mandatory")
    end
  end,
  on_update = function() site.webhooks_stale = true end,
  on_trash = function() site.webhooks_stale = true end,
}

return M
