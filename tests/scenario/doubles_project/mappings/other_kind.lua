return mapping {
  left = crm.table "people", right = app.table("partners", { where = { kind = "q" } }),
  direction = "to_right", key = { left = "id", right = "id" }, match = { by.fields { "email" } },
  fields = {
    { "email", "email", when = "create" },
    { "phone", "marker" },
  },
}
