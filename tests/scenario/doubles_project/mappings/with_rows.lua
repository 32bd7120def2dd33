return mapping {
  left = crm.table "people", right = app.table "bills",
  direction = "to_right", key = { left = "id", right = "id" }, match = { by.fields { "email" } },
  fields = {
    { "email", "email", when = "create" },
    rows { left = "list", right = app.table("lines", { parent = "bill_id" }), key = { "sku" }, fields = { { "qty", "qty" } } },
  },
}
