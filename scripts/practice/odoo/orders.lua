-- Sales and purchase orders: their amounts, their states, the transfers they make.

local errors = require "practice.odoo.errors"
local json = require "tidewire.json"
local registry = require "practice.odoo.registry"
local site = require "practice.odoo.site"
local store = require "practice.odoo.store"
local transfers = require "practice.odoo.transfers"
local values = require "practice.odoo.values"

local M = {}

local null = json.null
local nothing = values.nothing

-- What differs between the two kinds; names of fields by version.
local sale = { order = "sale.order", line = "sale.order.line", quantity = "product_uom_qty", done = "qty_delivered", status = "delivery_status",
  uom = site.major >= 19 and "product_uom_id" or "product_uom", taxes = site.major >= 19 and "tax_ids" or "tax_id", confirmed = "sale", link = "sale_id", line_link = "sale_line_id",
  sequence = "S%05d" }
local purchase = { order = "purchase.order", line = "purchase.order.line", quantity = "product_qty", done = "qty_received", status = "receipt_status",
  uom = site.major >= 19 and "product_uom_id" or "product_uom", taxes = site.major >= 19 and "tax_ids" or "taxes_id", confirmed = "purchase", link = "purchase_id",
  line_link = "purchase_line_id", sequence = "P%05d" }

M.sale, M.purchase = sale, purchase
local kinds = { ["sale.order"] = sale, ["purchase.order"] = purchase }

local function writing() return require "practice.odoo.write" end
local function row_of(name, id) return store.row(registry.get(name), id) end
local function set(name, id, columns) return writing().recompute(registry.get(name), id, columns) end

local function lines_of(kind, id)
  local list = {}
  for i, line in ipairs(store.ids_where(registry.get(kind.line), "order_id", id)) do list[i] = row_of(kind.line, line) end
  return list
end

-- Amounts -------------------------------------------------------------------------------------------------------------

local function tax_rate(kind, line)
  local rate = 0
  for _, id in ipairs(store.linked(registry.get(kind.line).fields[kind.taxes], line.id)) do rate = rate + row_of("account.tax", id).amount end
  return rate
end

local function level_line(kind, line)
  local subtotal = values.round(line[kind.quantity] * line.price_unit * (1 - (line.discount or 0) / 100), 2)
  local tax = values.round(subtotal * tax_rate(kind, line) / 100, 2)
  set(kind.line, line.id, { price_subtotal = subtotal, price_tax = tax, price_total = values.round(subtotal + tax, 2) })
end

-- The order is stamped only where its totals move.
local function level_order(kind, id)
  local untaxed, tax = 0, 0
  for _, line in ipairs(lines_of(kind, id)) do
    if not line.display_type then untaxed, tax = untaxed + line.price_subtotal, tax + line.price_tax end
  end
  untaxed, tax = values.round(untaxed, 2), values.round(tax, 2)
  set(kind.order, id, { amount_untaxed = untaxed, amount_tax = tax, amount_total = values.round(untaxed + tax, 2) })
end

--- Hooks of the lines of one kind.
function M.line_hooks(kind)
  local function level(ids)
    local orders = {}
    for _, id in ipairs(ids) do
      local line = row_of(kind.line, id)
      level_line(kind, line)
      orders[line.order_id] = true
    end
    for order in pairs(orders) do level_order(kind, order) end
  end
  return {
    prepare = function(vals)
      local full = {}
      for name, value in pairs(vals) do full[name] = value end
      local product = not nothing(vals.product_id) and type(vals.product_id) == "number" and row_of("product.product", vals.product_id)
      local template = product and row_of("product.template", product.product_tmpl_id)
      if template and full.name == nil then full.name = (product.default_code and "[" .. product.default_code .. "] " or "") .. template.name end
      if template and full.price_unit == nil then full.price_unit = kind == sale and template.list_price or product.standard_price or 0 end
      return full
    end,
    created = level,
    written = function(ids, vals)
      if vals[kind.quantity] ~= nil or vals.price_unit ~= nil or vals.discount ~= nil or vals[kind.taxes] ~= nil then level(ids) end
    end,
    removed = function(row)
      if row_of(kind.order, row.order_id) then level_order(kind, row.order_id) end
    end,
    unlinking = function(ids)
      for _, id in ipairs(ids) do
        local order = row_of(kind.order, row_of(kind.line, id).order_id)
        if order and order.state == kind.confirmed then
          errors.raise("UserError", "Once an order is confirmed, you can't remove one of its lines.\nSet the quantity to 0 instead.")
        end
      end
    end,
  }
end

-- Orders --------------------------------------------------------------------------------------------------------------

--- Hooks of the orders of one kind.
function M.order_hooks(kind)
  return {
    prepare = function(vals)
      local full = {}
      for name, value in pairs(vals) do full[name] = value end
      if nothing(full.name) or full.name == "New" then full.name = kind.sequence:format(store.next_number(kind.order)) end
      if full.date_order == nil then full.date_order = site.env.now:sub(1, 19) end
      return full
    end,
    unlinking = function(ids)
      for _, id in ipairs(ids) do
        local state = row_of(kind.order, id).state
        if state ~= "draft" and state ~= "cancel" then
          errors.raise("UserError", kind == sale and "You can not delete a sent quotation or a confirmed sales order. You must first cancel it."
            or "In order to delete a purchase order, you must cancel it first.")
        end
      end
    end,
  }
end

local function moves_for(kind, id)
  local list = {}
  for _, line in ipairs(lines_of(kind, id)) do
    local product = not line.display_type and line.product_id and row_of("product.product", line.product_id)
    local template = product and row_of("product.template", product.product_tmpl_id)
    if template and (template.type or template.detailed_type) ~= "service" then
      list[#list + 1] = { product_id = line.product_id, product_uom_qty = line[kind.quantity], product_uom = line[kind.uom] or 1, [kind.line_link] = line.id }
    end
  end
  return list
end

local function warehouse_of(order)
  local id = order.warehouse_id or (store.query "SELECT id FROM stock_warehouse ORDER BY id LIMIT 1"[1] or {}).id
  return id and row_of("stock.warehouse", id)
end

local function add_transfer(kind, order)
  local moves, warehouse = moves_for(kind, order.id), warehouse_of(order)
  if #moves == 0 or not warehouse then return end
  local stock, outside = warehouse.lot_stock_id, transfers.shared_location(kind == sale and "customer" or "supplier")
  transfers.for_order({ picking_type_id = kind == sale and warehouse.out_type_id or warehouse.in_type_id, origin = order.name, partner_id = order.partner_id,
    location_id = kind == sale and stock or outside, location_dest_id = kind == sale and outside or stock, [kind.link] = order.id }, moves)
end

local function pickings_of(kind, id) return store.ids_where(registry.get "stock.picking", kind.link, id) end

--- A transfer of the order is done: quantities and status follow.
function M.delivered(order_name, id)
  local kind = kinds[order_name]
  local all, some, open = true, false, false
  for _, line in ipairs(lines_of(kind, id)) do
    local sum = store.query(("SELECT sum(quantity) AS n FROM stock_move WHERE state = 'done' AND %s = ?1"):format(kind.line_link), line.id)[1].n or 0
    set(kind.line, line.id, { [kind.done] = sum })
    all, some = all and sum >= line[kind.quantity], some or sum > 0
  end
  for _, picking in ipairs(pickings_of(kind, id)) do
    local state = row_of("stock.picking", picking).state
    open = open or state ~= "done" and state ~= "cancel"
  end
  set(kind.order, id, { [kind.status] = all and not open and "full" or some and "partial" or "pending" })
end

local function confirm(kind, id)
  local order = row_of(kind.order, id)
  if not order then errors.missing(kind.order, id) end
  if order.state ~= "draft" and order.state ~= "sent" then errors.raise("UserError", "Some orders are not in a state requiring confirmation.") end
  local changes = { state = kind.confirmed, invoice_status = "to invoice", [kind.status] = "pending" }
  if kind == sale then changes.date_order = site.env.now:sub(1, 19) else changes.date_approve = site.env.now:sub(1, 19) end
  set(kind.order, id, changes)
  for _, line in ipairs(lines_of(kind, id)) do set(kind.line, line.id, { state = kind.confirmed }) end
  add_transfer(kind, order)
end

local function cancel(kind, id)
  for _, picking in ipairs(pickings_of(kind, id)) do
    if row_of("stock.picking", picking).state == "done" then
      errors.raise("UserError", "You cannot cancel an order of which something has been delivered already.")
    end
    transfers.cancel(picking)
  end
  set(kind.order, id, { state = "cancel", [kind.status] = null, invoice_status = "no" })
end

local function reopen(kind, id) set(kind.order, id, { state = "draft" }) end

--- A method that does `step` to each of the orders.
function M.method(kind, step)
  local steps = { confirm = confirm, cancel = cancel, draft = reopen }
  return function(ids)
    local asks = step == "cancel" and kind == sale and site.major < 19 and not site.env.context.disable_cancel_warning
    for _, id in ipairs(ids) do
      if asks and row_of(kind.order, id) and row_of(kind.order, id).state ~= "draft" then
        return { type = "ir.actions.act_window", name = "Cancel Quotation", view_mode = "form", res_model = "sale.order.cancel", target = "new" }
      end
    end
    for _, id in ipairs(ids) do steps[step](kind, id) end
    return true
  end
end

return M
