-- Reads both systems completely and compares them, without Tidewire's help:
-- `tidewire lua compare.lua --profile practice -- ODOO_URL DATABASE KEY APP_URL APP_KEY`. Ends with 1 where they differ.

local http = require "tidewire.http"
local json = require "tidewire.json"
local practice = require "tidewire.practice"

local array = json.array
local odoo_url, database, odoo_key, app_url, app_key = ...

-- What belongs together; `key` names a record on both sides, a third entry says through which table an id is meant.
local kinds = {
  { "product.category", "categories", key = { { "complete_name", "path" } }, { "name", "name" }, { "parent_id", "parent_id", "categories" } },
  { "res.partner", "partners", key = { { "ref", "code" } }, { "name", "name" }, { "email", "email" }, { "phone", "phone" }, { "city", "city" },
    { "is_company", "is_company" }, { "active", "active" } },
  { "product.product", "products", key = { { "default_code", "sku" } }, { "barcode", "barcode" }, { "name", "name" }, { "categ_id", "category_id", "categories" },
    { "list_price", "price" }, { "standard_price", "cost" }, { "weight", "weight" }, { "description_sale", "description" }, { "active", "active" } },
  { "stock.warehouse", "warehouses", key = { { "id", "id" } }, { "code", "code" }, { "name", "name" } },
  { "purchase.order", "purchase_orders", key = { { "id", "id" } }, { "name", "number" }, { "partner_id", "partner_id", "partners" }, { "state", "state" },
    { "date_order", "ordered_at" }, { "amount_total", "total" }, { "receipt_status", "receipt_status" } },
  { "purchase.order.line", "purchase_lines", key = { { "id", "id" } }, { "order_id", "order_id", "purchase_orders" }, { "product_id", "product_id", "products" },
    { "product_qty", "quantity" }, { "price_unit", "price" }, { "qty_received", "received" } },
  { "sale.order", "sales_orders", key = { { "name", "number" } }, { "client_order_ref", "reference" }, { "partner_id", "partner_id", "partners" }, { "state", "state" },
    { "date_order", "ordered_at" }, { "amount_total", "total" }, { "delivery_status", "delivery_status" } },
  { "sale.order.line", "sales_lines", key = { { "order_id", "order_id", "sales_orders" }, { "sequence", "position" }, { "product_id", "product_id", "products" } },
    { "product_uom_qty", "quantity" }, { "price_unit", "price" }, { "discount", "discount" }, { "qty_delivered", "delivered" } },
  { "stock.picking", "transfers", key = { { "id", "id" } }, { "name", "number" }, { "state", "state" }, { "origin", "origin" }, { "date_done", "done_at" },
    { "sale_id", "sales_order_id", "sales_orders" } },
  { "stock.move", "moves", key = { { "id", "id" } }, { "picking_id", "transfer_id", "transfers" }, { "product_id", "product_id", "products" },
    { "product_uom_qty", "demand" }, { "quantity", "quantity" }, { "state", "state" } },
}
local scopes = { ["res.partner"] = { "ref", "!=", false }, ["product.product"] = { "default_code", "!=", false }, ["sale.order.line"] = { "display_type", "=", false } }

local function answer_of(request)
  local reply = assert(http.request(request))
  if reply.status ~= 200 then error(request.url .. ": " .. reply.body:sub(1, 200), 0) end
  return json.decode(reply.body)
end

local function each_pair(kind)
  local list = { unpack(kind.key) }
  for i = 3, #kind do list[#list + 1] = kind[i] end
  return list
end

local function odoo_rows(kind)
  local names = array {}
  for i, pair in ipairs(each_pair(kind)) do names[i] = pair[1] end
  local scope = scopes[kind[1]]
  return answer_of { method = "POST", url = odoo_url .. "/json/2/" .. kind[1] .. "/search_read",
    headers = { ["Content-Type"] = "application/json", Authorization = "Bearer " .. odoo_key, ["X-Odoo-Database"] = database },
    body = json.encode { domain = scope and array { array(scope) } or array {}, fields = names, context = { active_test = false } } }
end

local function app_rows(kind)
  local rows, after = {}, 0
  repeat
    local page = answer_of { method = "GET", url = ("%s/rest/v1/%s?order=id&limit=1000&id=gt.%d"):format(app_url, kind[2], after), headers = { apikey = app_key } }
    for _, row in ipairs(page) do rows[#rows + 1], after = row, row.id end
  until #page == 0
  return rows
end

-- One spelling for both systems: nothing, numbers to the cent, times to the second.
local function plain(value)
  if value == nil or value == false or value == json.null or value == "" then return "" end
  if type(value) == "table" then return plain(value[1]) end
  if type(value) == "string" then
    local day, clock = value:match "^(%d%d%d%d%-%d%d%-%d%d)[T ](%d%d:%d%d:%d%d)"
    return day and day .. " " .. clock or value
  end
  if value == true then return "true" end
  local number = ("%.2f"):format(tonumber(tostring(value)))
  return number == "0.00" and "" or number
end

local names = {}        -- by table: what an id is called, on the left and on the right

local function value_of(row, pair, side)
  local value = plain(row[pair[side]])
  if not pair[3] or value == "" then return value end
  return names[pair[3]][side][value] or "?" .. value
end

local function keyed(kind, rows, side)
  local by_name, ids = {}, {}
  for _, row in ipairs(rows) do
    local parts = {}
    for i, pair in ipairs(kind.key) do parts[i] = value_of(row, pair, side) end
    local name = table.concat(parts, " ")
    by_name[name], ids[plain(row.id)] = row, name
  end
  names[kind[2]] = names[kind[2]] or {}
  names[kind[2]][side] = ids
  return by_name
end

local function differences(kind)
  local left, right = keyed(kind, odoo_rows(kind), 1), keyed(kind, app_rows(kind), 2)
  local count, found = 0, {}
  for name, row in pairs(left) do
    count = count + 1
    if not right[name] then found[#found + 1] = name .. " is missing in the app" end
    for i = 3, right[name] and #kind or 0 do
      local a, b = value_of(row, kind[i], 1), value_of(right[name], kind[i], 2)
      if a ~= b then found[#found + 1] = ("%s: %s '%s', %s '%s'"):format(name, kind[i][1], a, kind[i][2], b) end
    end
  end
  for name in pairs(right) do
    if not left[name] then found[#found + 1] = name .. " is missing in Odoo" end
  end
  return count, found
end

local total, differing = 0, 0
for _, kind in ipairs(kinds) do
  local count, found = differences(kind)
  total, differing = total + count, differing + #found
  for i = 1, math.min(#found, 5) do practice.write(("   %s  %s\n"):format(kind[2], found[i])) end
end
practice.write(differing == 0 and ("   %d records of %d kinds compared: all equal\n"):format(total, #kinds) or ("   %d differences\n"):format(differing))
return differing == 0 and 0 or 1
