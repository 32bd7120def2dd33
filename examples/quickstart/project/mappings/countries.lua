local t = require "tidewire.transform"
local digits = require "transforms.digits"

return mapping {
  left  = erp.doctype "Country Code",
  right = app.table "countries",
  direction = "both",
  on    = { webhook = true, poll = "every 5m" },
  key   = { left = "name", right = "id" },
  match = { by.fields { { "code", "code" } } },                 -- how records of both sides find each other at first contact
  fields = {
    same { "code", "alpha_3", "flag" },
    { "country_name",  "name" },                                -- the later edit wins: `conflict` of tidewire.lua
    { "official_name", "official_name", conflict = "erp_wins" },
    { "numeric_code",  "iso_number", digits(3) },               -- "004" <-> 4
    { "status",        "status", t.enum { ["In Use"] = "in_use", Withdrawn = "withdrawn" } },
    { "names",         "names" },                               -- JSON in a text <-> jsonb, by the described types
    { "remark",        "remark", conflict = "manual" },         -- a person decides
  },
  deletes = { to_right = "delete", to_left = "delete" },
  tests = {
    { left = { numeric_code = "004", status = "In Use" }, right = { iso_number = 4, status = "in_use" } },
    { base = { country_name = "Turkey" }, left = { country_name = "Turkiye" }, right = { name = "Türkiye" },
      changed = { left = "10:00", right = "10:05" }, wins = "app" },
    { base = { official_name = "A" }, left = { official_name = "B" }, right = { official_name = "C" },
      changed = { left = "10:00", right = "10:05" }, wins = "erp" },
  },
}
