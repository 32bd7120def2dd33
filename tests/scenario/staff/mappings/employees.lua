local t = require "tidewire.transform"

return mapping {
  left  = erp.doctype "Staff Member",
  right = app.table "employees",
  direction = "both",
  on    = { webhook = true },
  key   = { left = "name", right = "id" },
  match = { by.fields { { "staff_code", "code" } } },
  fields = {
    { "staff_code",    "code" },
    { "full_name",     "name" },
    { "bio",           "bio" },
    { "phone",         "phone" },
    { "remark",        "remark", conflict = "manual" },
    { "active",        "active" },
    { "date_of_birth", "born_on" },
    { "met_at",     "met_at" },
    { "salary",        "salary" },
    { "status",        "status", t.enum { Active = "active", ["On Leave"] = "leave", Left = "left" } },
    { "team",          "team_id", t.ref "departments" },
    { "reports_to",    "manager_id", t.ref("employees", { optional = true }) },
  },
  deletes = { to_right = "soft", to_left = "delete", soft = { right = { "archived_at", now } } },
}
