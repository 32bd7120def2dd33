return mapping {
  left  = erp.doctype "Team",
  right = app.table "teams",
  on    = { webhook = true },
  key   = { left = "name", right = "id" },
  match = { by.fields { { "code", "code" } } },
  fields = { same { "code" }, { "team_name", "name" } },
  deletes = { to_right = "delete", to_left = "delete" },
}
