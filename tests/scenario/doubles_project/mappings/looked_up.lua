local t = require "tidewire.transform"

return mapping {
  left = crm.table "people", right = app.table "orders",
  direction = "to_right", key = { left = "id", right = "id" }, match = { by.fields { "email" } },
  fields = {
    { "email", "email", when = "create" },
    { "name", "partner_id", t.find(app.table "partners", { by = "name", take = "id", missing = "create" }) },
  },
}
