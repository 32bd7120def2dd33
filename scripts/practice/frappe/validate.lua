-- The checks a document passes before it is written, in the order of a real site.

local errors = require "practice.frappe.errors"
local html = require "practice.frappe.html"
local permissions = require "practice.frappe.permissions"
local python = require "practice.shared.python"
local schema = require "practice.frappe.schema"
local site = require "practice.frappe.site"
local store = require "practice.frappe.store"
local text = require "tidewire.text"
local values = require "practice.frappe.values"

local M = {}

local function empty(value)
  return value == nil or value == ""
end

--- Calls `visit(document, meta, row_number)` for the document and each of its rows.
function M.each(doc, visit)
  visit(doc, doc.__meta)
  for _, field in ipairs(doc.__meta.tables) do
    for i, row in ipairs(doc[field.fieldname] or {}) do visit(row, row.__meta, row.idx or i) end
  end
end

local function fetch_into(doc, meta, link, target)
  for _, fetch in ipairs(meta.fetches) do
    if fetch.link == link then
      local field = fetch.field
      if not (field.fetch_if_empty and not empty(doc[field.fieldname])) then
        local source = target.__meta.by_name[fetch.source]
        if fetch.source == "name" then doc[field.fieldname] = target.row.name
        elseif source then doc[field.fieldname] = values.from_row(source, target.row[fetch.source]) end
      end
    end
  end
end

local function check_cancelled(doc, meta, field, row)
  if meta.is_submittable and python.cint(row.docstatus) == 2 and field.fieldname ~= "amended_from" and python.cint(doc.docstatus) ~= 2 then
    errors.throw("CancelledLinkError", ("Cannot link cancelled document: %s: %s"):format(field.label, row.name))
  end
end

local function check_link(doc, meta, field, target_name, invalid, prefix)
  local value = doc[field.fieldname]
  local target = schema.find(target_name)
  if not target or target.issingle then return end
  local key = type(value) == "string" and value or python.str(value)
  local row = store.row(target, target.autoname == "autoincrement" and tonumber(key) or key)
  if not row then
    if not field.feeds then invalid[#invalid + 1] = prefix .. field.label .. ": " .. key end
    return
  end
  if type(value) == "string" then doc[field.fieldname] = row.name end
  check_cancelled(doc, meta, field, row)
  if field.feeds then fetch_into(doc, meta, field, { __meta = target, row = row }) end
end

local function check_dynamic_link(doc, meta, field, invalid, prefix)
  local type_field = meta.by_name[field.options]
  local doctype = doc[field.options]
  if empty(doctype) then
    errors.throw("ValidationError", (type_field and type_field.label or field.options) .. " must be set first")
  end
  check_link(doc, meta, field, doctype, invalid, prefix)
end

--- Links must lead somewhere; their spelling becomes the target's and fetched fields are filled.
function M.links(document)
  local invalid = {}
  M.each(document, function(doc, meta, number)
    local prefix = number and ("Row #%d: "):format(number) or ""
    for _, field in ipairs(meta.links) do
      if not empty(doc[field.fieldname]) and not python.is_list(doc[field.fieldname]) then
        check_link(doc, meta, field, field.options, invalid, prefix)
      end
    end
    for _, field in ipairs(meta.dynamic_links) do
      if not empty(doc[field.fieldname]) then check_dynamic_link(doc, meta, field, invalid, prefix) end
    end
  end)
  if #invalid > 0 then errors.throw("LinkValidationError", "Could not find " .. table.concat(invalid, ", ")) end
end

local function missing(field, value)
  if field.is_table then return value == nil or #value == 0 end
  if value == nil then return true end
  return type(value) == "string" and html.strip(value) == ""
end

--- Mandatory fields; one message per field, all at once.
function M.mandatory(document)
  local names = {}
  M.each(document, function(doc, meta, number)
    for _, field in ipairs(meta.fields) do
      if field.reqd and missing(field, doc[field.fieldname]) then
        names[#names + 1] = field.fieldname
        site.message(number and ("Error: <strong>%s</strong> Row #%d: Value missing for: %s"):format(meta.name, number, field.label)
          or ("Error: Value missing for %s: %s"):format(meta.name, field.label))
      end
    end
  end)
  if #names > 0 then
    errors.raise("MandatoryError", ("[%s, %s]: %s"):format(document.doctype, tostring(document.name), table.concat(names, ", ")))
  end
end

local formats = {}

function formats.Email(value)
  for address in value:gmatch "[^,\n]+" do
    local bare = address:match "<([^<>]+)>%s*$" or address:match "^%s*(.-)%s*$"
    if not bare:find "^[^%s@]+@[^%s@]+%.[^%s@]+$" then
      errors.throw("InvalidEmailAddressError", value .. " is not a valid Email Address")
    end
  end
end

function formats.Phone(value)
  if not value:match("^%s*(.-)%s*$"):find "^[0-9 +_%-,.*#()]+$" or #value > 20 then
    errors.throw("InvalidPhoneNumberError", value .. " is not a valid Phone Number")
  end
end

function formats.URL(value)
  if not value:find "^%a[%w+.-]*://[^%s/]+" then
    errors.throw("ValidationError", ("'<strong>%s</strong>' is not a valid URL"):format(value))
  end
end

function formats.Name(value)
  if not value:find "^[%w%s'.\128-\255-]+$" then errors.throw("InvalidNameError", value .. " is not a valid Name", { status = 417 }) end
end

local function data_fields(doc, meta)
  for _, field in ipairs(meta.columns) do
    local check = (field.fieldtype == "Data" and formats[field.options]) or (field.fieldtype == "Phone" and formats.Phone)
    local value = doc[field.fieldname]
    if check and type(value) == "string" and value ~= "" then check(value) end
  end
end

local function selects(doc, meta, number)
  for _, field in ipairs(meta.columns) do
    local value = doc[field.fieldname]
    if field.fieldtype == "Select" and field.options and field.options ~= "" and not empty(value) then
      value = python.str(value):match "^%s*(.-)%s*$"
      doc[field.fieldname] = value
      local choices, found = {}, false
      for option in (field.options .. "\n"):gmatch "([^\n]*)\n" do
        option = option:match "^%s*(.-)%s*$"
        choices[#choices + 1] = '"' .. option .. '"'
        found = found or option == value
      end
      if not found and not empty(value) then
        errors.throw("ValidationError", ('%s %s cannot be "%s". It should be one of %s'):format(
          number and "Row #" .. number .. ":" or "", field.label, value, table.concat(choices, ", ")))
      end
    end
  end
end

local function non_negative(doc, meta)
  for _, field in ipairs(meta.columns) do
    if field.non_negative and python.flt(doc[field.fieldname]) < 0 then
      errors.throw("NonNegativeError", ("Value cannot be negative for %s: <strong>%s</strong>"):format(meta.name, field.label))
    end
  end
end

local function too_long(doc, meta, field, value)
  errors.throw("CharacterLengthExceededError", ("%s %s: '<strong>%s</strong>' (%s) will get truncated, as max characters allowed is %d")
    :format(meta.name, tostring(doc.name), field.label, value, field.limit or 11), { title = "Value too big" })
end

local function lengths(doc, meta)
  for _, field in ipairs(meta.columns) do
    local value = doc[field.fieldname]
    if field.limit and type(value) == "string" and #value > field.limit and text.length(value) > field.limit then
      too_long(doc, meta, field, value)
    elseif field.kind == "int" and value ~= nil then
      local number = python.cint(value)
      if number > 2147483647 or number < -2147483648 then too_long(doc, meta, field, python.number(number)) end
    end
  end
end

local unsafe_kinds = { Code = true, Attach = true, ["Attach Image"] = true, Barcode = true, Select = true, Link = true, ["Dynamic Link"] = true }

local function sanitize(doc, meta)
  for _, field in ipairs(meta.columns) do
    local value = doc[field.fieldname]
    if field.kind == "text" and type(value) == "string" and value:find("<", 1, true) and not unsafe_kinds[field.fieldtype]
      and not field.ignore_xss_filter and not (field.fieldtype == "Data" and field.options == "Email") then
      doc[field.fieldname] = html.sanitize(value)
    end
  end
end

local function keep_name_field(doc, meta)
  local fieldname = (meta.autoname or ""):match "^field:(.+)$"
  if fieldname and meta.by_name[fieldname] then doc[fieldname] = doc.name end
end

--- Everything between the controller's own checks and the database.
function M.content(document)
  M.mandatory(document)
  M.each(document, data_fields)
  M.each(document, selects)
  M.each(document, non_negative)
  M.each(document, lengths)
  keep_name_field(document, document.__meta)
  M.each(document, sanitize)
end

--- `set_only_once` fields, the owner and the creation time stay what they were.
function M.constants(doc, before)
  local function refuse(label)
    errors.throw("CannotChangeConstantError", ("Value cannot be changed for <strong>%s</strong>"):format(label))
  end
  if doc.creation ~= before.creation and values.parse_datetime(python.str(doc.creation or "")) ~= site.full_datetime(before.creation) then
    refuse "Created On"
  end
  if doc.owner ~= before.owner then refuse "Created By" end
  for _, field in ipairs(doc.__meta.columns) do
    if field.set_only_once and not empty(before[field.fieldname])
      and not values.same(doc.__meta, field, doc[field.fieldname], before[field.fieldname]) then
      refuse(field.label)
    end
  end
end

local function refuse_after_submit(field, from, to)
  local function shown(value) return value == nil and "None" or type(value) == "table" and tostring(#value) or tostring(value) end
  errors.throw("UpdateAfterSubmitError", (" Not allowed to change <strong>%s</strong> after submission from <strong>%s</strong> to <strong>%s</strong>")
    :format(field.label, shown(from), shown(to)))
end

local function rows_after_submit(doc, before, field)
  local rows, old = doc[field.fieldname] or {}, before[field.fieldname] or {}
  for _, row in ipairs(rows) do
    if row.__islocal then permissions.missing(row.__meta, "None") end
  end
  if #rows ~= #old then refuse_after_submit(field, old, rows) end
  for i, row in ipairs(rows) do
    for _, column in ipairs(row.__meta.columns) do
      if not column.allow_on_submit and not values.same(row.__meta, column, row[column.fieldname], old[i][column.fieldname]) then
        refuse_after_submit(column, old[i][column.fieldname], row[column.fieldname])
      end
    end
  end
end

--- After submit only fields with `allow_on_submit` may differ.
function M.after_submit(doc, before)
  local meta = doc.__meta
  for _, field in ipairs(meta.tables) do
    if not field.allow_on_submit then rows_after_submit(doc, before, field) end
  end
  for _, field in ipairs(meta.columns) do
    if not field.allow_on_submit and not values.same(meta, field, doc[field.fieldname], before[field.fieldname]) then
      refuse_after_submit(field, before[field.fieldname], doc[field.fieldname])
    end
  end
end

--- Fields above the writer's permlevels silently get their old value (nil on insert).
function M.permlevels(doc, before)
  local levels = permissions.levels(doc.__meta, "write")
  if not levels then return end
  for _, field in ipairs(doc.__meta.fields) do
    if not levels[field.permlevel] and (field.kind or field.is_table) then
      doc[field.fieldname] = before and before[field.fieldname] or nil
    end
  end
end

return M
