-- Sales orders come from both sides: the shop writes orders, Odoo numbers, confirms and delivers them.
local t = require "tidewire.transform"

return mapping {
  left  = erp.model "sale.order",
  right = app.table "sales_orders",
  key   = { left = "id", right = "id" },
  match = { by.fields { { "name", "number" } }, by.fields { { "client_order_ref", "reference" } } },
  fields = {
    { "partner_id",       "partner_id", t.ref "partners" },
    { "client_order_ref", "reference" },
    { "name",             "number",          only = "to_right" },  -- Odoo's sequence
    { "state",            "state",           only = "to_right" },
    { "date_order",       "ordered_at",      only = "to_right" },
    { "amount_total",     "total",           only = "to_right" },
    { "delivery_status",  "delivery_status", only = "to_right" },
    { "commitment_date",  "deliver_by" },
  },
}
