-- Reads both systems completely and compares them, without Tidewire's help:
-- `tidewire lua compare.lua --profile practice -- ERP_URL ERP_KEY:SECRET APP_URL APP_KEY`. Ends with 1 where they differ.

local http = require "tidewire.http"
local json = require "tidewire.json"
local practice = require "tidewire.practice"
local text = require "tidewire.text"
local url = require "tidewire.url"

local erp_url, erp_token, app_url, app_key = ...

local function answer_of(request)
  local reply = assert(http.request(request))
  if reply.status ~= 200 then error(request.url .. ": " .. reply.body:sub(1, 200), 0) end
  return json.decode(reply.body)
end

local function documents(doctype, filters)
  local function get(path) return answer_of { method = "GET", url = erp_url .. path, headers = { Authorization = "token " .. erp_token } }.data end
  local path, found = "/api/resource/" .. url.encode(doctype), {}
  local listed = path .. "?limit_page_length=0&filters=" .. url.encode(json.encode(filters or json.array {}))
  for i, row in ipairs(get(listed)) do found[i] = get(path .. "/" .. url.encode(row.name)) end
  return found
end

local function rows(table_name)
  return answer_of { method = "GET", url = app_url .. "/rest/v1/" .. table_name .. "?order=id", headers = { apikey = app_key } }
end

-- One spelling of both systems.
local function plain(value)
  if value == nil or value == json.null or value == "" or value == false then return "" end
  if value == true then return "1" end
  local digits = type(value) == "userdata" and value:text() or type(value) == "number" and text.of(value) or nil
  if digits then return ("%.3f"):format(tonumber(digits)) == "0.000" and "" or ("%.3f"):format(tonumber(digits)) end
  if type(value) == "table" then
    local members = {}
    for name, one in pairs(value) do members[#members + 1] = name .. "=" .. tostring(one) end
    table.sort(members)
    return table.concat(members, ",")
  end
  return (value:gsub("[%s()]", ""):gsub("^0([1-9]%d%d%d%d%d%d%d%d%d)$", "+44%1"))
end

local function line(...)
  local parts = {}
  for i = 1, select("#", ...) do parts[i] = plain((select(i, ...))) end
  return table.concat(parts, "|")
end

local function lines_of(value) return type(value) == "table" and table.concat(value, "\n") or value end
local function unpacked(value) return type(value) == "string" and value ~= "" and json.decode(value) or value end

local function names_of(list)
  local names = {}
  for _, row in ipairs(list) do names[row.id] = row.name end
  return names
end

-- The part of a customer that counts: its own, marked as the main one.
local function part_of(list, mark, customer)
  for _, one in ipairs(list) do
    for _, link in ipairs(one.links or {}) do
      if one[mark] == 1 and link.link_doctype == "Customer" and link.link_name == customer then return one end
    end
  end
  return {}
end

local kinds = {}

function kinds.employees()
  local left, right = {}, {}
  local departments, organizations, taught = names_of(rows "departments"), names_of(rows "organizations"), {}
  for _, one in ipairs(rows "employee_education") do
    local list = taught[one.employee_id] or {}
    taught[one.employee_id], list[#list + 1] = list, line(one.school, one.year, one.degree)
  end
  local scope = json.array { json.array { "company", "=", "ACME" }, json.array { "status", "!=", "Suspended" } }
  for _, one in ipairs(documents("Employee", scope)) do
    local list = {}
    for i, row in ipairs(one.education or {}) do list[i] = line(row.school_univ, row.year_of_passing, row.qualification) end
    left[one.company_email] = line(one.first_name, one.last_name, one.employee_name, one.gender, one.date_of_birth, one.cell_number, one.date_of_joining,
      one.status:lower(), one.department, one.company, one.salary_currency, one.ctc, table.concat(list, ";"))
  end
  for _, one in ipairs(rows "employees") do
    if one.archived_at == json.null and one.status ~= "suspended" then
      right[one.email] = line(one.first_name, one.last_name, one.full_name, one.gender, one.date_of_birth, one.phone, one.joined_on, one.status,
        departments[one.department_id], organizations[one.org_id], one.currency, one.salary, table.concat(taught[one.id] or {}, ";"))
    end
  end
  return left, right
end

function kinds.customers()
  local left, right = {}, {}
  local addresses, contacts = documents "Address", documents "Contact"
  for _, one in ipairs(documents("Customer", json.array { json.array { "disabled", "=", 0 } })) do
    local address, contact = part_of(addresses, "is_primary_address", one.name), part_of(contacts, "is_primary_contact", one.name)
    left[one.customer_name] = line(one.customer_type == "Company" and "company" or "person", one.tax_id, address.address_line1, address.city,
      address.pincode, address.country, contact.first_name, contact.last_name, contact.mobile_no)
  end
  for _, one in ipairs(rows "customers") do
    if one.archived_at == json.null then
      right[one.name] = line(one.kind, one.tax_id, one.street, one.city, one.postcode, one.country, one.contact_first_name, one.contact_last_name,
        one.contact_phone)
    end
  end
  return left, right
end

function kinds.items()
  local left, right = {}, {}
  for _, one in ipairs(documents "Item") do
    left[one.item_code] = line(one.item_name, one.description, one.stock_uom, one.brand, one.standard_rate, one.lead_time_days, one.weight_per_unit,
      one.disabled, one.reserved, one.tags, unpacked(one.attributes), one.remarks)
  end
  for _, one in ipairs(rows "items") do
    right[one.sku] = line(one.name, one.description, one.unit, one.brand, one.price, one.lead_time_days, one.weight, one.discontinued, one.reserved,
      lines_of(one.tags), one.attributes, one.remarks)
  end
  return left, right
end

local pairs_seen, differing = 0, 0
for _, kind in ipairs { "employees", "customers", "items" } do
  local left, right = kinds[kind]()
  for name in pairs(right) do
    if left[name] == nil then left[name] = "nothing" end
  end
  for name, value in pairs(left) do
    pairs_seen = pairs_seen + 1
    if value ~= right[name] then
      differing = differing + 1
      practice.write(("   %s %s\n     erp: %s\n     app: %s\n"):format(kind, name, value, right[name] or "nothing"))
    end
  end
end
practice.write(("   %d pairs read from both systems: %s\n"):format(pairs_seen, differing == 0 and "all equal" or differing .. " differ"))
return differing == 0 and 0 or 1
