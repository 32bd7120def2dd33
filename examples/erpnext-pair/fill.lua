-- Makes one of the two sites what a small company would have: `tidewire lua fill.lua --profile practice -- URL cloud|local`.
-- Twenty-five DocTypes as ERPNext has them, cut down to a few fields; names are given by each site in series of its own.

local http = require "tidewire.http"
local json = require "tidewire.json"
local practice = require "tidewire.practice"
local url = require "tidewire.url"

local array = json.array
local site, which = ...
local prefix = which == "cloud" and "C-" or "L-"

local function call(method, path, body)
  local answer = assert(http.request { method = method, url = site .. path, body = body and json.encode(body),
    headers = { Authorization = "token practice-key:practice-secret", ["Content-Type"] = "application/json" } })
  if answer.status >= 300 then error(path .. ": " .. answer.body:sub(1, 300), 0) end
  return json.decode(answer.body)
end

-- "Data item_code! | Link item_group>Item Group | Select status>Open,Closed | Table items>Sales Order Item": `!` required, `*` unique, `^` allowed after submit.
local function fields_of(text)
  local fields = array {}
  for part in text:gmatch "[^|]+" do
    local head, options = part:match "^%s*([^>]-)%s*>(.-)%s*$"
    local kind, name, marks = (head or part):match "^%s*(.-)%s+([%w_]+)([!*^]*)%s*$"
    options = options or ""
    fields[#fields + 1] = { fieldname = name, fieldtype = kind, label = (name:gsub("_", " "):gsub("^%l", string.upper)),
      options = options ~= "" and (kind == "Select" and options:gsub(",", "\n") or options) or nil, reqd = marks:find("!", 1, true) and 1 or 0,
      unique = marks:find("*", 1, true) and 1 or 0, allow_on_submit = marks:find("^", 1, true) and 1 or 0 }
  end
  return fields
end

local rights = { role = "System Manager", read = 1, write = 1, create = 1, delete = 1, submit = 1, cancel = 1 }

local function define(name, rule, text, more)
  local doctype = { name = name, module = "Core", custom = 1, autoname = rule, permissions = array { rights }, fields = fields_of(text) }
  for key, value in pairs(more or {}) do doctype[key] = value end
  if not doctype.istable then doctype.fields[#doctype.fields + 1] = { fieldname = "pair_name", fieldtype = "Data", label = "Pair name" } end
  call("POST", "/api/resource/DocType", doctype)
end

local child, submittable = { istable = 1, permissions = array {} }, { is_submittable = 1 }
local function series(name) return prefix .. name .. "-.#####" end
local lines = "Link item_code!>Item | Float qty! | Currency rate | Link uom>UOM"

define("UOM", "field:uom_name", "Data uom_name!* | Check must_be_whole_number")
define("Brand", "field:brand", "Data brand!* | Small Text description")
define("Item Group", "field:item_group_name", "Data item_group_name!*")
define("Territory", "field:territory_name", "Data territory_name!*")
define("Customer Group", "field:customer_group_name", "Data customer_group_name!*")
define("Supplier Group", "field:supplier_group_name", "Data supplier_group_name!*")
define("Price List", "field:price_list_name", "Data price_list_name!* | Data currency | Check enabled")
define("Warehouse", series "WH", "Data warehouse_name!* | Data city")
define("Department", series "DEP", "Data department_name!*")
define("Designation", "field:designation_name", "Data designation_name!*")
define("Employee", series "EMP", "Data first_name! | Data last_name | Data company_email!* | Link department>Department | Link designation>Designation | Date date_of_joining | Select status>Active,Left")
define("UOM Conversion", "hash", "Link uom!>UOM | Float conversion_factor", child)
define("Item", "field:item_code", "Data item_code!* | Data item_name | Link item_group>Item Group | Link brand>Brand | Link stock_uom>UOM | Text description | Check disabled | Table uoms>UOM Conversion")
define("Item Price", series "PRI", "Data price_code!* | Link item_code!>Item | Link price_list!>Price List | Currency price_list_rate")
define("Customer", series "CUST", "Data customer_name! | Data tax_id* | Link customer_group>Customer Group | Link territory>Territory | Data mobile_no | Small Text notes")
define("Supplier", series "SUP", "Data supplier_name! | Data tax_id* | Link supplier_group>Supplier Group")
define("Lead", series "LEAD", "Data lead_name! | Data email_id!* | Link territory>Territory | Select status>Lead,Open,Converted")
define("Opportunity", series "OPP", "Data title!* | Link lead>Lead | Currency opportunity_amount")
define("Project", series "PROJ", "Data project_name!* | Link customer>Customer | Date expected_end_date")
define("Task", series "TASK", "Data subject!* | Link project>Project | Link parent_task>Task | Select status>Open,Completed")
define("Issue", series "ISS", "Data subject!* | Link customer>Customer | Text description | Select status>Open,Closed")
for _, one in ipairs {
  { "Quotation", "Data title!* | Link customer!>Customer" }, { "Sales Order", "Data po_no!* | Link customer!>Customer | Date delivery_date^" },
  { "Delivery Note", "Data lr_no!* | Link customer!>Customer | Link warehouse>Warehouse" },
  { "Sales Invoice", "Data remarks!* | Link customer!>Customer | Date due_date^" }, { "Purchase Order", "Data order_ref!* | Link supplier!>Supplier" },
} do
  define(one[1] .. " Item", "hash", lines, child)
  define(one[1], "naming_series:", ("Select naming_series!>%s | %s | Small Text terms | Table items>%s Item"):format("C-,L-", one[2], one[1]), submittable)
end

local function insert(doctype, values)
  values.doctype = doctype
  return call("POST", "/api/resource/" .. url.encode(doctype), values).data.name
end

-- Both sites know these; the cloud has more.
for _, one in ipairs { "Nos", "Box" } do insert("UOM", { uom_name = one }) end
insert("Brand", { brand = "Acme" })
for _, one in ipairs { "Hardware", "Garden" } do insert("Item Group", { item_group_name = one }) end
insert("Territory", { territory_name = "North" })
insert("Customer Group", { customer_group_name = "Trade" })
local department = insert("Department", { department_name = "Sales" })
local mill = insert("Customer", { customer_name = "Mill & Sons", tax_id = "GB1", customer_group = "Trade", territory = "North", mobile_no = which == "cloud" and "0770 1" or "0770 2" })
insert("Item", { item_code = "BOLT", item_name = "Bolt", item_group = "Hardware", brand = "Acme", stock_uom = "Nos",
  uoms = array { { uom = "Nos", conversion_factor = 1 }, { uom = "Box", conversion_factor = 100 } } })
local documents = 9
if which == "cloud" then
  insert("Supplier Group", { supplier_group_name = "Raw" })
  insert("Price List", { price_list_name = "Retail", currency = "GBP", enabled = 1 })
  insert("Warehouse", { warehouse_name = "Main", city = "York" })
  insert("Designation", { designation_name = "Clerk" })
  insert("Employee", { first_name = "Ada", last_name = "Lovelace", company_email = "ada@acme.example", department = department, designation = "Clerk", date_of_joining = "2020-03-01", status = "Active" })
  insert("Item", { item_code = "PUMP", item_name = "Hand pump", item_group = "Garden", stock_uom = "Nos", description = "Cast iron" })
  insert("Item Price", { price_code = "PUMP-RETAIL", item_code = "PUMP", price_list = "Retail", price_list_rate = 89.5 })
  insert("Supplier", { supplier_name = "Iron Works", tax_id = "GB9", supplier_group = "Raw" })
  local lead = insert("Lead", { lead_name = "Gwen Green", email_id = "gwen@green.example", territory = "North", status = "Lead" })
  insert("Opportunity", { title = "Green gardens", lead = lead, opportunity_amount = 1200 })
  local project = insert("Project", { project_name = "New mill", customer = mill, expected_end_date = "2027-05-01" })
  local task = insert("Task", { subject = "Survey", project = project, status = "Open" })
  insert("Task", { subject = "Survey of the wheel", project = project, parent_task = task, status = "Open" })
  insert("Sales Order", { naming_series = "C-", po_no = "PO-1", customer = mill, delivery_date = "2026-12-24", items = array { { item_code = "BOLT", qty = 200, rate = 0.12, uom = "Nos" }, { item_code = "PUMP", qty = 1, rate = 89.5, uom = "Nos" } } })
  documents = documents + 14
else
  insert("Issue", { subject = "The pump squeaks", customer = mill, description = "Since Monday", status = "Open" })
  documents = documents + 1
end
practice.write(("   %s: 25 DocTypes, %d documents\n"):format(which, documents))
