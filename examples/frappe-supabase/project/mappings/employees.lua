local t = require "tidewire.transform"

return mapping {
  left  = erp.doctype "Employee",
  right = app.table "employees",
  direction = "both",
  on    = { webhook = true, poll = "every 5m" },
  scope = { left = { company = "ACME", status = one_of { "Active", "Inactive", "Left" } }, leave = "unlink" },   -- sent to the site as filters
  key   = { left = "name", right = "id", assigned_by = "each" },                -- each side names its own
  match = { by.fields { { "company_email", "email", fold = true } }, by.checksum { "first_name", "last_name", "date_of_birth" } },
  fields = {
    same { "gender", "date_of_birth" },
    { "first_name",      "first_name" },
    { "last_name",       "last_name" },
    { "employee_name",   "full_name",     only = "to_right" },                    -- computed by ERPNext
    { "company_email",   "email",         t.email },
    { "cell_number",     "phone",         t.phone "GB", conflict = "left" },
    { "date_of_joining", "joined_on",     t.date },
    { "status",          "status",        t.enum { Active = "active", Inactive = "inactive", Suspended = "suspended", Left = "left" } },
    { "department",      "department_id", t.ref "departments" },                   -- through another mapping's links
    { "company",         "org_id",        t.find(app.table "organizations", { by = "name", take = "id", missing = "create", cache = "1h" }) },
    { left = "naming_series", value = "HR-EMP-", when = "create" },
    group { { "salary_currency", "currency" }, { "ctc", "salary", t.decimal(2) }, conflict = "manual" },
    rows { left = "education", right = app.table("employee_education", { parent = "employee_id" }),
           key = { { "school_univ", "school" }, { "year_of_passing", "year" } }, order = "idx",
           fields = { { "qualification", "degree" } } },
  },
  check   = { { "phone", t.matches "^%+", "a phone without country code" } },      -- refused before anything is written
  deletes = { to_right = "soft", to_left = "ignore", soft = { right = { "archived_at", now } } },
  tests = {
    { left = { first_name = "Ada", status = "Left" }, right = { first_name = "Ada", status = "left" } },
    { base = { phone = "+1" }, left = { phone = "+2" }, right = { phone = "+3" }, changed = { left = "10:00", right = "10:05" }, wins = "left" },
  },
}
