-- The fields of an Item as they come with Tidewire, and a rule for each of its own where the two sides disagree.
local frappe = require "tidewire.frappe"
local t = require "tidewire.transform"

return mapping {
  left  = erp.doctype "Item",
  right = app.table "items",
  on    = { webhook = true, poll = "every 5m" },
  key   = { left = "name", right = "id" },
  match = { by.fields { { "item_code", "sku" } } },
  fields = {
    frappe.defaults "Item",                                                 -- code, name, unit, lead time, ... : `tidewire check --json` lists them
    { "description",     "description",    conflict = "app_wins" },         -- the shop writes the texts
    { "brand",           "brand",          conflict = "nonempty" },
    { "standard_rate",   "price",          t.decimal(2), conflict = "manual" },
    { "lead_time_days",  "lead_time_days", conflict = "max" },              -- promise the longer one
    { "weight_per_unit", "weight",         conflict = "min" },
    { "disabled",        "discontinued",   conflict = "erp_wins" },
    same {
      { "reserved", conflict = "sum_delta" },                               -- both reserve: both count
      { "tags", t.flip(t.lines), conflict = "union" },
      { "attributes", conflict = "merge" },
      { "remarks", conflict = "append" },
    },
  },
}
