-- Twenty-five DocTypes from one file: parents first, because documents refer to each other.
-- Links to a DocType of this list are translated through its own mapping, so that names may differ; all others stay as they are.
local house = connection "local"

-- What tells that two documents are the same, where both sites are in use already.
local masters = {
  { "UOM", "uom_name" }, { "Brand", "brand" }, { "Item Group", "item_group_name" }, { "Territory", "territory_name" },
  { "Customer Group", "customer_group_name" }, { "Supplier Group", "supplier_group_name" }, { "Price List", "price_list_name" },
  { "Warehouse", "warehouse_name" }, { "Department", "department_name" }, { "Designation", "designation_name" },
  { "Employee", "company_email" }, { "Item", "item_code" }, { "Item Price", "price_code" }, { "Customer", "tax_id" }, { "Supplier", "tax_id" },
  { "Lead", "email_id" }, { "Opportunity", "title" }, { "Project", "project_name" }, { "Task", "subject" }, { "Issue", "subject" },
}
local submitted = { { "Quotation", "title" }, { "Sales Order", "po_no" }, { "Delivery Note", "lr_no" }, { "Sales Invoice", "remarks" }, { "Purchase Order", "order_ref" } }

-- Rows of one's own take the place of what `all` would say of their fields.
local own = { Customer = { "notes", "notes", conflict = "manual" } }

local function name_of(doctype) return (doctype:lower():gsub(" ", "_")) end

local list = {}
for _, one in ipairs(masters) do
  list[#list + 1] = mapping {
    name = name_of(one[1]), use = "erpnext_pair", left = cloud.doctype(one[1]), right = house.doctype(one[1]),
    match = { by.fields { one[2] } }, fields = { all { rows = true }, own[one[1]] },
  }
end
for _, one in ipairs(submitted) do
  list[#list + 1] = mapping {
    name = name_of(one[1]), use = "erpnext_pair", left = cloud.doctype(one[1]), right = house.doctype(one[1]),
    match = { by.fields { one[2] } },
    fields = { all { except = { "naming_series" }, rows = true },
               { left = "naming_series", value = "C-", when = "create", name = "series of the cloud" },
               { right = "naming_series", value = "L-", when = "create", name = "series of the house" } },
    deletes = { to_left = "ignore", to_right = "ignore" },
    lifecycle = { { "docstatus", "docstatus" }, states = { [0] = 0, [1] = 1, [2] = 2 },
                  left  = { ["0>1"] = cloud.submit, ["1>2"] = cloud.cancel },
                  right = { ["0>1"] = house.submit, ["1>2"] = house.cancel },
                  edit_after = { [1] = "allowed_fields", [2] = "nothing" } },
  }
end
return list
