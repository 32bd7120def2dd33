-- A trading company in Odoo: `tidewire lua fill.lua --profile practice -- URL DATABASE KEY`. Works on any Odoo 19 with the
-- modules stock, sale_stock and purchase_stock; meant for an empty one.

local http = require "tidewire.http"
local json = require "tidewire.json"

local array = json.array
local url, database, key = ...

local function call(model, method, arguments)
  local reply = assert(http.request { method = "POST", url = url .. "/json/2/" .. model .. "/" .. method, body = json.encode(arguments),
    headers = { ["Content-Type"] = "application/json", Authorization = "Bearer " .. key, ["X-Odoo-Database"] = database } })
  if reply.status ~= 200 then error(model .. "." .. method .. ": " .. reply.body:sub(1, 300), 0) end
  return json.decode(reply.body)
end

local function create(model, list) return call(model, "create", { vals_list = array(list) }) end
local function one(model, vals) return create(model, { vals })[1] end

-- Categories: a tree of three levels.
local tree = { { "Furniture", { "Chairs", "Desks", "Shelves" } }, { "Lighting", { "Desk lamps", "Ceiling" } }, { "Paper", { "Notebooks", "Envelopes" } } }
local top = one("product.category", { name = "Goods for sale" })
local leaves = {}
for _, branch in ipairs(tree) do
  local id = one("product.category", { name = branch[1], parent_id = top })
  for _, name in ipairs(branch[2]) do leaves[#leaves + 1] = { id = one("product.category", { name = name, parent_id = id }), name = name } end
end

-- Products: four articles of each leaf; every second one in three sizes, which are three variants of one template.
local variants = {}
for c, leaf in ipairs(leaves) do
  for n = 1, 4 do
    local code = ("%s%d-%d"):format(leaf.name:sub(1, 3):upper(), c, n)
    local template = one("product.template", { name = leaf.name .. " No. " .. n, categ_id = leaf.id, list_price = 10 * c + n + 0.5, type = "consu",
      description_sale = "Made to last, number " .. n })
    local first = call("product.template", "read", { ids = array { template }, fields = array { "product_variant_id" } })[1].product_variant_id[1]
    call("product.product", "write", { ids = array { first }, vals = { default_code = code .. (n % 2 == 0 and "-S" or ""), weight = n, standard_price = 5 * c } })
    variants[#variants + 1] = first
    for _, size in ipairs(n % 2 == 0 and { "M", "L" } or {}) do
      variants[#variants + 1] = one("product.product", { product_tmpl_id = template, default_code = code .. "-" .. size, combination_indices = size,
        weight = n + 1, standard_price = 5 * c })
    end
  end
end

-- Partners, a second warehouse.
local partners = {}
for i, name in ipairs { "Holz & Söhne", "Nordlicht GmbH", "Papeterie Dubois", "Øresund Kontor", "Łódź Meble", "Studio Ōkami", "Ada Lovelace", "Grace Hopper" } do
  partners[i] = one("res.partner", { name = name, ref = ("P%03d"):format(i), is_company = i <= 6, email = "post" .. i .. "@example.org", city = "Town " .. i })
end
one("stock.warehouse", { name = "Harbour", code = "HARB" })

local function product_at(n) return variants[(n - 1) % #variants + 1] end

-- Purchases: most are confirmed, half of those received.
for i = 1, 12 do
  local lines = array {}
  for n = 1, 3 do lines[n] = array { 0, 0, { product_id = product_at(i * 3 + n), product_qty = 20 + n, price_unit = 4 + n } } end
  local order = one("purchase.order", { partner_id = partners[i % 3 + 1], partner_ref = "OFFER-" .. i, order_line = lines })
  if i % 4 ~= 0 then call("purchase.order", "button_confirm", { ids = array { order } }) end
  if i % 4 == 1 or i % 4 == 2 then
    local pickings = call("purchase.order", "read", { ids = array { order }, fields = array { "picking_ids" } })[1].picking_ids
    call("stock.picking", "button_validate", { ids = pickings })
  end
end

-- Sales: some confirmed, some of those delivered.
for i = 1, 15 do
  local lines = array {}
  for n = 1, 2 do lines[n] = array { 0, 0, { sequence = n * 10, product_id = product_at(i * 2 + n), product_uom_qty = n, discount = i % 3 == 0 and 5 or 0 } } end
  local order = one("sale.order", { partner_id = partners[i % #partners + 1], client_order_ref = ("WEB-%04d"):format(i), order_line = lines })
  if i % 3 ~= 0 then call("sale.order", "action_confirm", { ids = array { order } }) end
  if i % 3 == 1 then
    local pickings = call("sale.order", "read", { ids = array { order }, fields = array { "picking_ids" } })[1].picking_ids
    call("stock.picking", "button_validate", { ids = pickings })
  end
end

return ("%d categories, %d products, %d partners, 12 purchase orders, 15 sales orders"):format(#leaves + 5, #variants, #partners)
