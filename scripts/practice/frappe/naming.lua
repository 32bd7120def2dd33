-- How a new document gets its name.

local errors = require "practice.frappe.errors"
local python = require "practice.shared.python"
local site = require "practice.frappe.site"
local store = require "practice.frappe.store"

local M = {}

local function date_part(part)
  local now = site.now()
  local parts = { YYYY = now:sub(1, 4), YY = now:sub(3, 4), MM = now:sub(6, 7), DD = now:sub(9, 10) }
  return parts[part]
end

--- The name of "PRE-.YYYY.-.#####": parts between dots, the run of "#" is the number.
local function from_series(series, doc)
  if not series:find "#" then series = series .. ".#####" end
  local name, number
  name = ""
  for part in (series .. "."):gmatch "([^.]*)%." do
    if part:find "^#+$" then
      number = store.next_number(name)
      name = name .. ("%0" .. #part .. "d"):format(number)
    elseif part ~= "" then
      name = name .. (date_part(part) or (doc[part] ~= nil and python.str(doc[part])) or part)
    end
  end
  return name
end

local function from_format(format, doc)
  local prefix = ""
  return (format:gsub("^format:", ""):gsub("([^{]*)(%b{})", function(before, braced)
    prefix = prefix .. before
    local word = braced:sub(2, -2)
    local value
    if word:find "^#+$" then value = ("%0" .. #word .. "d"):format(store.next_number(prefix))
    else value = date_part(word) or (doc[word] ~= nil and python.str(doc[word])) or "" end
    prefix = prefix .. value
    return before .. value
  end))
end

local function from_field(meta, doc, fieldname)
  local value = doc[fieldname]
  if value == nil or value == "" then
    local field = meta.by_name[fieldname]
    errors.throw("ValidationError", (field and field.label or fieldname) .. " is required")
  end
  return python.str(value)
end

local function amended_name(doc)
  local base, number = doc.amended_from:match "^(.*)%-(%d+)$"
  local row = store.row(doc.__meta, doc.amended_from)
  if row and row.docstatus ~= 2 and not site.v14 then
    errors.throw("ValidationError", doc.amended_from .. " cannot be amended because it is not cancelled. Please cancel the document before creating an amendment.")
  end
  if base and row and row.amended_from then return base .. "-" .. (tonumber(number) + 1) end
  return doc.amended_from .. "-1"
end

local function next_integer(meta)
  return store.next_number("autoincrement:" .. meta.name)
end

local function is_series(rule)
  return rule:find("#", 1, true) ~= nil
end

local function prompted(doc, given)
  if given == nil or given == "" then errors.throw("ValidationError", "Please set the document name") end
  return python.str(given)
end

local function webhook_name(doc, given)
  if site.v14 then return from_series("HOOK-.####", doc) end
  return prompted(doc, given)
end

local function by_rule(meta, doc, given)
  local rule = meta.autoname or ""
  local lower = rule:lower()
  if python.truthy(doc.amended_from) and meta.is_submittable then return amended_name(doc) end
  if lower == "prompt" then return prompted(doc, given) end
  if lower == "webhook" then return webhook_name(doc, given) end
  if lower == "email" then return (doc.email or ""):lower() end
  if lower == "custom_field" then return doc.dt .. "-" .. doc.fieldname end
  if lower:find "^field:" then return from_field(meta, doc, rule:sub(7)) end
  if lower:find "^naming_series:" then return from_series(from_field(meta, doc, "naming_series"), doc) end
  if lower:find "^format:" then return from_format(rule, doc) end
  if rule ~= "hash" and is_series(rule) then return from_series(rule, doc) end
  return site.random_name()
end

--- Refuses names no document may have.
function M.check(meta, name)
  if name:find "[<>]" then errors.throw("NameError", "Name cannot contain special characters like '<', '>'") end
  if name:find("^New " .. meta.name:gsub("%p", "%%%0")) then
    errors.throw("NameError", "There were some errors setting the name, please contact the administrator")
  end
  if #name > 140 then errors.raise("DataError", "(1406, \"Data too long for column 'name' at row 1\")", { status = 500 }) end
end

--- The name for a new document; `given` is what the client sent, `keep` true when it must be taken.
function M.choose(meta, doc, given, keep)
  if (meta.autoname or ""):lower() == "autoincrement" then return next_integer(meta) end
  local name = keep and given or by_rule(meta, doc, given)
  name = python.str(name):match "^%s*(.-)%s*$"
  M.check(meta, name)
  return name
end

--- Gives the number of the newest document of a series back when that document is deleted.
function M.revert(meta, name)
  local rule = meta.autoname or ""
  if type(name) ~= "string" or not is_series(rule) or rule:lower():find "^field:" then return end
  local prefix, number = name:match "^(.-)(%d+)$"
  if prefix then store.revert_number(prefix, tonumber(number)) end
end

return M
