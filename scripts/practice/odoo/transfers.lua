-- Transfers: what a picking and its moves do until they are done, and what that does to the stock.

local errors = require "practice.odoo.errors"
local json = require "tidewire.json"
local registry = require "practice.odoo.registry"
local site = require "practice.odoo.site"
local store = require "practice.odoo.store"
local values = require "practice.odoo.values"
local warehouses = require "practice.odoo.warehouses"

local M = {}

local array = json.array
local nothing = values.nothing

local function writing() return require "practice.odoo.write" end
local function row_of(name, id) return id and store.row(registry.get(name), id) end
local function set(name, id, columns) writing().recompute(registry.get(name), id, columns) end

--- The moves of a transfer.
function M.moves(id)
  local list = {}
  for i, move in ipairs(store.ids_where(registry.get "stock.move", "picking_id", id)) do list[i] = row_of("stock.move", move) end
  return list
end

-- Making --------------------------------------------------------------------------------------------------------------

local function copy(vals)
  local full = {}
  for name, value in pairs(vals) do full[name] = value end
  return full
end

function M.prepare(vals)
  local full, kind = copy(vals), row_of("stock.picking.type", not nothing(vals.picking_type_id) and vals.picking_type_id)
  if not kind then return full end
  if full.location_id == nil then full.location_id = kind.default_location_src_id or false end
  if full.location_dest_id == nil then full.location_dest_id = kind.default_location_dest_id or false end
  if nothing(full.name) or full.name == "/" then
    local warehouse = row_of("stock.warehouse", kind.warehouse_id)
    local prefix = (warehouse and warehouse.code or "WH") .. "/" .. kind.sequence_code .. "/"
    full.name = prefix .. ("%05d"):format(store.next_number("picking " .. prefix))
  end
  if full.scheduled_date == nil then full.scheduled_date = site.env.now:sub(1, 19) end
  return full
end

function M.created(ids)
  for _, id in ipairs(ids) do
    local picking = row_of("stock.picking", id)
    for _, move in ipairs(M.moves(id)) do
      set("stock.move", move.id, { location_id = picking.location_id, location_dest_id = picking.location_dest_id })
    end
  end
end

function M.prepare_move(vals)
  local full, picking = copy(vals), row_of("stock.picking", not nothing(vals.picking_id) and vals.picking_id)
  if picking then
    if full.location_id == nil then full.location_id = picking.location_id end
    if full.location_dest_id == nil then full.location_dest_id = picking.location_dest_id end
  end
  if full.date == nil then full.date = site.env.now:sub(1, 19) end
  return full
end

function M.unlinking(ids)
  for _, id in ipairs(ids) do
    if row_of("stock.picking", id).state == "done" then
      errors.raise("UserError", "You can not delete a transfer that is done.")
    end
  end
end

-- The quantity done is told to the transfer; a demand or a description is not.
function M.move_written(ids, vals)
  if vals.quantity == nil and vals.picked == nil then return end
  for _, id in ipairs(ids) do
    local move = row_of("stock.move", id)
    if move.picking_id then writing().touch(registry.get "stock.picking", move.picking_id) end
  end
end

-- Stock ---------------------------------------------------------------------------------------------------------------

local function quant_of(product, location)
  local row = store.query("SELECT id FROM stock_quant WHERE product_id = ?1 AND location_id = ?2", product, location)[1]
  if row then return row_of("stock.quant", row.id) end
  local id = writing().create(registry.get "stock.quant", { { product_id = product, location_id = location } })[1]
  set("stock.quant", id, { in_date = site.env.now:sub(1, 19) })
  return row_of("stock.quant", id)
end

local function add_stock(product, location, quantity)
  local quant = quant_of(product, location)
  set("stock.quant", quant.id, { quantity = quant.quantity + quantity })
end

--- Counted quantities become the stock. Returns nothing, as the real one does.
function M.apply_inventory(model, ids)
  for _, id in ipairs(ids) do
    local quant = store.row(model, id)
    if not quant then errors.missing(model.name, id) end
    set(model.name, id, { quantity = quant.inventory_quantity or 0, inventory_quantity = 0 })
  end
end

-- States --------------------------------------------------------------------------------------------------------------

local function available(move)
  local from = row_of("stock.location", move.location_id)
  if from.usage ~= "internal" then return true end
  local row = store.query("SELECT sum(quantity) AS n FROM stock_quant WHERE product_id = ?1 AND location_id = ?2", move.product_id, move.location_id)[1]
  return (row.n or 0) >= move.product_uom_qty
end

function M.confirm(id)
  local ready = true
  for _, move in ipairs(M.moves(id)) do
    local state = available(move) and "assigned" or "confirmed"
    ready = ready and state == "assigned"
    if move.state ~= "done" and move.state ~= "cancel" then set("stock.move", move.id, { state = state }) end
  end
  set("stock.picking", id, { state = ready and "assigned" or "confirmed" })
end

local function tell_orders(picking)
  local orders = require "practice.odoo.orders"
  if picking.sale_id then orders.delivered("sale.order", picking.sale_id) end
  if picking.purchase_id then orders.delivered("purchase.order", picking.purchase_id) end
end

local function finish_move(move)
  set("stock.move", move.id, { state = "done", picked = 1 })
  add_stock(move.product_id, move.location_id, -move.quantity)
  add_stock(move.product_id, move.location_dest_id, move.quantity)
end

-- What was not done goes into a transfer of its own.
local function backorder(picking, rest)
  local lines = array {}
  for i, one in ipairs(rest) do
    lines[i] = array { 0, 0, { product_id = one.move.product_id, product_uom_qty = one.quantity, product_uom = one.move.product_uom,
      sale_line_id = one.move.sale_line_id or false, purchase_line_id = one.move.purchase_line_id or false } }
  end
  local id = writing().create(registry.get "stock.picking", { { picking_type_id = picking.picking_type_id, location_id = picking.location_id,
    location_dest_id = picking.location_dest_id, origin = picking.origin or false, partner_id = picking.partner_id or false,
    backorder_id = picking.id, sale_id = picking.sale_id or false, purchase_id = picking.purchase_id or false, move_ids = lines } })[1]
  M.confirm(id)
end

local function left_over(moves)
  local any, rest = false, {}
  for _, move in ipairs(moves) do any = any or move.picked == 1 or (move.quantity or 0) > 0 end
  for _, move in ipairs(moves) do
    if not any then
      set("stock.move", move.id, { quantity = move.product_uom_qty })
    elseif (move.quantity or 0) < move.product_uom_qty then
      rest[#rest + 1] = { move = move, quantity = move.product_uom_qty - (move.quantity or 0) }
    end
  end
  return rest
end

local function is_among(list, id)
  for _, one in ipairs(list or {}) do
    if one == id then return true end
  end
  return false
end

local function validate(id)
  local picking = row_of("stock.picking", id)
  if not picking then errors.missing("stock.picking", id) end
  if picking.state == "done" or picking.state == "cancel" then errors.raise("UserError", "You cannot validate a transfer that is done or cancelled.") end
  local context, rest = site.env.context, left_over(M.moves(id))
  local without = is_among(context.picking_ids_not_to_backorder, id)
  if #rest > 0 and site.wizard and not context.skip_backorder and not without then
    return { type = "ir.actions.act_window", res_model = "stock.backorder.confirmation", target = "new", view_mode = "form",
      name = "Create Backorder?", context = { button_validate_picking_ids = array { id } } }
  end
  for _, move in ipairs(M.moves(id)) do
    if move.quantity > 0 then finish_move(move) else set("stock.move", move.id, { state = "cancel" }) end
  end
  set("stock.picking", id, { state = "done", date_done = site.env.now:sub(1, 19) })
  if #rest > 0 and not without then backorder(picking, rest) end
  tell_orders(picking)
  return true
end

local function cancel(id)
  for _, move in ipairs(M.moves(id)) do
    if move.state == "done" then
      errors.raise("UserError", "You cannot cancel a stock move that has been set to 'Done'. Create a return in order to reverse the moves which took place.")
    end
    set("stock.move", move.id, { state = "cancel" })
  end
  set("stock.picking", id, { state = "cancel" })
end

M.cancel = cancel

local function each(step)
  return function(ids)
    for _, id in ipairs(ids) do
      if not row_of("stock.picking", id) then errors.missing("stock.picking", id) end
      step(id)
    end
    return true
  end
end

M.methods = {
  action_confirm = each(M.confirm), action_assign = each(M.confirm), action_cancel = each(cancel),
  button_validate = function(ids)
    local answer = true
    for _, id in ipairs(ids) do
      local said = validate(id)
      if said ~= true then answer = said end
    end
    return answer
  end,
}

--- A transfer for the lines of an order.
function M.for_order(picking, lines)
  local moves = array {}
  for i, vals in ipairs(lines) do moves[i] = array { 0, 0, vals } end
  picking.move_ids = moves
  local id = writing().create(registry.get "stock.picking", { picking })[1]
  M.confirm(id)
  return id
end

M.shared_location = warehouses.shared

return M
