return mapping {
  left  = erp.model "stock.warehouse",
  right = app.table "warehouses",
  direction = "erp_to_app",
  key   = { left = "id", right = "id", assigned_by = "left" },   -- the app's row has Odoo's number
  fields = {
    same { "code", "name", "active" },
  },
}
