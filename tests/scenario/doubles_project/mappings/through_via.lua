return mapping {
  left = crm.table "people", right = app.table("deals", { with = { partner = via("partner_id", app.table "partners") } }),
  direction = "to_right", key = { left = "id", right = "id" }, match = { by.fields { "email" } },
  fields = {
    { "email", "email", when = "create" },
    { "name", "partner.name" },
  },
}
