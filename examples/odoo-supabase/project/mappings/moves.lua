-- The lines of transfers. Each move is one row under Odoo's own number: reading it twice adds nothing.
local t = require "tidewire.transform"

return mapping {
  left  = erp.model "stock.move",
  right = app.table "moves",
  direction = "erp_to_app",
  key   = { left = "id", right = "id", assigned_by = "left" },
  fields = {
    { "picking_id",      "transfer_id", t.ref("transfers", { optional = true }) },
    { "product_id",      "product_id", t.ref "products" },
    { "product_uom_qty", "demand" },
    { "quantity",        "quantity" },
    { "state",           "state" },
  },
}
