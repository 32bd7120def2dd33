return mapping {
  left = crm.table "people", right = app.table("partners", { where = { kind = "p" } }),
  direction = "to_right", key = { left = "id", right = "id" }, match = { by.fields { "email" } },
  fields = {
    { "email", "email", when = "create" },
    { "phone", "phone" },
  },
  stamp = { right = { marker = link.left_key } },
  deletes = { to_right = "soft", soft = { right = { "archived_at", now } } },
}
