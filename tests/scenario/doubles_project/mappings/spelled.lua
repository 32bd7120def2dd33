return mapping {
  left = crm.table "people", right = app.table("partners", { schema = "public" }),
  direction = "to_right", key = { left = "id", right = "id" }, match = { by.fields { "email" } },
  fields = {
    { "email", "email", when = "create" },
    { "name", "name" },
  },
}
