return mapping {
  left  = erp.doctype "Notice",
  right = app.table "notices",
  direction = "left_to_right",
  on    = { webhook = true },
  key   = { left = "name", right = "id" },
  match = { by.fields { { "code", "code" } } },
  fields = { same { "code", "body" } },
  deletes = { to_right = "delete" },
}
