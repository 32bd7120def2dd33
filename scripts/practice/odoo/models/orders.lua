-- Sales and purchase orders with their lines.

local fields = require "practice.odoo.fields"
local define = require("practice.odoo.registry").define
local orders = require "practice.odoo.orders"
local site = require "practice.odoo.site"

local char, text, float, monetary, datetime = fields.char, fields.text, fields.float, fields.monetary, fields.datetime
local integer, boolean, selection, many2one, one2many, many2many = fields.integer, fields.boolean, fields.selection, fields.many2one, fields.one2many, fields.many2many

local sale, purchase = orders.sale, orders.purchase

local function states(list)
  local pairs_list = {}
  for i, word in ipairs(list) do pairs_list[i] = { word, (word:gsub("^%l", string.upper)) } end
  return pairs_list
end

local function order_fields(kind, more)
  local all = {
    name = char "Order Reference" { readonly = true }, partner_id = many2one "Partner" { to = "res.partner", required = true, ondelete = "restrict" },
    date_order = datetime "Order Date" {}, origin = char "Source" {}, company_id = many2one "Company" { to = "res.company", default = 1 },
    currency_id = many2one "Currency" { to = "res.currency", default = 1 }, user_id = many2one "Responsible" { to = "res.users" },
    amount_untaxed = monetary "Untaxed Amount" { readonly = true }, amount_tax = monetary "Taxes" { readonly = true },
    amount_total = monetary "Total" { readonly = true }, order_line = one2many "Order Lines" { to = kind.line, inverse_name = "order_id" },
    picking_ids = one2many "Transfers" { to = "stock.picking", inverse_name = kind.link },
    invoice_status = selection "Invoice Status" { readonly = true, default = "no", selection = states { "upselling", "invoiced", "to invoice", "no" } },
    [kind.status] = selection "Status of Transfers" { readonly = true, selection = states { "pending", "started", "partial", "full" } },
  }
  for name, field in pairs(more) do all[name] = field end
  if site.major >= 17 and (kind == sale or site.major >= 19) then all.locked = boolean "Locked" {} end
  return all
end

local function line_fields(kind, more)
  local all = {
    order_id = many2one "Order Reference" { to = kind.order, required = true, ondelete = "cascade" }, sequence = integer "Sequence" { default = 10 },
    product_id = many2one "Product" { to = "product.product", ondelete = "restrict" }, name = text "Description" { required = true, depends = { "product_id" } },
    [kind.quantity] = float "Quantity" { digits = 2, default = 1, required = true }, [kind.uom] = many2one "Unit" { to = "uom.uom", default = 1 },
    price_unit = float "Unit Price" { digits = 2, required = true, default = 0 }, discount = float "Discount (%)" { digits = 2 },
    [kind.taxes] = many2many "Taxes" { to = "account.tax" }, price_subtotal = monetary "Subtotal" { readonly = true },
    price_tax = float "Total Tax" { readonly = true }, price_total = monetary "Total" { readonly = true },
    [kind.done] = float "Done" { digits = 2 }, qty_invoiced = float "Invoiced Quantity" { digits = 2, readonly = true },
    display_type = selection "Display Type" { selection = { { "line_section", "Section" }, { "line_note", "Note" } } },
    state = char "Order Status" { readonly = true, default = "draft" }, company_id = many2one "Company" { related = "order_id.company_id", to = "res.company", readonly = true },
  }
  for name, field in pairs(more) do all[name] = field end
  return all
end

define(sale.order, { description = "Sales Order", order = "date_order desc, id desc", hooks = orders.order_hooks(sale),
  methods = { action_confirm = orders.method(sale, "confirm"), action_cancel = orders.method(sale, "cancel"), action_draft = orders.method(sale, "draft") },
  fields = order_fields(sale, {
    state = selection "Status" { readonly = true, default = "draft", selection = states(site.major >= 17 and { "draft", "sent", "sale", "cancel" } or { "draft", "sent", "sale", "done", "cancel" }) },
    client_order_ref = char "Customer Reference" {}, warehouse_id = many2one "Warehouse" { to = "stock.warehouse" },
    commitment_date = datetime "Delivery Date" {}, note = fields.html "Terms and conditions" {},
  }) })

define(sale.line, { description = "Sales Order Line", order = "order_id, sequence, id", hooks = orders.line_hooks(sale), fields = line_fields(sale, {}) })

define(purchase.order, { description = "Purchase Order", order = "priority desc, id desc", hooks = orders.order_hooks(purchase),
  methods = { button_confirm = orders.method(purchase, "confirm"), button_cancel = orders.method(purchase, "cancel"), button_draft = orders.method(purchase, "draft") },
  fields = order_fields(purchase, {
    state = selection "Status" { readonly = true, default = "draft",
      selection = states(site.major >= 19 and { "draft", "sent", "to approve", "purchase", "cancel" } or { "draft", "sent", "to approve", "purchase", "done", "cancel" }) },
    partner_ref = char "Vendor Reference" {}, date_approve = datetime "Confirmation Date" { readonly = true }, date_planned = datetime "Expected Arrival" {},
    picking_type_id = many2one "Deliver To" { to = "stock.picking.type" }, notes = fields.html "Terms and Conditions" {},
    priority = selection "Priority" { default = "0", selection = { { "0", "Normal" }, { "1", "Urgent" } } },
  }) })

define(purchase.line, { description = "Purchase Order Line", order = "order_id, sequence, id", hooks = orders.line_hooks(purchase),
  fields = line_fields(purchase, { date_planned = datetime "Expected Arrival" {} }) })
