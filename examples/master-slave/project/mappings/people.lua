-- Office to Neon, noticed only: what the analysts change stays as it is there, is counted as drift, and never comes back to the office.
local t = require "tidewire.transform"

return mapping {
  left  = office.table "customers",
  right = reports.table "people",
  direction = "office_to_reports",
  on    = { left = { poll = "every 5m" }, right = { poll = "every 5s" } },
  key   = { left = "id", right = "mail", assigned_by = "each" },
  match = { by.fields { "mail" } },
  fields = {
    { "mail", "mail", t.lower },
    same { "full_name", "rebate" },
  },
}
