-- Warehouses, locations, transfers and stock levels.

local errors = require "practice.odoo.errors"
local fields = require "practice.odoo.fields"
local define = require("practice.odoo.registry").define
local registry = require "practice.odoo.registry"
local site = require "practice.odoo.site"
local transfers = require "practice.odoo.transfers"
local tree = require "practice.odoo.tree"
local warehouses = require "practice.odoo.warehouses"

local char, boolean, float, datetime, integer = fields.char, fields.boolean, fields.float, fields.datetime, fields.integer
local selection, many2one, one2many = fields.selection, fields.many2one, fields.one2many

local function company() return many2one "Company" { to = "res.company", default = 1 } end

define("stock.location", { description = "Inventory Locations", order = "complete_name, id", rec_name = "complete_name", separator = "/",
  parent_name = "location_id", hooks = tree.hooks("stock.location", "location_id"), fields = {
    name = char "Location Name" { required = true }, complete_name = char "Full Location Name" { readonly = true }, parent_path = char "Parent Path" { readonly = true },
    active = boolean "Active" { default = true }, location_id = many2one "Parent Location" { to = "stock.location", ondelete = "restrict" },
    usage = selection "Location Type" { required = true, default = "internal", selection = { { "supplier", "Vendor" }, { "view", "Virtual" },
      { "internal", "Internal" }, { "customer", "Customer" }, { "inventory", "Inventory Loss" }, { "transit", "Transit" } } },
    warehouse_id = many2one "Warehouse" { to = "stock.warehouse" }, company_id = many2one "Company" { to = "res.company" } } })

define("stock.warehouse", { description = "Warehouse", order = "sequence, id",
  unique = { { fields = { "code", "company_id" }, message = "The short name of the warehouse must be unique per company!" },
    { fields = { "name", "company_id" }, message = "The name of the warehouse must be unique per company!" } },
  hooks = { prepare = warehouses.prepare, created = warehouses.created, unlinking = function()
    errors.raise("UserError", "You cannot delete a warehouse that has operations; archive it instead.")
  end },
  fields = {
    name = char "Warehouse" { required = true }, code = char "Short Name" { required = true }, active = boolean "Active" { default = true },
    company_id = company(), partner_id = many2one "Address" { to = "res.partner" }, sequence = integer "Sequence" { default = 10 },
    view_location_id = many2one "View Location" { to = "stock.location", readonly = true }, lot_stock_id = many2one "Location Stock" { to = "stock.location" },
    in_type_id = many2one "In Type" { to = "stock.picking.type" }, out_type_id = many2one "Out Type" { to = "stock.picking.type" },
    int_type_id = many2one "Internal Type" { to = "stock.picking.type" },
    reception_steps = selection "Incoming Shipments" { default = "one_step", selection = { { "one_step", "Receive and Store (1 step)" },
      { "two_steps", "Receive then Store (2 steps)" }, { "three_steps", "Receive, Quality Control, then Store (3 steps)" } } },
    delivery_steps = selection "Outgoing Shipments" { default = "ship_only", selection = { { "ship_only", "Deliver (1 step)" },
      { "pick_ship", "Pick then Deliver (2 steps)" }, { "pick_pack_ship", "Pick, Pack, then Deliver (3 steps)" } } } } })

local codes = { { "incoming", "Receipt" }, { "outgoing", "Delivery" }, { "internal", "Internal Transfer" } }

define("stock.picking.type", { description = "Picking Type", order = "sequence, id", fields = {
  name = char "Operation Type" { required = true, translate = true }, code = selection "Type of Operation" { required = true, default = "incoming", selection = codes },
  sequence_code = char "Sequence Prefix" { required = true }, sequence = integer "Sequence" {}, active = boolean "Active" { default = true },
  warehouse_id = many2one "Warehouse" { to = "stock.warehouse", ondelete = "cascade" }, company_id = company(),
  default_location_src_id = many2one "Source Location" { to = "stock.location" },
  default_location_dest_id = many2one "Destination Location" { to = "stock.location" } } })

local states = { { "draft", "Draft" }, { "waiting", "Waiting Another Operation" }, { "confirmed", "Waiting" }, { "assigned", "Ready" },
  { "done", "Done" }, { "cancel", "Cancelled" } }

define("stock.picking", { description = "Transfer", order = "priority desc, scheduled_date, id desc",
  hooks = { prepare = transfers.prepare, created = transfers.created, unlinking = transfers.unlinking }, methods = transfers.methods,
  fields = {
    name = char "Reference" { default = "/", readonly = true }, state = selection "Status" { readonly = true, default = "draft", selection = states },
    picking_type_id = many2one "Operation Type" { to = "stock.picking.type", required = true },
    picking_type_code = selection "Type of Operation" { related = "picking_type_id.code", readonly = true, selection = codes },
    location_id = many2one "Source Location" { to = "stock.location", required = true }, partner_id = many2one "Contact" { to = "res.partner" },
    location_dest_id = many2one "Destination Location" { to = "stock.location", required = true },
    scheduled_date = datetime "Scheduled Date" {}, date_deadline = datetime "Deadline" { readonly = true }, date_done = datetime "Date of Transfer" { readonly = true },
    origin = char "Source Document" {}, note = fields.html "Notes" {}, company_id = company(),
    priority = selection "Priority" { default = "0", selection = { { "0", "Normal" }, { "1", "Urgent" } } },
    move_ids = one2many "Stock Moves" { to = "stock.move", inverse_name = "picking_id" },
    backorder_id = many2one "Back Order of" { to = "stock.picking", readonly = true }, sale_id = many2one "Sales Order" { to = "sale.order" },
    purchase_id = many2one "Purchase Order" { to = "purchase.order" } } })

-- Odoo 16 calls the quantity that was moved by another name.
local function moved_in_16()
  if site.major > 16 then return nil end
  return float "Quantity Done" { digits = 2, store = false, search = "quantity", compute = function(row) return row.quantity end,
    inverse = function(id, value) require("practice.odoo.write").write(registry.get "stock.move", { id }, { quantity = value }) end }
end

define("stock.move", { description = "Stock Move", rec_name = "reference", hooks = { prepare = transfers.prepare_move, written = transfers.move_written },
  fields = {
    product_id = many2one "Product" { to = "product.product", required = true, ondelete = "restrict" }, description_picking = char "Description" {},
    product_uom_qty = float "Demand" { required = true, digits = 2, default = 1 }, quantity = float "Quantity" { digits = 2 }, picked = boolean "Picked" {}, quantity_done = moved_in_16(),
    product_uom = many2one "Unit" { to = "uom.uom", required = true, default = 1 }, state = selection "Status" { readonly = true, default = "draft", selection = states },
    picking_id = many2one "Transfer" { to = "stock.picking", ondelete = "cascade" }, reference = char "Reference" { related = "picking_id.name", readonly = true },
    location_id = many2one "Source Location" { to = "stock.location", required = true }, date = datetime "Date Scheduled" {},
    location_dest_id = many2one "Destination Location" { to = "stock.location", required = true }, company_id = company(),
    sale_line_id = many2one "Sale Line" { to = "sale.order.line" }, purchase_line_id = many2one "Purchase Order Line" { to = "purchase.order.line" } } })

define("stock.quant", { description = "Quants", rec_name = "id", methods = { action_apply_inventory = function(ids)
    transfers.apply_inventory(registry.get "stock.quant", ids)
  end },
  fields = {
    product_id = many2one "Product" { to = "product.product", required = true, ondelete = "restrict" },
    location_id = many2one "Location" { to = "stock.location", required = true, ondelete = "restrict" },
    quantity = float "Quantity" { readonly = true }, reserved_quantity = float "Reserved Quantity" { readonly = true },
    inventory_quantity = float "Counted Quantity" {}, in_date = datetime "Incoming Date" { readonly = true }, company_id = company() } })
