-- Which records belong together, and how a field of one side becomes a field of the other. The mapping's name is the file's.
--
-- Try it:  tidewire check                 what is wrong in the files, with line and suggestion
--          tidewire check --connect       the same against the real systems: fields, types, rights
--          tidewire sync people --dry-run what would be written, field by field; nothing is
--          tidewire sync people           the first load; afterwards `tidewire run` keeps both level
local t = require "tidewire.transform"

return mapping {
  left  = erp.doctype "Employee",
  right = app.table "people",

  -- "both", "left_to_right" or "right_to_left".
  direction = "both",
  -- Webhooks tell at once, the poll finds what they missed.
  on = { webhook = true, poll = "every 5m" },

  -- Each side gives its own keys. At first contact records are the same where these fields agree.
  key   = { left = "name", right = "id" },
  match = { by.fields { { "company_email", "email", fold = true } } },

  fields = {
    same { "gender", "date_of_birth" },                -- one name on both sides
    { "first_name",    "first_name" },
    { "last_name",     "last_name" },
    { "company_email", "email",  t.email },
    { "cell_number",   "phone",  t.phone "GB", conflict = "left" },   -- here the left side wins a clash
    { "status",        "status", t.enum { Active = "active", Inactive = "inactive", Suspended = "suspended", Left = "left" } },
  },

  -- Nothing is deleted until this is said: "delete", "soft" (a field and a value) or "ignore".
  deletes = { to_right = "ignore", to_left = "ignore" },

  -- Run whenever this file is saved; a failing one keeps the version before at work.
  tests = {
    { left = { first_name = "Ada", status = "Left" }, right = { first_name = "Ada", status = "left" } },
  },
}
