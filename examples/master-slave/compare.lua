-- Reads the shop and the branch completely and compares them, without Tidewire's own code: tidewire lua compare.lua --profile practice --
-- SHOP BRANCH. What the branch has alone counts for nothing; an edit of its people is left where it is, so those are compared by address.

local http = require "tidewire.http"
local json = require "tidewire.json"
local practice = require "tidewire.practice"

local shop, branch = ...

local function rows(base, name)
  local answer, err = http.request { method = "GET", url = base .. "/rest/v1/" .. name, headers = { apikey = "sb_secret_practice" } }
  if not answer or answer.status ~= 200 then error(name .. ": " .. tostring(err or answer.body), 0) end
  return json.decode(answer.body)
end

local function number(value) return type(value) == "userdata" and value ~= json.null and value:number() or value end
local function said(value) return value == nil or value == json.null and "" or value end
local function joined(list) return said(list) == "" and "" or table.concat(list, ", ") end

local states = { ["on sale"] = "live", announced = "soon", discontinued = "gone" }

local copies, people, differing, compared = {}, {}, 0, 0
for _, copy in ipairs(rows(branch, "catalogue")) do
  if said(copy.withdrawn_at) == "" then
    copies[copy.item_no] = table.concat({ copy.title, ("%.0f"):format(number(copy.price_cents)), copy.state, joined(copy.labels) }, " | ")
  end
end
for _, one in ipairs(rows(branch, "people")) do people[one.mail] = true end
for _, product in ipairs(rows(shop, "products")) do
  local wanted = table.concat({ product.name:match "^%s*(.-)%s*$", ("%.0f"):format(number(product.price) * 100), states[product.status], said(product.tags) }, " | ")
  compared = compared + 1
  if copies[product.sku] ~= wanted then
    differing = differing + 1
    practice.write(("   %s: the shop says %s, the branch %s\n"):format(product.sku, wanted, tostring(copies[product.sku])))
  end
end
for _, customer in ipairs(rows(shop, "customers")) do
  compared = compared + 1
  if not people[customer.email] then
    differing = differing + 1
    practice.write("   " .. customer.email .. " is not at the branch\n")
  end
end
practice.write(("   compared: %d of the shop, %s\n"):format(compared, differing == 0 and "all equal at the branch" or differing .. " differ"))
return differing == 0
