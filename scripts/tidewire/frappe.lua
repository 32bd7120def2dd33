--- Rows that most mappings of ERPNext have: `fields = { frappe.defaults "Employee", { "cell_number", "phone", t.phone "GB" } }`.
---
--- A row is left out where a side has no such field or where the mapping has a row of its own for one of the two.

local mark = require "tidewire.mapping.mark"
local report = require "tidewire.host.report"
local t = require "tidewire.transform"

local M = {}

local rows = {
  Customer = { { "customer_name", "name" }, { "customer_type", "kind", t.enum { Company = "company", Individual = "person" } }, { "customer_group", "customer_group" },
    { "territory", "territory" }, { "tax_id", "tax_id" }, { "website", "website" }, { "language", "language" }, { "disabled", "disabled" } },
  Supplier = { { "supplier_name", "name" }, { "supplier_type", "kind", t.enum { Company = "company", Individual = "person" } }, { "supplier_group", "supplier_group" },
    { "country", "country" }, { "tax_id", "tax_id" }, { "website", "website" }, { "disabled", "disabled" } },
  Employee = { { "first_name", "first_name" }, { "middle_name", "middle_name" }, { "last_name", "last_name" }, { "employee_name", "full_name", only = "to_right" },
    { "gender", "gender" }, { "date_of_birth", "date_of_birth" }, { "date_of_joining", "joined_on", t.date }, { "relieving_date", "left_on", t.date },
    { "status", "status", t.enum { Active = "active", Inactive = "inactive", Suspended = "suspended", Left = "left" } }, { "company_email", "email", t.email },
    { "personal_email", "personal_email", t.email }, { "cell_number", "phone" }, { "designation", "designation" }, { "employee_number", "number" } },
  Item = { { "item_code", "sku", required = true }, { "item_name", "name" }, { "description", "description", t.html }, { "item_group", "item_group" }, { "stock_uom", "unit" },
    { "brand", "brand" }, { "standard_rate", "price", t.decimal(2) }, { "weight_per_unit", "weight" }, { "lead_time_days", "lead_time_days" },
    { "is_stock_item", "is_stock_item" }, { "disabled", "discontinued" } },
  Address = { { "address_title", "title" }, { "address_type", "kind" }, { "address_line1", "street" }, { "address_line2", "street2" }, { "city", "city" },
    { "state", "state" }, { "pincode", "postcode" }, { "country", "country" }, { "phone", "phone" }, { "email_id", "email", t.email } },
  Contact = { { "first_name", "first_name" }, { "last_name", "last_name" }, { "salutation", "salutation" }, { "designation", "designation" },
    { "company_name", "company" }, { "department", "department" } },
  Department = { { "department_name", "name", required = true }, { "disabled", "disabled" } },
}

--- `frappe.defaults("Employee" [, { except = { "gender" } }])`; the right's names are those that tables mostly have.
function M.defaults(doctype, options)
  local place = report.where()
  local list = type(doctype) == "string" and rows[doctype]
  if not list then
    report.refuse(place, ("there are no defaults for '%s'%s"):format(tostring(doctype), report.suggest(tostring(doctype), report.names(rows))))
  end
  local except = {}
  for _, name in ipairs(type(options) == "table" and options.except or {}) do except[name] = true end
  local result = {}
  for _, row in ipairs(list) do
    if not except[row[1]] then result[#result + 1] = row end
  end
  return mark.make("defaults", result, place)
end

return M
