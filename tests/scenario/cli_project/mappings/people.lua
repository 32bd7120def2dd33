return mapping {
  left = erp.doctype "Person",
  right = app.table "people",
  direction = "both",
  on = { poll = "every 1h" },
  key = { left = "name", right = "id" },
  match = { by.fields { { "email", "email" } } },
  fields = {
    same { "email" },
    { "full_name", "name" },
    { "phone", "phone" },
    { "remark", "remark", conflict = "manual" },
  },
}
