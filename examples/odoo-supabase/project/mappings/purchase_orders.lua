-- Orders without their lines, which are a mapping of their own: a change of a line does not always move its order.
local t = require "tidewire.transform"

return mapping {
  left  = erp.model "purchase.order",
  right = app.table "purchase_orders",
  direction = "erp_to_app",
  key   = { left = "id", right = "id", assigned_by = "left" },
  fields = {
    { "name",           "number" },
    { "partner_id",     "partner_id", t.ref "partners" },
    { "state",          "state" },
    { "date_order",     "ordered_at" },
    { "partner_ref",    "supplier_reference" },
    { "amount_total",   "total" },
    { "receipt_status", "receipt_status" },
  },
}
