-- The lines of purchase orders. A line waits until its order and its product are there.
local t = require "tidewire.transform"

return mapping {
  left  = erp.model "purchase.order.line",
  right = app.table "purchase_lines",
  direction = "erp_to_app",
  key   = { left = "id", right = "id", assigned_by = "left" },
  fields = {
    { "order_id",     "order_id", t.ref "purchase_orders" },
    { "product_id",   "product_id", t.ref("products", { optional = true }) },
    { "name",         "description" },
    { "product_qty",  "quantity" },
    { "price_unit",   "price" },
    { "qty_received", "received" },
  },
  deletes = { to_right = "delete" },
}
