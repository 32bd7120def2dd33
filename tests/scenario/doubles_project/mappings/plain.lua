return mapping {
  left = crm.table "people", right = app.table("partners", { where = { kind = "p" } }),
  direction = "to_right", key = { left = "id", right = "id" }, match = { by.fields { "email" } },
  fields = {
    { "email", "email", when = "create" },
    { "name", "name" },
    { "phone", "marker" },
    { "since", "archived_at" },
  },
}
