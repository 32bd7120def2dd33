-- What came in, went out and moved about.
local t = require "tidewire.transform"

return mapping {
  left  = erp.model "stock.picking",
  right = app.table "transfers",
  direction = "erp_to_app",
  key   = { left = "id", right = "id", assigned_by = "left" },
  fields = {
    { "name",              "number" },
    { "picking_type_code", "kind", t.enum { incoming = "in", outgoing = "out", internal = "internal" } },
    { "state",             "state" },
    { "origin",            "origin" },
    { "partner_id",        "partner_id", t.ref("partners", { optional = true }) },
    { "sale_id",           "sales_order_id", t.ref("sales_orders", { optional = true }) },
    { "scheduled_date",    "scheduled_at" },
    { "date_done",         "done_at" },
  },
}
