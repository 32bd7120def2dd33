-- The lines of sales orders, from both sides. A line is known by its order, its place and its product together.
local t = require "tidewire.transform"

return mapping {
  left  = erp.model "sale.order.line",
  right = app.table "sales_lines",
  key   = { left = "id", right = "id" },
  match = { by.fields { "order_id", { "sequence", "position" }, "product_id" } },   -- a line is known by all three
  scope = { left = { display_type = null } },                     -- no sections, no notes
  fields = {
    { "order_id",        "order_id", t.ref "sales_orders" },
    { "sequence",        "position" },
    { "product_id",      "product_id", t.ref "products" },
    { "product_uom_qty", "quantity" },
    { "price_unit",      "price" },
    { "discount",        "discount" },
    { "name",            "description", only = "to_right" },
    { "qty_delivered",   "delivered",   only = "to_right" },
  },
  deletes = { to_right = "delete" },
}
