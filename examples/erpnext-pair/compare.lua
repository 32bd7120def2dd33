-- Reads both sites completely and compares them, without Tidewire's help: `tidewire lua compare.lua --profile practice -- CLOUD LOCAL`.
-- Documents of two sites belong together where one names the other in `pair_name`; links are compared through that.

local http = require "tidewire.http"
local json = require "tidewire.json"
local practice = require "tidewire.practice"
local text = require "tidewire.text"
local url = require "tidewire.url"

local cloud, house = ...
local doctypes = { "UOM", "Brand", "Item Group", "Territory", "Customer Group", "Supplier Group", "Price List", "Warehouse", "Department", "Designation",
  "Employee", "Item", "Item Price", "Customer", "Supplier", "Lead", "Opportunity", "Project", "Task", "Issue", "Quotation", "Sales Order", "Delivery Note",
  "Sales Invoice", "Purchase Order" }
local apart = { name = true, owner = true, creation = true, modified = true, modified_by = true, idx = true, pair_name = true, naming_series = true, doctype = true,
  parent = true, parentfield = true, parenttype = true, amended_from = true, __unsaved = true }

local function get(site, path)
  local answer = assert(http.request { method = "GET", url = site .. path, headers = { Authorization = "token practice-key:practice-secret" } })
  if answer.status ~= 200 then error(path .. ": " .. answer.body:sub(1, 200), 0) end
  return json.decode(answer.body).data
end

local function documents(site, doctype)
  local path, found = "/api/resource/" .. url.encode(doctype), {}
  for _, row in ipairs(get(site, path .. "?limit_page_length=0")) do found[row.name] = get(site, path .. "/" .. url.encode(row.name)) end
  return found
end

local here, there, called = {}, {}, {}
for _, doctype in ipairs(doctypes) do here[doctype], there[doctype] = documents(cloud, doctype), documents(house, doctype) end
for _, list in pairs(here) do
  for name, one in pairs(list) do called[one.pair_name or "?"] = name end
end

local function plain(value)
  if value == nil or value == json.null or value == "" then return "" end
  if type(value) == "userdata" or type(value) == "number" then
    local number = tonumber(type(value) == "userdata" and value:text() or text.of(value))
    return number == 0 and "" or ("%.4f"):format(number)
  end
  return tostring(value)
end

-- A document as one line; names of the house are turned into those of the cloud.
local function line(one, turn)
  local parts = {}
  for name, value in pairs(one) do
    if not apart[name] then
      if json.is_array(value) then
        local rows = {}
        for i, row in ipairs(value) do rows[i] = line(row, turn) end
        parts[#parts + 1] = name .. "=[" .. table.concat(rows, "; ") .. "]"
      else
        local shown = plain(value)
        if turn and called[shown] then shown = called[shown] end
        if shown ~= "" then parts[#parts + 1] = name .. "=" .. shown end
      end
    end
  end
  table.sort(parts)
  return table.concat(parts, " ")
end

local pairs_seen, problems = 0, {}
for _, doctype in ipairs(doctypes) do
  local met = {}
  for name, one in pairs(here[doctype]) do
    local other = there[doctype][one.pair_name or "?"]
    pairs_seen = pairs_seen + 1
    if not other then problems[#problems + 1] = doctype .. " " .. name .. " has no twin in the house"
    else
      met[one.pair_name] = true
      local a, b = line(one), line(other, true)
      if a ~= b then problems[#problems + 1] = ("%s %s\n     cloud: %s\n     local: %s"):format(doctype, name, a, b) end
      if other.pair_name ~= name then problems[#problems + 1] = doctype .. " " .. one.pair_name .. " does not name its twin" end
    end
  end
  for name in pairs(there[doctype]) do
    if not met[name] then problems[#problems + 1] = doctype .. " " .. name .. " has no twin in the cloud" end
  end
end
for i = 1, math.min(#problems, 8) do practice.write("   " .. problems[i] .. "\n") end
practice.write(("   %d pairs of %d DocTypes read from both sites: %s\n"):format(pairs_seen, #doctypes, #problems == 0 and "all equal" or #problems .. " differ"))
return #problems == 0 and 0 or 1
