return mapping {
  left  = erp.model "res.partner",
  right = app.table "partners",
  key   = { left = "id", right = "id" },
  scope = { left = { ref = not_null } },                         -- those with a number of their own; the app makes no others
  match = { by.fields { { "ref", "code" } } },
  fields = {
    { "ref",        "code", required = true },
    { "name",       "name" },
    { "email",      "email", conflict = "manual" },              -- invoices go there: a person decides
    { "phone",      "phone" },
    { "city",       "city" },
    { "is_company", "is_company" },
    { "active",     "active" },
  },
  deletes = { to_left = "soft", to_right = "ignore", soft = { left = { "active", false } } },
}
