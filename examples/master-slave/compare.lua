-- Compares the four systems completely, without Tidewire's own code: tidewire lua compare.lua --profile practice -- FOLDER. The folder has
-- what each system itself says it holds (`run` asks them). What a copy has alone counts for nothing.

local json = require "tidewire.json"
local practice = require "tidewire.practice"

local folder = ...

local function plain(value)
  if value == json.null then return nil end
  if type(value) == "userdata" then return value:number() end
  return value
end

local function rows(name, part)
  local list = json.decode(assert(practice.read(folder .. "/" .. name .. ".json")))
  if part then list = plain(list[part]) or {} end
  for _, row in ipairs(list) do
    for column, value in pairs(row) do row[column] = plain(value) end
  end
  return list
end

local function by(list, column)
  local found = {}
  for _, row in ipairs(list) do found[row[column]] = row end
  return found
end

local function text(value)
  if type(value) ~= "table" then return tostring(value) end
  local parts = {}
  for key, item in pairs(value) do parts[#parts + 1] = tostring(key) .. "=" .. text(plain(item)) end
  table.sort(parts)
  return "{" .. table.concat(parts, ",") .. "}"
end
local function said(...)
  local parts = {}
  for n = 1, select("#", ...) do parts[n] = text((select(n, ...))) end
  return table.concat(parts, " | ")
end
local function cents(price) return ("%.0f"):format((price or 0) * 100) end

local differing, counts = {}, {}
local function equal(step, key, wanted, found)
  counts[step] = (counts[step] or 0) + 1
  if wanted ~= found then differing[#differing + 1] = ("%s, %s: %s there, but %s"):format(step, key, wanted, tostring(found)) end
end

-- Shop to office.
local states = { ["on sale"] = "live", announced = "soon", discontinued = "gone" }
local products, catalogue = rows "shop_products", rows("office", "catalogue")
local articles, in_shop = by(catalogue, "item_no"), by(products, "sku")
for _, product in ipairs(products) do
  local there = articles[product.sku] or {}
  equal("products", product.sku, said(product.name:match "^%s*(.-)%s*$", cents(product.price), states[product.status], product.tags, nil),
    said(there.title, ("%.0f"):format(there.price_cents or -1), there.state, there.labels and table.concat(there.labels, ", "), there.withdrawn_at))
end
for item_no, article in pairs(articles) do
  if not in_shop[item_no] and item_no ~= "OLD-9" then equal("products", item_no, "withdrawn", article.withdrawn_at and "withdrawn") end
end

-- Office to site and to Neon.
local shown = { live = "publish", soon = "draft", gone = "private" }
local posts, items = by(rows "site_posts", "slug"), by(rows("reports", "items"), "item_no")
for item_no, article in pairs(articles) do
  local post, item = posts[item_no:lower()] or {}, items[item_no] or {}
  if article.withdrawn_at then
    equal("posts", item_no, "nil", tostring(post.slug))
  else
    equal("posts", item_no, said(article.title, shown[article.state], article.price_cents, item_no),
      said(post.title and post.title.raw, post.status, post.meta and tonumber(cents(plain(post.meta.price))), post.meta and post.meta.sku))
  end
  equal("items", item_no, said(article.title, article.price_cents, article.state, article.withdrawn_at), said(item.title, tonumber(cents(item.price)), item.state, item.withdrawn_at))
end

-- Shop and office, both ways. A customer whose difference was accepted, and a name that the analysts changed, are told with -- ACCEPTED, NAMES.
local accepted = {}
for word in (select(2, ...) or ""):gmatch "%S+" do accepted[word] = true end
local customers = by(rows("office", "customers"), "mail")
local in_both = 0
for _, customer in ipairs(rows "shop_customers") do
  local there = customers[customer.email] or {}
  in_both = in_both + 1
  local function credit(value) return accepted[customer.email] and "as it is" or value and cents(value) end
  equal("customers", customer.email,
    said((customer.first_name .. " " .. customer.last_name), customer.phone, customer.preferences, credit(customer.credit_limit), cents(customer.discount)),
    said(there.full_name, there.phone, there.preferences, credit(there.credit), ("%.0f"):format(there.rebate or -1)))
end
equal("customers", "how many", in_both, #rows("office", "customers"))

local people = by(rows("reports", "people"), "mail")
for mail, customer in pairs(customers) do
  local there = people[mail:lower()] or {}
  local function name(value) return accepted["name:" .. mail] and "theirs" or value end
  equal("people", mail, said(name(customer.full_name), customer.rebate), said(name(there.full_name), there.rebate))
end

if #differing > 0 then
  table.sort(differing)
  practice.write("   " .. table.concat(differing, "\n   ") .. "\n")
  return false
end
practice.write(("   compared: products %d, posts %d, items %d, customers %d, people %d: all equal\n"):format(counts.products, counts.posts, counts.items, counts.customers - 1, counts.people))
return true
