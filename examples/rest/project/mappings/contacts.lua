return mapping {
  left  = crm.collection "contacts",
  right = app.table "contacts",
  on    = { poll = "every 1m" },
  key   = { left = "id", right = "id" },
  match = { by.fields { { "email", "email", fold = true } } },
  fields = {
    same { "email", "name", "phone" },
    { "vip", "is_vip" },
  },
  deletes = { to_left = "delete", to_right = "delete" },
}
