return mapping {
  left  = erp.doctype "Department",
  right = app.table "departments",
  on    = { webhook = true, poll = "every 5m" },
  key   = { left = "name", right = "id" },
  scope = { left = { company = "ACME" } },
  match = { by.fields { { "department_name", "name", fold = true } } },
  fields = {
    { "department_name", "name", required = true },
    { left = "company", value = "ACME", when = "create" },
  },
}
