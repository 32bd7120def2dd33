local t = require "tidewire.transform"

return mapping {
  left  = erp.doctype "Subdivision",
  right = app.table "subdivisions",
  direction = "both",
  on    = { webhook = true, poll = "every 5m" },
  key   = { left = "name", right = "id" },
  match = { by.fields { { "code", "code" } } },
  fields = {
    same { "code", "note" },
    { "subdivision_name",   "name", t.trim },
    { "subdivision_type",   "kind" },
    { "country",            "country_id", t.ref "countries" },      -- a name there, a number here: through the links
    { "parent_subdivision", "parent_id",  t.ref "subdivisions" },   -- waits until the parent is there
  },
  deletes = { to_right = "delete", to_left = "delete" },
  tests = {
    { left = { subdivision_name = "Bretagne", subdivision_type = "Region" }, right = { name = "Bretagne", kind = "Region" } },
    { base = { note = "a" }, left = { note = "b" }, right = { note = "a", kind = "State" } },
  },
}
