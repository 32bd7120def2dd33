return mapping {
  left = crm.table "people", right = app.table "lines",
  direction = "to_right", key = { left = "id", right = "id" }, match = { by.fields { { "email", "sku" } } },
  fields = {
    { "email", "sku", when = "create" },
    { "number", "qty" },
  },
}
